"""A user's machine behind a proxy, and Azure behind that."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cloud.azure import CONFIG, Azure
from tests.conftest import Machine, Project


@pytest.fixture(scope="session")
def azure_of_the_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    folder = tmp_path_factory.mktemp("azure")
    azure = Azure(Machine(folder / "machine"), folder)
    yield azure
    azure.close()


@pytest.fixture
def azure(azure_of_the_worker: Azure) -> Iterator[Azure]:
    """Azure without faults, shared by the tests of one worker."""
    yield azure_of_the_worker
    azure_of_the_worker.faults.clear()
    azure_of_the_worker.unreachable.clear()


@pytest.fixture
def user(azure: Azure, tmp_path: Path) -> Machine:
    """The user's machine, with a service principal in its environment."""
    machine = Machine(tmp_path / "user-machine")
    machine.environment |= azure.user_variables()
    return machine


@pytest.fixture
def person(user: Machine) -> Machine:
    """The user's machine with nobody's login on it."""
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        del user.environment[name]
    return user


@pytest.fixture
def cloud_project(project: Project) -> Callable[..., Path]:
    """Makes tutorial-like projects that point at the workspace on Azure."""

    def make(**files: str) -> Path:
        return project(**{".azureml/config.json": json.dumps(CONFIG), **files})

    return make
