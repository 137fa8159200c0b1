"""Datasets: definitions that were saved, and the names and versions that they were registered under."""

import sqlite3
import uuid
from typing import Any

import msgspec

from scaffold.workspace.store.database import Database, from_json, timestamp, to_json


class SavedDataset(msgspec.Struct, frozen=True):
    """One definition; never changes.

    Attributes:
        saved_id: what ``Dataset.id`` is.
        kind: ``file`` or ``tabular``.
        dataflow: the reader's own description of what to read, as the client sent it.
    """

    saved_id: str
    kind: str
    dataflow: str
    properties: dict[str, Any]
    created: str


class DatasetVersion(msgspec.Struct, frozen=True):
    """One version of a registered dataset, with its definition."""

    dataset_id: str
    name: str
    version: int
    description: str | None
    tags: dict[str, str]
    created: str
    modified: str
    first_created: str
    visible: bool
    saved: SavedDataset


_VERSIONS = (
    "SELECT d.dataset_id, d.name, d.visible, d.created AS first_created, v.version, v.description, v.tags,"
    " v.created, v.modified, v.saved_id FROM dataset_versions v JOIN datasets d USING (dataset_id)"
)


class Datasets:
    """The datasets of the workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, kind: str, dataflow: str, properties: dict[str, Any]) -> SavedDataset:
        """Keeps a definition; the same one twice is one, with one id."""
        row = self._database.one(
            "SELECT * FROM saved_datasets WHERE kind = ? AND dataflow = ? AND properties = ?",
            kind,
            dataflow,
            to_json(properties),
        )
        if row is not None:
            return _saved(row)
        saved = SavedDataset(str(uuid.uuid4()), kind, dataflow, properties, timestamp())
        self._database.execute(
            "INSERT INTO saved_datasets VALUES (?, ?, ?, ?, ?)",
            saved.saved_id,
            kind,
            dataflow,
            to_json(properties),
            saved.created,
        )
        return saved

    def saved(self, saved_id: str) -> SavedDataset | None:
        row = self._database.one("SELECT * FROM saved_datasets WHERE saved_id = ?", saved_id)
        return _saved(row) if row else None

    def register(
        self, name: str, saved: SavedDataset, description: str | None, tags: dict[str, str]
    ) -> DatasetVersion:
        """Registers a definition as the next version of a name; the one it has already stays the latest."""
        with self._database.transaction():
            latest = self.by_name(name)
            if latest is not None and latest.saved.saved_id == saved.saved_id:
                self.update(latest.dataset_id, latest.version, description, tags)
            else:
                moment = timestamp()
                dataset_id = latest.dataset_id if latest else str(uuid.uuid4())
                version = latest.version + 1 if latest else 1
                self._database.execute(
                    "INSERT INTO datasets (dataset_id, name, created, modified) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (dataset_id) DO UPDATE SET modified = excluded.modified",
                    dataset_id,
                    name,
                    moment,
                    moment,
                )
                self._database.execute(
                    "INSERT INTO dataset_versions VALUES (?, ?, ?, ?, ?, ?, ?)",
                    dataset_id,
                    version,
                    saved.saved_id,
                    description,
                    to_json(tags),
                    moment,
                    moment,
                )
            registered = self.by_name(name)
        assert registered is not None  # noqa: S101  (just written)
        return registered

    def update(self, dataset_id: str, version: int, description: str | None, tags: dict[str, str]) -> None:
        """Sets what a person may change of a version."""
        self._database.execute(
            "UPDATE dataset_versions SET description = ?, tags = ?, modified = ? WHERE dataset_id = ? AND version = ?",
            description,
            to_json(tags),
            timestamp(),
            dataset_id,
            version,
        )

    def by_name(self, name: str, version: int | None = None) -> DatasetVersion | None:
        """The version, or the latest one."""
        return self._one("d.name = ?", name, version)

    def by_id(self, dataset_id: str, version: int | None = None) -> DatasetVersion | None:
        """The version of a registered dataset, or its latest one."""
        return self._one("d.dataset_id = ?", dataset_id, version)

    def by_saved_id(self, saved_id: str) -> DatasetVersion | None:
        """The first version that has this definition."""
        row = self._database.one(f"{_VERSIONS} WHERE v.saved_id = ? ORDER BY v.created LIMIT 1", saved_id)
        return self._version(row) if row else None

    def versions(self, name: str) -> list[DatasetVersion]:
        """The versions of a name, the newest first."""
        rows = self._database.all(f"{_VERSIONS} WHERE d.name = ? ORDER BY v.version DESC", name)
        return [self._version(row) for row in rows]

    def latest(self) -> list[DatasetVersion]:
        """The latest version of every registered dataset, by name."""
        rows = self._database.all(  # nothing in it comes from a request
            f"{_VERSIONS} JOIN (SELECT dataset_id, max(version) AS version FROM dataset_versions"  # noqa: S608
            " GROUP BY dataset_id) USING (dataset_id, version) ORDER BY d.name"
        )
        return [self._version(row) for row in rows]

    def unregister(self, name: str) -> bool:
        """Forgets a name with all its versions; the definitions stay, since runs may refer to them."""
        return self._database.execute("DELETE FROM datasets WHERE name = ?", name) > 0

    def _one(self, condition: str, value: str, version: int | None) -> DatasetVersion | None:
        row = self._database.one(
            f"{_VERSIONS} WHERE {condition} AND (? IS NULL OR v.version = ?) ORDER BY v.version DESC LIMIT 1",
            value,
            version,
            version,
        )
        return self._version(row) if row else None

    def _version(self, row: sqlite3.Row) -> DatasetVersion:
        fields = dict(row)
        saved = self.saved(fields.pop("saved_id"))
        assert saved is not None  # noqa: S101  (a foreign key)
        fields |= {"tags": from_json(row["tags"]), "visible": bool(row["visible"])}
        return DatasetVersion(**fields, saved=saved)


def _saved(row: sqlite3.Row) -> SavedDataset:
    return SavedDataset(**{**dict(row), "properties": from_json(row["properties"])})
