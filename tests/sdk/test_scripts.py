"""What scripts do, good and bad: the right status, the whole log, and the right exit code of ``submit --follow``."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Machine, Project, write_tree
from tests.waiting import PROCESS_SECONDS


def follow(machine: Machine, folder: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    return machine.run("submit", folder, "--follow", *flags)


def status(machine: Machine, folder: Path) -> dict:
    """The JSON document of a followed submission, whatever its exit code."""
    return json.loads(follow(machine, folder, "--json").stdout)


def test_a_script_that_ends_well(shared_machine: Machine, project: Project):
    done = follow(shared_machine, project())

    assert done.returncode == 0, done.stderr
    assert done.stdout == "Experiment Executed!\n"
    assert "✓ Completed in " in done.stderr


def test_a_script_that_exits_with_a_code(shared_machine: Machine, project: Project):
    folder = project(script="import sys\nprint('before')\nsys.exit(3)\n")

    done = follow(shared_machine, folder)
    state = status(shared_machine, folder)

    assert done.returncode == 5
    assert done.stdout == "before\n"
    assert "exited with status code 3" in done.stderr
    assert (state["status"], state["exit_code"]) == ("Failed", 3)


def test_a_script_that_raises(shared_machine: Machine, project: Project):
    folder = project(script="raise RuntimeError('no data')\n")

    done = follow(shared_machine, folder)

    assert done.returncode == 5
    assert "RuntimeError: no data" in done.stdout
    state = status(shared_machine, folder)
    assert (state["status"], state["exit_code"]) == ("Failed", 1)
    assert state["error"].endswith("RuntimeError: no data")


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_a_script_that_is_killed(shared_machine: Machine, project: Project):
    folder = project(script="import os\nprint('last words', flush=True)\nos.kill(os.getpid(), 9)\n")

    done = follow(shared_machine, folder)

    assert done.returncode == 5
    assert done.stdout == "last words\n"
    assert "killed by signal SIGKILL" in done.stderr


def test_a_script_that_reads_its_input_finds_it_empty(shared_machine: Machine, project: Project):
    done = follow(shared_machine, project(script="import sys\nprint(repr(sys.stdin.read()))\n"))

    assert (done.returncode, done.stdout) == (0, "''\n")


def test_a_script_that_prints_50_megabytes(shared_machine: Machine, project: Project, tmp_path: Path):
    script = "for i in range(500_000):\n    print(f'{i:08d} ' + 'x' * 90)\n"
    received = tmp_path / "log"

    with received.open("wb") as stream:
        process = subprocess.run(
            [sys.executable, "-m", "scaffold", "submit", project(script=script), "--follow"],
            env=shared_machine.environment,
            stdout=stream,
            stderr=subprocess.PIPE,
            timeout=PROCESS_SECONDS,
            check=False,
        )

    assert process.returncode == 0, process.stderr
    expected = hashlib.sha256()
    for i in range(500_000):
        expected.update(f"{i:08d} {'x' * 90}\n".encode())
    assert received.stat().st_size == 50_000_000
    assert hashlib.sha256(received.read_bytes()).hexdigest() == expected.hexdigest()


def test_output_and_file_names_of_all_alphabets_arrive_unchanged(shared_machine: Machine, project: Project):
    folder = project(
        script="import helper\nimport pathlib\nprint(helper.TEXT)\n"
        "pathlib.Path('outputs', 'größe 数据 🙂.txt').write_text(helper.TEXT, encoding='utf-8')\n"
        "print(pathlib.Path('données', 'Ω.txt').read_text(encoding='utf-8'))\n",
    )
    write_tree(
        folder / "Experiment_1",
        {"helper.py": "TEXT = 'naïve Ω 数据 🙂'\n", "données/Ω.txt": "aus dem Snapshot"},
    )

    done = follow(shared_machine, folder)

    assert done.stdout == "naïve Ω 数据 🙂\naus dem Snapshot\n"
    run_id = done.stderr.rsplit("/runs/", 1)[1].strip()
    downloaded = shared_machine.sdk(
        f"""
from azureml.core import Experiment, Run, Workspace
run = Run(Experiment(Workspace.from_config(path='.azureml'), 'Experiment_1'), {run_id!r})
print([name for name in run.get_file_names() if name.startswith('outputs/')])
run.download_file('outputs/größe 数据 🙂.txt', 'downloaded.txt')
print(open('downloaded.txt', encoding='utf-8').read())
""",
        cwd=folder,
    )
    assert downloaded.stdout.splitlines() == ["['outputs/größe 数据 🙂.txt']", "naïve Ω 数据 🙂"], (
        downloaded.stderr
    )


def test_a_line_is_shown_while_the_script_still_runs(
    shared_machine: Machine, project: Project, tmp_path: Path
):
    gate = tmp_path / "gate"
    script = f"""
import pathlib, time
print('first', flush=True)
while not pathlib.Path({str(gate)!r}).exists():
    time.sleep(0.02)
print('second')
"""
    process = shared_machine.popen("submit", project(script=script), "--follow", stdout=subprocess.PIPE)

    assert process.stdout.readline() == "first\n"
    gate.touch()
    assert process.stdout.read() == "second\n"
    assert process.wait() == 0


def test_arguments_and_variables_reach_the_script(shared_machine: Machine, project: Project):
    runner = (
        (project("source") / "run_experiment.py")
        .read_text()
        .replace(
            '    script="experiment_1.py",\n',
            '    script="experiment_1.py",\n    arguments=["--name", "two words", "--n", 7, "a\\"b$c"],\n',
        )
        .replace(
            "run = Experiment",
            'config.run_config.environment_variables = {"MY_SETTING": "on=1"}\nrun = Experiment',
        )
    )
    script = "import os, sys\nprint(sys.argv[1:], os.environ['MY_SETTING'])\n"

    done = follow(shared_machine, project(script=script, **{"run_experiment.py": runner}))

    assert done.stdout == "['--name', 'two words', '--n', '7', 'a\"b$c'] on=1\n", done.stderr


def test_a_command_instead_of_a_script(shared_machine: Machine, project: Project):
    runner = """
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
env = Environment("here")
env.python.user_managed_dependencies = True
config = ScriptRunConfig("Experiment_1", command="echo one && python experiment_1.py --x 1; exit 4",
                         compute_target="cpu", environment=env)
Experiment(Workspace.from_config(".azureml"), "Experiment_1").submit(config)
"""
    folder = project(script="import sys\nprint(sys.argv[1:])\n", **{"run_experiment.py": runner})

    state = follow(shared_machine, folder)

    assert state.stdout == "one\n['--x', '1']\n"
    assert state.returncode == 5
    assert "exited with status code 4" in state.stderr


def test_a_run_knows_itself_and_its_metrics_are_kept(machine: Machine, tmp_path: Path):
    made = machine.run("new", "my-exp", "--no-input", cwd=tmp_path)
    assert made.returncode == 0, made.stderr

    done = follow(machine, tmp_path / "my-exp")

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\nExperiment Executed!\n")
    run_id = done.stderr.rsplit("/runs/", 1)[1].strip()
    asked = machine.sdk(
        f"""
import json
from azureml.core import Experiment, Run, Workspace
run = Run(Experiment(Workspace.from_config(path='.azureml'), 'Experiment_1'), {run_id!r})
print(json.dumps(run.get_metrics()))
run.download_file('outputs/model.json', 'model.json')
""",
        cwd=tmp_path / "my-exp",
    )
    assert asked.returncode == 0, asked.stderr
    losses = json.loads(asked.stdout)["loss"]
    assert len(losses) == 20
    assert losses == sorted(losses, reverse=True)
    assert json.loads((tmp_path / "my-exp" / "model.json").read_text()).keys() == {"slope", "intercept"}


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal")
def test_ctrl_c_stops_the_following_and_not_the_run(
    shared_machine: Machine, project: Project, tmp_path: Path
):
    gate = tmp_path / "gate"
    script = f"""
import pathlib, time
print('started', flush=True)
while not pathlib.Path({str(gate)!r}).exists():
    time.sleep(0.02)
"""
    folder = project(script=script)
    process = shared_machine.popen(
        "submit", folder, "--follow", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.readline() == "started\n"

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    command = said.strip().splitlines()[-1]
    assert "scaffold runs cancel Experiment_1_" in command
    run_id = command.rsplit(" ", 1)[1]
    assert state_of(shared_machine, folder, run_id) == "Running"
    canceled = shared_machine.run("runs", "cancel", run_id)
    assert canceled.returncode == 0, canceled.stderr
    assert state_of(shared_machine, folder, run_id, wait=True) == "Canceled"


def state_of(machine: Machine, folder: Path, run_id: str, *, wait: bool = False) -> str:
    asked = machine.sdk(
        f"""
from azureml.core import Experiment, Run, Workspace
run = Run(Experiment(Workspace.from_config(path='.azureml'), 'Experiment_1'), {run_id!r})
{"run.wait_for_completion(raise_on_error=False)" if wait else ""}
print(run.get_status())
""",
        cwd=folder,
    )
    assert asked.returncode == 0, asked.stderr
    return asked.stdout.strip()


def test_a_run_that_is_canceled_ends_the_following_with_its_own_code(shared_machine, project: Project):
    folder = project(script="import time\nprint('started', flush=True)\ntime.sleep(600)\n")
    process = shared_machine.popen(
        "submit", folder, "--follow", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.readline() == "started\n"

    run_id = _queued(process)
    assert shared_machine.run("runs", "cancel", run_id).returncode == 0

    assert process.wait(60) == 6


def _queued(process) -> str:
    for line in iter(process.stderr.readline, ""):
        if "✓ queued " in line:
            return line.split()[-1]
    raise AssertionError("the run was never queued")


def test_a_snapshot_of_another_client_does_not_stop_the_sdk(machine: Machine, project: Project):
    """The SDK without a cache starts from the latest snapshot, and reads fields that others may leave out."""
    from tests.workspace.client import Workspace

    assert machine.run("workspace", "start").returncode == 0
    Workspace(machine.state).snapshot({"other.py": b"pass"})
    Workspace(machine.state).post_snapshot({"children": {}}, {})

    done = follow(machine, project())

    assert (done.returncode, done.stdout) == (0, "Experiment Executed!\n"), done.stderr
