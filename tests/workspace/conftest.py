"""A running local workspace and a plain client of it."""

import pytest

from tests.conftest import Machine
from tests.workspace.client import Workspace


@pytest.fixture(scope="session")
def workspace(shared_machine: Machine) -> Workspace:
    """The shared machine's workspace; tests use names of their own in it."""
    return Workspace(shared_machine.state)


@pytest.fixture(scope="session")
def finished_run(workspace: Workspace) -> str:
    """The id of a run that ended well, with an output; tests leave it as it is."""
    return workspace.finished(
        "open('outputs/model.txt', 'w').write('m')\nprint('Experiment Executed!')", experiment="finished"
    )
