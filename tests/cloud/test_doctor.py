"""``scaffold doctor`` on the way to Azure ML: the login, the workspace, its compute target and quotas, with the SDK."""

import json
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_check import schema
from tests.cloud.azure import CLIENT_ID, CONFIG, LOGIN, MANAGER, SERVICE, Azure, Fault
from tests.conftest import TUTORIAL_CONFIG, Machine

CloudProject = Callable[..., Path]
COMPUTE = f"/computes/{'cpu-cluster'}"


def examined(user: Machine, *arguments: str | Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and what was found about Azure: by check, the worst of each."""
    done = user.run("doctor", *arguments, "--json")
    document = json.loads(done.stdout)
    schema("doctor")(document)
    assert "Traceback" not in done.stderr
    order = {"ok": 0, "warning": 1, "problem": 2}
    found: dict[str, dict[str, Any]] = {}
    for finding in document["findings"]:
        if finding["topic"] == "Azure":
            known = found.setdefault(finding["check"], finding)
            if order[finding["state"]] > order[known["state"]]:
                found[finding["check"]] = finding
    return done.returncode, found


def states(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {check: finding["state"] for check, finding in found.items()}


def test_a_way_that_is_free_from_end_to_end(azure: Azure, user: Machine, cloud_project: CloudProject):
    azure.faults.append(Fault(MANAGER, "/usages", 200, document={"value": [
        {"id": "1", "unit": "Count", "currentValue": 4, "limit": 24, "name": {"localizedValue": "Cluster vCPUs"}},
        {"id": "2", "unit": "Count", "currentValue": 0, "limit": 0, "name": {"localizedValue": "NC vCPUs"}},
    ]}))  # fmt: skip

    code, found = examined(user, cloud_project())

    assert code == 0
    assert set(states(found).values()) == {"ok"}
    assert set(found) == {"azure", "clock", "azure login", "workspace", "compute target", "quota"}
    assert f"service principal {CLIENT_ID} works" in found["azure login"]["what"]
    assert found["azure login"]["details"]["tenant_id"] == CONFIG["tenant_id"]
    assert found["workspace"]["details"]["location"] == "local"
    assert found["compute target"]["details"]["provisioning_state"] == "Succeeded"
    assert found["quota"]["what"] == "Cluster vCPUs 4 of 24."


def test_what_stands_in_the_way_is_told_and_the_rest_looked_at(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    """A clock that is wrong, a compute target that is not there, and a quota that is used up."""
    early = {"date": formatdate(time.time() + 3600, usegmt=True)}
    azure.faults += [
        Fault(MANAGER, "^/$", 404, headers=early),
        Fault(SERVICE, COMPUTE, 404, "ResourceNotFound", "not found"),
        Fault(MANAGER, COMPUTE, 404, "ResourceNotFound", "not found"),
        Fault(MANAGER, "/usages", 200, document={"value": [
            {"id": "1", "currentValue": 24, "limit": 24, "name": {"localizedValue": "Cluster vCPUs"}},
        ]}),
    ]  # fmt: skip

    code, found = examined(user, cloud_project())

    assert (code, states(found)) == (4, {
        "azure": "ok", "clock": "problem", "azure login": "ok", "workspace": "ok", "compute target": "problem",
        "quota": "warning",
    })  # fmt: skip
    assert 3000 < found["clock"]["details"]["ahead_seconds"] < 4000
    assert "behind Azure's: logins fail" in found["clock"]["what"]
    assert "no compute target 'cpu-cluster'" in found["compute target"]["what"]


def test_a_compute_target_that_is_not_ready(azure: Azure, user: Machine, cloud_project: CloudProject):
    instance = {
        "id": "x", "name": "cpu-cluster", "location": "local", "tags": {},
        "properties": {
            "computeType": "ComputeInstance", "provisioningState": "Succeeded", "provisioningErrors": None,
            "computeLocation": "local", "description": "", "createdOn": "2026-01-01T00:00:00Z",
            "modifiedOn": "2026-01-01T00:00:00Z", "resourceId": None, "isAttachedCompute": False,
            "properties": {
                "vmSize": "STANDARD_DS3_V2", "state": "Stopped", "errors": [], "applications": [], "subnet": None,
                "sshSettings": {}, "connectivityEndpoints": {}, "createdBy": {}, "lastOperation": {},
            },
        },
    }  # fmt: skip
    azure.faults += [Fault(host, COMPUTE, 200, document=instance) for host in (MANAGER, SERVICE)]

    code, found = examined(user, cloud_project())

    assert (code, found["compute target"]["state"]) == (0, "warning"), found
    assert "stopped" in found["compute target"]["what"]


@pytest.mark.slow
def test_a_login_that_is_refused_and_a_workspace_that_is_not_there(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    folder = cloud_project(**{".azureml/config.json": json.dumps(CONFIG | {"resource_group": "Other"})})
    code, found = examined(user, folder)
    assert (code, states(found)["workspace"]) == (4, "problem")
    assert "no workspace 'forecasts' in resource group 'Other'" in found["workspace"]["what"]
    assert "quota" not in found

    azure.faults.append(
        Fault(
            LOGIN,
            "/oauth2/v2.0/token",
            401,
            "invalid_client",
            "AADSTS7000215: Invalid client secret provided.",
        )
    )
    code, found = examined(user, folder)
    assert (code, states(found)) == (4, {"azure": "ok", "clock": "ok", "azure login": "problem"})
    assert "refuses the service principal" in found["azure login"]["what"]


def test_a_proxy_that_lets_nothing_through(azure: Azure, user: Machine, cloud_project: CloudProject):
    azure.unreachable |= {LOGIN, MANAGER}

    code, found = examined(user, cloud_project())

    assert (code, states(found)) == (4, {"azure": "problem"})
    assert "The proxy does not let login.microsoftonline.com through" in found["azure"]["what"]


def test_nobody_is_logged_in(azure: Azure, user: Machine, cloud_project: CloudProject):
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        del user.environment[name]

    code, found = examined(user, cloud_project())

    assert (code, states(found)["azure login"]) == (4, "problem")
    assert "Nobody is logged in" in found["azure login"]["what"]


def test_offline_and_local_projects_ask_nothing_and_a_login_may_be_tried_all_the_same(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    local = cloud_project(**{".azureml/config.json": json.dumps(TUTORIAL_CONFIG)})
    azure.requests.clear()
    assert examined(user, local) == (0, {})
    (local / ".azureml" / "config.json").write_text(json.dumps(CONFIG))
    assert examined(user, local, "--offline") == (0, {})
    assert azure.requests == []

    (local / ".azureml" / "config.json").write_text(json.dumps(TUTORIAL_CONFIG))
    code, found = examined(user, local, "--auth", "service-principal")

    assert (code, states(found)) == (0, {"azure": "ok", "clock": "ok", "azure login": "ok"})
