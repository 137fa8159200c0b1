"""Processes that import an SDK: however one ends, who waits for it hears of it."""

import os
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from scaffold.submission import process
from scaffold.submission.process import ChildProcess, TaskProcess
from tests.waiting import PATIENCE_SECONDS

ERROR = 'print(\'{"event": "error", "type": "ValueError"}\', flush=True)\n'


def started(folder: Path, code: str, kind: type[ChildProcess] = TaskProcess) -> ChildProcess:
    file = folder / "child.py"
    file.write_text(textwrap.dedent(code))
    return kind(file, os.environ, {}, lambda _: None)


def over(child: ChildProcess) -> int:
    """The exit code that it is said to have ended with; fails the test where nothing is said."""
    while (event := child.events.get(timeout=PATIENCE_SECONDS))["event"] != "over":
        pass
    return event["exit_code"]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_AFTER_ERROR_SECONDS", 0.2)
    monkeypatch.setattr(process, "_LAST_LINES_SECONDS", 0.2)


def test_one_that_dies_in_the_middle_of_a_line(tmp_path: Path):
    child = started(
        tmp_path,
        """
        import os, signal
        os.write(1, b'{"event": "sent", "run_')
        os.kill(os.getpid(), signal.SIGTERM)
        """,
    )

    assert over(child) in (-signal.SIGTERM, 1)


def test_one_whose_own_process_holds_its_streams_open(tmp_path: Path, hasty: None):
    child = started(
        tmp_path,
        f"""
        import subprocess, sys
        print(subprocess.Popen([{sys.executable!r}, "-c", "import time; time.sleep(600)"]).pid, file=sys.stderr)
        """,
    )

    assert over(child) == 0
    os.kill(int(child.lines[-1]), signal.SIGTERM)


def test_one_that_does_not_end_after_its_error(tmp_path: Path, hasty: None):
    child = started(tmp_path, f"{ERROR}import time\ntime.sleep(600)\n")

    assert over(child) != 0
    assert child.error == {"event": "error", "type": "ValueError"}


def test_one_whose_threads_outlive_its_error(tmp_path: Path, hasty: None):
    child = started(
        tmp_path,
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
        f"{ERROR}raise SystemExit(1)\n",
    )

    assert over(child) != 0


def test_one_that_is_asked_goes_on_after_an_error(tmp_path: Path, hasty: None):
    child = started(tmp_path, f"{ERROR}import time\ntime.sleep(600)\n", ChildProcess)

    assert child.events.get(timeout=PATIENCE_SECONDS)["event"] == "error"
    with pytest.raises(process.queue.Empty):
        child.events.get(timeout=1)
    child.stop()
    assert over(child) != 0


def test_one_that_sends_nothing_any_more_is_given_up(tmp_path: Path):
    child = started(
        tmp_path,
        """
        import os, time
        from scaffold.submission.child import idleness
        idleness.watch(lambda seconds: os._exit(7), patience=0.2)
        time.sleep(600)
        """,
    )

    assert over(child) == 7
