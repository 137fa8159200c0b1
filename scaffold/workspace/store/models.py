"""Registered models, and the assets that say which artifacts a model is made of."""

import uuid
from typing import Any

import msgspec

from scaffold.workspace.store import search
from scaffold.workspace.store.database import Database, from_json, timestamp, to_json


class Asset(msgspec.Struct, frozen=True):
    """A named set of artifacts.

    Attributes:
        run_id: the run that they came from, or None.
        created: ISO 8601 in UTC.
        document: the rest of what the client sent.
    """

    asset_id: str
    name: str | None
    run_id: str | None
    created: str
    document: dict[str, Any]


class RegisteredModel(msgspec.Struct, frozen=True):
    """One version of a model.

    Attributes:
        run_id: the run that it came from, or None.
        created, modified: ISO 8601 in UTC.
        document: the rest of what the client sent.
    """

    name: str
    version: int
    run_id: str | None
    created: str
    modified: str
    document: dict[str, Any]

    @property
    def model_id(self) -> str:
        """What the SDK calls ``model.id``."""
        return f"{self.name}:{self.version}"


class Assets:
    """The assets of the workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str | None, run_id: str | None, document: dict[str, Any]) -> Asset:
        asset = Asset(uuid.uuid4().hex, name, run_id, timestamp(), document)
        self._database.execute(
            "INSERT INTO assets (asset_id, name, run_id, created, document) VALUES (?, ?, ?, ?, ?)",
            asset.asset_id,
            name,
            run_id,
            asset.created,
            to_json(document),
        )
        return asset

    def get(self, asset_id: str) -> Asset | None:
        row = self._database.one("SELECT * FROM assets WHERE asset_id = ?", asset_id)
        return _asset(row) if row else None

    def find(self, name: str | None = None, run_id: str | None = None) -> list[Asset]:
        """Those of a name, of a run, or all; the newest first."""
        rows = self._database.all(
            "SELECT * FROM assets WHERE (? IS NULL OR name = ?) AND (? IS NULL OR run_id = ?)"
            " ORDER BY created DESC",
            name,
            name,
            run_id,
            run_id,
        )
        return [_asset(row) for row in rows]

    def remove(self, asset_id: str) -> bool:
        return self._database.execute("DELETE FROM assets WHERE asset_id = ?", asset_id) > 0


def _asset(row: Any) -> Asset:
    return Asset(**{**dict(row), "document": from_json(row["document"])})


class Models:
    """The models of the workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, name: str, run_id: str | None, document: dict[str, Any], version: int | None = None
    ) -> RegisteredModel:
        """Keeps a model as the next version of its name; the number of one that was deleted is not used again.

        Args:
            name: of the model.
            run_id: the run that it came from, or None.
            document: the rest.
            version: the version that it must have, and has not yet; without one, the next.

        Raises:
            sqlite3.IntegrityError: there is that version already.
        """
        moment = timestamp()
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO model_names (name, last_version) VALUES (?1, coalesce(?2, 1))"
                " ON CONFLICT DO UPDATE SET last_version = max(last_version, coalesce(?2, last_version + 1))",
                name,
                version,
            )
            row = self._database.one("SELECT last_version FROM model_names WHERE name = ?", name)
            assert row is not None  # noqa: S101  (just inserted)
            number = row["last_version"] if version is None else version
            model = RegisteredModel(name, number, run_id, moment, moment, document)
            self._database.execute(
                "INSERT INTO models (name, version, run_id, created, modified, document)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                name,
                model.version,
                run_id,
                moment,
                moment,
                to_json(document),
            )
        return model

    def get(self, name: str, version: int | None = None) -> RegisteredModel | None:
        """A version, or the latest."""
        row = self._database.one(
            "SELECT * FROM models WHERE name = ? AND version = coalesce(?, version) ORDER BY version DESC LIMIT 1",
            name,
            version,
        )
        return _model(row) if row else None

    def last_version(self, name: str) -> int:
        """The greatest version that a name has ever had."""
        row = self._database.one("SELECT last_version FROM model_names WHERE name = ?", name)
        return int(row["last_version"]) if row else 0

    def find(self, name: str | None = None, run_id: str | None = None) -> list[RegisteredModel]:
        """Those of a name, of a run, or all; the newest first."""
        rows = self._database.all(
            "SELECT * FROM models WHERE (? IS NULL OR name = ?) AND (? IS NULL OR run_id = ?)"
            " ORDER BY created DESC, version DESC",
            name,
            name,
            run_id,
            run_id,
        )
        return [_model(row) for row in rows]

    def search(self, condition: str, order: list[str], *, limit: int, offset: int) -> list[RegisteredModel]:
        """Versions by a filter and an order of MLflow's search language, the last changed first.

        Raises:
            SearchError: one of them is none.
        """
        where, values = search.where(condition, search.model_version_expression)
        sorted_by, bound = search.order(order, search.model_version_expression)
        rows = self._database.all(
            f"SELECT * FROM models WHERE {where}"  # noqa: S608  (values are bound)
            f" ORDER BY {sorted_by} modified DESC, name, version DESC LIMIT ? OFFSET ?",
            *values,
            *bound,
            limit,
            offset,
        )
        return [_model(row) for row in rows]

    def replace(self, model: RegisteredModel, document: dict[str, Any]) -> RegisteredModel:
        """Gives a version another document."""
        changed = msgspec.structs.replace(model, document=document, modified=timestamp())
        self._database.execute(
            "UPDATE models SET document = ?, modified = ? WHERE name = ? AND version = ?",
            to_json(document),
            changed.modified,
            model.name,
            model.version,
        )
        return changed

    def remove(self, model: RegisteredModel) -> None:
        self._database.execute("DELETE FROM models WHERE name = ? AND version = ?", model.name, model.version)


def _model(row: Any) -> RegisteredModel:
    return RegisteredModel(**{**dict(row), "document": from_json(row["document"])})
