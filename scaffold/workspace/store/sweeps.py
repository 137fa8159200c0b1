"""Sweeps: what each is to do, beside its run, which says how it is doing."""

from typing import Any

import msgspec

from scaffold.workspace.runs import Status
from scaffold.workspace.store.database import Database, from_json, to_json
from scaffold.workspace.store.pipelines import unfinished


class BestOutput(msgspec.Struct, frozen=True):
    """An output of the best run of a sweep, which becomes the sweep's own.

    Attributes:
        kind: such as ``uri_folder`` or ``custom_model``.
        source: its path in the workspace's datastore, with ``{run-id}`` where the run's id stands.
        path: the path that it gets, and its address as clients write it.
        name, version, description: of the asset that it is registered as, if any.
    """

    kind: str
    source: str
    path: str
    address: str
    name: str | None = None
    version: str | None = None
    description: str | None = None


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
        outputs: what is kept of the best child, by the name of the output.
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
    outputs: dict[str, BestOutput] = {}


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
