"""The data of a run before its process: delivered as copies, once, and taken back from wherever it was put."""

import functools
import http.server
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scaffold.workspace.engine.data.configuration import Input, Output, Reference, RunData
from scaffold.workspace.engine.data.dataflow import DataError
from scaffold.workspace.engine.data.helpers import Stopped
from scaffold.workspace.engine.jobs import JobFolder, lay_out
from scaffold.workspace.paths import Home
from scaffold.workspace.store import Store
from scaffold.workspace.store.runs import Run
from tests.unit.workspace.data.conftest import deliver, fill
from tests.unit.workspace.data.dataflows import dataflow


def asked(store: Store, *paths: str, mode: str = "mount", place: str | None = None, **more: Any) -> Input:
    saved = store.datasets.save("file", dataflow(*paths, **more), {})
    return Input("x", "x", mode, saved.saved_id, None, place, overwrite=False)


def value(store: Store, folder: JobFolder, *paths: str, **options: Any) -> Path:
    """Where an input of these paths is."""
    return Path(deliver(store, folder, RunData([asked(store, *paths, **options)])).inputs["x"][2])


def tree(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files}


# Inputs


def test_a_folder_is_a_folder_and_a_file_is_a_file(store: Store, folder: JobFolder):
    assert tree(value(store, folder, "d")) == {"a.csv": "A", "sub dir/größe.txt": "G"}
    folder.clear()
    assert value(store, folder, "d/a.csv").read_text() == "A"
    folder.clear()
    assert tree(value(store, folder, "d/*.csv")) == {"a.csv": "A"}
    folder.clear()
    assert tree(value(store, folder, "d/a.csv", steps=["- take: 1"])) == {
        "a.csv": "A"
    }  # of how many is not known


def test_several_sources_are_told_apart_and_may_name_a_file_twice(store: Store, folder: JobFolder):
    assert tree(value(store, folder, "d", "e/other", "d/a.csv")) == {
        "workspaceblobstore/d/a.csv": "A",
        "workspaceblobstore/d/sub dir/größe.txt": "G",
        "workspaceblobstore/e/other": "O",
    }


def test_all_of_many_files_come_in_the_order_of_their_names(store: Store, folder: JobFolder):
    with store.database.transaction():
        fill(store, {f"many/{number:04d}": str(number) for number in range(1234)})

    delivered = tree(value(store, folder, "many", steps=["- skip: 3", "- take: 1200"]))

    assert delivered == {f"{number:04d}": str(number) for number in range(3, 1203)}


def test_what_is_mounted_is_read_only_and_what_is_downloaded_is_not(store: Store, folder: JobFolder):
    mounted = value(store, folder, "d")
    assert os.name == "nt" or mounted.stat().st_mode & stat.S_IWUSR == 0
    modes = [path.stat().st_mode & stat.S_IWUSR for path in mounted.rglob("*") if path.is_file()]
    folder.clear()
    gone = not mounted.exists()
    downloaded = value(store, folder, "d", mode="download")

    assert not any(modes)
    assert gone
    (downloaded / "a.csv").write_text("mine")
    (downloaded / "new").touch()


def test_the_store_keeps_what_a_script_overwrites(store: Store, folder: JobFolder):
    mounted = value(store, folder, "d")

    for path in (mounted, *mounted.rglob("*")):
        path.chmod(0o777)
    (mounted / "a.csv").write_text("damaged")
    (mounted / "sub dir/größe.txt").unlink()

    folder.clear()
    assert tree(value(store, folder, "d")) == {"a.csv": "A", "sub dir/größe.txt": "G"}


@pytest.mark.parametrize(
    ("paths", "files", "named"),
    [
        (["nothing"], {}, "there is nothing at 'nothing'"),
        (["d/*.png"], {}, "there is nothing at 'd/\\*.png'"),
        (["clash"], {"clash/a": "1", "clash/a/b": "2"}, "'a/b' is a file and a folder at once"),
        (["up"], {"up/../../x": "1"}, "cannot be called '../../x'"),
        (["double"], {"double//x": "1"}, "cannot be called '/x'"),
    ],
)
def test_files_that_cannot_be_had_are_named(
    store: Store, folder: JobFolder, paths: list[str], files: dict[str, str], named: str
):
    fill(store, files)

    with pytest.raises(DataError, match=f"Input 'x': .*{named}"):
        value(store, folder, *paths)


def test_a_delivery_stops_when_it_is_told_to_and_may_be_begun_again(
    store: Store, folder: JobFolder, run: Run, tmp_path: Path
):
    data = RunData([asked(store, "d", place=str(tmp_path / "elsewhere"))])
    seen = iter([False, True])

    with pytest.raises(Stopped):
        deliver(store, folder, data, lambda: next(seen))

    assert tree(tmp_path / "elsewhere") == {"a.csv": "A"}
    lay_out(store, folder, run)
    assert not (tmp_path / "elsewhere").exists()
    deliver(store, folder, data)
    assert tree(tmp_path / "elsewhere") == {"a.csv": "A", "sub dir/größe.txt": "G"}


def test_what_was_put_elsewhere_is_taken_back_and_nothing_else(
    home: Home, store: Store, folder: JobFolder, run: Run, tmp_path: Path
):
    mine = tmp_path / "mine"
    mine.mkdir()
    value(store, folder, "d", place=str(mine))
    (mine / "sub dir" / "kept").write_text("by the script")

    JobFolder(home, run).clear()  # as a later service does

    assert tree(mine) == {"sub dir/kept": "by the script"}


def test_a_path_that_is_in_use_is_refused_in_two_lines(store: Store, folder: JobFolder, tmp_path: Path):
    (folder.work / "a.csv").write_text("of the snapshot")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").touch()

    for place, mode in (("here/..", "download"), (str(tmp_path / "used"), "mount")):
        with pytest.raises(DataError) as caught:
            value(store, folder, "d", place=os.path.normpath(place), mode=mode)
        assert len(str(caught.value).splitlines()) == 2
    assert (folder.work / "a.csv").read_text() == "of the snapshot"


def test_steps_that_only_the_reader_can_do_need_one(store: Store, folder: JobFolder):
    with pytest.raises(DataError, match="'take_random_sample', and no-python could not be started"):
        value(store, folder, "d", steps=["- take_random_sample: {probability: 0.5, seed: 3}"])


# Addresses


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A web server with ``a b.txt``, which ends ``cut.txt`` too early."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/cut.txt":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"the beginning")
            else:
                super().do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    root = tmp_path / "site"
    root.mkdir()
    (root / "a b.txt").write_text("web")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=root))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_address_is_downloaded(store: Store, folder: JobFolder, site: str):
    delivered = value(store, folder, f"{site}/a%20b.txt")

    assert (delivered.name, delivered.read_text()) == ("a%2520b.txt", "web")


@pytest.mark.parametrize(
    ("path", "why"), [("missing", "HTTP Error 404"), ("cut.txt", "ended after 13 of 1000")]
)
def test_an_address_that_cannot_be_read_is_named(
    store: Store, folder: JobFolder, site: str, path: str, why: str
):
    with pytest.raises(DataError, match=f"{site}/{path} could not be read .*{why}"):
        value(store, folder, f"{site}/{path}")


# Outputs and references


def output(mode: str, place: str | None = None, destination: str = "d") -> Output:
    return Output("o", mode, destination, place, False, [], None, [], False, {})


def test_an_output_is_an_empty_folder_or_what_is_mounted(store: Store, folder: JobFolder):
    uploaded = deliver(store, folder, RunData(outputs=[output("upload", "made/here")])).outputs["o"]
    folder.clear()
    mounted = deliver(store, folder, RunData(outputs=[output("mount")])).outputs["o"]

    assert uploaded == str(folder.work / "made/here")
    assert tree(Path(mounted)) == {"a.csv": "A", "sub dir/größe.txt": "G"}
    (Path(mounted) / "a.csv").write_text("may be written to")


def test_a_reference_is_the_datastore_as_far_as_it_is_asked_for(store: Store, folder: JobFolder):
    references = [
        Reference("m", "mount", "d/sub dir", None, False),
        Reference("d", "download", "d/a.csv", "there", False),
        Reference("u", "upload", "x", "up/file", False),
    ]

    places = deliver(store, folder, RunData(references=references)).references

    assert tree(Path(places["m"])) == {"größe.txt": "G"}
    assert Path(places["d"]).read_text() == "A"
    assert Path(places["d"]).is_relative_to(folder.work / "workspaceblobstore" / "there")
    assert Path(places["u"]) == folder.work / "up/file"
    assert (folder.work / "up").is_dir()
    assert not Path(places["u"]).exists()
