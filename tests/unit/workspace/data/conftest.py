"""A run whose data is delivered and collected, in a real store and folder."""

from collections.abc import Callable

import pytest

from scaffold.workspace.engine.data.configuration import RunData
from scaffold.workspace.engine.data.delivery import Delivery
from scaffold.workspace.engine.data.helpers import Reader
from scaffold.workspace.engine.data.places import Places
from scaffold.workspace.engine.jobs import JobFolder, lay_out
from scaffold.workspace.paths import Home
from scaffold.workspace.runs import Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import DATASTORE
from scaffold.workspace.store.pathnames import is_safe
from scaffold.workspace.store.runs import Run

TREE = {"d/a.csv": "A", "d/sub dir/größe.txt": "G", "e/other": "O"}


@pytest.fixture
def run(store: Store) -> Run:
    """A run, with the files of TREE in the datastore."""
    fill(store, TREE)
    return store.runs.create("r", store.experiments.ensure("e").experiment_id, status=Status.NOT_STARTED)


@pytest.fixture
def folder(home: Home, store: Store, run: Run) -> JobFolder:
    """The run's folder, laid out."""
    folder = JobFolder(home, run)
    lay_out(store, folder, run)
    return folder


def fill(store: Store, files: dict[str, str]) -> None:
    for name, text in files.items():
        sha256 = store.content.put(text.encode())
        safe = is_safe(name)
        store.blobs.put(DATASTORE, name if safe else "new", sha256=sha256, size=len(text.encode()))
        if not safe:  # an older version took names that the store refuses now
            store.database.execute("UPDATE blobs SET name = ? WHERE name = 'new'", name)


def deliver(
    store: Store, folder: JobFolder, data: RunData, stopped: Callable[[], bool] = lambda: False
) -> Places:
    """Delivers the data of the run ``r``, with no reader at hand."""
    return Delivery(store, folder, Reader("no-python", {}), stopped, folder.note_data).deliver(data, "r")
