"""What a run has left is written into its folder alone, whole or not at all, and over nothing."""

import os
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from scaffold.errors import UsageError
from scaffold.runs import writing


def fetch(targets: Sequence[tuple[str, Path]], done: Callable[[str], None]) -> None:
    for path, target in targets:
        target.write_text(f"text of {path}")
        done(path)


@pytest.mark.parametrize(
    "path", ["../up", "/etc/passwd", "a/../../b", "", "a//b", "./a", "a/", "nul\0", "x" * 300]
)
def test_a_path_that_leads_elsewhere_is_no_file(path: str):
    assert not writing.is_file_path(path, windows=False)
    assert not writing.is_file_path(path, windows=True)


@pytest.mark.parametrize("path", ["C:/x", "a\\..\\b", "nul", "com1.txt", "a?b", "a.", "tab\t"])
def test_what_windows_cannot_have_is_no_file_there(path: str):
    assert writing.is_file_path(path, windows=False)
    assert not writing.is_file_path(path, windows=True)


def test_files_are_written_below_the_folder(tmp_path: Path):
    plan = writing.plan(tmp_path / "to", ["outputs/model.txt", "../out", "a b/ü.txt"], force=False)

    written = writing.write(plan, fetch)

    assert {one.path: one.file.read_text() for one in written} == {
        "outputs/model.txt": "text of outputs/model.txt", "a b/ü.txt": "text of a b/ü.txt",
    }  # fmt: skip
    assert plan.left_out == ("../out",)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["model.txt", "ü.txt"]


def test_a_file_with_the_name_of_a_folder_is_left_out(tmp_path: Path):
    plan = writing.plan(tmp_path, ["outputs", "outputs/model.txt"], force=False)

    assert (list(plan.targets), plan.left_out) == (["outputs/model.txt"], ("outputs",))


@pytest.mark.skipif(
    os.name == "nt" or sys.platform == "darwin", reason="case tells files apart elsewhere alone"
)
def test_names_that_differ_by_case_are_two_files(tmp_path: Path):
    plan = writing.plan(tmp_path, ["notes", "Notes"], force=False)

    assert (list(plan.targets), plan.left_out) == (["notes", "Notes"], ())


def test_nothing_is_overwritten_unless_it_is_asked_for(tmp_path: Path):
    (tmp_path / "a").write_text("mine")

    with pytest.raises(UsageError, match="There already: "):
        writing.plan(tmp_path, ["a", "b"], force=False)

    writing.write(writing.plan(tmp_path, ["a", "b"], force=True), fetch)
    assert (tmp_path / "a").read_text() == "text of a"


@pytest.mark.skipif(os.name == "nt", reason="a symbolic link")
def test_a_link_that_leads_nowhere_is_something_too(tmp_path: Path):
    (tmp_path / "a").symlink_to(tmp_path / "nowhere")

    with pytest.raises(UsageError):
        writing.plan(tmp_path, ["a"], force=False)


def test_what_breaks_off_leaves_whole_files_and_no_halves(tmp_path: Path):
    def broken(targets: Sequence[tuple[str, Path]], done: Callable[[str], None]) -> None:
        fetch(targets[:1], done)
        targets[1][1].write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        writing.write(writing.plan(tmp_path / "to", ["a", "b", "c"], force=False), broken)

    assert {path.name: path.read_text() for path in (tmp_path / "to").iterdir()} == {"a": "text of a"}


def test_a_zip_is_unpacked_inside_its_folder_alone(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for name in ("train.py", "deep/er.py", "../out.py", "/abs.py", "folder/"):
            archive.writestr(name, f"# {name}")

    paths, unpack = writing.unpack(tmp_path / "s.zip")
    plan = writing.plan(tmp_path / "to", paths, force=False)
    written = writing.write(plan, unpack)

    assert [one.path for one in written] == ["train.py", "deep/er.py"]
    assert plan.left_out == ("../out.py", "/abs.py")
    assert not (tmp_path / "out.py").exists()


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("force", [False, True])
def test_a_link_that_is_there_leads_nothing_out_of_the_folder(tmp_path: Path, force: bool):
    folder, outside = tmp_path / "out", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (folder / "in").mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "deep").symlink_to(folder / "link")
    (folder / "own").symlink_to(folder / "in")

    for path in ("link/x", "deep/x", "deep/new/x", "own/../../x"):
        if ".." in path:
            assert writing.plan(folder, [path], force=force).left_out == (path,)
            continue
        with pytest.raises(UsageError, match="leads out of"):
            writing.plan(folder, [path], force=force)
    assert writing.plan(folder, ["own/x"], force=force).targets == {"own/x": folder / "own" / "x"}
    assert list(outside.iterdir()) == []


def test_half_of_a_letter_is_left_out(tmp_path: Path):
    """A service can send any text."""
    assert writing.plan(tmp_path, ["\ud800"], force=False).left_out == ("\ud800",)
