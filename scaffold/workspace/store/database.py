"""The SQLite file: how it is opened, brought up to date, and spoken to.

WAL with ``synchronous=NORMAL``: a commit that was answered survives the death of the process at any
point (what it may not survive is the machine losing power within the same moment).
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from scaffold.workspace.room import is_locked
from scaffold.workspace.store.damage import is_damage
from scaffold.workspace.store.migrations import MIGRATIONS

_OPEN_SECONDS = 30.0
# The service answers nobody else while it waits; what has to be patient asks again (see ``room.is_locked``).
_BUSY_MILLISECONDS = 1000


class DatabaseTooNewError(Exception):
    """The file was written by a newer version of this program."""


class Database:
    """One connection to the file, for one process.

    Args:
        path: the file; made when it is not there.

    Attributes:
        on_damage: told, from any thread, when a statement finds the file damaged; the error is raised as well.

    Raises:
        DatabaseTooNewError: see there.
        sqlite3.DatabaseError: the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.on_damage: Callable[[str], None] | None = None
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path, timeout=_OPEN_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        # A migration may put a new table in the place of one that others refer to.
        self._connection.execute("PRAGMA foreign_keys=OFF")
        self._migrate()
        self._connection.execute("PRAGMA foreign_keys=ON")
        self._be_busy(_BUSY_MILLISECONDS)

    def _be_busy(self, milliseconds: int) -> None:
        self._connection.execute(f"PRAGMA busy_timeout={milliseconds}")

    def _migrate(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise DatabaseTooNewError(f"it has schema {version}, and this version knows {len(MIGRATIONS)}")
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            self._connection.executescript(f"BEGIN; {script} PRAGMA user_version={number}; COMMIT;")

    def is_free(self) -> bool:
        """True when something could be written now; does not wait to find out.

        False, too, while another thread of this process writes.
        """
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self.require_free()
        except sqlite3.OperationalError as error:
            return not is_locked(error)  # whatever else it is, who writes will be told
        finally:
            self._lock.release()
        return True

    def require_free(self) -> None:
        """Makes sure that another program has not locked the file.

        Raises:
            sqlite3.OperationalError: it has.
        """
        with self._lock:
            if self._connection.in_transaction:
                return
            self._be_busy(0)
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.execute("ROLLBACK")
            finally:
                self._be_busy(_BUSY_MILLISECONDS)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside are kept together or not at all; may be nested."""
        with self._reporting():
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # One that stayed open would take in all that follows; SQLite ends some by itself (a full disk).
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Holds the connection for one use of it, and tells of damage that this finds."""
        with self._lock:
            try:
                yield
            except sqlite3.DatabaseError as error:
                if is_damage(error) and self.on_damage is not None:
                    self.on_damage(str(error))
                raise

    def execute(self, statement: str, *values: Any) -> int:
        """Runs one statement and returns the number of rows it changed."""
        with self._reporting():
            return self._connection.execute(statement, values).rowcount

    def executemany(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        with self._reporting():
            self._connection.executemany(statement, rows)

    def one(self, statement: str, *values: Any) -> sqlite3.Row | None:
        """The first row, or None."""
        with self._reporting():
            row: sqlite3.Row | None = self._connection.execute(statement, values).fetchone()
            return row

    def all(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        with self._reporting():
            return self._connection.execute(statement, values).fetchall()

    @property
    def changes(self) -> int:
        """A number that grows with every row that is written; all writing goes through this connection."""
        return self._connection.total_changes

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(timezone.utc)


def timestamp(moment: datetime | None = None) -> str:
    """A moment as it is stored and sent: ISO 8601 in UTC with microseconds and ``+00:00``."""
    return (moment or now()).isoformat(timespec="microseconds")


def to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def from_json(text: str) -> Any:
    return msgspec.json.decode(text)
