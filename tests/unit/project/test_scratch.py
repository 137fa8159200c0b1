"""A folder of work is gone with its process, and nobody else's is touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.project.scratch import folder_in, remove_abandoned

KILLED = """
import os, sys
from pathlib import Path
from scaffold.project.scratch import folder_in
with folder_in(Path(sys.argv[1]), "work-") as folder:
    (folder / "f").write_text("")
    os._exit(9)
"""


def killed(parent: Path) -> Path:
    """The folder that a killed process left."""
    subprocess.run([sys.executable, "-c", KILLED, parent], check=False)
    (folder,) = parent.glob("work-*")
    return folder


def test_a_folder_is_gone_when_its_block_is_left(tmp_path):
    with pytest.raises(KeyboardInterrupt), folder_in(tmp_path, "work-") as folder:
        (folder / "a").mkdir()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="there a folder's mode keeps nothing from being removed")
def test_what_was_made_read_only_goes_as_well(tmp_path):
    with folder_in(tmp_path, "work-") as folder:
        (folder / "a").mkdir()
        (folder / "a" / "f").write_text("")
        (folder / "a").chmod(0o500)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed(tmp_path):
    killed(tmp_path)
    remove_abandoned(tmp_path, "other-")
    assert len(list(tmp_path.iterdir())) == 1
    remove_abandoned(tmp_path, "work-", lambda folder: (folder / "f").exists())
    assert len(list(tmp_path.iterdir())) == 1
    remove_abandoned(tmp_path, "work-")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_provably_ours_stays(tmp_path):
    folder = killed(tmp_path)
    others = tmp_path / "others"
    others.mkdir()
    (others / "work-plain").mkdir()
    (others / "work-file").write_text("")
    (others / "work-empty").mkdir()
    (others / "work-empty" / ".scaffold-owner").write_text("")
    (others / "work-link").symlink_to(folder, target_is_directory=True)
    remove_abandoned(others, "work-")
    assert len(list(others.iterdir())) == 4
    assert folder.is_dir()


def test_the_folder_of_a_process_that_works_stays(tmp_path):
    with folder_in(tmp_path, "work-") as folder:
        remove_abandoned(tmp_path, "work-")
        assert folder.is_dir()
