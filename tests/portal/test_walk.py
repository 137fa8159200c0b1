"""From ``scaffold submit`` to every page of the run, while it runs and after it."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Machine, Project
from tests.portal.conftest import Gates, Visitor
from tests.portal.pictures import PNG
from tests.workspace.client import Workspace

SCRIPT = f"""
from azureml.core import Run
run = Run.get_context()
print("the first line")
for step in range(40):
    run.log("loss", 1 / (step + 1), step=step)
run.log("best", 0.125)
run.log_table("people", {{"name": ["Ada", "Grace"], "age": [36, 85]}})
run.log_confusion_matrix("confusion", {{"schema_type": "confusion_matrix", "schema_version": "1.0.0",
    "data": {{"class_labels": ["cat", "dog"], "matrix": [[50, 3], [4, 61]]}}}})
run.log_residuals("residuals", {{"schema_type": "residuals", "schema_version": "1.0.0",
    "data": {{"bin_edges": [-1, 0, 1], "bin_counts": [7, 9]}}}})
open("drawn.png", "wb").write(bytes.fromhex("{PNG.hex()}"))
run.log_image("drawn", path="drawn.png")
run.flush()
wait("print")
print("printed while it runs")
wait("log")
run.log("loss", 0.015625, step=40)
run.flush()
wait("end")
open("outputs/scores.csv", "w").write("epoch,loss\\n0,1.5\\n1,0.5\\n")
open("outputs/model.json", "w").write('{{"layers": [64, 32]}}')
print("Experiment Executed!")
"""

# Reports whatever moves that nobody asked to move, and that the page is still the one it was.
WATCH = """
window.moved = 0; window.same = true;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  if (!entry.hadRecentInput) window.moved += entry.value; })).observe({type: "layout-shift", buffered: false});
"""


@pytest.fixture
def submitted(shared_machine: Machine, project: Project, gates: Gates) -> Iterator[tuple[Path, str]]:
    """A project, and the address that ``scaffold submit`` has printed for it; the script waits for its gates."""
    root = project(script=gates.script + SCRIPT, **{"Experiment_1/notes.md": "# Notes of the experiment\n"})
    done = shared_machine.run("submit", root)
    assert done.returncode == 0, done.stderr
    (address,) = re.findall(r"http://127\.0\.0\.1:\d+/\S+/runs/\S+", done.stdout + done.stderr)[-1:]
    yield root, address
    for gate in ("print", "log", "end"):
        gates.open(gate)


def stayed(page: Page) -> bool:
    """True when the page was never loaded again, and nothing on it has jumped."""
    return bool(page.evaluate("window.same === true && window.moved < 0.001"))


def test_a_run_is_seen_from_its_submission_to_its_end(
    submitted: tuple[Path, str], gates: Gates, visitor: Visitor, workspace: Workspace, shared_machine: Machine
):
    root, address = submitted
    page = visitor.page
    page.goto(address)
    run = urlsplit(page.url).path.removeprefix(f"/{workspace.pages}")
    expect(page.locator(".run-head .status")).to_have_text("Running")

    # The log, while the script is still running.
    page.get_by_role("link", name="Outputs + logs").click()
    lines = page.locator(".log-line .tx")
    expect(lines.filter(has_text="the first line")).to_be_visible()
    page.evaluate(WATCH)
    gates.open("print")
    expect(lines.filter(has_text="printed while it runs")).to_be_visible()
    expect(page.locator(".run-head .status")).to_have_text("Running")
    assert stayed(page)

    # The metrics: the chart grows to the value that was logged last.
    visitor.open(f"{run}/metrics")
    loss = page.locator("figure[data-key='loss']")
    expect(loss.locator(".readout")).to_have_text("step 390.025")
    page.evaluate(WATCH)
    gates.open("log")
    expect(loss.locator(".readout")).to_have_text("step 400.015625")
    expect(loss.locator(".last")).to_have_text("0.015625")
    assert stayed(page)

    # The end, without a reload.
    visitor.open(run)
    expect(page.locator(".tail")).to_contain_text("printed while it runs")
    page.evaluate(WATCH)
    gates.open("end")
    expect(page.locator(".run-head .status")).to_have_text("Completed")
    expect(page.locator(".tail")).to_contain_text("Experiment Executed!")
    expect(page.locator("dt:text-is('Exit code') + dd")).to_have_text("0")
    expect(page.locator(".history li").last).to_contain_text("Completed")
    assert stayed(page)

    _look_at_details(page)
    _look_at_metrics(visitor, run)
    _look_at_files(visitor, run)
    _repeat_it_by_its_code(page, shared_machine, workspace, root)


def _look_at_details(page: Page) -> None:
    for name, text in {
        "Script": "experiment_1.py",
        "Command": "python experiment_1.py",
        "Environment": "the-one-that-is-here",
        "Compute target": "cpu-cluster this machine",
    }.items():
        expect(page.locator(f"dt:text-is('{name}') + dd")).to_have_text(text)


def _look_at_metrics(visitor: Visitor, run: str) -> None:
    page = visitor.open(f"{run}/metrics")
    expect(page.locator(".value[data-key='best'] b")).to_have_text("0.125")
    expect(page.locator("figure[data-key='people'] tbody tr").first).to_have_text("Ada36")
    expect(page.locator("figure[data-key='confusion'] tbody tr").last).to_have_text("dog461")
    expect(page.locator("figure[data-key='residuals'] .readout")).to_contain_text("9")
    loss = page.locator("figure[data-key='loss']")
    # Values on hover; zoom by dragging, and all again.
    area = loss.locator(".u-over")
    box = area.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 1, box["y"] + 20)
    expect(loss.locator(".readout")).to_have_text("step 01")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    expect(loss.locator(".readout")).to_have_text("step 200.047619")
    # By the keyboard as well.
    loss.locator(".box").focus()
    page.keyboard.press("ArrowLeft")
    expect(loss.locator(".readout")).to_have_text("step 190.05")
    page = visitor.open(f"{run}/images")
    expect(page.locator("figcaption")).to_contain_text("drawn")
    assert (
        page.locator(".gallery img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 2
    )


def _look_at_files(visitor: Visitor, run: str) -> None:
    page = visitor.open(f"{run}/snapshot")
    expect(page.locator(".lines")).to_contain_text('print("Experiment Executed!")')
    page.get_by_role("link", name="notes.md").click()
    expect(page.locator(".lines")).to_have_text("# Notes of the experiment")
    page = visitor.open(f"{run}/logs")
    page.get_by_role("link", name="scores.csv").click()
    expect(page.locator("table.data tbody tr").last).to_have_text("10.5")
    page.get_by_role("link", name="model.json").click()
    expect(page.locator(".lines tr")).to_have_count(6)
    page = visitor.open(f"{run}/code")
    run_id = run.rpartition("/")[2]
    for command in ("show", "logs", "metrics"):
        expect(page.locator("pre").first).to_contain_text(f"scaffold runs {command} {run_id}")
    expect(page.get_by_text(f"scaffold runs restore {run_id}")).to_be_visible()


def _repeat_it_by_its_code(page: Page, machine: Machine, workspace: Workspace, root: Path) -> None:
    """Runs what the page says, as it says, in the project's folder."""
    blocks = [block.inner_text() for block in page.locator("section[aria-labelledby='sdk'] pre").all()]
    done = machine.sdk("\n".join(blocks), cwd=root)
    assert done.returncode == 0, done.stderr
    run_id = urlsplit(page.url).path.rpartition("/runs/")[2].partition("/")[0]
    log = (root / run_id / "user_logs" / "std_log.txt").read_bytes()
    assert b"Experiment Executed!" in log
    (again,) = re.findall(r"/runs/([^?\s]+)\?", done.stdout)
    assert again != run_id
    assert workspace.log(again) == log


def test_a_run_is_found_and_walked_by_the_keyboard_alone(workspace: Workspace, visitor: Visitor):
    run_id = workspace.finished("print('by keyboard')", experiment="keys")
    page = visitor.open("/runs")
    page.keyboard.press("/")
    page.keyboard.type(run_id)
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name=run_id)
    expect(link).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{run_id}")
    # From the top of the page: the first stop leads past the navigation.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    stops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate("(document.activeElement.innerText || document.activeElement.name || '').trim()")
        )
    for name in ("Runs", "Resubmit", "Metrics", "Outputs + logs", "name", "Add"):
        assert name in stops
