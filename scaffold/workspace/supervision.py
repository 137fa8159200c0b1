"""The supervisors of runs as anybody finds them who has only a run's records: a number in a file, checked.

The number may be another process's by now. What a supervisor carries tells it (see ``watchman``): the mark that is
made of the workspace's folder and the run's. Imports nothing of the service's own: commands use it too.
"""

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold import watchman
from scaffold.workspace.files import read_plain

if TYPE_CHECKING:
    import psutil

_FILE = "supervisor.pid"
_BYTES = 32


def mark_of(records: Path) -> str:
    """What the processes of a run carry, and of no other run in any workspace."""
    return hashlib.blake2b(str(records).encode(errors="surrogateescape"), digest_size=10).hexdigest()


def reserve(folder: Path) -> None:
    """Makes the file in its full length, so that nothing is missing to write the number when there is one."""
    (folder / _FILE).write_bytes(b" " * _BYTES)


def write_down(folder: Path, pid: int) -> None:
    """Writes the number of a run's supervisor into the file that was reserved for it, if that is there."""
    with contextlib.suppress(FileNotFoundError), (folder / _FILE).open("r+b") as stream:
        stream.write(str(pid).encode().ljust(_BYTES))


def number(folder: Path) -> int | None:
    """The number of a run's supervisor, living or not; None where none was written down."""
    text = (read_plain(folder / _FILE, _BYTES) or b"").strip()
    return int(text) if text.isdigit() else None


def living(folder: Path) -> "psutil.Process | None":
    """The living supervisor whose records are in a folder, or None."""
    import psutil

    found = number(folder)
    if found is None:
        return None
    with contextlib.suppress(psutil.Error, OSError, OverflowError):
        process = psutil.Process(found)
        if process.status() != psutil.STATUS_ZOMBIE and (
            watchman.keeps(process, mark_of(folder))
            # One that an earlier version started carries nothing.
            or str(folder) in process.cmdline()
        ):
            return process
    return None
