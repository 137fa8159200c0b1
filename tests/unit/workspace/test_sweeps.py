"""Sweeps, carried out by the engine with real processes."""

from collections.abc import Callable

import pytest

from scaffold.workspace.engine.engine import Engine
from scaffold.workspace.paths import Home
from scaffold.workspace.runs import Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.metrics import MetricValue
from scaffold.workspace.store.runs import SWEEP
from scaffold.workspace.store.sweeps import Sweep
from tests.unit.workspace.test_engine import HERE, end_of, with_engine
from tests.waiting import comes

FOUR = {"n": ["choice", [[0, 1, 2, 3]]]}
LONG = "sleep 600"


@pytest.fixture
def begun(store: Store) -> Callable[..., str]:
    """Makes a sweep of a command in the store, without beginning with it."""

    def make(command: str = "exit 0", **todo) -> str:
        experiment = store.experiments.ensure("e")
        store.runs.create("HD", experiment.experiment_id, status=Status.NOT_STARTED, recorded={SWEEP: True})
        usual = {
            "space": FOUR, "sampling": "grid", "seed": 0, "metric": "loss", "maximize": False, "policy": {},
            "most_runs": 1000, "width": 2, "minutes": 60.0,
            "definition": {"command": command, "environment": HERE},
        }  # fmt: skip
        store.sweeps.add("HD", Sweep(**(usual | todo)))
        return "HD"

    return make


def statuses(store: Store) -> list[str]:
    return [status.value for status in store.sweeps.children("HD").values()]


def test_children_run_so_many_at_a_time_and_the_sweep_ends_with_them(
    home: Home, store: Store, begun: Callable[..., str]
):
    async def scenario(engine: Engine) -> None:
        engine.sweeps.begin(begun())
        assert await end_of(store, "HD") is Status.COMPLETED

    with_engine(home, store, scenario, width=4)

    assert statuses(store) == ["Completed"] * 4
    moments = []
    for child in store.sweeps.children("HD"):
        history = store.runs.history(child)
        moments += [(history[0][1], 1), (history[-1][1], -1)]
    at_once, most = 0, 0
    for _, change in sorted(moments):
        at_once += change
        most = max(most, at_once)
    assert most == 2
    first = store.runs.require("HD_0")
    assert (first.parent_run_id, first.tags["hyperparameters"]) == ("HD", '{"n":0}')
    assert first.definition["arguments"] == ["--n", "0"]


def test_a_sweep_with_a_child_that_fails_fails_when_all_are_over(
    home: Home, store: Store, begun: Callable[..., str]
):
    async def scenario(engine: Engine) -> None:
        engine.sweeps.begin(begun("exit 3", most_runs=2))
        assert await end_of(store, "HD") is Status.FAILED

    with_engine(home, store, scenario)

    assert statuses(store) == ["Failed", "Failed"]
    assert "at least one of the child runs" in store.runs.require("HD").error["message"]


def test_a_canceled_sweep_ends_its_children_and_begins_no_more(
    home: Home, store: Store, begun: Callable[..., str]
):
    async def scenario(engine: Engine) -> None:
        engine.sweeps.begin(begun(LONG))
        await comes(lambda: statuses(store).count("Running") == 2)
        assert engine.cancel("HD")
        assert await end_of(store, "HD") is Status.CANCELED

    with_engine(home, store, scenario, width=2)

    assert statuses(store) == ["Canceled", "Canceled"]


def test_a_sweep_ends_at_its_time_limit(home: Home, store: Store, begun: Callable[..., str]):
    async def scenario(engine: Engine) -> None:
        engine.sweeps.begin(begun(LONG, minutes=0.001))
        assert await end_of(store, "HD") is Status.CANCELED

    with_engine(home, store, scenario)

    assert store.runs.require("HD").error["code"] == "TimeLimitExceeded"
    assert set(statuses(store)) <= {"Canceled"}


def test_another_service_goes_on_with_a_sweep_where_it_was(
    home: Home, store: Store, begun: Callable[..., str], tmp_path
):
    gate = tmp_path / "gate"
    command = f"while [ ! -e {gate} ]; do sleep 0.05; done"

    async def first(engine: Engine) -> None:
        engine.sweeps.begin(begun(command))
        await comes(lambda: statuses(store).count("Running") == 2)

    async def second(engine: Engine) -> None:
        engine.recover()
        gate.touch()
        assert await end_of(store, "HD") is Status.COMPLETED

    with_engine(home, store, first, width=2)
    with_engine(home, store, second, width=2)

    assert statuses(store) == ["Completed"] * 4
    assert [store.runs.attempts(child) for child in store.sweeps.children("HD")] == [1] * 4


def test_a_run_that_falls_behind_is_ended_and_another_begun(
    home: Home, store: Store, begun: Callable[..., str]
):
    def log(child: str, value: float) -> None:
        store.metrics.add(
            [
                MetricValue(
                    child, "loss", "m", "2026-01-01T00:00:00+00:00", {"loss": "double"}, {"loss": value}
                )
            ]
        )

    async def scenario(engine: Engine) -> None:
        policy = {"name": "Bandit", "properties": {"slack_factor": 0.1, "evaluation_interval": 1}}
        engine.sweeps.begin(begun(LONG, policy=policy))
        await comes(lambda: statuses(store).count("Running") == 2)
        log("HD_0", 0.5)
        log("HD_1", 0.9)
        await comes(lambda: statuses(store)[1:] == ["Canceled", "Running"])
        assert store.runs.require("HD_0").status is Status.RUNNING
        engine.cancel("HD")
        await end_of(store, "HD")

    with_engine(home, store, scenario, width=2)

    assert store.runs.require("HD").properties["best_child_run_id"] == "HD_0"
