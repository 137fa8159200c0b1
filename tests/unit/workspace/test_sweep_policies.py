"""Early termination: whom each policy ends, and when it looks."""

import pytest

from scaffold.workspace.engine.sweeps.policies import policy_of

GROWING = {"best": [0.5, 0.8, 0.9], "near": [0.5, 0.78], "far": [0.2, 0.4], "new": [0.1]}


def ended(document: dict, history: dict, interval: int, *, maximize: bool = True) -> set[str]:
    policy = policy_of(document)
    return {
        run_id
        for run_id, values in history.items()
        if len(values) >= interval and policy.ends(run_id, interval, history, maximize=maximize)
    }


def bandit(**properties) -> dict:
    return {"name": "Bandit", "properties": {"evaluation_interval": 1, "slack_factor": None, **properties}}


@pytest.mark.parametrize(
    ("policy", "interval", "whom"),
    [
        pytest.param(bandit(slack_factor=0.1), 2, {"far"}, id="bandit's ratio"),
        pytest.param(bandit(slack_amount=0.01), 2, {"near", "far"}, id="bandit's amount"),
        pytest.param(bandit(slack_factor=0.1), 1, {"far", "new"}, id="what came later does not count"),
        pytest.param({"name": "MedianStopping"}, 2, {"far"}, id="median"),
        pytest.param(
            {"name": "TruncationSelection", "properties": {"truncation_percentage": 50}}, 1, {"far", "new"},
            id="truncation",
        ),
        pytest.param(
            {"name": "TruncationSelection", "properties": {"truncation_percentage": 20}}, 1, set(),
            id="less than one run",
        ),
        pytest.param({"name": "Default"}, 2, set(), id="none"),
    ],
)  # fmt: skip
def test_a_policy_ends_those_that_fall_behind(policy: dict, interval: int, whom: set[str]):
    assert ended(policy, GROWING, interval) == whom


@pytest.mark.parametrize(
    "policy", [bandit(slack_factor=0.2), bandit(slack_amount=0.2), {"name": "MedianStopping"}]
)
def test_where_less_is_better_the_larger_ones_end(policy: dict):
    falling = {"best": [1.0, 0.5], "near": [1.0, 0.55], "far": [3.0, 2.0]}

    assert ended(policy, falling, 2, maximize=False) == {"far"}


def test_a_policy_looks_at_its_intervals_and_not_before_its_delay():
    policy = policy_of(bandit(slack_factor=0.1, evaluation_interval=3, delay_evaluation=5))

    assert [policy.interval(count) for count in (0, 2, 3, 5, 6, 7, 9)] == [0, 0, 0, 0, 6, 6, 9]


def test_an_unknown_policy_is_known_to_be_one():
    assert not policy_of({"name": "Hunch"}).known
    assert all(policy_of({"name": name}).known for name in ("Default", "Bandit", "MedianStopping"))
