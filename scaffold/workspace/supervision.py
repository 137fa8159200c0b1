"""The supervisors of runs as anybody finds them who has only the runs' folders: a number in a file, checked.

Imports nothing of the service's own: commands use it too.
"""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil


def living(folder: Path) -> "psutil.Process | None":
    """The living supervisor of a run's folder, or None."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError, ValueError):
        process = psutil.Process(int((folder / "supervisor.pid").read_text()))
        # The number may be another process's by now; its command line tells.
        if str(folder) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None
