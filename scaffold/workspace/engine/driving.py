"""What drives runs that consist of others: looks again and again at the children of each, and does what comes next.

All that there is to know is in the store, and what comes next is found from that alone: a service that was killed
goes on where it was.
"""

import asyncio
import logging
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from scaffold.workspace.engine.endings import error_of
from scaffold.workspace.engine.preparation import Events
from scaffold.workspace.room import is_lack_of_room
from scaffold.workspace.runs import IllegalTransitionError, Status
from scaffold.workspace.store import Store

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.25
_ROOM_POLL_SECONDS = 2.0

T = TypeVar("T")


class Driver(ABC, Generic[T]):
    """The runs of one kind that are under way, each as a ``T``.

    Args:
        store: the workspace's.
        tell: told of every step of such a run.
        submit: begins with a child.
        cancel: asks for a child's end.
    """

    def __init__(
        self, store: Store, tell: Events, submit: Callable[[str], None], cancel: Callable[[str], bool]
    ) -> None:
        self._store = store
        self._tell = tell
        self._submit = submit
        self._cancel = cancel
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @abstractmethod
    def _unfinished(self) -> list[str]:
        """The runs of this kind that are not over, in the order they came."""

    @abstractmethod
    def _open(self, run_id: str) -> T:
        """Takes up a run."""

    @abstractmethod
    def _step(self, under_way: T) -> bool:
        """Does what is to be done now; True when the run is over."""

    @abstractmethod
    async def _close(self, under_way: T) -> None:
        """Lets go of a run that is over."""

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    def drives(self, run_id: str) -> bool:
        """True for a run of this kind that is under way."""
        return run_id in self._tasks

    def begin(self, run_id: str) -> None:
        """Begins with a run that has just been accepted, or takes it up again."""
        task = asyncio.create_task(self._guarded(run_id), name=run_id)
        self._tasks[run_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(run_id, None))

    def recover(self) -> None:
        """Takes up every run that an earlier service left unfinished."""
        for run_id in self._unfinished():
            self.begin(run_id)

    async def stop(self) -> None:
        """Lets go of everything; the next service goes on."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _guarded(self, run_id: str) -> None:
        try:
            await self._drive(run_id)
        except Exception as error:
            _LOG.exception("run %s", run_id)
            for child, status in self._store.sweeps.children(run_id).items():
                if not status.terminal:
                    self._cancel(child)
            fault = error_of("ServiceError", f"{type(error).__name__}: {error}")
            self._move(run_id, Status.FAILED, error=fault)

    async def _drive(self, run_id: str) -> None:
        under_way = self._open(run_id)
        self._move(run_id, Status.RUNNING)
        while True:
            pause = _POLL_SECONDS
            try:
                if self._step(under_way):
                    break
            except (OSError, sqlite3.OperationalError) as error:
                if not is_lack_of_room(error):
                    raise
                pause = _ROOM_POLL_SECONDS
            await asyncio.sleep(pause)
        await self._close(under_way)

    def _move(self, run_id: str, status: Status, **changes: Any) -> None:
        """Gives a run its next status, unless it has that, or one that rules it out, already."""
        try:
            run = self._store.runs.move(run_id, status, **changes)
        except IllegalTransitionError:
            return
        self._tell(run, "status", {"status": status.value})
