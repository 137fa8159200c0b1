"""Who lives for a state folder: the process that holds its lock, whether it answers or not.

Imports next to nothing, since commands ask before anything else.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.workspace.files import StateFileError
from scaffold.workspace.paths import Home
from scaffold.workspace.record import ServiceRecord

if TYPE_CHECKING:
    import psutil

SERVER_MODULE = "scaffold.workspace.server"
_POLL_SECONDS = 0.05


def is_held(home: Home) -> bool:
    """True while a service lives for this home: it holds the lock from its first moment to its last."""
    try:
        descriptor = os.open(home.service_lock, os.O_RDONLY)
    except OSError:
        return False
    os.close(descriptor)
    if os.name == "posix":
        return _is_locked(home.service_lock)
    import filelock

    try:
        with filelock.FileLock(home.service_lock, timeout=0):
            return False
    except filelock.Timeout:
        return True
    except OSError:  # a folder that cannot be written is no service's
        return False


def _is_locked(path: Path) -> bool:
    """True when somebody else has the file's lock; asks with a shared one, so that two who ask see no other."""
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)
    return False


def wait_until_free(home: Home, seconds: float) -> bool:
    """Waits for the end of the service that lives for this home; False when it still lives after so long."""
    deadline = time.monotonic() + seconds
    while is_held(home):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


@contextlib.contextmanager
def hold(home: Home, seconds: float) -> Iterator[bool]:
    """Holds the lock in the service's place, so that none begins meanwhile; yields False when it is not free.

    Raises:
        OSError: the home cannot be written.
    """
    import filelock

    lock = filelock.FileLock(home.service_lock)
    try:
        lock.acquire(timeout=seconds)
    except filelock.Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def holder(home: Home) -> "psutil.Process | None":
    """The process that lives as this home's service, or None where it cannot be told for sure.

    The proof is that it has the file of the lock open; a number in the record alone may be another process's by now.
    """
    import psutil

    candidates = []
    with contextlib.suppress(OSError, StateFileError, psutil.Error):
        candidates.append(psutil.Process(ServiceRecord.load(home).pid))
    for process in [*candidates, *_servers()]:
        with contextlib.suppress(OSError, psutil.Error):
            if any(_is_same(Path(file.path), home.service_lock) for file in process.open_files()):
                return process
    return None


def _servers() -> "Iterator[psutil.Process]":
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(OSError, psutil.Error):
            if SERVER_MODULE in process.cmdline():
                yield process


def _is_same(one: Path, other: Path) -> bool:
    return one.name == other.name and one.samefile(other)
