"""Submitting to Azure ML with the real SDK, through its public names and its real logins."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_submit import WAITS, resubmitted
from tests.cloud.azure import CLIENT_ID, LOGIN, SERVICE, Azure, Fault
from tests.conftest import RUN_EXPERIMENT, Machine
from tests.following import said_until
from tests.packages import Gated
from tests.waiting import PROCESS_SECONDS

CloudProject = Callable[..., Path]

ALL_FLAGS = """
import os, sys
print(sys.argv[1:], os.environ["COLOUR"])
"""
PARSING = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int)
print(parser.parse_args())
"""
RECORD = r"/history/.*/runs/[^/?]+$"


def test_a_project_runs_on_azure_with_a_service_principal(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    done = user.run("submit", cloud_project(), "--follow")

    assert (done.returncode, done.stdout) == (0, "Experiment Executed!\n"), done.stderr
    assert f"forecasts: service principal {CLIENT_ID}" in done.stderr
    assert "Completed in" in done.stderr
    assert any("login.microsoftonline.com" in line for line in azure.requests)


def test_flags_change_the_submission_and_not_the_project(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    folder = cloud_project(**{"Experiment_1/experiment_1.py": ALL_FLAGS})
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    document = user.json(
        "submit", folder, "--follow", "--experiment", "Another", "--compute-target", "big-cluster",
        "--arg", "steps=5", "--arg", "--fast", "--env", "COLOUR=blue", "--tag", "team=a", "--name", "First try",
        "--timeout", "600",
    )  # fmt: skip
    run = azure.run_of(document["run_id"])

    assert (document["experiment"], document["target"], document["status"]) == (
        "Another",
        "big-cluster",
        "Completed",
    )
    assert run["log"] == "['--steps', '5', '--fast'] blue\n"
    assert (run["tags"]["team"], run["display_name"], run["limit"]) == ("a", "First try", 600)
    files = {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files == before


def test_a_dry_run_sends_nothing(azure: Azure, user: Machine, cloud_project: CloudProject):
    folder = cloud_project(**{"Experiment_1/experiment_1.py": PARSING})
    before = azure.run_count()

    document = user.json(
        "submit", folder, "--dry-run", "--arg", "steps=5", "--env", "COLOUR=blue", "--tag", "team=a",
        "--name", "First try", "--timeout", "600",
    )  # fmt: skip
    shown = user.run("submit", folder, "--dry-run", "--arg", "steps=7", "--tag", "team=a", "--timeout", "90")
    refused = user.run("submit", folder, "--dry-run", "--arg", "stpes=5")

    assert document["configuration"]["arguments"] == ["--steps", "5"]
    assert document["configuration"]["environmentVariables"] == {"COLOUR": "blue"}
    assert document["configuration"]["maxRunDurationSeconds"] == 600
    assert (document["tags"], document["display_name"], document["files"]) == ({"team": "a"}, "First try", 1)
    assert "experiment_1.py --steps 7" in shown.stdout
    assert shown.stdout.splitlines()[-2:] == ["tags            team=a", "ends after      1 min 30 s"]
    assert "The script refuses its arguments: unrecognized arguments: --stpes 5" in refused.stderr
    assert azure.run_count() == before


def test_a_run_that_is_accepted_and_cannot_be_tagged_is_told_so(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    folder = cloud_project()
    before = azure.run_count()

    # The SDK itself writes to the record once, before the tags.
    azure.faults.append(Fault(SERVICE, RECORD, 403, times=1, spared=1))
    done = user.run("submit", folder, "--follow", "--tag", "team=a")

    assert (done.returncode, done.stdout) == (0, "Experiment Executed!\n"), done.stderr
    assert "was accepted, but lacks its tags or its name: " in done.stderr
    assert azure.run_count() == before + 1


def test_a_followed_run_that_fails_is_told_with_its_reason(user: Machine, cloud_project: CloudProject):
    folder = cloud_project(**{"Experiment_1/experiment_1.py": "print('so far')\nraise SystemExit(3)\n"})

    done = user.run("submit", folder, "--follow")

    assert (done.returncode, done.stdout) == (5, "so far\n"), done.stderr
    assert "failed: Execution failed. The process exited with status code 3." in done.stderr


def test_each_run_of_a_script_that_submits_several_is_followed(user: Machine, cloud_project: CloudProject):
    again = "run = Experiment(ws, constants.EXPERIMENT_NAME).submit(config)\n"
    folder = cloud_project(**{"run_experiment.py": RUN_EXPERIMENT + again})

    document = user.json("submit", folder, "--follow")

    assert [run["status"] for run in document["runs"]] == ["Completed", "Completed"]


@pytest.mark.slow
def test_a_run_whose_log_nobody_may_read_from_here_is_followed_all_the_same(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    azure.faults.append(
        Fault(SERVICE, r"/user_logs/std_log\.txt\?", 403, "AuthorizationFailure", "Not from here.")
    )

    done = user.run("submit", cloud_project(), "--follow")

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.count("  ! user_logs/std_log.txt cannot be read from here (status 403)") == 1
    assert "Completed in" in done.stderr


def test_a_fault_that_passes_is_waited_for(azure: Azure, user: Machine, cloud_project: CloudProject):
    azure.faults.append(Fault(LOGIN, "/oauth2/v2.0/token", 503, "temporarily_unavailable", times=2))
    before = azure.run_count()

    done = user.run("submit", cloud_project(), "--follow")

    assert done.returncode == 0, done.stderr
    assert "Trying again in" in done.stderr
    assert azure.run_count() == before + 1


def test_a_lost_answer_does_not_submit_twice(azure: Azure, user: Machine, cloud_project: CloudProject):
    """The service takes the run, and the connection breaks before it can say so."""
    folder = cloud_project()
    before = azure.run_count()

    azure.faults.append(Fault(SERVICE, "/snapshotrun", 0, after=True, times=1))
    done = user.run("submit", folder, "--follow")

    assert (done.returncode, done.stdout) == (0, "Experiment Executed!\n"), done.stderr
    assert azure.run_count() == before + 1


@pytest.mark.slow
def test_ctrl_c_stops_following_and_not_the_run(
    azure: Azure, user: Machine, cloud_project: CloudProject, tmp_path: Path
):
    gate = tmp_path / "gate"
    script = (
        "import pathlib, time\nprint('started', flush=True)\n"
        f"while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.05)\nprint('ended')\n"
    )
    process = user.popen(
        "submit", cloud_project(**{"Experiment_1/experiment_1.py": script}), "--follow",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout.readline() == "started\n"

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    gate.touch()

    assert process.returncode == 130
    run_id = said.split("scaffold runs cancel ")[1].split()[0]
    assert azure.run_of(run_id)["status"] == "Completed"


@pytest.mark.slow
def test_a_pre_empted_run_is_submitted_again(
    azure: Azure, user: Machine, cloud_project: CloudProject, tmp_path: Path
):
    gate = tmp_path / "gate"
    folder = cloud_project(**{"Experiment_1/experiment_1.py": WAITS.format(gate=str(gate))})
    azure.fail("preempt", "0.5")
    before = azure.run_count()

    code, shown, said = resubmitted(user, folder, gate)

    assert (code, shown) == (0, "ended\n"), said
    assert said.count("the run was pre-empted; it is submitted again") == 1
    assert azure.run_count() == before + 2


BUILT = """
env = Environment.from_pip_requirements("built", os.path.join(here, "requirements.txt"))
"""


def with_build_log(user: Machine, folder: Path) -> tuple["subprocess.Popen[str]", list[str]]:
    """A submission that is followed, once the log of its environment's build is shown, and what it has said."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = user.popen("submit", folder, "--follow", "--no-check", **pipes)
    return process, said_until(process, "  | ")


@pytest.mark.slow
def test_each_stage_is_told_with_the_log_of_a_slow_build_and_ctrl_c_at_it_is_no_traceback(
    azure: Azure, user: Machine, cloud_project: CloudProject, tmp_path: Path
):
    lines = RUN_EXPERIMENT.split("env = Environment")
    runner = lines[0] + BUILT.strip() + "\n" + lines[1].split("dependencies = True\n")[1]
    first, second = Gated(tmp_path / "first"), Gated(tmp_path / "second")
    folder = cloud_project(**{"run_experiment.py": runner, "requirements.txt": first.requirement})

    interrupted, _ = with_build_log(user, folder)
    interrupted.send_signal(signal.SIGINT)
    _, said = interrupted.communicate(timeout=60)
    first.let()
    (folder / "requirements.txt").write_text(second.requirement)
    followed, shown = with_build_log(user, folder)
    second.let()
    printed, rest = followed.communicate(timeout=PROCESS_SECONDS)
    shown += rest.splitlines()
    cached = user.run("submit", folder, "--follow", "--no-check")

    assert (interrupted.returncode, "Traceback" in said) == (130, False), said
    assert azure.run_of(said.split("scaffold runs cancel ")[1].split()[0])["status"] == "Completed"
    assert (followed.returncode, printed) == (0, "Experiment Executed!\n"), shown
    told = [line for line in shown if line.startswith("  · ")]
    assert told[0] == "  · preparing"
    assert set(told) <= {
        f"  · {stage}" for stage in ("preparing", "queued", "starting", "running", "finalizing")
    }
    built = [place for place, line in enumerate(shown) if line.startswith("  | ")]
    assert built and shown.index("  · preparing") < built[0]
    assert (cached.returncode, cached.stdout) == (0, "Experiment Executed!\n"), cached.stderr
    assert "  | " not in cached.stderr  # its environment was there, so that nothing was built for it
    assert user.json("runs", "logs", "--list", cwd=folder)["logs"] == ["user_logs/std_log.txt"]
