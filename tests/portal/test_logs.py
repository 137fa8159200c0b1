"""The log: any line of it at once, followed while it grows, searched on the server."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.portal.conftest import Gates, Visitor
from tests.workspace.client import Workspace


def line(page: Page, number: int) -> Locator:
    """A line that is in the page, by its number."""
    return page.locator(f".log-line:has(.ln[data-n='{number}']) .tx")


def test_the_log_is_followed_until_one_scrolls_away(workspace: Workspace, visitor: Visitor, gates: Gates):
    run_id = workspace.accepted(
        gates.script + "for n in range(1, 301): print('line', n)\nwait('more')\n"
        "for n in range(301, 401): print('line', n)\nwait('rest')\nprint('the last')",
        experiment="followed",
    )
    page = visitor.open(f"/runs/{run_id}/logs/user_logs/std_log.txt")
    expect(line(page, 300)).to_have_text("line 300")
    expect(page.locator(".run-head .status")).to_have_text("Running")
    state = page.locator("#log-state")
    expect(state).to_have_text("following")

    page.locator("#log-view").hover()
    page.mouse.wheel(0, -600)
    expect(state).to_contain_text("not following")
    first = page.locator(".log-line .ln").first
    seen = first.get_attribute("data-n")
    gates.open("more")
    expect(page.locator("#log-total")).to_contain_text("400 lines")
    assert first.get_attribute("data-n") == seen

    page.get_by_role("button", name="Jump to the end").click()
    expect(line(page, 400)).to_have_text("line 400")
    gates.open("rest")
    expect(line(page, 401)).to_have_text("the last")
    expect(page.locator(".run-head .status")).to_have_text("Completed")


def leave(workspace: Workspace, run_id: str, path: str, content: bytes) -> None:
    put = workspace.blob("PUT", workspace.new_artifact(run_id, path), content, x_ms_blob_type="BlockBlob")
    assert put.status == 201


@pytest.mark.parametrize("path", ["", "/user_logs/std_log.txt"])
def test_a_log_that_is_not_there_yet_is_waited_for(workspace: Workspace, visitor: Visitor, path: str):
    run_id = workspace.begun(f"waits{len(path)}")
    page = visitor.open(f"/runs/{run_id}/logs{path}")
    expect(page.locator(".empty")).to_have_text(
        "There is no user_logs/std_log.txt yet; it appears here as soon as there is."
        if path
        else "The log appears here as soon as the run begins."
    )

    leave(workspace, run_id, "system_logs/preparation.txt", b"prepared\n")
    expect(page.get_by_role("link", name="preparation.txt")).to_be_visible()
    if path:
        expect(page.locator(".empty")).to_contain_text("There is no user_logs/std_log.txt yet")
    else:
        expect(line(page, 1)).to_have_text("prepared")
    leave(workspace, run_id, "user_logs/std_log.txt", b"it has begun\n")

    expect(line(page, 1)).to_have_text("it has begun")
    expect(page.locator("#log-state")).to_have_text("following")


def test_a_file_that_never_came_is_no_longer_waited_for(workspace: Workspace, visitor: Visitor):
    run_id = workspace.begun("waits-in-vain")
    page = visitor.open(f"/runs/{run_id}/logs/outputs/<b>.bin")
    expect(page.locator(".empty")).to_contain_text("There is no outputs/<b>.bin yet")

    visitor.expected.append("404")
    workspace.begun(run_id, status="Completed")

    expect(page.locator(".empty")).to_have_text("This run has left no outputs/<b>.bin.")
    expect(page.locator(".run-head .status")).to_have_text("Completed")
    assert workspace.own_page(f"/runs/{run_id}/logs/outputs/b.bin").status == 404


def test_a_long_log_is_gone_through_and_searched(workspace: Workspace, visitor: Visitor):
    run_id = workspace.finished(
        "for n in range(1, 200001): print('line', n, 'needle' if n % 50000 == 0 else '')", experiment="long"
    )
    page = visitor.open(f"/runs/{run_id}/logs")
    expect(page.locator("#log-total")).to_have_text("200,000 lines, 2.5 MB")
    expect(line(page, 1)).to_have_text("line 1 ")
    # However long the log is, the page is short.
    assert page.locator(".log-line").count() < 100

    view = page.locator("#log-view")
    view.focus()
    page.keyboard.press("End")
    expect(line(page, 200_000)).to_be_visible()
    page.keyboard.press("PageUp")
    expect(line(page, 200_000)).to_have_count(0)
    page.keyboard.press("Home")
    expect(line(page, 1)).to_be_visible()
    view.evaluate("view => { view.scrollTop = view.scrollHeight / 2; }")
    expect(line(page, 100_010)).to_be_visible()
    page.get_by_label("Go to line").fill("123456")
    page.get_by_label("Go to line").press("Enter")
    expect(page.locator(".log-line .ln").first).to_have_attribute("data-n", "123456")

    page.get_by_placeholder("Search this log").fill("NEEDLE")
    found = page.locator("#log-found")
    expect(found).to_have_text("1 of 4")
    expect(page.locator(".log-line.found mark")).to_have_text("needle")
    expect(page.locator(".log-line.found .ln")).to_have_attribute("data-n", "50000")
    page.get_by_role("button", name="Previous match").click()
    expect(page.locator(".log-line.found .ln")).to_have_attribute("data-n", "200000")
    page.get_by_placeholder("Search this log").fill("nowhere")
    expect(found).to_have_text("not found")


def test_long_lines_wrap_when_they_are_asked_to(workspace: Workspace, visitor: Visitor):
    run_id = workspace.finished(
        "print('word ' * 400)\nprint('10 %\\r20 %\\r30 %')\nprint('end')", experiment="wide"
    )
    page = visitor.open(f"/runs/{run_id}/logs")
    expect(line(page, 2)).to_have_text("30 %")  # of a progress bar, its last state
    one_line = line(page, 2).bounding_box()
    assert one_line is not None

    page.get_by_label("Wrap").check()

    wrapped = line(page, 1).bounding_box()
    assert wrapped is not None and wrapped["height"] > 3 * one_line["height"]
    assert page.locator("#log-view").evaluate("view => view.scrollWidth <= view.clientWidth")
    expect(line(page, 3)).to_be_visible()


def test_without_scripts_the_end_of_the_log_is_there(workspace: Workspace, visit):
    run_id = workspace.finished("print('\\x1b[31mred\\x1b[0m', 'plain')", experiment="unscripted")
    page = visit(java_script_enabled=False).open(f"/runs/{run_id}/logs")
    expect(page.locator(".log-plain")).to_have_text("red plain")


@pytest.mark.slow
def test_a_log_of_a_hundred_megabytes_is_as_quick(workspace: Workspace, visitor: Visitor):
    run_id = workspace.finished(
        "import sys\nfor n in range(1_400_000): sys.stdout.write(f'{n:08d} ' + 'a line of a long log ' * 3 + '\\n')\n"
        "print('needle')",
        experiment="huge",
    )
    page = visitor.open(f"/runs/{run_id}/logs")
    expect(page.locator("#log-total")).to_contain_text("1,400,001 lines")
    page.locator("#log-view").focus()
    page.keyboard.press("End")
    expect(line(page, 1_400_001)).to_have_text("needle")
    page.keyboard.press("Home")
    page.get_by_placeholder("Search this log").fill("needle")
    expect(page.locator(".log-line.found .ln")).to_have_attribute("data-n", "1400001")
    # The wheel goes on line by line, although the scroll bar cannot show so many.
    page.locator("#log-view").hover()
    page.keyboard.press("Home")
    page.locator("#log-view").focus()
    page.keyboard.press("Home")
    page.mouse.wheel(0, 180)
    expect(page.locator(".log-line .ln").first).to_have_attribute("data-n", "11")
    assert page.evaluate("performance.memory ? performance.memory.usedJSHeapSize < 60e6 : true")
