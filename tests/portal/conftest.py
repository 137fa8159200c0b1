"""A browser, and pages of a running local workspace in it.

One browser a worker; every test gets a context of its own. A page that asks for anything outside the workspace,
that breaks its own content security policy, or whose scripts fail, fails its test.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Route,
    expect,
    sync_playwright,
)

from tests.conftest import Machine
from tests.workspace.client import Workspace

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_BROWSERS = (os.environ.get("SCAFFOLD_BROWSER", "chromium"), "chromium-browser", "google-chrome")
# Plots that scripts fill are filled, and the lines of a log have come.
_READY = """() =>
document.readyState === "complete"
  && [...document.querySelectorAll("#charts .plot")].every((plot) => plot.childElementCount)
  && (!document.querySelector("script[src*='log.js']") || !document.querySelector("#log-total:empty"))
"""
TIMEOUT_MILLISECONDS = 60_000
expect.set_options(timeout=TIMEOUT_MILLISECONDS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The worker's browser."""
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("there is no Chromium; scripts/browser.sh installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def workspace(shared_machine: Machine) -> Workspace:
    """The shared machine's workspace."""
    return Workspace(shared_machine.state)


class Visitor:
    """A person at a browser in which the workspace was opened.

    Attributes:
        page: the browser's page.
        base: the address of the workspace's pages, without a last slash.
        problems: what no page may do: requests to elsewhere, errors of scripts, broken policies, dialogs.
    """

    def __init__(self, context: BrowserContext, workspace: Workspace, *, scripted: bool = True) -> None:
        self.scripted = scripted
        self.origin = f"http://127.0.0.1:{workspace.http_port}"
        self.base = f"{self.origin}/{workspace.pages}"
        self.problems: list[str] = []
        self.expected: list[str] = []
        context.set_default_timeout(TIMEOUT_MILLISECONDS)
        context.route("**/*", self._only_ours)
        self.page: Page = context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.goto(f"{self.base}/")

    def _only_ours(self, route: Route) -> None:
        if route.request.url.startswith((f"{self.origin}/", "data:", "blob:")):
            route.continue_()
        else:
            self.problems.append(f"asked for {route.request.url}")
            route.abort()

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(text in message.text for text in self.expected):
            self.problems.append(f"console: {message.text}")

    def open(self, path: str) -> Page:
        """Goes to a page of the workspace; charts are drawn and logs are there when this returns."""
        self.page.goto(self.base + path)
        if self.scripted:
            self.page.wait_for_function(_READY)
        return self.page


@pytest.fixture
def visit(browser: Browser, workspace: Workspace) -> Iterator[Callable[..., Visitor]]:
    """Opens the workspace in a fresh context; options are the context's, such as ``color_scheme``."""
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def begin(**options) -> Visitor:
        contexts.append(
            browser.new_context(
                **{"viewport": {"width": 1280, "height": 900}, "service_workers": "block"} | options
            )
        )
        visitors.append(Visitor(contexts[-1], workspace, scripted=options.get("java_script_enabled", True)))
        return visitors[-1]

    yield begin
    for context in contexts:
        context.close()
    assert [problem for visitor in visitors for problem in visitor.problems] == []


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """A person who has opened the workspace."""
    return visit()


@pytest.fixture
def gates(tmp_path: Path) -> "Gates":
    """Lets a script go on from one place to the next when the test says so."""
    return Gates(tmp_path / "gates")


class Gates:
    """Files that a script waits for.

    Attributes:
        script: Python for the script's beginning: ``wait(name)``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self.script = (
            "import os, sys, time\n"
            f"def wait(name):\n    while not os.path.exists(os.path.join({str(folder)!r}, name)): time.sleep(0.01)\n"
        )

    def open(self, name: str) -> None:
        (self._folder / name).touch()
