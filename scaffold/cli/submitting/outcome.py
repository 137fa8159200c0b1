"""What became of a run: as a JSON document, and as the error of the command that followed it."""

from typing import Any

from scaffold import words
from scaffold.cli import console
from scaffold.errors import RunCanceledError, RunFailedError
from scaffold.failure import find_reason


def seconds(state: dict[str, Any]) -> float:
    """How long a run executed; 0 for one that never began, or whose clock was set back."""
    from datetime import datetime

    if not state["started"] or not state["ended"]:
        return 0.0
    started, ended = (
        datetime.fromisoformat(state[key].replace("Z", "+00:00")) for key in ("started", "ended")
    )
    return max(0.0, (ended - started).total_seconds())


def completed(state: dict[str, Any]) -> str:
    """The sentence of a run that has completed, with how long it took where that is known."""
    took = seconds(state)
    return f"Completed in {words.duration(took)}" if took else "Completed"


def document_of(run: dict[str, Any]) -> dict[str, Any]:
    """A run as ``--json`` tells it; how it ended where it was followed."""
    document = {key: run[key] for key in ("run_id", "experiment", "target", "url")}
    state = run.get("state")
    if state is not None:
        document |= {
            key: state[key] for key in ("status", "exit_code", "error", "created", "started", "ended")
        }
        document["seconds"] = round(seconds(state), 3)
    return document


def raise_for(run: dict[str, Any]) -> None:
    """Raises for a followed run that did not complete."""
    state = run.get("state")
    if state is None or state["status"] == "Completed":
        return
    from scaffold.submission.azure import preempted
    from scaffold.submission.faults import PREEMPTION_HINT

    found = find_reason(state["error"])
    reason = f": {console.inert(found)}" if found else "."
    hint = f"See {run['url']}"
    if preempted(state):
        hint = PREEMPTION_HINT
    if state["status"] == "Canceled":
        raise RunCanceledError(f"The run {run['run_id']} was canceled{reason}", hint)
    raise RunFailedError(f"The run {run['run_id']} failed{reason}", hint)
