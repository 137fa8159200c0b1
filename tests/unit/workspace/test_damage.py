"""A damaged database is found, set aside with what belongs to it, and said; one that is whole is left alone."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffold.errors import WorkspaceError
from scaffold.workspace import opening
from scaffold.workspace.paths import Home
from scaffold.workspace.record import ServiceRecord
from scaffold.workspace.store import Store
from scaffold.workspace.store.damage import find_damage, lost_ahead

EXPERIMENTS = 1000  # so many that most of the file is theirs
FEW = 60  # so few that all of them are in the log


@pytest.fixture
def used(home: Home) -> Home:
    """A home with a workspace of many experiments that was closed, and a service's record of it."""
    store = Store(home)
    for number in range(EXPERIMENTS):
        store.experiments.ensure(f"experiment-{number}")
    store.content.put(b"an output")
    workspace_id = store.workspace_id
    store.close()
    record_of(workspace_id).save(home)
    return home


def record_of(workspace_id: str, mark: int = 0) -> ServiceRecord:
    return ServiceRecord(
        pid=11,
        https_port=1,
        http_port=2,
        version="1",
        workspace_id=workspace_id,
        mark=mark,
        boot=opening.boot(),
    )


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
    before = ServiceRecord.load(used).workspace_id
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


def killed(home: Home, *, closed_before: bool) -> None:
    """Leaves the home as a service does that is killed: with the log of what it wrote beside the database.

    Args:
        home: an empty state folder.
        closed_before: whether an earlier service had closed the database, so that not all of it is in the log.
    """
    living = Home(home.root.with_name("living"))
    living.create()
    store = Store(living)
    if closed_before:
        store.experiments.ensure("the first")
        store.close()
        store = Store(living)
    for number in range(FEW):
        store.experiments.ensure(f"experiment-{number}")
    for file in living.root.glob("workspace.db*"):
        shutil.copyfile(file, home.root / file.name)
    record_of(store.workspace_id).save(home)
    store.close()


def spoil_middle(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(path.stat().st_size // 2)
        stream.write(b"\xa5" * 64)


LOSSES: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "emptied": lambda log: log.write_bytes(b""),
    "cut off": cut_in_half,
    "cut by one byte": lambda log: log.write_bytes(log.read_bytes()[:-1]),
    "overwritten": spoil_middle,
}


@pytest.mark.parametrize("closed_before", [False, True])
@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_a_log_that_was_lost_after_a_kill_is_damage(
    home: Home, lose: Callable[[Path], object], closed_before: bool
):
    killed(home, closed_before=closed_before)
    before = ServiceRecord.load(home).workspace_id
    lose(home.database.with_name("workspace.db-wal"))

    store = opening.open_store(home)

    assert store.set_aside is not None
    assert store.workspace_id != before
    assert "was damaged" in home.notice.read_text(encoding="utf-8")
    store.close()


@pytest.mark.parametrize("closed_before", [False, True])
def test_a_log_that_is_whole_is_read_after_a_kill(home: Home, closed_before: bool):
    killed(home, closed_before=closed_before)
    assert not lost_ahead(home.database)

    store = opening.open_store(home)

    assert store.set_aside is None
    assert len(store.experiments.all()) == FEW + closed_before
    store.close()


def test_a_kill_and_somebody_elses_look_into_the_file_lose_nothing(home: Home):
    killed(home, closed_before=True)
    connection = sqlite3.connect(home.database)  # which moves the log into the database, and removes it
    assert connection.execute("SELECT COUNT(*) FROM experiments").fetchone()[0] == FEW + 1
    connection.close()
    assert not home.database.with_name("workspace.db-wal").exists()

    store = opening.open_store(home)

    assert store.set_aside is None
    assert len(store.experiments.all()) == FEW + 1
    store.close()


def test_what_a_loss_of_power_leaves_is_no_damage(home: Home):
    """The index of the log may have come to the disk before the log."""
    killed(home, closed_before=True)
    record = ServiceRecord.load(home)
    ServiceRecord(record.pid, 1, 2, "1", record.workspace_id, boot="an earlier one", mark=9).save(home)
    cut_in_half(home.database.with_name("workspace.db-wal"))

    store = opening.open_store(home)

    assert store.set_aside is None
    store.close()


def test_a_loss_is_seen_in_the_files_alone(home: Home):
    killed(home, closed_before=True)
    log = home.database.with_name("workspace.db-wal")
    cut_in_half(log)
    assert lost_ahead(home.database)
    log.unlink()
    assert lost_ahead(home.database)


def test_a_database_that_is_older_than_what_ran_last_is_not_gone_on_with_in_silence(home: Home):
    killed(home, closed_before=True)
    for suffix in ("-wal", "-shm"):
        home.database.with_name(f"workspace.db{suffix}").unlink()
    record_of(str(ServiceRecord.load(home).workspace_id), mark=1).save(home)

    with pytest.raises(WorkspaceError, match="is older than the workspace that ran here last") as refused:
        opening.open_store(home)

    assert str(home.service_record) in refused.value.hint
    home.service_record.unlink()
    store = opening.open_store(home)
    assert [experiment.name for experiment in store.experiments.all()] == ["the first"]
    store.close()


def test_a_mark_grows_from_service_to_service(home: Home):
    marks = []
    for _ in range(2):
        store = Store(home)
        marks += [store.mark(), store.mark()]
        store.close()

    assert marks == [1, 2, 3, 4]


def test_another_workspaces_database_is_not_taken_for_this_one(used: Home, tmp_path: Path):
    other = Home(tmp_path / "other")
    other.create()
    Store(other).close()
    shutil.copyfile(other.database, used.database)

    with pytest.raises(WorkspaceError, match="is another workspace's"):
        opening.open_store(used)


def test_a_database_that_cannot_be_opened_is_told_by_path_and_cause(home: Home):
    home.database.mkdir()

    with pytest.raises(OSError) as raised:
        opening.open_store(home)

    said = opening.refusal(home, raised.value)
    assert str(home.database) in said.message
    assert "irectory" in said.message


def test_a_lock_of_another_program_is_told_as_one(used: Home):
    connection = sqlite3.connect(used.database, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(sqlite3.OperationalError) as raised:
            sqlite3.connect(used.database, timeout=0).execute("BEGIN EXCLUSIVE")
    finally:
        connection.close()

    assert "Another program has the database" in opening.refusal(used, raised.value).message
