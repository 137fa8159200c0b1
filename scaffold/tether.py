"""Starting processes that end with this one, however it ends: see :mod:`scaffold.watchman`, which ends them.

    with tethered() as tether:
        process = subprocess.Popen(command, env=tether.mark(os.environ), **SESSION)
        tether.leads(process.pid)
        process.wait()

Imports little, since commands that start nothing else use it too.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scaffold import watchman

SESSION: dict[str, Any] = {"start_new_session": True}
"""What ``Popen`` needs for a process in a session of its own, which Ctrl-C at this one's does not reach."""
if os.name == "nt":
    SESSION = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined,unused-ignore]


class _Watch:
    """This process's watchman: there while something is tethered, and started again when it was killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._held: dict[str, list[int]] = {}

    def hold(self, mark: str) -> None:
        with self._lock:
            self._held[mark] = []
            self._tell([f"+ {mark}"])

    def add(self, mark: str, session: int) -> None:
        with self._lock:
            self._held[mark].append(session)
            self._tell([f"@ {mark} {session}"])

    def release(self, mark: str) -> None:
        with self._lock:
            if self._held.pop(mark, None) is not None:
                self._write([f"- {mark}"])
                if not self._held:
                    self._dismiss()

    def _tell(self, lines: list[str]) -> None:
        if self._process is not None and self._process.poll() is None and self._write(lines):
            return
        self._start()
        held = [f"+ {mark}" for mark in self._held]
        led = [f"@ {mark} {session}" for mark, sessions in self._held.items() for session in sessions]
        self._write([*held, *led])

    def _write(self, lines: list[str]) -> bool:
        stream = self._process.stdin if self._process is not None else None
        if stream is None:
            return False
        try:
            stream.write("".join(f"{line}\n" for line in lines).encode())
        except OSError:
            return False
        return True

    def _dismiss(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self._process.wait()
        self._process = None

    def _start(self) -> None:
        self._dismiss()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", watchman.__file__, _site()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=os.path.abspath(os.sep),  # noqa: PTH100  (it keeps no folder from being removed)
            **SESSION,
        )


def _site() -> str:
    """The folder that psutil is in, which the watchman looks for nowhere else."""
    import importlib.util

    found = importlib.util.find_spec("psutil")
    return str(Path(found.origin).parent.parent) if found and found.origin else ""


_watch = _Watch()


class Tether:
    """What a process to be started is tied to this one by, with all that it starts itself.

    Attributes:
        name: the mark; unique.
    """

    def __init__(self) -> None:
        self.name = os.urandom(10).hex()
        self._sessions: dict[int, float] = {}
        _watch.hold(self.name)

    def mark(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The environment variables of the process that is tied."""
        return {**environment, **watchman.variable(self.name)}

    def leads(self, pid: int) -> None:
        """Notes that the process was started, in a session of its own (see ``SESSION``)."""
        self._sessions[pid] = time.time()
        _watch.add(self.name, pid)

    def end(self) -> list[int]:
        """Kills all that is tied, and returns the process ids of what does not go."""
        left = watchman.end({self.name: self._sessions})
        self.release()
        return left

    def release(self) -> None:
        """Unties it: the process has ended, and what it leaves running may go on."""
        _watch.release(self.name)


@contextlib.contextmanager
def tethered() -> Iterator[Tether]:
    """A tether for the block; what is tied when an exception ends the block is killed."""
    tether = Tether()
    try:
        yield tether
    except BaseException:
        tether.end()
        raise
    finally:
        tether.release()


def run(command: list[str], **options: Any) -> "subprocess.CompletedProcess[Any]":
    """``subprocess.run`` for a program that ends with this process, and whose children end with a timeout."""
    with tethered() as tether:
        environment = options.pop("env", None)
        marked = tether.mark(os.environ if environment is None else environment)
        return subprocess.run(command, env=marked, check=options.pop("check", False), **options)


@contextlib.contextmanager
def tethered_children() -> Iterator[None]:
    """Ties all that is started in the block by code of others, which passes this process's variables on."""
    with tethered() as tether:
        marks = watchman.variable(tether.name)
        os.environ.update(marks)
        try:
            yield
        finally:
            for name in marks:
                os.environ.pop(name, None)
