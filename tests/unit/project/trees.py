"""Project trees written inline, and what the rules find in them."""

import datetime
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.project.check import Report, examine
from scaffold.project.named import find_subject

# A day on which every Python from 3.8 to 3.13 was alive.
TODAY = datetime.date(2024, 10, 7)

LOCAL = """\
{
  "subscription_id": "00000000-0000-0000-0000-000000000000",
  "resource_group": "local",
  "workspace_name": "local"
}
"""
AZURE = """\
{
  "subscription_id": "11111111-2222-3333-4444-555555555555",
  "resource_group": "rg",
  "workspace_name": "ws-1"
}
"""

RUNNER = """\
import os
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
import constants

def run_experiment():
    here = os.path.dirname(os.path.realpath(__file__))
    ws = Workspace.from_config(path=os.path.join(here, '.azureml'))
    config = ScriptRunConfig(source_directory=os.path.join(here, 'Experiment_1'), script='train.py',
                             compute_target=constants.TARGET_NAME)
    env = Environment.from_pip_requirements(name='env-2', file_path=os.path.join(here, 'requirements.txt'))
    env.python.conda_dependencies.set_python_version(constants.PYTHON_VERSION)
    config.run_config.environment = env
    run = Experiment(ws, constants.EXPERIMENT_NAME).submit(config)
    print(run.get_portal_url())

if __name__ == '__main__':
    run_experiment()
"""
CONDA_RUNNER = RUNNER.replace("from_pip_requirements", "from_conda_specification").replace(
    "requirements.txt", "environment.yml"
)
CONDA_RUNNER = "".join(line for line in CONDA_RUNNER.splitlines(True) if "set_python" not in line)
CONSTANTS = "TARGET_NAME = 'cpu-cluster'\nEXPERIMENT_NAME = 'Experiment_1'\nPYTHON_VERSION = '3.11'\n"

# Nothing is wrong with it.
PROJECT = {
    ".azureml/config.json": LOCAL,
    "Experiment_1/train.py": "print('hello')\n",
    "constants.py": CONSTANTS,
    "requirements.txt": "numpy==1.26.4\n",
    "run_experiment.py": RUNNER,
}


@dataclass(frozen=True)
class Link:
    """A symbolic link, to a path from its own folder or an absolute one."""

    target: str


@dataclass(frozen=True)
class Hole:
    """A file of that many bytes that takes up no room."""

    size: int


Content = str | bytes | Link | Hole | None


@dataclass(frozen=True)
class Case:
    """A tree and what one rule finds in it.

    Attributes:
        rule: the rule's id.
        says: what the case shows, a phrase.
        changes: files of ``PROJECT`` that are other ones, or are left out where there is None.
        finds: severity, place and words of each finding; none where it must leave the tree alone.
        today: the day of the check.
        prepare: what else is done to the tree.
    """

    rule: str
    says: str
    changes: dict[str, Content]
    finds: tuple[str, ...] = ()
    today: datetime.date = TODAY
    prepare: Callable[[Path], None] = field(default=lambda root: None)


def write(root: Path, changes: dict[str, Content] | None = None) -> Path:
    """Writes ``PROJECT`` with some files changed, or left out where there is None."""
    for name, content in {**PROJECT, **(changes or {})}.items():
        path = root / name
        if content is None:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
        elif isinstance(content, Hole):
            with path.open("wb") as file:
                os.truncate(file.fileno(), content.size)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def check(root: Path, today: datetime.date = TODAY) -> Report:
    """What all rules find in a folder."""
    return examine(find_subject(root, "scaffold check", today=today))


def told(report: Report, rule: str | None = None) -> list[str]:
    """Severity, place and words of the findings, of one rule or of all."""
    return [
        f"{finding.severity} {finding.message}"
        for finding in report.findings
        if rule is None or finding.rule == rule
    ]
