"""No answer came at all."""

import re

from scaffold.errors import ScaffoldError, WorkspaceError
from scaffold.submission.faults.place import Place
from scaffold.submission.faults.record import Record, is_certificate, says


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
