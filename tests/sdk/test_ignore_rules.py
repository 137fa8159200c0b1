"""What travels by our rules is what travels by the SDK's own: over made-up trees, and in a real submission."""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaffold.project.files import FileError
from scaffold.project.ignore import IgnoreFile
from scaffold.project.snapshot import take
from tests.conftest import Machine, Project
from tests.sdk import calls

# The functions that SnapshotsClient.create_snapshot calls before it sends anything, in its order.
SDK = """
import json, sys
from azureml._base_sdk_common.merkle_tree import create_merkletree
from azureml._file_utils import get_path_size
from azureml._project.ignore_file import get_project_ignore_file

def paths(node, prefix, files, folders):
    for child in node.children:
        (files if child.is_file() else folders).append(prefix + child.name)
        paths(child, prefix + child.name + "/", files, folders)

for line in sys.stdin:
    folder = json.loads(line)
    files, folders = [], []
    try:
        exclude = get_project_ignore_file(folder).is_file_excluded
        size = get_path_size(folder, size_limit=10**15, exclude_function=exclude)
        paths(create_merkletree(folder, exclude), "", files, folders)
        said = {"files": sorted(files), "folders": sorted(folders), "size": size}
    except Exception as error:
        said = {"error": type(error).__name__}
    print(json.dumps(said), flush=True)
"""


class Sdk:
    """A process with the SDK in it, which is asked about one folder after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SDK],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def snapshot(self, folder: Path) -> dict[str, Any]:
        self._process.stdin.write(json.dumps(str(folder)) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def stop(self) -> None:
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def sdk() -> Iterator[Sdk]:
    made = Sdk()
    yield made
    made.stop()


def ours(folder: Path) -> dict[str, Any]:
    try:
        snapshot = take(folder, IgnoreFile.of(folder, folder))
    except FileError:
        return {"error": "ignore file"}
    if snapshot.broken:
        return {"error": "broken"}
    files = sorted(file.path for file in snapshot.sent)
    return {"files": files, "folders": list(snapshot.folders), "size": snapshot.counted_bytes}


NAMES = st.sampled_from(
    [
        "a",
        "b",
        "data",
        "A",
        "a.py",
        "b.py",
        "x.csv",
        ".env",
        "#c",
        "!d",
        "[e]",
        "f g",
        "h ",
        "ü",
        "a\\b",
        "__pycache__",
        "*",
    ]
)
TREES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(NAMES, st.integers(0, 5), max_size=4),
    lambda below: st.dictionaries(NAMES, st.one_of(st.integers(0, 5), below), max_size=4),
    max_leaves=12,
)
PARTS = st.one_of(
    NAMES,
    st.sampled_from(
        [
            "*",
            "**",
            "*.py",
            "?",
            "[ab]",
            "[!a]",
            "d*a",
            "\\#c",
            "\\!d",
            "f\\ g",
            "h\\ ",
            "[",
            "a[",
            "\\",
            ".*",
        ]
    ),
)
PATTERNS = st.one_of(
    st.builds(
        lambda start, parts, end: start + "/".join(parts) + end,
        st.sampled_from(["", "", "", "/", "!", "!/", "**/", "\\", " "]),
        st.lists(PARTS, min_size=1, max_size=3),
        st.sampled_from(["", "", "/", "/*", "/**", " ", "\t", "\r"]),
    ),
    st.sampled_from(["", "# words", "!", "/", "//", "*", "!*", "**", "!**/", "\ufeffa", "a\x0cb", "a\x85b"]),
)
FILES = st.tuples(
    st.sampled_from([".amlignore", ".gitignore"]),
    st.lists(PATTERNS, max_size=6),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
)
LINKS = st.one_of(
    st.none(), st.tuples(NAMES, st.sampled_from([".", "..", "a", "data", "gone", "../beside", "b.py"]))
)


def build(folder: Path, tree: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in tree.items():
        if isinstance(content, dict):
            build(folder / name, content)
        else:
            (folder / name).write_bytes(b"x" * content)


def compare(sdk: Sdk, tree: dict[str, Any], files: list[Any], link: Any) -> None:
    root = Path(tempfile.mkdtemp(prefix="scaffold-ignore-"))
    try:
        build(root / "beside", {"z": 3, "deep": {"z.py": 1}})
        folder = root / "sent"
        build(folder, tree)
        for name, lines, end in files:
            (folder / name).write_bytes(end.join([*lines, ""]).encode("utf-8"))
        if link is not None and not (folder / link[0]).exists():
            (folder / link[0]).symlink_to(link[1])
        said, found = sdk.snapshot(folder), ours(folder)
        assert ("error" in said) == ("error" in found), (said, found)
        if "error" not in said:
            assert found == said
    finally:
        shutil.rmtree(root)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES, files=st.lists(FILES, max_size=2), link=LINKS)
def test_the_same_files_travel_as_by_the_sdk(sdk, tree, files, link):
    compare(sdk, tree, files, link)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES, files=st.lists(FILES, max_size=2), link=LINKS)
def test_the_same_files_travel_as_by_the_sdk_over_many_more_trees(sdk, tree, files, link):
    compare(sdk, tree, files, link)


@pytest.mark.parametrize(
    "lines", ["data/\n!data/keep.csv\n", "data\n!keep.csv\n", "*\n!*.py\n", "/data/*\n!/data/keep.csv\n"]
)
def test_a_file_that_is_taken_back_in(sdk, lines):
    tree = {"data": {"keep.csv": 2, "x.csv": 3}, "a.py": 1}
    compare(sdk, tree, [(".amlignore", lines.splitlines(), "\n")], None)


@pytest.mark.parametrize(
    "lines",
    ["", "a/a/\n", "a/a\n", "a/a/a/a/a/\n", "*/*/*/*/*/*\n", "a/" * 60 + "\n", "*.py\n", "a/b/\n!b.py\n"],
)
@pytest.mark.parametrize("tree", [{}, {"b.py": 1, "c": {"x.py": 1}}])
def test_a_link_to_where_it_is(sdk, tree, lines):
    compare(sdk, tree, [(".amlignore", lines.splitlines(), "\n")], ("a", "."))


def test_a_snapshot_that_was_really_made_holds_just_these(
    shared_machine: Machine, project: Project, tmp_path: Path
):
    folder = project(
        **{
            "Experiment_1/.amlignore": "*.csv\n!keep.csv\n/data/\n",
            "Experiment_1/.gitignore": "*.py\n",
            "Experiment_1/a.csv": "1",
            "Experiment_1/keep.csv": "2",
            "Experiment_1/data/x": "3",
            "Experiment_1/deep/er/y.txt": "4",
        }
    )
    run_id = shared_machine.json("submit", folder)["run_id"]
    seen = calls.given(
        shared_machine,
        f"seen['zip'] = ws.get_run({run_id!r}).restore_snapshot(path={str(tmp_path)!r})",
    )

    with zipfile.ZipFile(seen["zip"]) as archive:
        restored = sorted(name for name in archive.namelist() if not name.endswith("/"))
    listed = shared_machine.json("check", folder, "--snapshot")
    assert restored == [file["path"] for file in listed["files"]]
    assert {kept["path"]: (kept["file"], kept["line"]) for kept in listed["kept"]} == {
        "a.csv": (".amlignore", 1),
        "data/x": (".amlignore", 3),
    }
