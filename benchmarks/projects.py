"""The projects that are submitted."""

import json
from pathlib import Path

from benchmarks.machine import Machine

MARK = "FIRST-LINE "
# Tells at once that it runs, and in which interpreter.
SCRIPT = f"import sys\nprint({MARK!r} + sys.executable, flush=True)\n"
# Built in a moment: what is measured is not the environment's building.
REQUIREMENTS = "six==1.16.0\n"

# The tutorial's script to the letter, as users have it.
TUTORIAL = """\
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


def generated(machine: Machine, *flags: str) -> Path:
    """A project as ``scaffold new`` makes it, with a script and an environment that take no time."""
    machine.output("scaffold", "new", "my-exp", "--no-input", *flags)
    project = machine.root / "my-exp"
    (project / "requirements.txt").write_text(REQUIREMENTS)
    (script_of(project)).write_text(SCRIPT)
    return project


def large(machine: Machine, files: int) -> Path:
    """A new project with that many files in the folder that is sent, half of them code and half data."""
    machine.output("scaffold", "new", "large", "--no-input")
    project = machine.root / "large"
    code = "import os\n\n\ndef token(key):\n    return os.environ[key]\n\n\n" * 60
    for number in range(files - 2):
        path = project / "Experiment_1" / f"package_{number % 40}" / f"part_{number % 7}" / f"{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path = path if number % 2 else path.with_suffix(".csv")
        path.write_text(code if number % 2 else "1.5,2.5,3.5,https://example.com/x\n" * 120)
    return project


def script_of(project: Path) -> Path:
    """The project's one training script."""
    (script,) = (project / "Experiment_1").glob("*.py")
    return script


def tutorial(machine: Machine) -> Path:
    """A project as the tutorial has it typed."""
    workspace = {
        "subscription_id": "00000000-0000-0000-0000-000000000000",
        "resource_group": "local",
        "workspace_name": "local",
    }
    files = {
        ".azureml/config.json": json.dumps(workspace),
        "constants.py": 'TARGET_NAME = "cpu-cluster"\nEXPERIMENT_NAME = "Experiment_1"\n',
        "Experiment_1/experiment_1.py": SCRIPT,
        "requirements.txt": REQUIREMENTS,
        "run_experiment.py": TUTORIAL,
    }
    project = machine.root / "tutorial"
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return project
