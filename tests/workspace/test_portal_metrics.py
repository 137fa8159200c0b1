"""What the page of a run's metrics is drawn from."""

import http.client
import json
from typing import Any

import pytest

from tests.workspace.client import Workspace


@pytest.fixture(scope="module")
def run_id(workspace: Workspace) -> str:
    """A run to which the tests log metrics of their own."""
    return workspace.finished("open('outputs/broken', 'w').write('{')", experiment="drawn")


def log(workspace: Workspace, run_id: str, name: str, kind: str, values: list[dict[str, Any]]) -> None:
    """Logs values: each ``data`` with its ``step`` and ``createdUtc``, where it has them."""
    columns = dict.fromkeys(values[0]["data"], "String")
    workspace.log_values(run_id, name, f"azureml.v1.{kind}", columns, values)


def drawn(workspace: Workspace, run_id: str, name: str) -> Any:
    metrics = json.loads(workspace.own_page(f"/runs/{run_id}/metrics.json").body)["metrics"]
    return next(metric for metric in metrics if metric["name"] == name)


def test_one_number_is_a_value_and_many_are_a_line(workspace: Workspace, run_id: str):
    log(workspace, run_id, "grows", "scalar", [{"data": {"grows": 0.5}}])
    assert drawn(workspace, run_id, "grows")["draw"] == "value"
    log(workspace, run_id, "grows", "scalar", [{"data": {"grows": 0.25}}])

    line = drawn(workspace, run_id, "grows")

    assert (line["draw"], line["x"], line["series"][0]["values"], line["last"]) == (
        "line",
        [0, 1],
        [0.5, 0.25],
        0.25,
    )


def test_values_stand_at_their_steps_however_they_came(workspace: Workspace, run_id: str):
    points = [{"data": {"steps": step * 10}, "step": step} for step in (3, 1, 2, 0)]
    log(workspace, run_id, "steps", "scalar", points)

    line = drawn(workspace, run_id, "steps")

    assert (line["x_label"], line["x"], line["series"][0]["values"]) == (
        "step",
        [0, 1, 2, 3],
        [0, 10, 20, 30],
    )
    assert line["last"] == 30


def test_what_is_no_number_is_a_gap_and_what_is_no_line_a_table(workspace: Workspace, run_id: str):
    numbers = (1, float("nan"), float("inf"), 2)
    log(workspace, run_id, "gaps", "scalar", [{"data": {"gaps": number}} for number in numbers])
    log(workspace, run_id, "words", "scalar", [{"data": {"words": "good"}}, {"data": {"words": "bad"}}])
    log(workspace, run_id, "flags", "scalar", [{"data": {"flags": True}}])

    assert drawn(workspace, run_id, "gaps")["series"][0]["values"] == [1, None, None, 2]
    assert drawn(workspace, run_id, "words")["rows"] == [["good"], ["bad"]]
    assert drawn(workspace, run_id, "flags")["draw"] == "table"


def test_a_column_that_counts_is_what_the_others_are_drawn_over(workspace: Workspace, run_id: str):
    log(
        workspace,
        run_id,
        "rates",
        "table",
        [{"data": {"epoch": n * 2, "rate": 1 / (n + 1)}} for n in range(3)],
    )
    log(
        workspace,
        run_id,
        "people",
        "table",
        [{"data": {"name": "Ada", "age": 36}}, {"data": {"name": "B", "age": 1}}],
    )

    rates = drawn(workspace, run_id, "rates")

    assert (rates["x_label"], rates["x"], [s["label"] for s in rates["series"]]) == (
        "epoch",
        [0, 2, 4],
        ["rate"],
    )
    assert rates["columns"] == ["epoch", "rate"]
    assert drawn(workspace, run_id, "people")["draw"] == "table"


def test_of_very_many_points_the_page_has_what_can_be_seen_and_a_zoom_the_rest(
    workspace: Workspace, run_id: str
):
    values = [float(n % 7) for n in range(9000)]
    values[4321] = 99.0
    for start in range(0, 9000, 3000):
        points = [
            {"data": {"many": value}, "step": start + n}
            for n, value in enumerate(values[start : start + 3000])
        ]
        log(workspace, run_id, "many", "scalar", points)

    line = drawn(workspace, run_id, "many")
    finer = workspace.own_page(f"/runs/{run_id}/metric.json?name=many&from=4300&to=4400").json()

    assert line["count"] == 9000 and line["thinned"] and len(line["x"]) <= 2002
    shown = line["series"][0]["values"]
    assert max(shown) == 99.0 and min(shown) == 0.0  # no peak is lost
    assert (line["x"][0], line["x"][-1], line["last"]) == (0, 8999, values[-1])
    assert (finer["x"], finer["series"][0]["values"]) == (list(range(4300, 4401)), values[4300:4401])
    for query in ("name=none", "name=many&from=x&to=y", "from=1"):
        assert workspace.own_page(f"/runs/{run_id}/metric.json?{query}").status in (200, 404)


@pytest.mark.parametrize("kind", ["confusion_matrix", "accuracy_table", "residuals", "predictions", "image"])
@pytest.mark.parametrize("path", ["outputs/broken", "outputs/none", "../../etc/passwd"])
def test_a_metric_whose_file_is_not_what_it_should_be_does_not_cost_the_page(
    workspace: Workspace, run_id: str, kind: str, path: str
):
    name = f"{kind} {path}"
    log(
        workspace,
        run_id,
        name,
        kind,
        [{"data": {name: f"aml://artifactId/ExperimentRun/dcid.{run_id}/{path}"}}],
    )

    assert workspace.own_page(f"/runs/{run_id}/metrics").status == 200
    assert drawn(workspace, run_id, name)["draw"] == ("images" if kind == "image" else "text")


def events(workspace: Workspace, path: str, count: int) -> list[Any]:
    """The first events of a stream."""
    connection = http.client.HTTPConnection("127.0.0.1", workspace.http_port, timeout=60)
    connection.request("GET", workspace.inside(path))
    response = connection.getresponse()
    assert response.headers["content-type"].startswith("text/event-stream")
    found: list[Any] = []
    while len(found) < count and (line := response.readline()):
        if line.startswith(b"data: "):
            found.append(json.loads(line[6:]))
    connection.close()
    return found


def test_the_news_of_a_run_ends_with_it(workspace: Workspace):
    run_id = workspace.accepted("print('x' * 99)", experiment="told")

    told = events(workspace, f"/runs/{run_id}/live", 1000)

    assert told[-1]["over"] is True
    assert told[-1]["log"] == 100
    assert [event["over"] for event in told[:-1]] == [False] * (len(told) - 1)


def test_of_a_run_that_is_over_there_is_one_piece_of_news_and_of_none_nothing(workspace: Workspace):
    run_id = workspace.finished(experiment="told")

    assert [event["over"] for event in events(workspace, f"/runs/{run_id}/live", 9)] == [True]
    assert workspace.own_page("/runs/none/live").status == 404
