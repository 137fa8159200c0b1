"""The real reader of datasets (azureml-dataset-runtime), in an environment that is built once a session."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Machine

HEAD = """
import os, pathlib, sys
from azureml.core import Dataset, Datastore, Workspace
ws = Workspace.get(name="local", subscription_id="00000000-0000-0000-0000-000000000000", resource_group="local")
store = ws.get_default_datastore()
def show(*values):
    print("=", *values)
def rows(dataset):
    return dataset.to_pandas_dataframe().values.tolist()
"""


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with azureml-core and the reader of datasets."""
    folder = tmp_path_factory.mktemp("reader") / "environment"
    environment = os.environ | {"UV_CACHE_DIR": str(REPOSITORY / ".cache" / "uv")}
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", "-p", "3.11", str(folder)], env=environment, check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    packages = ("azureml-core==1.61.0.post4", "azureml-dataset-runtime", "pandas", "pyarrow")
    subprocess.run([*uv, "pip", "install", "-q", "-p", str(python), *packages], env=environment, check=True)
    return python


class Sdk:
    """Python with the reader, against a machine's workspace."""

    def __init__(self, machine: Machine, python: Path, cwd: Path, head: str = "") -> None:
        self.machine, self.python, self.cwd, self.head = machine, python, cwd, HEAD + head

    def __call__(self, script: str) -> list[str]:
        """What the script showed; fails the test when the script fails."""
        done = self.machine.run("exec", "--", self.python, "-c", self.head + script, cwd=self.cwd)
        assert done.returncode == 0, done.stderr + done.stdout
        return [line.removeprefix("= ") for line in done.stdout.splitlines() if line.startswith("= ")]


@pytest.fixture
def sdk(shared_machine: Machine, reader: Path, tmp_path: Path) -> Sdk:
    return Sdk(shared_machine, reader, tmp_path)
