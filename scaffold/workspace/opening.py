"""Opening the workspace's store at the start of the service, and what becomes of one that is damaged.

A damaged state is never emptied in silence: it is set aside as it is, the workspace begins anew under a new
workspace id (the SDK caches by it), and the next command, ``scaffold workspace status`` and the pages say so.
"""

import contextlib
import json
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from scaffold.workspace import aside
from scaffold.workspace.paths import Home
from scaffold.workspace.store import Store
from scaffold.workspace.store.damage import find_damage, is_damage

_LOG = logging.getLogger("scaffold.workspace")


def open_store(home: Home) -> Store:
    """The store of a home; a new one when the present one is damaged.

    Raises:
        DatabaseTooNewError: a newer version of this program wrote it.
        sqlite3.OperationalError: it cannot be written (a full disk).
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
        with contextlib.suppress(OSError):
            home.notice.write_text(_notice(folder, reason), encoding="utf-8")
    return store


def _damage(home: Home) -> str | None:
    """What is wrong with the database, or None; none at all is right only where nothing was kept before."""
    used = _was_used(home)
    there = home.database.exists() and home.database.stat().st_size > 0
    if not (used or there):
        return None
    reason = find_damage(home.database, suspected=home.damage.exists())
    if reason is None:
        home.damage.unlink(missing_ok=True)
    return reason


def _was_used(home: Home) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return "workspace_id" in json.loads(home.service_record.read_bytes())
    return False


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
