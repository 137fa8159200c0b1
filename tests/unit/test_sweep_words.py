"""What a person writes of a sweep, read: parameters, stopping rules, and arguments that give way."""

import pytest

from scaffold.errors import UsageError
from scaffold.submission.overrides import without_options
from scaffold.submission.sweeps import read_policy, read_space


@pytest.mark.parametrize(
    ("given", "space"),
    [
        ("learning_rate=0.1,0.01", {"--learning_rate": ["choice", [[0.1, 0.01]]]}),
        ("batch-size=16, 32", {"--batch-size": ["choice", [[16, 32]]]}),
        ("-n=3", {"-n": ["choice", [[3]]]}),
        ("--kernel=rbf,linear", {"--kernel": ["choice", [["rbf", "linear"]]]}),
        ('layers="64,32",128', {"--layers": ["choice", [["64,32", 128]]]}),
        ("lr=choice(1e-3, 1e-4)", {"--lr": ["choice", [[1e-3, 1e-4]]]}),
        ("lr=loguniform(-5,-1)", {"--lr": ["loguniform", [-5, -1]]}),
        ("lr=Uniform(0, 1.5)", {"--lr": ["uniform", [0, 1.5]]}),
        ("units=quniform(8,64,8)", {"--units": ["quniform", [8, 64, 8]]}),
        ("seed=randint(10)", {"--seed": ["randint", [10]]}),
        ("x=normal(0,1)", {"--x": ["normal", [0, 1]]}),
    ],
)  # fmt: skip
def test_a_parameter_is_read(given: str, space: dict):
    assert read_space([given]) == space


@pytest.mark.parametrize(
    ("given", "said", "hint"),
    [
        (["lr"], "--param 'lr' is not of the form name=values.", "learning_rate=0.1,0.01"),
        (["=1"], "is not of the form name=values.", "learning_rate=0.1,0.01"),
        (["lr="], "--param lr: choice has no value to choose from.", "lr=choice(value, …)"),
        (["lr=uniform(1)"], "--param lr: it is written uniform(low, high).", "lr=uniform(low, high)"),
        (
            ["lr=uniform(2,1)"],
            "--param lr: the lower bound 2 is above the upper bound 1.",
            "uniform(low, high)",
        ),
        (["lr=uniform(a,1)"], "--param lr: uniform takes numbers.", "uniform(low, high)"),
        (["lr=gamma(1,2)"], "--param lr: there is no distribution 'gamma'", "lr=uniform(0,1)"),
        (["lr=1", "--lr=2"], "--param --lr is given twice.", "Put its values together"),
        ([], "There is nothing to sweep over.", "--param learning_rate=0.1,0.01"),
    ],
)
def test_what_is_no_parameter_is_told_with_what_would_be_one(given: list[str], said: str, hint: str):
    with pytest.raises(UsageError) as refused:
        read_space(given)

    assert said in refused.value.message
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("given", "policy"),
    [
        (None, None),
        ("median", {"name": "median"}),
        ("Median(delay_evaluation=5)", {"name": "median", "delay_evaluation": 5}),
        (
            "bandit(slack_factor=0.1, evaluation_interval=2)",
            {"name": "bandit", "slack_factor": 0.1, "evaluation_interval": 2},
        ),
        ("bandit(0.2)", {"name": "bandit", "slack_factor": 0.2}),
        ("bandit(slack_amount=3)", {"name": "bandit", "slack_amount": 3.0}),
        ("truncation(20)", {"name": "truncation", "truncation_percentage": 20}),
    ],
)
def test_a_stopping_rule_is_read(given: str | None, policy: dict | None):
    assert read_policy(given) == policy


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("hunch", "--stop knows no 'hunch'."),
        ("bandit", "takes a slack_factor or a slack_amount, one of them."),
        ("bandit(slack_factor=1, slack_amount=2)", "takes a slack_factor or a slack_amount, one of them."),
        ("bandit(slack_factor=much)", "slack_factor is a number, and 'much' is not."),
        ("median(evaluation_interval=1.5)", "evaluation_interval is a whole number, and '1.5' is not."),
        ("median(3)", "--stop median takes no '3'."),
        ("median(evaluation_interval=0)", "evaluation_interval is too small."),
        ("truncation", "takes a truncation_percentage from 1 to 99."),
        ("truncation(100)", "takes a truncation_percentage from 1 to 99."),
    ],
)
def test_what_is_no_stopping_rule_is_told_with_how_one_is_written(given: str, said: str):
    with pytest.raises(UsageError) as refused:
        read_policy(given)

    assert said in refused.value.message
    assert "bandit(slack_factor=0.1" in refused.value.hint or "It is written" in refused.value.hint


@pytest.mark.parametrize(
    ("present", "kept"),
    [
        (["--lr", 0.1, "--steps", 5], ["--steps", 5]),
        (["--lr=0.1", "data", "--steps", 5], ["data", "--steps", 5]),
        (["--fast", "--lr", -1], ["--fast"]),
        (["--lr", "--fast"], ["--fast"]),
        (["--lr-decay", 2], ["--lr-decay", 2]),
        (["--lr"], []),
    ],
)
def test_the_projects_own_value_of_a_parameter_gives_way(present: list, kept: list):
    assert without_options(present, ["--lr"]) == kept
