"""Lists of runs as people read them: searched, filtered, sorted by anything, a page at a time.

However many runs there are, only the rows of one page are read whole.
"""

from dataclasses import dataclass
from typing import Any

from scaffold.workspace.store import search
from scaffold.workspace.store.database import Database
from scaffold.workspace.store.runs import Run, runs_at

_SECONDS = "(julianday(COALESCE(ended, 'now')) - julianday(started))"
_SORTS = {
    "created": "created",
    "started": "started",
    "number": "number",
    "name": "COALESCE(display_name, run_id) COLLATE NOCASE",
    "status": "status",
    "target": "target COLLATE NOCASE",
    "duration": _SECONDS,
}
_KINDS = {"metrics": "metric", "tags": "tag", "params": "param"}
_TEXTS = ("run_id", "display_name", "name", "description", "script_name", "target", "tags")

_SCALAR = "azureml.v1.scalar"


@dataclass(frozen=True)
class Query:
    """Which runs, in which order.

    Attributes:
        experiment_id: of this experiment; None for every one.
        parent_run_id: the children of this run; None for every run.
        target: submitted to this compute target, whatever the case of its letters.
        prefix: what the run's id begins with.
        since: made at this moment or later (ISO 8601 in UTC).
        tags: with all of these tags, of this value where there is one.
        roots: those alone that have no parent.
        text: what one of a run's texts or tags has to hold.
        statuses: the statuses to show; empty for all.
        condition: a filter in MLflow's search language.
        archived: those that were archived, instead of those that were not.
        sort: ``created``, ``number``, ``name``, ``status``, ``target``, ``started``, ``duration``, or a column
            such as ``metrics.loss``, ``tags.kind`` or ``params.lr``.
        descending: the greatest first.
        limit, offset: rows a page, and how many rows come before it.
    """

    experiment_id: str | None = None
    parent_run_id: str | None = None
    target: str = ""
    prefix: str = ""
    since: str = ""
    tags: tuple[tuple[str, str | None], ...] = ()
    roots: bool = False
    text: str = ""
    statuses: tuple[str, ...] = ()
    condition: str = ""
    archived: bool = False
    sort: str = "created"
    descending: bool = True
    limit: int = 50
    offset: int = 0


def column(name: str) -> search.Key:
    """What a column such as ``metrics.val loss`` is of.

    Raises:
        SearchError: there is no such kind of column.
    """
    kind, _, rest = name.partition(".")
    if kind not in _KINDS or not rest:
        raise search.SearchError(
            f"There is no column {name!r}; columns are metrics.NAME, tags.NAME or params.NAME."
        )
    return search.Key(_KINDS[kind], rest)


class RunLists:
    """Reads the lists."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, query: Query) -> tuple[list[Run], int]:
        """The runs of a page, and how many there are on all pages.

        Raises:
            SearchError: the condition or the sort is none.
        """
        where, values = self._where(query)
        sort, bound = self._sort(query)
        direction = "DESC" if query.descending else "ASC"
        count = self._database.one(f"SELECT COUNT(*) FROM runs WHERE {where}", *values)  # noqa: S608  (names are ours)
        places = [
            row[0]
            for row in self._database.all(
                f"SELECT rowid FROM runs WHERE {where} ORDER BY {sort} {direction} NULLS LAST,"  # noqa: S608
                f" created {direction}, number {direction} LIMIT ? OFFSET ?",
                *values, *bound, query.limit, query.offset,
            )
        ]  # fmt: skip
        return runs_at(self._database, places), count[0] if count else 0

    def _where(self, query: Query) -> tuple[str, list[Any]]:
        parts, values = ["hidden = ?"], list[Any]([int(query.archived)])
        for name, wanted in (("experiment_id", query.experiment_id), ("parent_run_id", query.parent_run_id)):
            if wanted is not None:
                parts.append(f"{name} = ?")
                values.append(wanted)
        if query.roots:
            parts.append("parent_run_id IS NULL")
        if query.target:
            parts.append("target = ? COLLATE NOCASE")
            values.append(query.target)
        if query.prefix:
            parts.append("run_id >= ? AND run_id < ?")
            values += [query.prefix, query.prefix + "\U0010ffff"]
        if query.since:
            parts.append("created >= ?")
            values.append(query.since)
        for name, value in query.tags:
            entry = "SELECT 1 FROM json_each(runs.tags) AS tag WHERE tag.key = ?"
            parts.append(f"EXISTS ({entry}{'' if value is None else ' AND tag.value = ?'})")
            values += [name] if value is None else [name, value]
        if query.statuses:
            parts.append(f"status IN ({', '.join('?' for _ in query.statuses)})")
            values += query.statuses
        for word in query.text.split():
            like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            parts.append("(" + " OR ".join(f"{name} LIKE ? ESCAPE '\\'" for name in _TEXTS) + ")")
            values += [like] * len(_TEXTS)
        if query.condition.strip():
            sql, bound = search.where(query.condition, search.run_expression)
            parts.append(f"({sql})")
            values += bound
        return " AND ".join(parts), values

    def _sort(self, query: Query) -> tuple[str, list[Any]]:
        if query.sort in _SORTS:
            return _SORTS[query.sort], []
        (sql, values), _ = search.run_expression(column(query.sort))
        return sql, list(values)

    def counts(self, experiment_id: str | None = None) -> dict[str, int]:
        """How many runs have which status, the archived ones left out."""
        where, values = ("", []) if experiment_id is None else (" AND experiment_id = ?", [experiment_id])
        rows = self._database.all(
            f"SELECT status, COUNT(*) FROM runs WHERE hidden = 0{where} GROUP BY status",  # noqa: S608  (our own words)
            *values,
        )
        return {row[0]: row[1] for row in rows}

    def counts_by_experiment(self) -> dict[str, dict[str, int]]:
        """The same by experiment id."""
        counts: dict[str, dict[str, int]] = {}
        for row in self._database.all(
            "SELECT experiment_id, status, COUNT(*) FROM runs WHERE hidden = 0 GROUP BY experiment_id, status"
        ):
            counts.setdefault(row[0], {})[row[1]] = row[2]
        return counts

    def counts_by_target(self) -> dict[str, int]:
        """How many runs were submitted to which compute target, by its name in lower case."""
        rows = self._database.all("SELECT LOWER(target), COUNT(*) FROM runs WHERE target <> '' GROUP BY 1")
        return {row[0]: row[1] for row in rows}

    def metric_names(self, run_ids: list[str]) -> list[str]:
        """The names of the single numbers that any of the runs has logged: what most of them have first."""
        marks = ", ".join("?" for _ in run_ids)
        rows = self._database.all(
            "SELECT latest_metrics.name FROM latest_metrics JOIN metrics USING (sequence)"  # noqa: S608
            f" WHERE latest_metrics.run_id IN ({marks}) AND kind IN (?, '') GROUP BY 1 ORDER BY COUNT(*) DESC, 1",
            *run_ids, _SCALAR,
        )  # fmt: skip
        return [row[0] for row in rows]

    def values(self, run_ids: list[str], names: list[str]) -> dict[str, dict[str, Any]]:
        """Of each run the value of each column of single numbers, tags or parameters, where it has one.

        Raises:
            SearchError: one is no column.
        """
        found: dict[str, dict[str, Any]] = {run_id: {} for run_id in run_ids}
        marks = ", ".join("?" for _ in run_ids)
        for name in names if run_ids else []:
            (sql, bound), _ = search.run_expression(column(name))
            rows = self._database.all(
                f"SELECT run_id, {sql} FROM runs WHERE run_id IN ({marks})",  # noqa: S608  (values are bound)
                *bound, *run_ids,
            )  # fmt: skip
            for row in rows:
                if row[1] is not None:
                    found[row[0]][name] = row[1]
        return found
