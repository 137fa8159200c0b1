"""Runs, with the history of their status."""

import sqlite3
import uuid
from typing import Any

import msgspec

from scaffold.workspace.runs import TERMINAL, Status, check_transition
from scaffold.workspace.store import search
from scaffold.workspace.store.database import Database, from_json, timestamp, to_json
from scaffold.workspace.store.pages import Mark, Selection, read_page

_JSON_COLUMNS = ("tags", "properties", "definition", "error", "warnings", "run_type_v2", "recorded")

FAILED_BY_CLIENT = "failedByClient"
"""In ``recorded`` of a run that is executed here and that whoever submitted it has declared failed."""

PIPELINE = "pipeline"
"""In ``recorded`` of a run that is a pipeline, see ``store.pipelines``."""

STEP = "step"
"""In the definition of a run that is a step of a pipeline, or in ``recorded`` where it has none, the step's name."""

SWEEP = "sweep"
"""In ``recorded`` of a run whose children this workspace begins and ends: HyperDrive's."""

BUILT_AS = "builtAs"
"""In ``recorded`` of a run, the keys of the built environments that its attempts used, the newest last."""

SUBMITTED_FROM = "submittedFrom"
"""In ``recorded`` of a run, the path of the Python from which it was submitted, where that is known."""


class Run(msgspec.Struct, frozen=True):
    """One run as it is stored; times are ISO 8601 in UTC.

    ``definition`` is the RunConfiguration as the SDK sent it, and only a run that has a process here
    has one; ``recorded`` is what clients note of a run and nothing here reads, by its wire name; ``uuid``
    names the run's folder, since a run id may be longer than a file name can be.
    """

    run_id: str
    number: int
    uuid: str
    experiment_id: str
    root_run_id: str
    status: Status
    created: str
    parent_run_id: str | None = None
    started: str | None = None
    ended: str | None = None
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    run_type: str | None = None
    target: str | None = None
    script_name: str | None = None
    snapshot_id: str | None = None
    submission: str | None = None
    hidden: bool = False
    exit_code: int | None = None
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    definition: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    warnings: list[dict[str, str]] = []
    run_type_v2: dict[str, Any] | None = None
    recorded: dict[str, Any] = {}

    @property
    def executed(self) -> bool:
        """True when this workspace executes the run, so that its status is the engine's and not its client's."""
        return self.definition is not None or bool({SWEEP, PIPELINE} & self.recorded.keys())

    @property
    def job(self) -> dict[str, Any]:
        """The properties of the job that a client of the second SDK has sent; nothing for other runs."""
        document: dict[str, Any] = (self.definition or self.recorded).get("job") or {}
        return document

    @property
    def data_container_id(self) -> str:
        """The container of the run's artifacts, named as the service names it."""
        return f"dcid.{self.run_id}"


def is_step(run: Run) -> bool:
    """True for a step of a pipeline, which is begun when its time has come."""
    return bool((run.definition or run.recorded).get(STEP))


def read_run(row: sqlite3.Row) -> Run:
    """A row of the table as a record."""
    fields = {key: row[key] for key in Run.__struct_fields__}
    for column in _JSON_COLUMNS:
        fields[column] = from_json(fields[column]) if fields[column] is not None else None
    fields["hidden"] = bool(fields["hidden"])
    fields["status"] = Status(fields["status"])
    return Run(**fields)


def runs_at(database: Database, places: list[int]) -> list[Run]:
    """The runs with these row numbers, in this order.

    Runs are sorted by their row numbers alone, since a run's whole record may be large.
    """
    rows = database.all(
        "SELECT rowid, * FROM runs WHERE rowid IN (SELECT value FROM json_each(?))", to_json(places)
    )
    by_place = {row["rowid"]: row for row in rows}
    return [read_run(by_place[place]) for place in places if place in by_place]


class Runs:
    """The runs of the workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, run_id: str, experiment_id: str, *, status: Status, **fields: Any) -> Run:
        """Adds a run.

        Args:
            run_id: unique in the workspace.
            experiment_id: the experiment it belongs to.
            status: its first status.
            fields: any other column of :class:`Run`.

        Raises:
            sqlite3.IntegrityError: there is a run of that id.
        """
        if fields.get("run_type") and not fields.get("run_type_v2"):
            fields["run_type_v2"] = {"orchestrator": "Execution", "traits": [fields["run_type"]]}
        for column in _JSON_COLUMNS:
            if column in fields and fields[column] is not None:
                fields[column] = to_json(fields[column])
        with self._database.transaction():
            parent = self.get(fields["parent_run_id"]) if fields.get("parent_run_id") else None
            number = self._database.one(
                "SELECT COALESCE(MAX(number), 0) + 1 FROM runs WHERE experiment_id = ?", experiment_id
            )
            row = {
                "run_id": run_id,
                "number": number[0] if number else 1,
                "uuid": str(uuid.uuid4()),
                "experiment_id": experiment_id,
                "root_run_id": parent.root_run_id if parent else run_id,
                "status": status.value,
                "created": timestamp(),
                **fields,
            }
            columns, marks = ", ".join(row), ", ".join("?" for _ in row)
            self._database.execute(
                f"INSERT INTO runs ({columns}) VALUES ({marks})",  # noqa: S608  (column names are ours)
                *row.values(),
            )
            self._remember(run_id, status)
        return self.require(run_id)

    def get(self, run_id: str) -> Run | None:
        row = self._database.one("SELECT * FROM runs WHERE run_id = ?", run_id)
        return read_run(row) if row else None

    def require(self, run_id: str) -> Run:
        """The run of that id.

        Raises:
            KeyError: there is none.
        """
        run = self.get(run_id)
        if run is None:
            raise KeyError(run_id)
        return run

    def goes_on(self, run_id: str) -> bool:
        """True for a run that there is and that is not over."""
        row = self._database.one("SELECT status FROM runs WHERE run_id = ?", run_id)
        return row is not None and not Status(row[0]).terminal

    def unfinished(self) -> list[Run]:
        """Runs that this workspace executes and that are not over, in the order they came."""
        marks = ", ".join("?" for _ in TERMINAL)
        rows = self._database.all(
            f"SELECT * FROM runs WHERE status NOT IN ({marks}) AND definition IS NOT NULL ORDER BY created",  # noqa: S608
            *(status.value for status in TERMINAL),
        )
        return [read_run(row) for row in rows]

    def is_over(self, uuid: str) -> bool:
        """True for the uuid of a run that has ended; False where there is no such run."""
        row = self._database.one("SELECT status FROM runs WHERE uuid = ?", uuid)
        return row is not None and row[0] in {status.value for status in TERMINAL}

    def interactive_since(self, moment: str) -> bool:
        """True when a run that its client carries out was made since (ISO 8601 in UTC) and is not over."""
        marks = ", ".join("?" for _ in TERMINAL)
        row = self._database.one(
            f"SELECT 1 FROM runs WHERE status NOT IN ({marks}) AND definition IS NULL AND created >= ? LIMIT 1",  # noqa: S608
            *(status.value for status in TERMINAL),
            moment,
        )
        return row is not None

    def left_by(self, run_id: str) -> list[Run]:
        """The descendants of a run that their client carries out and that are not over."""
        marks = ", ".join("?" for _ in TERMINAL)
        rows = self._database.all(
            "WITH RECURSIVE family (run_id) AS (SELECT run_id FROM runs WHERE parent_run_id = ? UNION"  # noqa: S608
            " SELECT runs.run_id FROM runs JOIN family ON runs.parent_run_id = family.run_id)"
            " SELECT runs.* FROM runs JOIN family USING (run_id)"
            " WHERE definition IS NULL AND run_id NOT IN (SELECT run_id FROM sweeps UNION SELECT run_id FROM pipelines)"
            f" AND status NOT IN ({marks})",
            run_id,
            *(status.value for status in TERMINAL),
        )
        return [read_run(row) for row in rows]

    def of_experiment(self, experiment_id: str, *, limit: int = 100, offset: int = 0) -> list[Run]:
        """The newest runs of an experiment first."""
        rows = self._database.all(
            "SELECT * FROM runs WHERE experiment_id = ? ORDER BY created DESC, number DESC LIMIT ? OFFSET ?",
            experiment_id,
            limit,
            offset,
        )
        return [read_run(row) for row in rows]

    def page(self, selection: Selection) -> tuple[list[Run], Mark | None]:
        """A page of runs, and its mark when more follow."""
        rows, mark = read_page(self._database, "runs", selection)
        return [read_run(row) for row in rows], mark

    def count(self, where: str, values: list[str]) -> dict[str, int]:
        """How many of the runs for which an SQL expression holds have which status."""
        rows = self._database.all(f"SELECT status, COUNT(*) FROM runs WHERE {where} GROUP BY status", *values)  # noqa: S608
        return {row[0]: row[1] for row in rows}

    def children(self, run_id: str) -> list[Run]:
        """The direct children of a run, in the order they came."""
        rows = self._database.all("SELECT * FROM runs WHERE parent_run_id = ? ORDER BY created", run_id)
        return [read_run(row) for row in rows]

    def of_submission(self, submission: str) -> list[Run]:
        """The runs that came from one call of the submitting program."""
        rows = self._database.all("SELECT * FROM runs WHERE submission = ? ORDER BY created", submission)
        return [read_run(row) for row in rows]

    def count_by_status(self) -> dict[str, int]:
        rows = self._database.all("SELECT status, COUNT(*) FROM runs GROUP BY status")
        return {row[0]: row[1] for row in rows}

    def update(self, run_id: str, **changes: Any) -> Run:
        """Sets columns (not the status) and returns the run as it is then."""
        for column in _JSON_COLUMNS:
            if column in changes and changes[column] is not None:
                changes[column] = to_json(changes[column])
        if changes:
            columns = ", ".join(f"{column} = ?" for column in changes)
            self._database.execute(
                f"UPDATE runs SET {columns} WHERE run_id = ?",  # noqa: S608  (column names are ours)
                *changes.values(),
                run_id,
            )
        return self.require(run_id)

    def warn(self, run_id: str, source: str, messages: list[str]) -> Run:
        """Gives the run the warnings of a source, in place of those that it had from it."""
        with self._database.transaction():
            others = [entry for entry in self.require(run_id).warnings if entry.get("source") != source]
            new = [{"source": source, "message": message} for message in messages]
            return self.update(run_id, warnings=[*others, *new])

    def merge(self, run_id: str, *, tags: dict[str, str], properties: dict[str, str]) -> Run:
        """Adds tags and properties to those that the run has."""
        with self._database.transaction():
            run = self.require(run_id)
            return self.update(run_id, tags=run.tags | tags, properties=run.properties | properties)

    def add_recorded(self, run_id: str, name: str, entries: list[Any]) -> Run:
        """Adds to a list among what is recorded of the run; an entry that is there already is not added again."""
        with self._database.transaction():
            recorded = dict(self.require(run_id).recorded)
            present = list(recorded.get(name, []))
            present += [entry for entry in entries if entry not in present]
            return self.update(run_id, recorded=recorded | {name: present})

    def remove_tags(self, run_id: str, keys: list[str]) -> Run:
        """Takes tags away; those that it does not have are no matter."""
        with self._database.transaction():
            tags = self.require(run_id).tags
            return self.update(run_id, tags={key: value for key, value in tags.items() if key not in keys})

    def move(self, run_id: str, status: Status, **changes: Any) -> Run:
        """Gives the run its next status, with the columns that change along.

        Raises:
            IllegalTransitionError: the status cannot follow the present one.
        """
        with self._database.transaction():
            check_transition(self.require(run_id).status, status)
            if status is Status.RUNNING:
                changes.setdefault("started", timestamp())
            if status.terminal:
                changes.setdefault("ended", timestamp())
            self._database.execute("UPDATE runs SET status = ? WHERE run_id = ?", status.value, run_id)
            self._remember(run_id, status)
            return self.update(run_id, **changes)

    def _remember(self, run_id: str, status: Status) -> None:
        self._database.execute(
            "INSERT INTO status_history VALUES (?, ?, ?)", run_id, status.value, timestamp()
        )

    def restart(self, run_id: str) -> Run:
        """Takes a run that was being prepared back to its first status, after the service was restarted."""
        with self._database.transaction():
            self._database.execute(
                "UPDATE runs SET status = ? WHERE run_id = ?", Status.NOT_STARTED.value, run_id
            )
            self._remember(run_id, Status.NOT_STARTED)
            return self.require(run_id)

    def history(self, run_id: str) -> list[tuple[str, str]]:
        """The statuses that the run has had with the time of each, in order."""
        rows = self._database.all(
            "SELECT status, at FROM status_history WHERE run_id = ? ORDER BY rowid", run_id
        )
        return [(row[0], row[1]) for row in rows]

    def attempts(self, run_id: str) -> int:
        """How many times the run has begun to run."""
        row = self._database.one(
            "SELECT COUNT(*) FROM status_history WHERE run_id = ? AND status = ?",
            run_id,
            Status.RUNNING.value,
        )
        return int(row[0]) if row else 0

    def reopen(self, run_id: str) -> Run:
        """Takes a run that no engine carries out back to Running, whatever it was."""
        with self._database.transaction():
            self._database.execute(
                "UPDATE runs SET status = ?, ended = NULL WHERE run_id = ?", Status.RUNNING.value, run_id
            )
            self._remember(run_id, Status.RUNNING)
            return self.require(run_id)

    def remove_tag(self, run_id: str, key: str) -> bool:
        """Takes one tag from a run; False when it has none of that name."""
        with self._database.transaction():
            tags = dict(self.require(run_id).tags)
            if key not in tags:
                return False
            del tags[key]
            self.update(run_id, tags=tags)
            return True

    def search(  # noqa: PLR0913  (what a search is made of)
        self,
        experiment_ids: list[str],
        *,
        condition: str,
        order_by: list[str],
        hidden: bool | None,
        limit: int,
        offset: int,
    ) -> list[Run]:
        """Runs by a filter and an order of MLflow's search language, then the newest first.

        Raises:
            SearchError: the filter or the order is none.
        """
        where, values = search.where(condition, search.run_expression)
        order, more = search.order(order_by, search.run_expression)
        if hidden is not None:
            where += f" AND hidden = {int(hidden)}"
        rows = self._database.all(
            f"SELECT rowid FROM runs WHERE experiment_id IN (SELECT value FROM json_each(?)) AND {where}"  # noqa: S608  (marks, not values)
            f" ORDER BY {order}COALESCE(started, created) DESC, run_id LIMIT ? OFFSET ?",
            to_json(experiment_ids),
            *values,
            *more,
            limit,
            offset,
        )
        return runs_at(self._database, [row[0] for row in rows])
