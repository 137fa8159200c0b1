"""A terminal with the ``scaffold`` command in it, at which somebody sits and types."""

import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import pytest

from tests.conftest import Machine
from tests.waiting import PROCESS_SECONDS

needed = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX's")


class Terminal:
    """One command on a pseudo-terminal; its session ends with the ``with`` block.

    Args:
        machine: whose command.
        arguments: of ``scaffold``.
        columns: the terminal's width.
        cwd: the folder.
        variables: more environment variables.
    """

    def __init__(
        self,
        machine: Machine,
        *arguments: str | Path,
        columns: int = 80,
        cwd: Path | None = None,
        **variables,
    ) -> None:
        import fcntl
        import pty
        import termios

        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        environment = {k: v for k, v in machine.environment.items() if k not in ("COLUMNS", "LINES", "CI")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scaffold", *map(str, arguments)],
            cwd=cwd or machine.root,
            env=environment | {"TERM": "xterm-256color"} | variables,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._said = b""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)

    @property
    def raw(self) -> str:
        """Everything that was printed, with its escape sequences."""
        return self._said.decode("utf-8", "replace").replace("\r\n", "\n")

    @property
    def screen(self) -> str:
        """What can be read: without colours, and without the lines that were drawn over."""
        return re.sub(r"\x1b\[[0-9;]*m", "", re.sub(r"[^\n]*(\r|\x1b\[2K)", "", self.raw))

    def _read(self, seconds: float) -> bool:
        """Reads what there is within a time; False when there will be no more."""
        if not select.select([self._ours], [], [], seconds)[0]:
            return True
        try:
            piece = os.read(self._ours, 65536)
        except OSError:  # the other end is closed
            return False
        self._said += piece
        return bool(piece)

    def until(self, text: str, seconds: float = PROCESS_SECONDS) -> None:
        """Waits until a text has been printed."""
        deadline = time.monotonic() + seconds
        while text not in self.raw:
            going = self._read(0.2) and time.monotonic() < deadline
            assert going or text in self.raw, f"{text!r} was not printed, but:\n{self.screen}"

    def type(self, text: str) -> None:
        """Types a line."""
        os.write(self._ours, f"{text}\n".encode())

    def interrupt(self) -> None:
        """Presses Ctrl-C: the command and all in its group get the signal."""
        os.killpg(self.process.pid, signal.SIGINT)

    def ended(self, seconds: float = PROCESS_SECONDS) -> int:
        """Waits for the end, and returns the exit code."""
        deadline = time.monotonic() + seconds
        while self._read(0.2):
            assert time.monotonic() < deadline, f"it does not end:\n{self.screen}"
            if self.process.poll() is not None and not select.select([self._ours], [], [], 0)[0]:
                break
        return self.process.wait(30)


def on_a_terminal(
    machine: Machine, columns: int, *arguments: str | Path, cwd: Path | None = None, **variables: str
) -> str:
    """What a command prints on a terminal of that width, with its escape sequences."""
    with Terminal(machine, *arguments, columns=columns, cwd=cwd, **variables) as terminal:
        terminal.ended()
        return terminal.raw
