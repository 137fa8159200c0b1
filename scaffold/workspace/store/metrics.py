"""Metric values as they were logged, in order."""

import json
import sqlite3
from functools import lru_cache
from typing import Any

import msgspec

from scaffold.workspace.store.database import Database, from_json, to_json
from scaffold.workspace.store.pages import Mark, Selection, read_page

SCALAR = "azureml.v1.scalar"
"""The type of a metric that does not say one."""


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


_columns = lru_cache(maxsize=256)(from_json)  # the same text for all values of a metric


def _decode(rows: list[sqlite3.Row]) -> list[dict[str, Any]]:
    """The data of each row, decoded at once: a call for each would be most of what a long metric costs."""
    found: list[dict[str, Any]] = json.loads("[" + ",".join(row["data"] for row in rows) + "]")
    return found


def _values(rows: list[sqlite3.Row]) -> list[MetricValue]:
    return [
        MetricValue(
            row["run_id"], row["name"], row["metric_id"], row["created"], _columns(row["columns"]), data, row["kind"],
            row["step"],
        )
        for row, data in zip(rows, _decode(rows), strict=True)
    ]  # fmt: skip


def _number(value: MetricValue) -> int | float | None:
    """The number that was logged, as SQLite can hold it; None when it was something else (a table, an image)."""
    (cell, *more) = value.data.values() or [None]
    if more or not isinstance(cell, int | float):
        return None
    if isinstance(cell, float) or -(2**63) <= cell < 2**63:
        return cell
    try:
        return float(cell)
    except OverflowError:
        return None


class Summary(msgspec.Struct, frozen=True):
    """A metric of a run in few words.

    Attributes:
        kind: see :class:`MetricValue`.
        count: how many values it has.
        newest: the number of the one that was kept last, which no later value has.
    """

    name: str
    kind: str | None
    count: int
    newest: int


class Metrics:
    """The metrics of all runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, values: list[MetricValue]) -> None:
        """Keeps values, all or none."""
        with self._database.transaction():
            numbered = list(enumerate(values, start=self.newest() + 1))
            self._database.executemany(
                "INSERT INTO metrics (sequence, run_id, name, metric_id, created, step, kind, columns, data)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (sequence, v.run_id, v.name, v.metric_id, v.created, v.step, v.kind, to_json(v.columns),
                     json.dumps(v.data))
                    for sequence, v in numbered
                ],
            )  # fmt: skip
            self._keep_latest(numbered)

    def _keep_latest(self, numbered: list[tuple[int, MetricValue]]) -> None:
        """Notes which value of each metric is the latest now, of values with their numbers."""
        latest: dict[tuple[str, str], tuple[int, int, MetricValue]] = {}
        for sequence, value in numbered:
            key, step = (value.run_id, value.name), value.step or 0
            if key not in latest or step >= latest[key][0]:
                latest[key] = (step, sequence, value)
        self._database.executemany(
            "INSERT INTO latest_metrics (run_id, name, step, sequence, number) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (run_id, name) DO UPDATE SET step = excluded.step, sequence = excluded.sequence,"
            " number = excluded.number WHERE excluded.step >= step",
            [(*key, step, sequence, _number(value)) for key, (step, sequence, value) in latest.items()],
        )

    def count_names(self, run_id: str) -> int:
        """How many metrics a run has."""
        row = self._database.one("SELECT COUNT(*) FROM latest_metrics WHERE run_id = ?", run_id)
        return int(row[0]) if row else 0

    def count(self, run_id: str, name: str, limit: int) -> int:
        """How many values a metric has, counted up to a limit."""
        row = self._database.one(
            "SELECT COUNT(*) FROM (SELECT 1 FROM metrics WHERE run_id = ? AND name = ? LIMIT ?)",
            run_id,
            name,
            limit,
        )
        return int(row[0]) if row else 0

    def names(self, run_id: str) -> list[str]:
        """The names that a run has logged, in the order of their first values."""
        rows = self._database.all(
            "SELECT name FROM metrics WHERE run_id = ? GROUP BY name ORDER BY MIN(created), MIN(sequence)",
            run_id,
        )
        return [row[0] for row in rows]

    def values(self, run_id: str, name: str) -> list[MetricValue]:
        """The values of one metric in the order they were logged."""
        return self.page(run_id, name, limit=-1)[0]

    def first(self, run_id: str, name: str) -> MetricValue | None:
        """The first value of a metric."""
        values, _ = self.page(run_id, name, limit=1)
        return values[0] if values else None

    def page(  # noqa: PLR0913  (what a page is of)
        self,
        run_id: str,
        name: str,
        *,
        limit: int,
        after: tuple[str, int] = ("", 0),
        since: str = "",
        until: str = "\U0010ffff",
    ) -> tuple[list[MetricValue], tuple[str, int] | None]:
        """Values of one metric in the order they were logged, from one moment to another.

        Clients send them in batches side by side, so that they arrive in another order.

        Returns:
            at most ``limit`` of them (-1: all), and what ``after`` has to be for those that follow, or None.
        """
        rows = self._database.all(
            "SELECT * FROM metrics WHERE run_id = ? AND name = ? AND (created, sequence) > (?, ?)"
            " AND created >= ? AND created <= ? ORDER BY created, sequence LIMIT ?",
            run_id, name, *after, since, until, limit + 1 if limit >= 0 else -1,
        )  # fmt: skip
        if limit < 0 or len(rows) <= limit:
            return _values(rows), None
        last = rows[limit - 1]
        return _values(rows[:limit]), (last["created"], last["sequence"])

    def query(self, selection: Selection) -> tuple[list[MetricValue], Mark | None]:
        """A page of values of any runs and metrics, and its mark when more follow."""
        rows, mark = read_page(self._database, "metrics", selection)
        return _values(rows), mark

    def overview(self, run_id: str) -> list[Summary]:
        """Every metric of a run in few words, in the order of their first values."""
        rows = self._database.all(
            "SELECT name, MAX(kind), COUNT(*), MAX(sequence) FROM metrics WHERE run_id = ? GROUP BY name"
            " ORDER BY MIN(created), MIN(sequence)",
            run_id,
        )
        return [Summary(*row) for row in rows]

    def points(self, run_id: str, name: str, limit: int = -1) -> list[tuple[int | None, str, dict[str, Any]]]:
        """Step, time and data of the values of one metric in the order they were logged; of many, cheaper."""
        rows = self._database.all(
            "SELECT step, created, data FROM metrics WHERE run_id = ? AND name = ? ORDER BY created, sequence LIMIT ?",
            run_id, name, limit,
        )  # fmt: skip
        return [(row["step"], row["created"], data) for row, data in zip(rows, _decode(rows), strict=True)]

    def newest(self) -> int:
        """The number of the value that was kept last, of all runs."""
        row = self._database.one("SELECT MAX(sequence) FROM metrics")
        return int(row[0] or 0) if row else 0

    def latest(self, run_id: str) -> list[MetricValue]:
        """Of every metric of a run the value of its highest step, and of several such the last."""
        rows = self._database.all(
            "SELECT metrics.* FROM latest_metrics JOIN metrics USING (sequence)"
            " WHERE latest_metrics.run_id = ? ORDER BY latest_metrics.name",
            run_id,
        )
        return _values(rows)
