"""``scaffold workspace prune`` beside a running workspace: files without a use go, all others can be asked for."""

import os
import time
import uuid
from pathlib import Path

from tests.conftest import Machine
from tests.workspace.client import SCOPE, Workspace


def stored(workspace: Workspace, content: bytes) -> list[Path]:
    """The files of the content store that hold exactly these bytes."""
    return [path for path in (workspace.state / "blobs").rglob("*")
            if path.is_file() and path.read_bytes() == content]  # fmt: skip


def grow_old(workspace: Workspace) -> None:
    then = time.time() - 2 * 86400
    for path in (workspace.state / "blobs").rglob("*"):
        os.utime(path, (then, then))


def test_replaced_and_deleted_files_go_and_all_that_is_asked_for_is_there(
    shared_machine: Machine, workspace: Workspace, finished_run: str
):
    mine = uuid.uuid4().hex.encode()
    replaced, deleted = workspace.new_file(), workspace.new_file()
    for url, content in ((replaced, b"first"), (replaced, b"second"), (deleted, b"deleted")):
        assert workspace.blob("PUT", url, content + mine, x_ms_blob_type="BlockBlob").status == 201
    assert workspace.blob("DELETE", deleted).status == 202
    snapshot_id = workspace.run(finished_run)["properties"]["ContentSnapshotId"]
    zipped = f"/content/v2.0{SCOPE}/snapshots/{snapshot_id}/zip"
    log = workspace.artifact(finished_run, "user_logs/std_log.txt")
    assert workspace.blob("GET", workspace.post(zipped).json()["zipSasUri"]).status == 200

    young = shared_machine.json("workspace", "prune")
    assert stored(workspace, b"deleted" + mine)
    grow_old(workspace)
    done = shared_machine.run("workspace", "prune")

    assert young["files"]["bytes_before"] == young["files"]["bytes_after"] > 0
    assert done.returncode == 0 and " files: " in done.stdout and " freed" in done.stderr
    assert [stored(workspace, what + mine) for what in (b"first", b"deleted")] == [[], []]
    assert workspace.blob("GET", replaced).body == b"second" + mine
    assert workspace.artifact(finished_run, "user_logs/std_log.txt") == log
    assert workspace.blob("GET", workspace.post(zipped).json()["zipSasUri"]).status == 200
    again = workspace.finished(experiment="after-pruning", snapshot_id=snapshot_id)
    assert workspace.artifact(again, "user_logs/std_log.txt") == log
