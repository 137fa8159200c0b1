"""No answer came at all."""

import re
from collections.abc import Iterable

from scaffold.errors import ScaffoldError, WorkspaceError
from scaffold.submission.faults.place import Place
from scaffold.submission.faults.record import Record, is_certificate, is_from, says

# The SDK swallows this exception, prints it as a line, and goes on to ask for a login.
_SWALLOWED = re.compile(
    r"unable to load cloud metadata from the url specified by (https?://\S+)\. (.*Max retries.*)"
)


def is_swallowed(line: str) -> bool:
    """True for a printed line that stands for a network fault which the SDK has swallowed."""
    return bool(_SWALLOWED.search(line))


def uncover(record: Record | None, lines: Iterable[str]) -> Record | None:
    """Return the network fault behind a login that is missing, where the SDK swallowed it.

    Args:
        record: of the exception that ended the process, or None.
        lines: printed by the process.

    Returns:
        A record of the printed fault when the login was asked for after it; else the record that was given.
    """
    if record is None or not is_from(record, "LoginNeededError"):
        return record
    found = next(filter(None, map(_SWALLOWED.search, lines)), None)
    if found is None:
        return record
    return {**record, "types": [], "network": True, "url": found[1], "message": found[2], "texts": [found[2]]}


def no_network(record: Record, place: Place) -> ScaffoldError | None:
    if not record["network"]:
        return None
    if is_certificate(record):
        return WorkspaceError(
            f"The certificate of {_host(record)} is not trusted.",
            "Behind a proxy that reads TLS, set REQUESTS_CA_BUNDLE to your organisation's certificates.",
        )
    if says(record, "proxy"):
        return WorkspaceError(
            f"The proxy does not let {_host(record)} through.", "Check HTTPS_PROXY and NO_PROXY."
        )
    return WorkspaceError(
        f"{_host(record)} cannot be reached.", f"Check the network, VPN and HTTPS_PROXY; then {place.again}."
    )


def _host(record: Record) -> str:
    for text in [record["url"] or "", record["message"], *record["texts"]]:
        found = re.search(r"host='([^']+)'|https?://(?:[^/@\s]+@)?([^/\s:'\"]+)", text)
        if found is not None:
            return found[1] or found[2]
    return "Azure"
