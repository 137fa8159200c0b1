"""What a process starts ends with it, however it ends: real processes, real signals."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from scaffold import tether, watchman
from tests.waiting import until

posix = pytest.mark.skipif(os.name == "nt", reason="signals and sessions are POSIX's")

# Starts one process of each kind, says who they are, and waits for what becomes of it.
PARENT = """
import os, subprocess, sys, time
from scaffold.tether import SESSION, tethered
children = {children!r}
with tethered() as tether:
    for code in children:
        process = subprocess.Popen([sys.executable, '-c', code], env=tether.mark(os.environ), **SESSION)
        tether.leads(process.pid)
    {then}
"""
SAYS = "import os, pathlib, time; pathlib.Path({folder!r}, str(os.getpid())).touch(); time.sleep(600)"
STUBBORN = "import signal\nfor number in (1, 15): signal.signal(number, signal.SIG_IGN)\n"
IN_A_SESSION = "import os; os.fork() and os._exit(0); os.setsid()\n"
FORGETFUL = (
    "import os, sys\nif os.environ: os.execve(sys.executable, [sys.executable, '-c', {code!r}], {{}})\n"
)


def alive(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where each process leaves a file of its number."""
    folder = tmp_path / "processes"
    folder.mkdir()
    yield folder
    for pid in numbers(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)


def numbers(folder: Path) -> list[int]:
    return [int(path.name) for path in folder.iterdir()]


def start(folder: Path, *children: str, then: str = "time.sleep(600)") -> "subprocess.Popen[bytes]":
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(children=children, then=then)])
    until(lambda: len(numbers(folder)) == len(children))
    return parent


def family(folder: Path) -> list[str]:
    says = SAYS.format(folder=str(folder))
    posix_alone = [STUBBORN + says, IN_A_SESSION + says, FORGETFUL.format(code=says)]
    return [says, *(posix_alone if os.name == "posix" else [])]


@pytest.mark.parametrize(
    "number",
    ["SIGKILL", "SIGTERM", "SIGHUP"] if os.name == "posix" else ["SIGTERM"],
)
def test_what_was_tethered_ends_with_a_parent_that_is_killed(folder: Path, number: str):
    parent = start(folder, *family(folder))

    parent.send_signal(getattr(signal, number))
    parent.wait()

    until(lambda: not any(map(alive, numbers(folder))))


def test_what_was_tethered_ends_with_the_block_that_an_exception_ends(folder: Path):
    parent = start(folder, *family(folder), then=f"""
    while len(os.listdir({str(folder)!r})) < {len(family(folder))}: time.sleep(0.01)
    raise SystemExit(3)
""")  # fmt: skip

    assert parent.wait() == 3
    assert not any(map(alive, numbers(folder)))


def test_what_was_released_goes_on_without_the_parent(folder: Path):
    says = SAYS.format(folder=str(folder))
    waits = f"while not os.listdir({str(folder)!r}): time.sleep(0.01)"
    parent = start(folder, says, then=waits)

    assert parent.wait() == 0
    assert all(map(alive, numbers(folder)))


@posix
def test_a_watchman_that_was_killed_is_followed_by_another(folder: Path):
    says = SAYS.format(folder=str(folder))
    go = folder.parent / "go"
    parent = start(folder, says, then=f"""
    while not os.path.exists({str(go)!r}): time.sleep(0.01)
    process = subprocess.Popen([sys.executable, '-c', {says!r}], env=tether.mark(os.environ), **SESSION)
    tether.leads(process.pid)
    time.sleep(600)
""")  # fmt: skip
    watchmen = [p for p in psutil.Process(parent.pid).children() if watchman.__file__ in p.cmdline()]
    for process in watchmen:
        process.kill()
        until(lambda process=process: not alive(process.pid))
    go.touch()
    until(lambda: len(numbers(folder)) == 2)

    parent.kill()
    parent.wait()

    assert len(watchmen) == 1
    until(lambda: not any(map(alive, numbers(folder))))


def test_nothing_of_it_stays_when_nothing_is_tethered():
    tether.run([sys.executable, "-c", "pass"])

    assert [p for p in psutil.Process().children() if watchman.__file__ in p.cmdline()] == []


def test_a_program_that_takes_too_long_is_ended_with_what_it_started(folder: Path):
    says = SAYS.format(folder=str(folder))
    starts = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {says!r}]).wait()"

    with pytest.raises(subprocess.TimeoutExpired):
        tether.run([sys.executable, "-c", starts], timeout=1.0)

    assert not any(map(alive, numbers(folder)))


@posix
def test_a_session_whose_number_is_anothers_by_now_is_left_alone(folder: Path):
    other = subprocess.Popen([sys.executable, "-c", SAYS.format(folder=str(folder))], start_new_session=True)
    until(lambda: numbers(folder))

    # Told of a session of that number long before this process had it.
    assert watchman.end({"nobody": {other.pid: 1.0}}) == []

    assert alive(other.pid)
    other.kill()
    other.wait()
