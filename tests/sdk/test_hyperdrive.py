"""HyperDrive: sweeps that the workspace carries out, and ``HyperDriveRun`` on runs that a script made itself."""

import json

import pytest

from tests.conftest import Machine, Project
from tests.sdk.calls import given
from tests.sdk.conftest import Interpreter
from tests.sdk.test_mlflow import lines, outside

SCRIPT = """
import json
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.train.hyperdrive import *
ws = Workspace.from_config(path='.azureml')
experiment = Experiment(ws, 'sorted')
parent = experiment.start_logging(snapshot_directory=None)
names, rates = {}, {}
for rate, losses in ((0.1, [3, 1]), (0.2, [2]), (0.3, []), (0.4, [0.5, 4])):
    with parent.child_run() as child:
        for loss in losses:
            child.log('loss', loss)
    names[child.id], rates[child.id] = rate, json.dumps({'--rate': rate})
parent.set_tags(rates)
parent.complete()
here = Environment('here')
config = HyperDriveConfig(
    run_config=ScriptRunConfig('Experiment_1', script='experiment_1.py', compute_target='c1', environment=here),
    hyperparameter_sampling=RandomParameterSampling({'--rate': uniform(0, 1)}), primary_metric_name='loss',
    primary_metric_goal=PrimaryMetricGoal.MINIMIZE, max_total_runs=4)
run = HyperDriveRun(experiment, parent.id, hyperdrive_config=config)
children = run.get_children_sorted_by_primary_metric()
print()
print('SEEN', json.dumps({
    'sorted': [[names[child['run_id']], child['best_primary_metric'], child['status']] for child in children],
    'top': [names[child['run_id']] for child in run.get_children_sorted_by_primary_metric(top=1, reverse=True)],
    'best': names[run.get_best_run_by_primary_metric().id],
    'metrics': {names[run_id]: values for run_id, values in run.get_metrics().items()},
}))
"""


@pytest.mark.slow
def test_children_are_sorted_by_their_primary_metric(
    shared_machine: Machine, project: Project, python_with: Interpreter
):
    python = python_with("azureml-core", "azureml-train-core", "setuptools<80")

    done = outside(shared_machine, python, SCRIPT, project())

    assert json.loads(lines(done, "SEEN")[0]) == {
        "sorted": [
            [0.4, 0.5, "Completed"],
            [0.1, 1, "Completed"],
            [0.2, 2, "Completed"],
            [0.3, None, "Completed"],
        ],
        "top": [0.2],
        "best": 0.4,
        "metrics": {"0.1": {"loss": [3, 1]}, "0.2": {"loss": 2}, "0.4": {"loss": [0.5, 4]}},
    }


TRAINING = """
import argparse
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
parser.add_argument("--steps", type=int, default=1)
given = parser.parse_args()
for step in range(given.steps):
    Run.get_context().log("loss", given.rate / (step + 1))
"""
SWEEPS = """
from azureml.core import Environment, Experiment, Run, ScriptRunConfig
from azureml.train.hyperdrive import *
here = Environment('here')
here.python.user_managed_dependencies = True
script = ScriptRunConfig('Experiment_1', 'experiment_1.py', ['--steps', '2'], compute_target='c1', environment=here)
experiment = Experiment(ws, 'sweeps')
def sweep(sampling, **more):
    return HyperDriveConfig(
        run_config=script, hyperparameter_sampling=sampling, primary_metric_name='loss',
        primary_metric_goal=PrimaryMetricGoal.MINIMIZE, **({'max_total_runs': 3} | more))
grid = experiment.submit(sweep(GridParameterSampling({'--rate': choice(0.3, 0.1, 0.2)}), max_concurrent_runs=2,
                               policy=BanditPolicy(slack_factor=100)))
random = sweep(RandomParameterSampling({'rate': uniform(0, 1)}, properties={'seed': 7}), max_total_runs=2)
parent = experiment.start_logging(snapshot_directory=None)
below = parent.submit_child(random)
seen['refused'] = [
    failure(experiment.submit, sweep(BayesianParameterSampling({'rate': uniform(0, 1)}), max_total_runs=20)),
    failure(experiment.submit, sweep(RandomParameterSampling({'rate': ['gamma', [1]]}))),
]
grid.wait_for_completion()
below.wait_for_completion()
parent.complete()
again = ws.get_run(grid.id)
children = grid.get_children_sorted_by_primary_metric()
number = {f'{grid.id}_{place}': place for place in range(3)}
seen['grid'] = {
    'type': [type(again).__name__, again.type, again.get_status()],
    'sorted': [[number[c['run_id']], c['hyperparameters'], c['best_primary_metric'], c['status']] for c in children],
    'best': number[again.get_best_run_by_primary_metric().id],
    'configuration': [again.hyperdrive_config._max_concurrent_runs, again.hyperdrive_config._policy_config['name']],
    'hyperparameters': list(again.get_hyperparameters().values()),
    'metrics': sorted(values['loss'] for values in again.get_metrics().values()),
    'child': [children[0]['run_id'] == Run(experiment, children[0]['run_id']).id,
              Run(experiment, children[0]['run_id']).parent.id == grid.id],
    'log': 'is the best' in again.get_details_with_logs()['logFiles']['azureml-logs/hyperdrive.txt'],
    'properties': number[again.get_properties()['best_child_run_id']],
}
seen['below'] = [below.parent.id == parent.id, below.get_status(), len(list(below.get_children()))]
same = experiment.submit(random)
seen['seed'] = list(same.get_hyperparameters().values()) == list(below.get_hyperparameters().values())
same.cancel()
same.wait_for_completion(raise_on_error=False)
seen['canceled'] = [same.get_status(), {run.get_status() for run in same.get_children()} <= {'Canceled', 'Completed'}]
"""


@pytest.mark.slow
def test_a_sweep_is_carried_out(shared_machine: Machine, project: Project, hyperdrive, monkeypatch):
    monkeypatch.setitem(shared_machine.environment, "PYTHONPATH", str(hyperdrive))
    monkeypatch.setitem(shared_machine.environment, "HBI_WORKSPACE_JOB", "true")  # no telemetry

    seen = given(shared_machine, SWEEPS, cwd=project(script=TRAINING))

    assert seen["grid"] == {
        "type": ["HyperDriveRun", "hyperdrive", "Completed"],
        "sorted": [
            [1, '{"--rate": 0.1}', 0.05, "Completed"],
            [2, '{"--rate": 0.2}', 0.1, "Completed"],
            [0, '{"--rate": 0.3}', 0.15, "Completed"],
        ],
        "best": 1,
        "configuration": [2, "Bandit"],
        "hyperparameters": ['{"--rate": 0.3}', '{"--rate": 0.1}', '{"--rate": 0.2}'],
        "metrics": [[0.1, 0.05], [0.2, 0.1], [0.3, 0.15]],
        "child": [True, True],
        "log": True,
        "properties": 1,
    }
    assert seen["below"] == [True, "Completed", 2]
    assert seen["seed"] is True
    assert seen["canceled"] == ["Canceled", True]
    bayes, gamma = seen["refused"]
    assert "does not have HyperDrive's Bayesian sampling. Sample at random" in bayes
    assert "there is no distribution 'gamma'" in gamma
