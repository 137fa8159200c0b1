"""The folder for temporary files of those who submit and of their runs: this user's alone.

The SDK copies a project with ``compute_target="local"`` to ``<temporary files>/azureml_runs/<run id>`` and has it run
there. In a folder like ``/tmp``, another user who makes ``azureml_runs`` first would own what is run. So processes
that talk to the local workspace get a folder of their own, unless the one that they have is closed to others already,
as it is on macOS and Windows.
"""

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from scaffold.workspace.ownership import why_not_ours
from scaffold.workspace.paths import Home

NAMES = ("TMPDIR", "TEMP", "TMP")
RUNS = "azureml_runs"
"""Where the SDK puts the projects of local runs."""
# The address of a socket may have about a hundred bytes, and programs put theirs some folders deeper.
_LONGEST = 60
_SHORT = Path("/tmp")  # noqa: S108  (a folder of its own in it, which is looked at)
_KEPT_SECONDS = 10 * 24 * 3600


def variables(home: Home, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that name the folder; none where the present one is this user's alone.

    Args:
        home: the workspace's folder, which holds it.
        environment: the variables that the process would have otherwise.
    """
    if os.name != "posix":
        return {}
    present = next((environment[name] for name in NAMES if environment.get(name)), None)
    if present and Path(present).is_dir() and why_not_ours(Path(present), closed_to_others=True) is None:
        return {}
    return dict.fromkeys(NAMES, str(folder(home)))


def folder(home: Home) -> Path:
    """The folder of a home, which is made: in the home itself, or where that is too deep for sockets, in ``/tmp``."""
    if len(os.fsencode(home.temporary)) > _LONGEST and _is_made(brief := short(home)):
        return brief
    home.temporary.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home.temporary


def short(home: Home) -> Path:
    """Where the folder of a home is that is too deep for sockets."""
    digest = hashlib.blake2b(os.fsencode(home.root), digest_size=5).hexdigest()
    return _SHORT / f"scaffold-{os.geteuid()}-{digest}"


def _is_made(path: Path) -> bool:
    """Makes it; False when what there is of that name is another user's, open to others, or a link."""
    with contextlib.suppress(OSError):
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        status = path.lstat()
        closed = path.is_dir() and not path.is_symlink() and not status.st_mode & 0o077
        return closed and status.st_uid == os.geteuid() and why_not_ours(path) is None
    return False


def clear_old(home: Home, running: Collection[str]) -> None:
    """Removes what nobody has touched for days, as systems do with ``/tmp``.

    Args:
        home: the workspace's folder.
        running: ids of the runs that are not over.
    """
    if os.name != "posix":
        return
    before = time.time() - _KEPT_SECONDS
    for place in (home.temporary, short(home)):
        if place.is_dir() and why_not_ours(place, closed_to_others=True) is None:
            with contextlib.suppress(OSError):
                entries = [entry for entry in place.iterdir() if entry.name != RUNS]
                copies = list((place / RUNS).iterdir()) if (place / RUNS).is_dir() else []
                for entry in (*entries, *(copy for copy in copies if copy.name not in running)):
                    _remove_old(entry, before)


def _remove_old(path: Path, before: float) -> None:
    with contextlib.suppress(OSError):
        status = path.lstat()
        if max(status.st_atime, status.st_mtime, status.st_ctime) > before:
            return
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
