"""What a person does from a page: cancel, resubmit, tag, choose, compare."""

from pathlib import Path

import psutil
from playwright.sync_api import expect

from tests.portal.conftest import Gates, Visitor
from tests.waiting import until
from tests.workspace.client import Workspace

NEVER_ENDS = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({path!r} + ".part", "w").write(f"{{os.getpid()}} {{child.pid}}")
os.rename({path!r} + ".part", {path!r})
time.sleep(600)
"""


def test_cancel_ends_the_process_with_all_that_it_started(
    workspace: Workspace, visitor: Visitor, tmp_path: Path
):
    started = tmp_path / "pids"
    run_id = workspace.accepted(NEVER_ENDS.format(path=str(started)), experiment="cancels")
    until(started.exists)
    processes = [psutil.Process(int(pid)) for pid in started.read_text().split()]
    page = visitor.open(f"/runs/{run_id}")
    expect(page.locator(".run-head .status")).to_have_text("Running")

    # Not without a yes.
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Cancel").click()
    assert all(process.is_running() for process in processes)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Cancel").click()

    expect(page.locator(".run-head .status")).to_have_text("Canceled")
    until(lambda: not any(map(alive, processes)))
    expect(page.get_by_role("button", name="Cancel")).to_be_disabled()


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_resubmit_runs_the_same_again(workspace: Workspace, visitor: Visitor):
    run_id = workspace.finished(
        "import sys\nprint('again', sys.argv)", experiment="again", arguments=["--a", "1"]
    )
    page = visitor.open(f"/runs/{run_id}")

    page.get_by_role("button", name="Resubmit").click()

    page.wait_for_url(lambda url: "/runs/again_" in url and not url.endswith(run_id))
    expect(page.locator(".run-head .status")).to_have_text("Completed")
    expect(page.locator("dt:text-is('Resubmitted from') + dd")).to_have_text(run_id)
    new = page.url.rpartition("/")[2]
    assert workspace.log(new) == workspace.log(run_id)
    assert (
        workspace.run(new)["properties"]["ContentSnapshotId"]
        == workspace.run(run_id)["properties"]["ContentSnapshotId"]
    )


def test_tags_are_set_and_taken_away(workspace: Workspace, visitor: Visitor):
    run_id = workspace.finished(experiment="tagged")
    page = visitor.open(f"/runs/{run_id}")

    page.get_by_label("Name of the tag").fill("kind")
    page.get_by_label("Value of the tag").fill("<b>good</b> 100 %")
    page.get_by_role("button", name="Add").click()

    expect(page.locator(".tags li")).to_have_text(["kind: <b>good</b> 100 %×"])
    assert workspace.run(run_id)["tags"] == {"kind": "<b>good</b> 100 %"}
    page.get_by_role("button", name="Remove the tag kind").click()
    expect(page.locator(".tags li")).to_have_text(["none"])
    assert workspace.run(run_id)["tags"] == {}


def numbered(workspace: Workspace, experiment: str, count: int) -> list[str]:
    """Runs with a metric ``loss`` and a tag ``place``, the first made first."""
    script = "import sys\nprint(sys.argv[1])"
    ids = [
        workspace.accepted(script, experiment=experiment, arguments=["--place", str(place)])
        for place in range(count)
    ]
    for place, run_id in enumerate(ids):
        workspace.wait(run_id)
        workspace.metric(run_id, "loss", [10.0 - place, place / 8])
        workspace.metric(run_id, "long name: λ", [place])
        workspace.tag(run_id, {"place": f"p{place}"})
    return ids


def test_a_list_is_sorted_filtered_and_has_the_columns_that_people_chose(
    workspace: Workspace, visitor: Visitor
):
    ids = numbered(workspace, "chosen", 4)
    page = visitor.open("/experiments/chosen")
    rows = page.locator("tbody tr")
    keys = lambda: [row.get_attribute("data-key") for row in rows.all()]  # noqa: E731
    expect(rows).to_have_count(4)
    assert keys() == ids[::-1]

    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("tags.place").check()
    page.get_by_label("metrics.long name: λ").uncheck()
    page.get_by_role("button", name="Show these").click()
    expect(page.locator("thead th").nth(4)).to_have_text("loss")
    expect(page.locator("thead th").nth(5)).to_have_text("place")
    expect(rows.first.locator("td").nth(5)).to_have_text("p3")

    page.get_by_role("link", name="loss").click()
    expect(page.locator("th[aria-sort='descending']")).to_have_text("loss")
    assert keys() == ids[::-1]
    page.get_by_role("link", name="loss").click()
    expect(page.locator("th[aria-sort='ascending']")).to_have_text("loss")
    assert keys() == ids

    # The columns are remembered, and the filter is a language of its own.
    visitor.open("/experiments/chosen")
    expect(page.locator("thead th").nth(5)).to_have_text("place")
    page.get_by_label("Filter").fill("metrics.loss < 0.2 AND tags.place != 'p0'")
    page.get_by_label("Filter").press("Enter")
    expect(rows).to_have_count(1)
    assert keys() == [ids[1]]
    page.get_by_label("Filter").fill("metrics.loss is low")
    page.get_by_label("Filter").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("an operator was expected")


def test_two_runs_are_compared(workspace: Workspace, visitor: Visitor):
    one = workspace.snapshot({"train.py": b"print(1)\nprint('same')\n", "old.txt": b"old\n"})
    two = workspace.snapshot({"train.py": b"print(2)\nprint('same')\n", "<b>new</b>.txt": b"new\n"})
    ids = [
        workspace.finished(
            snapshot_id=snapshot, experiment="compared", arguments=["--lr", lr, "--epochs", "3"]
        )
        for snapshot, lr in ((one, "0.1"), (two, "0.2"))
    ]
    for run_id, factor in zip(ids, (1.0, 2.0), strict=True):
        workspace.metric(run_id, "loss", [factor / step for step in range(1, 6)])
    page = visitor.open("/experiments/compared")
    for run_id in ids:
        page.get_by_label(f"Compare {run_id}").check()
    page.get_by_role("button", name="Compare").click()

    expect(page.locator("thead th .status")).to_have_text(["Completed", "Completed"])
    row = page.locator("tr:has(bdi:text-is('lr'))")
    assert sorted(row.locator("td").all_inner_texts()) == ["0.1", "0.2"]
    expect(page.locator("tr:has(bdi:text-is('epochs'))")).to_be_hidden()
    page.get_by_label("Only what differs").uncheck()
    expect(page.locator("tr:has(bdi:text-is('epochs'))")).to_be_visible()
    readout = page.locator("figure[data-key='loss'] .readout b")
    expect(readout).to_have_count(2)
    assert sorted(readout.all_inner_texts()) == ["0.2", "0.4"]
    expect(page.locator(".diff summary")).to_have_count(3)
    changed = page.locator(".diff:has-text('train.py')")
    assert {changed.locator(".added").inner_text().strip(), changed.locator(".removed").inner_text().strip()} in (
        {"+print(2)", "-print(1)"}, {"+print(1)", "-print(2)"})  # fmt: skip
    expect(page.locator(".diff summary").filter(has_text="<b>new</b>.txt")).to_be_visible()


def test_a_list_shows_what_is_new_without_moving_what_is_looked_at(
    workspace: Workspace, visitor: Visitor, gates: Gates
):
    first = workspace.accepted(gates.script + "wait('end')", experiment="watched")
    page = visitor.open("/experiments/watched")
    status = page.locator(f"tr[data-key='{first}'] .status")
    expect(status).to_have_text("Running")
    page.evaluate("window.same = true")

    # Somebody is about to click: a new run waits, the status of the old one does not.
    page.locator(f"tr[data-key='{first}']").hover()
    second = workspace.accepted("print(2)", experiment="watched")
    news = page.get_by_role("button", name="New runs: show")
    expect(news).to_be_visible()
    gates.open("end")
    expect(status).to_have_text("Completed")
    assert page.locator("tbody tr").count() == 1
    news.click()
    expect(page.locator("tbody tr")).to_have_count(2)

    # Nobody is: it comes by itself.
    page.mouse.move(5, 5)
    page.evaluate("document.activeElement.blur()")
    third = workspace.accepted("print(3)", experiment="watched")
    expect(page.locator(f"tr[data-key='{third}'] .status")).to_have_text("Completed")
    assert page.evaluate("window.same")
    assert [row.get_attribute("data-key") for row in page.locator("tbody tr").all()] == [third, second, first]


def test_the_theme_is_remembered(visitor: Visitor):
    page = visitor.open("/")
    ground = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")  # noqa: E731
    light = ground()

    page.get_by_role("button", name="Change between light and dark").click()

    assert ground() != light
    dark = ground()
    visitor.open("/runs")
    assert ground() == dark
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
