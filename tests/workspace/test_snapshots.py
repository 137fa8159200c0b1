"""Snapshots: trees of hashes, of which only the files that changed travel."""

import uuid
from typing import Any

import pytest

from tests.workspace.client import EMPTY_SNAPSHOT, SCOPE, Workspace, file_node, tree


def directory(name: str, *children: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "hash": "0", "type": "Directory", "children": list(children)}


def upload(workspace: Workspace, content: bytes = b"x") -> str:
    url = workspace.new_blob()
    assert workspace.blob("PUT", url, content).status == 201
    return url


def test_a_snapshot_is_the_latest_one_and_keeps_its_tree(workspace: Workspace):
    files = {"train.py": b"print(1)", "data/größe 日本.csv": b"1,2\n"}

    snapshot_id = workspace.snapshot(files)

    kept = workspace.get(f"/content/v1.0{SCOPE}/snapshots/{snapshot_id}/metadata").json()
    assert kept["id"] == snapshot_id
    assert names_and_hashes(kept["root"]) == names_and_hashes(tree(files))
    assert workspace.get(f"/content/v1.0{SCOPE}/snapshots/latest/metadata").json() == kept


def names_and_hashes(node: dict[str, Any]) -> Any:
    """A tree without what a client may leave out."""
    return node["hash"], {name: names_and_hashes(child) for name, child in node["children"].items()}


def test_only_what_changed_travels_and_the_run_has_it_all(workspace: Workspace):
    first = {
        "train.py": b"import os; print(open('data/a').read(), open('b').read())",
        "data/a": b"old",
        "b": b"same",
    }
    parent = workspace.snapshot(first)
    second = first | {"data/a": b"new"}

    created = workspace.post_snapshot(tree(second), {"data/a": upload(workspace, b"new")}, parent=parent)

    assert created.status == 200, created.body
    run_id = workspace.accepted(snapshot_id=created.json()["id"])
    assert workspace.log(run_id) == b"new same\n"


def test_a_stale_parent_is_refused_instead_of_running_other_code(workspace: Workspace):
    parent = workspace.snapshot({"train.py": b"old"})

    changed = workspace.post_snapshot(tree({"train.py": b"new"}), parent=parent)
    unknown = workspace.post_snapshot(tree({"train.py": b"old"}), parent=str(uuid.uuid4()))
    none = workspace.post_snapshot(tree({"train.py": b"old"}))

    assert [answer.status for answer in (changed, unknown, none)] == [400] * 3
    assert changed.message == f"train.py was neither uploaded nor is it in the parent snapshot {parent}."


def test_an_upload_that_was_not_done_is_refused(workspace: Workspace):
    answer = workspace.post_snapshot(tree({"train.py": b"x"}), {"train.py": workspace.new_blob()})

    assert (answer.status, answer.message) == (400, "train.py was not uploaded.")


@pytest.mark.parametrize(
    "url", ["", "x", "https://elsewhere.example/snapshots/x", "/azureml/ExperimentRun/x", "/etc/passwd"]
)
def test_an_upload_elsewhere_is_refused(workspace: Workspace, url: str):
    assert workspace.post_snapshot(tree({"train.py": b"x"}), {"train.py": url}).status == 400


def test_a_refused_snapshot_can_be_sent_again_without_another_upload(workspace: Workspace):
    """What was acknowledged, the upload, is not lost by a refusal for another reason."""
    uploaded = {"train.py": upload(workspace)}
    refused = workspace.post_snapshot(tree({"train.py": b"x", "other": b"y"}), uploaded)
    assert refused.status == 400

    again = workspace.post_snapshot(tree({"train.py": b"x"}), uploaded)

    assert again.status == 200, again.body


def test_a_snapshot_id_is_given_once(workspace: Workspace):
    snapshot_id = workspace.snapshot({"train.py": b"first"})

    answer = workspace.post_snapshot(
        tree({"train.py": b"x"}), {"train.py": upload(workspace)}, snapshot_id=snapshot_id
    )

    assert (answer.status, answer.message) == (409, f"There is a snapshot {snapshot_id} already.")


NO_NAMES = ["..", ".", "a/b", "../../x", "/etc/cron.d/x", "", "a\0b", "\0", "a\nb", None, 3]


@pytest.mark.parametrize("name", NO_NAMES, ids=repr)
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_name_that_is_no_file_name_is_refused(workspace: Workspace, name: Any, kind: str):
    node = file_node("f")
    root = directory("", node | {"name": name}) if kind == "file" else directory("", directory(name, node))
    before = everything(workspace)

    answer = workspace.post_snapshot(root, {f"{name}": upload(workspace), f"{name}/f": upload(workspace)})

    assert answer.status == 400
    assert "is no file name" in answer.message
    assert everything(workspace) == before


def everything(workspace: Workspace) -> set[str]:
    """Every file on the test's machine but those whose names the service chooses itself."""
    root = workspace.state.parent
    paths = (path.relative_to(root) for path in root.rglob("*"))
    own = (("blobs",), ("staging",))
    return {str(path) for path in paths if path.parts[1:2] not in own and ".service.json." not in path.name}


@pytest.mark.parametrize(
    "children",
    [
        [file_node("a"), file_node("a")],
        [file_node("a"), directory("a", file_node("b"))],
        [directory("a", file_node("b")), directory("a", file_node("b"))],
    ],
    ids=["two files", "a file and a folder", "two folders with one file"],
)
def test_a_tree_in_which_a_path_stands_twice_is_refused(workspace: Workspace, children: list[dict[str, Any]]):
    paths = {"a": upload(workspace), "a/b": upload(workspace)}

    answer = workspace.post_snapshot(directory("", *children), paths)

    assert answer.status == 400, answer.body


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"DirTreeNode": None},
        {"DirTreeNode": []},
        {"DirTreeNode": {"children": ["a"]}},
        {"DirTreeNode": {"children": 3}},
        {"DirTreeNode": {"children": {"a": {"name": "a", "type": "File"}}}},
        {"DirTreeNode": {}, "FileRevisionList": {"FileNodes": ["a"]}},
        {"DirTreeNode": {}, "FileRevisionList": {"FileNodes": 3}},
        {"DirTreeNode": {}, "FileRevisionList": {"FileNodes": [{"FullName": 1}]}},
    ],
    ids=str,
)
def test_what_is_no_snapshot_is_refused(workspace: Workspace, body: dict[str, Any]):
    assert workspace.post(f"/content/v2.0{SCOPE}/snapshots/{uuid.uuid4()}", body).status == 400


@pytest.mark.parametrize("snapshot_id", ["x", "..", "%2e%2e%2fx", "g" * 32, "0" * 31, "0" * 37])
def test_a_snapshot_id_that_is_no_guid_is_refused(workspace: Workspace, snapshot_id: str):
    answer = workspace.post(f"/content/v2.0{SCOPE}/snapshots/{snapshot_id}", {"DirTreeNode": tree({})})

    assert answer.status in (400, 501)


@pytest.mark.parametrize("body", [{}, {"FileNames": "a"}, {"FileNames": [1]}, {"FileNames": None}], ids=str)
def test_addresses_are_given_for_a_list_of_paths_alone(workspace: Workspace, body: dict[str, Any]):
    assert workspace.post(f"/content/v2.0{SCOPE}/snapshots/getblob", body).status == 400


def test_an_address_says_nothing_of_the_files_name_and_is_another_each_time(workspace: Workspace):
    first, second = workspace.upload_addresses("../../etc/passwd", "../../etc/passwd")

    assert "passwd" not in first
    assert first.partition("?")[0] != second.partition("?")[0]


def test_an_empty_folder_is_a_snapshot_too(workspace: Workspace):
    created = workspace.post_snapshot(tree({}))

    assert created.status == 200
    run_id = workspace.accepted(snapshot_id=created.json()["id"], script="", command="echo $((40 + 2))")
    assert workspace.log(run_id) == b"42\n"


def test_an_unknown_snapshot_is_not_found(workspace: Workspace):
    unknown = str(uuid.uuid4())

    assert workspace.get(f"/content/v1.0{SCOPE}/snapshots/{unknown}/metadata").status == 404
    assert workspace.submit(snapshot_id=unknown).status == 404


def test_a_command_can_run_without_any_snapshot(workspace: Workspace):
    run_id = workspace.accepted(snapshot_id=EMPTY_SNAPSHOT, script="", command="echo here")

    assert workspace.log(run_id) == b"here\n"


@pytest.mark.slow
def test_a_snapshot_of_more_than_300_mb_is_taken_from_a_client_that_sends_it(workspace: Workspace):
    content = b"\0" * (101 * 1024 * 1024)
    (url,) = workspace.upload_addresses("part")
    assert workspace.blob("PUT", url, content, x_ms_blob_type="BlockBlob").status == 201
    names = [f"part-{number}" for number in range(3)]
    root = tree({})
    root["children"] = {name: file_node(name) for name in names}

    # Only the SDK has that limit, and documents how a script lifts it.
    assert workspace.post_snapshot(root, dict.fromkeys(names, url)).status == 200
