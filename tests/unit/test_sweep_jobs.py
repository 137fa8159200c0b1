"""A project's command job and a plan, as the YAML of a sweep job of SDK v2."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from scaffold.errors import ProjectError, UsageError
from scaffold.project.job import CommandJob
from scaffold.submission import sweep_jobs
from scaffold.submission.overrides import Overrides
from scaffold.submission.sweeps import Plan, read_policy, read_space

ROOT = Path("/project")
JOB = CommandJob(
    code=ROOT / "src",
    script="train.py",
    arguments=("--rate", "9", "--mode=plain"),
    environment={"image": "library/python:3.11"},
    experiment="train",
    compute="cpu-cluster",
    variables={"COLOUR": "blue"},
    distribution={"type": "pytorch", "process_count_per_instance": 2},
    instances=1,
    timeout=60,
)


def sweep(*params: str, job: CommandJob = JOB, stop: str | None = None, **plan: Any) -> dict[str, Any]:
    """The job of a sweep over these parameters, with what else is wanted of it."""
    wanted = {"sampling": "grid", "seed": None, "metric": "loss", "goal": "minimize", "most_runs": 4} | plan
    made = sweep_jobs.prepared(
        job, ROOT, Overrides(tags={"team": "a"}), Plan(read_space(params), policy=read_policy(stop), **wanted)
    )
    return yaml.safe_load(made.text)


def test_the_command_job_is_what_each_trial_runs():
    document = sweep("rate=0.3,0.1")

    assert document["type"] == "sweep"
    assert document["trial"] == {
        "code": "src",
        "command": "python train.py --mode=plain --rate ${{search_space.rate}}",
        "environment": {"image": "library/python:3.11"},
        "environment_variables": {"COLOUR": "blue"},
        "distribution": {"type": "pytorch", "process_count_per_instance": 2},
        "resources": {"instance_count": 1},
    }
    assert document["search_space"] == {"rate": {"type": "choice", "values": [0.3, 0.1]}}
    assert (document["experiment_name"], document["compute"]) == ("train", "azureml:cpu-cluster")
    assert document["tags"] == {"team": "a"}
    assert document["objective"] == {"goal": "minimize", "primary_metric": "loss"}
    assert document["limits"] == {"max_total_trials": 4, "trial_timeout": 60}


def test_limits_and_seed_are_in_the_words_of_sdk_v2():
    document = sweep("x=uniform(0,1)", sampling="random", seed=7, width=2, minutes=30)

    assert document["limits"] == {
        "max_total_trials": 4, "max_concurrent_trials": 2, "timeout": 1800, "trial_timeout": 60,
    }  # fmt: skip
    assert document["sampling_algorithm"] == {"type": "random", "seed": 7}
    assert "early_termination" not in document


@pytest.mark.parametrize(
    ("stop", "policy"),
    [
        ("median", {"type": "median_stopping", "evaluation_interval": 1, "delay_evaluation": 0}),
        (
            "bandit(slack_amount=0.5, delay_evaluation=3)",
            {"type": "bandit", "evaluation_interval": 1, "delay_evaluation": 3, "slack_amount": 0.5},
        ),
        (
            "truncation(20, evaluation_interval=2)",
            {
                "type": "truncation_selection", "evaluation_interval": 2, "delay_evaluation": 0,
                "truncation_percentage": 20,
            },
        ),
    ],
)  # fmt: skip
def test_a_stopping_rule_says_what_sdk_v1_takes_for_granted(stop: str, policy: dict[str, Any]):
    assert sweep("x=1,2", stop=stop)["early_termination"] == policy


def test_a_parameter_has_a_name_that_sdk_v2_takes_and_the_option_that_the_script_takes():
    document = sweep("learning-rate=1", "learning.rate=2", "-n=3")

    assert document["trial"]["command"].endswith(
        "--learning-rate ${{search_space.learning_rate}} --learning.rate ${{search_space.learning_rate_}} "
        "-n ${{search_space.n}}"
    )
    assert list(document["search_space"]) == ["learning_rate", "learning_rate_", "n"]


@pytest.mark.parametrize("texts", ["a b,c", "$HOME", '""', "a;b", "*"])
def test_texts_that_a_shell_would_read_otherwise_are_quoted(texts: str):
    assert sweep(f"mode={texts}")["trial"]["command"].endswith("--mode '${{search_space.mode}}'")


def test_a_text_that_cannot_be_quoted_is_refused():
    with pytest.raises(UsageError, match='--param mode: SDK v2 has no way to pass "it\'s" on') as refused:
        sweep("mode=it's")

    assert "--sdk v1" in str(refused.value.hint)


def test_a_command_has_no_arguments_to_sweep_over():
    job = CommandJob(code=ROOT, environment="azureml:e:1", command="echo x", compute="cpu-cluster")

    with pytest.raises(ProjectError, match="no arguments to sweep over"):
        sweep("x=1", job=job)


def test_numbers_stay_numbers():
    values = sweep("rate=1e-05,1e16,1.0,1")["search_space"]["rate"]["values"]

    assert [(value, type(value)) for value in values] == [
        (1e-05, float),
        (1e16, float),
        (1.0, float),
        (1, int),
    ]
