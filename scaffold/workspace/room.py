"""Failures of the disk and the database that pass by themselves: no room, or a lock of another program's."""

import errno
import os
import sqlite3
from pathlib import Path

EXIT_CODE = 28
"""What a service ends with that could not start for lack of room: it cannot write that down either."""

_ERRORS = {errno.ENOSPC, errno.EFBIG, *(getattr(errno, name) for name in ("EDQUOT",) if hasattr(errno, name))}


# SQLite maps its shared memory into a file as well, and calls it an I/O error when that cannot grow.
_SQLITE_ERRORS = {"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_WRITE"}
_SQLITE_WORDS = {"database or disk is full", "disk I/O error"}  # all that Python 3.10 tells
_SQLITE_LOCKS = ("database is locked", "database table is locked", "database schema is locked")


def is_lack_of_room(error: BaseException) -> bool:
    """True when the error says that a file could not grow: a full disk, a used-up quota, a limit on files' sizes."""
    if isinstance(error, OSError):
        return error.errno in _ERRORS
    if not isinstance(error, sqlite3.OperationalError):
        return False
    name = getattr(error, "sqlite_errorname", None)
    return name in _SQLITE_ERRORS if name is not None else str(error) in _SQLITE_WORDS


def is_locked(error: BaseException) -> bool:
    """True when the error says that another program has the database locked."""
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith(_SQLITE_LOCKS)


def passes(error: BaseException) -> bool:
    """True when the same is worth trying again a while later."""
    return is_lack_of_room(error) or is_locked(error)


def lack_of_files(folder: Path) -> bool:
    """True when the disk of a folder, there or not, has bytes left, but takes no more files (POSIX: no inodes)."""
    if os.name != "posix":
        return False
    try:
        disk = os.statvfs(next(path for path in (folder, *folder.parents) if path.exists()))
    except OSError:
        return False
    return disk.f_files > 0 and disk.f_favail == 0 and disk.f_bavail > 0
