"""The state folder under fire: damaged, written by another version, and a service of another version that runs."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.conftest import REPOSITORY, Machine, Project
from tests.sdk.calls import given
from tests.sdk.fire import WAITS_FOR_GATE, running_state, state
from tests.waiting import until
from tests.workspace.client import Workspace


def test_a_damaged_database_is_set_aside_and_said_and_the_project_goes_on(machine: Machine, project: Project):
    folder = project()
    assert machine.run("submit", folder, "--follow").returncode == 0
    before = running_state(machine)
    machine.stop()
    (machine.state / "workspace.db").write_bytes(b"not a database" * 1000)

    again = machine.run("submit", folder, "--follow")

    assert (again.returncode, again.stdout) == (0, "Experiment Executed!\n"), again.stderr
    (told,) = [line for line in again.stderr.splitlines() if "damaged" in line]
    after = running_state(machine)
    aside = Path(after["set_aside"]["folder"])
    page = Workspace(machine.state).own_page("/").body.decode()
    assert "was damaged" in page and str(aside) in page
    assert str(aside) in told
    assert (aside / "workspace.db").read_bytes() == b"not a database" * 1000
    assert list((aside / "blobs").rglob("*/*"))
    assert after["workspace_id"] != before["workspace_id"]
    assert after["runs"] == {"Completed": 1}
    shown = machine.run("workspace", "status")
    assert str(aside) in shown.stdout
    assert "damaged" not in shown.stderr  # that was said once


@pytest.mark.slow
def test_damage_that_a_request_meets_is_told_in_two_lines_and_set_aside_by_the_next_command(
    machine: Machine, project: Project, tmp_path: Path
):
    run = machine.json("submit", project(script=WAITS_FOR_GATE.format(gate=str(tmp_path / "never"))))
    until(lambda: running_state(machine)["runs"] == {"Running": 1})
    tree = psutil.Process(running_state(machine)["pid"]).children(recursive=True)
    machine.stop()
    with closing(sqlite3.connect(machine.state / "workspace.db")) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'computes'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with (machine.state / "workspace.db").open("r+b") as stream:
        stream.seek((page - 1) * size)
        stream.write(b"\xa5" * size)
    assert machine.run("workspace", "start").returncode == 0  # nothing reads that page at a start
    service = psutil.Process(running_state(machine)["pid"])

    seen = given(machine, "seen['met'] = failure(lambda: ws.compute_targets)")

    assert "database is damaged" in seen["met"]
    psutil.wait_procs([service], timeout=60)
    done = machine.run("runs", "cancel", run["run_id"])
    assert done.returncode == 4
    assert done.stderr.splitlines()[0].startswith("  ! The local workspace's database was damaged")
    assert f"There is no run {run['run_id']!r}" in done.stderr.splitlines()[1]
    assert running_state(machine)["runs"] == {}
    # Nobody would ever know of it again.
    assert [process for process in tree if process.is_running()] == []


@pytest.mark.slow
def test_a_reset_ends_what_is_under_way(machine: Machine, project: Project, tmp_path: Path):
    machine.json("submit", project(script=WAITS_FOR_GATE.format(gate=str(tmp_path / "never"))))
    until(lambda: running_state(machine)["runs"] == {"Running": 1})
    tree = psutil.Process(running_state(machine)["pid"]).children(recursive=True)

    assert machine.run("workspace", "reset", "--yes").returncode == 0

    assert [process for process in tree if process.is_running()] == []
    assert machine.json("workspace", "start")["set_aside"] is None


def test_a_state_of_a_newer_version_is_refused_in_two_lines_and_left_alone(machine: Machine):
    assert machine.run("workspace", "start").returncode == 0
    machine.stop()
    with closing(sqlite3.connect(machine.state / "workspace.db")) as connection:
        connection.execute("PRAGMA user_version = 999")

    refused = machine.run("workspace", "start")

    assert refused.returncode == 4
    message, hint = refused.stderr.splitlines()
    assert "newer version of scaffold" in message
    assert "schema 999" in message
    assert "SCAFFOLD_HOME" in hint
    with closing(sqlite3.connect(machine.state / "workspace.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 999


def test_a_state_that_the_first_version_wrote_is_read_through_the_sdk(machine: Machine):
    machine.state.mkdir(mode=0o700)
    write_first_state(machine.state / "workspace.db")

    seen = given(
        machine,
        """
        run = ws.get_run('old-run')
        seen['run'] = [run.get_status(), run.get_metrics(), run.get_tags(), run.experiment.name]
        seen['experiments'] = list(ws.experiments)
        """,
    )

    assert seen["run"] == ["Completed", {"loss": 0.5}, {"t": "v"}, "first"]
    assert seen["experiments"] == ["first"]
    assert running_state(machine)["workspace_id"] == "11111111-2222-3333-4444-555555555555"


def write_first_state(path: Path) -> None:
    from scaffold.workspace.store.migrations import MIGRATIONS

    at = "2026-01-02T03:04:05.000006+00:00"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(
            f"""
            PRAGMA journal_mode=WAL; {MIGRATIONS[0]} PRAGMA user_version=1;
            INSERT INTO meta VALUES
                ('workspace_id', '11111111-2222-3333-4444-555555555555'), ('created', '{at}');
            INSERT INTO experiments (experiment_id, name, created)
                VALUES ('21111111-2222-3333-4444-555555555555', 'first', '{at}');
            INSERT INTO runs (run_id, number, uuid, experiment_id, root_run_id, status, created, tags)
                VALUES ('old-run', 1, 'u1', '21111111-2222-3333-4444-555555555555', 'old-run', 'Completed',
                        '{at}', '{{"t": "v"}}');
            INSERT INTO metrics (run_id, name, metric_id, created, kind, columns, data)
                VALUES ('old-run', 'loss', 'm', '{at}', 'azureml.v1.scalar', '{{"loss": "Double"}}',
                        '{{"loss": 0.5}}');
            """
        )


@pytest.mark.slow
def test_a_service_of_another_version_is_replaced_while_its_run_goes_on(
    machine: Machine, project: Project, tmp_path: Path
):
    program = "import sys, scaffold; scaffold.__version__ = '0.0.1'; from scaffold.workspace import server; "
    older = subprocess.Popen(
        [sys.executable, "-c", program + "sys.exit(server.main())"], env=machine.environment, cwd=REPOSITORY
    )
    try:
        record = machine.state / "service.json"
        until(lambda: record.exists() and json.loads(record.read_bytes()).get("version") == "0.0.1")
        ports = json.loads(record.read_bytes())
        gate = tmp_path / "gate"
        run_id = submitted_to_older(machine, project(script=WAITS_FOR_GATE.format(gate=str(gate))))
        assert running_state(machine)["version"] == "0.0.1"

        assert machine.run("workspace", "start").returncode == 0

        assert older.wait(60) == 0
        now = running_state(machine)
        assert now["version"] != "0.0.1"
        assert now["runs"] == {"Running": 1}
        after = json.loads(record.read_bytes())
        assert (after["https_port"], after["http_port"]) == (ports["https_port"], ports["http_port"])
        gate.touch()
        assert state(machine, run_id)["log"] == "started\nended\n"
    finally:
        older.kill()
        older.wait()


def submitted_to_older(machine: Machine, folder: Path) -> str:
    """Submits a project by its own script, with the variables that the service's own version gives."""
    code = (
        "import json, os, sys\n"
        "from scaffold.workspace import client\nfrom scaffold.workspace.paths import Home\n"
        "home = Home.default()\n"
        "port = json.loads(home.service_record.read_bytes())['https_port']\n"
        "print(json.dumps(client.variables(home, port, environment=os.environ)))\n"
    )
    asked = subprocess.run(
        [sys.executable, "-c", code], env=machine.environment, capture_output=True, text=True, check=True
    )
    done = subprocess.run(
        [sys.executable, "run_experiment.py"],
        cwd=folder,
        env=machine.environment | json.loads(asked.stdout),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    until(lambda: running_state(machine)["runs"] == {"Running": 1})
    return done.stdout.strip().splitlines()[-1].split("/runs/")[1].split("?")[0]
