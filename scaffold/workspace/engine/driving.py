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
from scaffold.workspace.engine.jobs import JobFolder
from scaffold.workspace.engine.keeping import TEXT
from scaffold.workspace.engine.patience import patiently, pause
from scaffold.workspace.engine.preparation import Events, keep_log
from scaffold.workspace.files import is_plain
from scaffold.workspace.paths import Home
from scaffold.workspace.room import passes
from scaffold.workspace.runs import IllegalTransitionError, Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.database import timestamp

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.25


class UnderWay:
    """A run of others that is being carried out, with the log that is kept of it.

    Args:
        home: the workspace's folder.
        store: its store.
        run_id: the run.
        log_name: what its log is called among the run's artifacts.
        file: the file of its folder that the log is while the run goes on.
    """

    def __init__(self, home: Home, store: Store, run_id: str, log_name: str, file: str) -> None:
        self.run_id = run_id
        self._store = store
        self._run = store.runs.require(run_id)
        self._folder = JobFolder(home, self._run)
        self._folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._log_name, self._log = log_name, self._folder.path / file
        self._log.touch()
        name = artifact_prefix(run_id) + log_name
        store.blobs.put(ARTIFACTS, name, live_path=self._log, content_type=TEXT)

    def note(self, sentence: str) -> None:
        """Writes into the log; into a new one where somebody has removed the folder."""
        self._folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._log.open("a", encoding="utf-8") as stream:
            stream.write(f"[{timestamp()}] {sentence}\n")

    async def close(self) -> None:
        """Keeps the log, and lets go of the folder."""
        if is_plain(self._log):
            await keep_log(self._store, self._run, self._log_name, self._log)
        await asyncio.to_thread(self._folder.clear)


T = TypeVar("T", bound=UnderWay)


class Driver(ABC, Generic[T]):
    """The runs of one kind that are under way, each as a ``T``.

    Args:
        home: the workspace's folder.
        store: its store.
        tell: told of every step of such a run.
        submit: begins with a child.
        cancel: asks for a child's end.
    """

    def __init__(
        self,
        home: Home,
        store: Store,
        tell: Events,
        submit: Callable[[str], None],
        cancel: Callable[[str], bool],
    ) -> None:
        self._home = home
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
    def _children(self, run_id: str) -> dict[str, Status]:
        """The status of each run that belongs to a run, by its id."""

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    def drives(self, run_id: str) -> bool:
        """True for a run of this kind that is under way."""
        return run_id in self._tasks

    def begin(self, run_id: str) -> None:
        """Begins with a run that has just been accepted, or takes it up again; one that is under way goes on."""
        if run_id in self._tasks:
            return
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
            fault = error_of("ServiceError", f"{type(error).__name__}: {error}")
            await patiently(lambda: self._give_up(run_id, fault))

    def _give_up(self, run_id: str, fault: dict[str, Any]) -> None:
        """Ends a run that cannot be driven on, its children first."""
        for child, status in self._children(run_id).items():
            if not status.terminal:
                self._cancel(child)
        self._move(run_id, Status.FAILED, error=fault)

    async def _drive(self, run_id: str) -> None:
        under_way = await patiently(lambda: self._open(run_id))
        await patiently(lambda: self._move(run_id, Status.RUNNING))
        while True:
            seconds = _POLL_SECONDS
            try:
                if self._step(under_way):
                    break
            except (OSError, sqlite3.OperationalError) as error:
                if not passes(error):
                    raise
                seconds = pause(error)
            await asyncio.sleep(seconds)
        await patiently(under_way.close)

    def _move(self, run_id: str, status: Status, **changes: Any) -> None:
        """Gives a run its next status, unless it has that, or one that rules it out, already."""
        try:
            run = self._store.runs.move(run_id, status, **changes)
        except IllegalTransitionError:
            return
        self._tell(run, "status", {"status": status.value})
