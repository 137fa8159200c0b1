"""Named blobs: what the SDK's storage clients write and read, and where run artifacts live."""

import re
from pathlib import Path

import msgspec

from scaffold.workspace.store.content import ContentStore
from scaffold.workspace.store.database import Database, timestamp

ARTIFACTS = "azureml"
"""The container of artifacts; the names of a run's start with ``ExperimentRun/dcid.<run id>/``."""

RUN_ORIGIN = "ExperimentRun"
"""What the names of all runs' artifacts start with."""

SNAPSHOTS = "snapshots"
"""The container of snapshot uploads on their way."""

DATASTORE = "azureml-blobstore"
"""The container behind the datastore ``workspaceblobstore``."""

NOT_XML = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")


def is_blob_name(name: str) -> bool:
    """False for a name that would lead out of the folder that somebody downloads the container into.

    Also for one that no list of names (XML) can hold, or that is longer than storage allows.
    """
    parts = re.split(r"[/\\]", name)
    if not name or len(name) > 1024 or NOT_XML.search(name) or not parts[0] or {".", ".."} & set(parts):
        return False
    return re.match(r"[A-Za-z]:", name) is None


class Blob(msgspec.Struct, frozen=True):
    """One named blob.

    Attributes:
        sha256: its content in the content store, or None while it is still being written.
        live_path: the growing file of a run under way, or None once it is kept.
        size: bytes; of a live file, 0.
    """

    container: str
    name: str
    sha256: str | None
    live_path: str | None
    size: int
    content_type: str
    created: str
    modified: str

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
    ) -> None:
        """Names a content, or a growing file, or (with neither) announces an upload; replaces what had the name."""
        moment = timestamp()
        self._database.execute(
            "INSERT INTO blobs VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (container, name) DO UPDATE SET"
            " sha256 = excluded.sha256, live_path = excluded.live_path, size = excluded.size,"
            " content_type = excluded.content_type, modified = excluded.modified",
            container,
            name,
            sha256,
            str(live_path) if live_path else None,
            size,
            content_type,
            moment,
            moment,
        )

    def announce(self, container: str, name: str) -> None:
        """Makes the name known without touching what it may already name."""
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

    def remove(self, container: str, name: str) -> bool:
        """Forgets a name; the content stays as long as others may share it."""
        return (
            self._database.execute("DELETE FROM blobs WHERE container = ? AND name = ?", container, name) > 0
        )

    def file(self, blob: Blob) -> Path | None:
        """The file that holds the blob's bytes now, or None when nothing was written yet."""
        if blob.sha256 is not None:
            return self._content.path(blob.sha256)
        return Path(blob.live_path) if blob.live_path is not None else None


def artifact_prefix(run_id: str) -> str:
    """What the names of a run's artifacts start with, in the container :data:`ARTIFACTS`."""
    return f"{RUN_ORIGIN}/dcid.{run_id}/"
