"""Answers have every field that the SDK's own models describe, and those models can read them."""

from typing import Any

import pytest
from azureml._base_sdk_common.workspace import models as workspace_models
from azureml._restclient import models
from msrest import Deserializer

from tests.waiting import until
from tests.workspace.client import SCOPE, SUBSCRIPTION, Workspace

_CLASSES = {name: value for name, value in vars(models).items() if isinstance(value, type)}
_WORKSPACE_CLASSES = {
    name: value for name, value in vars(workspace_models).items() if isinstance(value, type)
}


def missing(model: type, document: dict[str, Any]) -> list[str]:
    """The keys of the model that the document lacks; ``properties.x`` is x within properties."""
    lacking = []
    for attribute in model._attribute_map.values():  # type: ignore[attr-defined]
        part: Any = document
        for key in attribute["key"].split("."):
            if not isinstance(part, dict) or key not in part:
                lacking.append(attribute["key"])
                break
            part = part[key]
    return lacking


def read(model: type, document: dict[str, Any], classes: dict[str, Any] = _CLASSES) -> Any:
    """The document as the SDK's client reads it; raises when it cannot."""
    return Deserializer(classes)(model.__name__, document)


@pytest.fixture(scope="module")
def failed_run(workspace: Workspace) -> str:
    return workspace.finished("raise SystemExit('no data')", experiment="shapes")


def test_an_experiment(workspace: Workspace):
    document = workspace.post(f"/history/v1.0{SCOPE}/experiments/shapes").json()

    assert missing(models.ExperimentDto, document) == []
    experiment = read(models.ExperimentDto, document)
    assert experiment.name == "shapes"
    assert experiment.created_utc.tzinfo is not None
    by_id = workspace.get(f"/history/v1.0{SCOPE}/experimentids/{experiment.experiment_id}").json()
    assert by_id == workspace.get(f"/history/v1.0{SCOPE}/experiments/shapes").json() == document


@pytest.mark.parametrize("which", ["finished_run", "failed_run"])
def test_a_run(workspace: Workspace, which: str, request: pytest.FixtureRequest):
    run_id = request.getfixturevalue(which)
    document = workspace.run(run_id)

    assert missing(models.RunDto, document) == []
    run = read(models.RunDto, document)
    assert (run.run_id, run.root_run_id, run.parent_run_id) == (run_id, run_id, None)
    assert run.start_time_utc <= run.end_time_utc
    assert run.data_container_id == f"dcid.{run_id}"
    assert (run.target, run.script_name) == ("cpu-cluster", "train.py")
    assert missing(type(run.created_by), document["createdBy"]) == []


def test_the_details_of_a_run(workspace: Workspace, finished_run: str):
    document = workspace.get(f"/history/v1.0{SCOPE}/experiments/finished/runs/{finished_run}/details").json()

    assert missing(models.RunDetailsDto, document) == []
    details = read(models.RunDetailsDto, document)
    assert (details.run_id, details.status) == (finished_run, "Completed")
    assert list(details.log_files) == ["user_logs/std_log.txt"]
    log = workspace.blob("GET", details.log_files["user_logs/std_log.txt"])
    assert log.body.split() == [b"Experiment", b"Executed!"]


def test_the_error_of_a_run_that_failed(workspace: Workspace, failed_run: str):
    document = workspace.get(f"/history/v1.0{SCOPE}/experiments/shapes/runs/{failed_run}/details").json()

    assert missing(models.ErrorResponse, document["error"]) == []
    assert missing(models.RootError, document["error"]["error"]) == []
    error = read(models.RunDetailsDto, document).error.error
    assert error.code == "UserError"
    assert error.message.endswith("which ends with:\nno data")


@pytest.mark.parametrize(
    ("method", "path", "token", "status"),
    [
        ("GET", "/history/v1.0{S}/runs/none", None, 401),
        ("GET", "/identity/wrong/token", None, 403),
        ("GET", "/history/v1.0{S}/runs/none", "own", 404),
        ("POST", "/history/v1.0{S}/experiments/-", "own", 400),
        ("GET", "/unheard/of", "own", 501),
    ],
)
def test_every_refusal_is_the_services_own_envelope(
    workspace: Workspace, method: str, path: str, token: str | None, status: int
):
    answer = workspace.request(method, path, token=token)

    assert answer.status == status
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    document = answer.json()
    assert missing(models.ErrorResponse, document) == []
    assert missing(models.RootError, document["error"]) == []
    error = read(models.ErrorResponse, document)
    assert error.error.message
    assert error.component_name == "azureml-scaffold"
    assert set(error.correlation) == {"operation", "request"}


def test_an_artifact(workspace: Workspace):
    finished_run = workspace.finished("open('outputs/model.txt', 'w').write('m')")
    where = f"/artifact/v2.0{SCOPE}/artifacts"
    listed = workspace.get(f"{where}/ExperimentRun/dcid.{finished_run}").json()
    one = workspace.get(f"{where}/metadata/ExperimentRun/dcid.{finished_run}/outputs/model.txt").json()

    assert missing(models.PaginatedArtifactDto, listed) == []
    assert {entry["path"] for entry in listed["value"]} == {"outputs/model.txt", "user_logs/std_log.txt"}
    for document in (one, *listed["value"]):
        assert missing(models.ArtifactDto, document) == []
        artifact = read(models.ArtifactDto, document)
        assert (artifact.origin, artifact.container) == ("ExperimentRun", f"dcid.{finished_run}")


def test_where_an_artifact_is_read(workspace: Workspace, finished_run: str):
    where = f"/artifact/v2.0{SCOPE}/artifacts/contentinfo/ExperimentRun/dcid.{finished_run}"
    document = workspace.get(f"{where}/outputs/model.txt").json()

    assert missing(models.ArtifactContentInformationDto, document) == []
    assert workspace.blob("GET", document["contentUri"]).body == b"m"
    assert workspace.blob("PUT", document["contentUri"], b"changed").status == 403
    assert workspace.get(f"{where}/outputs/other.txt").status == 404


@pytest.mark.parametrize(
    ("model", "classes"),
    [(models.Workspace, _CLASSES), (workspace_models.Workspace, _WORKSPACE_CLASSES)],
    ids=["_restclient", "_base_sdk_common"],
)
def test_the_workspace(workspace: Workspace, model: type, classes: dict[str, Any]):
    document = workspace.get(f"{SCOPE}?api-version=2021-01-01").json()

    assert missing(model, document) == []
    resource = read(model, document, classes)
    assert (resource.id, resource.name) == (SCOPE, "local")
    assert resource.discovery_url.startswith("https://127.0.0.1:")


@pytest.mark.parametrize("path", ["/rp/workspaces{S}/computes/gpu-cluster", "{S}/computes/gpu-cluster"])
@pytest.mark.parametrize(
    ("model", "classes"),
    [(models.ComputeResource, _CLASSES), (workspace_models.ComputeResource, _WORKSPACE_CLASSES)],
    ids=["_restclient", "_base_sdk_common"],
)
def test_a_compute_target(workspace: Workspace, path: str, model: type, classes: dict[str, Any]):
    document = workspace.get(f"{path}?api-version=2021-01-01").json()

    assert missing(model, document) == []
    assert read(model, document, classes).name == "gpu-cluster"


def test_a_compute_target_is_a_cluster_of_one_node_that_is_ready(workspace: Workspace):
    compute = read(models.ComputeResource, workspace.get(f"{SCOPE}/computes/gpu-cluster").json())

    assert (compute.properties.compute_type, compute.properties.provisioning_state) == (
        "AmlCompute",
        "Succeeded",
    )


USAGES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/local/usages"


def test_the_usages_of_quotas(workspace: Workspace):
    document = workspace.get(f"{USAGES}?expandChildren=True").json()

    usages = read(models.ListUsagesResult, document).value
    assert [missing(models.Usage, usage) for usage in document["value"]] == [[], [], []]
    assert [usage.name.value for usage in usages] == [
        "TotalCores",
        "TotalDedicatedCores",
        "TotalDedicatedCores",
    ]
    assert {usage.limit for usage in usages} == {workspace.control("GET", "/status").json()["width"]}
    assert usages[2].id == f"{SCOPE}/usages/TotalDedicatedCores"
    assert len(workspace.get(f"{USAGES}?expandChildren=False").json()["value"]) == 2
    assert workspace.get(USAGES.replace(SUBSCRIPTION, "5e1d0c1a-3c50-4c11-9d33-1a1d4f1b7a11")).status == 404


@pytest.mark.parametrize(("kind", "nodes"), [("full-cluster", (1, 1)), ("quota", (0, 1))])
def test_a_run_that_waits_in_the_queue_says_why_and_so_does_its_compute_target(
    workspace: Workspace, kind: str, nodes: tuple[int, int]
):
    address = f"/faults?kind={kind}&value=600&experiment={kind}"
    assert workspace.control("POST", address).status == 200
    run_id = workspace.accepted(experiment=kind, target=f"for-{kind}")
    until(lambda: workspace.run(run_id)["queueingInfo"] is not None)

    document = workspace.run(run_id)
    target = workspace.get(f"{SCOPE}/computes/for-{kind}").json()
    usages = read(models.ListUsagesResult, workspace.get(USAGES).json()).value
    workspace.control("POST", f"/runs/{run_id}/cancel")
    ended = workspace.wait(run_id)

    assert missing(models.QueueingInfoDto, document["queueingInfo"]) == []
    told = read(models.QueueingInfoDto, document["queueingInfo"])
    cluster = read(models.AmlCompute, target["properties"]).properties
    assert (cluster.current_node_count, cluster.target_node_count) == nodes
    assert cluster.node_state_counts.idle_node_count == 0
    if kind == "quota":
        (error,) = target["properties"]["properties"]["errors"]
        known = read(workspace_models.MachineLearningServiceError, error, _WORKSPACE_CLASSES).error
        assert missing(workspace_models.ErrorResponse, error["error"]) == []
        assert (known.code, known.message) == (told.code, told.message)
        assert all(usage.current_value == usage.limit for usage in usages)
    else:
        assert cluster.errors is None
    assert "a fault that was asked for" in told.message
    assert (ended["status"], workspace.run(run_id)["queueingInfo"]) == ("Canceled", None)


@pytest.mark.parametrize("name", ["1st", "a", "a" * 25, "under_score", "-dash"])
def test_a_compute_name_that_azure_ml_would_not_take_is_not_found(workspace: Workspace, name: str):
    assert workspace.get(f"{SCOPE}/computes/{name}").status == 404


def test_metrics_and_their_values(workspace: Workspace):
    run_id = workspace.finished(experiment="metrics")
    values = [
        {"metricId": str(n), "createdUtc": "2026-01-01T00:00:00Z", "step": n, "data": {"λ: α": n / 2}}
        for n in range(3)
    ]
    metric = {
        "name": "λ: α",
        "columns": {"λ: α": "Double"},
        "properties": {"uxMetricType": "azureml.v1.scalar"},
    }
    posted = workspace.post(
        f"/metric/v2.0{SCOPE}/runs/{run_id}/batch", {"values": [metric | {"value": values}]}
    )
    assert posted.status == 200, posted.body

    listed = workspace.post(f"/metric/v2.0{SCOPE}/runs/{run_id}/list", {}).json()
    full = workspace.post(f"/metric/v2.0{SCOPE}/runs/{run_id}/full", {"metricName": "λ: α"}).json()

    assert [entry["metricKey"]["name"] for entry in listed["value"]] == ["λ: α"]
    assert missing(models.MetricV2Dto, full) == []
    assert [(v["step"], v["data"]["λ: α"]) for v in full["value"]] == [(0, 0.0), (1, 0.5), (2, 1.0)]
    assert workspace.post(f"/metric/v2.0{SCOPE}/runs/{run_id}/full", {"metricName": "none"}).status == 404


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_metric_that_is_no_number_any_more_is_taken_as_the_sdk_sends_it(workspace: Workspace, number: str):
    """A loss that diverges is just what people want to see; the SDK writes it as Python's json does."""
    run_id = workspace.finished(experiment="metrics")
    body = (
        '{"values": [{"name": "loss", "columns": {"loss": "Double"},'
        f' "value": [{{"step": 0, "data": {{"loss": 1.5}}}}, {{"step": 1, "data": {{"loss": {number}}}}}]}}]}}'
    ).encode()

    posted = workspace.post(f"/metric/v2.0{SCOPE}/runs/{run_id}/batch", body)

    assert posted.status == 200, posted.body
    full = workspace.post(f"/metric/v2.0{SCOPE}/runs/{run_id}/full", {"metricName": "loss"}).json()
    assert [value["step"] for value in full["value"]] == [0, 1]


@pytest.mark.parametrize("answer", ["GET", "POST"])
def test_a_token_of_managed_identity_is_what_the_sdk_reads(workspace: Workspace, answer: str):
    document = workspace.request(answer, f"/identity/{workspace.keys['identity']}/token", token=None).json()

    assert {"access_token", "expires_on", "expires_in", "token_type", "resource"} <= set(document)
    assert (document["expires_on"].isdigit(), document["token_type"]) == (True, "Bearer")


def test_the_metadata_names_one_cloud_for_each_name_that_the_sdk_may_ask_for(workspace: Workspace):
    clouds = workspace.get(f"/identity/{workspace.keys['identity']}/metadata", token=None).json()

    assert {cloud["name"] for cloud in clouds} == {"ScaffoldLocal", "AzureCloud"}
    for cloud in clouds:
        assert cloud["resourceManager"] == f"https://127.0.0.1:{workspace.https_port}"
        assert cloud["authentication"]["loginEndpoint"].startswith(cloud["resourceManager"] + "/adfs/")
