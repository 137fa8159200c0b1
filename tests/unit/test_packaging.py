"""What installers read of the package."""

import re
from importlib import metadata

from packaging.version import InvalidVersion, Version

from tests.conftest import REPOSITORY

EXTRAS = metadata.metadata("azureml-scaffold").get_all("Provides-Extra") or []


def is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def test_no_extra_is_named_like_a_version():
    """pip before 26 compares such a name as a version, with none, and ends with InvalidVersion."""
    assert [extra for extra in EXTRAS if is_version(extra)] == []


def test_every_extra_that_people_are_told_of_is_there():
    files = [
        REPOSITORY / "README.md",
        *(REPOSITORY / "docs").glob("*.md"),
        *(REPOSITORY / "scaffold").rglob("*.py"),
    ]
    told = {
        extra
        for file in files
        for extra in re.findall(r"azureml-scaffold\[([\w-]+)\]", file.read_text("utf-8"))
    }

    assert told <= set(EXTRAS)
