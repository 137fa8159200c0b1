"""Writing files of a project."""

import os
import stat
from pathlib import Path

import pytest

from scaffold.errors import ProjectError
from scaffold.project import replacing
from scaffold.project.replacing import New, with_ends_of, write
from tests.conftest import write_tree


def new(path: Path, text: str = "new\n") -> New:
    return New(path, text.encode(), path.name)


def files(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_tree(tmp_path, {"project/a": "a\n", "project/b": "b\n", "other/c": "c\n"})
    return tmp_path / "project"


def test_permissions_stay_and_a_new_file_has_those_of_any(root):
    (root / "a").chmod(0o750)
    write([new(root / "a"), new(root / "n")], root)
    (root / "plain").write_text("")
    modes = [stat.S_IMODE((root / name).stat().st_mode) for name in ("a", "n", "plain")]
    assert modes[0] == 0o750
    assert modes[1] == modes[2]
    assert sorted(files(root)) == ["a", "b", "n", "plain"]


@pytest.mark.parametrize("place", ["../other/c", "../other/none"])
def test_a_link_that_leads_out_is_refused_and_nothing_is_written(root, place):
    (root / "link").symlink_to(place)
    before = files(root.parent)
    with pytest.raises(ProjectError, match="link is a link that leads out of the project") as raised:
        write([new(root / "a"), new(root / "link")], root)
    assert raised.value.hint.endswith("Nothing was written.")
    assert files(root.parent) == before


def test_a_folder_that_leads_out_is_refused(root):
    (root / "folder").symlink_to("../other", target_is_directory=True)
    with pytest.raises(ProjectError, match="leads out of the project"):
        write([new(root / "folder" / "c")], root)
    assert (root.parent / "other" / "c").read_text() == "c\n"


def test_a_link_within_stays_one(root):
    (root / "link").symlink_to("a")
    write([new(root / "link")], root)
    assert (root / "link").is_symlink()
    assert (root / "a").read_text() == "new\n"


def test_a_project_that_is_reached_by_a_link_is_written(root):
    (root.parent / "way").symlink_to("project", target_is_directory=True)
    write([new(root.parent / "way" / "a")], root.parent / "way")
    assert (root / "a").read_text() == "new\n"


def test_a_file_beside_the_project_that_somebody_named_is_written_but_through_no_link(root):
    beside = root.parent / "other" / "c"
    write([new(beside)], root)
    (root.parent / "other" / "link").symlink_to("../project/a")
    with pytest.raises(ProjectError, match="leads out"):
        write([new(root.parent / "other" / "link")], root)
    assert (root / "a").read_text() == "a\n"


@pytest.mark.parametrize("broken", ["write", "rename"])
def test_a_disk_that_is_full_half_way_loses_nothing(root, monkeypatch, broken):
    """The second file cannot be written: the first is as it was, and no copy is left."""
    seen: list[object] = []

    def fail(*given: object, **_: object) -> None:
        seen.append(given)
        if len(seen) == 2:
            raise OSError(28, "No space left on device")

    real_fsync, real_replace = os.fsync, Path.replace
    if broken == "write":
        monkeypatch.setattr(replacing.os, "fsync", lambda handle: (fail(handle), real_fsync(handle)))
    else:
        monkeypatch.setattr(Path, "replace", lambda one, to: (fail(one), real_replace(one, to)))
    before = files(root)
    with pytest.raises(ProjectError, match="b cannot be written: No space left on device"):
        write([new(root / "a"), new(root / "b")], root, copies=[(root / "a", root / "a.bak")])
    assert files(root) == before


def test_what_is_read_only_is_refused(root):
    (root / "a").chmod(0o444)
    if os.access(root / "a", os.W_OK):
        pytest.skip("who may do anything may write this too")
    with pytest.raises(ProjectError, match="read-only"):
        write([new(root / "a")], root)


def test_copies_are_made_of_what_was_there(root):
    write([new(root / "a")], root, copies=[(root / "a", root / "a.bak")])
    assert files(root) == {"a": "new\n", "a.bak": "a\n", "b": "b\n"}


@pytest.mark.parametrize(("present", "expected"), [(b"x\r\n", b"n\r\n"), (b"x\n", b"n\n"), (None, b"n\n")])
def test_line_ends_of_a_file_stay(tmp_path, present, expected):
    if present is not None:
        (tmp_path / "f").write_bytes(present)
    assert with_ends_of(tmp_path / "f", b"n\n") == expected
