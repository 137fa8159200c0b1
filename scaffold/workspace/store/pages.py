"""Long lists read page by page: each page begins after the last row of the one before, whatever came in between."""

import sqlite3
from dataclasses import dataclass

from scaffold.workspace.store.database import Database

Mark = tuple[str | int, int]
"""The sort key and the row number of a page's last row."""


@dataclass(frozen=True)
class Selection:
    """Which rows, in which order.

    Attributes:
        where: an SQL expression.
        values: what it binds.
        key: the SQL expression that is sorted by, never null; rows of one key by when they came.
        descending: the greatest first.
        limit: rows a page.
        after: the mark of the page before.
    """

    where: str
    values: tuple[str, ...]
    key: str
    descending: bool
    limit: int
    after: Mark | None = None


def read_page(database: Database, table: str, selection: Selection) -> tuple[list[sqlite3.Row], Mark | None]:
    """The rows of a page, and its mark when more follow; each row has ``sort_key`` and ``row_number`` in front."""
    condition, values = f"({selection.where})", list[str | int](selection.values)
    if selection.after is not None:
        condition += f" AND ({selection.key}, {table}.rowid) {'<' if selection.descending else '>'} (?, ?)"
        values += selection.after
    direction = "DESC" if selection.descending else "ASC"
    rows = database.all(
        f"SELECT {selection.key} AS sort_key, {table}.rowid AS row_number, {table}.* FROM {table}"  # noqa: S608  (our own names; values are bound)
        f" WHERE {condition} ORDER BY sort_key {direction}, row_number {direction} LIMIT ?",
        *values,
        selection.limit + 1,
    )
    if len(rows) <= selection.limit:
        return rows, None
    last = rows[selection.limit - 1]
    return rows[: selection.limit], (last["sort_key"], last["row_number"])
