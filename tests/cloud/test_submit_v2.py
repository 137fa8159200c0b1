"""Submitting to Azure ML through azure-ai-ml, by its public names and with azure-identity's logins."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import terminal
from tests.cli.test_submit import assert_refused
from tests.cloud.azure import CLIENT_ID, LOGIN, MANAGER, SERVICE, Azure, Fault
from tests.cloud.catalogue import NOBODY
from tests.cloud.desktop import on_a_desktop
from tests.conftest import Machine
from tests.terminal import Terminal

CloudProject = Callable[..., Path]


def test_a_project_runs_on_azure_with_a_service_principal(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    done = user.run("submit", cloud_project(), "--follow", "--sdk", "v2")

    assert (done.returncode, done.stdout) == (0, "Experiment Executed!\n"), done.stderr
    assert f"forecasts: service principal {CLIENT_ID}" in done.stderr
    assert "Completed in" in done.stderr
    assert any("login.microsoftonline.com" in line for line in azure.requests)


def test_a_lost_answer_does_not_submit_twice(azure: Azure, user: Machine, cloud_project: CloudProject):
    """The service takes the job, and the connection breaks before it can say so."""
    folder = cloud_project()
    before = azure.run_count()

    azure.faults.append(Fault(MANAGER, r"/jobs/[^/]+\?", 0, after=True, times=1))
    document = user.json("submit", folder, "--follow", "--sdk", "v2")

    assert document["status"] == "Completed"
    assert azure.run_count() == before + 1


def test_an_upload_that_is_refused_ends_the_submission(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    # What was uploaded before is not uploaded again.
    folder = cloud_project(**{"Experiment_1/experiment_1.py": "print('of this test alone')\n"})
    before = azure.run_count()

    # The first question is whether the file is there already.
    azure.faults.append(Fault(SERVICE, r"/experiment_1\.py", 403, "AuthorizationFailure", spared=1))
    done = user.run("submit", folder, "--follow", "--sdk", "v2")

    assert_refused(done, 4, "(403)")
    assert azure.run_count() == before


def test_a_login_that_is_refused_is_told_in_two_lines(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    user.environment["AZURE_CLIENT_SECRET"] = "wrong"

    done = user.run("submit", cloud_project(), "--sdk", "v2")

    assert_refused(done, 4, "The login service refuses the service principal", "AZURE_CLIENT_SECRET")


def test_nobody_is_logged_in(azure: Azure, user: Machine, cloud_project: CloudProject):
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        del user.environment[name]

    done = user.run("submit", cloud_project(), "--sdk", "v2", "--auth", "azure-cli")

    assert_refused(done, 4, "az login")


@terminal.needed
@pytest.mark.slow
def test_a_login_in_a_browser(azure: Azure, person: Machine, cloud_project: CloudProject, tmp_path: Path):
    arguments = ("submit", cloud_project(), "--follow", "--sdk", "v2", "--auth", "interactive")

    with Terminal(person, *arguments, **on_a_desktop(person, tmp_path)) as shown:
        assert shown.ended() == 0, shown.screen

    assert "forecasts: login in the browser" in shown.screen
    assert "Experiment Executed!" in shown.screen


@terminal.needed
@pytest.mark.slow
def test_a_login_in_a_browser_where_there_is_none(
    azure: Azure, person: Machine, cloud_project: CloudProject, tmp_path: Path
):
    (tmp_path / "nothing").mkdir()
    headless = {"PATH": str(tmp_path / "nothing"), "DISPLAY": "", "WAYLAND_DISPLAY": "", "BROWSER": ""}
    arguments = ("submit", cloud_project(), "--sdk", "v2", "--auth", "interactive")

    with Terminal(person, *arguments, columns=300, **headless) as shown:
        assert shown.ended() == 4, shown.screen

    assert shown.screen.splitlines()[-2:] == [f"Error: {NOBODY[2]}", f"→ {NOBODY[3]}"]


@pytest.mark.slow
def test_a_service_that_cannot_be_reached(azure: Azure, user: Machine, cloud_project: CloudProject):
    azure.unreachable.add(LOGIN)

    done = user.run("submit", cloud_project(), "--sdk", "v2", env={"SCAFFOLD_RETRY_SECONDS": "0"})

    assert_refused(done, 4, "The proxy does not let")
