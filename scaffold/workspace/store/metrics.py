"""Metric values as they were logged, in order."""

import json
import sqlite3
from typing import Any

import msgspec

from scaffold.workspace.store.database import Database, from_json, to_json


class MetricValue(msgspec.Struct, frozen=True):
    """One logged value.

    Attributes:
        kind: the type with the service's name, such as ``azureml.v1.scalar``; it says how to draw it.
        columns: the type of each column.
        data: the value of each column; a number may be NaN or infinite.
        step: the step that it was logged for, or None.
    """

    run_id: str
    name: str
    metric_id: str
    created: str
    columns: dict[str, str]
    data: dict[str, Any]
    kind: str | None = None
    step: int | None = None


def _value(row: sqlite3.Row) -> MetricValue:
    fields = dict(row)
    fields.pop("sequence")
    return MetricValue(**{**fields, "columns": from_json(row["columns"]), "data": json.loads(row["data"])})


class Metrics:
    """The metrics of all runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, values: list[MetricValue]) -> None:
        """Keeps values, all or none."""
        with self._database.transaction():
            self._database.executemany(
                "INSERT INTO metrics (run_id, name, metric_id, created, step, kind, columns, data)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        v.run_id,
                        v.name,
                        v.metric_id,
                        v.created,
                        v.step,
                        v.kind,
                        to_json(v.columns),
                        json.dumps(v.data),
                    )
                    for v in values
                ],
            )

    def names(self, run_id: str) -> list[str]:
        """The names that a run has logged, in the order of their first values."""
        rows = self._database.all(
            "SELECT name FROM metrics WHERE run_id = ? GROUP BY name ORDER BY MIN(sequence)", run_id
        )
        return [row[0] for row in rows]

    def values(self, run_id: str, name: str) -> list[MetricValue]:
        """The values of one metric in the order they were logged."""
        rows = self._database.all(
            "SELECT * FROM metrics WHERE run_id = ? AND name = ? ORDER BY sequence", run_id, name
        )
        return [_value(row) for row in rows]

    def first(self, run_id: str, name: str) -> MetricValue | None:
        """The first value of a metric."""
        row = self._database.one(
            "SELECT * FROM metrics WHERE run_id = ? AND name = ? ORDER BY sequence LIMIT 1", run_id, name
        )
        return _value(row) if row else None

    def page(  # noqa: PLR0913  (what a page is of)
        self, run_id: str, name: str, *, limit: int, after: int = 0, since: str = "", until: str | None = None
    ) -> tuple[list[MetricValue], int | None]:
        """Values of one metric in the order they were logged, from one moment to another.

        Returns:
            at most ``limit`` of them, and what ``after`` has to be for those that follow, or None.
        """
        rows = self._database.all(
            "SELECT * FROM metrics WHERE run_id = ? AND name = ? AND sequence > ? AND created >= ?"
            " AND (? IS NULL OR created <= ?) ORDER BY sequence LIMIT ?",
            run_id, name, after, since, until, until, limit + 1,
        )  # fmt: skip
        more = len(rows) > limit
        return [_value(row) for row in rows[:limit]], rows[limit - 1]["sequence"] if more else None

    def last(self, run_id: str) -> list[MetricValue]:
        """The last value of every metric of a run."""
        rows = self._database.all(
            "SELECT * FROM metrics WHERE sequence IN"
            " (SELECT MAX(sequence) FROM metrics WHERE run_id = ? GROUP BY name) ORDER BY name",
            run_id,
        )
        return [_value(row) for row in rows]
