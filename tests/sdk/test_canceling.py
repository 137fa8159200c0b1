"""A run is canceled while its snapshot is restored, and while what it has left is kept.

The service is held at that moment: a hook of Python's own in its process waits for a file of the test's, and changes
nothing else.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Machine
from tests.sdk.calls import given
from tests.waiting import until

_SERVICE = """
import os, sys, time

event, end, folder = sys.argv[1:]

def hold(told, arguments):
    if told == event and any(isinstance(a, (str, os.PathLike)) and os.fspath(a).endswith(end) for a in arguments):
        os.close(os.open(os.path.join(folder, 'held'), os.O_CREAT | os.O_WRONLY))
        while not os.path.exists(os.path.join(folder, 'go on')):
            time.sleep(0.01)

sys.addaudithook(hold)
from scaffold.workspace import server
sys.argv = sys.argv[:1]
sys.exit(server.main())
"""

Hold = Callable[[str, str], None]


@pytest.fixture
def hold(machine: Machine, tmp_path: Path) -> Iterator[Hold]:
    """Starts the workspace so that it stays where an event of Python's comes for a file whose path ends so."""
    started: list[subprocess.Popen[bytes]] = []

    def start(event: str, end: str) -> None:
        program = [sys.executable, "-c", _SERVICE, event, end, str(tmp_path)]
        started.append(subprocess.Popen(program, env=machine.environment, cwd=REPOSITORY))
        until(lambda: machine.json("workspace", "status")["running"])

    yield start
    (tmp_path / "go on").touch()
    machine.stop()
    for process in started:
        process.wait(60)


def canceled(machine: Machine, folder: Path, script: str) -> dict:
    """What became of a run that is canceled where the workspace is held."""
    return given(
        machine,
        f"""
        os.makedirs('source')
        open('source/zlast.txt', 'w').write('the last file of the snapshot')
        run = submit(Experiment(ws, 'canceled'), {script!r})
        while not os.path.exists('held'):
            time.sleep(0.02)
        seen['held'] = run.get_status()
        run.cancel()
        seen['asked'] = run.get_status()
        open('go on', 'w').close()
        while run.get_status() not in ('Canceled', 'Completed', 'Failed'):
            time.sleep(0.05)
        details = run.get_details_with_logs()
        seen['end'] = details['status']
        seen['log'] = details['logFiles'].get('user_logs/std_log.txt')
        seen['files'] = [name for name in run.get_file_names() if name.startswith('outputs/')]
        """,
        cwd=folder,
    )


def test_a_run_is_canceled_while_its_snapshot_is_restored(machine: Machine, hold: Hold, tmp_path: Path):
    hold("shutil.copyfile", "train.py")
    ran = tmp_path / "ran"

    seen = canceled(machine, tmp_path, f"open({str(ran)!r}, 'w')")

    assert seen == {
        "held": "Starting",
        "asked": "CancelRequested",
        "end": "Canceled",
        "log": None,
        "files": [],
    }
    assert not ran.exists()
    until(lambda: not list((machine.state / "runs").iterdir()))


def test_a_run_is_canceled_while_what_it_has_left_is_kept(machine: Machine, hold: Hold, tmp_path: Path):
    """What is being kept at that moment is, and the log; nothing more is wanted."""
    hold("open", str(Path("outputs", "first.txt")))
    script = "print('done')\nfor name in ('first', 'second', 'third'): open(f'outputs/{name}.txt', 'w').write(name)"

    seen = canceled(machine, tmp_path, script)

    assert seen == {
        "held": "Finalizing",
        "asked": "CancelRequested",
        "end": "Canceled",
        "log": "done\n",
        "files": ["outputs/first.txt"],
    }
    until(lambda: not list((machine.state / "runs").iterdir()))
