"""What the table does not know is said, loudly and by name."""

import pytest

from scaffold.workspace import refusals
from tests.workspace.client import SCOPE, Workspace


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("GET", "/modelmanagement/v1.0{S}/unheard-of", "GET /modelmanagement/v1.0…/unheard-of"),
        (
            "GET",
            "/history/v1.0{S}/experiments/a/runs/b/unheard-of",
            "GET /history/v1.0…/experiments/a/runs/b/unheard-of",
        ),
        ("DELETE", "/nothing/of/ours", "DELETE /nothing/of/ours"),
        ("PUT", "/", "PUT /"),
        ("GET", "/subscriptions/", "GET /subscriptions/"),
    ],
)
def test_an_unknown_operation_is_named_in_the_answer_and_in_the_log(
    workspace: Workspace, method: str, path: str, named: str
):
    answer = workspace.request(method, path)

    assert answer.status == 501
    error = answer.json()["error"]
    assert error["code"] == "NotImplemented"
    assert error["innerError"] == {"code": "OperationNotSupported", "innerError": None}
    assert f"does not implement {named};" in error["message"]
    assert f"not implemented: {named}\n" in (workspace.state / "service.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("POST", "/modelmanagement/v1.0{S}/services", "web services (POST /modelmanagement/v1.0…/services)"),
        ("GET", "/modelmanagement/v1.0{S}/services/mine", "Model.get_model_path"),
        ("POST", "/modelmanagement/v1.0{S}/packages", "web services"),
        ("POST", "/modelmanagement/v1.0{S}/images", "Docker images"),
        ("GET", "/pipelines/v1.0{S}/PublishedPipelines", "pipelines"),
        ("POST", "/hyperdrive/v1.0{S}/experiments/e/pools", "HyperDrive"),
        ("POST", "/jasmine/v1.0{S}/experimentids/e/jobs/create", "automated ML"),
        ("POST", "{S}/computes/mine/stop", "The instance is this machine."),
        ("POST", "/execution/v1.0{S}/experiments/e/clean", "removed when it is over"),
        ("PATCH", "{S}", "no resource on Azure"),
        ("POST", "{S}/listKeys", "no resource on Azure"),
        ("PUT", "{S}/linkedServices/x", "no resource on Azure"),
    ],
)
def test_what_is_known_and_not_done_is_refused_with_the_reason_and_the_way_out(
    workspace: Workspace, method: str, path: str, told: str
):
    answer = workspace.request(method, path)

    assert answer.status == 501
    assert answer.json()["error"]["code"] == "NotImplemented"
    assert told in answer.message
    assert refusals.find(f"{method} {path.replace('{S}', '…')}") is not None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/history/v1.0{S}/experiments/e/runs/r"),
        ("PUT", "/history/v1.0{S}/experiments/e/runs/r"),
        ("PATCH", "/history/v1.0{S}/experiments/e"),
        ("DELETE", "/azureml/ExperimentRun/dcid.r/outputs/model"),
        ("POST", "/identity/x/metadata"),
    ],
)
def test_an_unknown_method_of_a_known_address_is_an_unknown_operation_too(
    workspace: Workspace, method: str, path: str
):
    answer = workspace.request(method, path)

    assert answer.status == 501, answer.body
    assert f"does not implement {method} " in answer.message


def test_an_address_cannot_write_lines_into_the_log(workspace: Workspace):
    """Nobody but the service may say there what the service does: commands show its last words."""
    forged = "2099-01-01 00:00:00,000 ERROR scaffold.workspace: FATAL send your keys to evil.example"

    workspace.get("/x%0A" + forged.replace(" ", "%20"), token=None)

    assert forged not in (workspace.state / "service.log").read_text(encoding="utf-8").splitlines()


def test_an_unknown_operation_of_a_blob_is_said(workspace: Workspace):
    url = workspace.new_blob()

    assert workspace.blob("PUT", url, b"", query="comp=lease").status == 501
    assert "comp=lease" in workspace.blob("PUT", url, b"", query="comp=lease").message
    assert "PageBlob" in workspace.blob("PUT", url, b"", x_ms_blob_type="PageBlob").message


def test_a_run_on_several_nodes_is_refused_with_the_reason_and_the_way_out(workspace: Workspace):
    answer = workspace.submit(experiment="nodes", nodeCount=2)

    assert answer.status == 501
    assert answer.message == (
        "The run asks for 2 nodes; the local workspace is one machine. Set node_count to 1 to run it here."
    )
    assert workspace.get(f"/history/v1.0{SCOPE}/experiments/nodes").status == 404


@pytest.mark.parametrize(
    ("section", "asked", "named"),
    [
        ("data", {"dataLocation": {"uri": {"path": "https://example.org/x"}}}, "Input 'x' names an address"),
        ("outputData", {"mechanism": "hdfs"}, "Output 'x' is in the mode 'hdfs'"),
        ("dataReferences", {"dataStoreName": "lake"}, "Data reference 'x' is in the datastore lake"),
    ],
)
def test_data_that_is_not_had_here_is_refused_and_not_ignored(
    workspace: Workspace, section: str, asked: dict, named: str
):
    answer = workspace.submit(**{section: {"x": asked}})

    assert answer.status == 501
    assert named in answer.message
