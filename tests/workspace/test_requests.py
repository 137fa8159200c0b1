"""Requests that are not what they should be: a client's mistake is told as one and never as a fault of the service."""

from typing import Any

import pytest

from tests.workspace.client import EMPTY_SNAPSHOT, HERE, SCOPE, Workspace

JSON_ADDRESSES = [
    ("POST", "/content/v2.0{S}/snapshots/getblob"),
    ("POST", "/content/v2.0{S}/snapshots/00000000000000000000000000000001"),
    ("POST", "/execution/v1.0{S}/experiments/e/snapshotrun"),
    ("POST", "/artifact/v2.0{S}/artifacts/batch/metadata/ExperimentRun/dcid.x"),
    ("POST", "/metric/v2.0{S}/runs/{run}/batch"),
    ("POST", "/metric/v2.0{S}/runs/{run}/full"),
    ("PATCH", "/history/v1.0{S}/experiments/finished/runs/{run}"),
]


@pytest.mark.parametrize(("method", "path"), JSON_ADDRESSES, ids=lambda value: value)
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b"[1, 2]",
        b'"text"',
        b"null",
        b"3",
        b'{"a": "\xff"}',
        b'{"a":' * 50_000,
        b"[" * 100_000,
    ],
    ids=[
        "broken off",
        "no text",
        "list",
        "text",
        "null",
        "number",
        "broken text",
        "deep mapping",
        "deep list",
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    workspace: Workspace, finished_run: str, method: str, path: str, body: bytes
):
    answer = workspace.request(method, path.replace("{run}", finished_run), body)

    assert answer.status == 400, answer.body
    assert answer.json()["error"]["code"] == "UserError"


def test_a_body_larger_than_any_that_the_sdk_sends_is_refused(workspace: Workspace):
    body = b'{"FileNames": ["' + b"x" * (33 * 1024 * 1024) + b'"]}'

    answer = workspace.post("/content/v2.0{S}/snapshots/getblob", body)

    assert answer.status == 413
    assert "larger than 33554432 bytes" in answer.message


@pytest.mark.parametrize(
    "name", ["-a", "_a", "a%20b", "a.b", "a" * 256, "a%2Fb", "%00", "a%0A", "%C3%BCa", "a$b"]
)
def test_an_experiment_name_that_azure_ml_does_not_allow_is_refused(workspace: Workspace, name: str):
    created = workspace.post(f"/history/v1.0{SCOPE}/experiments/{name}")
    submitted = workspace.post(
        f"/execution/v1.0{SCOPE}/experiments/{name}/snapshotrun?runId=never",
        {"SnapshotId": EMPTY_SNAPSHOT, "Configuration": {"command": "echo", "environment": HERE}},
    )

    # A slash makes it another address.
    expected = 501 if "%2F" in name else 400
    assert (created.status, submitted.status) == (expected, expected)
    assert workspace.get(f"/history/v1.0{SCOPE}/runs/never").status == 404


@pytest.mark.parametrize("name", ["a", "0", "a" * 255, "a_b-C", "größe"])
def test_an_experiment_name_that_azure_ml_allows_is_taken(workspace: Workspace, name: str):
    from urllib.parse import quote

    address = f"/history/v1.0{SCOPE}/experiments/{quote(name)}"

    first, second = workspace.post(address).json(), workspace.post(address).json()

    assert first["name"] == name
    assert first["experimentId"] == second["experimentId"]


@pytest.mark.parametrize(
    "run_id", ["-a", "a b", "a.b", "a/b", "../a", "a" * 301, "a\0", "a\n", "<script>", "a;b"]
)
def test_a_run_id_that_azure_ml_does_not_allow_is_refused(workspace: Workspace, run_id: str):
    answer = workspace.submit(run_id=run_id, snapshot_id=EMPTY_SNAPSHOT, command="echo", script="")

    assert answer.status == 400
    assert "letters, digits, '_' and '-' only" in answer.message


def test_without_a_run_id_one_is_given(workspace: Workspace):
    assert workspace.finished(experiment="unnamed").startswith("unnamed_")


def test_a_run_id_is_given_once_in_the_workspace(workspace: Workspace):
    workspace.finished(experiment="first", run_id="only_once")

    again = workspace.submit("print('other')", experiment="second", run_id="only_once")

    assert (again.status, again.message) == (409, "There is a run only_once already.")
    assert workspace.log("only_once") == b"Experiment Executed!\n"


@pytest.mark.parametrize(
    "configuration",
    [
        None,
        "text",
        {},
        {"script": "", "command": ""},
        {"script": "s", "nodeCount": "many"},
        {"script": "s", "nodeCount": [1]},
        {"script": "s", "environment": "text"},
        {"script": "s", "environment": ["list"]},
        {"script": "s", "environment": {"python": "text"}},
        {"script": "s", "environment": {"python": {"condaDependencies": "text"}}},
        {"script": "s", "environment": {"python": {"condaDependencies": {"dependencies": ["=1.0"]}}}},
        {"script": "s", "environment": {"python": {"condaDependencies": {"dependencies": 3}}}},
        {"script": "s", "environment": {**HERE, "environmentVariables": "text"}},
        {"script": "s", "environment": HERE, "environmentVariables": ["A"]},
        {"script": "s", "environment": HERE, "arguments": 3},
        {"script": "s", "environment": HERE, "maxRunDurationSeconds": "long"},
        {"script": {"name": "s"}, "environment": HERE},
    ],
    ids=str,
)
def test_a_run_configuration_of_another_shape_is_refused_before_it_is_a_run(
    workspace: Workspace, configuration: Any
):
    answer = workspace.post(
        f"/execution/v1.0{SCOPE}/experiments/shapeless/snapshotrun",
        {"SnapshotId": EMPTY_SNAPSHOT, "Configuration": configuration},
    )

    assert answer.status == 400, answer.body


def test_an_environment_that_cannot_be_understood_is_said_in_words(workspace: Workspace):
    environment = {"python": {"condaDependencies": {"dependencies": ["=1.0"]}}}

    answer = workspace.submit(environment=environment)

    assert (answer.status, answer.message) == (
        400, "The environment cannot be understood: the conda dependency '=1.0' has no name",
    )  # fmt: skip


def test_an_unknown_parent_is_not_found_and_leaves_no_experiment_behind(workspace: Workspace):
    body = {
        "SnapshotId": EMPTY_SNAPSHOT,
        "ParentRunId": "unknown",
        "Configuration": {"command": "echo", "environment": HERE},
    }

    answer = workspace.post(f"/execution/v1.0{SCOPE}/experiments/orphan/snapshotrun", body)

    assert answer.status == 404
    assert workspace.get(f"/history/v1.0{SCOPE}/experiments/orphan").status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"tags": ["a"]},
        {"tags": "a"},
        {"properties": 3},
        {"displayName": {"a": "b"}},
        {"name": ["a"]},
        {"description": {"a": "b"}},
        {"hidden": "certainly"},
    ],
    ids=str,
)
def test_a_change_of_another_shape_is_refused_and_changes_nothing(
    workspace: Workspace, finished_run: str, body: dict[str, Any]
):
    before = workspace.run(finished_run)

    answer = workspace.request(
        "PATCH", f"/history/v1.0{SCOPE}/experiments/finished/runs/{finished_run}", body
    )

    assert answer.status == 400, answer.body
    assert workspace.run(finished_run) == before


@pytest.mark.parametrize(
    "metric",
    [
        "text",
        {},
        {"name": 3},
        {"name": "m", "columns": ["a"]},
        {"name": "m", "value": "text"},
        {"name": "m", "properties": ["a"], "value": []},
        {"name": "m", "value": [{"step": {"a": 1}, "data": {}}]},
        {"name": "m", "value": [{"step": 2**70, "data": {}}]},
        {"name": "m", "value": [{"step": "first", "data": {}}]},
        {"name": "m", "value": [{"data": "text"}]},
        {"name": "m", "properties": {"uxMetricType": {"a": 1}}, "value": [{"data": {}}]},
    ],
    ids=str,
)
def test_a_metric_of_another_shape_is_refused_and_the_batch_with_it(
    workspace: Workspace, finished_run: str, metric: Any
):
    good = {"name": "good", "columns": {}, "value": [{"data": {"good": 1}}]}

    answer = workspace.post(f"/metric/v2.0{SCOPE}/runs/{finished_run}/batch", {"values": [good, metric]})

    assert answer.status == 400, answer.body
    assert workspace.post(f"/metric/v2.0{SCOPE}/runs/{finished_run}/list", {}).json()["value"] == []


@pytest.mark.parametrize(
    "paths",
    [None, "a", ["a"], [{}], [{"path": ""}], [{"path": "a\0"}], [{"path": "a" * 1025}]],
    ids=lambda p: str(p)[:20],
)
def test_an_artifact_path_that_is_none_is_refused(workspace: Workspace, paths: Any):
    answer = workspace.post(
        f"/artifact/v2.0{SCOPE}/artifacts/batch/metadata/ExperimentRun/dcid.x", {"paths": paths}
    )

    assert answer.status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/submissions/s/events?seen=x"),
        ("GET", "/submissions/s/events?seen=inf"),
        ("GET", "/submissions/s/events?wait=soon"),
        ("POST", "/submissions/s/over?exit_code=x"),
        ("GET", "/runs/{run}/log?offset=x"),
        ("GET", "/runs/{run}/log?offset=1e300"),
    ],
)
def test_a_number_that_is_none_is_refused(workspace: Workspace, finished_run: str, method: str, path: str):
    assert workspace.control(method, path.replace("{run}", finished_run)).status == 400


@pytest.mark.parametrize(
    "path",
    [
        "/history/v1.0{S}/experiments/none",
        "/history/v1.0{S}/experimentids/none",
        "/history/v1.0{S}/experiments/finished/runs/none",
        "/history/v1.0{S}/experiments/none/runs/{run}",
        "/history/v1.0{S}/runs/none",
        "/history/v1.0{S}/experiments/finished/runs/none/details",
        "/history/v1.0{S}/experiments/finished/runs/none/children",
        "/artifact/v2.0{S}/artifacts/metadata/ExperimentRun/dcid.{run}/none",
    ],
)
def test_what_is_not_there_is_not_found(workspace: Workspace, finished_run: str, path: str):
    answer = workspace.get(path.replace("{run}", finished_run))

    assert answer.status == 404
    assert answer.json()["error"]["innerError"]["code"] == "NotFound"


def test_a_run_is_found_in_its_own_experiment_alone(workspace: Workspace, finished_run: str):
    workspace.post(f"/history/v1.0{SCOPE}/experiments/another")

    assert workspace.get(f"/history/v1.0{SCOPE}/experiments/finished/runs/{finished_run}").status == 200
    assert workspace.get(f"/history/v1.0{SCOPE}/experiments/another/runs/{finished_run}").status == 404
