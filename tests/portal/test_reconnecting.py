"""A page that stays open sends its secret to nobody else, whoever has the port after the service."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.conftest import Machine
from tests.waiting import until
from tests.workspace.client import Workspace


@contextmanager
def another_has(port: int, status: int, body: bytes) -> Iterator[list[str]]:
    """A stranger's server on the port, and all that it was sent."""
    sent: list[str] = []

    class Stranger(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.append(f"{self.command} {self.path}\n{self.headers}")
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield sent
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(address)
        yield page
    finally:
        context.close()


def test_an_open_page_sends_its_secret_to_nobody_who_took_the_port(browser: Browser, machine: Machine):
    assert machine.run("workspace", "start").returncode == 0
    before = Workspace(machine.state)
    run = before.finished(experiment="watched")
    with opened(browser, f"http://127.0.0.1:{before.http_port}/{before.pages}/runs") as page:
        expect(page.get_by_role("link", name=run)).to_be_visible()
        machine.stop()
        for status, body in ((404, b""), (200, b'{"proof": "00"}'), (200, b"<!doctype html>")):
            with another_has(before.http_port, status, body) as sent:
                page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
                if status == 404:  # once it was told that it is another one, it asks for nothing any more
                    until(lambda: sent)
                    expect(page.locator("#away")).to_contain_text("scaffold workspace open")
                assert not [text for text in sent if before.pages in text]
                assert not [text for text in sent if not text.startswith("GET /proof?challenge=")]

            # What somebody does by hand is sent; it opens nothing any more.
        with another_has(before.http_port, 200, b"x") as sent:
            page.reload()
            assert before.pages in sent[0]
    assert machine.run("workspace", "start").returncode == 0
    after = Workspace(machine.state)
    assert after.page(f"/{before.pages}/runs").status == 403


def test_a_page_that_is_looked_at_again_goes_on_once_its_service_has_proved_itself(
    browser: Browser, machine: Machine
):
    assert machine.run("workspace", "start").returncode == 0
    workspace = Workspace(machine.state)
    asked: list[str] = []
    with opened(browser, "about:blank") as page:
        page.on("request", lambda request: asked.append(urlsplit(request.url).path.rpartition("/")[2]))
        with page.expect_request("**/live"):
            page.goto(f"http://127.0.0.1:{workspace.http_port}/{workspace.pages}/runs")
        with page.expect_request("**/live"):
            for hidden in ("true", "false"):  # it gives its stream back, and opens another
                page.evaluate(
                    f"Object.defineProperty(document, 'hidden', {{value: {hidden}, configurable: true}})"
                )
                page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        run = workspace.finished(experiment="watched")
        expect(page.get_by_role("link", name=run)).to_be_visible()

    streams = [name for name in asked if name in ("proof", "live")]
    assert streams.count("live") == 2
    for place, name in enumerate(streams):
        assert name == "proof" or streams[place - 1] == "proof"
