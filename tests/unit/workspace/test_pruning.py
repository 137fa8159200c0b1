"""What prune removes of the files, what it leaves, and what is there when it is killed halfway."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from scaffold.workspace.paths import Home
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS, CODE, DATASTORE, SNAPSHOTS
from scaffold.workspace.store.database import now
from scaffold.workspace.store.pruning import prune_content
from scaffold.workspace.store.snapshots import Snapshot, SnapshotFile
from tests.unit.workspace.conftest import together

DAY = timedelta(days=1)


def old(*files: Path) -> None:
    """Lets nothing have happened to files, or to all in folders, for two days."""
    then = (now() - 2 * DAY).timestamp()
    for file in files:
        for path in [*file.rglob("*"), file] if file.is_dir() else [file]:
            os.utime(path, (then, then))


def prune(store: Store) -> int:
    """How many files it removed; what it says of their size is looked at here."""
    before = taken(store)
    done = prune_content(store.database, store.content, now() - DAY)
    assert (done.before, done.after) == (before, taken(store))
    return done.files


def taken(store: Store) -> int:
    uploads = [path for path in store.content.staging.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in [*files(store), *uploads])


def files(store: Store) -> list[Path]:
    return [path for path in store.content.folder.rglob("*") if path.is_file()]


def test_what_has_lost_its_last_name_goes_and_what_anything_refers_to_stays(store: Store):
    contents = {name: store.content.put(name.encode()) for name in ("first", "second", "shared", "source")}
    for name, content in (("a", "first"), ("a", "second"), ("b", "shared"), ("c", "shared")):
        store.blobs.put(DATASTORE, name, sha256=contents[content], size=6)
    store.blobs.remove(DATASTORE, "c")
    store.snapshots.add(Snapshot("s", "", {}), [SnapshotFile("train.py", "hash", contents["source"], 6)])
    old(store.content.folder)

    assert prune(store) == 1

    assert {path.read_text() for path in files(store)} == {"second", "shared", "source"}
    assert prune(store) == 0


def test_what_is_on_its_way_stays(store: Store):
    store.content.put(b"kept, and named in a moment")
    again = store.content.put(b"kept before, without a name since")
    old(store.content.path(again))
    assert store.content.put(b"kept before, without a name since") == again
    (store.content.staging / "blocks-0").mkdir()

    assert prune(store) == 0

    assert len(files(store)) == 2
    assert list(store.content.staging.iterdir()) == [store.content.staging / "blocks-0"]


@pytest.mark.skipif(sys.platform != "linux", reason="only there a file is kept under a second name")
def test_what_is_kept_is_young_whatever_time_its_maker_gave_it(store: Store, tmp_path: Path):
    output = tmp_path / "model.bin"
    output.write_bytes(b"model")
    old(output)

    sha256, _ = store.content.take(output, settled=True)

    assert prune(store) == 0
    assert store.content.path(sha256).read_bytes() == b"model"


def test_uploads_that_were_given_up_go(store: Store):
    sha256 = store.content.put(b"for a snapshot that never came")
    store.blobs.put(SNAPSHOTS, "upload/0", sha256=sha256, size=30)
    store.blobs.put(f"{CODE}1", "src/run.py", sha256=store.content.put(b"for code that never came"), size=24)
    store.content.growing().write_bytes(b"for a blob that was replaced")
    grows = store.content.growing()
    store.blobs.put(ARTIFACTS, "log", live_path=grows)
    (store.content.staging / "blocks-0").mkdir()
    (store.content.staging / "blocks-0" / "00").write_bytes(b"block")
    old(store.content.folder, store.content.staging)

    assert prune(store) == 1
    assert store.blobs.get(SNAPSHOTS, "upload/0") is not None

    store.database.execute("UPDATE blobs SET modified = ?", (now() - 2 * DAY).isoformat())
    assert prune(store) == 2

    assert files(store) == [grows]
    assert list(store.content.staging.iterdir()) == []
    assert [blob.name for blob in store.blobs.under(ARTIFACTS, "")] == ["log"]
    assert store.blobs.get(SNAPSHOTS, "upload/0") is None


def test_a_file_that_is_kept_again_while_it_is_removed_is_there_afterwards(store: Store):
    contents = [str(number).encode() for number in range(300)]
    for content in contents:
        old(store.content.path(store.content.put(content)))
    kept: list[str] = []

    together([lambda: kept.extend(map(store.content.put, contents)),
              lambda: prune_content(store.database, store.content, now() - DAY)])  # fmt: skip

    assert [store.content.path(sha256).read_bytes() for sha256 in kept] == contents


# Ends itself at the hundredth file that it removes, as a kill does: nothing is run any more.
_KILLED = """
import os, sys
from datetime import timedelta
from pathlib import Path
from scaffold.workspace.paths import Home
from scaffold.workspace.store import Store
from scaffold.workspace.store.database import now
from scaffold.workspace.store.pruning import prune_content

store, removed = Store(Home(Path(sys.argv[1]))), []

def watch(event, arguments):
    if event == "os.remove" and os.sep + "blobs" + os.sep in str(arguments[0]):
        removed.append(arguments[0])
        if len(removed) == 100:
            os._exit(9)

sys.addaudithook(watch)
prune_content(store.database, store.content, now() - timedelta(days=1))
"""


def test_a_kill_halfway_leaves_every_name_its_file(home: Home):
    store = Store(home)
    for number in range(200):
        store.blobs.put(DATASTORE, f"named/{number}", sha256=store.content.put(f"named {number}".encode()))
        unnamed = store.content.put(f"unnamed {number}".encode())
        if number % 2:
            store.blobs.put(SNAPSHOTS, f"upload/{number}", sha256=unnamed)
    store.database.execute("UPDATE blobs SET modified = ?", (now() - 2 * DAY).isoformat())
    store.close()
    old(home.blobs)

    killed = subprocess.run([sys.executable, "-c", _KILLED, str(home.root)], check=False)

    assert killed.returncode == 9
    store = Store(home)
    assert len(files(store)) == 400 - 99
    named = [blob for container in (DATASTORE, SNAPSHOTS) for blob in store.blobs.under(container, "")]
    assert len(named) >= 200
    for blob in named:
        path = store.blobs.file(blob)
        assert path is not None and path.exists()
    assert prune(store) == 101
    assert {path.read_text() for path in files(store)} == {f"named {number}" for number in range(200)}
    store.close()
