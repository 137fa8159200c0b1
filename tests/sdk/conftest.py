"""Interpreters with other packages than this program's own, each made once a session and worker."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, SDK, Machine

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

Interpreter = Callable[..., Path]


@pytest.fixture(scope="session")
def python_with(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    """Makes an interpreter with packages: ``python_with("mlflow-skinny>=3", "pandas")`` returns its path."""

    def make(*requirements: str) -> Path:
        folder = tmp_path_factory.mktemp("python") / "venv"
        environment = os.environ | {"UV_CACHE_DIR": str(REPOSITORY / ".cache" / "uv")}
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "-p", "3.11", str(folder)], env=environment, check=True)
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        install = [*uv, "pip", "install", "-q", "-p", str(python), *requirements]
        subprocess.run(install, env=environment, check=True)
        return python

    return make


@pytest.fixture(scope="session")
def reader(python_with: Interpreter) -> Path:
    """azureml-core and the real reader of datasets (azureml-dataset-runtime)."""
    return python_with(SDK, "setuptools<81", "azureml-dataset-runtime", "pandas", "pyarrow")


@pytest.fixture(scope="session")
def plain(python_with: Interpreter) -> Path:
    """MLflow alone."""
    return python_with("mlflow-skinny>=3", "pandas")


@pytest.fixture(scope="session")
def azure(python_with: Interpreter) -> Path:
    """MLflow with azureml-mlflow."""
    return python_with("mlflow-skinny>=3", "azureml-mlflow", SDK, "setuptools<80", "pandas")


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
