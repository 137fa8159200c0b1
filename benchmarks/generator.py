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

    def trusted() -> float:
        folder = machine.root / str(next(numbers))
        folder.mkdir()
        command = ("scaffold", "new", "my-exp", "--no-input", "--template", TEMPLATE, "--trust")
        return machine.timed(*command, cwd=folder)

    own, baseline = in_turns(scaffold, cookiecutter, runs)
    foreign, other_baseline = in_turns(trusted, cookiecutter, runs)
    return [
        compared("scaffold new | cookiecutter template/", own, baseline, most=1.1, seconds=0.3),
        compared("scaffold new --template template/ --trust | the same", foreign, other_baseline, most=1.1),
    ]
