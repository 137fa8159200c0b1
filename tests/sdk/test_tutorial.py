"""The tutorial's two submitting scripts, to the letter, with the real azureml-core in its own process."""

import pytest

from tests.conftest import Machine, Project

PIP = """\
import os

import constants
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace

config_path = os.path.join(os.path.dirname(os.path.realpath(__file__)), '.azureml')
ws = Workspace.from_config(path=config_path)
config = ScriptRunConfig(source_directory=os.path.join(os.path.dirname(os.path.realpath(__file__)), 'Experiment_1'),
                         script='experiment_1.py',
                         compute_target=constants.TARGET_NAME)
env = Environment.from_pip_requirements(
    name='env-2', file_path=os.path.join(os.path.dirname(os.path.realpath(__file__)), 'requirements.txt'))
config.run_config.environment = env
run = Experiment(ws, constants.EXPERIMENT_NAME).submit(config)
print(run.get_portal_url())
"""

CONDA = PIP.replace("Environment.from_pip_requirements", "Environment.from_conda_specification").replace(
    "requirements.txt", "environment.yml"
)

CONDA_FILE = """\
name: env-2
channels:
  - conda-forge
dependencies:
  - python=3.11
  - six=1.16
  - pip
  - pip:
      - tabulate==0.9.0
"""

SCRIPT = """\
import six
import tabulate
print(six.__version__, tabulate.__version__)
print("Experiment Executed!")
"""


def submitted_run(machine: Machine, output: str) -> str:
    """The id of the run whose page a submitting script printed."""
    (line,) = [line for line in output.splitlines() if "/runs/" in line]
    return line.partition("/runs/")[2].partition("?")[0]


def wait_for(machine: Machine, folder, run_id: str) -> dict:
    """The run's details once it is over, asked for with the SDK."""
    done = machine.sdk(
        f"""
import json
from azureml.core import Experiment, Run, Workspace
ws = Workspace.from_config(path='.azureml')
run = Run(Experiment(ws, 'Experiment_1'), {run_id!r})
run.wait_for_completion(raise_on_error=False)
details = run.get_details_with_logs()
print('DETAILS', json.dumps(details, default=str))
""",
        cwd=folder,
    )
    import json

    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("DETAILS ")]
    return json.loads(line.removeprefix("DETAILS "))


@pytest.mark.parametrize(
    ("script", "files"),
    [
        pytest.param(PIP, {"requirements.txt": "six==1.16.0\ntabulate==0.9.0\n"}, id="pip"),
        pytest.param(CONDA, {"environment.yml": CONDA_FILE}, id="conda"),
    ],
)
def test_the_tutorials_script_runs_as_it_is(
    machine: Machine, project: Project, script: str, files: dict[str, str]
):
    folder = project(script=SCRIPT, **{"run_experiment.py": script}, **files)

    submitted = machine.run("exec", "--", "python", "run_experiment.py", cwd=folder)

    assert submitted.returncode == 0, submitted.stderr
    details = wait_for(machine, folder, submitted_run(machine, submitted.stdout))
    assert details["status"] == "Completed", details
    log = details["logFiles"]["user_logs/std_log.txt"]
    assert log == "1.16.0 0.9.0\nExperiment Executed!\n"
    assert "Environment 'env-2'" in details["logFiles"]["azureml-logs/20_image_build_log.txt"]
    assert details["target"] == "cpu-cluster"
    assert details["runDefinition"]["script"] == "experiment_1.py"


def test_what_a_conda_specification_became_is_said_in_the_log_and_on_the_run(
    machine: Machine, project: Project
):
    folder = project(script=SCRIPT, **{"run_experiment.py": CONDA, "environment.yml": CONDA_FILE})

    submitted = machine.run("exec", "--", "python", "run_experiment.py", cwd=folder)

    details = wait_for(machine, folder, submitted_run(machine, submitted.stdout))
    log = details["logFiles"]["azureml-logs/20_image_build_log.txt"]
    for warning, said in zip(
        details["warnings"],
        ("No conda channel can be reached", "six=1.16: six==1.16.* from PyPI"),
        strict=True,
    ):
        assert said in warning["message"]
        assert said in log


def test_a_second_run_uses_the_environment_that_is_there(machine: Machine, project: Project):
    folder = project(
        script=SCRIPT, **{"run_experiment.py": PIP, "requirements.txt": "six==1.16.0\ntabulate==0.9.0\n"}
    )

    first = machine.run("submit", folder, "--follow")
    second = machine.run("submit", folder, "--follow")

    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "environment env-2 (to be built)" in first.stderr
    assert "environment env-2 (cached)" in second.stderr
    assert machine.json("workspace", "status")["environments"] == 1


def test_an_environment_that_cannot_be_built_fails_the_run_with_the_resolvers_reason(
    machine, project: Project
):
    folder = project(**{"run_experiment.py": PIP, "requirements.txt": "six==99.0\n"})

    done = machine.run("submit", folder, "--follow")

    assert done.returncode == 5
    assert "The environment could not be built." in done.stderr
    details = wait_for(machine, folder, machine.json("submit", folder)["run_id"])
    assert details["status"] == "Failed"
    assert "six==99.0" in details["error"]["error"]["message"]
    assert "there is no version of six==99.0" in details["logFiles"]["azureml-logs/20_image_build_log.txt"]


@pytest.mark.slow
def test_environments_that_are_not_used_are_removed_and_built_again(machine: Machine, project: Project):
    folder = project(
        script=SCRIPT, **{"run_experiment.py": PIP, "requirements.txt": "six==1.16.0\ntabulate==0.9.0\n"}
    )
    assert machine.run("submit", folder, "--follow").returncode == 0

    kept = machine.json("workspace", "prune")
    removed = machine.json("workspace", "prune", "--unused-for", "0")

    assert kept["removed"] == []
    (environment,) = removed["removed"]
    assert environment["name"] == "env-2"
    assert environment["bytes"] > 0
    assert not (machine.state / "environments" / environment["key"]).exists()
    again = machine.run("submit", folder, "--follow")
    assert "environment env-2 (to be built)" in again.stderr
    assert again.returncode == 0
