"""Carries pipelines out: begins each step when the steps that it reads from have succeeded."""

from scaffold.workspace.engine.driving import Driver, UnderWay
from scaffold.workspace.engine.endings import error_of
from scaffold.workspace.logs import PIPELINE_LOG
from scaffold.workspace.paths import Home
from scaffold.workspace.runs import Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.pipelines import Pipeline

_STEP_FAILED = "The step {} has failed; see there for why."
_STEP_CANCELED = "The step {} was canceled, and what it was to make is missing."
_NOT_BEGUN = "The step was not begun: {} has not succeeded."


class PipelineDriver(Driver["_UnderWay"]):
    """The pipelines that are under way; see :class:`Driver`."""

    def _unfinished(self) -> list[str]:
        return self._store.pipelines.unfinished()

    def _open(self, run_id: str) -> "_UnderWay":
        pipeline = self._store.pipelines.get(run_id)
        assert pipeline is not None, run_id  # noqa: S101  (it was added with the run)
        return _UnderWay(self._home, self._store, run_id, pipeline)

    def _children(self, run_id: str) -> dict[str, Status]:
        pipeline = self._store.pipelines.get(run_id)
        return self._store.pipelines.steps(pipeline) if pipeline else {}

    def _step(self, under_way: "_UnderWay") -> bool:
        children = self._store.pipelines.steps(under_way.todo)
        under_way.look(children)
        run = self._store.runs.require(under_way.run_id)
        stopped = run.status is Status.CANCEL_REQUESTED or run.status.terminal
        missing = any(status in (Status.FAILED, Status.CANCELED) for status in children.values())
        if missing and not under_way.todo.goes_on:
            stopped = True
        for child, status in children.items():
            if not status.terminal:
                self._go_on(under_way, children, child, stopped=stopped)
        children = self._store.pipelines.steps(under_way.todo)
        if not all(status.terminal for status in children.values()):
            return False
        under_way.look(children)
        if run.status is Status.CANCEL_REQUESTED:
            self._move(under_way.run_id, Status.CANCELED)
        elif (reason := self._missing(under_way.todo, children)) is not None:
            self._move(under_way.run_id, Status.FAILED, error=error_of("UserError", reason))
        else:
            self._move(under_way.run_id, Status.COMPLETED)
        return True

    def _missing(self, todo: Pipeline, children: dict[str, Status]) -> str | None:
        """Why a pipeline that nobody has canceled is not complete; None when it is.

        It is no more complete with a step that a person has canceled than with one that has failed. Of the steps
        that were canceled the first to end is that one: the others were ended for the want of it.
        """
        failed = [child for child, status in children.items() if status is Status.FAILED]
        if failed:
            return _STEP_FAILED.format(", ".join(todo.names.get(child, child) for child in failed))
        canceled = [child for child, status in children.items() if status is Status.CANCELED]
        if not canceled:
            return None
        first = min(canceled, key=lambda child: self._store.runs.require(child).ended or "")
        return _STEP_CANCELED.format(todo.names.get(first, first))

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
            if lost is not None:
                name = under_way.todo.names.get(lost, lost)
                self._store.runs.update(child, error=error_of("UserError", _NOT_BEGUN.format(name)))
            self._cancel(child)
        elif waiting and all(children[one] is Status.COMPLETED for one in needed):
            under_way.begun.add(child)
            self._submit(child)


class _UnderWay(UnderWay):
    """One pipeline that is being carried out.

    Attributes:
        todo: what it is to do.
        begun: the steps that were begun by this process.
    """

    def __init__(self, home: Home, store: Store, run_id: str, todo: Pipeline) -> None:
        super().__init__(home, store, run_id, PIPELINE_LOG, "pipeline.txt")
        self.todo = todo
        self.begun: set[str] = set()
        self._seen: dict[str, Status] = {}

    def look(self, children: dict[str, Status]) -> None:
        """Notes which steps have another status than when it last looked."""
        for child, status in children.items():
            if self._seen.get(child) is not status:
                name = self.todo.names.get(child, child)
                self.note(f"step {name} ({child}): {status.value}")
        self._seen = children
