"""The engine itself, with a real store and real processes."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from scaffold.workspace.engine import submitter
from scaffold.workspace.engine.engine import Engine
from scaffold.workspace.engine.jobs import JobFolder, lay_out
from scaffold.workspace.paths import Home
from scaffold.workspace.runs import Status
from scaffold.workspace.store import Store
from tests.waiting import comes

HERE = {"name": "e", "python": {"userManagedDependencies": True, "interpreterPath": "python"}}


@pytest.fixture
def create(store: Store) -> Callable[..., str]:
    """Makes runs of a command in the store, without starting them."""

    def make(run_id: str, command: str = "exit 0", status: Status = Status.NOT_STARTED) -> str:
        experiment = store.experiments.ensure("e")
        definition = {"command": command, "environment": HERE}
        store.runs.create(run_id, experiment.experiment_id, status=status, definition=definition)
        return run_id

    return make


def with_engine(
    home: Home, store: Store, scenario: Callable[[Engine], Awaitable[None]], **options: int
) -> None:
    """Runs the scenario with an engine that is stopped after it."""

    async def whole() -> None:
        engine = Engine(home, store, lambda run: {"AZUREML_RUN_ID": run.run_id}, lambda *_: None, **options)
        try:
            await scenario(engine)
        finally:
            await engine.stop()

    asyncio.run(whole())


async def end_of(store: Store, run_id: str) -> Status:
    """The run's last status, once it has it."""

    await comes(lambda: store.runs.require(run_id).status.terminal)
    return store.runs.require(run_id).status


def failure_of(home: Home, store: Store) -> str:
    """Why the run ``r`` has failed, once the engine has tried to carry it out."""

    async def scenario(engine: Engine) -> None:
        engine.submit("r")
        assert await end_of(store, "r") is Status.FAILED

    with_engine(home, store, scenario)
    error = store.runs.require("r").error
    assert error is not None
    message: str = error["message"]
    return message


def test_a_run_goes_through_the_services_stages(home: Home, store: Store, create: Callable[..., str]):
    async def scenario(engine: Engine) -> None:
        engine.submit(create("r"))
        assert await end_of(store, "r") is Status.COMPLETED

    with_engine(home, store, scenario)

    stages = [status for status, _ in store.runs.history("r")]
    assert stages == ["NotStarted", "Preparing", "Queued", "Starting", "Running", "Finalizing", "Completed"]
    assert store.runs.require("r").exit_code == 0


def test_a_run_that_is_cancelled_the_moment_it_was_accepted_is_canceled(
    home: Home, store: Store, create: Callable[..., str]
):
    async def scenario(engine: Engine) -> None:
        engine.submit(create("r"))
        engine.cancel("r")  # before anything else had a turn
        assert await end_of(store, "r") is Status.CANCELED

    with_engine(home, store, scenario)


def test_only_so_many_run_at_once_and_a_queued_one_can_be_cancelled(
    home: Home, store: Store, create: Callable[..., str]
):
    async def scenario(engine: Engine) -> None:
        engine.submit(create("first", "sleep 600"))
        await comes(lambda: store.runs.require("first").status is Status.RUNNING)
        engine.submit(create("second"))
        await comes(lambda: store.runs.require("second").status is Status.QUEUED)

        assert engine.cancel("second")
        assert await end_of(store, "second") is Status.CANCELED
        assert store.runs.require("first").status is Status.RUNNING

        engine.submit(create("third"))
        assert engine.cancel("first")
        assert await end_of(store, "first") is Status.CANCELED
        assert await end_of(store, "third") is Status.COMPLETED
        assert not engine.cancel("first")

    with_engine(home, store, scenario, width=1)


def test_a_run_that_was_only_laid_out_when_its_cancel_and_the_end_of_the_service_came_is_canceled(
    home: Home, store: Store, create: Callable[..., str]
):
    run = store.runs.require(create("r"))
    lay_out(store, JobFolder(home, run), run)
    store.runs.move("r", Status.STARTING)
    store.runs.move("r", Status.CANCEL_REQUESTED)

    async def scenario(engine: Engine) -> None:
        engine.recover()
        assert await end_of(store, "r") is Status.CANCELED

    with_engine(home, store, scenario)


@pytest.mark.parametrize("status", [Status.NOT_STARTED, Status.PREPARING, Status.QUEUED, Status.STARTING])
def test_what_had_not_been_started_is_begun_again_after_a_restart(
    home: Home, store: Store, create: Callable[..., str], status: Status
):
    create("r")
    if status is not Status.NOT_STARTED:
        store.runs.move("r", status)

    async def scenario(engine: Engine) -> None:
        engine.recover()
        assert await end_of(store, "r") is Status.COMPLETED

    with_engine(home, store, scenario)


def test_a_run_goes_on_without_the_service_and_is_picked_up_by_the_next(
    home: Home, store: Store, create: Callable[..., str]
):
    marker = home.root / "go"

    async def start(engine: Engine) -> None:
        engine.submit(create("r", f"while [ ! -e '{marker}' ]; do sleep 0.05; done; exit 7"))
        folder = JobFolder(home, store.runs.require("r"))
        await comes((folder.records / "started.json").exists)

    async def pick_up(engine: Engine) -> None:
        engine.recover()
        marker.touch()
        assert await end_of(store, "r") is Status.FAILED

    with_engine(home, store, start)
    assert store.runs.require("r").status is Status.RUNNING
    with_engine(home, store, pick_up)

    run = store.runs.require("r")
    assert run.exit_code == 7
    assert [status for status, _ in store.runs.history("r")].count("Running") == 1


def test_an_interpreter_that_is_not_there_is_said(home: Home, store: Store):
    experiment = store.experiments.ensure("e")
    python = {"userManagedDependencies": True, "interpreterPath": "/no/such/python"}
    definition = {"script": "s.py", "environment": {"name": "e", "python": python}}
    store.runs.create("r", experiment.experiment_id, status=Status.NOT_STARTED, definition=definition)

    assert "'/no/such/python' that the environment names is not on this machine" in failure_of(home, store)


def test_a_reason_that_the_process_could_not_be_started_is_told_truthfully(home: Home, store: Store):
    experiment = store.experiments.ensure("e")
    definition = {"script": "s.py", "environment": HERE, "environmentVariables": {"A=B": "1"}}
    store.runs.create("r", experiment.experiment_id, status=Status.NOT_STARTED, definition=definition)

    assert "lost while the workspace was not running" not in failure_of(home, store)


def test_a_local_run_that_nobody_starts_fails_and_says_so(
    home: Home, store: Store, create: Callable[..., str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(submitter, "PATIENCE_SECONDS", 0.0)
    submitter.expect(JobFolder(home, store.runs.require(create("r"))).path)

    assert "was to be started by the program that submitted it" in failure_of(home, store)


def test_a_local_run_that_was_handed_over_is_carried_out_after_a_restart(
    home: Home, store: Store, create: Callable[..., str], tmp_path: Path
):
    folder = JobFolder(home, store.runs.require(create("r", 'echo "$OWN" > outputs/own'))).path
    submitter.expect(folder)
    record = {"folder": str(tmp_path), "environment": {"OWN": "mine", "PATH": os.environ["PATH"]}}
    (folder / submitter.RECORD).write_text(json.dumps(record))

    async def scenario(engine: Engine) -> None:
        engine.recover()
        assert await end_of(store, "r") is Status.COMPLETED
        await comes(lambda: not folder.exists())  # it goes once the run is over

    with_engine(home, store, scenario)
    assert (tmp_path / "outputs" / "own").read_text() == "mine\n"
