"""The environment variables of a run: those of Azure ML's runs of either SDK, and none of the other's."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Machine, write_tree
from tests.sdk import calls as v1
from tests.sdk.v2 import calls as v2
from tests.workspace.client import SCOPE, SUBSCRIPTION, Workspace

SCRIPT = """
import json, os, sys
print("VARIABLES " + json.dumps(dict(os.environ)))
"""
# Of every run: the name, and what it says, where {…} is a fact of the run.
OF_EVERY_RUN = {
    "AZUREML_RUN_ID": "{run}",
    "AZUREML_ROOT_RUN_ID": "{run}",
    "AZUREML_EXPERIMENT_ID": "{experiment_id}",
    "AZUREML_EXPERIMENT_SCOPE": SCOPE + "/experiments/{experiment}",
    "AZUREML_WORKSPACE_SCOPE": SCOPE,
    "AZUREML_ARM_SUBSCRIPTION": SUBSCRIPTION,
    "AZUREML_ARM_RESOURCEGROUP": "local",
    "AZUREML_ARM_WORKSPACE_NAME": "local",
    "AZUREML_ARM_PROJECT_NAME": "{experiment}",
    "AZUREML_SERVICE_ENDPOINT": "{base}",
    "AZUREML_RUN_HISTORY_SERVICE_ENDPOINT": "{base}",
    "AZUREML_NODE_COUNT": "1",
    "AZUREML_FRAMEWORK": "Python",
    "AZUREML_COMMUNICATOR": "None",
    "MLFLOW_RUN_ID": "{run}",
    "MLFLOW_EXPERIMENT_ID": "{experiment_id}",
    "MLFLOW_EXPERIMENT_NAME": "{experiment}",
    "MLFLOW_TRACKING_URI": "{base}/mlflow/v1.0" + SCOPE,
}
# Whose value is a secret, a time or an id that nothing else tells.
ANY_VALUE = (
    "AZUREML_RUN_TOKEN",
    "AZUREML_RUN_TOKEN_EXPIRY",
    "AZUREML_WORKSPACE_ID",
    "AZUREML_DISCOVERY_SERVICE_ENDPOINT",
    "MLFLOW_TRACKING_TOKEN",
)
OF_DATA = ("AZUREML_PARAMETER_", "AZURE_ML_INPUT_", "AZURE_ML_OUTPUT_", "AZUREML_DATAREFERENCE_")


def printed(log: str) -> dict[str, str]:
    (line,) = [line for line in log.splitlines() if line.startswith("VARIABLES ")]
    found: dict[str, str] = json.loads(line.removeprefix("VARIABLES "))
    return found


def of_first_sdk(machine: Machine, folder: Path) -> dict[str, Any]:
    code = f"""
    run = submit(Experiment(ws, 'variables'), {SCRIPT!r}, arguments=['--lr', 0.1])
    run.wait_for_completion()
    seen['run'] = run.id
    """
    return v1.given(machine, code, cwd=folder)


def of_second_sdk(machine: Machine, folder: Path) -> dict[str, Any]:
    write_tree(folder, {"src/train.py": SCRIPT, "words.txt": "la"})
    code = """
    job = command(
        code='src', experiment_name='variables', environment=here, compute='cpu-cluster',
        command='python train.py ${{inputs.words}} ${{outputs.model}} ${{inputs.lr}}',
        inputs={'words': Input(type='uri_file', path='words.txt'), 'lr': 0.1, 'flag': True, 'kind': 'a b',
                'at': Input(type='uri_file', path='words.txt', mode='direct')},
        outputs={'model': Output(type='uri_folder'), 'put': Output(type='uri_folder', mode='direct')})
    seen['run'] = submitted(job).name
    """
    return v2.given(machine, code, cwd=folder)


@pytest.mark.parametrize("submit", [of_first_sdk, of_second_sdk])
def test_a_run_has_the_variables_of_azure_ml(shared_machine: Machine, tmp_path: Path, submit: Any):
    run_id = submit(shared_machine, tmp_path)["run"]
    workspace = Workspace(shared_machine.state)
    variables = printed(workspace.log(run_id).decode())

    facts = {
        "run": run_id,
        "experiment": "variables",
        "experiment_id": workspace.run(run_id)["experimentId"],
        "base": f"https://127.0.0.1:{workspace.https_port}",
    }
    meant = {name: value.format(**facts) for name, value in OF_EVERY_RUN.items()}
    assert {name: variables.get(name) for name in meant} == meant
    assert all(variables.get(name) for name in ANY_VALUE)
    of_data = {name: value for name, value in variables.items() if name.startswith(OF_DATA)}
    if submit is of_first_sdk:
        assert of_data == {}
        return
    words, model = of_data["AZURE_ML_INPUT_words"], of_data["AZURE_ML_OUTPUT_model"]
    at, put = of_data["AZURE_ML_INPUT_at"], of_data["AZUREML_PARAMETER_put"]
    assert at.startswith("azureml:") and put.startswith("azureml:")
    assert of_data == {
        "AZUREML_PARAMETER_lr": "0.1",
        "AZUREML_PARAMETER_flag": "True",
        "AZUREML_PARAMETER_kind": "a b",
        **dict.fromkeys(
            ("AZUREML_PARAMETER_words", "AZURE_ML_INPUT_words", "AZUREML_DATAREFERENCE_words"), words
        ),
        **dict.fromkeys(
            ("AZUREML_PARAMETER_model", "AZURE_ML_OUTPUT_model", "AZUREML_DATAREFERENCE_model"), model
        ),
        "AZUREML_PARAMETER_at": at,
        "AZURE_ML_INPUT_at": at,
        "AZUREML_PARAMETER_put": put,
    }
