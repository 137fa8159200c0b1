"""Datastores that a person registered: records of storage elsewhere, with the credentials given for it."""

import sqlite3
from typing import Any

import msgspec

from scaffold.workspace.store.database import Database, from_json, timestamp, to_json

OWN = "workspaceblobstore"
"""The one datastore that is here: a name for the blob container ``DATASTORE`` (see ``blobs``)."""

OWN_ARTIFACTS = "workspaceartifactstore"
"""The name of the container ``ARTIFACTS`` for those who read it as a datastore."""


class Datastore(msgspec.Struct, frozen=True):
    """One registered datastore.

    Attributes:
        name: in lower case, as the service keeps names.
        kind: the ``DataStoreType``, such as ``AzureBlob``.
        section: the settings of that kind, as they were sent.
    """

    name: str
    kind: str
    section: dict[str, Any]
    tags: dict[str, str]
    created: str


def _datastore(row: sqlite3.Row) -> Datastore:
    return Datastore(**{**dict(row), "section": from_json(row["section"]), "tags": from_json(row["tags"])})


class Datastores:
    """The registered datastores, and which one is the default."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, name: str, kind: str, section: dict[str, Any], tags: dict[str, str]) -> None:
        """Keeps a datastore; replaces what had the name."""
        self._database.execute(
            "INSERT INTO datastores VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
            " kind = excluded.kind, section = excluded.section, tags = excluded.tags",
            name.lower(),
            kind,
            to_json(section),
            to_json(tags),
            timestamp(),
        )

    def get(self, name: str) -> Datastore | None:
        row = self._database.one("SELECT * FROM datastores WHERE name = ?", name.lower())
        return _datastore(row) if row else None

    def all(self) -> list[Datastore]:
        """All of them, by name."""
        return [_datastore(row) for row in self._database.all("SELECT * FROM datastores ORDER BY name")]

    def remove(self, name: str) -> bool:
        with self._database.transaction():
            if self.default == name.lower():
                self._database.execute("DELETE FROM meta WHERE key = 'default_datastore'")
            return self._database.execute("DELETE FROM datastores WHERE name = ?", name.lower()) > 0

    @property
    def default(self) -> str | None:
        """The name of the default datastore, when a person has chosen one."""
        row = self._database.one("SELECT value FROM meta WHERE key = 'default_datastore'")
        return str(row["value"]) if row else None

    def set_default(self, name: str) -> None:
        self._database.execute(
            "INSERT INTO meta VALUES ('default_datastore', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            name.lower(),
        )
