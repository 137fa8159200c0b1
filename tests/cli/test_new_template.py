"""``scaffold new --template`` as a person types it: asked on a terminal, ended in the middle."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.typed import environment, new, refused, session, terminal_only
from tests.waiting import until


@pytest.fixture
def work(tmp_path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def foreign(work: Path) -> Path:
    template = work.parent / "template"
    (template / "{{cookiecutter.slug}}").mkdir(parents=True)
    (template / "hooks").mkdir()
    (template / "cookiecutter.json").write_text('{"slug": "x", "license": "MIT", "experiment_name": "E"}')
    (template / "{{cookiecutter.slug}}" / "f").write_text(
        "{{cookiecutter.license}} {{cookiecutter.experiment_name}}"
    )
    (template / "hooks" / "post_gen_project.py").write_text("print('from the hook')\nopen('hooked', 'w')\n")
    return template


def test_another_template(work):
    template = foreign(work)
    done = new(work, "exp", "--template", template, "--answer", "license=a=b", "--experiment", "Train")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "  cd exp\n"
    warning = "  ! The template's hooks did not run: post_gen_project.py (--trust lets them)"
    assert done.stderr.splitlines() == [warning, f"  ✓ Created {work / 'exp'} with 1 file. Next:"]
    assert (work / "exp" / "f").read_text() == "a=b Train"

    done = new(work, "exp2", "--template", template, "--trust", "--json")
    assert json.loads(done.stdout)["files"] == ["f", "hooked"]
    assert json.loads(done.stdout)["workspace"] is None
    assert done.stderr.splitlines()[0] == "from the hook"


def test_the_name_of_a_project_need_not_be_one_of_azure_ml(work):
    template = foreign(work)
    for name in ("My Show", "über"):
        done = new(work, name, "--template", template, "--no-input")
        assert done.returncode == 0, done.stderr
        assert (work / name / "f").read_text() == "MIT E"


def test_a_template_of_several(work):
    several = work.parent / "several"
    several.mkdir()
    foreign(work).rename(several / "one")
    assert refused(work, "exp", "--template", several, "--directory", "two") == [
        f"Error: There is no folder two in {several}.",
        "→ Templates are in: one.",
    ]
    done = new(work, "exp", "--template", several, "--directory", "one")
    assert done.returncode == 0, done.stderr
    assert (work / "exp" / "f").read_text() == "MIT E"


def test_a_default_of_ones_own_that_does_not_fit_is_said(work):
    template = foreign(work)
    (template / "cookiecutter.json").write_text('{"slug": "x", "license": ["MIT"], "experiment_name": "E"}')
    (work.parent / ".cookiecutterrc").write_text("default_context: {license: GPL, experiment_name: Mine}")
    done = new(work, "exp", "--template", template)
    assert done.stderr.splitlines()[0] == "  ! Your default for license, 'GPL', does not fit this template"
    assert (work / "exp" / "f").read_text() == "MIT Mine"


# Asking, on a terminal


QUESTIONS = {
    "title": "My Show",
    "slug": "{{ cookiecutter.title|lower|replace(' ', '_') }}",
    "license": ["MIT", "GPL"],
    "docs": True,
    "table": {"a": 1},
    "_private": 1,
    "__prompts__": {
        "title": "[bold]Title[/bold]",
        "license": {"__prompt__": "Which license?", "GPL": "GPL (viral)"},
    },
}


@terminal_only
def test_a_template_asks_what_it_asks_with_cookiecutter(work):
    template = foreign(work)
    (template / "cookiecutter.json").write_text(json.dumps(QUESTIONS))
    (template / "{{cookiecutter.slug}}" / "f").write_text("{{ cookiecutter }}")
    (work / "taken").mkdir()
    (work / "taken" / "file").write_text("")
    typed = ["A b", "taken", "", "3", "2", "perhaps", "n", "[]", '{"b": 2}']
    code, seen, out = session(work, ["--template", str(template), "--json"], [f"{line}\n" for line in typed])
    assert code == 0, seen
    assert (
        seen.splitlines()[:-2]
        == [
            "  [1/5] Title [My Show]: A b",
            "  [2/5] slug [a_b]: taken",
            "  ✗ The folder taken is not empty.",
            "  [2/5] slug [a_b]: ",
            "  [3/5] Which license?",
            "    1 - MIT",
            "    2 - GPL (viral)",
            "    Choose from 1 to 2 [1]: 3",
            "  ✗ It must be a number from 1 to 2.",
            "    Choose from 1 to 2 [1]: 2",
            "  [4/5] docs (y/n) [y]: perhaps",
            "  ✗ The answer 'perhaps' does not fit docs: it is neither yes nor no.",
            "  [4/5] docs (y/n) [y]: n",
            "  [5/5] table (JSON) [default]: []",
            "  ✗ The answer to table does not fit: it is not a JSON object.",
        ]
        or seen
    )
    answers = {"title": "A b", "slug": "a_b", "license": "GPL", "docs": False, "table": {"b": 2}}
    assert json.loads(out)["answers"] == answers
    assert (work / "a_b" / "f").is_file()


@terminal_only
def test_the_name_and_answers_are_not_asked_for_and_no_input_asks_nothing(work):
    template = foreign(work)
    (template / "cookiecutter.json").write_text(json.dumps(QUESTIONS))
    (template / "{{cookiecutter.slug}}" / "f").write_text("")
    arguments = ["A b", "--template", str(template), "--answer", "license=GPL", "--answer", "docs=no"]
    code, seen, _ = session(work, arguments, ["s\n", "\n"])
    assert code == 0, seen
    assert re.findall(r"^  (.*) \[(.*)\]: ", seen, re.MULTILINE) == [
        ("[1/2] slug", "a_b"),
        ("[2/2] table (JSON)", "default"),
    ]
    code, seen, _ = session(work, [*arguments, "--no-input"], [])
    assert code == 0, seen
    assert "]: " not in seen
    assert sorted(path.name for path in work.iterdir()) == ["a_b", "s"]


@terminal_only
def test_a_template_is_asked_for(work):
    for folder in ("one", "two"):
        source = foreign(work)
        (work.parent / "several").mkdir(exist_ok=True)
        (source / "{{cookiecutter.slug}}" / "f").write_text(folder)
        source.rename(work.parent / "several" / folder)
    code, seen, _ = session(work, ["exp", "--template", "../several"], ["2\n", "\n", "\n"])
    assert code == 0, seen
    assert seen.splitlines()[:4] == [
        "  Select a template",
        "    1 - one",
        "    2 - two",
        "    Choose from 1 to 2 [1]: 2",
    ]
    assert (work / "exp" / "f").read_text() == "two"


# Ended in the middle


WAITING = """
import os, pathlib, time
pathlib.Path('made').write_text(str(os.getpid()))
time.sleep(600)
"""


class Running:
    """A command that is making a project: its template's hook waits, or without hooks a file takes for ever."""

    def __init__(self, work: Path, *, hooks: bool) -> None:
        self.folder = work
        self.template = foreign(work)
        (self.template / "hooks" / "post_gen_project.py").write_text(WAITING)
        if not hooks:
            endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
            (self.template / "{{cookiecutter.slug}}" / "g").write_text(endless)
        self._temporary = work.parent / "temporary"
        self._temporary.mkdir()
        command = [sys.executable, "-m", "scaffold", "new", "exp", "--template", str(self.template)]
        self.process = subprocess.Popen(
            [*command, "--trust"] if hooks else command,
            cwd=work,
            env=environment(work.parent) | {"TMPDIR": str(self._temporary)},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        made = work / "exp" / "made"
        self.hook = int(until(lambda: made.exists() and made.read_text())) if hooks else None
        if not hooks:
            until(lambda: list(work.glob(".scaffold-*/exp/f")))

    def left(self) -> list[str]:
        """What is in the folder of the project and in that for temporary files."""
        return sorted(path.name for folder in (self.folder, self._temporary) for path in folder.iterdir())

    def make_another(self) -> None:
        """Makes another project beside it, of a copy of the template without the endless file, and without hooks."""
        copy = shutil.copytree(
            self.template, self.template.with_name("copy"), ignore=shutil.ignore_patterns("g")
        )
        done = new(self.folder, "other", "--template", copy, TMPDIR=str(self._temporary))
        assert done.returncode == 0, done.stderr

    def end(self) -> str:
        """Waits for the end; what was said on stderr."""
        return self.process.communicate(timeout=60)[1]


@pytest.fixture(params=[True, False], ids=["hooks", "no hooks"])
def running(work, request) -> Iterator[Running]:
    running = Running(work, hooks=request.param)
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.end()
    if running.hook is not None and is_alive(running.hook):
        os.kill(running.hook, signal.SIGKILL)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


posix_only = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")


@posix_only
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_an_ended_command_leaves_nothing(running, name):
    running.process.send_signal(getattr(signal, name))
    said = running.end()
    assert running.process.returncode == 130
    assert said.splitlines() == [
        "Error: Stopped: the project is there as a whole, or not at all.",
        "→ Run it again; it says which.",
    ]
    assert running.left() == []
    assert running.hook is None or not is_alive(running.hook)


@posix_only
def test_what_a_killed_command_left_is_removed_by_the_next_one(running):
    running.process.kill()
    running.end()
    if running.hook is not None:
        os.kill(running.hook, signal.SIGKILL)
    unknown = running.folder / ".scaffold-0123abcd"  # without a lock, nothing tells whose it is
    unknown.mkdir()
    running.make_another()
    if running.hook is None:
        assert running.left() == [unknown.name, "other"]
        return
    # Nothing proves that the half-made project is not used by now: it stays, and is told from a whole one.
    assert (running.folder / "exp" / "f").is_file()
    assert refused(running.folder, "exp") == [
        "Error: exp is half-made: the scaffold process that made it was killed.",
        "→ See that it holds nothing of yours, remove it, and run this again.",
    ]
    shutil.rmtree(running.folder / "exp")
    assert new(running.folder, "exp").returncode == 0
    assert running.left() == [unknown.name, "exp", "other"]


@posix_only
def test_the_folders_of_a_command_under_way_are_left_alone(running):
    before = running.left()
    running.make_another()
    assert running.left() == sorted([*before, "other"])
