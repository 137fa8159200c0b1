"""Answers become a project of our own template."""

import errno
import shutil
import subprocess
import sys

import pytest

from scaffold.errors import UsageError
from scaffold.generate import Answers, generate
from tests.unit.generate.templates import read, write


def test_what_is_not_answered_follows_from_what_is():
    answers = Answers(project_slug="demo", experiment_name="Train-2")
    assert answers.script_name == "train-2.py"
    assert answers.environment_name == "demo-env"
    assert Answers(project_slug="azureml-demo").environment_name == "env-azureml-demo-env"


@pytest.mark.parametrize(
    "answers, message",
    [
        ({"project_slug": "a b"}, "NAME 'a b' cannot be used: it must be 1 to 100 letters"),
        ({"project_slug": "a/b"}, "NAME 'a/b' cannot be used: it is a path."),
        ({"project_slug": "..\\b"}, "NAME '..\\\\b' cannot be used: it is a path."),
        ({"project_slug": "a\nb"}, "NAME 'a\\nb' cannot be used: it must be"),
        ({"experiment_name": "NUL"}, "--experiment 'NUL' cannot be used: Windows reserves that name."),
        (
            {"experiment_name": "json"},
            "--script 'json.py' cannot be used: it would hide the Python module json",
        ),
        ({"compute_target": "a"}, "--compute-target 'a' cannot be used: it must be 2 to 24"),
        ({"environment_kind": "x"}, "--environment 'x' cannot be used: it must be pip or conda."),
        ({"tenant_id": "x"}, "--tenant-id 'x' cannot be used: it must be a GUID"),
    ],
)
def test_an_answer_that_cannot_be_used_names_its_flag(answers, message):
    with pytest.raises(UsageError) as caught:
        Answers(**answers)
    assert caught.value.message.startswith(message)


def test_the_project_is_reported(tmp_path):
    made = generate(Answers(), tmp_path)
    assert made.path == tmp_path / "my-exp"
    assert set(made.files) == set(read(made.path))
    assert made.files == tuple(sorted(made.files))
    assert (made.replaced, made.skipped_hooks) == ({}, ())
    assert made.answers["script_name"] == "experiment_1.py"
    assert [path.name for path in tmp_path.iterdir()] == ["my-exp"]


def test_a_dry_run_writes_nothing(tmp_path):
    dry = generate(Answers(), tmp_path / "a" / "b", dry_run=True)
    assert list(tmp_path.iterdir()) == []
    assert dry == generate(Answers(), tmp_path / "a" / "b")


def test_force_adds_and_keeps_what_it_replaces(tmp_path):
    write(tmp_path / "my-exp", {"constants.py": "MINE = 1\n", "notes.md": "mine\n"})
    before = read(tmp_path)
    with pytest.raises(UsageError, match=r"my-exp is not empty\.$"):
        generate(Answers(), tmp_path)
    assert read(tmp_path) == before
    dry = generate(Answers(), tmp_path, force=True, dry_run=True)
    assert read(tmp_path) == before
    made = generate(Answers(), tmp_path, force=True)
    assert dry == made
    assert made.replaced == {"constants.py": "constants.py.bak"}
    after = read(made.path)
    assert (after["constants.py.bak"], after["notes.md"]) == ("MINE = 1\n", "mine\n")
    assert set(after) == {*made.files, "constants.py.bak", "notes.md"}
    assert generate(Answers(), tmp_path, force=True).replaced == {}


def test_force_keeps_what_the_person_edited_since(tmp_path):
    root = generate(Answers(), tmp_path).path
    (root / "Experiment_1/experiment_1.py").write_text("edited\n")
    made = generate(Answers(compute_target="gpu"), tmp_path, force=True)
    assert set(made.replaced) == {".scaffold.json", "constants.py", "Experiment_1/experiment_1.py"}
    assert (root / made.replaced["Experiment_1/experiment_1.py"]).read_text() == "edited\n"


def test_only_what_renders_is_loaded_and_only_to_render(tmp_path):
    code = (
        "import sys; from pathlib import Path; from scaffold.generate import *\n"
        "print({'cookiecutter', 'jinja2', 'rich'} & set(sys.modules))\n"
        "generate(Answers(), Path(sys.argv[1]))\n"
        "print({'cookiecutter.main', 'click', 'requests', 'yaml', 'azureml'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\nset()\n"


def test_the_hook_of_our_own_template_does_not_run(tmp_path, monkeypatch):
    def started(*_, **__):
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    assert generate(Answers(), tmp_path).files


@pytest.mark.parametrize("name", ["{{cookiecutter.project_slug}}", "{{ nothing.here }}", "{% if x %}"])
def test_a_folder_above_is_no_expression_whatever_its_name(tmp_path, name):
    (tmp_path / name).mkdir()
    assert generate(Answers(), tmp_path / name).path == tmp_path / name / "my-exp"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_disk_that_is_full_is_an_error_of_two_lines(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copymode", full)
    with pytest.raises(UsageError) as caught:
        generate(Answers(), tmp_path / "out")
    assert (
        caught.value.message == f"{tmp_path / 'out' / 'my-exp'} cannot be written: No space left on device."
    )
    assert list(tmp_path.iterdir()) == []
