"""Commands and the service are killed: what they had started ends with them, and submits nothing any more."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import Machine, Project
from tests.sdk.fire import kill_service, running_state
from tests.waiting import until
from tests.workspace.client import Workspace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed with POSIX signals")

SIGNALS = ["SIGTERM", "SIGHUP", "SIGKILL"]

# Says who it is, has a child in a session of its own that does not go when it is asked to, and waits.
WAITS = """
import os, pathlib, signal, subprocess, sys, time
where = pathlib.Path({where!r})
child = (
    "import os, pathlib, signal, time\\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGHUP, signal.SIG_IGN)\\n"
    f"pathlib.Path({{str(where)!r}}, str(os.getpid())).touch(); time.sleep(600)"
)
quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
subprocess.Popen([sys.executable, "-c", child], start_new_session=True, **quiet)
(where / str(os.getpid())).touch()
while not (where.parent / "gate").exists(): time.sleep(0.02)
"""


@pytest.fixture
def where(tmp_path: Path) -> Iterator[Path]:
    """The folder in which each process leaves a file of its number."""
    where = tmp_path / "where"
    where.mkdir()
    yield where
    for path in where.iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(path.name), signal.SIGKILL)


def left(where: Path) -> list[int]:
    living = []
    for path in where.iterdir():
        with contextlib.suppress(psutil.Error):
            if psutil.Process(int(path.name)).status() != psutil.STATUS_ZOMBIE:
                living.append(int(path.name))
    return living


def program(path: Path, where: Path) -> Path:
    """A program that does nothing but wait, in the place of one that works for a long time."""
    path.write_text(f"#!{sys.executable}\n{WAITS.format(where=str(where))}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def killed(process: "subprocess.Popen[str]", where: Path, number: str) -> None:
    """Kills a command once what it has started is under way, and returns when that has ended."""
    until(lambda: len(list(where.iterdir())) == 2)
    process.send_signal(getattr(signal, number))
    process.wait()
    until(lambda: not left(where))


@pytest.mark.parametrize(
    ("command", "number"),
    [*((("submit",), number) for number in SIGNALS), (("submit", "--dry-run"), "SIGKILL")],
    ids=str,
)
def test_the_projects_script_ends_with_the_command(
    machine: Machine, project: Project, where: Path, command: tuple[str, ...], number: str
):
    script = project()
    submitting = (script / "run_experiment.py").read_text()
    (script / "run_experiment.py").write_text(WAITS.format(where=str(where)) + submitting)
    assert machine.run("workspace", "start").returncode == 0

    process = machine.popen(*command, cwd=script, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    killed(process, where, number)
    (where.parent / "gate").touch()

    assert running_state(machine)["runs"] == {}


def test_what_a_script_leaves_running_goes_on_without_the_command(
    machine: Machine, project: Project, where: Path
):
    folder = project()
    submitting = (folder / "run_experiment.py").read_text()
    (where.parent / "gate").touch()
    (folder / "run_experiment.py").write_text(WAITS.format(where=str(where)) + submitting)

    done = machine.run("submit", folder, "--follow")

    assert done.returncode == 0, done.stderr
    until(lambda: len(list(where.iterdir())) == 2)
    assert len(left(where)) == 1


@pytest.mark.parametrize("number", SIGNALS)
def test_the_git_of_a_template_ends_with_the_command(
    machine: Machine, tmp_path: Path, where: Path, number: str
):
    programs = tmp_path / "programs"
    programs.mkdir()
    program(programs / "git", where)
    machine.environment["PATH"] = f"{programs}{os.pathsep}{machine.environment['PATH']}"

    process = machine.popen("new", "p", "--template", "https://example.invalid/t.git", "--no-input")
    killed(process, where, number)


def test_the_steps_of_a_build_end_with_a_service_that_is_killed(
    machine: Machine, tmp_path: Path, where: Path
):
    machine.environment["SCAFFOLD_CONDA"] = str(program(tmp_path / "micromamba", where))
    assert machine.run("workspace", "start").returncode == 0
    workspace = Workspace(machine.state)
    dependencies = {"channels": [(tmp_path / "channel").as_uri()], "dependencies": ["python=3.11", "x"]}
    environment = {"name": "e", "python": {"condaDependencies": dependencies}}
    run_id = workspace.accepted(environment=environment)
    until(lambda: len(list(where.iterdir())) == 2)

    kill_service(machine)

    until(lambda: not left(where))
    Path(machine.environment["SCAFFOLD_CONDA"]).write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    assert machine.run("workspace", "start").returncode == 0
    assert Workspace(machine.state).wait(run_id)["status"] == "Failed"  # begun again, and truthfully


def test_a_build_whose_watchman_was_killed_as_well_is_ended_by_the_next_service(
    machine: Machine, tmp_path: Path, where: Path
):
    tool = program(tmp_path / "micromamba", where)
    machine.environment["SCAFFOLD_CONDA"] = str(tool)
    assert machine.run("workspace", "start").returncode == 0
    dependencies = {"channels": [(tmp_path / "channel").as_uri()], "dependencies": ["python=3.11", "x"]}
    environment = {"name": "e", "python": {"condaDependencies": dependencies}}
    Workspace(machine.state).accepted(environment=environment)
    until(lambda: len(list(where.iterdir())) == 2)
    service = psutil.Process(running_state(machine)["pid"])
    watchmen = [child for child in service.children() if "watchman.py" in " ".join(child.cmdline())]

    for process in [service, *watchmen]:
        process.suspend()
    for process in [service, *watchmen]:
        process.kill()
    tool.write_text("#!/bin/sh\nexit 1\n")

    assert len(watchmen) == 1
    assert len(left(where)) == 2
    assert json.loads(machine.run("workspace", "start", "--json").stdout)
    until(lambda: not left(where))
