"""Times, durations and numbers as the pages write them."""

import math
from datetime import datetime
from typing import Any

from scaffold import words
from scaffold.workspace.store.database import now
from scaffold.workspace.store.runs import Run


def when(moment: str | None) -> str:
    """A stored time for people: ``2026-11-23 21:40:07`` in the machine's own time zone."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def ago(moment: str | None) -> str:
    """How long ago a stored time was, in one unit: ``4 min ago``."""
    if not moment:
        return ""
    seconds = (now() - datetime.fromisoformat(moment)).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def span(seconds: float | None) -> str:
    """A duration in seconds for people."""
    return "" if seconds is None else words.duration(seconds)


def size(count: int | None) -> str:
    """A number of bytes for people."""
    return "" if count is None else words.size(count)


def number(value: Any) -> str:
    """A value as a table shows it: a number with at most six digits that say something, else its text."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: ""}[value]
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else str(value)
    return str(value)


def seconds(run: Run) -> float | None:
    """How long a run took, or has taken until now; None before it began, or when the clock was set back since."""
    if run.started is None:
        return None
    end = datetime.fromisoformat(run.ended) if run.ended else now()
    took = (end - datetime.fromisoformat(run.started)).total_seconds()
    return took if took >= 0 else None
