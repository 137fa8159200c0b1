"""Each fault on the way to Azure ML, produced on the wire, and the two lines that it is told in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.azure import CONFIG, LOGIN, MANAGER, SERVICE, Azure, Fault
from tests.conftest import Machine

CloudProject = Callable[..., Path]


def error_of(done: Any) -> tuple[str, str]:
    """The two lines of the error with which a command ended."""
    lines = done.stderr.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("Error: ")), None)
    assert start is not None, done.stderr
    assert len(lines[start:]) == 2, done.stderr
    assert "Traceback" not in done.stderr
    return lines[start].removeprefix("Error: "), lines[start + 1].removeprefix("→ ")


FAULTS = [
    pytest.param(
        Fault(MANAGER, "/workspaces/forecasts", 401, "InvalidAuthenticationToken", "The access token is invalid."),
        "does not take the login (401): The access token is invalid.", "az login", id="401",
    ),
    pytest.param(
        Fault(
            MANAGER, "/workspaces/forecasts", 403, "AuthorizationFailed",
            "The client 'x' does not have authorization to perform action 'read' over scope '/subscriptions/y'.",
        ),
        "may not do this in the workspace 'forecasts' (403): The client 'x' does not have authorization",
        "AzureML Data Scientist", id="403",
    ),
    pytest.param(
        Fault(SERVICE, "/snapshotrun", 403, "UserError", "The role of the caller does not permit runs."),
        "may not do this in the workspace 'forecasts' (403): The role of the caller", "AzureML Data Scientist",
        id="403 of the workspace's own service",
    ),
    pytest.param(
        Fault(MANAGER, "/workspaces/forecasts", 404, "ResourceNotFound", "The resource was not found."),
        "There is no workspace 'forecasts' in resource group 'Team'", ".azureml/config.json", id="404 workspace",
    ),
    pytest.param(
        Fault(
            SERVICE, "/snapshotrun", 404, "UserError", "Compute target with name cpu-cluster not found in workspace.",
        ),
        "Compute target with name cpu-cluster not found", "--compute-target", id="404 compute",
    ),
    pytest.param(
        Fault(SERVICE, "/snapshotrun", 409, "UserError", "A run of that id exists."),
        "(409): A run of that id exists.", "submit again", id="409",
    ),
    pytest.param(
        Fault(
            MANAGER, "/workspaces/forecasts", 429, "TooManyRequests", "Request rate is too large.",
            headers={"Retry-After": "0"},
        ),
        "takes no more requests for now (429): Request rate is too large.", "Wait a minute", id="429",
    ),
    pytest.param(
        Fault(SERVICE, "/snapshotrun", 500, "ServiceError", "InternalServerError"),
        "fails (500): InternalServerError", "--debug shows the request id", id="500",
    ),
    pytest.param(
        Fault(
            SERVICE, "/snapshotrun", 400, "UserError",
            "The VM size Standard_NC6 is retired and no longer supported in this region.",
        ),
        "The VM size Standard_NC6 is retired", "--compute-target", id="retired VM size",
    ),
    pytest.param(
        Fault(LOGIN, "/oauth2/v2.0/token", 401, "invalid_client", "AADSTS7000215: Invalid client secret provided."),
        "refuses the service principal: AADSTS7000215", "AZURE_CLIENT_SECRET", id="wrong secret",
    ),
    pytest.param(
        Fault(LOGIN, "/oauth2/v2.0/token", 400, "invalid_grant", "AADSTS700082: The refresh token has expired."),
        "The login has expired.", "az login", id="expired login",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "message", "hint"), FAULTS)
def test_a_fault_is_told_in_two_lines(  # noqa: PLR0917  (a case's fields)
    azure: Azure, user: Machine, cloud_project: CloudProject, fault: Fault, message: str, hint: str
):
    user.environment["SCAFFOLD_RETRY_SECONDS"] = "0"
    azure.faults.append(Fault(**vars(fault)))
    before = azure.run_count()

    done = user.run("submit", cloud_project())

    said, advice = error_of(done)
    assert (done.returncode, message in said, hint in advice) == (4, True, True), done.stderr
    assert azure.run_count() == before


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        pytest.param(
            {"subscription_id": "6e1d0c1a-3c50-4c11-9d33-1a1d4f1b7a11"},
            "cannot be seen from the tenant 7a1d0c1a-3c50-4c11-9d33-1a1d4f1b7a22",
            "Check subscription_id in .azureml/config.json",
            id="a subscription of another tenant",
        ),
        pytest.param(
            {"resource_group": "Other"},
            "in resource group 'Other'",
            ".azureml/config.json",
            id="resource group",
        ),
    ],
)
def test_a_config_json_that_names_something_else(
    user: Machine, cloud_project: CloudProject, changes: dict[str, str], message: str, hint: str
):
    folder = cloud_project(**{".azureml/config.json": json.dumps(CONFIG | changes)})

    done = user.run("submit", folder)

    said, advice = error_of(done)
    assert (done.returncode, message in said, hint in advice) == (4, True, True), done.stderr


@pytest.mark.parametrize("host", [LOGIN, MANAGER])
def test_a_host_that_cannot_be_reached(azure: Azure, user: Machine, cloud_project: CloudProject, host: str):
    user.environment["SCAFFOLD_RETRY_SECONDS"] = "0"
    azure.unreachable.add(host)

    done = user.run("submit", cloud_project())

    said, advice = error_of(done)
    assert (done.returncode, "The proxy does not let" in said) == (4, True), done.stderr
    assert "HTTPS_PROXY" in advice


def test_a_proxy_that_is_not_trusted(azure: Azure, user: Machine, cloud_project: CloudProject):
    del user.environment["REQUESTS_CA_BUNDLE"]
    del user.environment["SSL_CERT_FILE"]

    done = user.run("submit", cloud_project())

    said, advice = error_of(done)
    assert (done.returncode, "is not trusted" in said) == (4, True), done.stderr
    assert "REQUESTS_CA_BUNDLE" in advice


def test_nobody_is_logged_in_and_nobody_can_be_asked(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        del user.environment[name]

    done = user.run("submit", cloud_project())

    said, advice = error_of(done)
    assert (done.returncode, "Nobody is logged in" in said) == (4, True), done.stderr
    assert "az login" in advice


def test_the_request_id_is_shown_when_it_is_asked_for(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    azure.faults.append(
        Fault(MANAGER, "/workspaces/forecasts", 403, headers={"x-ms-request-id": "id-to-report-1"})
    )

    plain = user.run("submit", cloud_project())
    debugging = user.run("submit", cloud_project(), "--debug")

    assert "id-to-report-1" not in plain.stderr
    assert "id-to-report-1" in debugging.stderr
