"""``pipeline`` jobs of command components, inline, from files and registered."""

from pathlib import Path

import pytest

from tests.conftest import Machine, write_tree
from tests.sdk.v2.calls import given

COMPONENT = """\
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
type: command
name: repeat
display_name: Repeat a text
version: 1
inputs:
  text: {type: uri_folder}
  times: {type: integer, default: 2}
  mark: {type: string, optional: true}
outputs:
  repeated: {type: uri_folder}
code: ./src
environment: {image: library/python:3.11}
command: >-
  python repeat.py ${{inputs.text}} ${{outputs.repeated}} ${{inputs.times}} $[[--mark ${{inputs.mark}}]]
"""
SCRIPT = """\
import pathlib, sys
text = pathlib.Path(sys.argv[1], 'text.txt').read_text()
pathlib.Path(sys.argv[2], 'text.txt').write_text(text * int(sys.argv[3]) + ''.join(sys.argv[5:]))
"""
PIPELINE = """\
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
display_name: the pipeline
experiment_name: pipelines
inputs:
  word: la
  data: {type: uri_folder, path: ./data}
outputs:
  result: {type: uri_folder}
settings: {default_compute: azureml:cpu-cluster}
jobs:
  last:
    component: ./repeat.yml
    inputs: {text: '${{parent.jobs.write.outputs.made}}', times: 3, mark: '!'}
    outputs: {repeated: '${{parent.outputs.result}}'}
  write:
    command: >-
      cat ${{inputs.data}}/before.txt > ${{outputs.made}}/text.txt &&
      printf ${{inputs.word}} >> ${{outputs.made}}/text.txt
    environment: {image: library/python:3.11}
    inputs: {data: '${{parent.inputs.data}}', word: '${{parent.inputs.word}}'}
    outputs: {made: {type: uri_folder}}
  own:
    command: echo kept > outputs/kept.txt
    environment: {image: library/python:3.11}
    outputs: {artifacts: {type: uri_folder}}
  look:
    command: cat ${{inputs.kept}}/outputs/kept.txt
    environment: {image: library/python:3.11}
    inputs: {kept: '${{parent.jobs.own.outputs.artifacts}}'}
"""


def test_a_pipeline_runs_its_steps_in_the_order_in_which_they_read(machine: Machine, tmp_path: Path):
    write_tree(
        tmp_path,
        {"repeat.yml": COMPONENT, "src/repeat.py": SCRIPT, "pipeline.yml": PIPELINE, "data/before.txt": "do"},
    )

    seen = given(
        machine,
        """
        job = ml.jobs.create_or_update(load_job('pipeline.yml'))
        seen['log'] = ended(job)
        job = ml.jobs.get(job.name)
        seen['done'] = [job.status, job.type, job.display_name, job.experiment_name, sorted(job.jobs)]
        children = {child.display_name: child for child in ml.jobs.list(parent_job_name=job.name)}
        seen['children'] = {name: child.status for name, child in children.items()}
        ml.jobs.download(job.name, download_path='got', output_name='result')
        seen['result'] = pathlib.Path('got/named-outputs/result/text.txt').read_text()
        ml.jobs.download(children['look'].name, download_path='look')
        seen['look'] = pathlib.Path('look/artifacts/user_logs/std_log.txt').read_text()
        seen['child'] = failure(ml.jobs.stream, children['look'].name)
        seen['listed'] = [listed.name == job.name for listed in ml.jobs.list()]
        """,
        cwd=tmp_path,
    )

    assert seen["done"][:4] == ["Completed", "pipeline", "the pipeline", "pipelines"]
    assert seen["done"][4] == ["last", "look", "own", "write"]
    assert seen["children"] == dict.fromkeys(("last", "look", "own", "write"), "Completed")
    assert seen["result"] == "dola" * 3 + "!"
    assert seen["look"] == "kept\n"
    assert "PipelineChildJobError" in seen["child"]
    assert seen["listed"] == [True]
    assert seen["log"].index("step write") < seen["log"].rindex("step last")


@pytest.mark.slow
def test_components_are_registered_and_used_by_name(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, {"repeat.yml": COMPONENT, "src/repeat.py": SCRIPT, "data/text.txt": "x"})

    seen = given(
        machine,
        """
        from azure.ai.ml import dsl
        made = ml.components.create_or_update(load_component('repeat.yml'))
        seen['made'] = [made.name, made.version, made.display_name, made.type]
        again = ml.components.create_or_update(load_component('repeat.yml'))
        seen['again'] = [again.version, again.code == made.code]
        other = load_component('repeat.yml')
        other.version, other.command = '2', 'ls ${{inputs.text}} ${{outputs.repeated}}'
        ml.components.create_or_update(other)
        other.version = '1'
        seen['taken'] = failure(ml.components.create_or_update, other)
        seen['versions'] = [found.version for found in ml.components.list('repeat')]
        seen['names'] = [found.name for found in ml.components.list()]
        seen['latest'] = [ml.components.get('repeat').version, ml.components.get('repeat', label='latest').version]
        unversioned = load_component('repeat.yml')
        unversioned.name, unversioned._auto_increment_version, unversioned.version = 'counted', True, None
        ml.components.create_or_update(unversioned)
        seen['counted'] = ml.components.get('counted', label='latest').version
        ml.components.archive('repeat', version='2')
        seen['left'] = [found.version for found in ml.components.list('repeat')]
        ml.components.restore('repeat', version='2')
        repeat = ml.components.get('repeat', '1')

        @dsl.pipeline(default_compute='cpu-cluster')
        def twice(text):
            first = repeat(text=text)
            second = repeat(text=first.outputs.repeated, times=2)
            return {'result': second.outputs.repeated}

        job = twice(text=Input(type='uri_folder', path='data'))
        job.outputs.result = Output(type='uri_folder', name='repeated')
        job = submitted(job)
        seen['status'] = job.status
        read = command(command='cat ${{inputs.text}}/text.txt', environment=here,
                       inputs={'text': Input(type='uri_folder', path='azureml:repeated:1')})
        seen['read'] = ended(ml.jobs.create_or_update(read))
        """,
        cwd=tmp_path,
    )

    assert seen["made"] == ["repeat", "1", "Repeat a text", "command"]
    assert seen["again"] == ["1", True]
    assert "ResourceExistsError" in seen["taken"]
    assert (seen["versions"], seen["left"]) == (["2", "1"], ["1"])
    assert seen["names"] == ["repeat"]
    assert seen["latest"] == ["2", "2"]
    assert seen["counted"] == "1"
    assert seen["status"] == "Completed"
    assert "xxxx" in seen["read"]


@pytest.mark.slow
def test_a_step_that_fails_ends_the_pipeline_and_cancel_ends_all_steps(machine: Machine, tmp_path: Path):
    seen = given(
        machine,
        """
        from azure.ai.ml import dsl
        fails = command(name='fails', command='echo x > ${{outputs.out}}/x && exit 3', environment=here,
                        outputs={'out': Output(type='uri_folder')})
        reads = command(name='reads', command='ls ${{inputs.data}}', environment=here,
                        inputs={'data': Input(type='uri_folder')})
        waits = command(name='waits', command='sleep 600', environment=here)
        quick = command(name='quick', command='sleep 2', environment=here)

        def statuses(name):
            return {child.display_name: child.status for child in ml.jobs.list(parent_job_name=name)}

        @dsl.pipeline(default_compute='cpu-cluster')
        def stops():
            first = fails()
            reads(data=first.outputs.out)
            waits()
        job = ml.jobs.create_or_update(stops())
        seen['raised'] = failure(ml.jobs.stream, job.name)
        seen['stopped'] = [over(job.name).status, statuses(job.name)]

        @dsl.pipeline(default_compute='cpu-cluster', continue_on_step_failure=True)
        def goes_on():
            first = fails()
            reads(data=first.outputs.out)
            quick()
        job = ml.jobs.create_or_update(goes_on())
        failure(ml.jobs.stream, job.name)
        seen['went on'] = [over(job.name).status, statuses(job.name)]

        @dsl.pipeline(default_compute='cpu-cluster')
        def sleeps():
            waits()
            waits()
        job = ml.jobs.create_or_update(sleeps())
        ml.jobs.begin_cancel(job.name).wait()
        seen['canceled'] = [over(job.name).status, sorted(statuses(job.name).values())]
        """,
        cwd=tmp_path,
    )

    assert "The step first has failed" in seen["raised"] or "The step fails has failed" in seen["raised"]
    assert seen["stopped"][0] == "Failed"
    assert sorted(seen["stopped"][1].values()) == ["Canceled", "Canceled", "Failed"]
    assert seen["went on"][0] == "Failed"
    assert sorted(seen["went on"][1].values()) == ["Canceled", "Completed", "Failed"]
    assert seen["canceled"] == ["Canceled", ["Canceled", "Canceled"]]


@pytest.mark.slow
def test_steps_and_jobs_of_other_kinds_are_refused_by_name(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, {"src/run.py": "", "data/a.txt": ""})

    seen = given(
        machine,
        """
        from azure.ai.ml import automl, dsl, spark
        from azure.ai.ml.parallel import RunFunction, parallel_run_function
        many = parallel_run_function(
            name='many', inputs={'data': Input(type='mltable')}, outputs={'out': Output(type='uri_folder')},
            input_data='${{inputs.data}}', instance_count=1, mini_batch_size='1',
            task=RunFunction(code='src', entry_script='run.py', environment=here))

        @dsl.pipeline(default_compute='cpu-cluster')
        def batches(data):
            many(data=data)
        seen['parallel'] = failure(ml.jobs.create_or_update, batches(data=Input(type='mltable', path='data')))
        work = spark(code='src', entry={'file': 'run.py'}, driver_cores=1, driver_memory='1g', executor_cores=1,
                     executor_memory='1g', executor_instances=1, environment=here,
                     resources={'instance_type': 'Standard_E8S_V3', 'runtime_version': '3.4.0'})
        seen['spark'] = failure(ml.jobs.create_or_update, work)
        learn = automl.classification(
            compute='cpu-cluster', training_data=Input(type='mltable', path='data'), target_column_name='y')
        seen['automl'] = failure(ml.jobs.create_or_update, learn)
        """,
        cwd=tmp_path,
    )

    assert "does not have other kinds of components than commands" in seen["parallel"]
    assert "is of the type parallel" in seen["parallel"]
    assert "is of the type Spark" in seen["spark"]
    assert "is of the type AutoML" in seen["automl"]
