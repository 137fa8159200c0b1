"""The console script."""

import os
import sys
from collections.abc import Callable
from typing import NoReturn


def main() -> NoReturn:
    """Runs the command line of this process and ends it with the exit code."""
    # A Windows console or a bare POSIX locale may not encode every sign that we print.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = _run()
    except KeyboardInterrupt:  # before any command began, or when it was over
        sys.stderr.write("Error: Interrupted.\n→ Nothing that was already accepted is lost.\n")
        code = 130
    _end(code)


def _run() -> int:
    if sys.argv[1:3] == ["exec", "--"] and len(sys.argv) > 3:
        # There is nothing to parse, and the person's own command is still to begin.
        from scaffold.cli import launch

        return _told(lambda: launch.run(sys.argv[3:]))
    from scaffold.cli.app import run

    return run()


def _end(code: int) -> NoReturn:
    """Ends the process with the exit code, an interrupted one too.

    When an interrupt has passed through code that was made of text (that of a dataclass), the interpreter ends
    itself with the signal in the end, though it was handled.
    """
    if code == 130:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _told(work: Callable[[], int]) -> int:
    """The exit code of the work, its errors told as those of every command."""
    try:
        return work()
    except Exception as error:
        from scaffold.cli.app import tell

        return tell(error)
