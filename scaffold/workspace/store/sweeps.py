"""Sweeps: what each is to do, beside its run, which says how it is doing."""

from typing import Any

import msgspec

from scaffold.workspace.runs import Status
from scaffold.workspace.store.database import Database, from_json, to_json
from scaffold.workspace.store.pipelines import unfinished


class Sweep(msgspec.Struct, frozen=True):
    """What a sweep is to do.

    Attributes:
        space: the expression of each parameter, see ``scaffold.space``.
        sampling: ``grid`` or ``random``.
        seed: of the random samples.
        metric: the primary metric.
        maximize: larger values of it are better.
        policy: the early termination policy, as the SDK sent it.
        most_runs: how many children at the most.
        width: how many of them at once.
        minutes: after which what is still running is ended.
        definition: the RunConfiguration of every child, but for its parameters.
        properties: of every child.
        recorded: of every child.
        warnings: of every child.
    """

    space: dict[str, Any]
    sampling: str
    seed: int
    metric: str
    maximize: bool
    policy: dict[str, Any]
    most_runs: int
    width: int
    minutes: float
    definition: dict[str, Any]
    properties: dict[str, str] = {}
    recorded: dict[str, Any] = {}
    warnings: list[dict[str, str]] = []


class Sweeps:
    """The sweeps of the workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, run_id: str, sweep: Sweep) -> None:
        """Keeps what the sweep of a run is to do."""
        self._database.execute(
            "INSERT INTO sweeps VALUES (?, ?)", run_id, to_json(msgspec.to_builtins(sweep))
        )

    def get(self, run_id: str) -> Sweep | None:
        row = self._database.one("SELECT document FROM sweeps WHERE run_id = ?", run_id)
        return msgspec.convert(from_json(row[0]), Sweep) if row else None

    def unfinished(self) -> list[str]:
        """The runs of sweeps that are not over, in the order they came, see :func:`unfinished`."""
        return unfinished(self._database, "sweeps")

    def children(self, run_id: str) -> dict[str, Status]:
        """The status of each run that a sweep has begun, by its id, in the order they came."""
        rows = self._database.all(
            "SELECT run_id, status FROM runs WHERE parent_run_id = ? AND definition IS NOT NULL ORDER BY number",
            run_id,
        )
        return {row[0]: Status(row[1]) for row in rows}
