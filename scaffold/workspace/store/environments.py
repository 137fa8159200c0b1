"""Environments that have been built on this machine."""

import msgspec

from scaffold.workspace.store.database import Database, timestamp


class BuiltEnvironment(msgspec.Struct, frozen=True):
    """One built environment.

    Attributes:
        key: hash of all that decides what is in it; names its folder.
        name: of the first Environment that asked for it.
        kind: ``pip``, ``conda`` or ``conda-as-pip``.
        specification: canonical JSON of what was asked for.
        python_version: the version that it really has.
        interpreter: path of its Python.
        built, used: ISO 8601 in UTC.
        seconds: what building it took.
    """

    key: str
    name: str
    kind: str
    specification: str
    python_version: str
    interpreter: str
    built: str
    used: str
    seconds: float


class BuiltEnvironments:
    """The environments that are ready."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> BuiltEnvironment | None:
        row = self._database.one("SELECT * FROM built_environments WHERE key = ?", key)
        return BuiltEnvironment(**dict(row)) if row else None

    def all(self) -> list[BuiltEnvironment]:
        """The last used first."""
        rows = self._database.all("SELECT * FROM built_environments ORDER BY used DESC")
        return [BuiltEnvironment(**dict(row)) for row in rows]

    def add(self, environment: BuiltEnvironment) -> None:
        values = msgspec.structs.astuple(environment)
        marks = ", ".join("?" for _ in values)
        self._database.execute(
            f"INSERT OR REPLACE INTO built_environments VALUES ({marks})",  # noqa: S608
            *values,
        )

    def touch(self, key: str) -> None:
        """Notes that the environment was used now."""
        self._database.execute("UPDATE built_environments SET used = ? WHERE key = ?", timestamp(), key)

    def remove(self, key: str) -> None:
        self._database.execute("DELETE FROM built_environments WHERE key = ?", key)
