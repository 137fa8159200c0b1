"""The process beside a run's process, as the engine starts it: a real one, with real programs."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from scaffold.workspace.engine import supervisor
from tests.waiting import PATIENCE_SECONDS, until

posix = pytest.mark.skipif(os.name == "nt", reason="signals and sessions are POSIX's")


class Job:
    """One run's folder with its supervisor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        self.log = folder / "std_log.txt"

    def start(self, *argv: str, **changes: Any) -> "subprocess.Popen[bytes]":
        job = {
            "argv": list(argv),
            "cwd": str(self.work),
            "environment": dict(os.environ),
            "processes": [{"log": str(self.log), "environment": {}, "essential": True}],
            "limit_seconds": None,
            **changes,
        }
        (self.folder / "job.json").write_text(json.dumps(job))
        return subprocess.Popen(
            [sys.executable, "-I", supervisor.__file__, str(self.folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, script: str, **changes: Any) -> dict[str, Any]:
        """Runs a Python script to its end and returns what was written down of it."""
        return self.end(self.start(sys.executable, "-c", script, **changes))

    def end(self, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0
        record: dict[str, Any] = json.loads((self.folder / "exit.json").read_bytes())
        return record

    def printed(self, count: int) -> list[int]:
        """The numbers that the run has printed, once there are so many."""
        until(lambda: len(self.log.read_bytes().split()) >= count if self.log.exists() else False)
        return [int(word) for word in self.log.read_bytes().split()]


def alive(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "run")


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_the_exit_code_of_the_program_is_written_down(job: Job, code: int):
    record = job.run(f"import sys; print('here'); sys.exit({code})")

    assert (record["reason"], record["exit_code"]) == ("exited", code)
    assert job.log.read_text() == "here\n"
    started = json.loads((job.folder / "started.json").read_bytes())
    (pid,) = started["pids"]
    assert pid != started["supervisor"]
    assert started["at"] <= record["at"]


@posix
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV], ids=lambda s: s.name)
def test_a_program_that_was_killed_has_the_negative_number_of_the_signal(job: Job, number: signal.Signals):
    record = job.run(f"import os; os.kill(os.getpid(), {int(number)})")

    assert (record["reason"], record["exit_code"]) == ("exited", -number)


def test_standard_error_comes_into_the_same_log_in_order(job: Job):
    job.run(
        "import sys\nfor i in range(3):\n"
        "  print('out', i, flush=True)\n  print('err', i, file=sys.stderr, flush=True)"
    )

    assert job.log.read_text().splitlines() == ["out 0", "err 0", "out 1", "err 1", "out 2", "err 2"]


def test_five_megabytes_of_output_arrive_intact(job: Job):
    line, count = b"0123456789" * 10 + b"\n", 52_000

    job.run(f"import sys\nfor _ in range({count}): sys.stdout.buffer.write({line!r})")

    assert hashlib.sha256(job.log.read_bytes()).digest() == hashlib.sha256(line * count).digest()


def test_standard_input_is_empty_whatever_the_supervisors_own_is(job: Job):
    job.run("import sys; print(repr(sys.stdin.read()))")

    assert job.log.read_text() == "''\n"


def test_the_program_has_the_folder_and_the_variables_of_its_job_and_no_others(job: Job):
    environment = {"ONLY": "größe", "PYTHONIOENCODING": "utf-8"}
    if os.name == "nt":
        environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]

    job.run(
        "import os; print(os.getcwd(), os.environ['ONLY'], 'HOME' in os.environ)", environment=environment
    )

    assert job.log.read_text(encoding="utf-8").split() == [str(job.work), "größe", "False"]


@pytest.mark.parametrize(
    "changes",
    [
        {"argv": ["no-such-program-anywhere"]},
        {"cwd": "/no/such/folder"},
        {"argv": [sys.executable, "-c", "pass", "a\0b"]},
        {"environment": {"A=B": "1"}},
        {"environment": {"A": "a\0b"}},
    ],
    ids=["program", "folder", "argument", "name of a variable", "value of a variable"],
)
def test_what_cannot_be_started_is_written_down_with_the_reason(job: Job, changes: dict[str, Any]):
    process = job.start(sys.executable, "-c", "pass", **changes)
    process.communicate(timeout=PATIENCE_SECONDS)

    assert (job.folder / "exit.json").exists(), "nothing tells why there was no run"
    record = json.loads((job.folder / "exit.json").read_bytes())
    assert (record["reason"], record["exit_code"]) == ("not-started", None)
    assert record["message"]
    assert not (job.folder / "started.json").exists()


def test_a_time_limit_ends_the_program(job: Job):
    record = job.run("import time\nwhile True: time.sleep(1)", limit_seconds=0.2)

    assert record["reason"] == "timeout"
    assert record["seconds"] >= 0.2  # by a clock that nobody sets


@posix
def test_a_program_that_was_ended_is_never_said_to_have_exited_with_zero(tmp_path: Path):
    jobs = [Job(tmp_path / str(number)) for number in range(8)]
    script = "import time\nwhile True: time.sleep(1)"
    processes = [job.start(sys.executable, "-c", script, limit_seconds=0.1) for job in jobs]

    codes = [job.end(process)["exit_code"] for job, process in zip(jobs, processes, strict=True)]

    assert codes == [-signal.SIGTERM] * len(jobs)


def test_a_program_within_its_time_limit_is_left_alone(job: Job):
    assert job.run("print(1)", limit_seconds=PATIENCE_SECONDS)["reason"] == "exited"


# Each prints its process id; the first ends when asked to, the others do not.
_GRANDCHILD = "import os, signal, time; print(os.getpid(), flush=True); time.sleep(600)"
_STUBBORN = (
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print(os.getpid(), flush=True); time.sleep(600)"
)
_DETACHED = "import os, time; os.setsid(); print(os.getpid(), flush=True); time.sleep(600)"
_DAEMON = (
    "import os, time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\n"
    "print(os.getpid(), flush=True); time.sleep(600)"
)


@pytest.fixture
def family(job: Job) -> Iterator[Callable[..., str]]:
    """A script that starts each of the given scripts beside it, prints all process ids and goes on."""

    def script(*scripts: str, then: str = "time.sleep(600)") -> str:
        return (
            "import os, subprocess, sys, time\nprint(os.getpid(), flush=True)\n"
            f"for script in {scripts!r}: subprocess.Popen([sys.executable, '-c', script])\n{then}"
        )

    yield script
    for word in job.log.read_bytes().split() if job.log.exists() else []:
        with contextlib.suppress(psutil.Error, ValueError):
            process = psutil.Process(int(word))
            if process.cwd() == str(job.work):  # still one of ours
                process.kill()


@posix
def test_a_stop_file_ends_the_whole_tree_whatever_its_members_do(job: Job, family: Callable[..., str]):
    scripts = (_GRANDCHILD, _STUBBORN, _DETACHED, *((_DAEMON,) if sys.platform == "linux" else ()))
    process = job.start(sys.executable, "-c", family(*scripts))
    pids = job.printed(1 + len(scripts))

    (job.folder / "stop").touch()
    record = job.end(process)

    assert record["reason"] == "canceled"
    assert [pid for pid in pids if alive(pid)] == []


@posix
def test_what_a_program_leaves_running_ends_with_it(job: Job, family: Callable[..., str]):
    scripts = (_STUBBORN, _DETACHED)
    waiting = f"""
while len(open({str(job.log)!r}).read().split()) < {1 + len(scripts)}: time.sleep(0.01)
sys.exit(4)
"""
    record = job.run(family(*scripts, then=waiting))

    assert (record["reason"], record["exit_code"]) == ("exited", 4)
    assert [pid for pid in job.printed(1 + len(scripts)) if alive(pid)] == []


@posix
def test_a_program_that_is_asked_to_end_may_still_put_things_in_order(job: Job):
    process = job.start(
        sys.executable,
        "-c",
        "import os, signal, sys, time\n"
        "def end(*_):\n    open('saved', 'w').close()\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\nprint(os.getpid(), flush=True)\nwhile True: time.sleep(1)",
    )
    job.printed(1)

    (job.folder / "stop").touch()

    assert job.end(process)["reason"] == "canceled"
    assert (job.work / "saved").exists()


@posix
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_the_whole_tree_ends_with_a_supervisor_that_is_killed(
    job: Job, family: Callable[..., str], number: signal.Signals
):
    forgets = f"import os, sys; os.execve(sys.executable, [sys.executable, '-c', {_STUBBORN!r}], {{}})"
    elsewhere = "import os; os.chdir('/')\n" + _STUBBORN
    scripts = (_GRANDCHILD, _STUBBORN, _DETACHED, _DAEMON, forgets, elsewhere)
    process = job.start(sys.executable, "-c", family(*scripts))
    pids = job.printed(1 + len(scripts))

    process.send_signal(number)
    process.wait()

    until(lambda: not any(map(alive, pids)))
    assert not (job.folder / "exit.json").exists()


@posix
def test_a_supervisor_whose_watchman_was_killed_has_another(job: Job, family: Callable[..., str]):
    process = job.start(sys.executable, "-c", family(_DETACHED))
    pids = job.printed(2)

    def watchmen() -> list[psutil.Process]:
        children = [child for child in psutil.Process(process.pid).children() if alive(child.pid)]
        return [child for child in children if "watchman.py" in " ".join(child.cmdline())]

    (first,) = watchmen()
    first.kill()
    until(lambda: [watchman for watchman in watchmen() if watchman != first])
    process.kill()
    process.wait()

    until(lambda: not any(map(alive, pids)))


_WAITS = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"


def in_the_way(path: Path, kind: str) -> None:
    """Puts something in the place of a record that the supervisor is going to write."""
    path.unlink(missing_ok=True)
    if kind == "a folder":
        path.mkdir()
        (path / "full").write_text("of things")
    elif kind == "a link":
        path.symlink_to(path.with_name("precious"))
    else:
        os.mkfifo(path)


@posix
@pytest.mark.parametrize("kind", ["a folder", "a link", "a pipe"])
@pytest.mark.parametrize("name", ["exit.json", "exit.tmp", "started.json", "started.tmp"])
def test_what_stands_in_the_way_of_a_record_is_removed(job: Job, name: str, kind: str):
    precious = job.folder / "precious"
    precious.write_text("mine")
    in_the_way(job.folder / name, kind)

    record = job.run("import sys; sys.exit(3)")

    assert (record["reason"], record["exit_code"]) == ("exited", 3)
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("gone", ["folder", "records", "both"])
def test_a_run_whose_folder_is_removed_is_over_and_ended(tmp_path: Path, gone: str):
    home = tmp_path / "home"
    job = Job(home / "supervision" / "r")
    folder = home / "runs" / "r"
    folder.mkdir(parents=True)
    log = tmp_path / "log"
    process = job.start(
        sys.executable, "-c", _WAITS, folder=str(folder), cwd=str(tmp_path),
        processes=[{"log": str(log), "environment": {}, "essential": True}],
    )  # fmt: skip
    until(lambda: (job.folder / "started.json").exists() and log.read_bytes().split())

    for path in {"folder": [folder.parent], "records": [job.folder], "both": [folder.parent, job.folder]}[
        gone
    ]:
        shutil.rmtree(path)
    record = job.end(process)

    assert record["reason"] == "vanished"
    assert not alive(int(log.read_bytes()))


def test_a_run_whose_workspace_is_removed_is_ended_as_well(tmp_path: Path):
    job = Job(tmp_path / "home" / "supervision" / "r")
    log = tmp_path / "log"
    process = job.start(
        sys.executable, "-c", _WAITS, cwd=str(tmp_path),
        processes=[{"log": str(log), "environment": {}, "essential": True}],
    )  # fmt: skip
    until(lambda: (job.folder / "started.json").exists() and log.read_bytes().split())

    shutil.rmtree(tmp_path / "home")
    process.communicate(timeout=PATIENCE_SECONDS)

    assert not alive(int(log.read_bytes()))
    assert not (tmp_path / "home").exists()
