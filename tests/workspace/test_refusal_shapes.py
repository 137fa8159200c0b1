"""Every refusal has the shape that the clients of its address read the reason in."""

import uuid
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.workspace.client import SCOPE, Answer, Workspace

Read = Callable[[Answer], tuple[Any, str]]


def usual(answer: Answer) -> tuple[Any, str]:
    """``ErrorResponse`` of azureml-core, and of Azure Resource Manager."""
    error = answer.json()["error"]
    return error["code"], error["message"]


def models(answer: Answer) -> tuple[Any, str]:
    """``ModelErrorResponse`` of models, images and services."""
    document = answer.json()
    assert document["statusCode"] == answer.status
    assert document["details"] == [{"code": document["code"], "message": document["message"]}]
    return document["code"], document["message"]


def hyperdrive(answer: Answer) -> tuple[Any, str]:
    """``azureml.train.restclients.hyperdrive.models.ErrorResponse``."""
    document = answer.json()
    assert document["code"] == answer.status
    return usual(answer)


def pipelines(answer: Answer) -> tuple[Any, str]:
    """``azureml.pipeline.core._restclients.aeva.models.ErrorResponse``."""
    error = answer.json()["Error"]
    assert set(answer.json()["Correlation"]) == {"operation", "request"}
    return error["Code"], error["Message"]


def mlflow(answer: Answer) -> tuple[Any, str]:
    """``mlflow.exceptions.RestException``."""
    assert set(answer.json()) == {"error_code", "message"}
    return answer.json()["error_code"], answer.json()["message"]


def storage(answer: Answer) -> tuple[Any, str]:
    """``azure.storage.blob._shared.response_handlers.process_storage_error``."""
    assert answer.headers["content-type"] == "application/xml"
    error = ET.fromstring(answer.body)
    assert error.tag == "Error"
    code = error.findtext("Code")
    assert answer.headers["x-ms-error-code"] == code
    return code, error.findtext("Message") or ""


# The family, an address of it, and how its clients read a refusal.
FAMILIES: dict[str, tuple[str, Read]] = {
    "history": ("/history/v1.0{S}/experiments/none/runs/none", usual),
    "execution": ("/execution/v1.0{S}/experiments/e/nothing", usual),
    "resources": ("/subscriptions/none/resourceGroups/none/nothing", usual),
    "models": ("/modelmanagement/v1.0{S}/models/none", models),
    "services": ("/modelmanagement/v1.0{S}/services/none", models),
    "sweeps": ("/hyperdrive/v1.0{S}/experiments/e/runs/none/cancel", hyperdrive),
    "pipelines": ("/pipelines/v1.0{S}/DataTypes", pipelines),
    "published pipelines": ("/studioservice/v1.0{S}/Pipelines", pipelines),
    "mlflow": ("/mlflow/v2.0{S}/api/2.0/mlflow/runs/get?run_id=none", mlflow),
    "mlflow's unknown": ("/mlflow/v2.0{S}/api/2.0/mlflow/traces/search", mlflow),
    "mlflow's files": ("/mlflow/v2.0{S}/api/2.0/mlflow-artifacts/artifacts/none/f.txt", mlflow),
    "snapshots": ("/snapshots/none", storage),
    "artifacts": ("/azureml/none", storage),
    "datastores": ("/azureml-blobstore/none", storage),
}


@pytest.mark.parametrize(("address", "read"), FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_client_reads_the_reason(workspace: Workspace, address: str, read: Read, method: str):
    answer = workspace.request(method, address, {} if method == "POST" else None)

    assert answer.status >= 400
    code, message = read(answer)
    assert code and len(message) > 20


@pytest.mark.parametrize(
    ("address", "read"),
    [family for name, family in FAMILIES.items() if name in ("history", "models", "sweeps", "mlflow")],
)
def test_so_it_does_without_a_token(workspace: Workspace, address: str, read: Read):
    answer = workspace.request("POST" if "cancel" in address else "GET", address, token=None)

    assert answer.status == 401
    assert "no valid bearer token" in read(answer)[1]


def test_a_storage_client_reads_what_is_wrong_with_a_signature(workspace: Workspace):
    url = workspace.new_file().replace("sig=", "sig=x")
    code, message = storage(workspace.blob("PUT", url, b"", x_ms_blob_type="BlockBlob"))
    assert code and message
    assert "<" not in message


def test_a_reason_with_signs_of_xml_is_read_as_it_is(workspace: Workspace):
    name = f"<a>&{uuid.uuid4().hex}"
    answer = workspace.request("DELETE", f"/snapshots/{name.replace('&', '%26').replace('<', '%3C')}")
    assert ET.fromstring(answer.body).tag == "Error"
    assert SCOPE not in answer.body.decode()


def test_a_reason_with_signs_that_xml_has_not_is_read_too(workspace: Workspace):
    answer = workspace.request("PATCH", "/azureml/a%01b")
    assert ET.fromstring(answer.body).findtext("Message")
