"""``scaffold export``."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scaffold.generate import Answers, generate
from tests.conftest import RUN_EXPERIMENT, Machine, Project


@pytest.fixture
def offline(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


# azure-ai-ml is where it always is; this hides it from the command, as from somebody who did not install it.
WITHOUT = """
import sys
sys.modules["azure.ai"] = sys.modules["libcst"] = None
from scaffold.cli.main import main
main()
"""


def without_sdk(machine: Machine, *arguments: str, cwd: Path):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments],
        cwd=cwd,
        env=machine.environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_azure_ai_ml_loads_what_is_written(offline: Machine, tmp_path: Path):
    root = generate(Answers(), tmp_path).path

    document = offline.json("export", cwd=root)

    assert document["outcome"] == "new"
    assert (document["written"], document["validated"]) == (True, True)
    assert yaml.safe_load((root / "job.yml").read_text()) == document["job"]
    assert document["sources"]["experiment_name"] == "EXPERIMENT_NAME in constants.py"


def test_a_job_that_azure_ai_ml_does_not_take_is_told_in_two_lines(offline: Machine, tmp_path: Path):
    root = generate(Answers(), tmp_path).path
    offline.run("export", "--no-validate", cwd=root)
    job = root / "job.yml"
    job.write_text(job.read_text().replace("command: ", "commmand: "))

    done = offline.run("export", cwd=root)

    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        "Error: job.yml: azure-ai-ml does not take it: "
        "command: Missing data for required field; commmand: Unknown field.",
        "→ Mend it, or have 'scaffold export --force' write it anew.",
    ]


def test_a_conflict_shows_the_difference_and_force_overrules(offline: Machine, tmp_path: Path):
    root = generate(Answers(), tmp_path).path
    (root / "job.yml").write_text("type: command\n")

    done = offline.run("export", "--no-validate", cwd=root)

    assert done.returncode == 3
    assert done.stderr.splitlines()[0].startswith("Error: job.yml was changed by hand")
    assert '+compute: "azureml:cpu-cluster"' in done.stdout
    assert (root / "job.yml").read_text() == "type: command\n"
    assert offline.run("export", "--no-validate", "--force", cwd=root).returncode == 0
    assert "cpu-cluster" in (root / "job.yml").read_text()


def test_force_writes_through_no_link_out_of_the_project(offline: Machine, tmp_path: Path):
    root = generate(Answers(), tmp_path).path
    other = tmp_path / "other.yml"
    other.write_text("type: command\n")
    (root / "job.yml").symlink_to(other)

    done = offline.run("export", "--no-validate", "--force", cwd=root)

    assert done.returncode == 3
    first, second = done.stderr.splitlines()
    assert first.startswith("Error: job.yml is a link that leads out of the project, to ")
    assert second.startswith("→ ")
    assert other.read_text() == "type: command\n"


def test_a_job_keeps_its_line_ends_and_permissions(offline: Machine, tmp_path: Path):
    root = generate(Answers(), tmp_path).path
    job = root / "job.yml"
    offline.run("export", "--no-validate", cwd=root)
    job.write_bytes(job.read_bytes().replace(b"\n", b"\r\n"))
    job.chmod(0o640)
    constants = (root / "constants.py").read_text()
    (root / "constants.py").write_text(constants.replace("cpu-cluster", "gpu-cluster"))

    done = offline.run("export", "--no-validate", cwd=root)

    assert done.returncode == 0, done.stderr
    assert b"gpu-cluster" in job.read_bytes()
    assert job.read_bytes().count(b"\n") == job.read_bytes().count(b"\r\n")
    assert job.stat().st_mode & 0o777 == 0o640


def test_stdout_and_dry_run_write_nothing(offline: Machine, tmp_path: Path):
    root = generate(Answers(), tmp_path).path

    printed = offline.run("export", "-", "--no-validate", cwd=root)
    shown = offline.run("export", "--dry-run", "--no-validate", cwd=root)

    assert yaml.safe_load(printed.stdout)["type"] == "command"
    assert '+type: "command"' in shown.stdout
    assert not (root / "job.yml").exists()


def test_without_the_extra_it_writes_and_says_what_to_install(offline: Machine, tmp_path: Path):
    root = generate(Answers(), tmp_path).path

    done = without_sdk(offline, "export", "--json", cwd=root)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["validated"] is False
    assert done.stderr.splitlines() == [
        "  ! SDK v2 (azure-ai-ml) is not installed beside scaffold, so it has not looked at the job.",
        "    Install it: pip install 'azureml-scaffold[sdk-v2]'",
    ]


def test_what_only_running_the_script_tells_is_an_error_with_its_line(offline: Machine, project: Project):
    folder = project(
        **{
            "run_experiment.py": "from azureml.core import *\n"
            "config = ScriptRunConfig('Experiment_1', 'experiment_1.py', arguments=ask())\n"
            "Experiment(ws, 'e').submit(config)\n"
        }
    )

    done = offline.run("export", cwd=folder)

    assert done.returncode == 3
    assert done.stderr.startswith("Error: run_experiment.py:2: arguments is computed")


def test_a_tag_that_only_the_run_tells_is_said_to_be_left(offline: Machine, tmp_path: Path):
    root = generate(Answers(), tmp_path).path
    script = (root / "run_experiment.py").read_text()
    tagged = script.replace(
        "    return run", "    run.tag('score', run.get_metrics()['loss'])\n    return run"
    )
    (root / "run_experiment.py").write_text(tagged)
    line = tagged[: tagged.index("run.tag(")].count("\n") + 1

    done = offline.run("export", "--no-validate", cwd=root)

    assert (done.returncode, (root / "job.yml").exists()) == (0, True), done.stderr
    assert f"! run_experiment.py:{line}: a tag that only the run tells is not one of the job\n" in done.stderr


def test_a_script_is_no_file_to_write(offline: Machine, project: Project):
    folder = project()

    done = offline.run("export", "run_experiment.py", "--force", cwd=folder)

    assert (done.returncode, done.stderr.splitlines()[1]) == (
        2,
        "→ To export what it submits: scaffold export --project run_experiment.py",
    )
    assert (folder / "run_experiment.py").read_text() == RUN_EXPERIMENT


def test_a_notebook_is_exported_as_a_script_is(offline: Machine, project: Project):
    folder = project()
    source = RUN_EXPERIMENT.replace("os.path.realpath(__file__)", '"./x"').replace(
        "env.python.user_managed_dependencies = True\n", ""
    )
    cell = {"cell_type": "code", "source": source.splitlines(keepends=True)}
    document = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "run_experiment.py").rename(folder / "kept.txt")
    (folder / "job.ipynb").write_text(json.dumps(document, indent=1))

    done = offline.run("export", "--project", "job.ipynb", "--no-validate", "-", cwd=folder)

    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["command"] == "python experiment_1.py"
