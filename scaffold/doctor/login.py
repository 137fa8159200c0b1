"""Which ways to log in to Azure this environment has, and which of them the SDK comes to first."""

import shutil
from collections.abc import Iterator

from scaffold.doctor.finding import Finding, ok, warning
from scaffold.submission.child import login


def logins(tenant_id: str | None, *, needed: bool) -> Iterator[Finding]:
    """The ways that are set up, and the one that is taken.

    Args:
        tenant_id: of the workspace, or None.
        needed: whether the project goes to Azure.
    """
    ways = login.survey(tenant_id)
    there = [way for way in ways if way.ready]
    facts = {
        "ways": [{"method": way.method, "ready": way.ready, "reason": way.reason} for way in ways],
        "azure_cli": shutil.which("az"),
    }
    halves = [way for way in ways if way.half]
    for way in halves:
        yield warning(
            "login", f"{_capital(way.reason)}.", "Set the variable, or unset the others.", method=way.method
        )
    if not there:
        text = (
            "No login is there: no managed identity, no service principal, no earlier login of the SDK or az."
        )
        if not needed:
            yield ok("login", f"{text} The local workspace needs none.", **facts, method=None)
            return
        yield warning(
            "login",
            text,
            "Run 'az login', set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or use --auth device-code.",
            **facts,
            method=None,
        )
        return
    first, *others = there
    more = f"; there is also {', '.join(way.reason for way in others)}" if others else ""
    yield ok("login", f"{_capital(first.reason)} comes first{more}.", **facts, method=first.method)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
