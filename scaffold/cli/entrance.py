"""A page of the local workspace in the browser, without its secret on a command line, which every user can read."""

import html
import secrets
import time
import webbrowser
from contextlib import suppress
from pathlib import Path

_KEPT_SECONDS = 60
_NAME = "open-"
_OWN = "http://127.0.0.1:"
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={address}">
<title>Local workspace</title>
<p><a href="{address}">Open the local workspace</a></p>
</html>
"""


def open_browser(address: str) -> bool:
    """Opens an address; one of the local workspace by way of a file that only the owner can read.

    Returns:
        False when there is no browser.
    """
    return webbrowser.open(_page_that_leads_to(address) if address.startswith(_OWN) else address)


def _page_that_leads_to(address: str) -> str:
    """The address of a file that sends the browser on."""
    from scaffold.workspace.files import write_atomically
    from scaffold.workspace.paths import Home

    folder = Home.default().client
    folder.mkdir(
        mode=0o700, parents=True, exist_ok=True
    )  # a run on Azure ML is opened without a local workspace
    _forget_old(folder)
    page = folder / f"{_NAME}{secrets.token_hex(8)}.html"
    write_atomically(page, _PAGE.format(address=html.escape(address)).encode())
    return page.as_uri()


def _forget_old(folder: Path) -> None:
    """Removes the files of earlier commands; a browser may not have read the newest yet."""
    for page in folder.glob(f"{_NAME}*.html"):
        with suppress(OSError):
            if page.stat().st_mtime < time.time() - _KEPT_SECONDS:
                page.unlink()
