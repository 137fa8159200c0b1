"""Runs on Azure while somebody has to wait for them: why they wait, and Ctrl-C at the stages that nobody can hurry."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.azure import SERVICE, Azure, Fault
from tests.cloud.test_doctor import examined
from tests.conftest import Machine
from tests.following import goes_on, interrupt, said_until

CloudProject = Callable[..., Path]
LONG = "600"
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


@pytest.fixture
def held(azure: Azure) -> Iterator[Callable[[str], None]]:
    """Holds the next run at a stage, for longer than any test takes: ``held("slow-finalize")``."""
    yield lambda kind: azure.fail(kind, LONG)
    azure.machine.run("workspace", "fault", "--clear")


def followed_to(
    user: Machine, folder: Path, line: str, *flags: str
) -> tuple["subprocess.Popen[str]", str, list[str]]:
    """A submission that is followed, once it is at a stage; the run's id, and the lines up to that stage."""
    submitting = user.popen("submit", folder, "--follow", *flags, **PIPES)
    shown = said_until(submitting, line)
    (queued,) = (said for said in shown if said.startswith("  ✓ queued "))
    return submitting, queued.split()[2], shown


def followed_and_left(user: Machine, folder: Path, line: str) -> tuple[str, list[str]]:
    """Ctrl-C at a stage, of both commands that follow a run there; the run's id, and the lines up to that stage."""
    submitting, run_id, shown = followed_to(user, folder, line)
    assert interrupt(submitting).endswith(goes_on(run_id))

    following = user.popen("runs", "logs", run_id, "--follow", cwd=folder, **PIPES)
    said_until(following, line)
    assert interrupt(following).endswith(goes_on(run_id))
    return run_id, shown


def assert_is_canceled(azure: Azure, user: Machine, folder: Path, run_id: str, status: str) -> None:
    """The run was going on, at that stage, and the command that was named ends it."""
    assert user.json("runs", "show", run_id, cwd=folder)["status"] == status
    assert user.json("runs", "cancel", run_id, cwd=folder) == {"run_id": run_id, "canceled": True}
    assert azure.run_of(run_id)["status"] == "Canceled"


@pytest.mark.slow
def test_a_full_cluster_is_said_and_ctrl_c_leaves_the_run_in_the_queue(
    azure: Azure, user: Machine, cloud_project: CloudProject, held: Callable[[str], None]
):
    folder = cloud_project()
    held("full-cluster")

    run_id, shown = followed_and_left(user, folder, "  · it waits: ")

    assert shown[-2:] == [
        "  · queued",
        "  · it waits: every node is in use (a fault that was asked for); "
        "cpu-cluster has 1 node, which is all that it may have, and none is idle",
    ]
    assert_is_canceled(azure, user, folder, run_id, "Queued")


@pytest.mark.slow
def test_a_job_of_sdk_v2_says_too_why_it_waits(
    azure: Azure, user: Machine, cloud_project: CloudProject, held: Callable[[str], None]
):
    folder = cloud_project()
    held("full-cluster")

    submitting, run_id, shown = followed_to(user, folder, "  · it waits: ", "--sdk", "v2")

    assert interrupt(submitting).endswith(goes_on(run_id))
    assert shown[-1] == "  · it waits: every node is in use (a fault that was asked for)"
    assert_is_canceled(azure, user, folder, run_id, "Queued")


@pytest.mark.slow
def test_a_quota_that_is_used_up_is_said_by_the_run_and_by_doctor(
    azure: Azure, user: Machine, cloud_project: CloudProject, held: Callable[[str], None]
):
    folder, cores = cloud_project(), azure.machine.json("workspace", "status")["width"]
    reason = (
        "Operation results in exceeding quota limits of Total Cluster Dedicated Regional vCPUs. "
        f"Maximum allowed: {cores}, Current in use: {cores}, Additional requested: 1 (a fault that was asked for)."
    )
    held("quota")

    run_id, shown = followed_and_left(user, folder, "  · it waits: ")
    code, found = examined(user, folder)

    assert shown[-1] == f"  · it waits: {reason}"
    assert (code, found["compute target"]["state"], found["quota"]["state"]) == (0, "warning", "warning")
    assert found["compute target"]["what"].endswith(f"nodes 0 (1 to 1). {reason}")
    assert found["quota"]["details"]["used"] == found["quota"]["details"]["limit"] == cores
    assert_is_canceled(azure, user, folder, run_id, "Queued")


@pytest.mark.slow
def test_a_run_that_cannot_be_followed_any_more_is_not_to_be_submitted_again(
    azure: Azure, user: Machine, cloud_project: CloudProject, held: Callable[[str], None]
):
    folder = cloud_project()
    held("full-cluster")
    process, run_id, _ = followed_to(user, folder, "  · queued")

    azure.faults.append(
        Fault(SERVICE, f"/runs/{run_id}/details", 403, "Forbidden", "The role was taken away.")
    )
    _, said = process.communicate(timeout=60)
    azure.faults.clear()

    assert process.returncode == 4
    assert said.splitlines()[-2:] == [
        f"Error: The run {run_id} goes on, and cannot be followed any more: The login may not do this in the workspace "
        "'forecasts' (403): The role was taken away.",
        f"→ Do not submit it again; to follow it again: scaffold runs logs {run_id} --follow",
    ]
    assert_is_canceled(azure, user, folder, run_id, "Queued")


@pytest.mark.slow
def test_ctrl_c_leaves_a_run_that_is_finalized(
    azure: Azure, user: Machine, cloud_project: CloudProject, held: Callable[[str], None]
):
    folder = cloud_project()
    held("slow-finalize")

    run_id, _ = followed_and_left(user, folder, "  · finalizing")

    assert_is_canceled(azure, user, folder, run_id, "Finalizing")
