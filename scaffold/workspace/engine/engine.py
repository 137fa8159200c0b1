"""The engine: carries every accepted run from NotStarted to its end, so many at a time.

A run's own process is looked after by a supervisor (see there) that lives on when this process dies, so
a restart picks up what is running and begins again what was being prepared.
"""

import asyncio
import contextlib
import functools
import logging
import os
import sqlite3
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from scaffold import watchman
from scaffold.workspace import supervision
from scaffold.workspace.engine import endings, jobs, processes
from scaffold.workspace.engine.builder import BuildError
from scaffold.workspace.engine.data.configuration import RunData, read_data
from scaffold.workspace.engine.data.dataflow import DataError
from scaffold.workspace.engine.data.delivery import Delivery
from scaffold.workspace.engine.data.helpers import Reader
from scaffold.workspace.engine.environments import Environments, ReadyEnvironment
from scaffold.workspace.engine.finishing import Finish, linger
from scaffold.workspace.engine.jobs import JobFolder, Outcome
from scaffold.workspace.engine.keeping import TEXT
from scaffold.workspace.engine.patience import patiently
from scaffold.workspace.engine.pipelines.driver import PipelineDriver
from scaffold.workspace.engine.preparation import Events, Preparation, arrival
from scaffold.workspace.engine.queueing import Queue
from scaffold.workspace.engine.specification import Specification, SpecificationError
from scaffold.workspace.engine.submitter import NotHandedOverError, handed_over, submitter_of
from scaffold.workspace.engine.sweeps.driver import SweepDriver
from scaffold.workspace.paths import Home
from scaffold.workspace.room import is_lack_of_room, is_locked
from scaffold.workspace.runs import IllegalTransitionError, Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.content import ContentMissingError
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.runs import FAILED_BY_CLIENT, PIPELINE, SWEEP, Run, is_step

_LOG = logging.getLogger(__name__)
_ADOPTED_POLL_SECONDS = 0.2
_LOCK_SECONDS = 0.5
_FULL = (
    "DiskFull: there is no room on the disk that holds {home}, so the run could not be started. "
    "Make room ('scaffold workspace prune' removes what is not used any more), and submit it again."
)

RunVariables = Callable[[Run], dict[str, str]]


class _Active:
    """A run that is being carried out."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.cancels = 0
        # From here on the task sees for itself that it was cancelled, or the run's supervisor does.
        self.committed = False

    @property
    def canceled(self) -> bool:
        return self.cancels > 0


class Engine:
    """Executes runs.

    Args:
        home: the workspace's folder.
        store: its store.
        run_variables: gives the environment variables by which a run's process knows the workspace.
        tell: told of every step of a run (run, event, details), for those who follow a submission.
        width: how many runs may execute at once; the machine's cores unless said otherwise.
    """

    def __init__(
        self,
        home: Home,
        store: Store,
        run_variables: RunVariables,
        tell: Events,
        width: int | None = None,
    ) -> None:
        self._home = home
        self._store = store
        self._run_variables = run_variables
        self._tell = tell
        self.queue = Queue(store, width or os.cpu_count() or 1, tell)
        self._active: dict[str, _Active] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.environments = Environments(home, store)
        self._preparation = Preparation(store, self.environments, tell)
        self.sweeps = SweepDriver(home, store, tell, self.submit, self.cancel)
        self.pipelines = PipelineDriver(home, store, tell, self.begin, self.cancel)

    @property
    def busy(self) -> bool:
        """True while a run is being carried out or an environment built."""
        driving = self.sweeps.busy or self.pipelines.busy
        return bool(self._active) or driving or self.environments.building

    def recover(self) -> None:
        """Takes up every run that an earlier service left unfinished; may be called again when it was cut short."""
        self.environments.recover()
        asyncio.get_running_loop().run_in_executor(None, jobs.clear_over, self._home, self._store)
        unfinished = self._store.runs.unfinished()
        supervisors = watchman.keepers() if unfinished else {}
        for run in unfinished:
            if is_step(run) and run.status is Status.NOT_STARTED:
                continue  # its pipeline begins it when its time has come
            if run.run_id not in self._active:
                self._start(run.run_id, functools.partial(self._take_up, run.run_id, supervisors))
        self.sweeps.recover()
        self.pipelines.recover()

    async def _take_up(self, run_id: str, supervisors: Mapping[str, int]) -> None:
        """Go on with a run from what is known of it: pick it up where it is running, or begin it again.

        Args:
            run_id: the run.
            supervisors: the processes that look after runs, by the marks of these.
        """
        run = self._store.runs.require(run_id)
        if run.status.terminal:
            return
        folder = JobFolder(self._home, run)
        if folder.mark in supervisors:  # a service that was killed may not have come to writing it down
            supervision.write_down(folder.records, supervisors[folder.mark])
        started = folder.mark in supervisors or folder.was_started()
        # From Running on it has been started, whatever has become of its folders.
        running = run.status in (Status.RUNNING, Status.FINALIZING)
        if run.status is Status.CANCEL_REQUESTED and not started:
            await self._patiently(run_id, lambda: self._advance(run_id, Status.CANCELED))
            await asyncio.to_thread(folder.clear)
        elif run.status is Status.CANCEL_REQUESTED:
            folder.request_stop()
            await self._adopt(run)
        elif running or (run.status is Status.STARTING and started):
            await self._adopt(run)
        else:
            await self._patiently(run_id, lambda: self._store.runs.restart(run_id))
            await self._execute(run_id)

    async def _take_up_later(self, run_id: str) -> None:
        """Goes on with a run that was cut short by a lock of the database, as the next service would."""
        active = self._active[run_id]
        await asyncio.sleep(_LOCK_SECONDS)
        await self._patiently(run_id, self._store.database.require_free)
        active.committed = False
        await self._take_up(run_id, await asyncio.to_thread(watchman.keepers))

    def submit(self, run_id: str) -> None:
        """Begins with a run that has been accepted; with one that is under way already, nothing."""
        if run_id not in self._active:
            self._start(run_id, lambda: self._execute(run_id))

    def begin(self, run_id: str) -> None:
        """Begins with a run that has been accepted, of whichever kind it is."""
        recorded = self._store.runs.require(run_id).recorded
        if PIPELINE in recorded:
            self.pipelines.begin(run_id)
        elif SWEEP in recorded:
            self.sweeps.begin(run_id)
        else:
            self.submit(run_id)

    def _start(self, run_id: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        active = self._active.setdefault(run_id, _Active())
        active.task = asyncio.create_task(self._guarded(run_id, work), name=run_id)
        active.task.add_done_callback(lambda task: self._settle(run_id, active, task))

    def _settle(self, run_id: str, active: _Active, task: "asyncio.Task[None]") -> None:
        """Notes that a task is over; one that was cancelled before its first step never ran a line."""
        self._active.pop(run_id, None)
        if task.cancelled() and active.canceled and not active.committed:
            work = patiently(lambda: self._advance(run_id, Status.CANCELED))
            self._ending.add(ending := asyncio.create_task(work))
            ending.add_done_callback(self._ending.discard)

    def cancel(self, run_id: str) -> bool:
        """Asks for the end of a run, at whichever stage it is.

        Returns:
            False when the run is over already.
        """
        run = self._store.runs.require(run_id)
        if run.status.terminal:
            return False
        try:
            with contextlib.suppress(IllegalTransitionError):
                self._store.runs.move(run_id, Status.CANCEL_REQUESTED)
        except sqlite3.OperationalError as error:
            if not is_lack_of_room(error):  # ending a run may be what makes room
                raise
        # A driver sees that by itself, and ends the run's children first.
        if PIPELINE in run.recorded:
            self.pipelines.begin(run_id)  # a step whose time has not come has steps too
        if self.sweeps.drives(run_id) or self.pipelines.drives(run_id):
            return True
        active = self._active.get(run_id)
        if active is None:
            self._advance(run_id, Status.CANCELED)
            return True
        active.cancels += 1
        if active.committed:
            JobFolder(self._home, run).request_stop()
        elif active.task is not None:
            active.task.cancel()
        return True

    async def stop(self) -> None:
        """Lets go of everything; what is running goes on without this process."""
        self._stopping = True
        await self.sweeps.stop()
        await self.pipelines.stop()
        tasks = [active.task for active in self._active.values() if active.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for ending in self._ending:  # the next start ends what could not be ended
            ending.cancel()
        await self.environments.stop()

    async def _patiently(self, run_id: str, work: Callable[[], Any]) -> Any:
        """The outcome of work for a run that must not be lost: what it left, and how it ended (see ``patience``)."""

        def waiting(reason: str) -> None:
            _LOG.warning("run %s: %s", run_id, reason)
            with contextlib.suppress(sqlite3.Error):
                self._tell(self._store.runs.require(run_id), "progress", {"text": reason})

        return await patiently(work, waiting)

    async def _guarded(self, run_id: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Carries the work out, and gives the run its end when the work itself fails or is given up."""
        active = self._active[run_id]
        while True:
            try:
                return await work()
            except asyncio.CancelledError:
                if active.canceled and not active.committed:
                    await self._patiently(run_id, lambda: self._advance(run_id, Status.CANCELED))
                raise
            except Exception as error:
                if not is_locked(error):
                    return await self._fail(run_id, *self._told(run_id, error))
                _LOG.warning("run %s was cut short: %s", run_id, error)
            work = functools.partial(self._take_up_later, run_id)

    def _told(self, run_id: str, error: Exception) -> tuple[str, str]:
        """The code and the message of a run whose work has failed."""
        if isinstance(error, DataError | NotHandedOverError):
            return "UserError", str(error)
        if isinstance(error, BuildError | SpecificationError):
            return "EnvironmentBuildFailed", f"{error}\n{getattr(error, 'reason', '')}".strip()
        _LOG.error("run %s", run_id, exc_info=error)
        if isinstance(error, ContentMissingError):
            return "ServiceError", f"{error}."
        if is_lack_of_room(error):
            return "UserError", _FULL.format(home=self._home.root)
        return "ServiceError", f"{type(error).__name__}: {error}"

    def _move(self, run_id: str, status: Status, **changes: Any) -> Run:
        run = self._store.runs.move(run_id, status, **changes)
        self._tell(run, "status", {"status": status.value})
        return run

    def _advance(self, run_id: str, status: Status, **changes: Any) -> None:
        """Gives the run its next status, unless one that it has got meanwhile rules that out."""
        run = self._store.runs.require(run_id)
        if status is Status.CANCELED and run.recorded.get(FAILED_BY_CLIENT):
            status = Status.FAILED
            said = (run.error or {}).get("message")
            message = said or "The run was declared failed by a client."
            changes["error"] = endings.error_of("UserError", message)
        with contextlib.suppress(IllegalTransitionError):
            self._move(run_id, status, **changes)

    async def _fail(self, run_id: str, code: str, message: str) -> None:
        run = await self._patiently(run_id, lambda: self._store.runs.require(run_id))
        folder = JobFolder(self._home, run)
        if not folder.was_started():  # its half-restored snapshot may be what fills the disk
            await asyncio.to_thread(folder.clear)
        error = endings.error_of(code, message)
        await self._patiently(run_id, lambda: self._advance(run_id, Status.FAILED, error=error))

    async def _execute(self, run_id: str) -> None:
        folder = JobFolder(self._home, self._store.runs.require(run_id))
        await handed_over(folder.path, folder.records)
        run = self._move(run_id, Status.PREPARING)
        specification = await self._preparation.specification(run, submitter_of(folder.records))
        data = read_data(run.definition or {})
        environment = await self._preparation.prepare(run, specification, self._experiment_name(run))
        run = self._move(run_id, Status.QUEUED)
        async with self.queue.place(run, self._experiment_name(run)):
            run = self._move(run_id, Status.STARTING)
            again = await self._carry_out(run, specification, environment, data)
        if again:
            await self._execute(run_id)

    async def _carry_out(
        self, run: Run, specification: Specification, environment: ReadyEnvironment, data: RunData
    ) -> bool:
        """Runs the process of a run, and finishes the run; True when it is to be begun again."""
        folder, active = JobFolder(self._home, run), self._active[run.run_id]
        active.committed = True
        await asyncio.to_thread(jobs.lay_out, self._store, folder, run, lambda: active.canceled)
        configuration = run.definition or {}
        variables = jobs.process_environment(
            specification, configuration, environment.interpreter, self._run_variables(run), folder.submitter
        )
        reader = Reader(environment.interpreter, variables)
        places = None
        if not active.canceled:
            delivery = Delivery(
                self._store, folder, reader, lambda: self._stopping or active.canceled, folder.note_data
            )
            places = await arrival(self._store, run, folder, delivery, data)
        if places is None or active.canceled:
            await asyncio.to_thread(folder.take_back)
            await self._patiently(run.run_id, lambda: self._advance(run.run_id, Status.CANCELED))
            await asyncio.to_thread(folder.clear)
            return False
        argv = jobs.command_line(configuration, environment.interpreter, environment.python_version, places)
        variables |= places.variables(variables, of_job="job" in configuration)
        jobs.write_job(folder, jobs.job_of(folder, configuration, argv, variables) | self._preemption(run))
        self._show_live_logs(run, folder)
        process = processes.start(folder)
        await self._patiently(run.run_id, lambda: self._advance(run.run_id, Status.RUNNING))
        await process.wait()
        return await self._finish(run.run_id, folder, process.sessions)

    def _preemption(self, run: Run) -> dict[str, Any]:
        """What of the job says that the run is to lose its node: a fault that was asked for."""
        for kind in ("preempt", "preempt-restart"):
            fault = self._store.injected.take(kind, self._experiment_name(run))
            if fault is not None:
                return {"preempt_seconds": fault.value, "restart": kind == "preempt-restart"}
        return {}

    def _experiment_name(self, run: Run) -> str | None:
        experiment = self._store.experiments.by_id(run.experiment_id)
        return experiment.name if experiment else None

    def _show_live_logs(self, run: Run, folder: JobFolder) -> None:
        for name in folder.log_names():
            self._store.blobs.put(
                ARTIFACTS, artifact_prefix(run.run_id) + name,
                live_path=folder.log(name), content_type=TEXT,
            )  # fmt: skip

    async def _adopt(self, run: Run) -> None:
        """Waits for a run that an earlier service started, and finishes it."""
        folder, active = JobFolder(self._home, run), self._active[run.run_id]
        active.committed = True
        active.cancels = max(active.cancels, int(run.status is Status.CANCEL_REQUESTED))
        async with self.queue.place():
            if run.status is Status.STARTING:
                await self._patiently(run.run_id, lambda: self._advance(run.run_id, Status.RUNNING))
            sessions = processes.adopted(folder)
            while supervision.living(folder.records) is not None:
                if active.canceled:  # its records may have been removed, with what asked for its end
                    folder.request_stop()
                await asyncio.sleep(_ADOPTED_POLL_SECONDS)
            again = await self._finish(run.run_id, folder, sessions, adopted=True)
        if again:
            await self._execute(run.run_id)

    async def _finish(
        self, run_id: str, folder: JobFolder, sessions: Mapping[int, float], *, adopted: bool = False
    ) -> bool:
        """Collects what the process left and gives the run its end; True when it is to be begun again.

        What a cancelled run has written until then is kept; who cancels a run that is being finished wants no more.
        """
        while left := await asyncio.to_thread(processes.end_remains, folder, sessions):
            _LOG.warning("run %s: the processes %s do not end", run_id, left)
            await asyncio.sleep(_ADOPTED_POLL_SECONDS)
        outcome, active = folder.outcome(), self._active[run_id]
        cancels, settled = active.cancels, outcome is not None
        if outcome is None:
            reason = jobs.REMOVED if not folder.records.is_dir() else jobs.LOST if adopted else jobs.UNKNOWN
            outcome = Outcome(reason=reason, at=timestamp())
        if self._store.runs.require(run_id).status is not Status.FINALIZING:
            await self._patiently(run_id, lambda: self._move(run_id, Status.FINALIZING))
        run = self._store.runs.require(run_id)
        experiment = self._experiment_name(run)
        await self._patiently(
            run_id, lambda: linger(self._store, experiment, lambda: active.cancels > cancels)
        )
        finish = Finish(self._home, self._store, folder, run, outcome, settled=settled)
        await self._patiently(
            run_id, lambda: asyncio.to_thread(finish.keep, lambda: active.cancels > cancels)
        )
        if outcome.reason == "preempted" and folder.restarts() and not active.canceled:
            await self._patiently(run_id, lambda: self._begin_again(run_id))
            return True

        def end() -> None:
            status, changes = finish.end(canceled=active.canceled)
            self._advance(run_id, status, **changes)

        # As a mount is gone before a run's end is told: who waits for that may put something there next.
        await asyncio.to_thread(folder.take_back)
        await self._patiently(run_id, end)
        await asyncio.to_thread(folder.clear)
        return False

    def _begin_again(self, run_id: str) -> None:
        """Takes a run that lost its node back to its first status."""
        self._store.runs.warn(run_id, jobs.RESTARTED, [endings.PREEMPTION_WARNING])
        run = self._store.runs.restart(run_id)
        self._active[run_id].committed = False
        self._tell(run, "status", {"status": run.status.value})
