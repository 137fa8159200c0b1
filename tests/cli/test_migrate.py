"""``scaffold migrate``."""

import json
import re
from pathlib import Path

from tests.cli.test_export import offline, without_sdk
from tests.conftest import Machine, Project

__all__ = ["offline"]

TRAIN = "from azureml.core import Run\nrun = Run.get_context()\nrun.log('a', 1)\nrun.log_row('r', x=1)\nrun.parent\n"


def test_nothing_is_written_without_being_asked_to(offline: Machine, project: Project):
    folder = project(script=TRAIN)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    done = offline.run("migrate", folder)

    assert done.returncode == 0, done.stderr
    assert "+++ b/Experiment_1/experiment_1.py" in done.stdout
    assert "+mlflow.log_metric('a', 1)" in done.stdout
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    lines = done.stderr.splitlines()
    assert lines[lines.index("Not carried over:") + 1].startswith(
        "  ! Experiment_1/experiment_1.py:5: run.parent stays"
    )
    assert lines[lines.index("Different from before:") + 1].startswith(
        "  ! Experiment_1/experiment_1.py:4: log_row: "
    )


def test_written_files_are_told_with_their_copies(offline: Machine, project: Project):
    folder = project(script=TRAIN)

    document = offline.json("migrate", folder, "--write")

    files = {file["path"]: file for file in document["files"]}
    assert set(files) == {"Experiment_1/experiment_1.py", "job.yml", "run_experiment_v2.py"}
    assert files["Experiment_1/experiment_1.py"]["copy"] == "Experiment_1/experiment_1.py.bak"
    assert files["job.yml"]["new"]
    assert [note["line"] for note in document["left"]] == [5, None]  # an image holds what it holds
    assert "mlflow" in (folder / "Experiment_1" / "experiment_1.py").read_text()


def test_without_the_extra_it_says_what_to_install(offline: Machine, project: Project):
    done = without_sdk(offline, "migrate", cwd=project())

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "Error: libcst, which rewrites the scripts, is not installed beside scaffold.",
        "→ Install it: pip install 'azureml-scaffold[sdk-v2]'",
    ]


def test_one_submission_of_a_notebook_is_taken_by_its_line(offline: Machine, tmp_path: Path):
    cells = [
        "from azureml.core import Experiment, ScriptRunConfig, Workspace\nws = Workspace.from_config()",
        "config = ScriptRunConfig('.', 'first.py')\nrun = Experiment(ws, 'one').submit(config)",
        "config = ScriptRunConfig('.', 'second.py')\nrun = Experiment(ws, 'two').submit(config)",
    ]
    found = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    (tmp_path / "work.ipynb").write_text(json.dumps({"cells": found, "nbformat": 4}, indent=1))

    refused = offline.run("migrate", tmp_path)
    [line] = re.findall(r"work\.ipynb:(\d+)' takes the first", refused.stderr)
    document = offline.json("migrate", f"{tmp_path / 'work.ipynb'}:{line}", cwd=tmp_path)

    assert refused.returncode == 3
    [job] = [file["diff"] for file in document["files"] if file["path"] == "job.yml"]
    assert '+command: "python first.py"' in job
    assert '+experiment_name: "one"' in job
