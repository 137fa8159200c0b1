"""Pages of docs/ whose examples are run."""

from pathlib import Path

import pytest

from tests.conftest import Machine
from tests.documented import Names, examples, fits, printed

# The environment of a new project would have to be built; what is shown here is everything else.
HERE = """\
def load_environment():
    env = Environment(name=constants.ENVIRONMENT_NAME)
    env.python.user_managed_dependencies = True
    return env


def run_experiment():
"""


def example_project(machine: Machine, folder: Path) -> Path:
    """A new project whose runs are executed by the Python that is here."""
    done = machine.run("new", "my-exp", "--no-input", cwd=folder)
    assert done.returncode == 0, done.stderr
    runner = folder / "my-exp" / "run_experiment.py"
    head, _, rest = runner.read_text().partition("def load_environment")
    runner.write_text(head + HERE + rest.partition("def run_experiment():\n")[2])
    return folder / "my-exp"


@pytest.mark.slow
def test_the_page_about_runs_shows_what_is_printed(machine: Machine, tmp_path: Path):
    project = example_project(machine, tmp_path)
    shown, real = Names(), Names()

    for example in examples("runs.md"):
        command = shown.real(example.command, real)
        assert real.told(printed(machine, command, project)) == shown.told(example.output), example.command


@pytest.mark.slow
def test_the_first_screen_of_the_readme_is_the_whole_loop(machine: Machine, tmp_path: Path):
    shown, real, folder, commands = Names(), Names(), tmp_path, examples("../README.md")[:3]

    for example in commands:
        if example.command.startswith("cd "):
            folder /= example.command.removeprefix("cd ")
            continue
        said = printed(machine, example.command, folder)
        assert fits(shown.told(example.output), real.told(said)), f"$ {example.command}\n{said}"

    assert [example.command for example in commands] == [
        "scaffold new my-exp", "cd my-exp", "scaffold submit --follow",
    ]  # fmt: skip


def test_an_output_that_differs_does_not_fit():
    assert fits("a\n…\nb …\n", "a\nb 1\n")
    assert fits("a\n…\nb …\n", "a\nx\ny\nb 2\n")
    assert not fits("a\n…\nb …\n", "a\nx\nb\n")
    assert not fits("a.\n", "ab\n")
    assert not fits("a\n", "a\nb\n")
