"""``scaffold sweep --sdk v2``: sweep jobs of azure-ai-ml, which are to come to the same as HyperDrive's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scaffold import space
from scaffold.project.job import CommandJob
from scaffold.submission import sweep_jobs
from scaffold.submission.overrides import Overrides
from scaffold.submission.sweeps import Plan, read_policy, read_space
from tests.cli import tree
from tests.cli.test_check import schema
from tests.cli.test_export import without_sdk
from tests.cli.test_submit import assert_refused
from tests.cli.test_sweep import run_count, sweeper, training
from tests.conftest import Machine, Project
from tests.sdk.v2.calls import given
from tests.workspace.client import Workspace

__all__ = ["sweeper", "training"]

Training = Callable[..., Path]


def test_a_grid_is_run_so_many_at_a_time_and_its_runs_are_told_best_first(
    shared_machine: Machine, training: Training
):
    folder = training("--rate", "9", "--mode", "plain")
    (folder / "constants.py").write_text((folder / "constants.py").read_text() + 'SDK = "v2"\n')

    done = shared_machine.run(
        "sweep", folder, "--param", "rate=0.3,0.1", "--param", "mode=a b", "--metric", "loss",
        "--width", "1", "--tag", "team=a", "--name", "First sweep",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    heads, *rows = done.stdout.splitlines()
    assert heads.split() == ["#", "best", "loss", "rate", "mode", "status", "time", "run"]
    table = [row.split() for row in rows]
    assert [row[:5] for row in table] == [["1", "0.05", "0.1", "a", "b"], ["0", "0.15", "0.3", "a", "b"]]
    best = table[0][-1]
    assert f"  ✓ {best} completed  rate 0.1  mode a b    best loss = 0.05" in done.stderr
    assert f"  The best: scaffold runs show {best}\n" in done.stderr
    assert "  ✓ 2 runs, 1 at a time, by minimizing loss\n" in done.stderr
    parent = shared_machine.json("runs", "show", best.rpartition("_")[0])
    assert (parent["tags"]["team"], parent["display_name"]) == ("a", "First sweep")


def outcome(document: dict[str, Any]) -> dict[str, Any]:
    """What a sweep came to, less what two sweeps never have in common: ids, and when they were."""
    own = ("run_id", "url", "best", "started", "ended")
    runs = [
        {key: run[key] for key in ("status", "parameters", "metric", "last", "error")}
        for run in document["runs"]
    ]
    numbers = [run["run_id"].rpartition("_")[2] for run in document["runs"]]
    return {key: value for key, value in document.items() if key not in own} | {
        "runs": runs,
        "numbers": numbers,
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "runs", "code"),
    [
        (("--param", "rate=1.0,1e-05", "--param", "mode=broken,it is; $HOME", "--width", "3"), 4, 5),
        (
            (
                "--param", "rate=loguniform(-5,-1)", "--param", "mode=plain,silent", "--max-runs", "3",
                "--seed", "7", "--goal", "maximize", "--stop", "bandit(slack_factor=100)", "--timeout", "30",
            ),
            3, 0,
        ),
    ],
    ids=["grid", "random"],
)  # fmt: skip
def test_both_sdks_come_to_the_same(
    sweeper: Machine, training: Training, asked: tuple[str, ...], runs: int, code: int
):
    folder = training("--rate", "9")

    done = [
        sweeper.run("sweep", folder, *asked, "--metric", "loss", "--sdk", sdk, "--json")
        for sdk in ("v1", "v2")
    ]

    documents = [json.loads(one.stdout) for one in done]
    for document in documents:
        schema("sweep")(document)
    through_v1, through_v2 = map(outcome, documents)
    assert through_v2 == through_v1
    assert len(through_v1["runs"]) == runs
    assert [one.returncode for one in done] == [code, code]


@pytest.mark.slow
def test_a_dry_run_shows_the_job_and_sends_nothing(shared_machine: Machine, training: Training):
    folder = training("--rate", "9", "--mode", "plain")
    shared_machine.run("workspace", "start")
    before = run_count(shared_machine)

    asked = ("sweep", folder, "--param", "rate=0.3,0.1", "--sdk", "v2", "--dry-run")
    shown = shared_machine.run(*asked)
    document = shared_machine.json(*asked, "--metric", "loss")

    assert (
        "command         python experiment_1.py --mode plain --rate ${{search_space.rate}}\n" in shown.stdout
    )
    assert shown.stdout.endswith("runs            2 (grid)\n\nrate\n0.3\n0.1\n")
    tree.validator("scaffold sweep --dry-run --json")(document)
    assert document["job"]["search_space"] == {"rate": {"type": "choice", "values": [0.3, 0.1]}}
    assert run_count(shared_machine) == before


PLANS = """
for text in {texts}:
    job = load_job(io.StringIO(text), relative_origin={origin!r})
    sent = job._to_rest_object().as_dict()['properties']
    seen.setdefault('jobs', []).append([
        {{name: type(given).__name__ for name, given in job.search_space.items()}},
        sent['searchSpace'], type(job.sampling_algorithm).__name__, type(job.early_termination).__name__,
        type(job.limits).__name__, type(job.objective).__name__,
    ])
"""


def test_a_plan_is_in_azure_ai_mls_own_classes(shared_machine: Machine, tmp_path: Path):
    (tmp_path / "src").mkdir()
    job = CommandJob(
        code=tmp_path / "src", script="t.py", environment="azureml:e:1", experiment="e", compute="c"
    )
    written = {
        "Choice": "1,2.5,x", "Randint": "randint(5)", "Uniform": "uniform(0,1)", "QUniform": "quniform(1,9,2)",
        "LogUniform": "loguniform(-5,-1)", "QLogUniform": "qloguniform(0,3,1)", "Normal": "normal(0,1)",
        "QNormal": "qnormal(0,1,0.5)", "LogNormal": "lognormal(0,1)", "QLogNormal": "qlognormal(0,1,0.5)",
    }  # fmt: skip
    drawn = read_space([f"{name}={values}" for name, values in written.items()])
    plans = [
        Plan(drawn, "random", 7, "loss", "maximize", 5, policy=read_policy("bandit(slack_factor=0.1)")),
        Plan(drawn, "random", None, "loss", "minimize", 5, policy=read_policy("truncation(20)")),
        Plan(read_space(["x=1,2"]), "grid", None, "loss", "minimize", 2, 2, 9, read_policy("median")),
    ]
    texts = [sweep_jobs.prepared(job, tmp_path, Overrides(), plan).text for plan in plans]

    seen = given(shared_machine, PLANS.format(texts=texts, origin=str(tmp_path / "job.yml")))["jobs"]

    assert seen[0][0] == {name: name for name in written}
    # On the wire it is what HyperDrive is sent, which each can be drawn from.
    assert seen[0][1] == {option.lstrip("-"): expression for option, expression in drawn.items()}
    space.check(seen[0][1])
    assert [job[2:] for job in seen] == [
        ["RandomSamplingAlgorithm", "BanditPolicy", "SweepJobLimits", "Objective"],
        ["RandomSamplingAlgorithm", "TruncationSelectionPolicy", "SweepJobLimits", "Objective"],
        ["GridSamplingAlgorithm", "MedianStoppingPolicy", "SweepJobLimits", "Objective"],
    ]


def test_without_the_extra_it_is_said_what_to_install(shared_machine: Machine, project: Project):
    done = without_sdk(
        shared_machine, "sweep", "--param", "rate=1", "--metric", "loss", "--sdk", "v2", cwd=project()
    )

    assert_refused(
        done, 2, "SDK v2 (azure-ai-ml) is not installed beside scaffold.", "'azureml-scaffold[sdk-v2]'"
    )


def test_what_a_sweep_job_cannot_be_is_said_before_anything_is_sent(
    shared_machine: Machine, training: Training
):
    folder = training()
    asked = ("sweep", folder, "--metric", "loss", "--sdk", "v2", "--no-check")

    apostrophe = shared_machine.run(*asked, "--param", "mode=it's")
    (folder / "run_experiment.py").write_text(
        (folder / "run_experiment.py")
        .read_text()
        .replace('script="experiment_1.py"', 'command=["echo", "x"]')
    )
    command = shared_machine.run(*asked, "--param", "rate=1")

    assert_refused(apostrophe, 2, 'SDK v2 has no way to pass "it\'s" on, for its apostrophe', "--sdk v1")
    assert_refused(command, 3, "The project submits a command, which has no arguments to sweep over")


MANY = """
from azure.core.rest import HttpRequest
from scaffold.submission.child.job_run import SweepRun
trials = SweepRun(ml, 'wide', 'loss', {'rate': '--rate'}, HttpRequest).trials()
seen['numbers'] = [int(trial.run_id.rpartition('_')[2]) for trial in trials]
seen['parameters'] = trials[7].parameters
seen['logged'] = [len(trial.logged) for trial in trials[:2]]
seen['told'] = trials[0].document('minimize')
"""


@pytest.mark.slow
def test_a_wide_sweep_is_seen_whole_and_so_is_a_long_metric(shared_machine: Machine):
    """More runs, and more values, than the service tells at once."""
    shared_machine.run("workspace", "start")
    workspace = Workspace(shared_machine.state)
    trials = [
        {"runId": f"wide_{n}", "parentRunId": "wide", "tags": {"hyperparameters": json.dumps({"rate": n})}}
        | ({"status": "Running"} if n < 2 else {})
        for n in range(501)
    ]
    runs = {"runs": [{"runId": "wide"}, *trials]}
    workspace.request("PATCH", "/history/v1.0{S}/experiments/wide/batch/runs", runs)
    workspace.metric("wide_0", "loss", [float(value) for value in range(2001, 0, -1)])

    seen = given(shared_machine, MANY)

    assert seen["numbers"] == list(range(501))
    assert seen["parameters"] == {"--rate": 7}
    assert seen["logged"] == [2001, 0]
    assert (seen["told"]["metric"], seen["told"]["last"]) == (1.0, 1.0)
