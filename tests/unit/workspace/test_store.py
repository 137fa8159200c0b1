"""The store of one workspace: the database file, runs, blobs, contents and snapshots."""

import os
import sqlite3
import sys
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaffold.workspace.paths import Home
from scaffold.workspace.room import is_lack_of_room
from scaffold.workspace.runs import IllegalTransitionError, Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS, SNAPSHOTS
from scaffold.workspace.store.database import Database, DatabaseTooNewError
from scaffold.workspace.store.listing import Query
from scaffold.workspace.store.metrics import MetricValue
from scaffold.workspace.store.migrations import MIGRATIONS
from scaffold.workspace.store.runs import Run
from scaffold.workspace.store.snapshots import Snapshot, SnapshotFile
from tests.unit.workspace.conftest import together


def create(store: Store, run_id: str, experiment: str = "e", **fields) -> Run:
    experiment_id = store.experiments.ensure(experiment).experiment_id
    return store.runs.create(run_id, experiment_id, status=Status.NOT_STARTED, **fields)


# The database file


def test_a_fresh_file_has_the_newest_schema_and_an_identity(home: Home):
    store = Store(home)

    assert uuid.UUID(store.workspace_id)
    assert store.database.one("PRAGMA user_version")[0] == len(MIGRATIONS)
    assert store.database.one("PRAGMA journal_mode")[0] == "wal"
    store.close()


def test_a_file_that_is_opened_again_holds_what_it_held(home: Home):
    first = Store(home)
    create(first, "r", tags={"größe": "ü"})
    first.runs.move("r", Status.RUNNING)
    first.close()

    second = Store(home)

    assert (second.workspace_id, second.created) == (first.workspace_id, first.created)
    run = second.runs.require("r")
    assert (run.status, run.tags) == (Status.RUNNING, {"größe": "ü"})
    second.close()


def test_another_home_is_another_workspace(home: Home, store: Store, tmp_path: Path):
    other = Home(tmp_path / "other")
    other.create()
    elsewhere = Store(other)

    assert elsewhere.workspace_id != store.workspace_id
    elsewhere.close()


def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(home: Home):
    Store(home).close()
    with sqlite3.connect(home.database) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()

    with pytest.raises(DatabaseTooNewError):
        Store(home)

    with sqlite3.connect(home.database) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS) + 1
    connection.close()


def test_a_file_that_is_no_database_is_refused(home: Home):
    home.database.write_text("this is no database, however long it is" * 100)

    with pytest.raises(sqlite3.DatabaseError):
        Store(home)


def test_a_transaction_is_kept_whole_or_not_at_all(store: Store):
    with pytest.raises(ZeroDivisionError), store.database.transaction():
        create(store, "r")  # itself a transaction
        raise ZeroDivisionError

    assert store.runs.get("r") is None
    assert store.experiments.by_name("e") is None


def test_what_was_answered_survives_a_process_that_dies(home: Home):
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom scaffold.workspace.paths import Home\n"
        "from scaffold.workspace.store import Store\n"
        "Store(Home(Path(sys.argv[1]))).experiments.ensure('kept')\nos._exit(9)"
    )
    import subprocess

    done = subprocess.run([sys.executable, "-c", script, str(home.root)], check=False)

    assert done.returncode == 9
    store = Store(home)
    assert store.experiments.by_name("kept") is not None
    store.close()


# Experiments and runs


def test_an_experiment_of_a_name_is_made_once(store: Store):
    together([lambda: store.experiments.ensure("one")] * 8)

    assert len(store.experiments.all()) == 1
    assert store.experiments.ensure("one") == store.experiments.by_name("one")


def test_names_that_differ_in_case_are_two_experiments(store: Store):
    assert store.experiments.ensure("a").experiment_id != store.experiments.ensure("A").experiment_id


def test_runs_are_numbered_within_their_experiment(store: Store):
    numbers = [create(store, run_id, name).number for run_id, name in (("1", "a"), ("2", "b"), ("3", "a"))]

    assert numbers == [1, 1, 2]


def test_the_runs_of_an_experiment_are_numbered_and_listed_by_indexes(store: Store):
    """Neither takes longer the more runs there are."""
    for statement, index in (
        ("SELECT MAX(number) FROM runs WHERE experiment_id = ?", "runs_by_number"),
        (
            "SELECT * FROM runs WHERE experiment_id = ? ORDER BY created DESC, rowid DESC",
            "runs_by_experiment",
        ),
    ):
        (step,) = store.database.all(f"EXPLAIN QUERY PLAN {statement}", "x")  # so there is no sorting besides
        assert f"INDEX {index} " in step["detail"]


def test_many_writers_at_once_get_every_number_once(store: Store):
    together([lambda name=name: create(store, f"r{name}") for name in range(16)])

    experiment = store.experiments.ensure("e")
    numbers = [run.number for run in store.runs.of_experiment(experiment.experiment_id)]
    assert sorted(numbers) == list(range(1, 17))
    assert store.runs.count_by_status() == {"NotStarted": 16}


def test_a_run_id_is_given_once(store: Store):
    create(store, "r")

    with pytest.raises(sqlite3.IntegrityError):
        create(store, "r", "another")


def test_children_know_their_parent_and_their_root(store: Store):
    create(store, "root")
    create(store, "child", parent_run_id="root")
    grandchild = create(store, "grandchild", parent_run_id="child")

    assert (grandchild.parent_run_id, grandchild.root_run_id) == ("child", "root")
    assert [run.run_id for run in store.runs.children("root")] == ["child"]


def test_moving_a_run_notes_when_and_keeps_its_history(store: Store):
    create(store, "r")
    running = store.runs.move("r", Status.RUNNING)
    ended = store.runs.move("r", Status.FAILED, exit_code=3, error={"code": "UserError", "message": "m"})

    assert running.started is not None
    assert running.ended is None
    assert (ended.exit_code, ended.error) == (3, {"code": "UserError", "message": "m"})
    assert ended.created <= running.started <= ended.ended
    assert [status for status, _ in store.runs.history("r")] == ["NotStarted", "Running", "Failed"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(list(Status)), max_size=8))
def test_a_stored_run_never_leaves_a_terminal_status(store: Store, wishes: list[Status]):
    run_id = uuid.uuid4().hex
    create(store, run_id)
    for wish in wishes:
        before = store.runs.require(run_id)
        try:
            store.runs.move(run_id, wish)
        except IllegalTransitionError:
            assert store.runs.require(run_id) == before
        else:
            assert not before.status.terminal


def test_only_one_of_many_ends_of_a_run_counts(store: Store):
    create(store, "r")
    refused = []

    def end(status: Status) -> None:
        try:
            store.runs.move("r", status)
        except IllegalTransitionError:
            refused.append(status)

    together([lambda s=s: end(s) for s in (Status.COMPLETED, Status.FAILED, Status.CANCELED) * 3])

    assert len(refused) == 8
    assert len(store.runs.history("r")) == 2


def test_tags_and_properties_are_added_to_those_that_are_there(store: Store):
    create(store, "r", tags={"a": "1"}, properties={"p": "1"})

    together([lambda n=n: store.runs.merge("r", tags={f"t{n}": "x"}, properties={}) for n in range(8)])

    run = store.runs.require("r")
    assert run.tags == {"a": "1", **{f"t{n}": "x" for n in range(8)}}
    assert run.properties == {"p": "1"}


def test_unfinished_runs_are_those_of_ours_that_are_not_over_in_the_order_they_came(store: Store):
    for run_id in ("b", "a", "over"):
        create(store, run_id, definition={"script": "s"})
    create(store, "of another's making")
    store.runs.move("over", Status.CANCELED)

    assert [run.run_id for run in store.runs.unfinished()] == ["b", "a"]


# Metrics


def test_metrics_keep_their_order_and_any_name(store: Store):
    create(store, "r")

    def value(name: str, number: float, step: int) -> MetricValue:
        return MetricValue("r", name, str(uuid.uuid4()), "t", {name: "Double"}, {name: number}, step=step)

    store.metrics.add([value("λ loss: α", 0.5, 0), value("acc", 1.0, 0), value("λ loss: α", 0.25, 1)])

    assert store.metrics.names("r") == ["λ loss: α", "acc"]
    assert [v.data for v in store.metrics.values("r", "λ loss: α")] == [
        {"λ loss: α": 0.5},
        {"λ loss: α": 0.25},
    ]
    assert {v.name: v.step for v in store.metrics.latest("r")} == {"λ loss: α": 1, "acc": 0}


def test_the_latest_value_of_a_metric_is_that_of_its_highest_step(store: Store):
    create(store, "r")

    def latest(*steps: int | None) -> str:
        values = [
            MetricValue("r", "m", str(uuid.uuid4()), "t", {"m": "Float"}, {"m": step}, step=step)
            for step in steps
        ]
        store.metrics.add(values)
        (value,) = store.metrics.latest("r")
        assert [run.run_id for run in matching(store, f"metrics.m = {value.data['m'] or 0}")] == (
            ["r"] if value.data["m"] is not None else []
        )
        return value.metric_id

    first = latest(None)
    assert latest(3, 1) != first
    third = latest(3)
    assert latest(2, 1, 0) == third
    assert latest(None) == third
    assert latest(3) != third


@pytest.mark.parametrize(
    ("data", "found"),
    [({"m": 0.25}, {"lesser"}), ({"m": 3}, {"greater"}), ({"m": True}, {"greater"}), ({"m": 10**400}, set()),
     ({"m": 2**70}, {"greater"}), ({"m": float("inf")}, {"greater"}), ({"m": -float("inf")}, {"lesser"}),
     ({"m": float("nan")}, set()), ({"m": "9"}, set()), ({"m": None}, set()), ({"m": 9, "n": 9}, set()), ({}, set())],
)  # fmt: skip
def test_a_run_is_found_by_what_is_one_number(store: Store, data: dict[str, object], found: set[str]):
    create(store, "r")
    store.metrics.add([MetricValue("r", "m", "1", "t", dict.fromkeys(data, "Float"), data)])

    comparisons = {"lesser": "metrics.m < 0.5", "greater": "metrics.m > 0.5"}
    assert {name for name, condition in comparisons.items() if matching(store, condition)} == found


def matching(store: Store, condition: str) -> list[Run]:
    return store.run_lists.page(Query(condition=condition))[0]


def test_a_batch_of_metrics_is_kept_whole_or_not_at_all(store: Store):
    create(store, "r")
    good = MetricValue("r", "m", "1", "t", {}, {})
    of_no_run = MetricValue("no such run", "m", "2", "t", {}, {})

    with pytest.raises(sqlite3.IntegrityError):
        store.metrics.add([good, of_no_run])

    assert store.metrics.names("r") == []


# Contents


def test_equal_contents_are_kept_once(store: Store):
    first, second = store.content.put(b"same"), store.content.put(b"same")

    assert first == second
    assert [path.name for path in store.content.folder.rglob("*") if path.is_file()] == [first]
    assert list(store.content.staging.iterdir()) == []


def test_writers_of_one_content_at_once_keep_it_once_and_whole(store: Store):
    data = os.urandom(200_000)

    together([lambda: store.content.put(data)] * 8)

    (kept,) = (path for path in store.content.folder.rglob("*") if path.is_file())
    assert kept.read_bytes() == data
    assert list(store.content.staging.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_a_kept_file_is_read_only_and_for_its_owner_alone(store: Store):
    path = store.content.path(store.content.put(b"kept"))

    assert path.stat().st_mode & 0o777 == 0o400
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_restored_file_may_be_changed_without_changing_what_is_kept(store: Store, tmp_path: Path):
    sha256 = store.content.put(b"kept")
    target = tmp_path / "deep" / "er" / "file"

    store.content.restore(sha256, target)
    target.write_bytes(b"changed")

    assert store.content.path(sha256).read_bytes() == b"kept"


def test_a_file_that_is_taken_stays_where_it_was(store: Store, tmp_path: Path):
    log = tmp_path / "log"
    log.write_bytes(b"x" * 3_000_000)

    sha256, size = store.content.take(log)

    assert size == 3_000_000
    assert log.read_bytes() == store.content.path(sha256).read_bytes()


def test_nothing_of_an_upload_is_seen_before_it_is_kept(store: Store):
    writer = store.content.writer()
    writer.write(b"half")
    assert [path for path in store.content.folder.rglob("*") if path.is_file()] == []

    writer.discard()
    assert list(store.content.staging.iterdir()) == []


def test_what_a_crash_left_in_staging_is_cleared_and_what_was_kept_stays(store: Store):
    sha256 = store.content.put(b"kept")
    writer = store.content.writer()
    writer.write(b"half")
    (store.content.staging / "blocks-0").mkdir()
    (store.content.staging / "blocks-0" / "00").write_bytes(b"block")

    store.content.clear_staging()

    assert list(store.content.staging.iterdir()) == []
    assert store.content.path(sha256).read_bytes() == b"kept"
    writer._stream.close()


# Blobs


def test_blobs_under_a_prefix_are_those_whose_names_start_with_it_letter_by_letter(store: Store):
    names = ["100%/a", "100_/b", "100x/c", "ü/größe", "ü/日本", "ü", "ú/x", "A/x", "a/x", "a/🙂", "a0", "a/"]
    for name in names:
        store.blobs.put(ARTIFACTS, name, sha256="0", size=1)
    store.blobs.put(SNAPSHOTS, "a/elsewhere", sha256="0", size=1)

    for prefix in ("100%/", "100_/", "ü/", "a/", "a/🙂", "A/", "", "nothing/"):
        found = [blob.name for blob in store.blobs.under(ARTIFACTS, prefix)]
        assert sorted(found) == sorted(name for name in names if name.startswith(prefix)), prefix


def test_announcing_a_blob_does_not_touch_what_is_there(store: Store):
    store.blobs.announce(ARTIFACTS, "new")
    store.blobs.put(ARTIFACTS, "old", sha256=store.content.put(b"x"), size=1, content_type="text/plain")
    before = store.blobs.get(ARTIFACTS, "old")

    store.blobs.announce(ARTIFACTS, "old")

    assert store.blobs.get(ARTIFACTS, "old") == before
    announced = store.blobs.get(ARTIFACTS, "new")
    assert announced is not None
    assert not announced.written
    assert store.blobs.file(announced) is None


def test_a_name_can_be_given_to_another_content(store: Store, tmp_path: Path):
    live = tmp_path / "log"
    store.blobs.put(ARTIFACTS, "n", live_path=live)
    growing = store.blobs.get(ARTIFACTS, "n")
    store.blobs.put(ARTIFACTS, "n", sha256=store.content.put(b"kept"), size=4)
    kept = store.blobs.get(ARTIFACTS, "n")

    assert store.blobs.file(growing) == live
    assert store.blobs.file(kept).read_bytes() == b"kept"
    assert kept.live_path is None
    assert kept.created == growing.created


def test_removing_a_name_leaves_a_content_that_another_has(store: Store):
    sha256 = store.content.put(b"shared")
    for name in ("one", "two"):
        store.blobs.put(ARTIFACTS, name, sha256=sha256, size=6)

    assert store.blobs.remove(ARTIFACTS, "one")
    assert not store.blobs.remove(ARTIFACTS, "one")

    assert store.blobs.file(store.blobs.get(ARTIFACTS, "two")).read_bytes() == b"shared"


# Snapshots


def test_a_snapshot_is_read_as_it_was_written(store: Store):
    files = [SnapshotFile("b.py", "h1", "s1", 1), SnapshotFile("a/größe.txt", "h2", "s2", 2)]
    root = {"name": "", "type": "Directory", "children": {"a": {"name": "a"}}}
    store.snapshots.add(Snapshot("1", "", root, None, {"t": "1"}, {"p": "1"}), files)

    kept = store.snapshots.get("1")
    assert (kept.root, kept.tags, kept.properties, kept.parent_id) == (root, {"t": "1"}, {"p": "1"}, None)
    assert store.snapshots.files("1") == sorted(files, key=lambda file: file.path)
    assert store.snapshots.get("2") is None
    assert store.snapshots.files("2") == []


def test_the_latest_snapshot_is_the_one_added_last(store: Store):
    assert store.snapshots.latest() is None
    for snapshot_id in ("b", "a"):
        store.snapshots.add(Snapshot(snapshot_id, "", {}), [])

    assert store.snapshots.latest().snapshot_id == "a"


def test_a_snapshot_that_cannot_be_kept_leaves_nothing(store: Store):
    twice = [SnapshotFile("a", "h", "s", 1)] * 2

    with pytest.raises(sqlite3.IntegrityError):
        store.snapshots.add(Snapshot("1", "", {}), twice)

    assert store.snapshots.get("1") is None


def test_one_connection_serves_one_process_from_many_threads(home: Home):
    database = Database(home.database)
    database.execute("CREATE TABLE t (n INTEGER)")

    def write() -> None:
        for number in range(25):
            with database.transaction():
                database.execute("INSERT INTO t VALUES (?)", number)

    together([write] * 8)

    assert database.one("SELECT COUNT(*) FROM t")[0] == 200
    database.close()


def test_a_transaction_that_cannot_be_committed_leaves_none_behind(home: Home, store: Store):
    with pytest.raises(sqlite3.IntegrityError), store.database.transaction():
        store.database.execute("PRAGMA defer_foreign_keys=ON")
        store.database.execute("INSERT INTO status_history VALUES ('nobody', 'Running', '')")

    kept = store.experiments.ensure("kept").name
    with store.database.transaction():
        store.database.execute("UPDATE experiments SET description = 'x'")

    with sqlite3.connect(home.database) as other:
        assert other.execute("SELECT name, description FROM experiments").fetchall() == [(kept, "x")]


def test_a_full_database_refuses_and_goes_on_when_there_is_room_again(store: Store):
    store.database.execute("CREATE TABLE ballast (data BLOB)")
    pages = store.database.one("PRAGMA page_count")[0]
    store.database.execute(f"PRAGMA max_page_count={pages + 2}")

    with pytest.raises(sqlite3.OperationalError, match="full") as refused, store.database.transaction():
        store.experiments.ensure("lost")
        store.database.execute("INSERT INTO ballast VALUES (zeroblob(1000000))")
    assert is_lack_of_room(refused.value)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.database.execute("INSERT INTO ballast VALUES (zeroblob(1000000))")

    store.database.execute(f"PRAGMA max_page_count={pages + 1000}")
    store.experiments.ensure("kept")
    assert [experiment.name for experiment in store.experiments.all()] == ["kept"]
