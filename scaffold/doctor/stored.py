"""What the local workspace has stored: its database, and the files that the database names."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from scaffold import words
from scaffold.doctor.finding import Finding, ok, problem, warning
from scaffold.workspace import service_lock
from scaffold.workspace.paths import Home

_SECONDS = 4.0
_SHOWN = 3
# Every file that the database names, with the name by which a person knows it.
_NAMED = """
    SELECT sha256, path FROM snapshot_files WHERE sha256 IS NOT NULL
    UNION ALL SELECT sha256, name FROM blobs WHERE sha256 IS NOT NULL
"""


def database(home: Home) -> Iterator[Finding]:
    """Whether the database holds what was written, as far as a few seconds tell."""
    path = home.database
    if not path.exists():
        yield ok("database", "There is none yet.", exists=False)
        return
    if (lost := _lost(home)) is not None:
        yield lost
        return
    # What was written last is in the log beside it, until SQLite moves it into the database.
    written_ahead = path.with_name(f"{path.name}-wal")
    size = sum(file.stat().st_size for file in (path, written_ahead) if file.exists())
    deadline = time.monotonic() + _SECONDS
    try:
        with contextlib.closing(_opened(path)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            yield _not_opened(home, error)
            return
        text = f"{words.size(size)}; what {_SECONDS:.0f} s were enough to read is whole."
        yield ok("database", text, bytes=size, whole=None)
        return
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said == "ok":
        yield ok("database", f"{words.size(size)}, and whole.", bytes=size, whole=True)
    else:
        yield problem(
            "database",
            f"{path} is damaged: {' '.join(said.split())[:200]}.",
            "Stop the service: the next start sets it aside and begins anew.",
            bytes=size,
            whole=False,
        )


def _opened(path: Path) -> sqlite3.Connection:
    """The database, read-only, and beside a service that writes: SQLite's readers see one state of it."""
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=1.0)


def _lost(home: Home) -> Finding | None:
    """What is missing from a database whose service was killed; opening it would wipe out the traces."""
    from scaffold.workspace.store.damage import lost_ahead

    if service_lock.is_held(home) or not lost_ahead(home.database):
        return None
    return problem(
        "database",
        f"{home.database} lacks what was written last: the log beside it was cut or removed.",
        "Put the right file back; otherwise the next start sets the state aside and begins anew.",
        whole=False,
    )


def _not_opened(home: Home, error: sqlite3.OperationalError) -> Finding:
    from scaffold.workspace.opening import refusal

    said = refusal(home, error)
    return problem("database", said.message, said.hint, whole=None)


def content(home: Home) -> Iterator[Finding]:
    """Whether the files that the database names are there, as far as a few seconds tell."""
    if not home.database.is_file() or _lost(home) is not None:
        return
    from scaffold.workspace.store.content import ContentStore

    store = ContentStore(home.blobs, home.staging)
    deadline = time.monotonic() + _SECONDS
    seen: set[str] = set()
    missing: dict[str, str] = {}
    try:
        with contextlib.closing(_opened(home.database)) as connection:
            for sha256, name in connection.execute(_NAMED):
                if sha256 not in seen and not store.path(sha256).exists():
                    missing[sha256] = name
                seen.add(sha256)
                if time.monotonic() > deadline:
                    break
    except sqlite3.Error:  # the database's own finding tells
        return
    if missing:
        names = ", ".join(list(missing.values())[:_SHOWN])
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        yield warning(
            "content",
            f"{len(missing)} of {len(seen)} files are missing from {home.blobs}: {names}{more}.",
            "Put them back from a backup; what needs them fails by name, and 'scaffold workspace reset' begins anew.",
            missing=len(missing),
        )
    else:
        yield ok("content", f"{len(seen)} files are named, and there.", missing=0)
