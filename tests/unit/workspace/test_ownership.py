"""Whose a folder is: what others may have written is not executed."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scaffold.workspace import temporary
from scaffold.workspace.ownership import why_not_ours
from scaffold.workspace.paths import Home

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others can enter, unlike those that pytest makes."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def made(path: Path, mode: int, uid: int | None = None) -> Path:
    path.mkdir()
    path.chmod(mode)
    if uid is not None:
        if os.geteuid() != 0:
            pytest.skip("giving a folder away needs root")
        os.chown(path, uid, -1)
    return path


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o711])
def test_a_folder_of_ours_is_ours(place: Path, mode: int):
    assert why_not_ours(made(place / "own", mode)) is None


@pytest.mark.parametrize(
    ("mode", "words"), [(0o777, "every user"), (0o757, "every user"), (0o1777, "every user")]
)
def test_a_folder_that_everybody_may_write_to_is_not(place: Path, mode: int, words: str):
    assert words in str(why_not_ours(made(place / "open", mode)))


def test_a_folder_of_a_group_of_others_is_not(place: Path):
    folder = made(place / "shared", 0o775)
    if os.geteuid() != 0:
        pytest.skip("giving a folder to a group needs root")
    os.chown(folder, -1, 65534)

    assert "group 65534" in str(why_not_ours(folder))


def test_what_lies_in_a_folder_that_others_may_rename_is_not(place: Path):
    inside = made(made(place / "open", 0o777) / "own", 0o700)

    assert "every user" in str(why_not_ours(inside))


def test_what_lies_in_a_folder_like_tmp_is(place: Path):
    assert why_not_ours(made(made(place / "tmp", 0o1777) / "own", 0o700)) is None


def test_a_folder_of_another_user_is_not_whatever_its_mode(place: Path):
    assert "belongs to" in str(why_not_ours(made(place / "theirs", 0o700, 65534)))
    inside = made(place / "theirs" / "own", 0o700)
    assert "belongs to" in str(why_not_ours(inside))


def test_what_is_open_below_a_closed_folder_is_ours(place: Path):
    assert why_not_ours(made(made(place / "closed", 0o700) / "open", 0o777), closed_to_others=True) is None


def test_a_link_is_where_it_leads_to(place: Path):
    (place / "link").symlink_to(made(place / "open", 0o777))

    assert "every user" in str(why_not_ours(place / "link"))


def test_a_folder_that_is_not_there_is_nobodys(place: Path):
    assert "cannot be looked at" in str(why_not_ours(place / "nothing"))


def test_a_private_folder_that_somebody_has_chosen_stays(place: Path):
    home = Home(place / "h")
    chosen = made(place / "chosen", 0o700)

    assert temporary.variables(home, {"TMPDIR": str(chosen)}) == {}
    assert temporary.variables(home, {"TMPDIR": "/tmp"})["TMPDIR"] == str(home.temporary)
    assert set(temporary.variables(home, {})) == {"TMPDIR", "TEMP", "TMP"}
    assert home.temporary.stat().st_mode & 0o777 == 0o700


def test_a_home_too_deep_for_sockets_has_a_short_folder(place: Path):
    home = Home(place / ("deep" * 20))
    folder = temporary.folder(home)
    try:
        assert len(str(folder)) < 60
        assert (folder.stat().st_mode & 0o777, folder.stat().st_uid) == (0o700, os.geteuid())
        folder.chmod(0o755)  # as somebody else's of that name would be
        assert temporary.folder(home) == home.temporary
    finally:
        folder.rmdir()


def test_what_nobody_has_touched_for_days_is_removed_but_for_runs_under_way(
    place: Path, monkeypatch: pytest.MonkeyPatch
):
    home = Home(place / "h")
    folder = temporary.folder(home)
    for name in ("file", "azureml_runs/over/train.py", "azureml_runs/goes-on/train.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()

    temporary.clear_old(home, {"goes-on"})
    assert (folder / "file").exists()

    monkeypatch.setattr(temporary, "_KEPT_SECONDS", -3600)
    temporary.clear_old(home, {"goes-on"})
    assert sorted(path.name for path in folder.rglob("*")) == ["azureml_runs", "goes-on", "train.py"]
