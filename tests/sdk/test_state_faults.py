"""Faults around the state folder as a person meets them: nothing acknowledged is lost, and no loss is kept silent."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Machine, Project
from tests.sdk.calls import given
from tests.sdk.fire import WAITS_FOR_GATE, kill_service, running_state, state
from tests.sdk.test_state import submitted_to_older
from tests.waiting import until
from tests.workspace.client import SCOPE, Workspace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are stopped and killed with POSIX signals")


def two_lines(done: subprocess.CompletedProcess[str]) -> tuple[str, str]:
    """The two lines of the error that a command ended with."""
    assert done.returncode == 4, (done.returncode, done.stdout, done.stderr)
    message, hint = done.stderr.splitlines()
    assert message.startswith("Error: ")
    assert hint.startswith("→ ")
    return message, hint


@pytest.mark.slow
def test_a_service_that_hangs_is_neither_stopped_nor_reset_nor_started_again(
    machine: Machine, project: Project
):
    run_id = machine.json("submit", project(), "--follow")["run_id"]
    pid = running_state(machine)["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        told = machine.run("workspace", "status", "--json")
        reset = machine.run("workspace", "reset", "--yes")
        start = machine.run("workspace", "start")
        looked = machine.run("runs", "list")
    finally:
        os.kill(pid, signal.SIGCONT)

    assert json.loads(told.stdout) == {
        "running": True, "answers": False, "home": str(machine.state), "pid": pid,
    }  # fmt: skip
    for done in (told, reset, start, looked):
        message, hint = two_lines(done)
        assert f"process {pid}" in message
        assert "stop --force" in hint
    assert running_state(machine)["pid"] == pid
    assert state(machine, run_id)["status"] == "Completed"


@pytest.mark.slow
def test_a_service_that_hangs_is_ended_by_force_and_its_run_goes_on(
    machine: Machine, project: Project, tmp_path: Path
):
    gate = tmp_path / "gate"
    run_id = machine.json("submit", project(script=WAITS_FOR_GATE.format(gate=str(gate))))["run_id"]
    until(lambda: running_state(machine)["runs"] == {"Running": 1})
    os.kill(running_state(machine)["pid"], signal.SIGSTOP)

    assert machine.json("workspace", "stop", "--force") == {"stopped": True}

    assert machine.json("workspace", "status") == {"running": False, "home": str(machine.state)}
    gate.touch()
    after = state(machine, run_id)
    assert (after["status"], after["log"]) == ("Completed", "started\nended\n")
    assert "outputs/result.txt" in after["files"]


@contextmanager
def locked(machine: Machine) -> Iterator[None]:
    """Another program writes to the database, and does not come to an end with it."""
    connection = sqlite3.connect(machine.state / "workspace.db", isolation_level=None, timeout=60)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()


@pytest.mark.slow
def test_a_run_that_ends_while_the_database_is_locked_ends_well(
    machine: Machine, project: Project, tmp_path: Path
):
    gate = tmp_path / "gate"
    run_id = machine.json("submit", project(script=WAITS_FOR_GATE.format(gate=str(gate))))["run_id"]
    until(lambda: running_state(machine)["runs"] == {"Running": 1})

    with locked(machine):
        gate.touch()
        until(lambda: any(machine.state.glob("supervision/*/exit.json")))
        # A service that would wait for the lock with every statement would not answer this for long.
        assert running_state(machine)["runs"] == {"Running": 1}
        refused = Workspace(machine.state).post(f"/history/v1.0{SCOPE}/experiments/another")
        assert refused.status == 503
        assert "has the local workspace's database locked" in refused.message
        until(lambda: b"another program has the" in (machine.state / "service.log").read_bytes())

    after = state(machine, run_id)
    assert (after["status"], after["log"]) == ("Completed", "started\nended\n")
    assert "outputs/result.txt" in after["files"]
    until(lambda: list((machine.state / "runs").iterdir()) == [])


@pytest.mark.parametrize("lose", ["removed", "cut"])
def test_a_log_that_is_lost_after_a_kill_is_told(machine: Machine, lose: str):
    before = machine.json("workspace", "start")["workspace_id"]
    kill_service(machine)
    log = machine.state / "workspace.db-wal"
    until(lambda: machine.json("workspace", "status")["running"] is False)
    if lose == "removed":
        log.unlink()
    else:
        os.truncate(log, log.stat().st_size // 2)
    looked = machine.run("doctor")

    started = machine.run("workspace", "start")

    assert "lacks what was written last" in looked.stdout
    assert "was damaged" in started.stderr
    assert running_state(machine)["workspace_id"] != before
    assert running_state(machine)["set_aside"]


AHEAD = """
import sys, time
real = time.time
time.time = lambda: real() + 7200
from scaffold.workspace import server
sys.exit(server.main())
"""
LOGS_LATER = """
import pathlib, time
from azureml.core import Run
run = Run.get_context()
print('started', flush=True)
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.02)
run.log('after', 1)
run.flush()
"""


def has_begun(machine: Machine) -> bool:
    """True once the script of the run has said so."""
    return any(b"started" in log.read_bytes() for log in machine.state.glob("runs/*/user_logs/*"))


@pytest.mark.slow
def test_a_run_goes_on_when_the_clock_was_set_back(machine: Machine, project: Project, tmp_path: Path):
    gate = tmp_path / "gate"
    earlier = subprocess.Popen([sys.executable, "-c", AHEAD], env=machine.environment, cwd=REPOSITORY)
    try:
        until(lambda: machine.run("workspace", "status").stdout.startswith("running"))
        run_id = submitted_to_older(machine, project(script=LOGS_LATER.format(gate=str(gate))))
        until(lambda: has_begun(machine))
    finally:
        earlier.kill()
        earlier.wait()
    assert machine.run("workspace", "start").returncode == 0

    gate.touch()

    assert state(machine, run_id)["status"] == "Completed"
    seen = given(machine, f"seen['metrics'] = ws.get_run({run_id!r}).get_metrics()")
    assert seen["metrics"] == {"after": 1}


def test_content_that_is_lost_is_named_and_sent_again_with_the_next_change(
    machine: Machine, project: Project
):
    folder = project()
    run_id = machine.json("submit", folder, "--follow")["run_id"]
    for file in (machine.state / "blobs").rglob("*"):
        if file.is_file():
            file.unlink()

    again = machine.run("submit", folder)
    logs = machine.run("runs", "logs", run_id)
    looked = machine.run("doctor")

    assert again.returncode == 4
    assert "The content of experiment_1.py" in again.stderr
    assert "The content of std_log.txt is missing" in two_lines(logs)[0]
    assert "Azure's support" not in again.stderr + logs.stderr
    assert "are missing from" in looked.stdout
    assert "experiment_1.py" in looked.stdout
    (folder / "Experiment_1" / "more.txt").write_text("a change")
    mended = machine.run("submit", folder, "--follow")
    assert (mended.returncode, mended.stdout) == (0, "Experiment Executed!\n"), mended.stderr


@pytest.mark.slow
def test_a_run_under_way_trusts_the_certificates_that_replace_damaged_ones(
    machine: Machine, project: Project, tmp_path: Path
):
    gate = tmp_path / "gate"
    run_id = machine.json("submit", project(script=LOGS_LATER.format(gate=str(gate))))["run_id"]
    until(lambda: has_begun(machine))
    machine.stop()
    (machine.state / "secrets" / "server.pem").write_bytes(b"nothing of the kind")

    assert machine.run("workspace", "start").returncode == 0
    gate.touch()

    assert state(machine, run_id)["status"] == "Completed"
    seen = given(machine, f"seen['metrics'] = ws.get_run({run_id!r}).get_metrics()")
    assert seen["metrics"] == {"after": 1}


@pytest.mark.parametrize("port", ["abc", "-1", "65535", "70000"])
def test_a_port_that_cannot_be_is_told(machine: Machine, port: str):
    message, hint = two_lines(machine.run("workspace", "start", env={"SCAFFOLD_PORT": port}))

    assert f"SCAFFOLD_PORT is {port!r}" in message
    assert "Correct the variable" in hint


@pytest.mark.slow
@pytest.mark.parametrize("garbage", [b"", b"[]", b"null", b'{"pid": "x"}', bytes(range(256))])
@pytest.mark.parametrize(
    "name", ["service.json", "secrets/keys.json", "secrets/ca.pem", "secrets/server.pem", "workspace.json"]
)
def test_no_command_breaks_on_what_a_state_file_holds(machine: Machine, name: str, garbage: bytes):
    assert machine.run("workspace", "start").returncode == 0
    machine.stop()

    for arguments in (
        ("workspace", "status"),
        ("workspace", "stop"),
        ("doctor",),
        ("workspace", "env"),
        ("workspace", "reset", "--yes"),
    ):
        (machine.state / name).write_bytes(garbage)
        done = machine.run(*arguments)
        assert done.returncode in (0, 4), (arguments, done.stderr)
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) <= 2 or arguments == ("doctor",), done.stderr
    (machine.state / "workspace.json").unlink(missing_ok=True)
