"""Nothing that a run says is obeyed: script, markup, escapes of terminals, marks that turn the text around."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.portal.conftest import Visitor
from tests.workspace.client import SCOPE, Workspace

SCRIPT = "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>"
TURNED = "a\u202ecod.exe\u202cz\u2066"
ESCAPES = "\x1b]0;title\x07\x1b[2J\x1b[31mred\x1b[0m\x07\x9b"
NASTY = SCRIPT + TURNED
ATTACK = "<script>window.pwned = parent.pwned = top.pwned = 1; document.title = 'pwned'</script>"


@pytest.fixture(scope="module")
def nasty_run(workspace: Workspace) -> str:
    """A run that puts what is nasty wherever it can."""
    run_id = workspace.finished(
        f"import json\nprint({NASTY!r})\nprint({ESCAPES!r})\n"
        f"open('outputs/page.html', 'w').write({ATTACK!r})\n"
        'open(\'outputs/drawing.svg\', \'w\').write(\'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"'
        f' onload="window.pwned = 1">\' + {ATTACK!r} + \'<rect width="9" height="9"/></svg>\')\n'
        f"open('outputs/' + {NASTY.replace('/', '')!r} + '.txt', 'w').write('named')\n"
        f"open('outputs/table.csv', 'w', encoding='utf-8').write({NASTY!r} + ',b\\n' + {NASTY!r} + ',2\\n')\n"
        f"json.dump({{{NASTY!r}: {NASTY!r}}}, open('outputs/data.json', 'w'), ensure_ascii=False)\n"
        f"raise SystemExit({NASTY!r})",
        experiment="nasty",
        arguments=[f"--{NASTY}", NASTY],
        target=NASTY,
    )
    address = f"/history/v1.0{SCOPE}/experiments/nasty/runs/{run_id}"
    texts = {"tags": {NASTY: NASTY}, "displayName": NASTY, "description": NASTY}
    for changes in (texts, {"properties": {NASTY: NASTY}}):
        assert workspace.request("PATCH", address, changes).status == 200
    workspace.metric(run_id, NASTY, [1.0, 2.0])
    workspace.metric(run_id, NASTY + "once", [3.0])
    columns = {NASTY: "String", "n": "Double"}
    rows = [{"data": {NASTY: NASTY, "n": n}} for n in range(3)]
    table = {
        "name": "table",
        "columns": columns,
        "value": rows,
        "properties": {"uxMetricType": "azureml.v1.table"},
    }
    assert workspace.post(f"/metric/v2.0{SCOPE}/runs/{run_id}/batch", {"values": [table]}).status == 200
    return run_id


FILES = ("page.html", "drawing.svg", "table.csv", "data.json")
TABS = ("", "/environment", "/metrics", "/images", "/snapshot", "/logs", "/children", "/code")
PAGES = (*TABS, *(f"/logs/outputs/{name}" for name in FILES))


def test_no_page_does_what_a_run_says(workspace: Workspace, visitor: Visitor, nasty_run: str):
    other = workspace.finished(experiment="nasty")
    lists = [
        "/",
        "/experiments/nasty",
        "/runs",
        "/computes",
        "/service",
        f"/compare?runs={nasty_run}&runs={other}",
    ]
    for path in [f"/runs/{nasty_run}{page}" for page in PAGES] + lists:
        page = visitor.open(path)
        assert page.evaluate("window.pwned === undefined"), path
        assert page.locator("main script, main img[onerror]").count() == 0, path
        text = page.evaluate("document.documentElement.outerHTML + document.title")
        assert not set(text) & set("\u202e\u202c\u2066\x1b\x07\x9b"), path


def test_what_is_nasty_is_shown_as_what_it_is(visitor: Visitor, nasty_run: str):
    page = visitor.open(f"/runs/{nasty_run}")
    shown = f"{SCRIPT}a\\x202ecod.exe\\x202cz\\x2066"
    expect(page.locator("h1")).to_have_text(shown)
    expect(page.locator(".tail")).to_contain_text(shown)
    page = visitor.open(f"/runs/{nasty_run}/metrics")
    expect(page.locator("figure h2").first).to_have_text(shown)
    page = visitor.open(f"/runs/{nasty_run}/logs")
    lines = page.locator(".log-line .tx")
    expect(lines.first).to_have_text(shown)
    # The colour is kept; the title, the bell and the cleared screen are not.
    expect(lines.nth(1)).to_have_text("red\\x07\\x9b")
    expect(lines.nth(1).locator(".a-31")).to_have_text("red")


@pytest.mark.parametrize("query", ["", "?as=image"])
@pytest.mark.parametrize("name", ["page.html", "drawing.svg"])
def test_a_page_or_drawing_among_the_outputs_runs_nothing_when_it_is_opened(
    visitor: Visitor, nasty_run: str, name: str, query: str
):
    # What the browser says of scripts that it refused is as it should be.
    visitor.expected += [
        "Blocked script execution",
        "Refused to execute",
        "violates the following Content Security",
    ]
    page = visitor.open(f"/runs/{nasty_run}/file/outputs/{name}{query}")

    assert page.evaluate("window.pwned === undefined && document.title !== 'pwned'")
    assert page.evaluate("window.origin") == "null"  # nobody's page, so that it could ask us nothing as us


def test_a_drawing_is_seen_on_its_page(visitor: Visitor, nasty_run: str):
    page = visitor.open(f"/runs/{nasty_run}/logs/outputs/drawing.svg")

    width = page.locator(".image-stage img").evaluate(
        "image => image.decode().then(() => image.naturalWidth)"
    )

    assert width == 9


def test_a_file_with_a_nasty_name_is_found_and_opened(visitor: Visitor, nasty_run: str):
    page = visitor.open(f"/runs/{nasty_run}/logs")
    page.locator(".tree a").filter(has_text="cod.exe").click()
    expect(page.locator(".log-line .tx")).to_have_text("named")
    assert quote("\u202e") in page.url
