"""Named blobs: what the SDK's storage clients write and read, and where run artifacts live."""

import os
import re
from pathlib import Path

import msgspec

from scaffold.workspace.files import is_plain
from scaffold.workspace.store.content import ContentStore
from scaffold.workspace.store.database import Database, timestamp, to_json
from scaffold.workspace.store.pathnames import UnsafeNameError, is_safe

ARTIFACTS = "azureml"
"""The container of artifacts; the names of a run's start with ``ExperimentRun/dcid.<run id>/``."""

RUN_ORIGIN = "ExperimentRun"
"""What the names of all runs' artifacts start with."""

SNAPSHOTS = "snapshots"
"""The container of snapshot uploads on their way."""

CODE = "code-"
"""What the names of containers of code on its way start with; what is uploaded at once has one of its own."""

DATASTORE = "azureml-blobstore"
"""The container behind the datastore ``workspaceblobstore``."""

NOT_XML = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")


_LONGEST = 4096
"""Of the name with what stands in front of a path."""


class Blob(msgspec.Struct, frozen=True):
    """One named blob.

    Attributes:
        sha256: its content in the content store, or None while it is still being written.
        live_path: the growing file of a run under way, or None once it is kept.
        size: bytes; of a live file, 0.
        metadata: what a storage client has noted of it, as a JSON object of texts.
    """

    container: str
    name: str
    sha256: str | None
    live_path: str | None
    size: int
    content_type: str
    created: str
    modified: str
    metadata: str = "{}"

    @property
    def written(self) -> bool:
        """False for a blob that was announced and never uploaded."""
        return self.sha256 is not None or self.live_path is not None


class Blobs:
    """The named blobs of the workspace."""

    def __init__(self, database: Database, content: ContentStore) -> None:
        self._database = database
        self._content = content

    def put(  # noqa: PLR0913  (a blob's fields)
        self,
        container: str,
        name: str,
        *,
        sha256: str | None = None,
        live_path: Path | None = None,
        size: int = 0,
        content_type: str = "application/octet-stream",
        metadata: dict[str, str] | None = None,
    ) -> None:
        """Names a content, or a growing file, or (with neither) announces an upload; replaces what had the name.

        Raises:
            UnsafeNameError: the name would lead a client out of its folder.
        """
        _check(name)
        moment = timestamp()
        self._database.execute(
            "INSERT INTO blobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (container, name) DO UPDATE SET"
            " sha256 = excluded.sha256, live_path = excluded.live_path, size = excluded.size,"
            " content_type = excluded.content_type, modified = excluded.modified, metadata = excluded.metadata",
            container,
            name,
            sha256,
            str(live_path) if live_path else None,
            size,
            content_type,
            moment,
            moment,
            to_json(metadata or {}),
        )

    def note(self, container: str, name: str, metadata: dict[str, str]) -> None:
        """Replaces what is noted of a blob."""
        self._database.execute(
            "UPDATE blobs SET metadata = ?, modified = ? WHERE container = ? AND name = ?",
            to_json(metadata),
            timestamp(),
            container,
            name,
        )

    def copy(self, container: str, prefix: str, target: str, new_prefix: str) -> int:
        """Gives the blob of a path, or all below it, a second name each in another container; how many there were.

        Args:
            container: where they are.
            prefix: the path, without a last slash.
            target: the other container.
            new_prefix: what the second names have in its place.

        Raises:
            UnsafeNameError: a second name would lead a client out of its folder.
        """
        moment = timestamp()
        rows = [
            (target, new_prefix + blob.name[len(prefix) :], blob.sha256, blob.size, blob.content_type, moment)
            for blob in self.under(container, prefix)
            if blob.sha256 is not None and blob.name[len(prefix) :].startswith(("", "/")[blob.name != prefix])
        ]
        for row in rows:
            _check(row[1])
        self._database.executemany(
            "INSERT OR REPLACE INTO blobs (container, name, sha256, size, content_type, created, modified)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            rows,
        )
        return len(rows)

    def announce(self, container: str, name: str) -> None:
        """Makes the name known without touching what it may already name.

        Raises:
            UnsafeNameError: the name would lead a client out of its folder.
        """
        _check(name)
        moment = timestamp()
        self._database.execute(
            "INSERT INTO blobs (container, name, created, modified) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            container,
            name,
            moment,
            moment,
        )

    def get(self, container: str, name: str) -> Blob | None:
        row = self._database.one("SELECT * FROM blobs WHERE container = ? AND name = ?", container, name)
        return Blob(**dict(row)) if row else None

    def under(
        self, container: str, prefix: str, *, start: str = "", after: str = "", limit: int = -1
    ) -> list[Blob]:
        """The blobs whose names start with the prefix, by name.

        Args:
            container: where they are.
            prefix: what their names start with.
            start: leave out the names before this one.
            after: leave out the names up to this one.
            limit: how many at most; a negative number is no limit.
        """
        rows = self._database.all(
            "SELECT * FROM blobs WHERE container = ? AND name >= ? AND name < ? AND name > ? ORDER BY name LIMIT ?",
            container,
            max(prefix, start),
            prefix + "\U0010ffff",
            after,
            limit,
        )
        return [Blob(**dict(row)) for row in rows]

    def sizes_under(self, container: str, prefix: str) -> dict[str, int]:
        """The size (bytes) of each blob that was written below the prefix, by the rest of its name."""
        rows = self._database.all(
            "SELECT substr(name, ?3), size FROM blobs WHERE container = ?1 AND name >= ?2 AND name < ?4"
            " AND (sha256 IS NOT NULL OR live_path IS NOT NULL) ORDER BY name",
            container,
            prefix,
            len(prefix) + 1,
            prefix + "\U0010ffff",
        )
        return {row[0]: row[1] for row in rows}

    def remove(self, container: str, name: str) -> bool:
        """Forgets a name; the content stays as long as others may share it."""
        return (
            self._database.execute("DELETE FROM blobs WHERE container = ? AND name = ?", container, name) > 0
        )

    def file(self, blob: Blob) -> Path | None:
        """The file that holds the blob's bytes now, or None when nothing was written yet.

        A run's code may put a link to anything in its log's place: that is not what it has written.
        """
        if blob.sha256 is not None:
            return self._content.path(blob.sha256)
        path = Path(blob.live_path) if blob.live_path is not None else None
        return path if path is not None and (is_plain(path) or not os.path.lexists(path)) else None

    def require_file(self, blob: Blob) -> Path | None:
        """As :meth:`file`, of content that is there.

        Raises:
            ContentMissingError: it is not.
        """
        if blob.sha256 is not None:
            return self._content.require(blob.sha256, blob.name.rpartition("/")[2])
        return self.file(blob)


def artifact_prefix(run_id: str) -> str:
    """What the names of a run's artifacts start with, in the container :data:`ARTIFACTS`."""
    return f"{RUN_ORIGIN}/dcid.{run_id}/"


def _check(name: str) -> None:
    if not is_safe(name, _LONGEST):
        raise UnsafeNameError(name)
