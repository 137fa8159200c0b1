"""``scaffold new`` typed: in a pipe, or line by line at a terminal."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest


def environment(home: Path) -> dict[str, str]:
    kept = {
        key: value for key, value in os.environ.items() if key not in {"VISUAL", "EDITOR", "SCAFFOLD_DEBUG"}
    }
    return {**kept, "HOME": str(home), "USERPROFILE": str(home), "NO_COLOR": "1", "PYTHONUTF8": "1"}


def new(work: Path, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scaffold", "new", *arguments],
        cwd=work,
        env={**environment(work.parent), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def refused(work: Path, *arguments: str | Path) -> list[str]:
    """The lines of an error of wrong usage that has left everything as it was."""
    before = sorted(work.rglob("*"))
    done = new(work, *arguments)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert sorted(work.rglob("*")) == before
    return done.stderr.splitlines()


# Makes the terminal the one whose Ctrl-C interrupts the command, and becomes the command.
ON_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "scaffold", "new", *sys.argv[1:]])
"""


def session(work: Path, arguments: list[str], typed: list[str]) -> tuple[int, str, str]:
    """Types one line after each prompt at a real terminal.

    Returns:
        the exit code, what was seen on the terminal, and what went to stdout (a pipe).
    """
    import pty
    import select

    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ON_TERMINAL, *arguments],
        cwd=work,
        env=environment(work.parent),
        stdin=terminal,
        stderr=terminal,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    os.close(terminal)
    said, seen, waiting, deadline = b"", "", list(typed), time.monotonic() + 120
    prompts = 0
    while time.monotonic() < deadline:
        ready, _, _ = select.select([master], [], [], 0.05)
        if ready:
            try:
                data = os.read(master, 4096)
            except OSError:  # the other end is closed
                data = b""
            if not data:
                break
            said += data
            seen = said.decode(errors="ignore")  # a character may have come in part
        elif process.poll() is not None:
            break
        if waiting and seen.count("]: ") > prompts and seen.endswith("]: "):
            prompts = seen.count("]: ")
            os.write(master, waiting.pop(0).encode())
    out, _ = process.communicate(timeout=60)
    os.close(master)
    assert waiting == []
    return process.returncode, seen.replace("\r\n", "\n"), out.decode()


terminal_only = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is POSIX")
