"""``scaffold workspace connect`` with Azure behind it: a pick from what a login sees, and ``--verify``."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import terminal
from tests.cli.test_check import schema
from tests.cli.test_connect import config_of
from tests.cli.test_submit import assert_refused
from tests.cloud.azure import CONFIG, MANAGER, Azure, Fault
from tests.conftest import TUTORIAL_CONFIG, Machine, Project
from tests.terminal import Terminal

CloudProject = Callable[..., Path]


def two_of(azure: Azure) -> None:
    """A second subscription, of which the workspace knows nothing, and a second workspace in the first."""
    subscriptions = [
        {"id": f"/subscriptions/{number}", "subscriptionId": number, "displayName": name, "state": "Enabled",
         "tenantId": CONFIG["tenant_id"]}
        for number, name in (("6e1d0c1a-3c50-4c11-9d33-1a1d4f1b7a11", "Sandbox"), (CONFIG["subscription_id"], "Team's"))
    ]  # fmt: skip
    azure.faults.append(Fault(MANAGER, r"^/subscriptions\?", 200, document={"value": subscriptions}))


@terminal.needed
def test_a_workspace_is_picked_from_those_that_can_be_seen(azure: Azure, user: Machine, project: Project):
    folder = project()
    two_of(azure)

    with Terminal(user, "workspace", "connect", cwd=folder) as shown:
        shown.until("Subscription [1]: ")
        shown.type("3")
        shown.until("from 1 to 2.")
        shown.type("2")
        code = shown.ended()

    assert (code, config_of(folder)) == (0, CONFIG), shown.screen
    assert "Azure: service principal" in shown.screen
    assert f"  2  Team's ({CONFIG['subscription_id']})" in shown.screen
    assert "  forecasts in resource group Team\n" in shown.screen
    assert "✓ connected; Azure has it" in shown.screen
    assert "to go back: scaffold workspace connect --local" in shown.screen


@terminal.needed
def test_a_pick_that_is_broken_off_changes_nothing(azure: Azure, user: Machine, project: Project):
    folder = project()
    two_of(azure)

    with Terminal(user, "workspace", "connect", cwd=folder) as shown:
        shown.until("Subscription [1]: ")
        shown.interrupt()
        code = shown.ended()

    assert (code, config_of(folder)) == (130, TUTORIAL_CONFIG)
    assert "Traceback" not in shown.screen
    assert "Error: Stopped before anything was written." in shown.screen


@terminal.needed
def test_where_nothing_can_be_seen(azure: Azure, user: Machine, project: Project):
    folder = project()
    azure.faults.append(Fault(MANAGER, r"^/subscriptions\?", 200, document={"value": []}))

    with Terminal(user, "workspace", "connect", cwd=folder) as shown:
        code = shown.ended()

    assert (code, "The login sees no subscription in tenant" in shown.screen) == (4, True), shown.screen
    assert config_of(folder) == TUTORIAL_CONFIG


@pytest.mark.slow
def test_what_azure_has_not_is_not_written_when_it_is_to_be_verified(
    user: Machine, project: Project, tmp_path: Path
):
    folder = project()
    file = tmp_path / "downloaded.json"
    file.write_text(json.dumps(CONFIG | {"resource_group": "Other"}))

    refused = user.run("workspace", "connect", file, "--verify", cwd=folder)

    assert_refused(refused, 4, "no workspace 'forecasts' in resource group 'Other'", "Nothing was written")
    assert config_of(folder) == TUTORIAL_CONFIG

    file.write_text(json.dumps(CONFIG))
    document = user.json("workspace", "connect", file, "--verify", cwd=folder)

    schema("workspace-connect")(document)
    assert (document["verified"], config_of(folder)) == (True, CONFIG)
