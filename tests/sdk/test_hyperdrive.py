"""``HyperDriveRun`` on runs that a script made itself: HyperDrive is refused, sorting children is the SDK's own."""

import json

import pytest

from tests.conftest import Machine, Project
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
