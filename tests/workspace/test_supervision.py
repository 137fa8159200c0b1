"""A run is over when its processes are, whatever was killed, removed or written meanwhile; and it is told why."""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import Machine
from tests.waiting import until
from tests.workspace.client import Workspace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed with POSIX signals")

# Leaves the folder of the run, and has children of all kinds; each says who it is in a file of that name.
FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.chdir('/')
def say(): open(os.path.join({where!r}, str(os.getpid())), 'w').close()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        say()
        time.sleep(600)
    os._exit(0)
if os.fork() == 0:
    say()
    time.sleep(600)
say()
print('here', flush=True)
time.sleep(600)
"""


@pytest.fixture
def one_place(machine: Machine) -> Machine:
    """A machine on which one run executes at a time, so that one that never ends keeps all others waiting."""
    machine.environment["SCAFFOLD_WIDTH"] = "1"
    assert machine.run("workspace", "start").returncode == 0
    return machine


@pytest.fixture
def where(tmp_path: Path) -> Iterator[Path]:
    where = tmp_path / "where"
    where.mkdir()
    yield where
    for pid in pids(where):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def pids(where: Path) -> list[int]:
    return [int(path.name) for path in where.iterdir()]


def left(where: Path) -> list[int]:
    """The processes of the family that live."""
    living = []
    for pid in pids(where):
        with contextlib.suppress(psutil.Error):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                living.append(pid)
    return living


def family(workspace: Workspace, where: Path) -> str:
    run_id = workspace.accepted(FAMILY.format(where=str(where)))
    until(lambda: len(pids(where)) == 3)
    until(lambda: workspace.control("GET", f"/runs/{run_id}").json()["status"] == "Running")
    return run_id


def service(machine: Machine) -> psutil.Process:
    return psutil.Process(machine.json("workspace", "status")["pid"])


def supervisors(machine: Machine) -> list[psutil.Process]:
    """The supervisors of the machine's runs."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.cmdline())
            if "supervisor.py" in line and str(machine.state) in line:
                found.append(process)
    return found


def restarted(machine: Machine) -> Workspace:
    assert machine.run("workspace", "start").returncode == 0
    return Workspace(machine.state)


def test_a_run_whose_supervisor_is_killed_is_over_with_its_processes(one_place: Machine, where: Path):
    workspace = Workspace(one_place.state)
    run_id = family(workspace, where)

    (supervisor,) = supervisors(one_place)
    supervisor.kill()
    state = workspace.wait(run_id)

    assert left(where) == []
    assert state["status"] == "Failed"
    assert "ended without saying how the run did" in state["error"]
    assert workspace.wait(workspace.accepted())["status"] == "Completed"


@pytest.mark.parametrize("victims", ["service and supervisor", "everybody who looks after it"])
def test_what_was_killed_with_the_service_is_over_once_the_next_says_so(
    one_place: Machine, where: Path, victims: str
):
    run_id = family(Workspace(one_place.state), where)

    (supervisor,) = supervisors(one_place)
    watchmen = [child for child in supervisor.children() if "watchman.py" in " ".join(child.cmdline())]
    killed = [service(one_place), *(watchmen if "everybody" in victims else []), supervisor]
    for process in killed:
        process.suspend()
    for process in killed:
        process.kill()
    workspace = restarted(one_place)
    state = workspace.wait(run_id)

    assert left(where) == []
    assert (state["status"], "was lost" in state["error"]) == ("Failed", True)
    assert workspace.wait(workspace.accepted())["status"] == "Completed"


def test_a_run_goes_on_under_a_home_that_has_two_names(one_place: Machine, tmp_path: Path):
    link = tmp_path / "link"
    link.symlink_to(one_place.state, target_is_directory=True)
    gate = tmp_path / "gate"
    waits = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.02)\nprint('went on')"
    workspace = Workspace(one_place.state)
    run_id = workspace.accepted(waits)
    until(lambda: supervisors(one_place))

    one_place.environment["SCAFFOLD_HOME"] = str(link)
    pid = service(one_place).pid
    service(one_place).kill()
    workspace = restarted(one_place)
    state = workspace.control("GET", f"/runs/{run_id}").json()
    gate.touch()

    assert service(one_place).pid != pid
    assert state["status"] in ("Starting", "Running")
    assert workspace.wait(run_id)["status"] == "Completed"
    assert workspace.log(run_id) == b"went on\n"


def removed(machine: Machine, which: str) -> None:
    folders = {
        "the runs": ["runs"],
        "the run's": ["runs/*"],
        "the records": ["supervision"],
        "both": ["runs", "supervision"],
    }
    for pattern in folders[which]:
        for folder in machine.state.glob(pattern):
            shutil.rmtree(folder)


@pytest.mark.parametrize("which", ["the runs", "the run's", "the records", "both"])
def test_a_run_whose_folder_is_removed_fails_with_that_reason(one_place: Machine, where: Path, which: str):
    workspace = Workspace(one_place.state)
    run_id = family(workspace, where)

    removed(one_place, which)
    state = workspace.wait(run_id)

    assert left(where) == []
    assert (state["status"], "folder was removed" in state["error"]) == ("Failed", True)
    assert workspace.wait(workspace.accepted())["status"] == "Completed"


@pytest.mark.parametrize("which", ["the runs", "both"])
def test_so_does_one_whose_folder_is_removed_while_no_service_runs(
    one_place: Machine, where: Path, which: str
):
    run_id = family(Workspace(one_place.state), where)
    service(one_place).kill()

    removed(one_place, which)
    until(lambda: not supervisors(one_place))
    shutil.rmtree(one_place.state / "supervision", ignore_errors=True)  # not even what it wrote down then
    workspace = restarted(one_place)
    state = workspace.wait(run_id)

    assert left(where) == []
    assert (state["status"], "folder was removed" in state["error"]) == ("Failed", True)
    assert workspace.wait(workspace.accepted())["status"] == "Completed"


def test_one_that_is_canceled_when_its_folder_is_gone_is_over(one_place: Machine, where: Path):
    workspace = Workspace(one_place.state)
    run_id = family(workspace, where)
    (supervisor,) = supervisors(one_place)
    supervisor.suspend()  # so that it sees nothing before it was canceled

    removed(one_place, "both")
    assert workspace.control("POST", f"/runs/{run_id}/cancel").status < 300
    supervisor.resume()

    assert workspace.wait(run_id)["status"] == "Canceled"
    assert left(where) == []


# What a script does that has found its supervisor's records, which nobody tells it of.
FINDS = """
import glob, json, os, shutil, signal, time
(records,) = [path for path in glob.glob('../../../supervision/*') if os.getcwd().split('/')[-2] in path]
path = os.path.join(records, 'exit.json')
while not os.path.exists(os.path.join(records, 'started.json')): time.sleep(0.01)
def lie(**changes):
    told = dict(exit_code=1, reason='exited', at='2026-11-24T10:00:00+00:00', message=None, log=None)
    open(path, 'w').write(json.dumps(told | changes))
"""
KILLS = "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(600)\n"


@pytest.mark.parametrize(
    "code",
    [
        "os.mkdir(path)\n" + KILLS,
        "open(path, 'wb').write(bytes(range(256)) * 100)\n" + KILLS,
        "open(path, 'w').write('[' * 100000)\n" + KILLS,
        "os.mkfifo(path)\n" + KILLS,
        "os.symlink('/dev/zero', path)\n" + KILLS,
        "os.symlink({secret!r}, path)\n" + KILLS,
        "lie(log={secret!r})\n" + KILLS,
        "lie(log='../../../' + {secret!r})\n" + KILLS,
        "lie(reason='Completed', exit_code=0)\n" + KILLS,
        "os.remove('../user_logs/std_log.txt'); os.symlink({secret!r}, '../user_logs/std_log.txt')\n"
        "lie(log=os.path.realpath('../user_logs') + '/std_log.txt')\n" + KILLS,
        "os.remove('../user_logs/std_log.txt'); os.symlink({secret!r}, '../user_logs/std_log.txt')\nos._exit(3)",
        "shutil.rmtree('../user_logs'); os.symlink(os.path.dirname({secret!r}), '../user_logs')\nos._exit(3)",
        "os.mkdir(path)\nos._exit(3)",
        "os.mkdir(os.path.join(records, 'exit.tmp'))\nos._exit(3)",
        "shutil.rmtree(records)\nos._exit(3)",
        "os.remove(os.path.join(records, 'started.json')); os.mkdir(os.path.join(records, 'started.json'))\n"
        + KILLS,
    ],
    ids=lambda code: code.partition("\n")[0][:60],
)
def test_what_a_script_writes_in_its_supervisors_place_is_not_believed(
    workspace: Workspace, tmp_path: Path, code: str
):
    secret = tmp_path / "std_log.txt"
    secret.write_text("what the run has no business to show")

    state = workspace.wait(workspace.accepted(FINDS + code.replace("{secret!r}", repr(str(secret)))))

    assert (state["status"], bool(state["error"])) == ("Failed", True)
    assert "no business" not in state["error"]
    run = f"ExperimentRun/dcid.{state['run_id']}"
    for entry in workspace.get(f"/artifact/v2.0{{S}}/artifacts/{run}").json()["value"]:
        assert b"no business" not in workspace.artifact(state["run_id"], entry["path"])
    assert b"no business" not in workspace.own_page(f"/runs/{state['run_id']}").body
    assert b"no business" not in workspace.control("GET", f"/runs/{state['run_id']}/log?wait=0").body


def test_a_log_that_became_a_link_is_not_shown_while_the_run_goes_on(workspace: Workspace, tmp_path: Path):
    secret = tmp_path / "std_log.txt"
    secret.write_text("what the run has no business to show")
    run_id = workspace.accepted(
        "import os, time\nprint('here', flush=True)\nlog = '../user_logs/std_log.txt'\nos.remove(log)\n"
        f"os.symlink({str(secret)!r}, log)\nopen({str(tmp_path / 'done')!r}, 'w').close()\ntime.sleep(600)"
    )
    until((tmp_path / "done").exists)

    shown = [
        workspace.own_page(f"/runs/{run_id}").body,
        workspace.control("GET", f"/runs/{run_id}/log?wait=0").body,
    ]
    workspace.control("POST", f"/runs/{run_id}/cancel")
    workspace.wait(run_id)

    assert not any(b"no business" in body for body in shown)


SECRETS = {
    "AZURE_CLIENT_SECRET": "s-1", "AWS_SECRET_ACCESS_KEY": "s-2", "AWS_SESSION_TOKEN": "s-3", "GITHUB_TOKEN": "s-4",
    "GH_TOKEN": "s-5", "HF_TOKEN": "s-6", "WANDB_API_KEY": "s-7", "DATABASE_URL": "s-8", "MY_OWN_SETTING": "s-9",
    "UV_PUBLISH_TOKEN": "s-10", "PIP_INDEX_URL": "https://s-11@example.invalid/simple", "CONDA_TOKEN": "s-12",
    "PYTHONSTARTUP": "s-13", "OMP_SECRET": "s-14", "LD_PRELOAD": "", "SSH_AUTH_SOCK": "s-15",
}  # fmt: skip


def test_no_secret_of_the_shell_that_started_the_service_reaches_a_run(machine: Machine):
    started = machine.run(
        "workspace", "start", env=SECRETS | {"OMP_NUM_THREADS": "3", "https_proxy": "http://p"}
    )
    assert started.returncode == 0, started.stderr
    workspace = Workspace(machine.state)

    run_id = workspace.accepted(
        "import json, os\nprint(json.dumps(dict(os.environ)))",
        environmentVariables={"GITHUB_TOKEN": "asked for"},
    )
    assert workspace.wait(run_id)["status"] == "Completed"
    seen = workspace.log(run_id).decode()
    kept = service(machine).environ()

    assert [name for name, value in SECRETS.items() if value and f'"{value}"' in seen] == []
    for wanted in (
        '"OMP_NUM_THREADS": "3"',
        '"https_proxy": "http://p"',
        '"GITHUB_TOKEN": "asked for"',
        '"PATH"',
        '"HOME"',
    ):
        assert wanted in seen
    assert {"AZURE_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "MY_OWN_SETTING"}.isdisjoint(kept)
    assert kept["PIP_INDEX_URL"] == SECRETS["PIP_INDEX_URL"]  # builds need it
    if sys.platform == "linux":
        for process in service(machine).children(recursive=True):
            assert "AZURE_CLIENT_SECRET" not in process.environ()
