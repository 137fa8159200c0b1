"""``scaffold sweep`` on the local workspace, with HyperDrive's real client."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffold.space import samples
from tests.cli.test_check import on_a_terminal, schema
from tests.cli.test_submit import assert_refused
from tests.conftest import RUN_EXPERIMENT, Machine, Project

TRAINING = """
import argparse, pathlib, time
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
parser.add_argument("--mode", default="plain")
parser.add_argument("--gate")
given = parser.parse_args()
print(given)
while given.gate and not pathlib.Path(given.gate).exists():
    time.sleep(0.05)
if given.mode == "silent":
    raise SystemExit(0)
for loss in (given.rate, given.rate / 2):
    Run.get_context().log("loss", loss)
if given.mode == "broken":
    raise SystemExit(3)
"""


@pytest.fixture
def sweeper(shared_machine: Machine, hyperdrive: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with a workspace, and HyperDrive's client beside the SDK."""
    monkeypatch.setitem(shared_machine.environment, "PYTHONPATH", str(hyperdrive))
    return shared_machine


@pytest.fixture
def training(project: Project) -> Callable[..., Path]:
    """A project whose script learns, with arguments of its own."""

    def make(*arguments: str) -> Path:
        runner = RUN_EXPERIMENT.replace(
            "    environment=env,", f"    environment=env, arguments={list(arguments)},"
        )
        return project(script=TRAINING, **{"run_experiment.py": runner})

    return make


def run_count(machine: Machine) -> int:
    return sum(machine.json("workspace", "status")["runs"].values())


def test_a_grid_is_run_so_many_at_a_time_and_its_runs_are_told_best_first(
    sweeper: Machine, training: Callable[..., Path]
):
    done = sweeper.run(
        "sweep", training("--rate", "9", "--mode", "plain"), "--param", "rate=0.3,0.1", "--param", "mode=plain,silent",
        "--metric", "loss", "--width", "2", "--tag", "team=a", "--name", "First sweep",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    heads, *rows = done.stdout.splitlines()
    assert heads.split() == ["#", "best", "loss", "rate", "mode", "status", "time", "run"]
    table = [row.split() for row in rows]
    assert [row[:4] for row in table[:2]] == [["2", "0.05", "0.1", "plain"], ["0", "0.15", "0.3", "plain"]]
    assert [row[:3] for row in table[2:]] == [["1", "0.3", "silent"], ["3", "0.1", "silent"]]
    best = table[0][-1]
    assert f"  ✓ {best} completed  rate 0.1  mode plain    best loss = 0.05" in done.stderr
    assert f"  The best: scaffold runs show {best}\n" in done.stderr
    assert "  ✓ 4 runs, 2 at a time, by minimizing loss\n" in done.stderr
    # The beginning of its id, which those of its runs have too.
    parent = best.rpartition("_")[0]
    assert sweeper.json("runs", "show", parent[:-1])["run_id"] == parent


def test_a_run_counts_by_its_best_value_and_its_last_one_is_shown_where_it_is_another(
    sweeper: Machine, training: Callable[..., Path]
):
    done = sweeper.run(
        "sweep",
        training(),
        "--param",
        "rate=0.3,0.1",
        "--metric",
        "loss",
        "--goal",
        "maximize",
        "--width",
        "2",
    )
    heads, *rows = done.stdout.splitlines()
    assert heads.split()[:6] == ["#", "best", "loss", "last", "loss", "rate"]
    assert [row.split()[:4] for row in rows] == [["0", "0.3", "0.15", "0.3"], ["1", "0.1", "0.05", "0.1"]]

    parent = rows[0].split()[-1].rpartition("_")[0]
    listed = sweeper.run("runs", "list", "--parent", parent, "-c", "metrics.loss", "--sort", "metrics.loss")

    head, *rows = listed.stdout.splitlines()
    assert "last loss" in head
    assert [row.split()[-1] for row in rows] == ["0.15", "0.05"]


def test_a_metric_that_the_script_is_sure_not_to_log_is_refused_before(
    sweeper: Machine, training: Callable[..., Path]
):
    done = sweeper.run("sweep", training(), "--param", "rate=1", "--metric", "Loss", "--dry-run")

    assert_refused(done, 2, "The script logs no metric 'Loss': it logs loss.", "--metric loss")


@pytest.mark.parametrize("sdk", ["v1", pytest.param("v2", marks=pytest.mark.slow)])
def test_a_sweep_in_which_nobody_logs_the_metric_ends_with_an_error(
    sweeper: Machine, training: Callable[..., Path], sdk: str
):
    asked = ("sweep", training(), "--param", "rate=1", "--metric", "Loss", "--no-check", "--sdk", sdk)

    done = sweeper.run(*asked)
    document = json.loads(sweeper.run(*asked, "--json").stdout)

    assert_refused(
        done, 3, "No run logged 'Loss', so that none is the best: they logged loss.", "--metric loss"
    )
    assert "The best:" not in done.stderr
    schema("sweep")(document)
    assert (document["best"], document["logged"], document["status"]) == (None, ["loss"], "Completed")


@pytest.mark.slow
def test_a_random_sample_is_one_document_and_comes_again_with_its_seed(
    sweeper: Machine, training: Callable[..., Path]
):
    asked = (
        "sweep", training(), "--param", "rate=loguniform(-5,-1)", "--max-runs", "2", "--seed", "7", "--metric", "loss",
        "--goal", "maximize", "--stop", "bandit(slack_factor=100)", "--timeout", "30",
    )  # fmt: skip
    document = sweeper.json(*asked)
    started = sweeper.json(*asked, "--no-follow")

    schema("sweep")(document)
    schema("sweep")(started)
    rates = [run["parameters"]["rate"] for run in document["runs"]]
    assert (document["status"], document["best"]) == ("Completed", document["runs"][0]["run_id"])
    drawn = samples({"--rate": ["loguniform", [-5, -1]]}, 2, seed=7)
    assert rates == sorted((values["--rate"] for values in drawn), reverse=True)
    assert [run["metric"] for run in document["runs"]] == rates
    assert [run["last"] for run in document["runs"]] == [rate / 2 for rate in rates]
    assert (started["status"], started["runs"]) == (None, [])
    sweeper.run("runs", "cancel", started["run_id"])


@pytest.mark.slow
def test_a_sweep_with_a_run_that_fails_ends_as_failed_with_the_reason(
    sweeper: Machine, training: Callable[..., Path]
):
    done = sweeper.run(
        "sweep", training(), "--param", "rate=1", "--param", "mode=broken,plain", "--metric", "loss"
    )

    assert_refused(done, 5, "1 run of 2 failed: Execution failed. The process exited with status code 3.")
    assert "  ✗ HD_" in done.stderr
    assert [line.split()[4] for line in done.stdout.splitlines()[1:]] == ["failed", "completed"]


@pytest.mark.parametrize("sdk", ["v1", pytest.param("v2", marks=pytest.mark.slow)])
def test_ctrl_c_stops_following_and_says_how_to_cancel(
    sweeper: Machine, training: Callable[..., Path], tmp_path: Path, sdk: str
):
    gate = tmp_path / "gate"
    process = sweeper.popen(
        "sweep", training("--gate", str(gate)), "--param", "rate=1,2", "--metric", "loss",
        "--sdk", sdk, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    for line in process.stderr:
        if "by minimizing loss" in line:
            break

    process.send_signal(signal.SIGINT)
    shown, said = process.communicate(timeout=60)

    assert (process.returncode, shown) == (130, ""), said
    assert "Traceback" not in said
    run_id = said.split("To cancel it with all its runs: scaffold runs cancel ")[1].split()[0]
    assert sweeper.json("runs", "cancel", run_id) == {"run_id": run_id, "canceled": True}


@pytest.mark.slow
def test_a_dry_run_shows_the_combinations_or_the_space_and_sends_nothing(
    sweeper: Machine, training: Callable[..., Path]
):
    folder, before = training("--rate", "9", "--mode", "plain"), run_count(sweeper)

    grid = sweeper.run("sweep", folder, "--param", "rate=0.3,0.1", "--param", "mode=a,b", "--dry-run")
    document = sweeper.json("sweep", folder, "--param", "rate=0.3,0.1", "--metric", "loss", "--dry-run")
    space = sweeper.run("sweep", folder, "--param", "rate=uniform(0,1)", "--max-runs", "5", "--dry-run")

    schema("sweep-dry-run")(document)
    assert document["combinations"] == [{"rate": 0.3}, {"rate": 0.1}]
    assert document["configuration"]["arguments"] == ["--mode", "plain"]
    assert grid.stdout.endswith("rate  mode\n0.3   a\n0.3   b\n0.1   a\n0.1   b\n")
    assert "runs            4 (grid)\n" in grid.stdout
    assert space.stdout.endswith("runs            5 (random)\n\nrate            uniform(0, 1)\n")
    assert run_count(sweeper) == before


def test_a_dry_run_starts_nothing_and_says_what_the_sweep_itself_will_want(
    machine: Machine, training: Callable[..., Path]
):
    folder = training("--rate", "9", "--mode", "plain")

    done = machine.run("sweep", folder, "--param", "rate=0.3,0.1", "--dry-run")
    document = machine.json("sweep", folder, "--param", "rate=0.3,0.1", "--dry-run")

    assert done.stdout.endswith("runs            2 (grid)\n\nrate\n0.3\n0.1\n"), done.stdout
    assert "  ! A sweep needs azureml-train-core" in done.stderr
    assert "azureml-scaffold[sweep]" in done.stderr
    schema("sweep-dry-run")(document)
    assert document["configuration"]["arguments"] == ["--mode", "plain"]
    assert machine.json("workspace", "status")["running"] is False


@pytest.mark.slow
def test_on_a_narrow_terminal_the_table_fits(sweeper: Machine, training: Callable[..., Path]):
    shown = on_a_terminal(
        sweeper, 60, "sweep", training(), "--param", "rate=0.3,0.1", "--metric", "loss", NO_COLOR="1"
    )

    rows = [line for line in shown.splitlines() if "completed" in line and "HD_" in line]
    assert len(rows) == 2, shown
    assert max(map(len, rows)) <= 60


@pytest.mark.parametrize(
    ("flags", "said", "hint"),
    [
        (("--param", "rate=1"), "none is named", "--metric loss"),
        (("--metric", "loss"), "nothing to sweep over", "--param learning_rate"),
        (("--param", "rate=uniform(0,1)", "--metric", "loss"), "has no end", "--max-runs 20"),
        (
            ("--param", "rate=uniform(0,1)", "--metric", "loss", "--sampling", "grid"),
            "A grid takes values, and rate has a distribution.", "--sampling random",
        ),
        (("--param", "rate=1", "--metric", "loss", "--sampling", "x"), "--sampling knows no 'x'", "grid or random"),
        (("--param", "rate=1", "--metric", "loss", "--goal", "up"), "--goal knows no 'up'", "maximize or minimize"),
        (("--param", "rate=1", "--metric", "loss", "--seed", "1"), "A grid draws no samples", "--sampling random"),
        (("--param", "rate=1", "--metric", "loss", "--stop", "soon"), "--stop knows no 'soon'", "median("),
        (
            ("--param", f"a={','.join(map(str, range(40)))}", "--param", f"b={','.join(map(str, range(40)))}",
             "--metric", "loss"),
            "The sweep comes to 1600 runs, and HyperDrive takes 1000", "--max-runs",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_two_lines(
    shared_machine: Machine, tmp_path: Path, flags: tuple[str, ...], said: str, hint: str
):
    done = shared_machine.run("sweep", tmp_path, *flags)

    assert_refused(done, 2, said)
    assert hint in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("param", "said"),
    [
        ("rat=1", "unrecognized arguments: --rat"),
        ("rate=1,much", "invalid float value: 'much'"),
        ("steps=uniform(1,9)", "invalid int value"),
        ("kind=a,c", "invalid choice: 'c'"),
    ],
)
def test_a_value_that_the_script_is_sure_to_refuse_is_refused_before(
    shared_machine: Machine, project: Project, param: str, said: str
):
    script = (
        "import argparse\np = argparse.ArgumentParser(allow_abbrev=False)\np.add_argument('--rate', type=float)\n"
        "p.add_argument('--steps', type=int)\np.add_argument('--kind', choices=['a', 'b'])\np.parse_args()\n"
    )

    done = shared_machine.run(
        "sweep", project(script=script), "--param", param, "--metric", "loss", "--max-runs", "2", "--dry-run"
    )

    assert_refused(done, 2, said)


def test_without_hyperdrives_client_it_is_said_what_to_install(
    shared_machine: Machine, training: Callable[..., Path]
):
    done = shared_machine.run("sweep", training(), "--param", "rate=1", "--metric", "loss")

    assert_refused(done, 4, "needs azureml-train-core", "azureml-scaffold[sweep]")


def test_a_script_that_submits_a_command_cannot_be_swept(sweeper: Machine, project: Project):
    runner = RUN_EXPERIMENT.replace('script="experiment_1.py"', 'command=["echo", "x"]')
    done = sweeper.run(
        "sweep",
        project(**{"run_experiment.py": runner}),
        "--param",
        "rate=1",
        "--metric",
        "loss",
        "--no-check",
    )

    assert_refused(
        done, 3, "run_experiment.py: The script submits a command, which has no arguments to sweep over"
    )


def test_the_schemas_refuse_what_is_not_of_the_form():
    import fastjsonschema

    for name in ("sweep", "sweep-dry-run"):
        with pytest.raises(fastjsonschema.JsonSchemaException):
            schema(name)(json.loads('{"run_id": "HD_1"}'))
