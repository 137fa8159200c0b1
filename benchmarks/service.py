"""What the local workspace costs while nothing is asked of it."""

import time

from benchmarks import projects
from benchmarks.machine import Machine
from benchmarks.measure import Result, Samples

_AIM_BYTES = 80e6
_RUNS = 10


def memory(machine: Machine, runs: int) -> list[Result]:
    """Resident memory of the service's process at rest: fresh, and when ten runs have gone through it."""
    machine.output("scaffold", "workspace", "start")
    results = [_at_rest(machine, runs, "service memory, started")]
    project = projects.generated(machine)
    for _ in range(_RUNS):
        machine.output("scaffold", "submit", "--follow", cwd=project)
    machine.settle()
    return [*results, _at_rest(machine, runs, f"service memory, after {_RUNS} runs")]


def _at_rest(machine: Machine, runs: int, name: str) -> Result:
    values = []
    for _ in range(runs):
        time.sleep(0.2)
        values.append(float(machine.status()["memory_bytes"]))
    measured = Samples(values)
    return Result(name, measured, None, "< 80 MB", measured.median < _AIM_BYTES, unit="MB")
