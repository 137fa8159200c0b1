"""What a queued run waits for: a place among those that execute at once, or a node that a fault keeps from it.

It is known here alone, and told on the wire by the run, by its compute target and by the usages of quotas.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec

from scaffold.workspace.engine.preparation import Events
from scaffold.workspace.store import Store
from scaffold.workspace.store.runs import Run

NO_NODE, NO_QUOTA = "NoIdleNode", "ClusterCoreQuotaReached"
CORES = "Total Cluster Dedicated Regional vCPUs"
"""The quota that a run takes one of, as Azure calls it."""


class Wait(msgspec.Struct, frozen=True):
    """Why a run does not start.

    Attributes:
        code: ``NO_NODE`` or ``NO_QUOTA``.
        message: the reason in words.
        target: the compute target.
    """

    code: str
    message: str
    target: str


class Queue:
    """The runs that are ready to start.

    Args:
        store: the workspace's.
        width: how many runs may execute at once.
        tell: told of what a run waits for.

    Attributes:
        waits: what each run waits for that does, by its id.
        executing: how many runs execute.
    """

    def __init__(self, store: Store, width: int, tell: Events) -> None:
        self._store = store
        self._tell = tell
        self._places = asyncio.Semaphore(width)
        self.width = width
        self.waits: dict[str, Wait] = {}
        self.executing = 0

    @contextlib.asynccontextmanager
    async def place(self, run: Run | None = None, experiment: str | None = None) -> AsyncIterator[None]:
        """A place among the runs that execute, as soon as there is one.

        Args:
            run: the run; None for one that an earlier service started, and which waits no more.
            experiment: the name of its experiment.
        """
        try:
            if run is not None:
                await self._suffer(run, experiment)
                if self._places.locked():
                    as_many = f"({self.width}; SCAFFOLD_WIDTH says how many)"
                    self._note(run, NO_NODE, f"as many runs execute as may at once here {as_many}")
            await self._places.acquire()
        finally:
            if run is not None:
                self.waits.pop(run.run_id, None)
        self.executing += 1
        try:
            yield
        finally:
            self.executing -= 1
            self._places.release()

    async def _suffer(self, run: Run, experiment: str | None) -> None:
        """Lets the faults come that were asked for (see ``fault_kinds``)."""
        full = self._store.injected.take("full-cluster", experiment)
        if full is not None:
            self._note(run, NO_NODE, "every node is in use (a fault that was asked for)")
            await asyncio.sleep(full.value)
        quota = self._store.injected.take("quota", experiment)
        if quota is not None:
            used = f"Maximum allowed: {self.width}, Current in use: {self.width}, Additional requested: 1"
            reason = f"Operation results in exceeding quota limits of {CORES}. {used}"
            self._note(run, NO_QUOTA, f"{reason} (a fault that was asked for).")
            await asyncio.sleep(quota.value)

    def _note(self, run: Run, code: str, message: str) -> None:
        self.waits[run.run_id] = Wait(code, message, run.target or "")
        self._tell(run, "waiting", {"text": message})
