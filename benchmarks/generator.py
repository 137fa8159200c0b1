"""What making a project costs."""

from itertools import count

from benchmarks.machine import TEMPLATE, Machine
from benchmarks.measure import Result, compared, in_turns


def new(machine: Machine, runs: int) -> list[Result]:
    """``scaffold new`` against cookiecutter's own command on the same template."""
    numbers = count()

    def scaffold() -> float:
        folder = machine.root / str(next(numbers))
        folder.mkdir()
        return machine.timed("scaffold", "new", "my-exp", "--no-input", cwd=folder)

    def cookiecutter() -> float:
        folder = machine.root / str(next(numbers))
        folder.mkdir()
        return machine.timed("cookiecutter", TEMPLATE, "--no-input", "project_slug=my-exp", cwd=folder)

    measured, baseline = in_turns(scaffold, cookiecutter, runs)
    return [compared("scaffold new | cookiecutter template/", measured, baseline, most=1.1, seconds=0.3)]
