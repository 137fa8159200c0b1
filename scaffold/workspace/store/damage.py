"""Whether the database file is what was written: looked at before it is opened, and told from SQLite's errors.

Opening a damaged file may do harm (SQLite makes a new database of an empty one without a word), and reading
it whole at every start takes too long for a large one, so only what a good reason speaks for is read whole.
"""

import contextlib
import sqlite3
from pathlib import Path

_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\x00"


def is_damage(error: sqlite3.Error) -> bool:
    """True when the error says that the file holds something else than was written to it.

    Python has a class of its own for every other error: a full disk, a lock or a constraint.
    """
    return type(error) is sqlite3.DatabaseError


def find_damage(path: Path, *, suspected: bool) -> str | None:
    """What is wrong with a database file that was in use before, or None.

    Args:
        path: the file.
        suspected: whether to read all of it, however it was closed.
    """
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
    if suspected or not closed:
        return _read_whole(path, thoroughly=suspected)
    return None


def _length(header: bytes) -> int:
    """The length (bytes) of the file as its header says it; 0 when it does not say."""
    if len(header) < _HEADER_BYTES:
        return _HEADER_BYTES
    page = int.from_bytes(header[16:18], "big")
    pages, valid = header[28:32], header[24:28] == header[92:96]
    return (65536 if page == 1 else page) * int.from_bytes(pages, "big") if valid else 0


def _read_whole(path: Path, *, thoroughly: bool) -> str | None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        try:
            found = connection.execute(
                "PRAGMA integrity_check(1)" if thoroughly else "PRAGMA quick_check(1)"
            ).fetchone()[0]
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            found = str(error)
    return None if found == "ok" else " ".join(found.removeprefix("*** in database main ***").split())
