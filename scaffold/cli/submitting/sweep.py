"""A sweep of a project, shown: its runs as they come and go, then the table of what they reached."""

import difflib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from scaffold import ranking, words
from scaffold.cli import console, table
from scaffold.cli.local import service as running_service
from scaffold.cli.submitting import contents
from scaffold.cli.submitting.azure import OnAzure
from scaffold.cli.submitting.outcome import completed, seconds
from scaffold.errors import ProjectError, RunFailedError, StoppedError

if TYPE_CHECKING:
    from scaffold.cli.submitting.wanted import Wanted
    from scaffold.project.model import Project
    from scaffold.submission.azure import Options
    from scaffold.submission.jobs import Job
    from scaffold.submission.sweeps import Plan

_OVER = ("Completed", "Failed", "Canceled")
_MARKS = {"Completed": console.done, "Failed": console.failed, "Canceled": console.warn}
_MOST_SHOWN = 20


class Sweeping(OnAzure):
    """One sweep, on the local workspace and on Azure ML alike seen through the SDK.

    Args:
        project: the project.
        wanted: how to submit it.
        plan: what the sweep is to do.
    """

    def __init__(self, project: "Project", wanted: "Wanted", plan: "Plan") -> None:
        super().__init__(project, wanted)
        self._plan = plan
        self._children: list[dict[str, Any]] = []
        self._told: set[str] = set()
        self._logged: list[str] | None = None  # where no run has logged the metric, what they did log
        self._table = console.LiveTable()

    def run(self) -> None:
        """Submits, and follows if asked to."""
        try:
            super().run()
        finally:
            self._table.stop()

    def _options(self) -> "Options":
        from dataclasses import replace

        return replace(
            super()._options(),
            sweep=self._plan.document(),
            variables=self._variables(),
            logs_in=not self._project.config.is_local,
        )

    def _prepared(self) -> "Job | None":
        if self._wanted.job is None:
            return None
        from scaffold.submission import sweep_jobs

        return sweep_jobs.prepared(self._wanted.job, self._project.root, self._wanted.overrides, self._plan)

    def _variables(self) -> dict[str, str]:
        # azureml-train-core reports what is done with it to its makers, unless the data is somebody's secret.
        environment = {"HBI_WORKSPACE_JOB": "true", **os.environ}
        if not self._project.config.is_local:
            return environment
        from scaffold.workspace import client

        service = running_service()
        return environment | client.variables(service.home, service.https_port, environment=environment)

    def _login(self) -> dict[str, Any] | None:
        return None if self._project.config.is_local else super()._login()

    def _events(self) -> Any:
        """The events, with a spinner while the next one is waited for, until there is a table to look at."""
        events = self._submission.events()
        while True:
            if self._children:
                event = next(events, None)
            else:
                with console.working("waiting for the runs" if self._runs else "submitting") as self._spinner:
                    event = next(events, None)
                self._spinner = None
            if event is None:
                return
            yield event

    def _shows(self) -> dict[str, Callable[[dict[str, Any]], None]]:
        return super()._shows() | {"sweep": self._show_progress, "logged": self._note_logged}

    def _show_queued(self, event: dict[str, Any]) -> None:
        super()._show_queued(event)
        count, width = self._plan.most_runs, self._plan.width
        at_once = f", {width} at a time" if width and width < count else ""
        console.done(f"{_runs(count)}{at_once}, by {self._plan.goal[:-1]}ing {self._plan.metric}")

    def _show_progress(self, event: dict[str, Any]) -> None:
        self._children = [
            run | {"parameters": {name.lstrip("-"): value for name, value in run["parameters"].items()}}
            for run in event["runs"]
        ]
        for child in self._children:
            if child["status"] in _OVER and child["run_id"] not in self._told:
                self._told.add(child["run_id"])
                if child["status"] == "Failed" or not self._table.drawn:
                    self._tell_end(child)
        if event["status"] in _OVER:
            self._table.stop()
        elif self._children:
            heads, rows = self._cells(self._sorted())
            # Without the ids: the numbers are what they end with.
            self._table.update(heads[:-1], [row[:-1] for row in rows], self._count())

    def _note_logged(self, event: dict[str, Any]) -> None:
        self._logged = event["names"]

    def _tell_end(self, child: dict[str, Any]) -> None:
        reached = "" if child["metric"] is None else f"    {self._head('best')} = {child['metric']:g}"
        why = f"    {child['error']}" if child["error"] else ""
        parameters = "  ".join(f"{name} {value}" for name, value in self._parameters(child).items())
        _MARKS[child["status"]](
            console.inert(f"{child['run_id']} {child['status'].lower()}  {parameters}{reached}{why}")
        )

    def _count(self) -> str:
        counts = Counter(child["status"].lower() for child in self._children)
        waiting = self._plan.most_runs - len(self._children)
        texts = [f"{count} {status}" for status, count in counts.items()]
        return ", ".join([*texts, *([f"{waiting} to come"] if waiting > 0 else [])])

    def _parameters(self, child: dict[str, Any]) -> dict[str, str]:
        return {name: _number(child["parameters"].get(name)) for name in self._plan.names}

    def _sorted(self) -> list[dict[str, Any]]:
        """The runs, the best first, then those without a value in the order they were begun."""
        sign = -1 if self._plan.goal == "maximize" else 1
        return sorted(
            self._children, key=lambda run: (run["metric"] is None, sign * (run["metric"] or 0), _place(run))
        )

    def _cells(self, children: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
        """The table's heads and rows."""
        both = any(child["metric"] != child["last"] for child in children)
        last = [self._head("last")] if both else []
        heads = ["#", self._head("best"), *last, *self._plan.names, "status", "time", "run"]
        rows = [
            [
                str(_place(child)),
                _number(child["metric"]),
                *([_number(child["last"])] if both else []),
                *self._parameters(child).values(),
                child["status"].lower(),
                words.duration(seconds(child)) if child["ended"] and child["started"] else "",
                child["run_id"],
            ]
            for child in children
        ]
        return heads, rows

    def _show_results(self, earlier: Sequence[dict[str, Any]] = ()) -> None:
        run = self._runs[-1] if self._runs else None
        if run is None:
            return
        if self._wanted.as_json:
            console.result_json(self._document(run))
            return
        if "state" not in run:
            console.result(run["run_id"])
            console.result(run["url"])
            return
        children = self._sorted()
        if children:
            heads, rows = self._cells(children)
            # The number and the metric stay whatever room there is; ids of runs, the longest, go first.
            ranks = {"#": 0, self._head("best"): 0, self._head("last"): 5, "status": 2, "time": 3, "run": 4}
            right = ("#", self._head("best"), self._head("last"))
            table.show(
                [
                    table.Column(
                        head, [row[place] for row in rows], rank=ranks.get(head, 1), right=head in right
                    )
                    for place, head in enumerate(heads)
                ]
            )
        if self._best is not None:
            console.note(f"  The best: scaffold runs show {self._best['run_id']}")
        if run["state"]["status"] == "Completed":
            console.done(f"{completed(run['state'])}    {run['url']}")

    def _document(self, run: dict[str, Any]) -> dict[str, Any]:
        state = run.get("state")
        return {
            **{key: run[key] for key in ("run_id", "experiment", "target", "url")},
            **_plan_of(self._plan),
            "status": state["status"] if state else None,
            "error": state["error"] if state else None,
            "started": state["started"] if state else None,
            "ended": state["ended"] if state else None,
            "compared_by": "best",
            "best": self._best["run_id"] if self._best else None,
            "logged": self._logged,
            "runs": self._sorted(),
        }

    def _raise_outcome(self, run: dict[str, Any]) -> None:
        failed = [child for child in self._children if child["status"] == "Failed"]
        if run.get("state", {}).get("status") == "Failed" and failed:
            first = min(failed, key=_place)
            reason = f": {console.inert(first['error'])}" if first["error"] else "."
            raise RunFailedError(
                f"{_runs(len(failed))} of {len(self._children)} failed{reason}",
                f"See what the first of them printed: scaffold runs logs {first['run_id']}",
            )
        super()._raise_outcome(run)
        if run.get("state") is not None and self._children and self._best is None:
            raise self._nothing_to_compare()

    @property
    def _best(self) -> dict[str, Any] | None:
        """The run with the best value; None while there is none."""
        first = next(iter(self._sorted()), None)
        return first if first is not None and first["metric"] is not None else None

    def _nothing_to_compare(self) -> ProjectError:
        names = self._logged or []
        if self._plan.metric in names:
            return ProjectError(
                f"No run logged a number as {self._plan.metric!r}, so that none is the best.",
                "Name a metric of numbers, or log one.",
            )
        listed = ", ".join(names[:8]) if names else "no metric at all"
        near = difflib.get_close_matches(self._plan.metric, names, n=1, cutoff=0.0)
        return ProjectError(
            f"No run logged {self._plan.metric!r}, so that none is the best: they logged {listed}.",
            f"Name one that the script logs: --metric {near[0]}" if near else "Log it in the script.",
        )

    def _head(self, by: ranking.By) -> str:
        """What the column of the metric's best or last values is called."""
        return ranking.head(self._plan.metric, by)

    def _goes_on(self, run_ids: list[str]) -> StoppedError:
        return StoppedError(
            f"Stopped; the sweep {run_ids[-1]} goes on.",
            f"To cancel it with all its runs: scaffold runs cancel {run_ids[-1]}",
        )

    def _named(self, combinations: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
        """Combinations by the names that a person calls the parameters."""
        if combinations is None:
            return None
        return [{name.lstrip("-"): value for name, value in values.items()} for values in combinations]

    def show_plan(self) -> None:
        """Shows what would be swept over, and what each run would be; nothing is sent."""
        job = self._prepared()
        found = self._without_parameters() if job is None else contents.gathered_job(self._project, job)
        combinations = self._plan.combinations() if self._plan.sampling == "grid" else None
        if self._wanted.as_json:
            console.result_json({**found, **_plan_of(self._plan), "combinations": self._named(combinations)})
            return
        if job is None:
            contents.show_table(self._project, found)
        else:
            contents.show_job(self._project, job, found)
        console.result(f"{'runs':<16}{self._plan.most_runs} ({self._plan.sampling})")
        console.result("")
        if combinations is None:
            self._show_space()
        else:
            self._show_grid(combinations)

    def _without_parameters(self) -> dict[str, Any]:
        """What the script would send through SDK v1, less the arguments that the sweep gives values to."""
        from scaffold.submission.overrides import without_options

        found = self._contents()
        configuration = found["configuration"]
        if configuration.get("command"):
            raise ProjectError(
                f"{self._script.name} submits a command, which has no arguments to sweep over.",
                "Sweep over a project that submits a script, or change the script that submits.",
            )
        configuration["arguments"] = without_options(configuration["arguments"], list(self._plan.space))
        return found

    def _show_grid(self, combinations: list[dict[str, Any]]) -> None:
        rows = combinations[:_MOST_SHOWN]
        table.show(
            [
                table.Column(name, [_number(row[option]) for row in rows], rank=0)
                for name, option in zip(self._plan.names, self._plan.space, strict=True)
            ]
        )
        if len(combinations) > len(rows):
            console.result(f"… and {len(combinations) - len(rows)} more")

    def _show_space(self) -> None:
        for name, (kind, arguments) in zip(self._plan.names, self._plan.space.values(), strict=True):
            given = arguments[0] if kind == "choice" else arguments
            console.result(console.inert(f"{name:<16}{kind}({', '.join(map(_number, given))})"))


def _plan_of(plan: "Plan") -> dict[str, Any]:
    """The plan, for a program."""
    return {
        "sampling": plan.sampling,
        "seed": plan.seed,
        "space": {name: {"distribution": kind, "arguments": arguments[0] if kind == "choice" else arguments}
                  for name, (kind, arguments) in zip(plan.names, plan.space.values(), strict=True)},
        "metric": plan.metric or None,
        "goal": plan.goal or None,
        "max_runs": plan.most_runs,
        "width": plan.width,
        "timeout_minutes": plan.minutes,
        "stop": plan.policy,
    }  # fmt: skip


def _place(child: dict[str, Any]) -> int:
    """The number of a run within its sweep."""
    number = child["run_id"].rpartition("_")[2]
    return int(number) if number.isdecimal() else 0


def _number(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"
