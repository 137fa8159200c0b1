"""Which values of metrics a run takes through either protocol, and that it says which it did not."""

import itertools
import uuid
from typing import Any

import pytest

from tests.workspace.client import SCOPE, Answer, Workspace

NAME = "m"
# What the SDK sends for a value of each kind: the type, the columns, the data.
KINDS: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "number": ("azureml.v1.scalar", {NAME: "double"}, {NAME: 0.5}),
    "text": ("azureml.v1.scalar", {NAME: "string"}, {NAME: "good"}),
    "truth": ("azureml.v1.scalar", {NAME: "bool"}, {NAME: True}),
    "list": ("azureml.v1.list", {NAME: "double"}, {NAME: 1.5}),
    "table": ("azureml.v1.table", {"x": "int", "y": "int"}, {"x": 1, "y": 2}),
    "other table": ("azureml.v1.table", {"x": "int"}, {"x": 1}),
    "image": ("azureml.v2.image", {NAME: "string"}, {NAME: "aml://artifactId/ExperimentRun/dcid.r/a.png"}),
}
PAIRS = list(itertools.permutations(KINDS, 2))


@pytest.fixture
def run_id(workspace: Workspace) -> str:
    return workspace.begun(f"metrics-{uuid.uuid4().hex}")


def entry(kind: str, name: str = NAME) -> dict[str, Any]:
    """What is posted of a value."""
    of, columns, data = KINDS[kind]
    return {"name": name, "columns": columns, "value": [{"data": data}], "properties": {"uxMetricType": of}}


def post(workspace: Workspace, run_id: str, *entries: dict[str, Any]) -> list[str]:
    """Posts values, and returns why which were refused."""
    answer = workspace.post(f"/metric/v2.0{SCOPE}/runs/{run_id}/batch", {"values": list(entries)})
    reasons = [error["errorResponse"]["error"]["message"] for error in answer.json()["errors"]]
    assert answer.status == (207 if reasons else 200)  # the SDK reads the reasons of 207 alone
    return reasons


def mlflow(workspace: Workspace, call: str, body: dict[str, Any]) -> Answer:
    return workspace.post(f"/mlflow/v2.0{SCOPE}/api/2.0/mlflow/runs/{call}", body)


def warnings(workspace: Workspace, run_id: str) -> list[str]:
    """What the run says that it did not keep, where people and SDKs look."""
    details = workspace.get(f"/history/v1.0{SCOPE}/experiments/begun/runs/{run_id}/details").json()
    return [warning["message"] for warning in details["warnings"]]


def rows(workspace: Workspace, run_id: str, name: str = NAME) -> list[Any]:
    full = workspace.post(f"/metric/v2.0{SCOPE}/runs/{run_id}/full", {"metricName": name})
    return [value["data"] for value in full.json()["value"]]


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[" then ".join(pair) for pair in PAIRS])
@pytest.mark.parametrize("together", [True, False], ids=["in one request", "in two"])
def test_a_value_of_another_kind_is_refused_and_the_run_says_it(
    workspace: Workspace, run_id: str, first: str, second: str, together: bool
):
    if together:
        (reason,) = post(workspace, run_id, entry(first), entry(second))
    else:
        assert post(workspace, run_id, entry(first)) == []
        (reason,) = post(workspace, run_id, entry(second))

    assert reason.startswith("Metric 'm': ") and " not " in reason
    said = [
        f"A value of metric 'm' was not kept: {reason.removeprefix(chr(77) + 'etric ' + repr(NAME) + ': ')}"
    ]
    assert warnings(workspace, run_id) == said
    assert workspace.control("GET", f"/runs/{run_id}").json()["warnings"][0]["message"] == said[0]
    assert said[0].split(": ", 1)[1][:20] in workspace.own_page(f"/runs/{run_id}/metrics.json").body.decode()
    assert rows(workspace, run_id) == [KINDS[first][2]]


@pytest.mark.parametrize("kind", KINDS)
def test_values_of_one_kind_are_kept_and_nothing_is_said(workspace: Workspace, run_id: str, kind: str):
    assert post(workspace, run_id, entry(kind), entry(kind)) == []
    assert post(workspace, run_id, entry(kind)) == []
    assert rows(workspace, run_id) == [KINDS[kind][2]] * 3
    assert warnings(workspace, run_id) == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "number"])
def test_a_number_of_mlflow_does_not_follow_a_value_of_another_kind(
    workspace: Workspace, run_id: str, kind: str
):
    post(workspace, run_id, entry(kind))
    batch = {"run_id": run_id, "metrics": [{"key": NAME, "value": 1}], "params": [{"key": "p", "value": "1"}]}
    answer = mlflow(workspace, "log-batch", batch)

    assert answer.status == 400
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert answer.json()["message"].startswith("Metric 'm': ")
    assert rows(workspace, run_id) == [KINDS[kind][2]]
    assert "mlflow.param.p" not in workspace.run(run_id)["properties"]
    assert len(warnings(workspace, run_id)) == 1


def test_the_same_reason_is_said_once_and_very_many_are_not_all_said(workspace: Workspace, run_id: str):
    names = [f"m{n}" for n in range(30)]
    for name in names:
        post(workspace, run_id, entry("image", name))
    for _ in range(2):
        assert len(post(workspace, run_id, *(entry("text", name) for name in names))) == 30

    said = warnings(workspace, run_id)
    assert len(said) == 21
    assert said[-1] == "Further values of metrics were not kept, for reasons like those."


def over(limit: int, size: int) -> str:
    return f"Limit={limit}, Size={size}. See https://aka.ms/azure-machine-learning-limits for service limits"


def scalar(value: Any, name: str = NAME) -> dict[str, Any]:
    kind = "string" if isinstance(value, str) else "double"
    return {
        "name": name,
        "columns": {name: kind},
        "value": [{"data": {name: value}}],
        "properties": {"uxMetricType": "azureml.v1.scalar"},
    }


def of_rows(count: int) -> dict[str, Any]:
    return scalar(0.5) | {"value": [{"data": {NAME: float(n)}} for n in range(count)]}


def of_columns(count: int) -> dict[str, Any]:
    data = {f"c{n}": n for n in range(count)}
    return {
        "name": NAME,
        "columns": dict.fromkeys(data, "int"),
        "value": [{"data": data}],
        "properties": {"uxMetricType": "azureml.v1.table"},
    }


@pytest.mark.parametrize(
    ("within", "beyond", "limit"),
    [
        (of_rows(250), of_rows(251), 250),
        (of_columns(15), of_columns(16), 15),
        (scalar("t" * 255), scalar("t" * 256), 255),
        (scalar(0.5, "n" * 255), scalar(0.5, "n" * 256), 255),
    ],
    ids=["values in a request", "columns", "characters of a text", "characters of a name"],
)
def test_what_is_over_a_limit_is_refused_in_the_words_of_the_service(
    workspace: Workspace, run_id: str, within: dict[str, Any], beyond: dict[str, Any], limit: int
):
    assert post(workspace, run_id, within) == []
    (reason,) = post(workspace, run_id, beyond)

    assert "A field of the entity is over the size limit. FieldName=" in reason
    assert over(limit, limit + 1) in reason
    assert len(rows(workspace, run_id, within["name"])) == len(within["value"])
    (said,) = warnings(workspace, run_id)
    assert "was not kept" in said and len(said) <= 300


def test_a_run_has_fifty_metrics_and_goes_on_taking_values_of_those(workspace: Workspace, run_id: str):
    assert post(workspace, run_id, *(entry("text", f"m{n}") for n in range(49))) == []
    refused = post(
        workspace, run_id, *(scalar(0.5, name) for name in ("last", "one more", "last", "two more"))
    )

    assert [over(50, 51) in reason for reason in refused] == [True, True]
    assert post(workspace, run_id, scalar(1.5, "last")) == []
    assert len(rows(workspace, run_id, "last")) == 3
    assert ["'one more'" in warnings(workspace, run_id)[0], len(warnings(workspace, run_id))] == [True, 2]


def test_mlflow_logs_at_most_250_values_of_a_metric_in_a_batch(workspace: Workspace, run_id: str):
    values = [{"key": NAME, "value": n, "step": n, "timestamp": n} for n in range(699)]
    answer = mlflow(workspace, "log-batch", {"run_id": run_id, "metrics": values})
    assert (answer.status, over(250, 699) in answer.json()["message"]) == (400, True)
    assert mlflow(workspace, "log-batch", {"run_id": run_id, "metrics": values[:250]}).status == 200
    assert len(rows(workspace, run_id)) == 250


def test_a_run_has_two_hundred_parameters_of_mlflow(workspace: Workspace, run_id: str):
    params = [{"key": f"p{n}", "value": "1"} for n in range(201)]
    answer = mlflow(workspace, "log-batch", {"run_id": run_id, "params": params})
    assert answer.status == 400
    assert "FieldName=Parameters, " + over(200, 201) in answer.json()["message"]
    assert mlflow(workspace, "log-batch", {"run_id": run_id, "params": params[:200]}).status == 200
    assert mlflow(workspace, "log-batch", {"run_id": run_id, "params": params[:1]}).status == 200
    assert mlflow(workspace, "log-parameter", {"run_id": run_id, "key": "one", "value": "2"}).status == 400


@pytest.mark.parametrize(
    ("tags", "sizes"),
    [
        ({"k" * 101: ""}, (100, 101)),
        ({"k": "v" * 1001}, (1000, 1001)),
        ({f"k{n}": "" for n in range(51)}, (50, 51)),
    ],
    ids=["characters of a key", "characters of a value", "tags"],
)
@pytest.mark.parametrize("protocol", ["history", "mlflow"])
def test_tags_over_a_limit_are_refused(
    workspace: Workspace, run_id: str, tags: dict[str, str], sizes: tuple[int, int], protocol: str
):
    if protocol == "history":
        address = f"/history/v1.0{SCOPE}/experiments/begun/runs/{run_id}"
        answer = workspace.request("PATCH", address, {"tags": tags})
        message = answer.message
    else:
        sent = [{"key": key, "value": value} for key, value in tags.items()]
        answer = mlflow(workspace, "log-batch", {"run_id": run_id, "tags": sent})
        message = answer.json()["message"]
    assert answer.status == 400
    assert over(*sizes) in message
    assert workspace.run(run_id)["tags"] == {}


def test_fifty_tags_can_be_changed_and_the_services_own_do_not_count(workspace: Workspace, run_id: str):
    workspace.tag(run_id, {f"k{n}": "" for n in range(50)})
    workspace.tag(run_id, {"k0": "other", "mlflow.log-model.history": "m" * 2000})
    assert workspace.run(run_id)["tags"]["k0"] == "other"
