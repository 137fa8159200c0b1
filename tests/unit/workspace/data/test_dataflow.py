"""Dataset definitions: which files one names, and what those are called where they are delivered.

The expected names are what the reader's own ``to_path()`` gave for the same files and patterns.
"""

import pytest

from scaffold.workspace.engine.data.dataflow import (
    DataError,
    Source,
    definition_text,
    delivered_name,
    folder_definition,
    read_definition,
)
from scaffold.workspace.naming import WorkspaceName

STORE = "azureml://subscriptions/S/resourcegroups/G/workspaces/W/datastores/workspaceblobstore/paths/"
STEPS = "transformations:\n"
NAMES = [
    "two/.hidden", "two/B/q.csv", "two/Z.txt", "two/a.txt", "two/b-1.txt", "two/b.txt",
    "two/b/1.txt", "two/b/x/2.txt", "two/e/h#x.txt", "two/e/é.txt", "two/z.txt",
]  # fmt: skip


def definition(*paths: str, steps: str = "") -> str:
    lines = [f'  - {"file" if path.startswith("http") else "pattern"}: "{path}"' for path in paths]
    return "\n".join(("type: mltable", "paths:", *lines, steps))


def source(path: str) -> Source:
    return Source("workspaceblobstore", path)


@pytest.mark.parametrize(
    ("pattern", "delivered"),
    [
        ("two/*", [".hidden", "Z.txt", "a.txt", "b-1.txt", "b.txt", "z.txt"]),
        ("two/*/*.txt", ["b/1.txt", "e/h#x.txt", "e/é.txt"]),
        ("two/b*", ["b-1.txt", "b.txt"]),
        ("two/b*/*", ["b/1.txt"]),
        ("two/**/x/*", ["b/x/2.txt"]),
        ("two/**/x", []),
        ("two/b/**/2.txt", ["x/2.txt"]),
        ("two/b**/2.txt", ["b/x/2.txt"]),
        ("two/**/b/*.txt", ["b/1.txt"]),
        ("t*/B/*", ["two/B/q.csv"]),
        ("two/E/**", []),
        ("**/2.txt", ["two/b/x/2.txt"]),
    ],
)
def test_patterns_match_as_the_reader_matches_them(pattern: str, delivered: list[str]):
    asked = source(pattern)

    matched = [name for name in NAMES if asked.matches(name)]

    assert [delivered_name(asked, name, alone=True) for name in matched] == delivered
    assert all(name.startswith(asked.head) for name in matched)


def test_two_stars_name_everything_below():
    assert [name for name in NAMES if source("two/**").matches(name)] == NAMES


@pytest.mark.parametrize(
    "pattern", ["**/" * 2000 + "x", "two/" + "*a" * 300 + "b", "**a" * 300 + "b"], ids=len
)
def test_a_pattern_of_many_wildcards_is_answered_too(pattern: str):
    """Tried out one way after the other, these would not be before the machine is scrapped."""
    assert not source(pattern).matches("two/" + "a" * 600)


@pytest.mark.parametrize(
    ("path", "name", "delivered"),
    [
        ("files", "files/sub/b ü.csv", "sub/b ü.csv"),
        ("files/", "files/a.csv", "a.csv"),
        ("files/sub/b ü.csv", "files/sub/b ü.csv", "b ü.csv"),
        ("", "files/a.csv", "files/a.csv"),
        ("files", "files/100%.txt", "100%25.txt"),
        ("files", 'files/"&*:<>?|', "%22%26%2A%3A%3C%3E%3F%7C"),
    ],
)
def test_files_are_called_by_their_path_in_the_folder(path: str, name: str, delivered: str):
    assert delivered_name(source(path), name, alone=True) == delivered


def test_files_of_several_sources_are_called_by_their_datastore_and_whole_path():
    assert delivered_name(source("a"), "a/b.csv", alone=False) == "workspaceblobstore/a/b.csv"
    web = Source("", "http://127.0.0.1:8080/x/c.txt")
    assert delivered_name(web, web.path, alone=False) == "http%3A/%2F127.0.0.1%3A8080/x/c.txt"
    assert delivered_name(web, web.path, alone=True) == "c.txt"


def test_a_definition_is_read():
    text = definition(
        STORE + "files/sub/b%20%C3%BC.csv",
        "https://example.org/x.csv",
        steps="transformations:\n - take: 2\n - skip: 1",
    )

    read = read_definition(text)

    assert read.sources == [source("files/sub/b ü.csv"), Source("", "https://example.org/x.csv")]
    assert read.slices == [("take", 2), ("skip", 1)]
    assert not read.plain
    assert read_definition(definition("azureml://datastores/Other/paths/a")).sources == [Source("other", "a")]
    assert read_definition(definition(STORE + "a?b")).sources == [source("a")]  # as the reader does


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (definition("file:///home/me/x.csv"), "file paths"),
        (definition("wasbs://c@account.blob.core.windows.net/x"), "wasbs paths"),
        (definition("https://example.org/*.csv"), "pattern"),
        ("paths: 3", "none that is understood"),
        ("a: [", "none that is understood"),
    ],
)  # fmt: skip
def test_what_cannot_be_delivered_is_named(text: str, named: str):
    with pytest.raises(DataError, match=named) as caught:
        read_definition(text)

    assert not caught.value.supported


def test_steps_of_which_only_the_reader_knows_what_they_do_are_told_apart():
    steps = f"{STEPS} - take_random_sample: {{seed: 3}}\n - extract_columns_from_partition_format: {{}}"

    read = read_definition(definition(STORE + "a", steps=steps))

    assert (read.others, read.slices, read.plain) == (["take_random_sample"], [], False)


def test_what_is_made_of_a_folder_is_read_again():
    workspace = WorkspaceName("S", "G", "W")

    made = folder_definition(workspace, "workspaceblobstore", "out/é x#%/o1", [{"take": 1}])

    read = read_definition(definition_text(made))
    assert read.sources == [source("out/é x#%/o1")]
    assert read.slices == [("take", 1)]
    assert "subscriptions/S/resourcegroups/G/workspaces/W/datastores/workspaceblobstore" in made
