"""``scaffold submit --follow`` on the local workspace while somebody has to wait, and when they do not want to."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import RUN_EXPERIMENT, Machine, Project
from tests.following import goes_on, interrupt, said_until
from tests.packages import Gated

BUILT = RUN_EXPERIMENT.replace(
    'env = Environment(name="the-one-that-is-here")\nenv.python.user_managed_dependencies = True\n',
    'env = Environment.from_pip_requirements("built", os.path.join(here, "requirements.txt"))\n',
)
WAITING = """
import pathlib, time
print("begun", flush=True)
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.05)
"""


@pytest.fixture
def narrow(machine: Machine) -> Machine:
    """A machine that executes one run at a time."""
    machine.environment["SCAFFOLD_WIDTH"] = "1"
    return machine


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def following(narrow: Machine) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Begins to follow projects: ``following(folder)``."""
    begun = []

    def follow(folder: Path) -> "subprocess.Popen[str]":
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        begun.append(narrow.popen("submit", folder, "--follow", "--no-check", **pipes))
        return begun[-1]

    yield follow
    for process in begun:
        process.kill()
        process.communicate()


def test_each_stage_that_lasts_is_told_and_why_it_waits(
    narrow: Machine,
    project: Project,
    gate: Path,
    following: Callable[..., "subprocess.Popen[str]"],
    tmp_path: Path,
):
    first = following(project("first", script=WAITING.format(gate=str(gate))))
    assert first.stdout.readline() == "begun\n"
    package = Gated(tmp_path / "gated")
    files = {"run_experiment.py": BUILT, "requirements.txt": package.requirement}

    second = following(project("second", **files))
    lines = said_until(second, "  · building the environment")
    package.let()
    lines += said_until(second, "  · queued")
    gate.touch()
    shown, rest = second.communicate(timeout=120)

    assert (second.returncode, shown) == (0, "Experiment Executed!\n"), rest
    stages = [line for line in lines if line.startswith(("  · ", "  ✓ environment"))]
    assert stages == [
        "  ✓ environment built (to be built)",
        "  · building the environment",
        "  ✓ environment built built",
        "  · it waits: as many runs execute as may at once here (1; SCAFFOLD_WIDTH says how many)",
        "  · queued",
    ]
    assert not [line for line in lines if line.startswith("  |")]
    assert first.wait(60) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "line", "status"),
    [
        ("full-cluster", "  · it waits: every node is in use", "Queued"),
        ("slow-finalize", "  · finalizing", "Finalizing"),
    ],
)
def test_ctrl_c_at_a_stage_that_a_fault_holds(
    narrow: Machine,
    project: Project,
    following: Callable[..., "subprocess.Popen[str]"],
    *,
    fault,
    line,
    status,
):
    """Of both commands that follow a run; it goes on, and is at that stage when it is canceled."""
    narrow.run("workspace", "fault", fault, "600")
    submitting = following(project())
    (queued,) = (said for said in said_until(submitting, line) if said.startswith("  ✓ queued "))
    run_id = queued.removeprefix("  ✓ queued ")
    assert interrupt(submitting).endswith(goes_on(run_id))

    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    logs = narrow.popen("runs", "logs", run_id, "--follow", **pipes)
    said_until(logs, line)
    assert interrupt(logs).endswith(goes_on(run_id))

    assert narrow.json("runs", "show", run_id)["status"] == status
    assert narrow.json("runs", "cancel", run_id) == {"run_id": run_id, "canceled": True}


@pytest.mark.slow
def test_ctrl_c_names_each_run_that_goes_on(
    narrow: Machine, project: Project, gate: Path, following: Callable[..., "subprocess.Popen[str]"]
):
    again = "Experiment(ws, constants.EXPERIMENT_NAME).submit(config)\n"
    files = {"run_experiment.py": RUN_EXPERIMENT + again}
    process = following(project(script=WAITING.format(gate=str(gate)), **files))
    lines = [*said_until(process, "  ✓ queued "), *said_until(process, "  ✓ queued ")]
    first, second = (line.split()[2] for line in lines if line.startswith("  ✓ queued "))

    assert interrupt(process).endswith(
        f"Error: Stopped; the runs {first}, {second} go on.\n→ To cancel one: scaffold runs cancel {first}\n"
    )
    for run_id in (first, second):
        assert narrow.json("runs", "cancel", run_id) == {"run_id": run_id, "canceled": True}


def assert_can_be_canceled(machine: Machine, said: str) -> None:
    """The command that was named cancels the run, which was going on."""
    run_id = said.split("→ To cancel it: scaffold runs cancel ")[1].split(maxsplit=1)[0]
    assert machine.json("runs", "cancel", run_id) == {"run_id": run_id, "canceled": True}


def test_ctrl_c_before_anything_was_sent(
    narrow: Machine, project: Project, following: Callable[..., "subprocess.Popen[str]"]
):
    process = following(
        project(**{"run_experiment.py": "print('thinking', flush=True)\nimport time\ntime.sleep(600)\n"})
    )
    said_until(process, "  | thinking")

    assert (
        interrupt(process)
        == "Error: Stopped before anything was submitted.\n→ Submit again when you are ready.\n"
    )
    assert narrow.json("workspace", "status")["runs"] == {}


def test_ctrl_c_while_the_environment_is_built(
    narrow: Machine, project: Project, following: Callable[..., "subprocess.Popen[str]"]
):
    narrow.run("workspace", "fault", "slow-build", "600")
    process = following(project(**{"run_experiment.py": BUILT}))
    said_until(process, "  · building the environment")

    assert_can_be_canceled(narrow, interrupt(process))


def test_ctrl_c_while_it_is_queued_and_while_it_runs(
    narrow: Machine, project: Project, gate: Path, following: Callable[..., "subprocess.Popen[str]"]
):
    script = WAITING.format(gate=str(gate))
    running, queued = following(project("first", script=script)), None
    said_until(running, "  · running")
    queued = following(project("second", script=script))
    said_until(queued, "  · queued")

    assert_can_be_canceled(narrow, interrupt(queued))
    assert_can_be_canceled(narrow, interrupt(running))
