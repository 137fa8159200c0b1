"""Which of the machine's Pythons a run gets."""

import pytest

from scaffold.workspace.engine.pythons import NoPythonError, Python, nearest, satisfies


def pythons(*versions: str) -> list[Python]:
    found = []
    for version in versions:
        major, minor, patch = (int(part) for part in version.split("."))
        found.append(Python(f"/opt/{version}/bin/python", (major, minor, patch)))
    return found


HERE = pythons("3.12.1", "3.8.18", "3.8.5", "3.10.13", "3.11.7", "3.13.0")


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("3.8.5", "3.8.5"),  # that very one
        ("3.8", "3.8.18"),  # the newest patch of the minor version
        ("3.8.13", "3.8.18"),  # another patch of the same minor version
        ("3.9", "3.10.13"),  # the nearest newer minor version
        ("3.6.2", "3.8.18"),
        ("2.7", "3.8.18"),
        ("3.14", "3.13.0"),  # nothing newer: the newest of all
        ("4", "3.13.0"),
        ("3", "3.13.0"),
        (None, "3.13.0"),
    ],
)
def test_the_best_python_for_a_version(wanted: str | None, chosen: str):
    assert nearest(wanted, HERE).text == chosen


def test_versions_are_compared_as_numbers():
    assert nearest("3.10", pythons("3.1.0", "3.11.0")).text == "3.11.0"
    assert nearest(None, pythons("3.9.20", "3.10.1")).text == "3.10.1"


def test_without_any_python_it_is_said():
    with pytest.raises(NoPythonError):
        nearest("3.8", [])


@pytest.mark.parametrize(
    ("version", "wanted", "does"),
    [
        ("3.8.18", "3.8", True),
        ("3.8.18", "3.8.18", True),
        ("3.8.18", "3.8.13", False),
        ("3.8.18", "3", True),
        ("3.8.18", None, True),
        ("3.11.7", "3.1", False),
        ("3.10.0", "3.1", False),
    ],
)
def test_a_python_satisfies_what_was_said_and_no_more(version: str, wanted: str | None, does: bool):
    (python,) = pythons(version)

    assert satisfies(python, wanted) is does
