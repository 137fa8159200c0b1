"""The names of registered models, with what MLflow keeps of a name beside its versions."""

from typing import Any

import msgspec

from scaffold.workspace.store import search
from scaffold.workspace.store.database import Database, from_json, timestamp, to_json

# A name that has versions is one, whoever registered them; one without has to be registered by itself.
_REGISTERED = (
    "(SELECT n.name AS name, COALESCE(n.created, MIN(m.created)) AS created,"
    " MAX(COALESCE(n.modified, ''), COALESCE(MAX(m.modified), '')) AS modified,"
    " COALESCE(n.document, '{}') AS document"
    " FROM model_names AS n LEFT JOIN models AS m ON m.name = n.name"
    " GROUP BY n.name HAVING n.document IS NOT NULL OR COUNT(m.version) > 0) AS registered"
)


class ModelName(msgspec.Struct, frozen=True):
    """A name.

    Attributes:
        created, modified: ISO 8601 in UTC; of the versions too.
        document: ``description``, ``tags`` (a mapping) and ``aliases`` (versions by alias), where there are any.
    """

    name: str
    created: str
    modified: str
    document: dict[str, Any]


class ModelNames:
    """The names of the workspace's models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> ModelName | None:
        row = self._database.one(f"SELECT * FROM {_REGISTERED} WHERE name = ?", name)  # noqa: S608  (ours)
        return _name(row) if row else None

    def put(self, name: str, document: dict[str, Any]) -> ModelName:
        """Gives a name that document; registers it when it is new."""
        moment = timestamp()
        self._database.execute(
            "INSERT INTO model_names (name, last_version, created, modified, document) VALUES (?, 0, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET modified = excluded.modified, document = excluded.document",
            name,
            moment,
            moment,
            to_json(document),
        )
        found = self.get(name)
        assert found is not None  # noqa: S101  (just put)
        return found

    def remove(self, name: str) -> None:
        """Forgets a name and its versions; their numbers are not used again."""
        with self._database.transaction():
            self._database.execute("DELETE FROM models WHERE name = ?", name)
            self._database.execute(
                "UPDATE model_names SET created = NULL, modified = NULL, document = NULL WHERE name = ?", name
            )

    def rename(self, name: str, new: str) -> None:
        """Gives a name and its versions another, which is free."""
        with self._database.transaction():
            self._database.execute("DELETE FROM model_names WHERE name = ?", new)  # one that was removed
            self._database.execute("UPDATE model_names SET name = ? WHERE name = ?", new, name)
            self._database.execute("UPDATE models SET name = ? WHERE name = ?", new, name)

    def search(self, condition: str, order: list[str], *, limit: int, offset: int) -> list[ModelName]:
        """Names by a filter and an order of MLflow's search language.

        Raises:
            SearchError: one of them is none.
        """
        where, values = search.where(condition, search.model_name_expression)
        sorted_by, bound = search.order(order, search.model_name_expression)
        rows = self._database.all(
            f"SELECT * FROM {_REGISTERED} WHERE {where} ORDER BY {sorted_by} name LIMIT ? OFFSET ?",  # noqa: S608
            *values,
            *bound,
            limit,
            offset,
        )
        return [_name(row) for row in rows]


def _name(row: Any) -> ModelName:
    return ModelName(row["name"], row["created"], row["modified"], from_json(row["document"]))
