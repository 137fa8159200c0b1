"""Many at once, and the service killed in the middle: nothing acknowledged is lost, and fates are told truthfully."""

import json
import os
import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.conftest import RUN_EXPERIMENT, Machine, Project
from tests.sdk.fire import WAITS_FOR_GATE, kill_service, running_state, state
from tests.waiting import until
from tests.workspace.client import Workspace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed with POSIX signals")


@pytest.mark.slow
def test_ten_runs_of_one_project_and_two_projects_at_the_same_time(machine: Machine, project: Project):
    script = "import sys, pathlib\nname = pathlib.Path('who.txt').read_text()\nprint('I am', name)\n"
    one, other = (project(name, script=script, **{"Experiment_1/who.txt": name}) for name in ("one", "other"))
    assert machine.run("workspace", "start").returncode == 0

    with ThreadPoolExecutor(12) as pool:
        submissions = [
            (name, pool.submit(machine.run, "submit", folder, "--follow", "--json"))
            for name, folder in [("one", one)] * 10 + [("other", other)] * 2
        ]
        ended = [(name, future.result()) for name, future in submissions]

    documents = [(name, json.loads(done.stdout)) for name, done in ended if done.returncode == 0]
    assert [done.stderr for _, done in ended if done.returncode] == []
    assert {document["status"] for _, document in documents} == {"Completed"}
    assert len({document["run_id"] for _, document in documents}) == 12
    for name, done in ended:
        assert f"I am {name}\n" in done.stderr
    assert running_state(machine)["runs"] == {"Completed": 12}


def test_the_service_is_killed_while_a_run_is_under_way(machine: Machine, project: Project, tmp_path: Path):
    gate = tmp_path / "gate"
    run = machine.json("submit", project(script=WAITS_FOR_GATE.format(gate=str(gate))))
    until(lambda: running_state(machine)["runs"] == {"Running": 1})

    kill_service(machine)
    gate.touch()

    after = state(machine, run["run_id"])
    assert after["status"] == "Completed"
    assert after["log"] == "started\nended\n"
    assert "outputs/result.txt" in after["files"]


def test_one_who_follows_does_not_lose_a_line_when_the_service_is_killed(
    machine: Machine, project: Project, tmp_path: Path
):
    gate = tmp_path / "gate"
    folder = project(script=WAITS_FOR_GATE.format(gate=str(gate)))
    process = machine.popen("submit", folder, "--follow", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == "started\n"

    kill_service(machine)
    gate.touch()
    rest, said = process.communicate(timeout=120)

    assert rest == "ended\n"
    assert process.returncode == 0, said


@pytest.mark.slow
def test_the_service_is_killed_while_the_submitting_script_goes_on(
    machine: Machine, project: Project, tmp_path: Path
):
    gate = tmp_path / "gate"
    waits = f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.02)\n"
    folder = project(**{"run_experiment.py": RUN_EXPERIMENT + waits})
    process = machine.popen("submit", folder, "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until(lambda: running_state(machine)["running"] and running_state(machine)["runs"] == {"Completed": 1})

    kill_service(machine)
    gate.touch()
    out, said = process.communicate(timeout=120)

    assert process.returncode == 0, said
    assert len(json.loads(out)["runs"]) == 1
    assert running_state(machine)["runs"] == {"Completed": 1}


@pytest.mark.slow
def test_everything_is_killed(machine: Machine, project: Project, tmp_path: Path):
    run = machine.json("submit", project(script=WAITS_FOR_GATE.format(gate=str(tmp_path / "never"))))
    Workspace(machine.state).wait_for_output(run["run_id"])
    service = psutil.Process(running_state(machine)["pid"])

    everything = [service, *service.children(recursive=True)]
    assert len(everything) == 4  # the service, the supervisor with its watchman, the script
    for process in everything:
        process.kill()

    after = state(machine, run["run_id"])
    assert after["status"] == "Failed"
    assert "was lost" in after["error"]["error"]["message"]
    assert after["log"] == "started\n"


@pytest.mark.slow
def test_the_service_is_killed_while_runs_are_waiting(machine: Machine, project: Project, tmp_path: Path):
    machine.environment["SCAFFOLD_WIDTH"] = "1"
    gate = tmp_path / "gate"
    first = machine.json("submit", project("first", script=WAITS_FOR_GATE.format(gate=str(gate))))
    second = machine.json("submit", project("second", script="print('my turn')\n"))
    until(lambda: running_state(machine)["runs"] == {"Running": 1, "Queued": 1})

    kill_service(machine)
    gate.touch()

    assert state(machine, first["run_id"])["log"] == "started\nended\n"
    after = state(machine, second["run_id"])
    assert (after["status"], after["log"]) == ("Completed", "my turn\n")


@pytest.mark.slow
def test_a_run_that_waits_is_canceled_before_it_starts(machine: Machine, project: Project, tmp_path: Path):
    machine.environment["SCAFFOLD_WIDTH"] = "1"
    gate = tmp_path / "gate"
    first = machine.json("submit", project("first", script=WAITS_FOR_GATE.format(gate=str(gate))))
    second = machine.json("submit", project("second", script="print('never')\n"))
    until(lambda: running_state(machine)["runs"] == {"Running": 1, "Queued": 1})

    assert machine.run("runs", "cancel", second["run_id"]).returncode == 0
    gate.touch()

    assert state(machine, second["run_id"]) | {"files": []} == {
        "status": "Canceled",
        "log": None,
        "error": None,
        "files": [],
    }
    assert state(machine, first["run_id"])["status"] == "Completed"


def test_canceling_ends_the_whole_process_tree(machine: Machine, project: Project, tmp_path: Path):
    pids = tmp_path / "pids"
    script = f"""
import os, pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
stubborn = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)'
child = subprocess.Popen([sys.executable, '-c', stubborn], start_new_session=True)
pathlib.Path({str(pids)!r}).write_text(f'{{os.getpid()}} {{child.pid}}')
time.sleep(600)
"""
    run = machine.json("submit", project(script=script))
    processes = [
        psutil.Process(int(pid)) for pid in until(lambda: pids.exists() and pids.read_text()).split()
    ]

    assert machine.run("runs", "cancel", run["run_id"]).returncode == 0

    until(lambda: running_state(machine)["runs"] == {"Canceled": 1})
    assert [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.slow
def test_a_stopped_workspace_goes_on_where_it_was(machine: Machine, project: Project, tmp_path: Path):
    gate = tmp_path / "gate"
    run = machine.json("submit", project(script=WAITS_FOR_GATE.format(gate=str(gate))))
    before = running_state(machine)

    assert machine.run("workspace", "stop").returncode == 0
    assert machine.json("workspace", "status")["running"] is False
    gate.touch()

    assert state(machine, run["run_id"])["log"] == "started\nended\n"
    after = running_state(machine)
    assert after["workspace_id"] == before["workspace_id"]
    assert after["portal"] != before["portal"]
    assert after["pid"] != before["pid"]


@pytest.mark.slow
def test_a_reset_workspace_takes_a_project_that_was_submitted_before(machine: Machine, project: Project):
    folder = project()
    assert machine.run("submit", folder, "--follow").returncode == 0

    reset = machine.json("workspace", "reset", "--yes")
    again = machine.run("submit", folder, "--follow")

    assert (Path(reset["set_aside"]) / "workspace.db").exists()
    assert (again.returncode, again.stdout) == (0, "Experiment Executed!\n"), again.stderr
    assert running_state(machine)["runs"] == {"Completed": 1}


@pytest.mark.slow
def test_runs_survive_a_service_that_is_killed_again_and_again(machine: Machine, project: Project):
    """Killed at moments of all kinds: while runs are prepared, laid out, started, running and finalized."""
    script = (
        "import pathlib, time\n"
        "for step in range(20):\n    print('step', step, flush=True)\n    time.sleep(0.1)\n"
        "pathlib.Path('outputs', 'result.txt').write_text('kept' * 100_000)\n"
    )
    runs = [machine.json("submit", project(f"p{number}", script=script))["run_id"] for number in range(4)]

    moments = random.Random(20261124)
    for _ in range(12):
        assert machine.run("workspace", "start").returncode == 0
        time.sleep(moments.uniform(0.0, 0.8))
        kill_service(machine)

    for run_id in runs:
        after = state(machine, run_id)
        assert (after["status"], after["error"]) == ("Completed", None)
        assert after["log"] == "".join(f"step {step}\n" for step in range(20))
        assert "outputs/result.txt" in after["files"]
    assert running_state(machine)["runs"] == {"Completed": 4}
