"""The charts of metrics: values under the pointer, zoomed by dragging and by keys, and all of it again."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.portal.conftest import Visitor
from tests.waiting import until
from tests.workspace.client import Workspace


@pytest.fixture
def run_id(workspace: Workspace, request: pytest.FixtureRequest) -> str:
    """A run under way that nothing is executed of."""
    return workspace.begun(re.sub(r"\W|_", "-", request.node.name))


def readout_at(page: Page, figure: Locator, part: float) -> Locator:
    """What the chart says where the pointer is put: so far along it, from 0 to 1."""
    box = figure.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 1 + part * (box["width"] - 2), box["y"] + box["height"] / 2)
    return figure.locator(".readout")


def drag(page: Page, figure: Locator, start: float, end: float) -> None:
    readout_at(page, figure, start)
    page.mouse.down()
    readout_at(page, figure, (start + end) / 2)
    readout_at(page, figure, end)
    page.mouse.up()


def by_mouse(page: Page, figure: Locator) -> None:
    figure.locator(".u-over").dblclick()


def by_key(page: Page, figure: Locator) -> None:
    figure.locator(".box").press("Escape")


@pytest.mark.parametrize("show_all", [by_mouse, by_key])
def test_a_stretch_is_zoomed_into_and_left_again(
    workspace: Workspace, visitor: Visitor, run_id: str, show_all: Callable[[Page, Locator], None]
):
    workspace.metric(run_id, "loss", [float(step) for step in range(41)])
    page = visitor.open(f"/runs/{run_id}/metrics")
    loss = page.locator("figure[data-key='loss']")
    expect(readout_at(page, loss, 0)).to_have_text("step 00")
    expect(readout_at(page, loss, 1)).to_have_text("step 4040")

    drag(page, loss, 0.24, 0.51)

    expect(readout_at(page, loss, 0)).to_have_text("step 1010")
    expect(readout_at(page, loss, 1)).to_have_text("step 2020")
    # What is logged meanwhile does not take the view away.
    workspace.metric(run_id, "loss", [41.0], first_step=41)
    expect(loss.locator(".last")).to_have_text("41")
    expect(readout_at(page, loss, 0.01)).to_have_text("step 1010")

    show_all(page, loss)

    expect(readout_at(page, loss, 0.01)).to_have_text("step 00")
    expect(readout_at(page, loss, 1)).to_have_text("step 4141")


def test_the_keys_go_from_value_to_value_and_zoom(workspace: Workspace, visitor: Visitor, run_id: str):
    workspace.metric(run_id, "loss", [float(step) for step in range(41)])
    page = visitor.open(f"/runs/{run_id}/metrics")
    loss = page.locator("figure[data-key='loss']")
    box, readout = loss.locator(".box"), loss.locator(".readout")

    for key in ["ArrowLeft"] * 21 + ["ArrowRight"]:
        box.press(key)
    expect(readout).to_have_text("step 2020")
    box.press("+")
    workspace.metric(run_id, "loss", [41.0], first_step=41)
    expect(loss.locator(".last")).to_have_text("41")

    expect(readout_at(page, loss, 0)).to_have_text("step 1010")
    expect(readout_at(page, loss, 1)).to_have_text("step 3030")
    box.press("-")
    expect(readout_at(page, loss, 0.01)).to_have_text("step 00")
    expect(readout_at(page, loss, 1)).to_have_text("step 4040")
    box.press("-")
    expect(readout_at(page, loss, 1)).to_have_text("step 4141")


def test_a_stretch_of_many_values_is_shown_with_all_of_them(
    workspace: Workspace, visitor: Visitor, run_id: str
):
    """The page holds the lowest and highest of each stretch; between them are values that it has to ask for."""
    workspace.metric(run_id, "saw", [float((step * 37) % 1000) for step in range(20_000)])
    page = visitor.open(f"/runs/{run_id}/metrics")
    saw = page.locator("figure[data-key='saw']")
    shown = page.evaluate("fetch(location.pathname + '.json').then((answer) => answer.json())")
    (line,) = shown["metrics"]
    assert line["thinned"] and len(line["x"]) < 20_000

    with page.expect_response(lambda response: "/metric.json" in response.url):
        drag(page, saw, 0.5, 0.52)

    readout, box = saw.locator(".readout"), saw.locator(".box")

    def passed() -> list[int]:
        """The steps that twenty values have, one after the other."""
        readout_at(page, saw, 0.5)
        steps = []
        for _ in range(20):
            box.press("ArrowRight")
            steps.append(int(readout.inner_text().removeprefix("step ").partition("\n")[0].split()[0][:5]))
        return steps

    # They are drawn a moment after they have come.
    until(lambda: (steps := passed()) == list(range(steps[0], steps[0] + 20)))
