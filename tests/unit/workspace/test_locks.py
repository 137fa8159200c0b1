"""A database that another program has locked: nothing is lost of what a run does meanwhile, and who asks is told."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scaffold.workspace import faults
from scaffold.workspace.engine.engine import Engine
from scaffold.workspace.paths import Home
from scaffold.workspace.room import is_locked, passes
from scaffold.workspace.runs import Status
from scaffold.workspace.store import Store, database
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from tests.unit.workspace.test_engine import HERE
from tests.waiting import comes

WAITS = 'while [ ! -e "{gate}" ]; do sleep 0.02; done; echo kept > outputs/result.txt'


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the database give up at once, so that a short lock does what a long one does."""
    monkeypatch.setattr(database, "_BUSY_MILLISECONDS", 1)


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Another program has the database locked."""
    connection = sqlite3.connect(home.database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()


@pytest.fixture
def patient(home: Home) -> Iterator[Store]:
    store = Store(home)
    yield store
    store.close()


def submitted(store: Store, command: str) -> str:
    experiment = store.experiments.ensure("e")
    definition = {"command": command, "environment": HERE}
    store.runs.create("r", experiment.experiment_id, status=Status.NOT_STARTED, definition=definition)
    return "r"


def carried_out(home: Home, store: Store, scenario: Callable[[Engine], Awaitable[None]]) -> None:
    async def whole() -> None:
        engine = Engine(home, store, lambda _: {}, lambda *_: None)
        try:
            await scenario(engine)
            await comes(lambda: store.runs.require("r").status.terminal and not engine.busy)
        finally:
            await engine.stop()

    asyncio.run(whole())


def met(caplog: pytest.LogCaptureFixture) -> bool:
    """True once the engine has met the lock."""
    said = [record.getMessage() for record in caplog.records]
    return any("locked" in text for text in said)


def kept(store: Store) -> bytes:
    blob = store.blobs.get(ARTIFACTS, f"{artifact_prefix('r')}outputs/result.txt")
    assert blob is not None
    file = store.blobs.file(blob)
    assert file is not None
    return file.read_bytes()


@pytest.mark.parametrize("when", ["submitted", "running", "ending"])
def test_a_run_loses_nothing_to_a_lock(
    home: Home, patient: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture, when: str
):
    store, gate = patient, tmp_path / "gate"
    run_id = submitted(store, WAITS.format(gate=gate))

    async def scenario(engine: Engine) -> None:
        if when == "submitted":
            with locked(home):
                engine.submit(run_id)
                gate.touch()
                await comes(lambda: met(caplog))
            return
        engine.submit(run_id)
        wanted = Status.RUNNING if when == "ending" else Status.STARTING
        await comes(lambda: store.runs.require(run_id).status in (wanted, Status.RUNNING))
        with locked(home):
            gate.touch()
            await comes(lambda: met(caplog))

    with caplog.at_level(logging.WARNING):
        carried_out(home, store, scenario)

    run = store.runs.require(run_id)
    assert (run.status, run.error, run.exit_code) == (Status.COMPLETED, None, 0)
    assert kept(store) == b"kept\n"
    assert list(home.runs.iterdir()) == []


def test_a_run_that_is_cancelled_before_its_first_step_is_canceled_after_a_lock(
    home: Home, patient: Store, monkeypatch: pytest.MonkeyPatch
):
    store = patient
    run_id = submitted(store, "exit 0")
    moves, move = [], store.runs.move

    def noted(run_id: str, status: Status, **changes: object) -> object:
        moves.append(status)
        return move(run_id, status, **changes)

    async def scenario(engine: Engine) -> None:
        engine.submit(run_id)
        engine.cancel(run_id)
        monkeypatch.setattr(store.runs, "move", noted)
        with locked(home):
            await comes(lambda: Status.CANCELED in moves)

    carried_out(home, store, scenario)

    assert store.runs.require(run_id).status is Status.CANCELED


def test_runs_are_taken_up_after_a_lock(home: Home, patient: Store, caplog: pytest.LogCaptureFixture):
    run_id = submitted(patient, "echo kept > outputs/result.txt")
    patient.runs.move(run_id, Status.PREPARING)

    async def scenario(engine: Engine) -> None:
        with locked(home):
            engine.recover()
            await comes(lambda: met(caplog))

    with caplog.at_level(logging.WARNING):
        carried_out(home, patient, scenario)

    assert patient.runs.require(run_id).status is Status.COMPLETED


def test_whether_it_is_free_is_told_without_waiting(home: Home, patient: Store):
    assert patient.database.is_free()
    with locked(home):
        assert not patient.database.is_free()
        assert patient.runs.get("nobody") is None  # who only reads is not kept waiting
    assert patient.database.is_free()


def test_who_asks_is_told_to_ask_again(home: Home, patient: Store):
    with locked(home), pytest.raises(sqlite3.OperationalError) as raised:
        patient.experiments.ensure("e")

    assert is_locked(raised.value)
    assert passes(raised.value)
    fault = faults.of_failure(raised.value)
    assert (fault.status, fault.headers["retry-after"]) == (503, "2")
    assert "Another program has the local workspace's database locked" in fault.message
