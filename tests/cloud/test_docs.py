"""docs/azure.md, run from its first command to its last against the stand-in for Azure."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.azure import CONFIG, Azure
from tests.conftest import Machine
from tests.documented import Names, examples, fits, printed


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Azure]:
    """Azure with no run on it yet: what other tests have submitted would be listed."""
    azure = Azure(Machine(tmp_path / "azure-machine"), tmp_path)
    yield azure
    azure.close()


@pytest.mark.slow
def test_every_command_prints_what_it_is_shown_to_print(azure: Azure, user: Machine, tmp_path: Path):
    assert user.run("new", "my-exp", "--no-input", cwd=tmp_path).returncode == 0
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    shown, told = Names(), Names()

    for example in examples("azure.md"):
        said = printed(user, shown.real(example.command, told), tmp_path / "my-exp")

        assert fits(shown.told(example.output), told.told(said)), f"$ {example.command}\n{said}"
