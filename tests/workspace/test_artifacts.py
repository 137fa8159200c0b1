"""An artifact of a run is written once, whichever way it comes."""

import uuid
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.workspace.client import SCOPE, Workspace

PATH = "notes/größe.txt"
Upload = Callable[[Workspace, str, bytes], str | None]


def announced(workspace: Workspace, address: str, run_id: str, content: bytes) -> str | None:
    """What both SDKs do: ask where to write, and write there; returns why they may not."""
    answer = workspace.post(address, {"paths": [{"path": PATH}]})
    assert answer.status == 200, answer.body
    document = answer.json()
    if errors := document["errors"]:
        assert document["artifactContentInformation"] == {}
        assert errors[PATH]["error"]["code"] == "UserError"
        return str(errors[PATH]["error"]["message"])
    url = document["artifactContentInformation"][PATH]["contentUri"]
    assert workspace.blob("PUT", url, content, x_ms_blob_type="BlockBlob").status == 201
    return None


def by_sdk(workspace: Workspace, run_id: str, content: bytes) -> str | None:
    address = f"/artifact/v2.0{SCOPE}/artifacts/batch/metadata/ExperimentRun/dcid.{run_id}"
    return announced(workspace, address, run_id, content)


def by_azureml_mlflow(workspace: Workspace, run_id: str, content: bytes) -> str | None:
    address = f"/history/v1.0{SCOPE}/experiments/begun/runs/{run_id}/artifacts/batch/metadata"
    return announced(workspace, address, run_id, content)


def by_mlflow(workspace: Workspace, run_id: str, content: bytes) -> str | None:
    address = f"/mlflow/v2.0{SCOPE}/api/2.0/mlflow-artifacts/artifacts/{run_id}/{quote(PATH)}"
    answer = workspace.request("PUT", address, content)
    if answer.status == 409:
        assert answer.json()["error_code"] == "RESOURCE_ALREADY_EXISTS"
        return str(answer.json()["message"])
    assert answer.status == 200, answer.body
    return None


def with_content(workspace: Workspace, run_id: str, content: bytes) -> str | None:
    address = f"/artifact/v2.0{SCOPE}/artifacts/content/ExperimentRun/dcid.{run_id}/{quote(PATH)}"
    answer = workspace.post(address, content, headers={"Content-Type": "text/plain"})
    assert answer.status in (200, 409), answer.body
    return answer.message if answer.status == 409 else None


UPLOADS = (by_sdk, by_azureml_mlflow, by_mlflow, with_content)


@pytest.fixture
def run_id(workspace: Workspace) -> str:
    return workspace.begun(f"artifacts-{uuid.uuid4().hex}")


@pytest.mark.parametrize("first", UPLOADS)
@pytest.mark.parametrize("second", UPLOADS)
def test_an_artifact_is_written_once(workspace: Workspace, run_id: str, first: Upload, second: Upload):
    assert first(workspace, run_id, b"first") is None
    refused = second(workspace, run_id, b"second" * 100_000)

    assert refused == f"Resource Conflict: ArtifactId ExperimentRun/dcid.{run_id}/{PATH} already exists."
    assert workspace.artifact(run_id, PATH) == b"first"


@pytest.mark.parametrize("upload", UPLOADS)
def test_an_artifact_that_was_deleted_can_be_written_again(workspace: Workspace, run_id: str, upload: Upload):
    assert upload(workspace, run_id, b"first") is None
    address = f"/artifact/v2.0{SCOPE}/artifacts/metadata/ExperimentRun/dcid.{run_id}/{quote(PATH)}"
    assert workspace.request("DELETE", address).status == 200
    assert upload(workspace, run_id, b"second") is None
    assert workspace.artifact(run_id, PATH) == b"second"


def test_content_replaces_an_artifact_where_its_client_allows_it(workspace: Workspace, run_id: str):
    assert with_content(workspace, run_id, b"first") is None
    address = f"/artifact/v2.0{SCOPE}/artifacts/content/ExperimentRun/dcid.{run_id}/{quote(PATH)}"
    assert workspace.post(address + "?allowOverwrite=true", b"second").status == 200
    assert workspace.artifact(run_id, PATH) == b"second"
