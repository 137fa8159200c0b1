"""Every way to log in to Azure that the SDK has, through the login service's own protocol."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import terminal
from tests.cloud.azure import CONFIG, LOGIN, Azure, Fault
from tests.cloud.catalogue import NOBODY
from tests.cloud.desktop import on_a_desktop
from tests.cloud.test_faults import error_of
from tests.conftest import Machine
from tests.terminal import Terminal

CloudProject = Callable[..., Path]
SECOND_FACTOR = (
    "AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, "
    "you must use multi-factor authentication."
)


@pytest.mark.slow
def test_a_device_code_logs_in_once_and_for_later(azure: Azure, user: Machine, cloud_project: CloudProject):
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        del user.environment[name]
    folder = cloud_project()

    first = user.run("submit", folder, "--auth", "device-code")
    again = user.run("submit", folder)

    assert first.returncode == 0, first.stderr
    assert "enter the code ABCD-1234" in first.stderr
    assert "forecasts: login by device code" in first.stderr
    assert again.returncode == 0, again.stderr
    assert "forecasts: login of the SDK" in again.stderr
    assert "ABCD-1234" not in again.stderr

    # The Azure CLI keeps its login in the same form in a folder of its own.
    own = user.user_home / ".azureml" / "auth"
    shutil.move(own / "msal_token_cache.json", user.user_home / ".azure")
    found = user.run("submit", folder)
    cli = user.run("submit", folder, "--auth", "azure-cli")
    assert "forecasts: login of the Azure CLI" in found.stderr
    assert cli.returncode == 0, cli.stderr
    assert "forecasts: login of the Azure CLI" in cli.stderr


@terminal.needed
@pytest.mark.slow
def test_a_login_in_a_browser_is_kept_for_later(
    azure: Azure, person: Machine, cloud_project: CloudProject, tmp_path: Path
):
    """By the SDK's own way: the page of the login service, its code at a port of this machine, and a proof (PKCE)."""
    folder = cloud_project()
    azure.requests.clear()

    with Terminal(person, "submit", folder, "--follow", **on_a_desktop(person, tmp_path)) as shown:
        assert shown.ended() == 0, shown.screen
    again = person.run("submit", folder, "--auth", "interactive")

    assert "The default web browser has been opened at https://login.microsoftonline.com/" in shown.screen
    assert "Experiment Executed!" in shown.screen
    assert any("/oauth2/v2.0/authorize?" in line for line in azure.requests)
    assert (again.returncode, "forecasts: login of the SDK" in again.stderr) == (0, True), again.stderr


@terminal.needed
@pytest.mark.slow
def test_a_login_in_a_browser_that_is_refused(
    azure: Azure, person: Machine, cloud_project: CloudProject, tmp_path: Path
):
    """As by a rule of the organisation's: a second factor, a device that it knows."""
    azure.faults.append(Fault(LOGIN, "/oauth2/v2.0/token", 400, "invalid_grant", SECOND_FACTOR))
    desktop = on_a_desktop(person, tmp_path)

    with Terminal(
        person, "submit", cloud_project(), "--auth", "interactive", columns=400, **desktop
    ) as shown:
        assert shown.ended() == 4, shown.screen

    assert shown.screen.splitlines()[-2:] == [
        f"Error: The login service refuses the login: {SECOND_FACTOR}",
        f"→ Log in where it can ask for more, in a browser: az login --tenant {CONFIG['tenant_id']}; or choose another "
        "login with --auth.",
    ]


@terminal.needed
@pytest.mark.slow
def test_without_a_browser_somebody_is_asked_for_a_device_code_and_nobody_for_nothing(
    azure: Azure, person: Machine, cloud_project: CloudProject, tmp_path: Path
):
    folder, nothing = cloud_project(), tmp_path / "nothing"
    nothing.mkdir()
    headless = {"PATH": str(nothing), "DISPLAY": "", "WAYLAND_DISPLAY": "", "BROWSER": ""}

    quietly = ("submit", folder, "--auth", "interactive", "--quiet")
    with Terminal(person, *quietly, columns=200, **headless) as shown:
        shown.until("enter the code ABCD-1234")
        assert shown.ended() == 0, shown.screen
    shutil.rmtree(person.user_home / ".azureml")
    piped = person.run("submit", folder, "--auth", "interactive", env=headless)

    assert (error_of(piped), piped.returncode) == (NOBODY[2:], 4)


def test_a_managed_identity_is_used_where_there_is_one(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    user.environment["MSI_ENDPOINT"] = azure.variables["MSI_ENDPOINT"]

    chosen = user.run("submit", cloud_project())
    other = user.run("submit", cloud_project(), "--auth", "service-principal")

    assert chosen.returncode == 0, chosen.stderr
    assert "forecasts: managed identity of this machine" in chosen.stderr
    assert other.returncode == 0, other.stderr
    assert "forecasts: service principal" in other.stderr


def test_a_login_that_is_not_set_up_is_said_before_anything_is_tried(
    user: Machine, cloud_project: CloudProject
):
    del user.environment["AZURE_CLIENT_SECRET"]

    principal = user.run("submit", cloud_project(), "--auth", "service-principal")
    cli = user.run("submit", cloud_project(), "--auth", "azure-cli")
    unknown = user.run("submit", cloud_project(), "--auth", "magic")

    assert (principal.returncode, "AZURE_CLIENT_SECRET is not set" in principal.stderr) == (4, True)
    assert (cli.returncode, "The Azure CLI is not logged in" in cli.stderr) == (4, True)
    assert (unknown.returncode, "no login method 'magic'" in unknown.stderr) == (2, True)


def test_a_tenant_in_config_json_is_the_one_that_is_logged_in_to(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    """The generated script hands the tenant to the SDK; a principal without one in its environment takes it too."""
    del user.environment["AZURE_TENANT_ID"]

    done = user.run("submit", cloud_project())

    assert done.returncode == 0, done.stderr
    assert any(f"/{CONFIG['tenant_id']}/oauth2/v2.0/token" in line for line in azure.requests)
