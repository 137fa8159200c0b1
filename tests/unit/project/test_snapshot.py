"""What of a folder travels, and which line keeps the rest.

That the SDK does the same is for ``tests/sdk/test_ignore_rules.py``.
"""

import os
import tempfile
from pathlib import Path

import pytest

from scaffold.project.ignore import IgnoreFile
from scaffold.project.snapshot import Snapshot, take
from tests.unit.project.trees import Hole, Link, check, told, write

NOBODY = 65534


def taken(root: Path, files: dict) -> Snapshot:
    folder = write(
        root,
        {"Experiment_1/train.py": None, **{f"Experiment_1/{name}": text for name, text in files.items()}},
    )
    folder /= "Experiment_1"
    return take(folder, IgnoreFile.of(root, folder))


def kept(snapshot: Snapshot) -> dict[str, str]:
    return {one.path: f"{one.by.file}:{one.by.line} {one.by.text}" for one in snapshot.kept}


def test_everything_travels_without_an_ignore_file(tmp_path):
    snapshot = taken(tmp_path, {"a.py": "12", ".hidden/b": "345", "__pycache__/c.pyc": ""})

    assert {file.path: file.size for file in snapshot.sent} == {
        "a.py": 2,
        ".hidden/b": 3,
        "__pycache__/c.pyc": 0,
    }
    assert (snapshot.bytes, snapshot.counted_bytes, snapshot.kept) == (5, 5, ())


def test_the_line_that_keeps_a_file_here_is_the_last_one_that_matches(tmp_path):
    ignore = "# first\n*.csv\n\n!keep.csv\n/data/\nlogs  \nkeep.csv\n"
    files = {
        ".amlignore": ignore,
        "a.csv": "",
        "keep.csv": "",
        "data/x": "",
        "logs/x": "",
        "sub/logs/y": "",
        "b.py": "",
    }

    assert kept(taken(tmp_path, files)) == {
        "a.csv": ".amlignore:2 *.csv",
        "data/x": ".amlignore:5 /data/",
        "logs/": ".amlignore:6 logs",
        "sub/logs/": ".amlignore:6 logs",
        "keep.csv": ".amlignore:7 keep.csv",
    }


def test_a_folder_that_cannot_hold_what_travels_is_not_looked_into(tmp_path):
    snapshot = taken(tmp_path, {".amlignore": "data/\n", "data/deep/x": Hole(10), "b.py": ""})

    assert kept(snapshot) == {"data/": ".amlignore:1 data/"}
    assert [file.path for file in snapshot.sent] == [".amlignore", "b.py"]
    assert snapshot.folders == ("data",)  # the SDK sends it, empty


def test_a_gitignore_is_read_only_where_there_is_no_amlignore(tmp_path):
    files = {".gitignore": "*.csv\n", "a.csv": "", "b.log": ""}

    assert kept(taken(tmp_path / "1", files)) == {"a.csv": ".gitignore:1 *.csv"}
    assert kept(taken(tmp_path / "2", {**files, ".amlignore": "*.log\n"})) == {"b.log": ".amlignore:1 *.log"}
    assert kept(taken(tmp_path / "3", {**files, ".amlignore": ""})) == {}
    # Neither those above nor those below are read.
    above = write(
        tmp_path / "4", {".amlignore": "*\n", "Experiment_1/sub/.amlignore": "*\n", "Experiment_1/sub/x": ""}
    )
    assert "sub/x" in [
        file.path for file in take(above / "Experiment_1", IgnoreFile.of(above, above / "Experiment_1")).sent
    ]


def test_what_is_taken_back_in_below_an_ignored_folder_counts_and_does_not_travel(tmp_path):
    snapshot = taken(tmp_path, {".amlignore": "data\n!big.bin\n", "data/big.bin": Hole(1000)})

    assert [file.path for file in snapshot.sent] == [".amlignore"]
    assert snapshot.counted_bytes == 1000 + snapshot.bytes


def test_links_are_followed(tmp_path):
    write(tmp_path / "elsewhere", {"Experiment_1/train.py": "12345"})
    snapshot = taken(
        tmp_path / "p",
        {"file": Link("../../elsewhere/constants.py"), "folder": Link("../../elsewhere/Experiment_1")},
    )

    assert [(file.path, file.link) for file in snapshot.sent] == [("file", True), ("folder/train.py", True)]
    assert snapshot.links["folder"] == (tmp_path / "elsewhere" / "Experiment_1").resolve()
    assert (
        snapshot.counted_bytes == snapshot.bytes - 5
    )  # the SDK does not count what is behind links to folders


@pytest.mark.parametrize(
    "links",
    [{"a": "."}, {"a": "..", "x/y": "z"}, {"a/b": "../c", "c/d": "../a"}, {"a": "a"}, {"a": "b", "b": "a"}],
    ids=str,
)
def test_links_in_a_circle_end(tmp_path, links):
    snapshot = taken(tmp_path, {"b.py": "", **{name: Link(target) for name, target in links.items()}})

    assert snapshot.broken
    assert "b.py" in [file.path for file in snapshot.sent]


@pytest.mark.skipif(
    not hasattr(os, "setresuid") or os.geteuid() != 0, reason="becoming another user needs root"
)
def test_a_file_that_may_not_be_read_is_left_out_and_told():
    with tempfile.TemporaryDirectory() as name:
        root = write(Path(name), {"Experiment_1/private.txt": "x"})
        for folder in (root, root / "Experiment_1"):
            folder.chmod(0o755)
        (root / "Experiment_1" / "private.txt").chmod(0)
        os.setresuid(NOBODY, 0, 0)  # whose rights os.access asks about; what is read is read as root
        try:
            found = told(check(root), "snapshot-unreadable")
        finally:
            os.setresuid(0, 0, 0)
        assert found == ["warning Experiment_1/private.txt: it may not be read, so it does not travel."]
        assert told(check(root), "snapshot-unreadable") == []
