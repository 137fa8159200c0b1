"""Follows a sweep to its end, whichever SDK tells of it: its status, and how each of its runs is doing."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from scaffold import ranking
from scaffold.failure import find_reason
from scaffold.submission.child.errors import record_of
from scaffold.submission.child.follower import TERMINAL
from scaffold.submission.child.reporting import Report
from scaffold.submission.faults import is_passing

_SHORTEST, _LONGEST = 0.5, 5.0
_MOST_FAILURES = 12
_SYSTEM = "_aml_system_"


@dataclass(frozen=True)
class Trial:
    """A run of a sweep.

    Attributes:
        run_id, status: of the run.
        parameters: its values, by the script's options.
        logged: what it has logged of the metric, in order; of what is no number, nothing is made.
        started, ended: times in ISO 8601.
        error: what the service says of its failure.
    """

    run_id: str
    status: str
    parameters: dict[str, Any]
    logged: list[Any]
    started: str | None
    ended: str | None
    error: str | None

    def document(self, goal: str) -> dict[str, Any]:
        """As the parent process is told; its best value is the one that the goal (``maximize``, ``minimize``) says."""
        return {
            "run_id": self.run_id,
            "status": self.status,
            "parameters": self.parameters,
            "metric": ranking.value_of(self.logged, "best", goal),
            "last": ranking.value_of(self.logged, "last"),
            "started": self.started,
            "ended": self.ended,
            "error": find_reason(self.error) if self.status == "Failed" else None,
        }


class Sweep(Protocol):
    """A sweep as an SDK tells of it."""

    def get_details(self) -> dict[str, Any]:
        """What ``Run.get_details`` gives."""

    def trials(self) -> list[Trial]:
        """Its runs, in the order they were begun."""

    def metric_names(self) -> set[str]:
        """The metrics that its runs have logged."""


def parameters_of(tags: Mapping[str, str] | None) -> dict[str, Any]:
    """The values of a trial, which HyperDrive has put into its tags."""
    found = tags or {}
    values: dict[str, Any] = json.loads(
        found.get(f"{_SYSTEM}hyperparameters") or found.get("hyperparameters") or "{}"
    )
    return values


def follow(sweep: Sweep, goal: str, report: Report) -> dict[str, Any]:
    """Tells how a sweep is doing until it is over, and returns its details.

    Args:
        sweep: the sweep.
        goal: ``maximize`` or ``minimize``.
        report: told ``sweep`` and, where no run has a value, ``logged`` (see ``__main__``), and ``trouble``.
    """
    told: Any = None
    pause, failures = _SHORTEST, 0
    while True:
        details: dict[str, Any] = {}
        try:
            details = sweep.get_details()
            runs = [trial.document(goal) for trial in sweep.trials()]
            news = {"status": details["status"], "runs": runs}
            failures = 0
            if news != told:
                report("sweep", **news)
                told, pause = news, _SHORTEST
            if details["status"] in TERMINAL and all(run["metric"] is None for run in runs):
                report("logged", names=sorted(sweep.metric_names()))
        except Exception as error:
            failures += 1
            record = record_of(error, "")
            if failures > _MOST_FAILURES or not is_passing(record):
                raise
            report("trouble", message=record["service_message"] or record["message"])
        if details.get("status") in TERMINAL:
            return details
        time.sleep(pause)
        pause = min(pause * 1.3, _LONGEST)
