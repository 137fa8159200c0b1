"""What happens to a run after its process: what it left is kept, and its end is told.

Everything may be done twice: the service can be killed in the middle, or find the disk full, and it is done again.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from scaffold.workspace.engine import endings
from scaffold.workspace.engine.data.configuration import read_data
from scaffold.workspace.engine.data.dataflow import DataError
from scaffold.workspace.engine.data.outputs import Collection
from scaffold.workspace.engine.jobs import COLLECTED, UNREADABLE, JobFolder, Outcome
from scaffold.workspace.engine.keeping import TEXT, files_under, keep, name_below
from scaffold.workspace.files import is_plain
from scaffold.workspace.logs import DATA_LOG, STD_LOG, last_lines
from scaffold.workspace.naming import WorkspaceName
from scaffold.workspace.paths import Home
from scaffold.workspace.runs import Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.runs import Run

_LOOK_SECONDS = 0.1


async def linger(store: Store, experiment: str | None, given_up: Callable[[], bool]) -> None:
    """Takes longer, if that was asked for (see ``fault_kinds``) and until the run is cancelled.

    Args:
        store: the workspace's.
        experiment: the name of the run's experiment.
        given_up: asked again and again whether the run was cancelled.
    """
    slow = store.injected.take("slow-finalize", experiment)
    clock = asyncio.get_running_loop()
    ends = clock.time() + (slow.value if slow is not None else 0.0)
    while clock.time() < ends and not given_up():
        await asyncio.sleep(_LOOK_SECONDS)


class Finish:
    """The finishing of one run.

    Args:
        home, store: the workspace.
        folder: the run's folder.
        run: the run.
        outcome: how its process ended.
        settled: True when every process of the run is known to have ended, so that nothing is written any more.
    """

    def __init__(  # noqa: PLR0913  (what finishing is made of)
        self, home: Home, store: Store, folder: JobFolder, run: Run, outcome: Outcome, *, settled: bool
    ) -> None:
        self._home = home
        self._store = store
        self._folder = folder
        self._run = run
        self._outcome = outcome
        self._settled = settled
        self._artifacts = Artifacts(store, folder, run, settled=settled)
        self._refused: DataError | None = None
        self._unkept: list[str] = []

    def keep(self, given_up: Callable[[], bool]) -> None:
        """Keeps what the run left; to be called again when it was cut short.

        Args:
            given_up: asked again and again whether the run was cancelled meanwhile.
        """
        unkept = [] if given_up() else self._keep_data()
        unkept += self._artifacts.keep(given_up)
        if is_plain(log := self._folder.log(DATA_LOG)):
            keep(self._store, ARTIFACTS, artifact_prefix(self._run.run_id) + DATA_LOG, log, TEXT)
        self._unkept = unkept

    @property
    def _completed(self) -> bool:
        return self._outcome.reason == "exited" and self._outcome.exit_code == 0

    def _keep_data(self) -> list[str]:
        """Keeps what the run wrote to its outputs, and returns a sentence for what was not kept."""
        note = self._folder.note_data
        workspace = WorkspaceName.load(self._home)
        collection = Collection(self._store, workspace, self._folder, self._run, note, settled=self._settled)
        try:
            collection.collect(
                read_data(self._run.definition or {}),
                completed=self._completed,
                canceled=self._outcome.reason in ("canceled", "timeout"),
            )
        except DataError as error:
            self._refused = error
            note(str(error))
        return collection.warnings

    def end(self, *, canceled: bool) -> tuple[Status, dict[str, Any]]:
        """The last status of the run, and the columns that change along; its warnings are noted.

        Args:
            canceled: whether it was cancelled after its process had ended.
        """
        outcome = self._outcome
        if canceled and outcome.reason not in ("timeout", "not-started", UNREADABLE):
            outcome = msgspec.structs.replace(outcome, reason="canceled")
        log = f"user_logs/{Path(outcome.log).name}" if outcome.log else STD_LOG
        tail = last_lines(self._folder.log(log), lines=12, limit=8192)
        limit = (self._run.definition or {}).get("maxRunDurationSeconds")
        status, error = endings.ending(outcome, limit, log, tail)
        if error is not None and endings.lacks_package(tail):
            error["message"] += self._left_out()
        if status is Status.COMPLETED and self._refused is not None:
            status, error = Status.FAILED, endings.error_of("UserError", str(self._refused))
        self._store.runs.warn(self._run.run_id, "outputs", self._unkept)
        if status is not Status.COMPLETED:
            self._end_children(status)
        changes = {"exit_code": outcome.exit_code, **self._times(outcome)}
        return status, changes | ({"error": error} if error is not None else {})

    def _times(self, outcome: Outcome) -> dict[str, str]:
        """When the run ended, and when it began where the machine's clock was set back in between."""
        ended, started = outcome.at or timestamp(), self._run.started
        if outcome.seconds is None or started is None or started <= ended:
            return {"ended": ended}
        began = datetime.fromisoformat(ended) - timedelta(seconds=outcome.seconds)
        return {"ended": ended, "started": timestamp(began)}

    def _left_out(self) -> str:
        """What of its environment the run does not have here, as it was warned."""
        warnings = self._store.runs.require(self._run.run_id).warnings
        said = [entry["message"] for entry in warnings if entry["source"] == "environment"]
        return "".join(f"\n{sentence}" for sentence in said)

    def _end_children(self, status: Status) -> None:
        """Ends the child runs that the script had begun: nobody else ever will."""
        error = endings.error_of(
            "UserError", f"The run {self._run.run_id}, which began this one, has ended before it."
        )
        for child in self._store.runs.left_by(self._run.run_id):
            changes = {"error": error} if status is Status.FAILED else {}
            self._store.runs.move(child.run_id, status, **changes)


class Artifacts:
    """Keeps the logs of a run, and everything under its ``outputs/`` and ``logs/``, as its artifacts.

    Args:
        store, folder, run, settled: see :class:`Finish`.
    """

    def __init__(self, store: Store, folder: JobFolder, run: Run, *, settled: bool) -> None:
        self._store = store
        self._folder = folder
        self._prefix = artifact_prefix(run.run_id)
        # A local run's files are its submitter's.
        self._settled = settled and folder.submitter is None
        self._kept: set[Path] = set()

    def keep(self, given_up: Callable[[], bool]) -> list[str]:
        """Keeps what was not kept yet.

        Args:
            given_up: asked between outputs whether they are still wanted; logs are kept all the same.

        Returns:
            A sentence for every file that could not be read.
        """
        unread = []
        for collected in COLLECTED:
            for path in files_under(self._folder.work / collected, self._folder.work, self._folder.data):
                if given_up():
                    break
                name = name_below(path, self._folder.work)
                try:
                    self._keep(path, name)
                except PermissionError:
                    unread.append(f"{name} could not be read and was not kept.")
        for log in self._folder.log_names():
            self._keep(self._folder.log(log), log, TEXT)
        return unread

    def _keep(self, path: Path, name: str, content_type: str | None = None) -> None:
        if path not in self._kept:
            keep(self._store, ARTIFACTS, self._prefix + name, path, content_type, settled=self._settled)
            self._kept.add(path)
