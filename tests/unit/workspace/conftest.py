"""A home and a store of the test's own, real ones on disk."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scaffold.workspace.paths import Home
from scaffold.workspace.store import Store


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty state folder."""
    home = Home(tmp_path / "state")
    home.create()
    return home


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    """The store of that folder."""
    store = Store(home)
    yield store
    store.close()


def together(work: list[Callable[[], object]]) -> None:
    """Runs the functions in threads that start at the same moment, and raises what one of them raised."""
    barrier, failures = threading.Barrier(len(work)), []

    def run(function: Callable[[], object]) -> None:
        barrier.wait()
        try:
            function()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(function,)) for function in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
