"""Assets that the second SDK knows by name and version: code, data, components, and what it adds to environments."""

from typing import Any

import msgspec

from scaffold.workspace.store.database import Database, from_json, timestamp, to_json

CODES, DATA, COMPONENTS, ENVIRONMENTS, MODELS = "codes", "data", "components", "environments", "models"


class VersionedAsset(msgspec.Struct, frozen=True):
    """One version of an asset.

    Attributes:
        kind: as addresses of resources call it, such as :data:`DATA`.
        number: counts the versions of the name, in the order they were made.
        created, modified: ISO 8601 in UTC.
        document: the resource's properties, as the client sent them.
    """

    kind: str
    name: str
    version: str
    number: int
    created: str
    modified: str
    document: dict[str, Any]

    @property
    def archived(self) -> bool:
        return bool(self.document.get("isArchived"))


def _asset(row: Any) -> VersionedAsset:
    return VersionedAsset(**{**dict(row), "document": from_json(row["document"])})


class VersionedAssets:
    """The versioned assets of the workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, kind: str, name: str, version: str, document: dict[str, Any]) -> VersionedAsset:
        """Keeps a version; one that is there gets the document in place of its own."""
        moment = timestamp()
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO versioned_assets VALUES (?1, ?2, ?3, (SELECT coalesce(max(number), 0) + 1"
                " FROM versioned_assets WHERE kind = ?1 AND name = ?2), ?4, ?4, ?5)"
                " ON CONFLICT DO UPDATE SET document = excluded.document, modified = excluded.modified",
                kind,
                name,
                version,
                moment,
                to_json(document),
            )
            kept = self.get(kind, name, version)
        assert kept is not None  # noqa: S101  (just written)
        return kept

    def add(self, kind: str, name: str, document: dict[str, Any]) -> VersionedAsset:
        """Keeps a document as the next version of a name."""
        with self._database.transaction():
            return self.put(kind, name, self.next_version(kind, name), document)

    def get(self, kind: str, name: str, version: str | None = None) -> VersionedAsset | None:
        """A version, or the one that was made last and is not archived."""
        row = self._database.one(
            "SELECT * FROM versioned_assets WHERE kind = ?1 AND name = ?2 AND version = coalesce(?3, version)"
            " AND (?3 IS NOT NULL OR coalesce(json_extract(document, '$.isArchived'), 0) = 0)"
            " ORDER BY number DESC LIMIT 1",
            kind,
            name,
            version,
        )
        return _asset(row) if row else None

    def versions(self, kind: str, name: str) -> list[VersionedAsset]:
        """The versions of a name, the newest first."""
        rows = self._database.all(
            "SELECT * FROM versioned_assets WHERE kind = ? AND name = ? ORDER BY number DESC", kind, name
        )
        return [_asset(row) for row in rows]

    def of_content(self, kind: str, digest: str) -> list[VersionedAsset]:
        """The versions that a client has said to be of that content (``hash_sha256``), the oldest first."""
        rows = self._database.all(
            "SELECT * FROM versioned_assets WHERE kind = ? AND json_extract(document, '$.properties.hash_sha256') = ?"
            " ORDER BY created, name",
            kind,
            digest,
        )
        return [_asset(row) for row in rows]

    def latest(self, kind: str) -> list[VersionedAsset]:
        """The newest version of every name, by name."""
        rows = self._database.all(
            "SELECT * FROM versioned_assets AS a WHERE kind = ? AND number = (SELECT max(number)"
            " FROM versioned_assets WHERE kind = a.kind AND name = a.name) ORDER BY name",
            kind,
        )
        return [_asset(row) for row in rows]

    def next_version(self, kind: str, name: str) -> str:
        """One more than the greatest version that is a number."""
        row = self._database.one(
            "SELECT max(CAST(version AS INTEGER)) FROM versioned_assets"
            " WHERE kind = ? AND name = ? AND version NOT GLOB '*[^0-9]*' AND length(version) < 10",
            kind,
            name,
        )
        return str((row[0] or 0) + 1) if row else "1"

    def remove(self, kind: str, name: str, version: str) -> bool:
        return (
            self._database.execute(
                "DELETE FROM versioned_assets WHERE kind = ? AND name = ? AND version = ?",
                kind,
                name,
                version,
            )
            > 0
        )

    def name_document(self, kind: str, name: str) -> dict[str, Any]:
        """What is kept of a name itself: whether it is archived, its description, its tags."""
        row = self._database.one("SELECT document FROM asset_names WHERE kind = ? AND name = ?", kind, name)
        document: dict[str, Any] = from_json(row["document"]) if row else {}
        return document

    def put_name(self, kind: str, name: str, document: dict[str, Any]) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO asset_names VALUES (?, ?, ?)", kind, name, to_json(document)
        )
