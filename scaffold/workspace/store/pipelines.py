"""Pipelines: what each is to do, beside its run, which says how it is doing; its steps are the run's children."""

import msgspec

from scaffold.workspace.runs import TERMINAL, Status
from scaffold.workspace.store.database import Database, from_json, to_json


class Pipeline(msgspec.Struct, frozen=True):
    """What a pipeline is to do.

    Attributes:
        names: what each step is called, by the id of its run.
        after: the runs that have to succeed before a step begins, by the id of its run.
        goes_on: whether other steps go on when one has failed.
    """

    names: dict[str, str]
    after: dict[str, list[str]]
    goes_on: bool = False


class Pipelines:
    """The pipelines of the workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, run_id: str, pipeline: Pipeline) -> None:
        """Keeps what the pipeline of a run is to do."""
        self._database.execute(
            "INSERT INTO pipelines VALUES (?, ?)", run_id, to_json(msgspec.to_builtins(pipeline))
        )

    def get(self, run_id: str) -> Pipeline | None:
        row = self._database.one("SELECT document FROM pipelines WHERE run_id = ?", run_id)
        return msgspec.convert(from_json(row[0]), Pipeline) if row else None

    def unfinished(self) -> list[str]:
        """The runs of pipelines that are not over, in the order they came, see :func:`unfinished`."""
        return unfinished(self._database, "pipelines")

    def steps(self, pipeline: Pipeline) -> dict[str, Status]:
        """The status of each step, by the id of its run, in the order they came."""
        rows = self._database.all(
            "SELECT run_id, status FROM runs WHERE run_id IN (SELECT value FROM json_each(?)) ORDER BY number",
            to_json(list(pipeline.names)),
        )
        return {row[0]: Status(row[1]) for row in rows}


def unfinished(database: Database, table: str) -> list[str]:
    """The runs that a table is about and that are not over, but for the steps that their pipelines begin in their time.

    Args:
        database: the workspace's.
        table: ``pipelines`` or ``sweeps``.
    """
    marks = ", ".join("?" for _ in TERMINAL)
    rows = database.all(
        f"SELECT run_id FROM runs JOIN {table} USING (run_id) WHERE status NOT IN ({marks})"  # noqa: S608
        " AND NOT (status = ? AND coalesce(parent_run_id IN (SELECT run_id FROM pipelines), 0)) ORDER BY created",
        *(status.value for status in TERMINAL),
        Status.NOT_STARTED.value,
    )
    return [row[0] for row in rows]
