"""Opening the workspace's store at the start of the service, and what becomes of one that is damaged.

A damaged state is never emptied in silence: it is set aside as it is, the workspace begins anew under a new
workspace id (the SDK caches by it), and the next command, ``scaffold workspace status`` and the pages say so.
"""

import contextlib
import logging
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from scaffold.errors import WorkspaceError
from scaffold.workspace import aside
from scaffold.workspace.files import StateFileError, place_of
from scaffold.workspace.paths import Home
from scaffold.workspace.record import ServiceRecord
from scaffold.workspace.room import is_locked
from scaffold.workspace.store import Store
from scaffold.workspace.store.damage import Expected, OtherStateError, find_damage, is_damage

_LOG = logging.getLogger("scaffold.workspace")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_BOOT_SECONDS = 60


def open_store(home: Home) -> Store:
    """The store of a home; a new one when the present one is damaged.

    Raises:
        DatabaseTooNewError: a newer version of this program wrote it.
        WorkspaceError: it is another one than was here last.
        sqlite3.OperationalError: it cannot be opened or written (see :func:`refusal`).
        OSError: likewise.
    """
    reason = _damage(home)
    if reason is None:
        try:
            return Store(home)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            reason = str(error)
    _LOG.error("the database is damaged: %s", reason)
    folder = aside.set_aside(home)
    store = Store(home)
    if folder is not None:
        store.remember_set_aside(folder, reason)
        tell_next(home, _notice(folder, reason))
    return store


def tell_next(home: Home, sentence: str) -> None:
    """Leaves a sentence for the next command to tell the person."""
    with contextlib.suppress(OSError):
        before = home.notice.read_text(encoding="utf-8", errors="replace") if home.notice.exists() else ""
        home.notice.write_text(" ".join(filter(None, (before.strip(), sentence))), encoding="utf-8")


def _damage(home: Home) -> str | None:
    """What is wrong with the database, or None; none at all is right only where nothing was kept before."""
    used, expected = _last_use(home)
    there = home.database.exists() and home.database.stat().st_size > 0
    if not (used or there):
        return None
    try:
        reason = find_damage(home.database, suspected=home.damage.exists(), expected=expected)
    except OtherStateError as error:
        raise WorkspaceError(
            f"The database {home.database} {error}.",
            f"If you put it there, remove {home.service_record} and start again; otherwise put the right one back, "
            "or 'scaffold workspace reset' sets this one aside.",
        ) from None
    if reason is None:
        home.damage.unlink(missing_ok=True)
    return reason


def _last_use(home: Home) -> tuple[bool, Expected]:
    """Whether a workspace was kept here, and as far as that is known, what is to be in its database."""
    try:
        record = ServiceRecord.load(home)
    except FileNotFoundError:
        return False, Expected()
    except StateFileError:  # there was one, whatever it said
        return True, Expected()
    since_boot = record.boot is not None and record.boot == boot()
    return record.workspace_id is not None, Expected(record.workspace_id, record.mark, since_boot)


def boot() -> str:
    """Which start of the machine this is, so that what was left before the present one is told from what was not."""
    with contextlib.suppress(OSError):
        return _BOOT_ID.read_text().strip()
    import psutil

    return str(round(psutil.boot_time() / _BOOT_SECONDS))


def refusal(home: Home, error: Exception) -> WorkspaceError:
    """What a person is told of a state folder whose database or files cannot be opened: path, cause and remedy."""
    if is_locked(error):
        return WorkspaceError(
            f"Another program has the database {home.database} locked.",
            "End that program (such as one that looks into the file), and run the command again.",
        )
    where, cause = _cause(home, error)
    return WorkspaceError(
        f"{where} cannot be used: {cause}.",
        "Mend that (it has to be yours to read and write), or set SCAFFOLD_HOME to another folder.",
    )


def _cause(home: Home, error: Exception) -> tuple[Path, str]:
    """Where it fails and why; SQLite does not say, so it is tried."""
    if isinstance(error, OSError):
        return place_of(error, home.root), error.strerror or str(error)
    for suffix in ("", "-wal", "-shm"):
        path = home.database.with_name(f"{home.database.name}{suffix}")
        try:
            with path.open("r+b"):
                pass
        except FileNotFoundError:
            continue
        except OSError as found:
            return path, found.strerror or str(found)
    try:
        with tempfile.TemporaryFile(dir=home.root):
            pass
    except OSError as found:
        return home.root, found.strerror or str(found)
    return home.database, str(error)


def _notice(folder: Path, reason: str) -> str:
    return (
        f"The local workspace's database was damaged ({reason}), so the workspace is empty now; "
        f"all that it had, files of runs included, is set aside in {folder}"
    )


def watch_for_damage(home: Home, store: Store, stop: Callable[[], None]) -> None:
    """Stops the service when a request or a run meets damage: what would be written next is built on sand.

    Args:
        home: where it is written down, so that the next start looks closely.
        store: the open store.
        stop: ends the service; called from any thread.
    """

    def found(reason: str) -> None:
        _LOG.error("FATAL the database is damaged: %s", reason)
        with contextlib.suppress(OSError):
            home.damage.write_text(reason, encoding="utf-8")
        stop()

    store.database.on_damage = found
