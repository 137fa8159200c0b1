"""Compute targets that people created, or deleted: records, since all of them are this machine."""

from typing import Any

import msgspec

from scaffold.workspace.store.database import Database, from_json, timestamp, to_json

# The one that a new project names, and most scripts of other people. A workspace has it from the start, since scripts
# look it up among those that there are (``ws.compute_targets[name]``).
FIRST = "cpu-cluster"


class Compute(msgspec.Struct, frozen=True):
    """One compute target.

    Attributes:
        deleted: True for a name that was deleted and not created again.
        created, modified: ISO 8601 in UTC.
        document: what the client asked for.
    """

    name: str
    created: str
    modified: str
    deleted: bool
    document: dict[str, Any]


def _compute(row: Any) -> Compute:
    values = {**dict(row), "deleted": bool(row["deleted"]), "document": from_json(row["document"])}
    return Compute(**values)


class Computes:
    """The records; names are looked up whatever their case."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> Compute | None:
        row = self._database.one("SELECT * FROM computes WHERE name = ?", name)
        return _compute(row) if row else None

    def all(self) -> list[Compute]:
        """By name, those that were deleted among them."""
        return [_compute(row) for row in self._database.all("SELECT * FROM computes ORDER BY name")]

    def put(self, name: str, document: dict[str, Any], *, deleted: bool = False) -> None:
        """Keeps a record instead of the one there was; one that was deleted begins anew."""
        moment = timestamp()
        present = self.get(name)
        created = present.created if present is not None and not present.deleted else moment
        self._database.execute(
            "INSERT OR REPLACE INTO computes (name, created, modified, deleted, document) VALUES (?, ?, ?, ?, ?)",
            present.name if present else name,
            created,
            moment,
            deleted,
            to_json(document),
        )

    def known(self) -> dict[str, Compute | None]:
        """Name → record of what was created, of what runs were submitted to (no record), and of ``FIRST``; sorted.

        What was deleted is not among them, whatever was submitted to it.
        """
        rows = self._database.all("SELECT DISTINCT target FROM runs WHERE target <> ''")
        names = {name.lower(): name for name in (FIRST, *(row["target"] for row in rows))}
        records = {compute.name.lower(): compute for compute in self.all()}
        names |= {key: compute.name for key, compute in records.items()}
        found = {names[key]: records.get(key) for key in sorted(names)}
        return {name: compute for name, compute in found.items() if compute is None or not compute.deleted}
