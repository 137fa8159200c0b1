"""Pipelines, carried out by the engine with real processes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scaffold.workspace.engine.engine import Engine
from scaffold.workspace.paths import Home
from scaffold.workspace.runs import Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.pipelines import Pipeline
from scaffold.workspace.store.runs import PIPELINE
from tests.unit.workspace.test_engine import HERE, end_of, with_engine
from tests.waiting import comes

Commands = dict[str, str]
WAITS = "while [ ! -e {} ]; do sleep 0.05; done"


@pytest.fixture
def begun(store: Store) -> Callable[..., str]:
    """Makes a pipeline of commands in the store, without beginning with it."""

    def make(commands: Commands, after: dict[str, list[str]], *, goes_on: bool = False) -> str:
        experiment = store.experiments.ensure("e").experiment_id
        store.runs.create("P", experiment, status=Status.NOT_STARTED, recorded={PIPELINE: True})
        for name, command in commands.items():
            definition = {"command": command, "environment": HERE, "step": name}
            store.runs.create(
                f"P-{name}", experiment, status=Status.NOT_STARTED, parent_run_id="P", definition=definition
            )
        needs = {f"P-{name}": [f"P-{needed}" for needed in others] for name, others in after.items()}
        names = {f"P-{name}": name for name in commands}
        store.pipelines.add("P", Pipeline(names=names, after=needs, goes_on=goes_on))
        return "P"

    return make


def statuses(store: Store) -> dict[str, str]:
    return {child.removeprefix("P-"): status.value for child, status in store.sweeps.children("P").items()}


def test_a_step_begins_when_those_that_it_needs_are_done(
    home: Home, store: Store, begun: Callable[..., str], tmp_path: Path
):
    made = tmp_path / "made"
    commands = {"last": f"test -e {made}", "first": f"sleep 0.5; touch {made}", "other": "exit 0"}

    async def scenario(engine: Engine) -> None:
        engine.pipelines.begin(begun(commands, {"last": ["first", "other"]}))
        assert await end_of(store, "P") is Status.COMPLETED

    with_engine(home, store, scenario, width=4)

    assert statuses(store) == dict.fromkeys(commands, "Completed")
    assert store.runs.require("P-last").started > store.runs.require("P-first").ended


def test_a_step_that_fails_ends_the_others_and_the_pipeline(
    home: Home, store: Store, begun: Callable[..., str]
):
    async def scenario(engine: Engine) -> None:
        engine.pipelines.begin(
            begun({"bad": "exit 3", "next": "exit 0", "long": "sleep 600"}, {"next": ["bad"]})
        )
        assert await end_of(store, "P") is Status.FAILED

    with_engine(home, store, scenario, width=4)

    assert statuses(store) == {"bad": "Failed", "next": "Canceled", "long": "Canceled"}
    assert "The step bad has failed" in store.runs.require("P").error["message"]


def test_other_steps_go_on_where_that_was_asked_for(
    home: Home, store: Store, begun: Callable[..., str], tmp_path: Path
):
    gate = tmp_path / "gate"
    commands = {"bad": "exit 3", "next": "exit 0", "good": WAITS.format(gate), "then": "exit 0"}

    async def scenario(engine: Engine) -> None:
        engine.pipelines.begin(begun(commands, {"next": ["bad"], "then": ["good"]}, goes_on=True))
        await comes(lambda: statuses(store)["next"] == "Canceled")
        gate.touch()
        assert await end_of(store, "P") is Status.FAILED

    with_engine(home, store, scenario, width=4)

    assert statuses(store) == {"bad": "Failed", "next": "Canceled", "good": "Completed", "then": "Completed"}
    assert "bad has not succeeded" in store.runs.require("P-next").error["message"]


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_pipeline_of_which_a_step_was_canceled_has_failed(
    home: Home, store: Store, begun: Callable[..., str], tmp_path: Path, goes_on: bool
):
    gate = tmp_path / "gate"
    commands = {"long": "sleep 600", "next": "exit 0", "other": WAITS.format(gate)}

    async def scenario(engine: Engine) -> None:
        engine.pipelines.begin(begun(commands, {"next": ["long"]}, goes_on=goes_on))
        await comes(lambda: statuses(store)["long"] == statuses(store)["other"] == "Running")
        assert engine.cancel("P-long")
        await comes(lambda: statuses(store)["next"] == "Canceled")
        if goes_on:
            gate.touch()
        assert await end_of(store, "P") is Status.FAILED

    with_engine(home, store, scenario, width=4)

    other = "Completed" if goes_on else "Canceled"
    assert statuses(store) == {"long": "Canceled", "next": "Canceled", "other": other}
    assert "The step long was canceled" in store.runs.require("P").error["message"]
    assert "long has not succeeded" in store.runs.require("P-next").error["message"]


def test_a_canceled_pipeline_ends_what_runs_and_begins_nothing(
    home: Home, store: Store, begun: Callable[..., str]
):
    async def scenario(engine: Engine) -> None:
        engine.pipelines.begin(begun({"long": "sleep 600", "next": "exit 0"}, {"next": ["long"]}))
        await comes(lambda: statuses(store)["long"] == "Running")
        assert engine.cancel("P")
        assert await end_of(store, "P") is Status.CANCELED

    with_engine(home, store, scenario)

    assert statuses(store) == {"long": "Canceled", "next": "Canceled"}


def test_another_service_goes_on_with_a_pipeline_where_it_was(
    home: Home, store: Store, begun: Callable[..., str], tmp_path: Path
):
    gate = tmp_path / "gate"
    commands = {"wait": WAITS.format(gate), "next": "exit 0"}

    async def first(engine: Engine) -> None:
        engine.pipelines.begin(begun(commands, {"next": ["wait"]}))
        await comes(lambda: statuses(store)["wait"] == "Running")

    async def second(engine: Engine) -> None:
        engine.recover()
        assert statuses(store)["next"] == "NotStarted"
        gate.touch()
        assert await end_of(store, "P") is Status.COMPLETED

    with_engine(home, store, first)
    with_engine(home, store, second)

    assert statuses(store) == {"wait": "Completed", "next": "Completed"}
    assert [store.runs.attempts(child) for child in store.sweeps.children("P")] == [1, 1]
