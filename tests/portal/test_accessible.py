"""What axe-core finds on every page, in both themes, and whether each fits a narrow screen."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.portal.conftest import Visitor
from tests.portal.pictures import PNG
from tests.workspace.client import SCOPE, Workspace

SCRIPT = f"""
import json
codes = (1, 2, *range(30, 38), *range(40, 48), *range(90, 98))
print(" ".join(f"\\x1b[{{code}}mcolour {{code}}\\x1b[0m" for code in codes))
open("outputs/picture.png", "wb").write(bytes.fromhex("{PNG.hex()}"))
open("outputs/table.csv", "w").write("a,b\\n1,2\\n")
json.dump({{"number": 1, "text": "a", "nothing": None}}, open("outputs/data.json", "w"))
open("outputs/matrix", "w").write('{{"data": {{"class_labels": ["a", "b"], "matrix": [[9, 1], [4, 5]]}}}}')
"""


@pytest.fixture(scope="module")
def pages(workspace: Workspace) -> list[str]:
    """Every page, with something on it."""
    snapshot = workspace.snapshot({"train.py": SCRIPT.encode(), "data/labels.csv": b"a,b\n1,2\n"})
    good = workspace.finished(experiment="seen", snapshot_id=snapshot, arguments=["--lr", "0.1"])
    bad = workspace.finished("print('so far')\nraise ValueError('bad')", experiment="seen")
    for run_id, factor in ((good, 1), (bad, 2)):
        workspace.metric(run_id, "loss", [factor / step for step in range(1, 30)])
        workspace.metric(run_id, "best", [0.5])
        workspace.tag(run_id, {"kind": "seen", "empty": ""})
    location = f"aml://artifactId/ExperimentRun/dcid.{good}/outputs/matrix"
    rows = [{"data": {"name": "Ada", "n": 1}}, {"data": {"name": "Grace", "n": 2}}]
    others = (
        ("confusion", "azureml.v2.confusion_matrix", [{"data": {"confusion": location}}]),
        ("people", "azureml.v1.table", rows),
    )
    for name, kind, values in others:
        columns = dict.fromkeys(values[0]["data"], "String")
        metric: dict[str, Any] = {"name": name, "columns": columns, "value": values}
        body = {"values": [{**metric, "properties": {"uxMetricType": kind}}]}
        assert workspace.post(f"/metric/v2.0{SCOPE}/runs/{good}/batch", body).json() == {"errors": []}
    child = {"runId": f"{good}_child", "parentRunId": good, "status": "Running"}
    address = f"/history/v1.0{SCOPE}/experiments/seen/runs/{good}_child"
    assert workspace.request("PATCH", address, child).status == 200
    logs = ("", "/outputs/picture.png", "/outputs/table.csv", "/outputs/data.json")
    tabs = (
        "",
        "/environment",
        "/metrics",
        "/images",
        "/snapshot",
        "/children",
        "/code",
        *(f"/logs{p}" for p in logs),
    )
    lists = ("/", "/experiments/seen", "/runs", "/environments", "/environments/AzureML-Minimal", "/models",
             "/datasets", "/computes", "/service", "/runs/nothing")  # fmt: skip
    runs = [f"/runs/{good}{tab}" for tab in tabs] + [f"/runs/{bad}", f"/runs/{good}_child"]
    return [*lists, *runs, f"/compare?runs={good}&runs={bad}", "/compare", "/runs?filter=nonsense"]


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_nobody_is_shut_out(visit: Callable[..., Visitor], pages: list[str], theme: str):
    visitor, axe = visit(color_scheme=theme, reduced_motion="reduce"), Axe()
    visitor.expected.append("404")
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    found = []
    for path in pages:
        page = visitor.open(path)
        page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        results = axe.run(page, options=options).response
        for violation in results["violations"]:
            if violation["impact"] in ("serious", "critical", "moderate"):
                nodes = [
                    f"{node['html'][:120]} {node['failureSummary'][:160]}" for node in violation["nodes"][:3]
                ]
                found.append((path, violation["id"], violation["impact"], nodes))
    assert found == []


def test_every_page_fits_a_narrow_screen(visit: Callable[..., Visitor], pages: list[str]):
    visitor = visit(viewport={"width": 360, "height": 740})
    visitor.expected.append("404")
    wide = []
    for path in pages:
        page = visitor.open(path)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
    assert wide == []


@pytest.fixture(scope="module")
def verbose(workspace: Workspace) -> list[str]:
    """Three runs whose names are as long as people make them, with a number that has a hyphen in it."""
    ids = [f"verbose_{place}" for place in range(3)]
    for place, run_id in enumerate(ids):
        name = f"finetuned at 0.00{place} with warmup, cosine decay, label smoothing and mixed precision"
        body = {"displayName": name, "status": "Running", "tags": {"kind": "a sentence of many words " * 6}}
        assert (
            workspace.request("PATCH", f"/history/v1.0{SCOPE}/experiments/verbose/runs/{run_id}", body).status
            == 200
        )
        workspace.metric(run_id, "loss", [1.0604111e-7])
    return ids


_PAST_ITS_CELL = """cells => cells.filter(cell => [...cell.querySelectorAll("a")].some(
    link => link.getBoundingClientRect().right > cell.getBoundingClientRect().right)).map(cell => cell.innerText)"""


@pytest.mark.parametrize("width", [360, 1280])
def test_long_names_of_compared_runs_stay_in_their_columns(
    visit: Callable[..., Visitor], verbose: list[str], width: int
):
    page = visit(viewport={"width": width, "height": 800}).open(f"/compare?runs={'&runs='.join(verbose)}")

    assert page.locator("#comparison thead th").evaluate_all(_PAST_ITS_CELL) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_number_in_a_list_is_on_one_line(visit: Callable[..., Visitor], verbose: list[str]):
    page = visit().open("/experiments/verbose?columns=metrics.loss&columns=tags.kind")

    cells = page.locator(f"tr[data-key={verbose[0]}] td.num")
    lines = "cell => getComputedStyle(cell).whiteSpace"
    assert cells.nth(1).inner_text() == "1.06041e-07"
    assert cells.nth(1).evaluate(lines) == "nowrap"
    assert cells.nth(2).evaluate(lines) == "normal"
