"""How a child process tells its parent: a JSON object a line, on what was its stdout."""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

Report = Callable[..., None]


def take_stdout() -> Report:
    """Keeps stdout for reports; whatever else is printed goes to stderr from here on.

    Returns:
        what tells the parent an event (its name, and what belongs to it).
    """
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    sys.stdout.flush()
    os.dup2(2, 1)

    def report(event: str, **details: object) -> None:
        stream.write(json.dumps({"event": event, **details}, default=str) + "\n")

    return report


def tell_end(report: Report, run_id: str, details: dict[str, Any]) -> None:
    """Tells that a run is over.

    Args:
        report: tells the parent.
        run_id: the run's.
        details: as ``Run.get_details`` gives them.
    """
    error = (details.get("error") or {}).get("error") or {}
    report(
        "ended",
        run_id=run_id,
        status=details["status"],
        error=error.get("message"),
        error_code=error.get("code"),
        started=details.get("startTimeUtc"),
        ended=details.get("endTimeUtc"),
        properties=details.get("properties") or {},
    )
