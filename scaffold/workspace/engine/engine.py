"""The engine: carries every accepted run from NotStarted to its end, so many at a time.

A run's own process is looked after by a supervisor (see there) that lives on when this process dies, so
a restart picks up what is running and begins again what was being prepared.
"""

import asyncio
import contextlib
import functools
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import psutil

from scaffold.workspace import supervision
from scaffold.workspace.engine import jobs, supervisor
from scaffold.workspace.engine.builder import BuildError
from scaffold.workspace.engine.data import Places, RunData, read_data
from scaffold.workspace.engine.dataflow import DataError
from scaffold.workspace.engine.delivery import Delivery, Stopped
from scaffold.workspace.engine.distribution import Distribution, processes_of
from scaffold.workspace.engine.environments import Environments, ReadyEnvironment
from scaffold.workspace.engine.jobs import JobFolder, Outcome
from scaffold.workspace.engine.keeping import TEXT, keep
from scaffold.workspace.engine.outputs import Collection
from scaffold.workspace.engine.specification import Specification, SpecificationError, read_environment
from scaffold.workspace.engine.submitter import NotHandedOverError, Submitter, handed_over, submitter_of
from scaffold.workspace.logs import BUILD_LOG, DATA_LOG, STD_LOG, last_lines
from scaffold.workspace.naming import WorkspaceName
from scaffold.workspace.paths import Home
from scaffold.workspace.runs import IllegalTransitionError, Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.runs import FAILED_BY_CLIENT, Run

_LOG = logging.getLogger(__name__)
_ADOPTED_POLL_SECONDS = 0.2

RunVariables = Callable[[Run], dict[str, str]]
Events = Callable[[Run, str, dict[str, Any]], None]


class _Active:
    """A run that is being carried out."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.canceled = False
        # From here on the run's process is ended by its supervisor, not by cancelling the task.
        self.committed = False


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
        self.width = width or os.cpu_count() or 1
        self._slots = asyncio.Semaphore(self.width)
        self._active: dict[str, _Active] = {}
        self._stopping = False
        self.environments = Environments(home, store)

    def recover(self) -> None:
        """Takes up every run that an earlier service left unfinished."""
        self.environments.recover()
        for run in self._store.runs.unfinished():
            folder = JobFolder(self._home, run)
            running = run.status in (Status.STARTING, Status.RUNNING, Status.FINALIZING)
            if run.status is Status.CANCEL_REQUESTED:
                if _was_started(folder):
                    folder.request_stop()
                    self._start(run.run_id, functools.partial(self._adopt, run))
                else:
                    self._end(run.run_id, Status.CANCELED)
                    folder.clear()
            elif running and _was_started(folder):
                self._start(run.run_id, functools.partial(self._adopt, run))
            else:
                self._store.runs.restart(run.run_id)
                self._start(run.run_id, functools.partial(self._execute, run.run_id))

    def submit(self, run_id: str) -> None:
        """Begins with a run that has just been accepted."""
        self._start(run_id, lambda: self._execute(run_id))

    def _start(self, run_id: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        active = self._active.setdefault(run_id, _Active())
        active.task = asyncio.create_task(self._guarded(run_id, work), name=run_id)
        active.task.add_done_callback(lambda task: self._settle(run_id, active, task))

    def _settle(self, run_id: str, active: _Active, task: "asyncio.Task[None]") -> None:
        """Notes that a task is over; one that was cancelled before its first step never ran a line."""
        self._active.pop(run_id, None)
        if task.cancelled() and active.canceled:
            self._end(run_id, Status.CANCELED)

    def cancel(self, run_id: str) -> bool:
        """Asks for the end of a run, at whichever stage it is.

        Returns:
            False when the run is over already.
        """
        run = self._store.runs.require(run_id)
        if run.status.terminal:
            return False
        with contextlib.suppress(IllegalTransitionError):
            self._store.runs.move(run_id, Status.CANCEL_REQUESTED)
        active = self._active.get(run_id)
        if active is None:
            self._end(run_id, Status.CANCELED)
        elif active.committed:
            JobFolder(self._home, run).request_stop()
        else:
            active.canceled = True
            if active.task is not None:
                active.task.cancel()
        return True

    async def stop(self) -> None:
        """Lets go of everything; what is running goes on without this process."""
        self._stopping = True
        tasks = [active.task for active in self._active.values() if active.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.environments.stop()

    async def _guarded(self, run_id: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Carries the work out, and gives the run its end when the work itself fails."""
        try:
            await work()
        except DataError as error:
            self._fail(run_id, "UserError", str(error))
        except (BuildError, SpecificationError) as error:
            reason = getattr(error, "reason", "")
            self._fail(run_id, "EnvironmentBuildFailed", f"{error}\n{reason}".strip())
        except NotHandedOverError as error:
            self._fail(run_id, "UserError", str(error))
        except Exception as error:
            _LOG.exception("run %s", run_id)
            self._fail(run_id, "ServiceError", f"{type(error).__name__}: {error}")

    def _move(self, run_id: str, status: Status, **changes: Any) -> Run:
        run = self._store.runs.move(run_id, status, **changes)
        self._tell(run, "status", {"status": status.value})
        return run

    def _end(self, run_id: str, status: Status, **changes: Any) -> None:
        run = self._store.runs.require(run_id)
        if status is Status.CANCELED and run.recorded.get(FAILED_BY_CLIENT):
            status = Status.FAILED
            said = (run.error or {}).get("message")
            changes["error"] = _error("UserError", said or "The run was declared failed by a client.")
        with contextlib.suppress(IllegalTransitionError):
            self._move(run_id, status, **changes)

    def _fail(self, run_id: str, code: str, message: str, **changes: Any) -> None:
        self._end(run_id, Status.FAILED, error=_error(code, message), **changes)

    async def _execute(self, run_id: str) -> None:
        folder = JobFolder(self._home, self._store.runs.require(run_id))
        await handed_over(folder.path)
        run = self._move(run_id, Status.PREPARING)
        specification = _specification(run, submitter_of(folder.path))
        data = read_data(run.definition or {})
        environment = await self._prepare(run, specification)
        self._move(run_id, Status.QUEUED)
        async with self._slots:
            run = self._move(run_id, Status.STARTING)
            folder = JobFolder(self._home, run)
            self._active[run_id].committed = True
            await asyncio.to_thread(jobs.lay_out, self._store, folder, run)
            places = await self._deliver(run, folder, data)
            if places is None:
                return
            jobs.write_job(folder, self._job(run, folder, specification, environment, places))
            self._show_live_logs(run, folder)
            process = self._spawn(folder)
            # A cancel that came while the folder was being laid out left its stop file too early.
            if self._store.runs.require(run_id).status is Status.CANCEL_REQUESTED:
                folder.request_stop()
            else:
                self._move(run_id, Status.RUNNING)
            await process.wait()
            await self._finish(run_id, folder)

    async def _prepare(self, run: Run, specification: Specification) -> ReadyEnvironment:
        cached = self.environments.is_ready(specification)
        self._tell(run, "environment", {"name": specification.name, "cached": cached, "state": "started"})
        log = None
        if specification.interpreter is None:
            log = self.environments.log_path(self.environments.key(specification))
            # Seen while it is being written, so that a build that hangs can be understood.
            self._store.blobs.put(
                ARTIFACTS, artifact_prefix(run.run_id) + BUILD_LOG,
                live_path=log, content_type=TEXT,
            )  # fmt: skip
        try:
            environment = await self.environments.ready(
                specification,
                lambda text: self._tell(
                    run, "progress", {"text": f"environment {specification.name}: {text}"}
                ),
            )
        finally:
            if log is not None and log.exists():
                sha256, size = await asyncio.to_thread(self._store.content.take, log)
                self._store.blobs.put(
                    ARTIFACTS, artifact_prefix(run.run_id) + BUILD_LOG,
                    sha256=sha256, size=size, content_type=TEXT,
                )  # fmt: skip
        # Not twice, when the service was restarted meanwhile.
        others = [warning for warning in run.warnings if warning["source"] != "environment"]
        notices = [{"source": "environment", "message": notice} for notice in environment.notices]
        self._store.runs.update(run.run_id, warnings=[*others, *notices])
        self._tell(
            run,
            "environment",
            {"name": specification.name, "cached": cached, "state": "ready", "notices": environment.notices},
        )
        return environment

    async def _deliver(self, run: Run, folder: JobFolder, data: RunData) -> Places | None:
        """Puts the run's data in its place; None when the run is over because that could not be done."""

        def stopped() -> bool:
            return self._stopping or folder.stop_requested()

        delivery = Delivery(self._store, folder, stopped, folder.note_data)
        try:
            places = await asyncio.to_thread(delivery.deliver, data, run.run_id)
        except Stopped:
            self._end(run.run_id, Status.CANCELED)
        except DataError as error:
            self._fail(run.run_id, "UserError", str(error))
        except OSError as error:
            self._fail(run.run_id, "UserError", f"The run's data could not be put in its place: {error}")
        else:
            self._keep_data_log(run, folder)
            return places
        self._keep_data_log(run, folder)
        await asyncio.to_thread(folder.clear)
        return None

    def _keep_data_log(self, run: Run, folder: JobFolder) -> None:
        if (log := folder.log(DATA_LOG)).exists():
            keep(self._store, ARTIFACTS, artifact_prefix(run.run_id) + DATA_LOG, log, TEXT)

    def _job(
        self,
        run: Run,
        folder: JobFolder,
        specification: Specification,
        environment: ReadyEnvironment,
        places: Places,
    ) -> dict[str, Any]:
        configuration = run.definition or {}
        limit = configuration.get("maxRunDurationSeconds")
        processes = processes_of(msgspec.convert(configuration, Distribution))
        variables = jobs.process_environment(
            specification,
            configuration,
            environment.interpreter,
            self._run_variables(run),
            folder.submitter,
        )
        return {
            "argv": jobs.command_line(
                configuration, environment.interpreter, environment.python_version, places
            ),
            "cwd": str(folder.work),
            "environment": variables | places.variables(variables),
            "processes": [
                {
                    "log": str(folder.log(process.log)),
                    "environment": process.variables,
                    "essential": process.essential,
                }
                for process in processes
            ],
            "limit_seconds": float(limit) if limit else None,
        }

    def _show_live_logs(self, run: Run, folder: JobFolder) -> None:
        for name in folder.log_names():
            self._store.blobs.put(
                ARTIFACTS, artifact_prefix(run.run_id) + name,
                live_path=folder.log(name), content_type=TEXT,
            )  # fmt: skip

    def _spawn(self, folder: JobFolder) -> "_Supervisor":
        with (folder.path / "supervisor.log").open("ab") as log:
            options: dict[str, Any] = {"start_new_session": True}
            if os.name == "nt":
                options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined,unused-ignore]
            process = subprocess.Popen(
                [sys.executable, "-I", supervisor.__file__, str(folder.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                close_fds=True,
                **options,
            )
        # The supervisor says so itself only a moment later, and the service may be gone by then.
        (folder.path / "supervisor.pid").write_text(str(process.pid))
        return _Supervisor(process)

    async def _adopt(self, run: Run) -> None:
        """Waits for a run that an earlier service started, and finishes it."""
        folder = JobFolder(self._home, run)
        self._active[run.run_id].committed = True
        async with self._slots:
            if run.status is Status.STARTING:
                self._move(run.run_id, Status.RUNNING)
            while folder.outcome() is None and supervision.living(folder.path) is not None:
                await asyncio.sleep(_ADOPTED_POLL_SECONDS)
            await self._finish(run.run_id, folder, adopted=True)

    async def _finish(self, run_id: str, folder: JobFolder, *, adopted: bool = False) -> None:
        """Collects what the process left and gives the run its end."""
        outcome = folder.outcome()
        if outcome is None:
            await asyncio.to_thread(_end_lost_process, folder)
            outcome = Outcome(reason="lost" if adopted else "unknown", at=timestamp())
        run = self._store.runs.require(run_id)
        if run.status is not Status.FINALIZING:
            run = self._move(run_id, Status.FINALIZING)
        completed = outcome.reason == "exited" and outcome.exit_code == 0
        refused, unkept = await self._collect_data(run, folder, outcome)
        unread = await asyncio.to_thread(jobs.collect, self._store, folder, run)
        warnings = [*run.warnings, *({"source": "outputs", "message": text} for text in (*unread, *unkept))]
        log = f"user_logs/{Path(outcome.log).name}" if outcome.log else STD_LOG
        tail = last_lines(folder.log(log), lines=12, limit=8192)
        changes: dict[str, Any] = {
            "exit_code": outcome.exit_code,
            "ended": outcome.at or timestamp(),
            "warnings": warnings,
        }
        if outcome.reason == "canceled":
            self._end(run_id, Status.CANCELED, **changes)
        elif outcome.reason == "timeout":
            limit = (run.definition or {}).get("maxRunDurationSeconds")
            message = f"The run was ended: it took longer than its limit of {limit} seconds."
            self._end(run_id, Status.CANCELED, error=_error("TimeLimitExceeded", message), **changes)
        elif completed and refused is None:
            self._end(run_id, Status.COMPLETED, **changes)
        elif completed:
            self._fail(run_id, "UserError", str(refused), **changes)
        else:
            self._fail(run_id, "UserError", _why(outcome, log, tail), **changes)
        await asyncio.to_thread(folder.clear)

    async def _collect_data(
        self, run: Run, folder: JobFolder, outcome: Outcome
    ) -> tuple[DataError | None, list[str]]:
        """Keeps what the run wrote to its outputs; returns why one of them was refused, and what was not kept."""
        collection = Collection(self._store, WorkspaceName.load(self._home), folder, run, folder.note_data)
        refused = None
        try:
            await asyncio.to_thread(
                collection.collect,
                read_data(run.definition or {}),
                completed=outcome.reason == "exited" and outcome.exit_code == 0,
                canceled=outcome.reason in ("canceled", "timeout"),
            )
        except DataError as error:
            refused = error
            folder.note_data(str(error))
        self._keep_data_log(run, folder)
        return refused, collection.warnings


def _specification(run: Run, submitter: Submitter | None) -> Specification:
    """What the run has to find; the interpreter that a local run names is the one that its submitter would find."""
    specification = read_environment((run.definition or {}).get("environment") or {})
    if submitter is None or specification.interpreter is None:
        return specification
    return msgspec.structs.replace(specification, interpreter=submitter.find(specification.interpreter))


class _Supervisor:
    """A supervisor that this process started."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    async def wait(self) -> None:
        """Returns when it has ended; does not end it when the waiting is cancelled."""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            if not over.done():
                over.set_result(None)

        def watch() -> None:
            self._process.wait()
            with contextlib.suppress(RuntimeError):  # the loop is closed: the service has stopped
                loop.call_soon_threadsafe(settle)

        threading.Thread(target=watch, daemon=True).start()
        await over


def _was_started(folder: JobFolder) -> bool:
    return any((folder.started(), folder.outcome(), supervision.living(folder.path)))


def _end_lost_process(folder: JobFolder) -> None:
    """Ends what a supervisor that died left running."""
    inside = str(folder.work)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.cwd().startswith(inside):
                process.kill()


def _error(code: str, message: str) -> dict[str, Any]:
    """The ``RootError`` of a run, as the service sends it inside its ErrorResponse."""
    return {"code": code, "message": message}


def _why(outcome: Outcome, log: str, tail: str) -> str:
    if outcome.reason == "not-started":
        return f"The process could not be started: {outcome.message}"
    if outcome.reason == "lost":
        what = "The run's process was lost while the workspace was not running (a restart of the machine?)."
    elif outcome.reason == "unknown":
        what = "The process that looks after the run ended without saying how the run did."
    elif outcome.exit_code is not None and outcome.exit_code < 0:
        what = f"Execution failed. The process was killed by signal {_signal_name(-outcome.exit_code)}."
    else:
        what = f"Execution failed. The process exited with status code {outcome.exit_code}."
    return f"{what}\nSee {log}, which ends with:\n{tail}" if tail else what


def _signal_name(number: int) -> str:
    import signal

    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return str(number)
