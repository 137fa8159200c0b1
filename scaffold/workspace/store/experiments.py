"""Experiments: names that group runs."""

import sqlite3
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from scaffold.workspace.store import search
from scaffold.workspace.store.database import Database, from_json, timestamp, to_json
from scaffold.workspace.store.pages import Mark, Selection, read_page


class Experiment(msgspec.Struct, frozen=True):
    """One experiment; times are ISO 8601 in UTC."""

    experiment_id: str
    name: str
    created: str
    description: str | None = None
    archived: str | None = None
    tags: dict[str, str] = {}


def _experiment(row: sqlite3.Row) -> Experiment:
    fields = {key: row[key] for key in Experiment.__struct_fields__}
    return Experiment(**{**fields, "tags": from_json(row["tags"])})


class Experiments:
    """The experiments of the workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ensure(self, name: str) -> Experiment:
        """The active experiment of that name, made when there is none."""
        self._database.execute(
            "INSERT INTO experiments (experiment_id, name, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            str(uuid.uuid4()),
            name,
            timestamp(),
        )
        experiment = self.by_name(name)
        assert experiment is not None  # noqa: S101  (just inserted, and never deleted by name)
        return experiment

    def by_name(self, name: str) -> Experiment | None:
        """The active experiment of that name, else the one that was archived last."""
        row = self._database.one(
            "SELECT * FROM experiments WHERE name = ? ORDER BY archived IS NOT NULL, archived DESC LIMIT 1",
            name,
        )
        return _experiment(row) if row else None

    def by_id(self, experiment_id: str) -> Experiment | None:
        row = self._database.one("SELECT * FROM experiments WHERE experiment_id = ?", experiment_id)
        return _experiment(row) if row else None

    def all(self) -> list[Experiment]:
        """All of them, the newest first."""
        return [
            _experiment(row) for row in self._database.all("SELECT * FROM experiments ORDER BY created DESC")
        ]

    def page(self, selection: Selection) -> tuple[list[Experiment], Mark | None]:
        """A page of experiments, and its mark when more follow."""
        rows, mark = read_page(self._database, "experiments", selection)
        return [_experiment(row) for row in rows], mark

    def merge_tags(self, experiment_id: str, tags: dict[str, str]) -> None:
        """Adds tags to those that the experiment has."""
        self._change_tags(experiment_id, lambda present: present | tags)

    def remove_tags(self, experiment_id: str, keys: list[str]) -> None:
        """Takes tags away; those that it does not have are no matter."""
        self._change_tags(
            experiment_id, lambda present: {key: value for key, value in present.items() if key not in keys}
        )

    def _change_tags(self, experiment_id: str, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        with self._database.transaction():
            experiment = self.by_id(experiment_id)
            if experiment is not None:
                self.update(experiment_id, tags=change(experiment.tags))

    def is_empty(self, experiment_id: str) -> bool:
        """True when no run and no logged model belongs to it."""
        found = (
            self._database.one(f"SELECT 1 FROM {table} WHERE experiment_id = ? LIMIT 1", experiment_id)  # noqa: S608
            for table in ("runs", "logged_models")
        )
        return not any(found)

    def delete(self, experiment_id: str) -> None:
        """Forgets an experiment that is empty."""
        self._database.execute("DELETE FROM experiments WHERE experiment_id = ?", experiment_id)

    def update(self, experiment_id: str, **changes: Any) -> None:
        """Sets columns; ``tags`` replaces the whole mapping.

        Raises:
            sqlite3.IntegrityError: there is another active experiment of its name.
        """
        if "tags" in changes:
            changes["tags"] = to_json(changes["tags"])
        columns = ", ".join(f"{column} = ?" for column in changes)
        self._database.execute(
            f"UPDATE experiments SET {columns} WHERE experiment_id = ?",  # noqa: S608  (column names are ours)
            *changes.values(),
            experiment_id,
        )

    def search(
        self, condition: str, order_by: list[str], *, archived: bool | None, limit: int, offset: int
    ) -> list[Experiment]:
        """Experiments by a filter and an order of MLflow's search language, then the newest first.

        Raises:
            SearchError: the filter or the order is none.
        """
        where, values = search.where(condition, search.experiment_expression)
        order, more = search.order(order_by, search.experiment_expression)
        if archived is not None:
            where += f" AND archived IS {'NOT ' if archived else ''}NULL"
        rows = self._database.all(
            f"SELECT * FROM experiments WHERE {where} ORDER BY {order}created DESC LIMIT ? OFFSET ?",  # noqa: S608  (marks, not values)
            *values,
            *more,
            limit,
            offset,
        )
        return [_experiment(row) for row in rows]
