"""Carries sweeps out: begins a sweep's children so many at a time, ends those that fall behind, and ends it.

All that there is to know is in the store (what the sweep is to do, and its children's status and metrics), and
what comes next is found from that alone: a service that was killed goes on where it was.
"""

import itertools
import math
from datetime import datetime, timedelta
from typing import Any

from scaffold import space
from scaffold.workspace.engine.driving import Driver, UnderWay
from scaffold.workspace.engine.endings import error_of
from scaffold.workspace.engine.sweeps import trials
from scaffold.workspace.engine.sweeps.policies import History, policy_of
from scaffold.workspace.logs import SWEEP_LOG
from scaffold.workspace.paths import Home
from scaffold.workspace.runs import Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import DATASTORE
from scaffold.workspace.store.database import now, to_json
from scaffold.workspace.store.registration import Place, data_document, register_data, register_model
from scaffold.workspace.store.sweeps import BestOutput, Sweep

SYSTEM = "_aml_system_"
"""What the names of HyperDrive's own tags begin with."""
_CHILD_FAILED = "User errors were found in at least one of the child runs."
_TOO_LONG = "The sweep was ended: it took longer than its limit of {:g} minutes."


def plan_of(sweep: Sweep) -> list[space.Values]:
    """The parameters of each child, in the order in which they are begun; the same ones whenever it is asked."""
    if sweep.sampling == "grid":
        return list(itertools.islice(space.combinations(sweep.space), sweep.most_runs))
    return space.samples(sweep.space, sweep.most_runs, sweep.seed)


def child_id(run_id: str, number: int) -> str:
    """The id of a sweep's child, as HyperDrive makes it."""
    return f"{run_id}_{number}"


def definition_of(template: dict[str, Any], child: str, values: space.Values) -> dict[str, Any]:
    """The RunConfiguration of a child: the parameters are arguments of a script, or stand in a command (``trials``)."""
    if template.get("job"):
        return trials.definition_of(template, child, values)
    arguments = [*(template.get("arguments") or []), *space.arguments_of(values)]
    return template | {"arguments": arguments}


class SweepDriver(Driver["_UnderWay"]):
    """The sweeps that are under way; see :class:`Driver`."""

    def _unfinished(self) -> list[str]:
        return self._store.sweeps.unfinished()

    def _open(self, run_id: str) -> "_UnderWay":
        sweep = self._store.sweeps.get(run_id)
        assert sweep is not None, run_id  # noqa: S101  (it was added with the run)
        return _UnderWay(self._home, self._store, run_id, sweep)

    def _children(self, run_id: str) -> dict[str, Status]:
        return self._store.sweeps.children(run_id)

    def _step(self, under_way: "_UnderWay") -> bool:
        sweep = under_way
        children = self._store.sweeps.children(sweep.run_id)
        active = [child for child, status in children.items() if not status.terminal]
        ending = self._ending(sweep, children)
        if ending is None:
            for _ in range(len(active), sweep.todo.width):
                if len(children) == len(sweep.plan):
                    break
                child = sweep.add_child(len(children))
                children[child] = Status.NOT_STARTED
                self._submit(child)
            for child in sweep.laggards(active):
                self._cancel(child)
            return False
        for child in active:
            if children[child] is not Status.CANCEL_REQUESTED:
                self._cancel(child)
        if not active:
            best = sweep.sum_up(children)
            status, error = ending
            if status is Status.COMPLETED:
                sweep.keep_outputs(best)
            self._move(sweep.run_id, status, **({"error": error} if error else {}))
        return not active

    def _ending(
        self, sweep: "_UnderWay", children: dict[str, Status]
    ) -> tuple[Status, dict[str, Any] | None] | None:
        """How the sweep is to end, what is still running included; None while it goes on."""
        run = self._store.runs.require(sweep.run_id)
        if run.status.terminal:
            return run.status, None
        if run.status is Status.CANCEL_REQUESTED:
            return Status.CANCELED, None
        over = all(status.terminal for status in children.values()) and len(children) == len(sweep.plan)
        if over:
            failed = Status.FAILED in children.values()
            error = error_of("UserError", _CHILD_FAILED) if failed else None
            return (Status.FAILED if failed else Status.COMPLETED), error
        limit = timedelta(minutes=sweep.todo.minutes)
        if now() - datetime.fromisoformat(run.started or run.created) > limit:
            return Status.CANCELED, error_of("TimeLimitExceeded", _TOO_LONG.format(sweep.todo.minutes))
        return None


class _UnderWay(UnderWay):
    """One sweep that is being carried out.

    Attributes:
        todo: what it is to do.
        plan: the parameters of each child, in the order in which they are begun.
    """

    def __init__(self, home: Home, store: Store, run_id: str, todo: Sweep) -> None:
        super().__init__(home, store, run_id, SWEEP_LOG, "sweep.txt")
        self.todo = todo
        self._policy = policy_of(todo.policy)
        self.plan = plan_of(todo)
        self._looked_at: dict[str, int] = {}
        self._newest = -1
        if not self._log.stat().st_size:
            self.note(f"{len(self.plan)} runs are planned, {todo.width} at once.")

    def add_child(self, number: int) -> str:
        """Makes the run of that number, and returns its id."""
        values, child = self.plan[number], child_id(self.run_id, number)
        text = to_json(values)
        self._store.runs.create(
            child,
            self._run.experiment_id,
            status=Status.NOT_STARTED,
            parent_run_id=self.run_id,
            run_type="azureml.scriptrun",
            target=self._run.target,
            script_name=self._run.script_name,
            snapshot_id=self._run.snapshot_id,
            definition=definition_of(self.todo.definition, child, values),
            tags={f"{SYSTEM}hyperparameters": text, "hyperparameters": text},
            properties=self.todo.properties,
            recorded=self.todo.recorded,
            warnings=self.todo.warnings,
        )
        self.note(f"{child} begins with {' '.join(space.arguments_of(values))}.")
        return child

    def laggards(self, active: list[str]) -> list[str]:
        """The runs that the policy ends now; each is looked at once an interval."""
        newest = self._store.metrics.newest()
        if self._policy.name.lower() == "default" or newest == self._newest:
            return []
        self._newest = newest
        history = self.history(list(self._store.sweeps.children(self.run_id)))
        behind = []
        for child in active:
            interval = self._policy.interval(len(history.get(child, ())))
            if interval <= self._looked_at.get(child, 0):
                continue
            self._looked_at[child] = interval
            if self._policy.ends(child, interval, history, maximize=self.todo.maximize):
                self.note(f"{child} is ended by the policy {self._policy.name} at interval {interval}.")
                behind.append(child)
        return behind

    def history(self, children: list[str]) -> History:
        """The values of the primary metric of the children that have any; what is no number is the worst there is."""
        worst = -math.inf if self.todo.maximize else math.inf
        history: dict[str, list[float]] = {}
        for child in children:
            points = self._store.metrics.points(child, self.todo.metric)
            numbers = [next(iter(data.values()), None) for _, _, data in points]
            values = [
                worst if not isinstance(number, int | float) or math.isnan(number) else float(number)
                for number in numbers
            ]
            if values:
                history[child] = values
        return history

    def sum_up(self, children: dict[str, Status]) -> str | None:
        """Notes the best child with the sweep's run, and returns its id."""
        choose = max if self.todo.maximize else min
        best = {child: choose(values) for child, values in self.history(list(children)).items()}
        if not best:
            return None
        child = choose(best, key=lambda key: best[key])
        found = {"best_child_run_id": child, "score": str(best[child]), "best_metric_status": "Succeeded"}
        self._store.runs.merge(self.run_id, tags={}, properties=found)
        self.note(f"{child} is the best, with {self.todo.metric} = {best[child]}.")
        return child

    def keep_outputs(self, best: str | None) -> None:
        """Makes the outputs of the best child the sweep's own."""
        if self.todo.outputs and best is None:
            sentence = f"No run has logged {self.todo.metric}, so that none is the best, and the sweep has no outputs."
            self.note(sentence)
            self._store.runs.warn(self.run_id, "sweep", [sentence])
        for name, output in self.todo.outputs.items() if best else ():
            source = output.source.replace(trials.RUN, best or "")
            count = self._store.blobs.copy(DATASTORE, source, DATASTORE, output.path)
            self.note(f"Output {name}: {count} files of {best}.")
            if output.name:
                self._register(output, output.name)

    def _register(self, output: BestOutput, name: str) -> None:
        if output.kind.endswith("_model"):
            place = Place(DATASTORE, output.path, output.address)
            register_model(
                self._store, name, output.version, place, output.kind,
                run_id=self.run_id, description=output.description,
            )  # fmt: skip
        else:
            document = data_document(output.kind, output.address, output.description)
            register_data(self._store, name, output.version, document)
