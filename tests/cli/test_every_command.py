"""What holds for every command there is, and for each one that is added: the tree of commands is walked.

A new command needs a case in :data:`CASES`. Help texts and schemas are looked at in ``tests/unit/test_commands.py``.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import terminal
from tests.cli import tree
from tests.conftest import Machine
from tests.terminal import Terminal

NARROW = 60


class Scene:
    """What a command is tried on: a machine with a running workspace, a project, and a run of it.

    Attributes:
        machine: the machine, shared by all commands.
        hyperdrive: what a sweep needs on its path.
        project: a project that nothing is wrong with, and for which nothing has to be built.
        plain: one as it is made.
        run_id, other_id: completed runs of it.
    """

    def __init__(self, machine: Machine, plain: Path, project: Path, hyperdrive: Path) -> None:
        self.machine = machine
        self.plain = plain
        self.project = project
        self.hyperdrive = hyperdrive
        self.run_id, self.other_id = (
            machine.json("submit", project, "--follow", "--arg", f"steps={steps}")["run_id"]
            for steps in (5, 9)
        )


@pytest.fixture(scope="module")
def scene(shared_machine: Machine, hyperdrive: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    made = tmp_path_factory.mktemp("scene")
    for name in ("plain", "my-exp"):
        assert shared_machine.run("new", name, "--no-input", cwd=made).returncode == 0
    project = made / "my-exp"
    runner = (project / "run_experiment.py").read_text()
    # The interpreter that is here, so that no environment has to be built.
    (project / "run_experiment.py").write_text(
        runner.replace(
            "    return env\n", "    env.python.user_managed_dependencies = True\n    return env\n"
        )
    )
    return Scene(shared_machine, made / "plain", project, hyperdrive)


Arguments = Callable[[Scene], list[str | Path]]

# What each command is called with, so that it does what it is for and can be called again. The service is left
# running: those that end it are called where none runs.
CASES: dict[tuple[str, ...], Arguments] = {
    ("new",): lambda scene: ["made", "--no-input", "--dry-run"],
    ("check",): lambda scene: [scene.project],
    ("submit",): lambda scene: [scene.project],
    ("sweep",): lambda scene: [
        scene.project,
        "--param",
        "learning-rate=0.1",
        "--metric",
        "loss",
        "--no-follow",
    ],
    ("migrate",): lambda scene: [scene.plain, "--write"],
    ("export",): lambda scene: ["--project", scene.plain, "--no-validate"],
    ("exec",): lambda scene: ["--", sys.executable, "-c", "pass"],
    ("doctor",): lambda scene: [scene.project, "--offline"],
    ("runs", "list"): lambda scene: ["--project", scene.project],
    ("runs", "show"): lambda scene: [scene.run_id],
    ("runs", "logs"): lambda scene: [scene.run_id],
    ("runs", "metrics"): lambda scene: [scene.run_id],
    ("runs", "compare"): lambda scene: [scene.run_id, scene.other_id],
    ("runs", "download"): lambda scene: [scene.run_id],
    ("runs", "restore"): lambda scene: [scene.run_id],
    ("runs", "cancel"): lambda scene: [scene.run_id],
    ("runs", "tag"): lambda scene: [scene.run_id, "kind=linear"],
    ("runs", "open"): lambda scene: [scene.run_id],
    ("workspace", "start"): lambda scene: [],
    ("workspace", "open"): lambda scene: [],
    ("workspace", "status"): lambda scene: [],
    ("workspace", "env"): lambda scene: [],
    ("workspace", "prune"): lambda scene: [],
    ("workspace", "fault"): lambda scene: [],
    ("workspace", "connect"): lambda scene: ["--local", "--project", scene.project],
    ("workspace", "stop"): lambda scene: [],
    ("workspace", "reset"): lambda scene: ["--yes"],
}
# A sweep takes as long as several submissions do: once, with --json, is enough for the quick tests.
LONG = {("sweep",)}
CALLED = [
    pytest.param(path, marks=[pytest.mark.slow] if path in LONG else [], id=tree.named(path))
    for path in CASES
]
ENDING = {("workspace", "stop"), ("workspace", "reset")}


def call(scene: Scene, path: tuple[str, ...], tmp_path: Path) -> tuple[Machine, list[str | Path]]:
    """The machine to call a command on, and its command line."""
    machine = Machine(tmp_path / "another") if path in ENDING else scene.machine
    machine.environment["BROWSER"] = f"{sys.executable} -c pass %s"
    machine.environment["PYTHONPATH"] = str(scene.hyperdrive) if path == ("sweep",) else ""
    return machine, [*path, *CASES[path](scene)]


# JSON, pipes, no colours


def test_every_command_has_a_case():
    assert set(CASES) == set(tree.leaves())


@pytest.mark.slow
@pytest.mark.parametrize("path", tree.with_json(), ids=tree.named)
def test_json_is_one_document_of_the_schema(scene: Scene, path: tuple[str, ...], tmp_path: Path):
    machine, arguments = call(scene, path, tmp_path)

    done = machine.run(*arguments, "--json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    tree.validator(f"scaffold {' '.join(path)} --json")(json.loads(done.stdout))
    assert "\x1b" not in done.stdout + done.stderr


def test_what_submit_would_send_is_of_its_schema(scene: Scene):
    tree.validator("scaffold submit --dry-run --json")(
        scene.machine.json("submit", scene.project, "--dry-run")
    )


@pytest.mark.slow
@pytest.mark.parametrize("path", CALLED)
def test_in_a_pipe_and_in_ci_it_asks_nothing_and_paints_nothing(
    scene: Scene, path: tuple[str, ...], tmp_path: Path
):
    machine, arguments = call(scene, path, tmp_path)

    done = machine.run(*arguments, cwd=tmp_path, env={"CI": "true", "TERM": "dumb"})

    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


# A narrow terminal


@terminal.needed
@pytest.mark.slow
@pytest.mark.parametrize("path", CALLED)
def test_on_a_narrow_terminal_no_table_is_wider(scene: Scene, path: tuple[str, ...], tmp_path: Path):
    machine, arguments = call(scene, path, tmp_path)

    with Terminal(machine, *arguments, columns=NARROW, cwd=tmp_path) as shown:
        assert shown.ended() == 0, shown.screen

    for line in shown.screen.splitlines():
        # What cannot be broken, and what is there to be copied, is longer than the terminal is wide.
        whole = max(map(len, line.split()), default=0) > NARROW - 25 or re.match(
            r"export |to go back: |\s*→", line
        )
        assert len(line) <= NARROW or whole, line


# Ctrl-C

INTERRUPTS = """
import os, signal, sys

event, text = os.environ.pop("INTERRUPT_AT").split(" ", 1)
os.environ["PYTHONPATH"] = os.environ["PYTHONPATH"].partition(os.pathsep)[2]

def hear(name, arguments):
    global event
    if name == event and text in str(arguments):
        event = None
        os.write(2, b"INTERRUPTED\\n")
        os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(hear)
"""
STAGES = {
    "while it is loaded": "import typer",
    "while it loads what it needs": "import scaffold.project",
    "while the project is read": "open constants.py",
    "while a process is started": "subprocess.Popen ",
    "while the workspace is asked": "socket.connect ",
    "while a file is put into its place": "os.rename ",
}


@pytest.fixture
def interrupts(tmp_path: Path) -> Path:
    """A folder that has the interpreter press Ctrl-C at the event of ``INTERRUPT_AT``, once."""
    folder = tmp_path / "interrupts"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(INTERRUPTS)
    return folder


# Those that are at work the longest are tried at once, the others with the slow tests.
OFTEN = {("new",), ("check",), ("submit",), ("doctor",), ("workspace", "connect")}


@terminal.needed
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[] if path in OFTEN else [pytest.mark.slow], id=tree.named(path))
        for path in CASES
    ],
)
def test_ctrl_c_ends_it_in_two_lines(
    scene: Scene, path: tuple[str, ...], stage: str, interrupts: Path, tmp_path: Path
):
    machine, arguments = call(scene, path, tmp_path)
    if path == ("new",):
        arguments.remove("--dry-run")

    python_path = f"{interrupts}{os.pathsep}{machine.environment['PYTHONPATH']}"
    done = machine.run(
        *arguments, cwd=tmp_path, env={"PYTHONPATH": python_path, "INTERRUPT_AT": STAGES[stage]}
    )

    if "INTERRUPTED" not in done.stderr:
        pytest.skip("it does not come to this stage")
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    *_, message, hint = done.stderr.splitlines()
    assert message.startswith("Error: ") and hint.startswith("→ "), done.stderr
    if path == ("new",):
        assert [file.name for file in tmp_path.iterdir()] == ["interrupts"]
