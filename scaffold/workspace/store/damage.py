"""Whether the database file is what was written: looked at before it is opened, and told from SQLite's errors.

Opening a damaged file may do harm (SQLite makes a new database of an empty one without a word), and reading
it whole at every start takes too long for a large one, so only what a good reason speaks for is read whole.
"""

import contextlib
import sqlite3
import struct
from dataclasses import dataclass
from pathlib import Path

_LOCK_SECONDS = 30.0
_LOST = "what was written last is missing from the log beside it"
_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\x00"


def is_damage(error: sqlite3.Error) -> bool:
    """True when the error says that the file holds something else than was written to it.

    Python has a class of its own for every other error: a full disk, a lock or a constraint.
    """
    return type(error) is sqlite3.DatabaseError


class OtherStateError(Exception):
    """The file is whole, and not what was here last; somebody may have put it there, so only they can tell."""


@dataclass(frozen=True)
class Expected:
    """What is to be in a database, as far as the service that had it last has left word.

    Attributes:
        workspace_id: the workspace.
        mark: the number that was written to it last (see ``Store.mark``).
        since_boot: whether that was since the machine was started. One that lost its power may have kept the word, and
            the index of the write-ahead log, and not what they speak of.
    """

    workspace_id: str | None = None
    mark: int = 0
    since_boot: bool = False


def find_damage(path: Path, *, suspected: bool, expected: Expected | None = None) -> str | None:
    """What is wrong with a database file that was in use before, or None.

    Args:
        path: the file.
        suspected: whether to read all of it, however it was closed.
        expected: what is to be in it, where that is known.

    Raises:
        OtherStateError: see there.
        sqlite3.OperationalError: it cannot be opened.
        OSError: likewise.
    """
    expected = expected or Expected()
    if not path.exists():
        return "the file is gone"
    size = path.stat().st_size
    if size == 0:
        return "the file is empty"
    wal = path.with_name(f"{path.name}-wal")
    # A file that was closed has no write-ahead log beside it, and its header says how long it is.
    closed = not (wal.exists() and wal.stat().st_size)
    with path.open("rb") as stream:
        header = stream.read(_HEADER_BYTES)
    if not header.startswith(_MAGIC[: len(header)]):
        return "file is not a database"
    if closed and (whole := _length(header)) > size:
        return f"the file ends after {size} of {whole} bytes"
    written = _written_ahead(path) if expected.since_boot else 0
    with contextlib.closing(sqlite3.connect(path, timeout=_LOCK_SECONDS)) as connection:
        try:
            found = _read_whole(connection, thoroughly=suspected) if suspected or not closed else None
            return found or _missing(connection, expected) or _missing_ahead(connection, path, written)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return str(error)


def lost_ahead(path: Path) -> bool:
    """True when the write-ahead log is shorter than its index says; looks at the files alone.

    Who opens the database first writes the index anew, so whoever only looks must ask this before.
    """
    written, wal = _written_ahead(path), path.with_name(f"{path.name}-wal")
    with contextlib.suppress(OSError):
        header = path.with_name(f"{path.name}-shm").read_bytes()[:_INDEX_BYTES]
        page = struct.unpack_from("=H", header, 14)[0]
        needed = _WAL_HEADER_BYTES + written * (_FRAME_HEADER_BYTES + (65536 if page == 1 else page))
        return written > 0 and (not wal.exists() or wal.stat().st_size < needed)
    return False


def _missing(connection: sqlite3.Connection, expected: Expected) -> str | None:
    """What the file does not hold although it is to be there, or None."""
    if expected.workspace_id is None:
        return None
    try:
        kept = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    except sqlite3.OperationalError as error:
        if not str(error).startswith("no such table"):
            raise
        kept = {}
    if "workspace_id" not in kept:
        return "it holds no workspace"
    if kept["workspace_id"] != expected.workspace_id:
        raise OtherStateError(
            f"is another workspace's ({kept['workspace_id']}) than the one that ran here last ({expected.workspace_id})"
        )
    if expected.since_boot and int(kept.get("mark", 0)) < expected.mark:
        raise OtherStateError(
            "is older than the workspace that ran here last: what was written since is missing"
        )
    return None


def _missing_ahead(connection: sqlite3.Connection, path: Path, written: int) -> str | None:
    """What the write-ahead log does not hold although its index spoke of it, or None."""
    if not written:
        return None
    connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # has it read its log
    return _LOST if _written_ahead(path, moved=True) < written else None


_WAL_HEADER_BYTES, _FRAME_HEADER_BYTES = 32, 24
_INDEX_COPY_BYTES = 48
_INDEX_BYTES = 2 * _INDEX_COPY_BYTES + 4


def _written_ahead(path: Path, *, moved: bool = False) -> int:
    """How many pages the index of the write-ahead log speaks of; 0 when all are in the database itself.

    A process that is killed leaves the index as it was at its last commit. Its format is SQLite's (walformat.html).

    Args:
        path: the database.
        moved: whether to count those, too, that were moved into the database already.
    """
    try:
        with path.with_name(f"{path.name}-shm").open("rb") as stream:
            index = stream.read(_INDEX_BYTES)
    except OSError:
        return 0
    if (
        len(index) < _INDEX_BYTES
        or index[:_INDEX_COPY_BYTES] != index[_INDEX_COPY_BYTES : 2 * _INDEX_COPY_BYTES]
    ):
        return 0  # none, or one that was just being written
    initialized, pages = index[12], struct.unpack_from("=I", index, 16)[0]
    backfilled = struct.unpack_from("=I", index, 2 * _INDEX_COPY_BYTES)[0]
    if not initialized or (pages <= backfilled and not moved):
        return 0
    return int(pages)


def _length(header: bytes) -> int:
    """The length (bytes) of the file as its header says it; 0 when it does not say."""
    if len(header) < _HEADER_BYTES:
        return _HEADER_BYTES
    page = int.from_bytes(header[16:18], "big")
    pages, valid = header[28:32], header[24:28] == header[92:96]
    return (65536 if page == 1 else page) * int.from_bytes(pages, "big") if valid else 0


def _read_whole(connection: sqlite3.Connection, *, thoroughly: bool) -> str | None:
    check = "PRAGMA integrity_check(1)" if thoroughly else "PRAGMA quick_check(1)"
    (found,) = connection.execute(check).fetchone()
    return None if found == "ok" else " ".join(found.removeprefix("*** in database main ***").split())
