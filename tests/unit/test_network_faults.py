"""The SDK swallows a network fault and asks for a login; the fault is told all the same."""

from pathlib import Path

import pytest

from scaffold.project.model import WorkspaceConfig
from scaffold.submission.faults import Place, explain
from scaffold.submission.faults.network import uncover

PLACE = Place(None, WorkspaceConfig("s", "g", "forecasts", None, Path("config.json")))
ASKED = {
    "type": "LoginNeededError", "types": ["LoginNeededError"], "message": "", "service_message": None, "texts": [],
    "status": None, "network": False, "url": None, "line": None, "request_id": None,
}  # fmt: skip
METADATA = "https://management.azure.com/metadata/endpoints?api-version=2019-05-01"
PRINTED = (
    f"Error: Azure ML was unable to load cloud metadata from the url specified by {METADATA}. HTTPSConnectionPool("
    "host='management.azure.com', port=443): Max retries exceeded with url: /metadata/endpoints (Caused by %s). This "
    "may be due to a misconfiguration of networking controls."
)


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        ("NameResolutionError('Name or service not known')", "management.azure.com cannot be reached."),
        ("ProxyError('Unable to connect to proxy')", "The proxy does not let management.azure.com through."),
        (
            "SSLError(SSLCertVerificationError('CERTIFICATE_VERIFY_FAILED'))",
            "The certificate of management.azure.com is not trusted.",
        ),
    ],
)
def test_a_missing_login_behind_a_network_fault_is_told_as_that_fault(cause: str, message: str):
    record = uncover(ASKED, ["hello", PRINTED % cause])

    assert explain(record, 1, PLACE).message == message


def test_other_errors_are_what_they_are():
    assert uncover(ASKED, ["hello"]) is ASKED
    assert uncover(None, [PRINTED % "x"]) is None
    other = {**ASKED, "types": ["ValueError"]}
    assert uncover(other, [PRINTED % "x"]) is other
