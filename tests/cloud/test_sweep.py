"""A sweep on Azure ML, with HyperDrive's real client through its public names and a real login."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.test_sweep import TRAINING
from tests.cloud.azure import CLIENT_ID, MANAGER, SERVICE, Azure, Fault
from tests.conftest import Machine

CloudProject = Callable[..., Path]


@pytest.fixture
def sweeper(user: Machine, hyperdrive: Path) -> Machine:
    user.environment["PYTHONPATH"] = str(hyperdrive)
    return user


@pytest.mark.parametrize(
    ("sdk", "lost"),
    [
        ("v1", Fault(SERVICE, "/hdruns/", 0, after=True, times=1)),
        pytest.param("v2", Fault(MANAGER, r"/jobs/[^/]+\?", 0, after=True, times=1), marks=pytest.mark.slow),
    ],
    ids=["v1", "v2"],
)
def test_a_sweep_goes_to_azure_and_its_lost_answer_makes_no_second_one(
    azure: Azure, sweeper: Machine, cloud_project: CloudProject, sdk: str, lost: Fault
):
    """The service takes the sweep, and the connection breaks before it can say so."""
    folder = cloud_project(**{"Experiment_1/experiment_1.py": TRAINING})
    before = azure.run_count()

    azure.faults.append(replace(lost))  # a copy: it counts itself down
    done = sweeper.run(
        "sweep", folder, "--param", "rate=0.3,0.1", "--metric", "loss", "--compute-target", "big",
        "--sdk", sdk,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert f"forecasts: service principal {CLIENT_ID}" in done.stderr
    assert [line.split()[1:4] for line in done.stdout.splitlines()[1:]] == [
        ["0.05", "0.1", "completed"],
        ["0.15", "0.3", "completed"],
    ]
    assert azure.run_count() == before + 3
    assert not any("applicationinsights" in line or "in.ai" in line for line in azure.requests)


def test_what_hyperdrive_refuses_is_told_in_two_lines(
    azure: Azure, sweeper: Machine, cloud_project: CloudProject
):
    azure.faults.append(Fault(SERVICE, "/hdruns/", 403, "UserError", "The role does not permit sweeps."))
    before = azure.run_count()

    done = sweeper.run("sweep", cloud_project(), "--param", "rate=1", "--metric", "loss")

    assert done.returncode == 4, done.stderr
    said, advice = done.stderr.splitlines()[-2:]
    assert "may not do this in the workspace 'forecasts' (403)" in said
    assert "AzureML Data Scientist" in advice
    assert azure.run_count() == before
