"""A folder made aside comes to its place wholly or not at all, and nothing is lost."""

import os
import sys
from pathlib import Path

import pytest

from scaffold.errors import UsageError
from scaffold.project import placement


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    root.mkdir(parents=True, exist_ok=True)
    return root


def read(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


def placed(tmp_path: Path, target: Path, files: dict[str, str]) -> placement.Plan:
    with placement.aside(target) as folder:
        plan = placement.plan(write(folder / "made", files), target)
        placement.place(plan)
    return plan


def test_a_new_folder_is_moved_there_with_the_folders_above_it(tmp_path):
    target = tmp_path / "a" / "b" / "exp"
    plan = placed(tmp_path, target, {"x/y": "1", "z": "2"})
    assert read(tmp_path) == {"a/b/exp/x/y": "1", "a/b/exp/z": "2"}
    assert plan.files == ("x/y", "z")
    assert plan.replaced == {}


def test_the_folder_aside_is_beside_the_target_and_gone_afterwards(tmp_path):
    with pytest.raises(KeyboardInterrupt), placement.aside(tmp_path / "a" / "exp") as folder:
        assert folder.parent == tmp_path
        write(folder, {"x": "1"})
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_files_of_others_stay_and_what_differs_is_kept(tmp_path):
    target = write(tmp_path / "exp", {"mine": "m", "same": "s", "d/other": "old", "other": "old"})
    plan = placed(tmp_path, target, {"same": "s", "other": "new", "d/other": "new", "d/new": "n"})
    assert read(tmp_path) == {
        "exp/mine": "m",
        "exp/same": "s",
        "exp/other": "new",
        "exp/other.bak": "old",
        "exp/d/other": "new",
        "exp/d/other.bak": "old",
        "exp/d/new": "n",
    }
    assert plan.replaced == {"other": "other.bak", "d/other": "d/other.bak"}


def test_a_kept_file_is_never_overwritten_by_the_next_one(tmp_path):
    target = write(tmp_path / "exp", {"f": "1"})
    for text in ("2", "3", "4"):
        placed(tmp_path, target, {"f": text})
    assert read(target) == {"f": "4", "f.bak": "1", "f.bak1": "2", "f.bak2": "3"}


def test_a_link_to_a_file_is_kept_as_a_link_and_its_target_untouched(tmp_path):
    write(tmp_path, {"outside": "o"})
    target = write(tmp_path / "exp", {"x": "1"})
    (target / "f").symlink_to(tmp_path / "outside")
    placed(tmp_path, target, {"f": "new"})
    assert (target / "f.bak").is_symlink()
    assert read(target) == {"x": "1", "f": "new", "f.bak": "o"}
    assert (tmp_path / "outside").read_text() == "o"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_failure_half_way_puts_everything_back(tmp_path, monkeypatch, error):
    files = {"a": "old", "c": "old", "mine": "m"}
    target = write(tmp_path / "exp", files)
    (target / "c").unlink()
    (target / "c").symlink_to("gone")  # dangling: what is kept need not be readable
    rename, moved = Path.rename, []

    def failing(self, to):
        if self.name == "c" and self.parent.name == "made":
            raise error
        moved.append(self.name)
        return rename(self, to)

    # The file system is what fails here; nothing of ours is replaced.
    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else UsageError):
        placed(tmp_path, target, {"a": "new", "b": "new", "c": "new", "d/e/f": "new"})
    assert moved == ["a", "a", "b", "c"]
    assert read(target) == {"a": "old", "mine": "m"}
    assert sorted(path.name for path in target.iterdir()) == ["a", "c", "mine"]
    assert (target / "c").readlink() == Path("gone")


def test_a_file_where_the_project_has_a_folder(tmp_path):
    target = write(tmp_path / "exp", {"d": "file"})
    with pytest.raises(UsageError, match=r"exp.d is a file, where the project has a folder\.$"):
        placed(tmp_path, target, {"d/f": "1"})
    assert read(tmp_path) == {"exp/d": "file"}


def test_a_folder_where_the_project_has_a_file(tmp_path):
    target = write(tmp_path / "exp", {"d/f": "1"})
    with pytest.raises(UsageError, match=r"exp.d is a folder, where the project has a file\.$"):
        placed(tmp_path, target, {"d": "file"})
    assert read(tmp_path) == {"exp/d/f": "1"}


def test_a_linked_folder_is_not_written_through(tmp_path):
    outside = write(tmp_path / "outside", {})
    target = write(tmp_path / "exp", {})
    (target / "d").symlink_to(outside)
    with pytest.raises(UsageError, match=r"exp.d is a symbolic link"):
        placed(tmp_path, target, {"d/f": "1"})
    assert read(tmp_path) == {}


def refused(target: Path, force: bool = False) -> str:
    with pytest.raises(UsageError) as caught:
        placement.check_target(target, force=force)
    assert caught.value.hint
    return caught.value.message


def test_targets_that_are_refused(tmp_path):
    write(tmp_path, {"file": "", "full/x": ""})
    (tmp_path / "link").symlink_to(tmp_path / "full")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert refused(tmp_path / "file") == f"{tmp_path / 'file'} is a file."
    assert refused(tmp_path / "full") == f"The folder {tmp_path / 'full'} is not empty."
    assert refused(tmp_path / "link", force=True) == f"{tmp_path / 'link'} is a symbolic link."
    assert refused(tmp_path / "dangling") == f"{tmp_path / 'dangling'} is a symbolic link."
    assert refused(tmp_path / "file" / "x" / "y") == f"{tmp_path / 'file'} is not a folder."
    assert refused(tmp_path / "dangling" / "x") == f"{tmp_path / 'dangling'} is not a folder."
    assert "cannot be written: File name too long" in refused(tmp_path / ("x" * 300))


def test_targets_that_are_fine(tmp_path):
    write(tmp_path, {"full/x": ""})
    (tmp_path / "empty").mkdir()
    placement.check_target(tmp_path / "new", force=False)
    placement.check_target(tmp_path / "a" / "b" / "c", force=False)
    placement.check_target(tmp_path / "empty", force=False)
    placement.check_target(tmp_path / "full", force=True)
    assert read(tmp_path) == {"full/x": ""}


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_not_writable(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    assert refused(tmp_path / "closed" / "exp") == f"The folder {tmp_path / 'closed'} is not writable."


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="wants a folder that root cannot write in either")
def test_a_folder_that_nobody_can_write_in():
    with pytest.raises(UsageError, match=r"cannot be written"), placement.aside(Path("/proc/self/exp")):
        pytest.fail("something was made in /proc")
