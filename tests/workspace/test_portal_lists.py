"""The lists of runs: paged, sorted, filtered and searched by the service."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.workspace.client import Workspace


@pytest.fixture(scope="module")
def listed(workspace: Workspace) -> list[str]:
    """Sixty runs of one experiment that differ in everything that can be sorted by; some archived."""
    address = "/history/v1.0{S}/experiments/listed/runs/"
    ids = [f"listed-{place:02d}" for place in range(60)]
    for place, run_id in enumerate(ids):
        body = {
            "displayName": f"name {chr(97 + place % 26)}{place:02d}",
            "target": f"target-{place % 3}",
            "tags": {"kind": "even" if place % 2 == 0 else "odd", "100%_sure": str(place)},
            "properties": {"mlflow.param.lr": str(place / 10)},
            "status": "Running",
        }
        assert workspace.request("PATCH", address + run_id, body).status == 200
        if place % 4 == 0:
            continue
        state = "Completed" if place % 4 < 3 else "Failed"
        assert (
            workspace.request("PATCH", address + run_id, {"status": state, "hidden": place == 59}).status
            == 200
        )
        workspace.metric(run_id, "loss", [100.0, float(place % 7)])
    return ids


def of(workspace: Workspace, **query: Any) -> Any:
    text = urlencode(query, doseq=True)
    return workspace.own_page(f"/experiments/listed.json?{text}").json()


def ids_of(document: Any) -> list[str]:
    return [row["run_id"] for row in document["runs"]]


@pytest.mark.usefixtures("listed")
def test_a_page_holds_fifty_and_the_next_the_rest(workspace: Workspace, listed: list[str]):
    first, second, beyond = (of(workspace, page=page) for page in ("1", "2", "9"))

    assert (first["total"], first["pages"], len(first["runs"]), len(second["runs"])) == (59, 2, 50, 9)
    assert ids_of(first) + ids_of(second) == listed[58::-1]
    assert ids_of(beyond) == []
    for odd in ("0", "-1", "x", "9" * 30, "1e3"):
        assert of(workspace, page=odd)["page"] == 1


@pytest.mark.parametrize(
    ("sort", "field"),
    [("name", "name"), ("number", "number"), ("created", "created"), ("status", "status"), ("target", "target"),
     ("started", "started"), ("duration", "seconds")],
)  # fmt: skip
@pytest.mark.usefixtures("listed")
def test_everything_can_be_sorted_by(workspace: Workspace, sort: str, field: str):
    up, down = (of(workspace, sort=sort, order=order, page=1) for order in ("asc", "desc"))
    rest = of(workspace, sort=sort, order="asc", page=2)

    for document, backwards in ((up, False), (down, True)):
        values = [round(v, 1) if isinstance(v := row[field], float) else v for row in document["runs"]]
        if sort != "duration":  # of those under way it goes on growing
            assert values == sorted(values, reverse=backwards)
    assert len(set(ids_of(up)) | set(ids_of(rest))) == 59


@pytest.mark.usefixtures("listed")
def test_metrics_tags_and_parameters_are_columns(workspace: Workspace):
    columns = ["metrics.loss", "tags.kind", "params.lr"]
    document = of(workspace, columns=columns, sort="metrics.loss", order="asc")

    assert document["columns"] == columns
    assert {"metrics.loss", "tags.kind", "tags.100%_sure", "params.lr"} == set(document["available"])
    values = [row["values"].get("metrics.loss") for row in document["runs"]]
    known = [value for value in values if value is not None]
    assert known == sorted(known) and values[: len(known)] == known  # those without come last
    row = next(row for row in document["runs"] if row["run_id"] == "listed-07")
    assert row["values"] == {"metrics.loss": 0.0, "tags.kind": "odd", "params.lr": "0.7"}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"q": "name b"}, 3),
        ({"q": "listed-1"}, 10),
        ({"q": "100%_sure"}, 59),
        ({"q": "100xxsure"}, 0),
        ({"q": "target-1 odd"}, 10),
        ({"status": "Failed"}, 14),
        ({"status": "active"}, 15),
        ({"status": ["Failed", "Completed"]}, 44),
        ({"status": "nonsense"}, 59),
        ({"filter": "metrics.loss < 2 and tags.kind = 'odd'"}, 9),
        ({"filter": "params.lr = '0.7'"}, 1),
        ({"target": "TARGET-2", "status": "Failed"}, 4),
        ({"archived": "1"}, 1),
        ({"q": "' OR 1=1 --"}, 0),
    ],
)
@pytest.mark.usefixtures("listed")
def test_what_is_asked_for_is_found(workspace: Workspace, query: dict[str, Any], count: int):
    document = of(workspace, **query)

    assert (document["error"], document["total"]) == (None, count)


@pytest.mark.parametrize(
    "query", [{"filter": "loss <"}, {"filter": "x.y = 'a'"}, {"sort": "nonsense"}, {"sort": "metrics."},
              {"sort": "created; DROP TABLE runs"}],
)  # fmt: skip
@pytest.mark.usefixtures("listed")
def test_what_cannot_be_understood_is_said(workspace: Workspace, query: dict[str, str]):
    document = of(workspace, **query)

    assert document["error"] and document["runs"] == []
    assert of(workspace)["total"] == 59


@pytest.mark.usefixtures("listed")
def test_the_columns_that_were_chosen_last_are_remembered(workspace: Workspace):
    chosen = workspace.own_page("/experiments/listed?columns=tags.kind&columns=nonsense&columns=params.lr")
    cookie = chosen.headers["set-cookie"].partition(";")[0]

    again = workspace.page(workspace.inside("/experiments/listed.json"), headers={"Cookie": cookie})

    assert again.json()["columns"] == ["tags.kind", "params.lr"]
    for broken in (f"{cookie}x", cookie.partition("=")[0] + "=!", cookie.partition("=")[0] + "=WzFd"):
        answer = workspace.page(workspace.inside("/experiments/listed"), headers={"Cookie": broken})
        assert answer.status == 200


@pytest.mark.usefixtures("listed")
def test_experiments_and_computes_count_their_runs(workspace: Workspace):
    experiments = {row["name"]: row for row in workspace.own_page("/experiments.json").json()["experiments"]}
    computes = {row["name"]: row["runs"] for row in workspace.own_page("/computes.json").json()["computes"]}

    assert (
        experiments["listed"]["runs"],
        experiments["listed"]["busy"],
        experiments["listed"]["failed"],
    ) == (59, 15, 14)
    assert computes["target-0"] == 20


def test_at_first_the_metrics_that_most_runs_have_are_columns(workspace: Workspace):
    address = "/history/v1.0{S}/experiments/rarely/runs/"
    for run_id, metrics in (("rarely-1", ["loss"]), ("rarely-2", ["a", "b", "c", "d", "loss"])):
        assert workspace.request("PATCH", address + run_id, {"status": "Running"}).status == 200
        for name in metrics:
            workspace.metric(run_id, name, [0.0000001])

    shown = workspace.own_page("/experiments/rarely.json").json()

    assert shown["columns"] == ["metrics.loss", "metrics.a", "metrics.b"]
    assert shown["available"][3:] == ["metrics.c", "metrics.d"]
