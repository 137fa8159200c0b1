"""A damaged database is found, set aside with what belongs to it, and said; one that is whole is left alone."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffold.workspace import opening
from scaffold.workspace.paths import Home
from scaffold.workspace.store import Store
from scaffold.workspace.store.damage import find_damage

EXPERIMENTS = 1000  # so many that most of the file is theirs


@pytest.fixture
def used(home: Home) -> Home:
    """A home with a workspace of many experiments that was closed, and a service's record of it."""
    store = Store(home)
    for number in range(EXPERIMENTS):
        store.experiments.ensure(f"experiment-{number}")
    store.content.put(b"an output")
    workspace_id = store.workspace_id
    store.close()
    home.service_record.write_text(json.dumps({"workspace_id": workspace_id}))
    return home


def cut_in_half(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size // 2)


def overwrite_end(path: Path) -> None:
    """Writes nonsense over the pages of the experiments, which nothing reads at a start."""
    with path.open("r+b") as stream:
        stream.seek(path.stat().st_size * 3 // 4)
        stream.write(b"\xa5" * (path.stat().st_size // 4))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "emptied": lambda path: path.write_bytes(b""),
    "nonsense": lambda path: path.write_bytes(b"not a database" * 1000),
    "a few bytes": lambda path: path.write_bytes(b"SQLite"),
    "cut off": cut_in_half,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_database_is_set_aside_with_its_files_and_said(
    used: Home, damage: Callable[[Path], object]
):
    (content,) = (path.relative_to(used.blobs) for path in used.blobs.rglob("*") if path.is_file())
    before = json.loads(used.service_record.read_bytes())["workspace_id"]
    damage(used.database)
    left = used.database.read_bytes() if used.database.exists() else None

    store = opening.open_store(used)

    note = store.set_aside
    folder = Path(note["folder"])
    assert store.workspace_id != before
    assert store.experiments.all() == []
    assert folder.parent == used.root / "set-aside"
    assert (folder / "blobs" / content).read_bytes() == b"an output"
    assert ((folder / "workspace.db").read_bytes() if left is not None else None) == left
    assert note["reason"] in used.notice.read_text(encoding="utf-8")
    assert str(folder) in used.notice.read_text(encoding="utf-8")
    store.close()


def test_a_database_that_is_whole_is_left_alone(used: Home):
    for _ in range(2):
        store = opening.open_store(used)
        assert store.set_aside is None
        assert len(store.experiments.all()) == EXPERIMENTS
        store.close()
    assert not used.notice.exists()


def test_one_that_was_not_closed_is_left_alone(used: Home):
    killed = Store(used)
    killed.experiments.ensure("the last")

    assert find_damage(used.database, suspected=False) is None
    store = opening.open_store(used)
    assert len(store.experiments.all()) == EXPERIMENTS + 1

    store.close()
    killed.close()


def test_a_first_start_that_was_killed_at_once_is_no_damage(home: Home):
    home.database.write_bytes(b"")

    store = opening.open_store(home)

    assert store.set_aside is None
    store.close()


def test_damage_that_a_request_meets_stops_the_service_and_is_looked_at_closely(used: Home):
    overwrite_end(used.database)
    store, stopped = opening.open_store(used), []
    opening.watch_for_damage(used, store, lambda: stopped.append(True))

    with pytest.raises(sqlite3.DatabaseError):
        store.experiments.all()
    store.close()

    assert stopped == [True]
    assert used.damage.exists()
    after = opening.open_store(used)
    assert after.set_aside is not None
    assert not used.damage.exists()
    after.close()


def test_damage_that_is_not_there_when_it_is_looked_for_is_forgotten(used: Home):
    used.damage.write_text("database disk image is malformed")

    store = opening.open_store(used)

    assert len(store.experiments.all()) == EXPERIMENTS
    assert not used.damage.exists()
    store.close()


def test_two_damages_in_one_second_are_set_aside_side_by_side(used: Home):
    folders = set()
    for _ in range(3):
        used.database.write_bytes(b"not a database" * 1000)
        store = opening.open_store(used)
        folders.add(store.set_aside["folder"])
        store.close()

    assert len(folders) == 3
