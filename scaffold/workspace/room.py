"""Whether something failed because the disk is full: a state that passes, unlike other failures."""

import errno
import sqlite3

_ERRORS = {errno.ENOSPC, errno.EFBIG, *(getattr(errno, name) for name in ("EDQUOT",) if hasattr(errno, name))}


def is_lack_of_room(error: BaseException) -> bool:
    """True when the error says that a file could not grow: a full disk, a used-up quota, a limit on files' sizes."""
    if isinstance(error, OSError):
        return error.errno in _ERRORS
    return isinstance(error, sqlite3.OperationalError) and str(error) == "database or disk is full"
