"""Submits the experiment to the workspace that .azureml/config.json names, and prints its page."""

import json
from pathlib import Path

from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.authentication import InteractiveLoginAuthentication

import constants

HERE = Path(__file__).resolve().parent


def load_workspace():
    config_file = HERE / ".azureml" / "config.json"
    tenant_id = json.loads(config_file.read_text(encoding="utf-8")).get("tenant_id")
    # A workspace that you are a guest of is not in your default tenant, where the SDK would look.
    auth = InteractiveLoginAuthentication(tenant_id=tenant_id) if tenant_id else None
    return Workspace.from_config(path=str(config_file), auth=auth)


def load_environment():
    name = constants.ENVIRONMENT_NAME
    file_path = str(HERE / constants.ENVIRONMENT_FILE)
    if file_path.endswith((".yml", ".yaml")):
        return Environment.from_conda_specification(name=name, file_path=file_path)
    env = Environment.from_pip_requirements(name=name, file_path=file_path)
    # A pip specification names no Python, and the SDK's own choice may be an old one.
    env.python.conda_dependencies.set_python_version(constants.PYTHON_VERSION)
    return env


def run_experiment():
    config = ScriptRunConfig(
        source_directory=str(HERE / constants.EXPERIMENT_NAME),
        script=constants.SCRIPT_NAME,
        arguments=constants.ARGUMENTS,
        compute_target=constants.TARGET_NAME,
        environment=load_environment(),
    )
    run = Experiment(load_workspace(), constants.EXPERIMENT_NAME).submit(config)
    print(run.get_portal_url())
    return run


if __name__ == "__main__":
    run_experiment()
