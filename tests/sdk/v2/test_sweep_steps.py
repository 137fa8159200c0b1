"""Sweeps as steps of pipelines: what the best trial wrote is what the next step reads."""

from pathlib import Path

import pytest

from tests.conftest import Machine, write_tree
from tests.sdk.v2.calls import given

pytestmark = pytest.mark.slow

SCRIPT = """\
import sys
from azureml.core import Run
rate, words, model = float(sys.argv[1]), sys.argv[2], sys.argv[3]
Run.get_context().log('loss', abs(rate - 0.2))
open(model + '/model.txt', 'w').write(f'{rate:.1f} {open(words + "/a.txt").read()}')
"""
TRIAL = """\
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
type: command
name: tried
version: 1
inputs: {rate: {type: number}, words: {type: uri_folder}}
outputs: {model: {type: uri_folder}}
code: ./src
environment: {image: library/python:3.11}
command: python train.py ${{inputs.rate}} ${{inputs.words}} ${{outputs.model}}
"""
PIPELINE = """\
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
inputs: {words: {type: uri_folder, path: ./words}}
outputs: {model: {type: uri_folder}}
settings: {default_compute: azureml:cpu-cluster}
jobs:
  tries:
    type: sweep
    trial: ./trial.yml
    inputs: {words: '${{parent.inputs.words}}'}
    outputs: {model: '${{parent.outputs.model}}'}
    sampling_algorithm: {type: random, seed: 7}
    search_space: {rate: {type: quniform, min_value: 0.1, max_value: 0.9, q: 0.1}}
    objective: {goal: minimize, primary_metric: loss}
    limits: {max_total_trials: 3, max_concurrent_trials: 2, timeout: 600, trial_timeout: 300}
    early_termination: {type: bandit, slack_factor: 9, evaluation_interval: 5}
"""
HEAD = """\
        from azure.ai.ml import dsl
        from azure.ai.ml.sweep import Choice
        tried = load_component('trial.yml')
        words = Input(type='uri_folder', path='words')
        def children(name):
            return {child.display_name: child for child in ml.jobs.list(parent_job_name=name)}
        def left(job, output, file):
            ml.jobs.download(job.name, download_path=job.name, output_name=output)
            return pathlib.Path(job.name, 'named-outputs', output, file).read_text()
"""
READ = """\
        read = command(name='read', command='cat ${{inputs.model}}/model.txt > ${{outputs.read}}/copy.txt',
                       environment=here, inputs={'model': Input(type='uri_folder')},
                       outputs={'read': Output(type='uri_folder')})
"""
TREE = {"src/train.py": SCRIPT, "trial.yml": TRIAL, "words/a.txt": "la", "pipeline.yml": PIPELINE}


def test_a_step_reads_what_the_best_trial_of_a_sweep_wrote(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, TREE)

    seen = given(
        machine,
        HEAD
        + READ
        + """
        @dsl.pipeline(default_compute='cpu-cluster')
        def tries(words):
            tries = tried(words=words, rate=Choice([0.9, 0.3, 0.5])).sweep(
                primary_metric='loss', goal='minimize', sampling_algorithm='grid')
            tries.set_limits(max_total_trials=3, max_concurrent_trials=2)
            return {'model': tries.outputs.model, 'read': read(model=tries.outputs.model).outputs.read}

        job = tries(words)
        job.outputs.model = Output(type='uri_folder', name='best', version='4')
        job = submitted(job)
        sweep = children(job.name)['tries']
        trials = children(sweep.name)
        seen['status'] = [job.status, sweep.status, [trial.status for trial in trials.values()]]
        seen['left'] = [left(job, 'read', 'copy.txt'), left(job, 'model', 'model.txt')]
        read = command(command='cat ${{inputs.model}}/model.txt', environment=here,
                       inputs={'model': Input(type='uri_folder', path='azureml:best:4')})
        seen['registered'] = ended(ml.jobs.create_or_update(read))
        seen['versions'] = [found.version for found in ml.data.list('best')]
        own = ml.jobs.get(list(trials)[0])
        seen['trial'] = [own.command, own.status]

        job = submitted(load_job('pipeline.yml'))
        sweep = children(job.name)['tries']
        seen['file'] = [job.status, len(children(sweep.name))]
        best = sorted((abs(float(child.command.split()[2]) - 0.2), float(child.command.split()[2]))
                      for child in map(ml.jobs.get, children(sweep.name)))[0][1]
        seen['best'] = [left(job, 'model', 'model.txt'), f'{best:.1f} la']
        """,
        cwd=tmp_path,
    )

    assert seen["status"] == ["Completed", "Completed", ["Completed"] * 3]
    assert seen["left"] == ["0.3 la", "0.3 la"]
    assert "0.3 la" in seen["registered"]
    assert seen["versions"] == ["4"]
    assert seen["trial"][0].startswith("python train.py 0.9")
    assert seen["file"] == ["Completed", 3]
    assert seen["best"][0] == seen["best"][1]


def test_sweeps_that_find_no_best_trial_or_cannot_be_done_say_so(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, TREE)

    seen = given(
        machine,
        HEAD
        + """
        def swept(sampling='grid', metric='loss', component=tried, **inputs):
            @dsl.pipeline(default_compute='cpu-cluster')
            def tries(words):
                tries = component(words=words, rate=Choice([0.1])).sweep(
                    primary_metric=metric, goal='minimize', sampling_algorithm=sampling)
                tries.set_limits(max_total_trials=1)
                return {'model': tries.outputs.model}
            return tries(words)

        seen['bayesian'] = failure(ml.jobs.create_or_update, swept('bayesian'))
        job = submitted(swept(metric='other'))
        sweep = children(job.name)['tries']
        seen['no metric'] = [job.status, sweep.status]
        seen['sweep'] = sweep.name
        slow = load_component('trial.yml')
        slow.command = 'sleep 600 && ' + slow.command
        job = ml.jobs.create_or_update(swept(component=slow))
        while not (found := children(job.name).get('tries')) or not children(found.name):
            time.sleep(0.1)
        ml.jobs.begin_cancel(job.name).wait()
        status = over(job.name).status
        seen['canceled'] = [status, found.name and children(job.name)['tries'].status,
                            [trial.status for trial in children(found.name).values()]]
        """,
        cwd=tmp_path,
    )

    assert "HyperDrive's Bayesian sampling" in seen["bayesian"]
    assert seen["no metric"] == ["Completed", "Completed"]
    assert seen["canceled"] == ["Canceled", "Canceled", ["Canceled"]]
    said = machine.run("runs", "show", seen["sweep"], "--json", cwd=tmp_path)
    assert "No run has logged other" in said.stdout + said.stderr


def test_a_workspace_that_starts_again_goes_on_with_a_sweep_within_a_pipeline(
    machine: Machine, tmp_path: Path
):
    go = tmp_path / "go"
    write_tree(tmp_path, TREE)
    seen = given(
        machine,
        HEAD
        + READ
        + f"""
        tried.command = 'while [ ! -e {go} ]; do sleep 0.1; done; ' + tried.command
        """
        + """
        @dsl.pipeline(default_compute='cpu-cluster')
        def tries(words):
            tries = tried(words=words, rate=Choice([0.9, 0.3, 0.5])).sweep(
                primary_metric='loss', goal='minimize', sampling_algorithm='grid')
            tries.set_limits(max_total_trials=3, max_concurrent_trials=1)
            return {'read': read(model=tries.outputs.model).outputs.read}

        job = ml.jobs.create_or_update(tries(words))
        while not ((sweep := children(job.name).get('tries')) and
                   'Running' in [trial.status for trial in children(sweep.name).values()]):
            time.sleep(0.1)
        seen['names'] = [job.name, sweep.name, list(children(sweep.name))]
        """,
        cwd=tmp_path,
    )
    name, sweep, begun = seen["names"]
    machine.stop()
    assert machine.run("workspace", "start").returncode == 0
    go.touch()

    seen = given(
        machine,
        HEAD
        + f"\n        name, sweep = {name!r}, {sweep!r}"
        + """
        job = over(name)
        seen['statuses'] = [job.status, {name: child.status for name, child in children(name).items()}]
        seen['trials'] = {name: trial.status for name, trial in children(sweep).items()}
        seen['left'] = left(job, 'read', 'copy.txt')
        """,
        cwd=tmp_path,
    )

    assert seen["statuses"] == ["Completed", dict.fromkeys(("tries", "read"), "Completed")]
    assert len(seen["trials"]) == 3 and set(begun) <= set(seen["trials"])
    assert set(seen["trials"].values()) == {"Completed"}
    assert seen["left"] == "0.3 la"
