"""What the command costs before it does anything."""

from benchmarks.machine import Machine
from benchmarks.measure import Result, compared, in_turns


def version(machine: Machine, runs: int) -> list[Result]:
    """``scaffold --version`` against the bare interpreter."""
    measured, baseline = in_turns(
        lambda: machine.timed("scaffold", "--version"),
        lambda: machine.timed("python", "-c", "pass"),
        runs,
    )
    return [compared("scaffold --version | python -c pass", measured, baseline)]
