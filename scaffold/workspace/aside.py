"""Setting a workspace's state aside, so that the next start begins with an empty one; nothing is deleted.

What it takes with it: the database, the files that it names, and the folders of runs. Environments, secrets
and the settings of clients stay. Imports nothing of the service's own: commands use it too.
"""

import contextlib
import shutil
import time
from pathlib import Path

from scaffold.workspace import supervision
from scaffold.workspace.paths import Home

_PATIENCE_SECONDS = 15.0


def set_aside(home: Home) -> Path | None:
    """Moves the state into a folder of its own; runs under way are ended, since nobody knows of them any more.

    The service must not be running, or be the caller.

    Returns:
        That folder, or None when there was no state.
    """
    present = [path for path in _state(home) if path.exists()]
    if not any(path.is_file() or any(path.iterdir()) for path in present):
        return None
    end_runs(home)
    folder = _new_folder(home)
    for path in present:
        shutil.move(str(path), str(folder / path.name))
    home.create()
    return folder


def _state(home: Home) -> list[Path]:
    database = [home.database.with_name(f"{home.database.name}{suffix}") for suffix in ("", "-wal", "-shm")]
    return [*database, home.damage, home.blobs, home.runs, home.supervision]


def _new_folder(home: Home) -> Path:
    name = time.strftime("%Y%m%d-%H%M%S")
    for number in range(1000):
        folder = home.set_aside / (f"{name}-{number}" if number else name)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(parents=True, mode=0o700)
            return folder
    raise FileExistsError(name)


def end_runs(home: Home) -> None:
    """Ends every run that has a process, and returns when they are gone or do not go."""
    supervisors = []
    # An earlier version had the records in the runs' own folders.
    folders = [
        folder for parent in (home.supervision, home.runs) if parent.is_dir() for folder in parent.iterdir()
    ]
    for folder in folders:
        supervisor = supervision.living(folder)
        if supervisor is not None:
            (folder / "stop").touch()
            supervisors.append(supervisor)
    if supervisors:
        import psutil

        psutil.wait_procs(supervisors, timeout=_PATIENCE_SECONDS)
