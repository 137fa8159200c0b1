"""Which experiment a command line names, and what is refused."""

import json
from pathlib import Path

import pytest

from scaffold.errors import ProjectError, UsageError
from scaffold.project.named import SCRIPTS_AND_NOTEBOOKS, find_subject
from scaffold.project.submitting import submits
from tests.conftest import write_tree
from tests.unit.project.trees import PROJECT, write

SUBMIT = (
    "from azureml.core import Experiment, ScriptRunConfig, Workspace\n"
    "Experiment(Workspace.from_config(), 'e').submit(ScriptRunConfig('src', script='a.py'))\n"
)
NOTEBOOK = json.dumps(
    {"cells": [{"cell_type": "code", "source": [SUBMIT]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, with another experiment's folder and other scripts in it, in whose folder one is."""
    write(tmp_path)
    write_tree(
        tmp_path,
        {
            "Experiment_2/train.py": "print('two')\n",
            "Experiment_1/deep/data.txt": "",
            "run_rf.py": SUBMIT,
            "led.py": "import helper\nhelper.go()\n",
            "helper.py": SUBMIT,
            "explore.ipynb": NOTEBOOK,
            "job.yml": "$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json\n",
            "scripts/one.py": SUBMIT,
            "several/a.py": SUBMIT,
            "several/b.py": SUBMIT,
            "data/rows.csv": "",
        },
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def named(path: str | None, **options) -> tuple[str, str]:
    """The folder in which the script of what is named is started, and the script from there."""
    subject = find_subject(Path(path) if path else None, "scaffold submit", **options)
    return subject.root.relative_to(Path.cwd()).as_posix(), subject.runner.shown


@pytest.mark.parametrize("path", [None, ".", "Experiment_1", "run_experiment.py"])
def test_a_project_is_named_by_itself_its_experiment_or_its_script(root: Path, path: str | None):
    assert named(path) == (".", "run_experiment.py")


@pytest.mark.parametrize(
    ("path", "script"),
    [
        ("run_rf.py", "run_rf.py"),
        ("led.py", "led.py"),
        ("scripts", "scripts/one.py"),
        ("scripts/one.py", "scripts/one.py"),
    ],
)
def test_another_script_that_submits_is_the_one_that_is_taken(root: Path, path: str, script: str):
    assert named(path) == (".", script)


def test_a_script_is_started_in_the_project_that_it_is_in(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(root.parent)

    assert named(f"{root.name}/run_rf.py") == (root.name, "run_rf.py")
    assert named(f"{root.name}/scripts/one.py") == (root.name, "scripts/one.py")


@pytest.mark.parametrize(
    ("path", "said", "instead"),
    [
        ("Experiment_1/train.py", "submits nothing", "scaffold submit ."),
        ("Experiment_2/train.py", "submits nothing", "scaffold submit ."),
        ("Experiment_2", "Experiment_2 is not what run_experiment.py submits: Experiment_1 is", "scaffold submit ."),
        ("Experiment_1/deep", "is not what run_experiment.py submits", "scaffold submit ."),
        ("data", "is not what run_experiment.py submits", "scaffold submit ."),
        ("requirements.txt", "no script that submits", "scaffold submit ."),
        ("constants.py", "submits nothing", "scaffold submit ."),
        ("job.yml", "a job of SDK v2", "az ml job create -f job.yml"),
        ("explore.ipynb", "is a notebook", "scaffold migrate"),
        ("gone.py", "no such folder or file", "Name"),
    ],
)  # fmt: skip
def test_what_is_no_experiment_is_refused_with_what_to_type(root: Path, path: str, said: str, instead: str):
    with pytest.raises(ProjectError) as caught:
        named(path)

    assert said in caught.value.message
    assert instead in caught.value.hint


@pytest.mark.parametrize(
    ("workspace", "started"),
    [
        ("00000000-0000-0000-0000-000000000000", "scaffold exec -- python v2.py"),
        ("5e1d0c1a-3c50-4c11-9d33-1a1d4f1b7a11", "python v2.py"),
    ],
)
def test_a_script_that_submits_by_itself_is_to_be_run_where_its_workspace_is(
    root: Path, workspace: str, started: str
):
    config = {"subscription_id": workspace, "resource_group": "r", "workspace_name": "w"}
    write_tree(
        root,
        {
            ".azureml/config.json": json.dumps(config),
            "v2.py": "from azure.ai.ml import MLClient, command\nMLClient(c).jobs.create_or_update(command())\n",
            "log.py": "from azureml.core import Experiment\nExperiment(ws, 'e').start_logging()\n",
        },
    )
    for name, said in (("v2.py", "through SDK v2"), ("log.py", "start_logging")):
        with pytest.raises(ProjectError, match=said) as caught:
            named(name)
        assert caught.value.hint == f"Run it: {started.replace('v2.py', name)}"


def test_of_several_scripts_one_has_to_be_named(root: Path):
    with pytest.raises(UsageError, match=r"several scripts submit an experiment: a\.py, b\.py") as caught:
        named("several")

    assert caught.value.hint.endswith("scaffold submit several/a.py")


def test_a_notebook_is_taken_by_the_commands_that_read_one(root: Path):
    assert named("explore.ipynb", suffixes=SCRIPTS_AND_NOTEBOOKS) == (".", "explore.ipynb")


def test_outside_a_project_nothing_is_taken_for_one(tmp_path: Path):
    write_tree(tmp_path, {"plain/train.py": "print(1)\n"})

    with pytest.raises(ProjectError, match="no project here or above"):
        find_subject(tmp_path / "plain", "scaffold submit")
    with pytest.raises(ProjectError, match=r"train\.py submits nothing"):
        find_subject(tmp_path / "plain" / "train.py", "scaffold submit")


def test_in_a_folder_of_a_project_its_own_experiment_comes_first(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(root / "scripts")
    assert find_subject(None, "scaffold submit").runner.path == root / "scripts" / "one.py"

    for folder in ("data", "Experiment_1/deep"):
        monkeypatch.chdir(root / folder)
        assert find_subject(None, "scaffold submit").root == root

    monkeypatch.chdir(root / "Experiment_2")
    with pytest.raises(ProjectError, match="Experiment_2 is not what"):
        find_subject(None, "scaffold submit")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PROJECT["run_experiment.py"], True),
        ("import azureml.core as a\na.Experiment(ws, 'e').submit(c)\n", True),
        ("from azureml.core import *\nExperiment(ws, 'e').submit(c)\n", True),
        ("from azureml.core import ScriptRunConfig as C\nuse(C('src'))\n", True),
        ("from azureml.core import Run\nfrom sklearn.pipeline import Pipeline\npool.submit(f)\n", False),
        ("# ScriptRunConfig('src') is made elsewhere, and submit is called there\n", False),
        ("from azureml.core import Run\nRun.get_context().log('a', 1)\n", False),
    ],
)
def test_a_script_that_submits_is_known_by_its_calls(tmp_path: Path, text: str, expected: bool):
    (tmp_path / "script.py").write_text(text)

    assert submits(tmp_path / "script.py") is expected
