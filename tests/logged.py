"""A project whose submitting script makes two runs that differ, with all that a run can have."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastjsonschema

from tests.conftest import REPOSITORY, Machine

SCRIPT = """\
import argparse, os
from azureml.core import Run

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
rate = parser.parse_args().lr
run = Run.get_context()
for step in range(4):
    run.log("loss", 2 / (1 + rate * step), step=step)
run.log("accuracy", 0.5 + rate)
run.log("broken", float("nan"))
run.log_row("points", x=1, y=2)
run.log_row("points", x=2, y=5)
run.log_list("sizes", [3, 1, 2])
run.tag("kind", "linear")
run.tag("evil\\x1b[31m", "a\\x1b[0mb")
run.child_run("part").complete()
os.makedirs("outputs/deep", exist_ok=True)
for path in ("outputs/model.txt", "outputs/deep/weights.txt", "notes.txt"):
    with open(path, "w") as stream:
        stream.write(f"{path} of {rate}\\n")
run.upload_file("notes/a b.txt", "notes.txt")
print("rate", rate)
"""

RUNNER = """\
import os, sys
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace

here = os.path.dirname(os.path.realpath(__file__))
folder = os.path.join(here, "Experiment_1")
env = Environment(name="the-one-that-is-here")
env.python.user_managed_dependencies = True
ws = Workspace.from_config(path=os.path.join(here, ".azureml"))
for rate in (0.1, 0.5):
    config = ScriptRunConfig(folder, "experiment_1.py", arguments=["--lr", rate], environment=env,
                             compute_target="cpu-cluster")
    config.run_config.environment_variables = {"COLOUR": "red" if rate < 0.3 else "blue"}
    run = Experiment(ws, "Experiment_1").submit(config)
    run.wait_for_completion()
    with open(os.path.join(folder, "more.py"), "w") as stream:
        stream.write("MORE = 1\\n")
run.display_name = "Second \\x1b[31mtry"
"""

FILES = {"Experiment_1/experiment_1.py": SCRIPT, "run_experiment.py": RUNNER}


@dataclass(frozen=True)
class Logged:
    """The project and its two runs, and how they are asked about.

    Attributes:
        folder: of the project.
        first, second: the ids of its runs.
        machine: the one it was submitted from.
    """

    folder: Path
    first: str
    second: str
    machine: Machine

    def runs(self, *arguments: str | Path, **options: Any) -> Any:
        """``scaffold runs``, in the project's folder."""
        return self.machine.run("runs", *arguments, **{"cwd": self.folder, **options})

    def json(self, *arguments: str | Path, schema: str | None = None, **options: Any) -> Any:
        """The document of ``scaffold runs``, which its schema has to describe."""
        document = self.machine.json("runs", *arguments, **{"cwd": self.folder, **options})
        validate(schema or f"runs-{arguments[0]}", document)
        return document

    def printed(self, *arguments: str | Path, **options: Any) -> str:
        """What it prints on stdout when it ends well."""
        done = self.runs(*arguments, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout


def validate(name: str, document: Any) -> None:
    """Holds a document against the schema of that name."""
    text = (REPOSITORY / "docs" / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    fastjsonschema.compile(json.loads(text))(document)


def submitted(machine: Machine, project: Callable[..., Path], **files: str) -> Logged:
    """Submits the project and waits for its runs."""
    folder = project(**FILES, **files)
    done = machine.run("submit", folder, "--no-check", "--json")
    assert done.returncode == 0, done.stderr
    first, second = (run["run_id"] for run in json.loads(done.stdout)["runs"])
    return Logged(folder, first, second, machine)
