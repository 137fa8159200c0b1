"""Programs that deliver what the engine cannot deliver itself: addresses of the web, and the reader's own choices.

Each is a process, which is ended at once when the run is; it ends with the service too (see ``watchman``).
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from scaffold.tether import SESSION, tethered
from scaffold.workspace.engine.data import fetch
from scaffold.workspace.engine.data.dataflow import DataError

_READ = """
import os, sys
from azureml.core import Run
from azureml.data._dataset import _Dataset
workspace = Run.get_context(allow_offline=False).experiment.workspace
_Dataset._get_by_id(workspace, sys.argv[1]).download(sys.argv[2], overwrite=True)
sys.stdout.flush()
os._exit(0)
"""
_TAIL_LINES = 5
_POLL_SECONDS = 0.1

Stop = Callable[[], bool]


class Stopped(Exception):
    """The run was cancelled while its data was being delivered."""


class Reader:
    """The reader of datasets (azureml-dataset-runtime) in a run's own environment.

    It does what ``azureml.data.context_managers`` does on Azure ML, for the datasets whose files only it can
    choose: random samples and filters.

    Args:
        interpreter: path of the run's Python.
        variables: the environment variables of the run's process.
    """

    def __init__(self, interpreter: str, variables: dict[str, str]) -> None:
        self._interpreter = interpreter
        self._variables = variables

    def download(self, saved_id: str, target: Path, stopped: Stop) -> None:
        """Writes the files of a dataset into a folder.

        Raises:
            DataError: the environment has no reader, or it failed.
            Stopped: ``stopped`` said so.
        """
        command = [self._interpreter, "-c", _READ, saved_id, str(target)]
        code, said = _run(command, self._variables, stopped)
        if code == 0:
            return
        if "No module named 'azureml" in said or "azureml-dataset-runtime" in said:
            raise DataError("the run's environment has no reader.\nAdd azureml-dataset-runtime to it")
        raise DataError("the reader failed:\n" + "\n".join(said.splitlines()[-_TAIL_LINES:]))


def download(address: str, path: Path, stopped: Stop) -> None:
    """Writes what an address of the web answers into a file.

    Raises:
        DataError: it could not be read; the message says why.
        Stopped: ``stopped`` said so.
    """
    code, said = _run([sys.executable, "-I", fetch.__file__, address, str(path)], None, stopped)
    if code != 0:
        raise DataError(f"{address} could not be read ({said.strip()})")


def _run(command: list[str], variables: dict[str, str] | None, stopped: Stop) -> tuple[int, str]:
    """Runs a program to its end, and returns its exit code and what it printed."""
    with tempfile.TemporaryFile() as log, tethered() as tether:
        environment = tether.mark(os.environ if variables is None else variables)
        try:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **SESSION,
            )
        except OSError as error:
            raise DataError(f"{command[0]} could not be started ({error})") from None
        tether.leads(process.pid)
        with process:
            while _runs(process):
                if stopped():
                    tether.end()
                    raise Stopped
        log.seek(0)
        return process.returncode, log.read().decode(errors="replace")


def _runs(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False
