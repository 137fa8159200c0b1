"""Pipelines within pipelines: from functions, from files and registered; how they end, and are taken up again."""

from pathlib import Path

import pytest

from tests.conftest import Machine, write_tree
from tests.sdk import calls
from tests.sdk.v2.calls import given

pytestmark = pytest.mark.slow

HEAD = """\
        from azure.ai.ml import dsl
        out, folder = Output(type='uri_folder'), Input(type='uri_folder')
        double = command(
            name='double', environment=here, inputs={'text': folder, 'mark': Input(type='string', default='.')},
            command='cat ${{inputs.text}}/a ${{inputs.text}}/a > ${{outputs.out}}/a '
                    '&& printf ${{inputs.mark}} >> ${{outputs.out}}/a', outputs={'out': out})
        fails = command(name='fails', command='ls ${{outputs.out}} && exit 3', environment=here, outputs={'out': out})
        waits = command(name='waits', command='sleep 600', environment=here)
        reads = command(name='reads', command='ls ${{inputs.text}}', environment=here, inputs={'text': folder})
        quick = command(name='quick', command='true', environment=here)
        def tree(name):
            children = ml.jobs.list(parent_job_name=name)
            return {child.display_name: [child.status, tree(child.name)] for child in children}
"""
INNER = """\
$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json
type: pipeline
name: twice
version: 1
inputs:
  text: {type: uri_folder}
  mark: {type: string, default: '-'}
  more: {type: string, optional: true}
outputs:
  made: {type: uri_folder}
jobs:
  one:
    command: cat ${{inputs.text}}/a ${{inputs.text}}/a > ${{outputs.out}}/a
    environment: {image: library/python:3.11}
    inputs: {text: '${{parent.inputs.text}}'}
    outputs: {out: {type: uri_folder}}
  two:
    command: (cat ${{inputs.text}}/a; printf '${{inputs.mark}}') > ${{outputs.out}}/a
    environment: {image: library/python:3.11}
    inputs: {text: '${{parent.jobs.one.outputs.out}}', mark: '${{parent.inputs.mark}}'}
    outputs: {out: '${{parent.outputs.made}}'}
"""
OUTER = """\
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
inputs:
  text: {type: uri_folder, path: ./data}
outputs:
  result: {type: uri_folder}
settings: {default_compute: azureml:cpu-cluster}
jobs:
  last:
    type: pipeline
    component: ./inner.yml
    inputs: {text: '${{parent.jobs.first.outputs.made}}', mark: '!'}
    outputs: {made: '${{parent.outputs.result}}'}
  first:
    type: pipeline
    component: ./inner.yml
    inputs: {text: '${{parent.inputs.text}}'}
"""


def test_a_pipeline_runs_within_another_one_as_a_child_with_children(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, {"data/a": "x"})

    seen = given(
        machine,
        HEAD
        + """
        @dsl.pipeline(description='the inner one')
        def inner(text: Input(type='uri_folder'), mark: str = '-'):
            first = double(text=text, mark=mark)
            second = double(text=first.outputs.out)
            return {'twice': second.outputs.out}

        @dsl.pipeline()
        def middle(text: Input(type='uri_folder')):
            return {'made': inner(text=text, mark='?').outputs.twice}

        @dsl.pipeline(default_compute='cpu-cluster', display_name='the outer one', experiment_name='nested')
        def outer(text):
            one = middle(text=text)
            two = inner(text=one.outputs.made)
            return {'result': two.outputs.twice}

        job = submitted(outer(text=Input(type='uri_folder', path='data')))
        seen['job'] = [job.status, job.display_name, sorted(job.jobs)]
        seen['tree'] = tree(job.name)
        ml.jobs.download(job.name, download_path='got', output_name='result')
        seen['result'] = pathlib.Path('got/named-outputs/result/a').read_text()
        child = next(child for child in ml.jobs.list(parent_job_name=job.name) if child.display_name == 'one')
        seen['child'] = [ml.jobs.get(child.name).status, failure(ml.jobs.stream, child.name)]
        seen['listed'] = [listed.name == job.name for listed in ml.jobs.list()]
        """,
        cwd=tmp_path,
    )

    steps = {"first": ["Completed", {}], "second": ["Completed", {}]}
    assert seen["job"] == ["Completed", "the outer one", ["one", "two"]]
    (inner,) = seen["tree"]["one"][1].values()
    assert inner == ["Completed", steps]
    assert seen["tree"]["two"] == ["Completed", steps]
    made = "xx?xx?."
    assert seen["result"] == f"{made}{made}-{made}{made}-."
    assert seen["child"][0] == "Completed"
    assert "PipelineChildJobError" in seen["child"][1]
    assert seen["listed"] == [True]

    first = calls.given(
        machine,
        """
        (run,) = Experiment(ws, 'nested').get_runs()
        seen['children'] = sorted(child.type for child in run.get_children())
        seen['below'] = len(list(run.get_children(recursive=True)))
        """,
        cwd=tmp_path,
    )
    assert first == {"children": ["azureml.PipelineRun"] * 2, "below": 7}


def test_pipeline_components_come_from_files_and_are_registered(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, {"inner.yml": INNER, "outer.yml": OUTER, "data/a": "x"})

    seen = given(
        machine,
        """
        from azure.ai.ml import dsl
        def result(job, output):
            job = submitted(job)
            ml.jobs.download(job.name, download_path=job.name, output_name=output)
            return [job.status, pathlib.Path(job.name, 'named-outputs', output, 'a').read_text()]
        seen['file'] = result(load_job('outer.yml'), 'result')
        made = ml.components.create_or_update(load_component('inner.yml'))
        seen['made'] = [made.name, made.version, made.type]
        twice = ml.components.get('twice', '1')
        seen['found'] = [twice.type, sorted(twice.inputs), sorted(twice.jobs)]
        other = load_component('inner.yml')
        del other.jobs['two'].inputs['mark']
        seen['taken'] = failure(ml.components.create_or_update, other)
        data = Input(type='uri_folder', path='data')

        @dsl.pipeline(default_compute='cpu-cluster')
        def outer(text):
            return {'out': twice(text=text, mark='+').outputs.made}
        seen['registered'] = result(outer(text=data), 'out')

        pathlib.Path('whole.yml').write_text('''
        type: pipeline
        component: azureml:twice:1
        inputs: {text: {type: uri_folder, path: ./data}}
        outputs: {made: {type: uri_folder}}
        settings: {default_compute: azureml:cpu-cluster}
        ''')
        seen['whole'] = result(load_job('whole.yml'), 'made')
        """,
        cwd=tmp_path,
    )

    assert seen["file"] == ["Completed", "xx-xx-!"]
    assert seen["made"] == ["twice", "1", "pipeline"]
    assert seen["found"] == ["pipeline", ["mark", "more", "text"], ["one", "two"]]
    assert seen["registered"] == ["Completed", "xx+"]
    assert seen["whole"] == ["Completed", "xx-"]


def test_what_ends_a_pipeline_ends_those_within_it(machine: Machine, tmp_path: Path):
    seen = given(
        machine,
        HEAD
        + """
        @dsl.pipeline()
        def breaks():
            step = fails()
            return {'out': step.outputs.out}

        @dsl.pipeline()
        def looks(text: Input(type='uri_folder')):
            reads(text=text)

        @dsl.pipeline()
        def lasts():
            waits()

        @dsl.pipeline(default_compute='cpu-cluster')
        def stops():
            bad = breaks()
            never = looks(text=bad.outputs.out)
            long = lasts()
        job = ml.jobs.create_or_update(stops())
        seen['raised'] = failure(ml.jobs.stream, job.name)
        seen['stopped'] = [over(job.name).status, tree(job.name)]

        @dsl.pipeline(default_compute='cpu-cluster', continue_on_step_failure=True)
        def goes_on():
            bad = breaks()
            never = looks(text=bad.outputs.out)
            fine = quick()
        job = ml.jobs.create_or_update(goes_on())
        seen['went on'] = [over(job.name).status, tree(job.name)]

        @dsl.pipeline(default_compute='cpu-cluster')
        def sleeps():
            long = lasts()
            early = quick()
        job = ml.jobs.create_or_update(sleeps())
        ml.jobs.begin_cancel(job.name).wait()
        seen['canceled'] = [over(job.name).status, tree(job.name)]
        """,
        cwd=tmp_path,
    )

    never = ["Canceled", {"reads": ["Canceled", {}]}]
    assert "The step bad has failed" in seen["raised"]
    assert seen["stopped"][0] == seen["went on"][0] == "Failed"
    bad = seen["stopped"][1]["bad"]
    assert (bad[0], [step[0] for step in bad[1].values()]) == ("Failed", ["Failed"])
    assert seen["stopped"][1]["never"] == seen["went on"][1]["never"] == never
    assert seen["stopped"][1]["long"][0] == "Canceled"
    assert seen["went on"][1]["fine"][0] == "Completed"
    assert seen["canceled"][0] == "Canceled"
    assert seen["canceled"][1]["long"] == ["Canceled", {"waits": ["Canceled", {}]}]


def test_a_workspace_that_starts_again_goes_on_with_pipelines_within_others(machine: Machine, tmp_path: Path):
    go = tmp_path / "go"
    seen = given(
        machine,
        HEAD
        + f"""
        until = command(name='until', environment=here, outputs={{'out': out}},
                        command='while [ ! -e {go} ]; do sleep 0.1; done; echo x > ${{{{outputs.out}}}}/a')
        """
        + """
        @dsl.pipeline()
        def first():
            step = until()
            return {'out': step.outputs.out}

        @dsl.pipeline()
        def second(text: Input(type='uri_folder')):
            step = double(text=text)
            return {'out': step.outputs.out}

        @dsl.pipeline(default_compute='cpu-cluster')
        def outer():
            one = first()
            two = second(text=one.outputs.out)
            return {'result': two.outputs.out}
        job = ml.jobs.create_or_update(outer())
        while 'Running' not in str(tree(job.name)['one'][1]):
            time.sleep(0.1)
        seen['name'] = job.name
        """,
        cwd=tmp_path,
    )
    machine.stop()
    assert machine.run("workspace", "start").returncode == 0
    go.touch()

    seen = given(
        machine,
        HEAD + f"\n        name = {seen['name']!r}\n        seen['job'] = [over(name).status, tree(name)]",
        cwd=tmp_path,
    )

    assert seen["job"][0] == "Completed"
    assert [status for status, _ in seen["job"][1].values()] == ["Completed", "Completed"]
