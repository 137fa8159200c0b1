"""What is put outside a run's folder, noted before it is put there so that it can be taken back; and removing.

runs/<uuid>/placed/   for each path outside the run's folder, the names of what was put there
"""

import contextlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

PLACED = "placed"


@contextlib.contextmanager
def journal(run: Path, target: Path, *, made: bool) -> Iterator[Callable[[str], None]]:
    """Gives what has to be told of every name before something is put there.

    Args:
        run: the run's folder.
        target: the folder that things are put into.
        made: whether that was made for it.
    """
    if target.is_relative_to(run):
        yield lambda name: None
        return
    folder = run / PLACED
    folder.mkdir(exist_ok=True)
    with (folder / str(len(list(folder.iterdir())))).open("wb", buffering=0) as stream:
        stream.write(msgspec.json.encode([str(target), made]) + b"\n")
        yield lambda name: _write(stream, name)


def _write(stream: BinaryIO, name: str) -> None:
    stream.write(msgspec.json.encode(name) + b"\n")


def make_read_only(root: Path, *, folders: bool) -> None:
    """Takes away the permission to change anything below a folder, as a read-only mount would."""
    for folder, _, names in os.walk(root, topdown=False):
        for name in names:
            Path(folder, name).chmod(0o444)
        if folders:
            Path(folder).chmod(0o555)


def mark(path: Path) -> None:
    """Makes a file that is younger than everything made before it, by the file system's own clock."""
    path.touch()
    first = path.stat().st_mtime_ns
    while path.stat().st_mtime_ns == first:
        time.sleep(0.001)
        path.touch()


def take_back(journals: Path) -> None:
    """Removes what was put outside a run's folder, and the folders that were made for it and are empty then."""
    for noted in sorted(journals.iterdir()) if journals.is_dir() else []:
        with (
            contextlib.suppress(OSError, msgspec.DecodeError, ValueError),
            noted.open("rb") as lines,
        ):
            target, made = msgspec.json.decode(next(lines, b"[]"))
            root = Path(target)
            for line in lines:
                _take_back(root, root / msgspec.json.decode(line))
            if made:
                _removed_empty(root)


def _take_back(root: Path, path: Path) -> None:
    if os.name == "nt" and path.is_file():  # a file that is read-only cannot be removed there
        path.chmod(stat.S_IWRITE)
    path.unlink(missing_ok=True)
    for parent in path.parents:
        if parent == root or not _removed_empty(parent):
            return


def _removed_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def remove_tree(root: Path) -> None:
    """Removes a folder with all that is in it, also what is read-only; what cannot be removed stays."""
    with contextlib.suppress(OSError):
        for folder, folders, names in os.walk(root):
            below = [Path(folder, name) for name in (*folders, *(names if os.name == "nt" else ()))]
            for path in below:
                if not path.is_symlink():
                    path.chmod(0o700)
    shutil.rmtree(root, ignore_errors=True)
