"""Snapshots: trees of hashes of which the files are content-addressed."""

import shutil
import zipfile
from typing import IO, Any

import msgspec

from scaffold.workspace.store.content import ContentStore
from scaffold.workspace.store.database import Database, from_json, timestamp, to_json


class SnapshotFile(msgspec.Struct, frozen=True):
    """One file of a snapshot.

    Attributes:
        path: relative, with forward slashes.
        tree_hash: the SDK's hash of it, SHA-512 over content, name and the word ``File``.
        sha256: the hash of its content alone, its name in the content store.
        size: bytes.
    """

    path: str
    tree_hash: str
    sha256: str
    size: int


class Snapshot(msgspec.Struct, frozen=True):
    """One snapshot; ``root`` is the SDK's DirTreeNode with ``children`` as a mapping."""

    snapshot_id: str
    created: str
    root: dict[str, Any]
    parent_id: str | None = None
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}


class Snapshots:
    """The snapshots of the workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, snapshot: Snapshot, files: list[SnapshotFile]) -> None:
        """Keeps a snapshot with its files.

        Raises:
            sqlite3.IntegrityError: there is a snapshot of that id.
        """
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO snapshots (snapshot_id, parent_id, created, root, tags, properties)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                snapshot.snapshot_id,
                snapshot.parent_id,
                timestamp(),
                to_json(snapshot.root),
                to_json(snapshot.tags),
                to_json(snapshot.properties),
            )
            self._database.executemany(
                "INSERT INTO snapshot_files VALUES (?, ?, ?, ?, ?)",
                [(snapshot.snapshot_id, f.path, f.tree_hash, f.sha256, f.size) for f in files],
            )

    def _snapshot(self, row: Any) -> Snapshot | None:
        if row is None:
            return None
        fields = dict(row)
        for column in ("root", "tags", "properties"):
            fields[column] = from_json(fields[column])
        return Snapshot(**fields)

    def get(self, snapshot_id: str) -> Snapshot | None:
        return self._snapshot(
            self._database.one("SELECT * FROM snapshots WHERE snapshot_id = ?", snapshot_id)
        )

    def latest(self) -> Snapshot | None:
        """The one that was added last."""
        return self._snapshot(self._database.one("SELECT * FROM snapshots ORDER BY rowid DESC LIMIT 1"))

    def files(self, snapshot_id: str) -> list[SnapshotFile]:
        """The files of a snapshot by path."""
        rows = self._database.all(
            "SELECT path, tree_hash, sha256, size FROM snapshot_files WHERE snapshot_id = ? ORDER BY path",
            snapshot_id,
        )
        return [SnapshotFile(*row) for row in rows]


def write_zip(stream: IO[bytes], files: list[SnapshotFile], content: ContentStore) -> None:
    """Writes files as a zip, the same bytes for the same files, a piece at a time."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.path, (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = 0o100644 << 16
            with (
                content.require(file.sha256, file.path).open("rb") as source,
                archive.open(entry, "w", force_zip64=True) as target,
            ):
                shutil.copyfileobj(source, target, 1024 * 1024)
