"""How a run's end is told: from what its supervisor wrote down to a status with an error. Knows no store."""

import contextlib
import signal
from typing import Any

from scaffold.workspace.engine.jobs import LOST, REMOVED, UNKNOWN, UNREADABLE, Outcome
from scaffold.workspace.runs import Status

PREEMPTED = (
    "AzureMLCompute job failed. PreemptionError: Nodes of this job got pre-empted. "
    "Check if the run has failed or restarted. Reason: Received pre-emption warning signal"
)
PREEMPTION_WARNING = "Low priority compute preemption warning: a node has been preempted."


def ending(
    outcome: Outcome, limit_seconds: float | None, log: str, tail: str
) -> tuple[Status, dict[str, Any] | None]:
    """The last status of a run, and its error.

    Args:
        outcome: how its process ended.
        limit_seconds: its time limit.
        log: the name of its log.
        tail: what that ends with.
    """
    if outcome.reason == "canceled":
        return Status.CANCELED, None
    if outcome.reason == "timeout":
        message = f"The run was ended: it took longer than its limit of {limit_seconds} seconds."
        return Status.CANCELED, error_of("TimeLimitExceeded", message)
    if outcome.reason == "preempted":
        return Status.FAILED, error_of("UserError", PREEMPTED)
    if outcome.reason == "exited" and outcome.exit_code == 0:
        return Status.COMPLETED, None
    return Status.FAILED, error_of("UserError", _why(outcome, log, tail))


def lacks_package(tail: str) -> bool:
    """True when the end of a log is that of a script which could not import something."""
    return "ModuleNotFoundError: " in tail or "ImportError: " in tail


def error_of(code: str, message: str) -> dict[str, Any]:
    """The ``RootError`` of a run, as the service sends it inside its ErrorResponse."""
    return {"code": code, "message": message}


def _why(outcome: Outcome, log: str, tail: str) -> str:
    if outcome.reason == "not-started":
        return f"The process could not be started: {outcome.message}"
    if outcome.reason == LOST:
        what = "The run's process was lost while the workspace was not running (a restart of the machine?)."
    elif outcome.reason == UNKNOWN:
        what = "The process that looks after the run ended without saying how the run did."
    elif outcome.reason == UNREADABLE:
        what = "What the process that looks after the run wrote down was overwritten, so nobody knows how it did."
    elif outcome.reason in ("vanished", REMOVED):
        what = "The run's folder was removed while it was under way, so its processes were ended."
    elif outcome.exit_code is not None and outcome.exit_code < 0:
        what = f"Execution failed. The process was killed by signal {_signal_name(-outcome.exit_code)}."
    else:
        what = f"Execution failed. The process exited with status code {outcome.exit_code}."
    return f"{what}\nSee {log}, which ends with:\n{tail}" if tail else what


def _signal_name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return str(number)
