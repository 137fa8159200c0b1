"""Whether something failed because the disk is full: a state that passes, unlike other failures."""

import errno
import sqlite3

EXIT_CODE = 28
"""What a service ends with that could not start for lack of room: it cannot write that down either."""

_ERRORS = {errno.ENOSPC, errno.EFBIG, *(getattr(errno, name) for name in ("EDQUOT",) if hasattr(errno, name))}


# SQLite maps its shared memory into a file as well, and calls it an I/O error when that cannot grow.
_SQLITE_ERRORS = {"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_WRITE"}
_SQLITE_WORDS = {"database or disk is full", "disk I/O error"}  # all that Python 3.10 tells


def is_lack_of_room(error: BaseException) -> bool:
    """True when the error says that a file could not grow: a full disk, a used-up quota, a limit on files' sizes."""
    if isinstance(error, OSError):
        return error.errno in _ERRORS
    if not isinstance(error, sqlite3.OperationalError):
        return False
    name = getattr(error, "sqlite_errorname", None)
    return name in _SQLITE_ERRORS if name is not None else str(error) in _SQLITE_WORDS
