"""What looking over a project before it is submitted costs."""

from benchmarks.machine import Machine
from benchmarks.measure import Result, compared, in_turns
from benchmarks.projects import generated, large

# What no check can do without: starting Python, and reading every file.
READING = """\
import os, sys
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            file.read()
"""


def check(machine: Machine, runs: int) -> list[Result]:
    """``scaffold check`` on a new project and on one of 2000 files, against reading the same files."""
    small, big = generated(machine), large(machine, 2000)
    results = []
    for name, project, seconds in (("a new project", small, 0.4), ("2000 files", big, 1.0)):
        measured, baseline = in_turns(
            lambda folder=project: machine.timed("scaffold", "check", folder),
            lambda folder=project: machine.timed("python", "-c", READING, folder),
            runs,
        )
        results.append(compared(f"scaffold check, {name} | reading it", measured, baseline, seconds=seconds))
    return results
