"""Ends the processes that a parent leaves running when it dies, however it dies: the one mechanism for that.

A process that starts others (through :mod:`scaffold.tether`, or like ``supervisor``) has one watchman: this file,
run as a program of its own. Its standard input is a pipe that only the parent writes to, so the system itself
closes it when the parent ends, also at SIGKILL. What was started is known by its mark: an environment variable
that every descendant inherits, also one that has left the process tree, and by its POSIX session, for those
that have dropped the variable. No thread runs in anybody's program, no wrapper stands between a parent and its
child, and it is the same on Linux, macOS and Windows.

    python -I -S watchman.py SITE_PACKAGES        on stdin, a line each:

    + MARK            a process with that mark is about to be started
    @ MARK SESSION    it was started, and leads that session
    - MARK            it has ended; what it left running may go on

At the end of its input the watchman ends whatever belongs to a mark that was not taken back.

=======================  ============  ======================================================================
process                  parent        when the parent dies
=======================  ============  ======================================================================
service                  a command     lives on, by design; it ends when idle, or when its folder is gone
supervisor               service       lives on, by design; the next service waits for it
processes of a run       supervisor    its watchman ends them; else the service does before it tells the end
steps of a build         service       its watchman ends them; else the next service does (``engine.builder``)
helpers of a delivery    service       its watchman ends them
submitting script, SDK   a command     its watchman ends it, with all that the script has started
git, hooks, resolver     a command     its watchman ends them
ruff, git status, …      a command     they end by themselves: they are given seconds, and write nothing
command of ``exec``      ``exec``      on POSIX it takes that process's place; else the watchman ends it
watchman                 any of these  ends by itself
=======================  ============  ======================================================================

A watchman that is killed is started again when its parent starts the next process; a supervisor looks after its
own all the time. Imports nothing but the standard library before it has something to end.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

PREFIX = "SCAFFOLD_KIN_"
MEMBER, KEEPER = "member", "keeper"
"""The values of a mark: what is ended, and who looks after it."""
PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.02
_CLEAN_LOOKS = 2
_CLOCK_SECONDS = 1.0


def variable(mark: str, value: str = MEMBER) -> dict[str, str]:
    """The environment variable that marks a process and all that it starts."""
    return {PREFIX + mark: value}


def unmarked(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables without any mark, for a process that is to outlive who starts it."""
    return {name: value for name, value in environment.items() if not name.startswith(PREFIX)}


def _processes() -> "Iterable[psutil.Process]":
    """All living processes but this one."""
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def _marks_of(process: "psutil.Process") -> dict[str, str]:
    """The marks in a process's environment; none where another user's may not be read."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        found = process.environ()
        return {name[len(PREFIX) :]: value for name, value in found.items() if name.startswith(PREFIX)}
    return {}


def keepers() -> dict[str, int]:
    """The process ids of those that look after something, by its mark."""
    found = {}
    for process in _processes():
        found.update({mark: process.pid for mark, value in _marks_of(process).items() if value == KEEPER})
    return found


def keeps(process: "psutil.Process", mark: str) -> bool:
    """Whether a process is the one that looks after what has that mark."""
    return _marks_of(process).get(mark) == KEEPER


def members(marks: Mapping[str, Mapping[int, float]]) -> "list[psutil.Process]":
    """The living processes that belong to one of the marks.

    Args:
        marks: for each mark the sessions that its processes began, and since when (seconds since the epoch).
    """
    sessions = {number: since for led in marks.values() for number, since in led.items()}
    sessions = {number: since for number, since in sessions.items() if not _reused(number, since, marks)}
    found = []
    for process in _processes():
        has = _marks_of(process)
        if any(has.get(mark) == MEMBER for mark in marks) or _session_of(process) in sessions:
            found.append(process)
    return found


def _session_of(process: "psutil.Process") -> int | None:
    if os.name == "posix":
        with contextlib.suppress(OSError):
            return os.getsid(process.pid)
    return None


def _reused(number: int, since: float, marks: Iterable[str]) -> bool:
    """True when a session's number is another's by now, which it can be only when all of the first have ended."""
    import psutil

    try:
        leader = psutil.Process(number)
        later = leader.create_time() > since + _CLOCK_SECONDS
    except psutil.Error:
        return False
    return later and not any(mark in marks for mark in _marks_of(leader))


def end(marks: Mapping[str, Mapping[int, float]], patience_seconds: float = PATIENCE_SECONDS) -> list[int]:
    """Kills all that belongs to the marks, until none is left; returns those that do not go.

    Processes can start others while they are being ended, so it looks until it has seen none several times. What
    has become another user's (by ``sudo``, say) is not ours to end, and not waited for.
    """
    import psutil

    deadline = time.monotonic() + patience_seconds
    clean = 0
    not_ours: set[int] = set()
    while True:
        left = [process for process in members(marks) if process.pid not in not_ours]
        clean = 0 if left else clean + 1
        if clean == _CLEAN_LOOKS or (left and time.monotonic() > deadline):
            return [process.pid for process in left]
        for process in left:
            try:
                process.kill()
            except psutil.AccessDenied:
                not_ours.add(process.pid)
            except psutil.Error:
                continue
        time.sleep(_LOOK_SECONDS)


def main(site: str) -> None:
    """Hears what the parent starts and sees the end of, and ends what is left when the parent is gone."""
    marks: dict[str, dict[int, float]] = {}
    for line in sys.stdin.buffer:
        word, _, rest = line.decode("ascii", "replace").strip().partition(" ")
        mark, _, number = rest.partition(" ")
        if word == "+":
            marks[mark] = {}
        elif word == "@" and mark in marks and number.isdigit():
            marks[mark][int(number)] = time.time()
        elif word == "-":
            marks.pop(mark, None)
    if marks:
        sys.path.append(site)
        end(marks)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(sys.argv[1])
