"""Carries pipelines out: begins each step when the steps that it reads from have succeeded."""

import asyncio
from collections.abc import Callable
from typing import Any

from scaffold.workspace.engine.driving import Driver
from scaffold.workspace.engine.endings import error_of
from scaffold.workspace.engine.jobs import JobFolder
from scaffold.workspace.engine.keeping import TEXT
from scaffold.workspace.engine.preparation import Events, keep_log
from scaffold.workspace.logs import PIPELINE_LOG
from scaffold.workspace.paths import Home
from scaffold.workspace.runs import Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.pipelines import Pipeline

_STEP_FAILED = "The step {} has failed; see there for why."
_NOT_BEGUN = "The step was not begun: {} has not succeeded."


class PipelineDriver(Driver["_UnderWay"]):
    """The pipelines that are under way; see :class:`Driver`."""

    def __init__(
        self,
        home: Home,
        store: Store,
        tell: Events,
        submit: Callable[[str], None],
        cancel: Callable[[str], bool],
    ) -> None:
        super().__init__(store, tell, submit, cancel)
        self._home = home

    def _unfinished(self) -> list[str]:
        return self._store.pipelines.unfinished()

    def _open(self, run_id: str) -> "_UnderWay":
        pipeline = self._store.pipelines.get(run_id)
        assert pipeline is not None, run_id  # noqa: S101  (it was added with the run)
        return _UnderWay(self._home, self._store, run_id, pipeline)

    async def _close(self, under_way: "_UnderWay") -> None:
        await under_way.close()

    def _step(self, under_way: "_UnderWay") -> bool:
        children = self._store.sweeps.children(under_way.run_id)
        under_way.look(children)
        run = self._store.runs.require(under_way.run_id)
        stopped = run.status is Status.CANCEL_REQUESTED or run.status.terminal
        failed = [child for child, status in children.items() if status is Status.FAILED]
        if failed and not under_way.todo.goes_on:
            stopped = True
        for child, status in children.items():
            if not status.terminal:
                self._go_on(under_way, children, child, stopped=stopped)
        children = self._store.sweeps.children(under_way.run_id)
        if not all(status.terminal for status in children.values()):
            return False
        under_way.look(children)
        if run.status is Status.CANCEL_REQUESTED:
            self._move(under_way.run_id, Status.CANCELED)
        elif failed:
            names = ", ".join(under_way.todo.names.get(child, child) for child in failed)
            error = error_of("UserError", _STEP_FAILED.format(names))
            self._move(under_way.run_id, Status.FAILED, error=error)
        else:
            self._move(under_way.run_id, Status.COMPLETED)
        return True

    def _go_on(
        self, under_way: "_UnderWay", children: dict[str, Status], child: str, *, stopped: bool
    ) -> None:
        """Begins with a step whose time has come, or ends one that nobody wants any more."""
        waiting = children[child] is Status.NOT_STARTED and child not in under_way.begun
        needed = under_way.todo.after.get(child, [])
        lost = next(
            (one for one in needed if children[one].terminal and children[one] is not Status.COMPLETED), None
        )
        if stopped and not waiting:
            if children[child] is not Status.CANCEL_REQUESTED:
                self._cancel(child)
        elif waiting and (stopped or lost is not None):
            changes: dict[str, Any] = {}
            if lost is not None:
                name = under_way.todo.names.get(lost, lost)
                changes["error"] = error_of("UserError", _NOT_BEGUN.format(name))
            self._move(child, Status.CANCELED, **changes)
        elif waiting and all(children[one] is Status.COMPLETED for one in needed):
            under_way.begun.add(child)
            self._submit(child)


class _UnderWay:
    """One pipeline that is being carried out.

    Attributes:
        todo: what it is to do.
        begun: the steps that were begun by this process.
    """

    def __init__(self, home: Home, store: Store, run_id: str, todo: Pipeline) -> None:
        self.run_id, self.todo = run_id, todo
        self.begun: set[str] = set()
        self._store = store
        self._run = store.runs.require(run_id)
        self._seen: dict[str, Status] = {}
        self._folder = JobFolder(home, self._run)
        self._log = self._folder.path / "pipeline.txt"
        self._folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._log.touch()
        name = artifact_prefix(run_id) + PIPELINE_LOG
        store.blobs.put(ARTIFACTS, name, live_path=self._log, content_type=TEXT)

    def look(self, children: dict[str, Status]) -> None:
        """Notes which steps have another status than when it last looked."""
        with self._log.open("a", encoding="utf-8") as stream:
            for child, status in children.items():
                if self._seen.get(child) is not status:
                    name = self.todo.names.get(child, child)
                    stream.write(f"[{timestamp()}] step {name} ({child}): {status.value}\n")
        self._seen = children

    async def close(self) -> None:
        """Keeps the log."""
        await keep_log(self._store, self._run, PIPELINE_LOG, self._log)
        await asyncio.to_thread(self._folder.clear)
