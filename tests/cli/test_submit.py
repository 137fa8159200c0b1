"""What ``scaffold submit`` says before, and instead of, submitting."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from scaffold.generate import Answers, generate
from tests.cli import tree
from tests.conftest import RUN_EXPERIMENT, TUTORIAL_CONFIG, Machine, Project
from tests.following import said_until
from tests.waiting import PROCESS_SECONDS


def assert_refused(done, code: int, *parts: str) -> None:
    """The command ended with the exit code, and its error is two lines that hold the parts."""
    assert done.returncode == code, done.stderr
    lines = done.stderr.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Error: "))
    assert len(lines[start:]) == 2, done.stderr
    assert lines[start + 1].startswith("→ ")
    for part in parts:
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_project(shared_machine: Machine, tmp_path: Path):
    assert_refused(shared_machine.run("submit", cwd=tmp_path), 3, "scaffold new")


def test_a_project_is_found_from_any_folder_inside_it(shared_machine: Machine, project: Project):
    folder = project()
    deep = folder / "Experiment_1" / "deep"
    deep.mkdir()

    done = shared_machine.run("submit", "--follow", cwd=deep)

    assert (done.returncode, done.stdout) == (0, "Experiment Executed!\n"), done.stderr


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        pytest.param(
            ".azureml/config.json", '{"subscription_id":\n', "config.json:", id="config that is no JSON"
        ),
        pytest.param(
            "constants.py", 'TARGET_NAME = "c"\nEXPERIMENT_NAME = (\n', "constants.py:2", id="constants"
        ),
        pytest.param("Experiment_1/experiment_1.py", "def f(:\n", "experiment_1.py:1", id="script"),
        pytest.param("run_experiment.py", "import os\nif\n", "run_experiment.py:2", id="runner"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(
    shared_machine: Machine, project: Project, file: str, text: str, said: str
):
    folder = project(**{file: text})

    assert_refused(shared_machine.run("submit", folder), 3, said)


def test_a_bad_requirement_is_found_before_anything_is_sent(shared_machine: Machine, tmp_path: Path):
    shared_machine.run("new", "my-exp", "--no-input", cwd=tmp_path)
    (tmp_path / "my-exp" / "requirements.txt").write_text("numpy\npython==3.8.10\n")
    before = shared_machine.json("workspace", "status")["runs"]

    done = shared_machine.run("submit", tmp_path / "my-exp")

    assert_refused(done, 3, "requirements.txt:2", "python")
    assert shared_machine.json("workspace", "status")["runs"] == before


def test_a_script_that_fails_before_it_submits(shared_machine: Machine, project: Project):
    folder = project(**{"run_experiment.py": "import os\nraise ValueError('not today')\n"})

    assert_refused(shared_machine.run("submit", folder), 3, "run_experiment.py:2: ValueError: not today")


def test_a_script_that_submits_nothing(shared_machine: Machine, project: Project):
    folder = project(**{"run_experiment.py": "def run_experiment():\n    pass\n"})

    assert_refused(shared_machine.run("submit", folder), 3, "without submitting a run")


def test_what_the_workspace_refuses_is_told_in_its_own_words(shared_machine: Machine, project: Project):
    folder = project()
    runner = (folder / "run_experiment.py").read_text()
    (folder / "run_experiment.py").write_text(
        runner.replace("run = ", "config.run_config.node_count = 2\nrun = ")
    )

    assert_refused(shared_machine.run("submit", folder), 4, "2 nodes", "one machine")


def test_a_script_whose_function_returns_nothing_is_submitted_all_the_same(
    shared_machine: Machine, tmp_path: Path
):
    shared_machine.run("new", "my-exp", "--no-input", cwd=tmp_path)
    runner = tmp_path / "my-exp" / "run_experiment.py"
    edited = runner.read_text().replace("    print(run.get_portal_url())\n    return run\n", "")
    assert "return run\n" not in edited
    runner.write_text(edited)

    document = shared_machine.json("submit", tmp_path / "my-exp")

    assert document["experiment"] == "Experiment_1"
    assert document["url"].endswith(document["run_id"])


def test_what_the_script_prints_is_shown_but_not_its_address_twice(shared_machine: Machine, project: Project):
    folder = project()
    runner = (folder / "run_experiment.py").read_text()
    (folder / "run_experiment.py").write_text("print('about to submit \\x1b[31m')\n" + runner)

    done = shared_machine.run("submit", folder)

    assert "  | about to submit \\x1b[31m\n" in done.stderr
    run_id, url = done.stdout.splitlines()
    assert url.endswith(run_id)
    assert "http" not in done.stderr


def test_a_script_that_submits_two_runs_is_followed_through_both(shared_machine: Machine, project: Project):
    folder = project()
    runner = (folder / "run_experiment.py").read_text()
    (folder / "run_experiment.py").write_text(
        runner + "config.arguments = ['second']\nExperiment(ws, constants.EXPERIMENT_NAME).submit(config)\n"
    )

    done = shared_machine.run("submit", folder, "--follow", "--json")

    document = json.loads(done.stdout)
    assert [run["status"] for run in document["runs"]] == ["Completed", "Completed"]
    assert document["runs"][0]["run_id"] != document["runs"][1]["run_id"]


def test_a_tenant_is_not_the_local_workspaces(shared_machine: Machine, project: Project):
    config = TUTORIAL_CONFIG | {"tenant_id": "11111111-2222-3333-4444-555555555555"}

    done = shared_machine.run("submit", project(**{".azureml/config.json": json.dumps(config)}))

    assert_refused(done, 3, "tenant")


def test_quiet_shows_results_alone(shared_machine: Machine, project: Project):
    folder = project()
    for arguments in (("--quiet", "submit", folder), ("submit", folder, "--quiet"), ("submit", "-q", folder)):
        done = shared_machine.run(*arguments)

        assert done.returncode == 0
        assert done.stderr == ""
        assert len(done.stdout.splitlines()) == 2


def test_json_is_all_there_is_on_stdout(shared_machine: Machine, project: Project):
    done = shared_machine.run("submit", project(script="print('to the log')\n"), "--follow", "--json")

    document = json.loads(done.stdout)
    assert document["status"] == "Completed"
    assert document["exit_code"] == 0
    assert "to the log\n" in done.stderr


# Pre-emption

WAITS = """
import pathlib, time
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.05)
print("ended")
"""


def resubmitted(machine: Machine, folder: Path, gate: Path, *flags: str) -> tuple[int, str, str]:
    """Exit code, output and messages of a submission whose run is let end once it was submitted again."""
    process = machine.popen(
        "submit", folder, "--retry-on", "preempted", *flags, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    said = said_until(process, "  ! the run was pre-empted; it is submitted again")
    gate.touch()
    shown, rest = process.communicate(timeout=PROCESS_SECONDS)
    return process.returncode, shown, "\n".join([*said, rest])


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def preempting(machine: Machine, project: Project, gate: Path) -> tuple[Machine, Path]:
    """A machine whose next run loses its node, and a project whose runs do not end before they are let."""
    assert machine.run("workspace", "fault", "preempt", "0.5").returncode == 0
    return machine, project(script=WAITS.format(gate=str(gate)))


def runs_of(machine: Machine) -> dict[str, int]:
    return machine.json("workspace", "status")["runs"]


@pytest.mark.slow
def test_a_pre_empted_run_is_submitted_again_when_that_is_wanted(
    preempting: tuple[Machine, Path], gate: Path
):
    machine, folder = preempting

    code, shown, said = resubmitted(machine, folder, gate, "--json")
    document = json.loads(shown)

    assert code == 0, said
    assert "  ! the run was pre-empted; it is submitted again\n" in said
    assert [run["status"] for run in document["runs"]] == ["Failed", "Completed"]
    assert document["run_id"] == document["runs"][1]["run_id"]
    assert runs_of(machine) == {"Completed": 1, "Failed": 1}


def test_a_pre_empted_run_is_an_error_when_it_is_not(preempting: tuple[Machine, Path]):
    machine, folder = preempting

    done = machine.run("submit", folder, "--follow")

    assert_refused(done, 5, "failed: AzureMLCompute job failed. PreemptionError", "--retry-on preempted")
    assert runs_of(machine) == {"Failed": 1}


@pytest.mark.slow
def test_a_script_that_waits_for_its_run_by_itself_is_retried_too(
    preempting: tuple[Machine, Path], gate: Path
):
    machine, folder = preempting
    runner = folder / "run_experiment.py"
    runner.write_text(runner.read_text() + "run.wait_for_completion()\n")
    machine.run("workspace", "fault", "preempt", "0.5")

    told = machine.run("submit", folder)
    code, _, said = resubmitted(machine, folder, gate)

    assert_refused(
        told, 5, "The run that run_experiment.py waited for failed: ", "PreemptionError", "--retry-on"
    )
    assert code == 0, said
    assert said.count("it is submitted again") == 1
    assert runs_of(machine) == {"Failed": 2, "Completed": 1}


@pytest.mark.slow
def test_a_run_that_is_pre_empted_again_and_again_is_given_up(machine: Machine, project: Project):
    machine.run("workspace", "fault", "preempt", "0.2", "--count", "9")

    done = machine.run("submit", project(script="import time\ntime.sleep(600)\n"), "--retry-on", "preempted")

    assert_refused(done, 5, "PreemptionError")
    assert runs_of(machine) == {"Failed": 4}


def test_only_pre_emption_is_retried(shared_machine: Machine, project: Project):
    folder, before = project(script="raise SystemExit(3)\n"), sum(runs_of(shared_machine).values())

    done = shared_machine.run("submit", folder, "--retry-on", "preempted")
    other = shared_machine.run("submit", folder, "--retry-on", "failure")

    assert_refused(done, 5, "exited with status code 3")
    assert_refused(other, 2, "--retry-on knows no 'failure'")
    assert sum(runs_of(shared_machine).values()) == before + 1


def test_a_followed_run_that_fails_is_told_by_the_exception_that_ended_it(
    shared_machine: Machine, project: Project
):
    folder = project(script="def train():\n    return {}['rate']\n\n\ntrain()\n")

    done = shared_machine.run("submit", folder, "--follow")
    run_id = shared_machine.json("runs", "list", "--limit", "1")["runs"][0]["run_id"]
    followed = shared_machine.run("runs", "logs", run_id, "--follow")

    for told in (done, followed):
        assert_refused(told, 5, f"The run {run_id} failed: KeyError: 'rate'")


@pytest.mark.slow
def test_an_environment_that_cannot_be_built_is_told_with_its_cause_and_its_log(
    machine: Machine, project: Project
):
    runner = SPECIFIED.replace("user_managed_dependencies = True", "user_managed_dependencies = False")
    folder = project(**{"run_experiment.py": runner, "requirements.txt": "no-such-package-here==1.0\n"})

    done = machine.run("submit", folder, "--follow", "--no-check")

    assert_refused(done, 5, "failed: The environment could not be built: Because ", "no-such-package-here")
    assert done.stderr.count("  · building the environment\n") == 1
    assert "  | The environment was not built" in done.stderr


def test_a_script_that_ends_badly_after_it_submitted_is_told_as_such(
    shared_machine: Machine, project: Project
):
    folder = project(**{"run_experiment.py": RUN_EXPERIMENT + "raise SystemExit(3)\n"})

    done = shared_machine.run("submit", folder)

    assert_refused(done, 3, "run_experiment.py ended with exit code 3 after it had submitted.")
    assert done.stdout.startswith("Experiment_1_")


# The check before it


SPECIFIED = """\
import os
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
here = os.path.dirname(os.path.realpath(__file__))
ws = Workspace.from_config(path=os.path.join(here, ".azureml"))
env = Environment.from_pip_requirements("e", os.path.join(here, "requirements.txt"))
env.python.user_managed_dependencies = True
config = ScriptRunConfig(os.path.join(here, "Experiment_1"), "experiment_1.py", environment=env, compute_target="c1")
Experiment(ws, "Experiment_1").submit(config)
"""


def test_warnings_are_shown_and_stop_nothing(shared_machine: Machine, project: Project):
    folder = project(**{"requirements.txt": "numpy\n", "run_experiment.py": SPECIFIED})

    done = shared_machine.run("submit", folder)

    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[:2] == [
        "  ! requirements.txt:1: numpy has no upper limit.",
        "  ✓ checked, 1 warning",
    ]


def test_several_errors_are_all_told(shared_machine: Machine, project: Project):
    folder = project(
        script="x = = 1\n", **{"requirements.txt": "numpy=1\npython==3.8\n", "run_experiment.py": SPECIFIED}
    )

    done = shared_machine.run("submit", folder)

    assert_refused(done, 3, "Error: Experiment_1/experiment_1.py:1: not valid Python")
    assert "  ✗ requirements.txt:1: 'numpy=1' is not a requirement" in done.stderr
    assert "  ✗ requirements.txt:2: 'python==3.8': Python is not a package" in done.stderr


def test_an_error_may_be_overruled(shared_machine: Machine, project: Project):
    folder = project(**{"requirements.txt": "python==3.8\n", "run_experiment.py": SPECIFIED})
    assert_refused(shared_machine.run("submit", folder), 3, "requirements.txt:1")

    done = shared_machine.run("submit", folder, "--no-check", "--follow")

    assert (done.returncode, done.stdout) == (0, "Experiment Executed!\n"), done.stderr
    assert "checked" not in done.stderr


# Ctrl-C


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal")
def test_ctrl_c_during_the_build_leaves_the_run_and_says_how_to_cancel_it(
    shared_machine: Machine, project: Project
):
    assert shared_machine.run("workspace", "fault", "slow-build", "600").returncode == 0
    built = 'conda_dependencies.set_python_version("3.11")'
    runner = SPECIFIED.replace("user_managed_dependencies = True", built)
    folder = project(**{"run_experiment.py": runner, "requirements.txt": "six==1.17.0\n"})
    process = shared_machine.popen(
        "submit", folder, "--follow", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for line in process.stderr:
        if "/runs/Experiment_1_" in line:
            break

    process.send_signal(signal.SIGINT)
    shown, said = process.communicate(timeout=60)

    assert (process.returncode, shown) == (130, ""), said
    message, hint = said.splitlines()[-2:]
    run_id = hint.removeprefix("→ To cancel it: scaffold runs cancel ")
    assert message == f"Error: Stopped; the run {run_id} goes on."
    assert shared_machine.json("runs", "cancel", run_id)["canceled"] is True


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal")
def test_ctrl_c_while_the_script_has_not_submitted_yet_submits_nothing(
    shared_machine: Machine, project: Project
):
    before = shared_machine.json("workspace", "status")["runs"]
    runner = "import time\nprint('thinking')\ntime.sleep(600)\n"
    folder = project()
    (folder / "run_experiment.py").write_text(runner + (folder / "run_experiment.py").read_text())
    process = shared_machine.popen(
        "submit", folder, "--follow", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for line in process.stderr:
        if "thinking" in line:
            break

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert (process.returncode, said.splitlines()[-2:]) == (130, [
        "Error: Stopped before anything was submitted.", "→ Submit again when you are ready.",
    ])  # fmt: skip
    assert shared_machine.json("workspace", "status")["runs"] == before


def test_the_script_that_is_named_is_submitted_and_not_the_projects(
    shared_machine: Machine, project: Project
):
    other = RUN_EXPERIMENT.replace("constants.EXPERIMENT_NAME", '"forest"').replace(
        "Experiment_1", "Experiment_2"
    )
    folder = project(
        **{"run_rf.py": other, "Experiment_2/experiment_1.py": "print('the other one')\n"},
        script="print('the first one')\n",
    )

    done = shared_machine.run("submit", "my-exp/run_rf.py", "--follow", cwd=folder.parent)

    assert (done.returncode, done.stdout) == (0, "the other one\n"), done.stderr
    assert "queued forest_" in done.stderr


@pytest.mark.parametrize("command", ["submit", "sweep"])
def test_a_name_that_is_the_folder_of_other_code_is_refused(
    shared_machine: Machine, project: Project, command: str
):
    folder = project(**{"Experiment_2/train.py": "print('the other one')\n"})
    more = ["--param", "a=1", "--metric", "loss"] if command == "sweep" else []

    done = shared_machine.run(command, folder, "--experiment", "Experiment_2", *more)

    assert_refused(done, 2, "Experiment_1 would be sent under its name", "Choose another name")


def test_the_name_of_the_folder_that_is_sent_is_taken(shared_machine: Machine, project: Project):
    document = shared_machine.json("submit", project(), "--experiment", "Experiment_1", "--no-follow")

    assert document["experiment"] == "Experiment_1"


PARSERS = {
    "argparse": (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--learning-rate', type=float)\n"
        "p.add_argument('--mode', choices=['a', 'b'])\np.add_argument('--fast', action='store_true')\n"
        "print(p.parse_args())\n"
    ),
    "sys.argv": "import sys\nprint(sys.argv)\n",
    "click": "import click\n@click.command()\n@click.option('--rate')\ndef main(rate): ...\nmain()\n",
    "known": (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--rate')\nprint(p.parse_known_args())\n"
    ),
}


@pytest.mark.parametrize(
    ("given", "said", "hint"),
    [
        ("learnig-rate=0.5", "unrecognized arguments: --learnig-rate", "--arg learning-rate="),
        ("learning_rate=0.5", "unrecognized arguments: --learning_rate", "--arg learning-rate="),
        ("zzz=1", "unrecognized arguments: --zzz", "The script takes fast, help, learning-rate, mode."),
        ("learning-rate=much", "invalid float value", "--no-check"),
        ("mode=c", "invalid choice: 'c'", "--no-check"),
        ("fast=1", "unrecognized arguments: 1", "--no-check"),
    ],
)
def test_an_argument_that_the_script_is_sure_to_refuse_is_refused_before(
    shared_machine: Machine, project: Project, given: str, said: str, hint: str
):
    folder = project(script=PARSERS["argparse"])

    done = shared_machine.run("submit", folder, "--arg", given)

    assert_refused(done, 2, said, "(parser: Experiment_1/experiment_1.py:2)")
    assert hint in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("parser", "given"),
    [
        ("argparse", "learn=1"),
        ("argparse", "mode=a"),
        ("sys.argv", "x=1"),
        ("click", "x=1"),
        ("known", "x=1"),
    ],
)
def test_an_argument_that_may_be_right_is_passed_on(
    shared_machine: Machine, project: Project, parser: str, given: str
):
    done = shared_machine.run("submit", project(script=PARSERS[parser]), "--dry-run", "--arg", given)

    assert done.returncode == 0, done.stderr
    assert f"experiment_1.py --{given.replace('=', ' ')}" in done.stdout


def test_a_module_that_is_missing_is_told_with_its_package(shared_machine: Machine, project: Project):
    folder = project(**{"run_experiment.py": "import azureml.core\nfrom azureml.widgets import RunDetails\n"})

    done = shared_machine.run("submit", folder, "--no-check")

    assert_refused(
        done, 4, "run_experiment.py:2: there is no module azureml.widgets", "install azureml-widgets"
    )


@pytest.mark.parametrize("flags", [[], ["--sdk", "v2"]], ids=["v1", "v2"])
def test_a_dry_run_starts_nothing(machine: Machine, project: Project, flags: list[str]):
    folder = project()
    asked = (folder, "--dry-run", "--arg", "a=1", "--tag", "b=c", "--timeout", "60", *flags)
    if flags:  # the tests' usual environment is none that SDK v2 knows
        shutil.rmtree(folder)
        folder = generate(Answers(), folder.parent).path
        asked = (folder, *asked[1:3], "steps=1", *asked[4:])

    document = machine.json("submit", *asked)
    shown = machine.run("submit", *asked)

    tree.validator("scaffold submit --dry-run --json")(document)
    assert (document["experiment"], document["files"] > 0, shown.returncode) == ("Experiment_1", True, 0)
    assert "tags            b=c\nends after      1 min 00 s\n" in shown.stdout
    assert machine.json("workspace", "status")["running"] is False


def test_a_dry_run_says_the_same_whether_the_workspace_runs_or_not(
    machine: Machine, shared_machine: Machine, project: Project
):
    folder = project()
    asked = ("submit", folder, "--dry-run", "--arg", "a=1", "--env", "B=c")

    read, run = machine.run(*asked), shared_machine.run(*asked)

    assert read.returncode == run.returncode == 0, read.stderr + run.stderr
    assert read.stdout == run.stdout


def test_a_script_that_only_running_tells_is_not_guessed_at(machine: Machine, project: Project):
    script = RUN_EXPERIMENT.replace('"experiment_1.py"', "os.listdir(here)[0]")
    folder = project(**{"run_experiment.py": script})

    done = machine.run("submit", folder, "--dry-run", "--no-check")

    line = script[: script.index("os.listdir")].count("\n") + 1
    assert_refused(done, 3, f"run_experiment.py:{line}: script is computed", "scaffold workspace start")


LOADED = "from azureml.core import Experiment, ScriptRunConfig, Workspace\nimport os, threading, time\n"
ENDS = {
    "dies": (f"{LOADED}os.kill(os.getpid(), 9)\n", "ended with exit code -9 before it submitted anything"),
    "dies and leaves a process": (
        f"{LOADED}import subprocess\nsubprocess.Popen(['sleep', '30'])\nraise SystemExit(7)\n",
        "ended with exit code 7",
    ),
    "hangs after an error": (
        f"{LOADED}threading.Thread(target=time.sleep, args=(900,)).start()\nthere_is_none\n",
        "run_experiment.py:4: NameError",
    ),
}


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a signal that only POSIX has")
@pytest.mark.parametrize(
    "flags", [[], ["--tag", "a=b"], ["--dry-run"]], ids=["as it is", "observed", "dry run"]
)
@pytest.mark.parametrize("end", ENDS)
def test_however_the_submitting_script_ends_the_command_ends(
    shared_machine: Machine, project: Project, end: str, flags: list[str]
):
    script, said = ENDS[end]
    folder = project(**{"run_experiment.py": script})

    done = shared_machine.run("submit", folder, "--no-check", *flags)

    assert_refused(done, 3, said)
