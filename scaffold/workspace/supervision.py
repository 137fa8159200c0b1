"""The supervisors of runs as anybody finds them who has only the runs' folders: a number in a file, checked.

Imports nothing of the service's own: commands use it too.
"""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

_FILE = "supervisor.pid"
_BYTES = 32


def reserve(folder: Path) -> None:
    """Makes the file in its full length, so that nothing is missing to write the number when there is one."""
    (folder / _FILE).write_bytes(b" " * _BYTES)


def write_down(folder: Path, pid: int) -> None:
    """Writes the number of a run's supervisor into the file that was reserved for it."""
    with (folder / _FILE).open("r+b") as stream:
        stream.write(str(pid).encode().ljust(_BYTES))


def living(folder: Path) -> "psutil.Process | None":
    """The living supervisor of a run's folder, or None."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError, ValueError):
        process = psutil.Process(int((folder / _FILE).read_text()))
        # The number may be another process's by now; its command line tells.
        if str(folder) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None
