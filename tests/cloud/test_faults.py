"""Each fault on the way to Azure ML, produced on the wire: what the bare SDK shows, and the two lines that we tell."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.azure import CONFIG, MANAGER, Azure, Fault
from tests.cloud.catalogue import CASES, NOBODY, Case, bare_of
from tests.conftest import REPOSITORY, RUN_EXPERIMENT, Machine
from tests.waiting import PROCESS_SECONDS

CloudProject = Callable[..., Path]

_OF_THE_SDK = {
    "AZUREML_SERVICE_PRINCIPAL_TENANT_ID": "AZURE_TENANT_ID",
    "AZUREML_SERVICE_PRINCIPAL_ID": "AZURE_CLIENT_ID",
    "AZUREML_SERVICE_PRINCIPAL_PASSWORD": "AZURE_CLIENT_SECRET",
}


def error_of(done: Any) -> tuple[str, str]:
    """The two lines of the error with which a command ended."""
    lines = done.stderr.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("Error: ")), None)
    assert start is not None, done.stderr
    assert len(lines[start:]) == 2, done.stderr
    assert "Traceback" not in done.stderr
    return lines[start].removeprefix("Error: "), lines[start + 1].removeprefix("→ ")


@pytest.fixture
def strike(azure: Azure, user: Machine, cloud_project: CloudProject) -> Callable[[Case], Path]:
    """Makes a case's fault, and a project that meets it."""

    def make(case: Case) -> Path:
        user.environment["SCAFFOLD_RETRY_SECONDS"] = "0"
        azure.faults += [Fault(**vars(fault)) for fault in case.faults]
        azure.unreachable |= {case.unreachable} - {None}
        for name, value in case.variables.items():
            user.environment.pop(name, None)
            user.environment |= {} if value is None else {name: value}
        files = {".azureml/config.json": json.dumps(CONFIG | case.config)}
        if case.on_demand:
            azure.fail(*case.on_demand)
            files["Experiment_1/experiment_1.py"] = "import time\ntime.sleep(600)\n"
        return cloud_project(**files)

    return make


# Those that the SDK tries again by itself take it a quarter of a minute.
@pytest.mark.parametrize(
    "case", [pytest.param(c, id=c.name, marks=[pytest.mark.slow] if c.patient else []) for c in CASES]
)
def test_a_fault_is_told_in_two_lines(
    azure: Azure, user: Machine, strike: Callable[[Case], Path], case: Case
):
    folder, before = strike(case), azure.run_count()

    done = user.run("submit", folder, *(["--follow"] if case.on_demand else []))

    assert error_of(done) == (case.said.format(**_names(done)), case.hint), done.stderr
    assert done.returncode == case.exit_code
    assert azure.run_count() == before + bool(case.on_demand)


def _names(done: Any) -> dict[str, str]:
    """What of a sentence is another one each time: the id of the run."""
    queued = [line.split()[2] for line in done.stderr.splitlines() if line.startswith("  ✓ queued ")]
    return {"run": queued[0] if queued else ""}


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in CASES])
def test_the_bare_sdk_ends_as_the_readme_says(user: Machine, strike: Callable[[Case], Path], case: Case):
    folder = strike(case)
    if case.on_demand:
        (folder / "run_experiment.py").write_text(RUN_EXPERIMENT + "run.wait_for_completion()\n")
    principal = {ours: user.environment.get(theirs) for ours, theirs in _OF_THE_SDK.items()}

    done = subprocess.run(
        [sys.executable, "run_experiment.py"],
        cwd=folder,
        env=user.environment | {name: value for name, value in principal.items() if value},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PROCESS_SECONDS,
        check=False,
    )

    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert bare_of(done.stderr) == case.bare, done.stderr


def test_nobody_is_logged_in_and_nobody_can_be_asked(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    for name in _OF_THE_SDK.values():
        del user.environment[name]

    done = user.run("submit", cloud_project())

    assert (error_of(done), done.returncode) == (NOBODY[2:], 4)


def test_the_table_in_the_readme_is_the_one_of_the_catalogue():
    done = subprocess.run([sys.executable, REPOSITORY / "scripts" / "faults.py", "--check"], check=False)

    assert done.returncode == 0, "run: python scripts/faults.py"


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


def test_without_a_login_and_without_a_network_the_network_is_told(
    azure: Azure, user: Machine, cloud_project: CloudProject
):
    for name in _OF_THE_SDK.values():
        del user.environment[name]
    user.environment["HTTPS_PROXY"] = "http://127.0.0.1:9"  # where nobody listens

    done = user.run("submit", cloud_project(), "--dry-run")

    told = ("The proxy does not let management.azure.com through.", "Check HTTPS_PROXY and NO_PROXY.")
    assert (error_of(done), done.returncode) == (told, 4)
    assert "cloud metadata" not in done.stderr
    assert "interactive authentication" not in done.stderr
