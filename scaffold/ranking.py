"""Which value of a metric stands for a run: its best, as HyperDrive takes it, or its last, as MLflow and the pages do.

Two lists by different values may name different runs, so whatever shows one says which it is. Imports next to nothing.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

By = Literal["best", "last"]


def value_of(values: Sequence[Any], by: By, goal: str = "maximize") -> float | None:
    """The value that stands for a run; None where it has logged no number.

    Args:
        values: what it has logged of the metric, in order; what is no number does not count.
        by: which of them.
        goal: ``maximize`` or ``minimize``: of which the best is.
    """
    numbers = [n for n in values if isinstance(n, int | float) and not math.isnan(n)]
    if not numbers:
        return None
    if by == "last":
        return numbers[-1]
    return max(numbers) if goal == "maximize" else min(numbers)


def head(metric: str, by: By) -> str:
    """What a column of such values is called."""
    return f"{by} {metric}"
