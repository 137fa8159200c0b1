"""No way to name a file takes a name that leads a client out of the folder that it downloads into."""

import os
import uuid
from typing import Any
from urllib.parse import quote

import pytest

from tests.workspace.client import SCOPE, Answer, Workspace, file_node

LEADS_OUT = (
    "../x", "a/../../x", "a/..", "..", "..\\x", "a\\..\\..\\x", "C:\\x", "C:x", "a/C:/x", "a/c:x", "\\x", "\\\\host\\x",
    "a\\\\x", "a\0b", "a\nb", "a\r\nb", "a\x7fb", "a\u2028b", "a/.. /x", "a/.../x", " ", "x" * 1025,
)  # fmt: skip
WAYS = (
    "announced", "announced in a batch", "sent with the request", "announced by azureml-mlflow", "sent by MLflow",
    "a model's files", "a datastore's file", "a snapshot's file", "a data asset's path",
)  # fmt: skip


def named(workspace: Workspace, way: str, run_id: str, name: str) -> Answer:
    """The answer to an attempt to give a file that name."""
    own, quoted = f"dcid.{run_id}", quote(name, safe="")
    artifacts = f"/artifact/v2.0{SCOPE}/artifacts"
    batch: dict[str, Any] = {"paths": [{"path": name}]}
    if way == "announced":
        return workspace.get(f"{artifacts}/write/ExperimentRun/{own}/{quoted}")
    if way == "announced in a batch":
        return workspace.post(f"{artifacts}/batch/metadata/ExperimentRun/{own}", batch)
    if way == "sent with the request":
        return workspace.post(f"{artifacts}/content/ExperimentRun/{own}/{quoted}", b"x")
    if way == "announced by azureml-mlflow":
        path = f"/history/v1.0{SCOPE}/experiments/finished/runs/{run_id}/artifacts/batch/metadata"
        return workspace.post(path, batch)
    if way == "sent by MLflow":
        path = f"/mlflow/v1.0{SCOPE}/api/2.0/mlflow-artifacts/artifacts/{run_id}/{quoted}"
        return workspace.request("PUT", path, b"x")
    if way == "a model's files":
        artifact = {"prefix": f"ExperimentRun/{own}/{name}"}
        return workspace.post(f"/modelmanagement/v1.0{SCOPE}/assets", {"name": "m", "artifacts": [artifact]})
    if way == "a datastore's file":
        address, query = workspace.new_file().split("?")
        return workspace.blob("PUT", f"{address.rpartition('/')[0]}/{quoted}?{query}", b"x")
    if way == "a snapshot's file":
        url = workspace.new_blob()
        assert workspace.blob("PUT", url, b"").status == 201
        root = {"name": "", "hash": "0", "type": "Directory", "children": [file_node(name)]}
        return workspace.post_snapshot(root, {name: url})
    address = f"azureml://datastores/workspaceblobstore/paths/{name}"
    properties = {"dataUri": address, "dataType": "uri_file"}
    return workspace.request("PUT", f"{SCOPE}/data/{uuid.uuid4().hex}/versions/1", {"properties": properties})


@pytest.mark.parametrize("way", WAYS)
def test_a_name_that_leads_out_is_refused_whoever_gives_it(workspace: Workspace, finished_run: str, way: str):
    for name in LEADS_OUT:
        answer = named(workspace, way, finished_run, name)
        assert answer.status == 400, (name, answer.body)
    listed = workspace.get(f"/artifact/v2.0{SCOPE}/artifacts/ExperimentRun/dcid.{finished_run}").json()[
        "value"
    ]
    assert not [entry["path"] for entry in listed if entry["path"].rpartition("/")[2] == "x"]


@pytest.mark.parametrize("way", WAYS)
def test_an_ordinary_name_is_taken(workspace: Workspace, finished_run: str, way: str):
    for name in ("outputs/größe 1.txt", "a..b", ".hidden", "a\\b", "10:30.log"):
        answer = named(workspace, way, finished_run, f"{uuid.uuid4().hex[:6]}{name}")
        if way == "a snapshot's file" and {"/", "\\"} & set(name):
            continue
        assert answer.status in (200, 201), (name, answer.body)


@pytest.mark.skipif(os.name == "nt", reason="no file can be called so")
@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a\nb", "a\N{REPLACEMENT CHARACTER}b"),
        ("..\\..\\x", "..\N{REPLACEMENT CHARACTER}..\N{REPLACEMENT CHARACTER}x"),
        ("C:x", "C\N{REPLACEMENT CHARACTER}x"),
        ("... ", "... \N{REPLACEMENT CHARACTER}"),
        ("a\\b", "a\\b"),
    ],
)
def test_an_output_that_would_lead_elsewhere_is_kept_with_marks(workspace: Workspace, name: str, kept: str):
    """A script may name an output so, and then it is to be had like the others."""
    run_id = workspace.finished(f"open('outputs/' + {name!r}, 'w').write('x')")

    assert workspace.artifact(run_id, f"outputs/{kept}") == b"x"
