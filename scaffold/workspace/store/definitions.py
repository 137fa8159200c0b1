"""Environments that people registered, with their versions and labels."""

from typing import Any

import msgspec

from scaffold.workspace.store.database import Database, from_json, timestamp, to_json


class Definition(msgspec.Struct, frozen=True):
    """One version of an environment.

    Attributes:
        number: counts the versions of the name, in the order they were registered.
        version: as the client calls it; the number, unless it asked for another.
        created: ISO 8601 in UTC.
        content: the definition without name and version, as the client sent it.
    """

    name: str
    number: int
    version: str
    created: str
    content: dict[str, Any]


class VersionTakenError(Exception):
    """The version is there already, with another content."""


def _definition(row: Any) -> Definition:
    return Definition(
        row["name"], row["number"], row["version"], row["created"], from_json(row["definition"])
    )


class Definitions:
    """The registered environments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, name: str, content: dict[str, Any], version: str | None = None) -> Definition:
        """Keeps a definition: the latest version if that is equal to it, else a new one.

        Args:
            name: of the environment.
            content: the definition.
            version: the version that it must have; without one, the next.

        Raises:
            VersionTakenError: see there.
        """
        with self._database.transaction():
            present = self.get(name, version)
            if present is not None and present.content == content:
                return present
            if present is not None and version is not None:
                raise VersionTakenError(version)
            row = self._database.one(
                "SELECT max(number) AS last FROM environment_versions WHERE name = ?", name
            )
            number = (row["last"] if row and row["last"] else 0) + 1
            chosen = version
            while chosen is None:  # a version that somebody chose may be the next number
                if self.get(name, str(number)) is None:
                    chosen = str(number)
                else:
                    number += 1
            new = Definition(name, number, chosen, timestamp(), content)
            self._database.execute(
                "INSERT INTO environment_versions (name, number, version, created, definition)"
                " VALUES (?, ?, ?, ?, ?)",
                new.name,
                new.number,
                new.version,
                new.created,
                to_json(content),
            )
        return new

    def get(self, name: str, version: str | None = None) -> Definition | None:
        """A version, or the latest."""
        row = self._database.one(
            "SELECT * FROM environment_versions WHERE name = ? AND version = coalesce(?, version)"
            " ORDER BY number DESC LIMIT 1",
            name,
            version,
        )
        return _definition(row) if row else None

    def versions(self, name: str) -> list[Definition]:
        """The versions of a name, the newest first."""
        rows = self._database.all(
            "SELECT * FROM environment_versions WHERE name = ? ORDER BY number DESC", name
        )
        return [_definition(row) for row in rows]

    def latest(self) -> list[Definition]:
        """The latest version of every name, by name."""
        rows = self._database.all(
            "SELECT * FROM environment_versions AS e WHERE number ="
            " (SELECT max(number) FROM environment_versions WHERE name = e.name) ORDER BY name"
        )
        return [_definition(row) for row in rows]

    def label(self, name: str, version: str, labels: list[str]) -> None:
        """Gives a version its labels, instead of those it had; each leaves the version that had it before."""
        with self._database.transaction():
            self._database.execute(
                "DELETE FROM environment_labels WHERE name = ? AND version = ?", name, version
            )
            self._database.executemany(
                "INSERT OR REPLACE INTO environment_labels VALUES (?, ?, ?)",
                [(name, label, version) for label in labels],
            )

    def labeled(self, name: str, label: str) -> Definition | None:
        """The version that has the label."""
        row = self._database.one(
            "SELECT version FROM environment_labels WHERE name = ? AND label = ?", name, label
        )
        return self.get(name, row["version"]) if row else None
