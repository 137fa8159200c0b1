"""Runs with data in the engine's hands: cancelled, interrupted and finished, with real processes."""

import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scaffold.workspace.engine.data.configuration import read_data
from scaffold.workspace.engine.data.outputs import Collection
from scaffold.workspace.engine.engine import Engine
from scaffold.workspace.engine.jobs import JobFolder, lay_out
from scaffold.workspace.logs import DATA_LOG
from scaffold.workspace.naming import WorkspaceName
from scaffold.workspace.paths import Home
from scaffold.workspace.runs import Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS, DATASTORE, artifact_prefix
from tests.unit.workspace.data.conftest import deliver, fill
from tests.unit.workspace.data.dataflows import dataflow
from tests.unit.workspace.test_engine import HERE, end_of, failure_of, with_engine
from tests.waiting import comes

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands are for a POSIX shell")
OUTPUTS = {
    "o": {
        "mechanism": "upload",
        "outputLocation": {"dataPath": {"datastoreName": "workspaceblobstore", "relativePath": "out"}},
        "additionalOptions": {"registrationOptions": {"name": "made"}},
    }
}


class Slow:
    """A web server that answers ``late`` once it is let.

    Attributes:
        asked: set when somebody asks.
        let: answers when it is set.
    """

    def __init__(self) -> None:
        self.asked, self.let = threading.Event(), threading.Event()
        slow = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                slow.asked.set()
                slow.let.wait()
                self.send_response(200)
                self.send_header("Content-Length", "4")
                self.end_headers()
                self.wfile.write(b"late")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/file"


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.let.set()
    slow.server.shutdown()
    slow.server.server_close()


def create(store: Store, command: str, *paths: str, place: str | None = None, **more: Any) -> None:
    """Makes the run ``r`` of a command with an input of these paths."""
    saved = store.datasets.save("file", dataflow(*paths), {})
    data = {"dataLocation": {"dataset": {"id": saved.saved_id}}, "mechanism": "mount", "pathOnCompute": place}
    definition = {"command": command, "environment": HERE, "data": {"x": data}, **more}
    experiment = store.experiments.ensure("e")
    store.runs.create("r", experiment.experiment_id, status=Status.NOT_STARTED, definition=definition)


def kept(store: Store, container: str, prefix: str) -> dict[str, str]:
    found = {}
    for blob in store.blobs.under(container, prefix):
        assert blob.sha256 is not None
        found[blob.name.removeprefix(prefix)] = store.content.path(blob.sha256).read_text(encoding="utf-8")
    return found


def test_a_run_is_canceled_while_its_data_is_on_its_way(home: Home, store: Store, slow: Slow, tmp_path: Path):
    create(store, "exit 0", slow.address, place=str(tmp_path / "place"))

    async def scenario(engine: Engine) -> None:
        engine.submit("r")
        await comes(slow.asked.is_set)
        assert engine.cancel("r")
        assert await end_of(store, "r") is Status.CANCELED
        assert not (tmp_path / "place").exists()

    with_engine(home, store, scenario)

    assert [status for status, _ in store.runs.history("r")][-3:] == [
        "Starting",
        "CancelRequested",
        "Canceled",
    ]


def test_what_was_on_its_way_when_the_service_stopped_is_delivered_by_the_next(
    home: Home, store: Store, slow: Slow, tmp_path: Path
):
    fill(store, {"first": "1"})
    place = str(tmp_path / "place")
    create(store, f"cp '{place}'/workspaceblobstore/first outputs/", "first", slow.address, place=place)

    async def first(engine: Engine) -> None:
        engine.submit("r")
        await comes(slow.asked.is_set)

    async def second(engine: Engine) -> None:
        engine.recover()
        slow.let.set()
        assert await end_of(store, "r") is Status.COMPLETED
        assert not Path(place).exists()

    with_engine(home, store, first)
    assert store.runs.require("r").status is Status.STARTING
    with_engine(home, store, second)

    assert kept(store, ARTIFACTS, artifact_prefix("r") + "outputs/") == {"first": "1"}


def test_what_was_being_collected_when_the_service_died_is_collected_once(home: Home, store: Store):
    create(store, "exit 0", "in", data={}, outputData=OUTPUTS)
    run = store.runs.require("r")
    folder, data = JobFolder(home, run), read_data(run.definition or {})
    lay_out(store, folder, run)
    Path(deliver(store, folder, data).outputs["o"], "file").write_text("written")
    (folder.records / "exit.json").write_text('{"exit_code": 0, "reason": "exited"}')
    Collection(store, WorkspaceName(), folder, run, folder.note_data).collect(
        data, completed=True, canceled=False
    )
    store.database.execute("UPDATE runs SET status = 'Finalizing'")

    async def scenario(engine: Engine) -> None:
        engine.recover()
        assert await end_of(store, "r") is Status.COMPLETED

    with_engine(home, store, scenario)

    assert kept(store, DATASTORE, "out/") == {"file": "written"}
    made = store.datasets.by_name("made")
    assert made is not None
    assert made.version == 1
    assert len(store.runs.require("r").recorded["outputDatasets"]) == 1


def test_data_that_is_not_there_fails_the_run_and_says_so_in_its_log(home: Home, store: Store):
    create(store, "exit 0", "nothing")

    message = failure_of(home, store)

    assert message == "Input 'x': there is nothing at 'nothing' in the datastore workspaceblobstore."
    assert message in kept(store, ARTIFACTS, artifact_prefix("r"))[DATA_LOG]


def test_a_path_that_is_not_ours_to_write_to_fails_the_run(home: Home, store: Store, tmp_path: Path):
    fill(store, {"in": "1"})
    (tmp_path / "file").touch()
    create(store, "exit 0", "in", place=str(tmp_path / "file" / "below"))

    message = failure_of(home, store)

    assert "could not be put in its place" in message
    assert str(tmp_path / "file") in message
