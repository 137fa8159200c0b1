"""Folders for things under way, which do not outlive the process that works in them.

A folder is removed when its block is left. A process that is killed cannot do that, so the next one that works
in the same place does it: each folder holds a file that its owner keeps locked, and the system lets go of a lock
when its process ends, however it ends. A folder without such a file, or with a locked one, is never touched.
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

_OWNER = ".scaffold-owner"
# Written once the lock is held: from then on, a file that is not locked has lost its owner.
_OWNED = b"A scaffold process works here while it keeps this file locked.\n"


@contextlib.contextmanager
def folder_in(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder below another one; it is gone when the block is left.

    Args:
        parent: the folder to make it in.
        prefix: what its name begins with.

    Raises:
        OSError: it cannot be made.
    """
    folder = parent.absolute() / f"{prefix}{os.urandom(4).hex()}"
    owner: int | None = None
    try:
        folder.mkdir(mode=0o700)
        owner = _locked(folder / _OWNER, os.O_CREAT | os.O_EXCL)
        if owner is not None:
            os.write(owner, _OWNED)
        yield folder
    finally:
        if owner is not None:
            os.close(owner)
        remove_tree(folder)


def remove_abandoned(parent: Path, prefix: str, spared: Callable[[Path], bool] = lambda _: False) -> None:
    """Removes the folders of processes that were killed.

    Args:
        parent: where they are.
        prefix: what their names begin with.
        spared: tells of an abandoned folder whether to keep it.
    """
    for folder in abandoned(parent, prefix):
        if not spared(folder):
            remove_tree(folder)


def remove_tree(folder: Path) -> None:
    """Removes a folder and what is in it, also what a script has made read-only; what cannot go stays."""
    with contextlib.suppress(OSError):
        shutil.rmtree(folder)
        return
    for parent, folders, files in os.walk(folder):
        for name in (".", *folders, *(files if os.name == "nt" else ())):
            path = Path(parent, name)
            with contextlib.suppress(OSError):
                if not path.is_symlink():
                    path.chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)


def abandoned(parent: Path, prefix: str) -> list[Path]:
    """The folders whose owners are no more."""
    try:
        with os.scandir(parent) as entries:
            found = [Path(entry.path) for entry in entries if entry.name.startswith(prefix)]
    except OSError:
        return []
    return [folder for folder in found if _is_abandoned(folder)]


def _is_abandoned(folder: Path) -> bool:
    try:
        described = folder.lstat()
        if not stat.S_ISDIR(described.st_mode) or (hasattr(os, "getuid") and described.st_uid != os.getuid()):
            return False
        owner = _locked(folder / _OWNER, getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    if owner is None:
        return False
    try:
        return os.read(owner, len(_OWNED) + 1) == _OWNED
    finally:
        os.close(owner)


def _locked(file: Path, flags: int) -> int | None:
    """The descriptor of a file that is locked now; None when another process holds the lock.

    None as well on a file system without locks, where nothing ever counts as abandoned.
    """
    descriptor = os.open(file, os.O_RDWR | flags, 0o600)
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
