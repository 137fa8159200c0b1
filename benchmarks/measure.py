"""How a measurement is taken and what is told of it."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Samples:
    """Measured values of one thing, in seconds or bytes."""

    values: list[float]

    @property
    def median(self) -> float:
        return median(self.values)

    def document(self) -> dict[str, Any]:
        return {
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
            "values": self.values,
        }


@dataclass(frozen=True)
class Result:
    """One line of the table.

    Attributes:
        name: what was measured.
        measured: its values.
        baseline: the values of what it is compared with.
        aim: what we want, in words.
        within: whether it is so; None where there is no aim.
        unit: ``s`` or ``MB``; the values are in seconds or in bytes.
    """

    name: str
    measured: Samples
    baseline: Samples | None = None
    aim: str = ""
    within: bool | None = None
    unit: str = "s"

    @property
    def ratio(self) -> float | None:
        return self.measured.median / self.baseline.median if self.baseline else None

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": "s" if self.unit == "s" else "B",
            "measured": self.measured.document(),
            "baseline": self.baseline.document() if self.baseline else None,
            "ratio": self.ratio,
            "aim": self.aim or None,
            "within_aim": self.within,
        }


def compared(
    name: str,
    measured: Samples,
    baseline: Samples,
    *,
    most: float | None = None,
    seconds: float | None = None,
) -> Result:
    """A result whose aim is a ratio, a time, both or neither.

    Args:
        name: what was measured.
        measured: its values.
        baseline: those of what it is compared with.
        most: the ratio of the medians that we want at most.
        seconds: the median that we want at most.
    """
    aims, kept = [], []
    if most is not None:
        aims.append(f"≤ {most}×")
        kept.append(measured.median / baseline.median <= most)
    if seconds is not None:
        aims.append(f"≤ {seconds} s")
        kept.append(measured.median <= seconds)
    return Result(name, measured, baseline, ", ".join(aims), all(kept) if kept else None)


def in_turns(
    command: Callable[[], float], baseline: Callable[[], float], runs: int
) -> tuple[Samples, Samples]:
    """Measures both in turns, ``runs`` times each, after a warm-up of each.

    Args:
        command: does it once and returns what it took (seconds).
        baseline: likewise.
        runs: how many times.
    """
    command()
    baseline()
    pairs = [(command(), baseline()) for _ in range(runs)]
    return Samples([pair[0] for pair in pairs]), Samples([pair[1] for pair in pairs])
