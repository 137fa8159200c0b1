"""``scaffold exec -- COMMAND``: runs any program so that its SDK talks to the local workspace."""

import os
import subprocess
import sys
from typing import Annotated

import typer

from scaffold.errors import UsageError


def exec_command(
    command: Annotated[
        list[str] | None,
        typer.Argument(
            help="The command and its arguments.", metavar="-- COMMAND [ARGUMENT]...", show_default=False
        ),
    ] = None,
) -> None:
    """Run a command whose Azure ML SDK talks to the local workspace.

    For example: scaffold exec -- python run_experiment.py
    """
    if not command:
        raise UsageError(
            "There is no command to run.", "For example: scaffold exec -- python run_experiment.py"
        )
    from scaffold.workspace import client, lifecycle
    from scaffold.workspace.paths import Home

    home = Home.default()
    service = lifecycle.ensure(home)
    environment = dict(os.environ)
    environment |= client.variables(home, service.https_port, environment=environment)
    environment["PATH"] = _path(environment)
    program = _find(command[0], environment["PATH"])
    if os.name == "posix":
        sys.stdout.flush()
        sys.stderr.flush()
        # The command takes this process's place: its signals, terminal and exit code are its own.
        os.execve(program, command, environment)  # noqa: S606
    raise typer.Exit(subprocess.run([program, *command[1:]], env=environment, check=False).returncode)


def _path(environment: dict[str, str]) -> str:
    """The PATH of the command.

    Without an active environment of the user's own, ``python`` is the interpreter that scaffold runs in:
    it is the one that has azureml-core.
    """
    path = environment.get("PATH", os.defpath)
    if environment.get("VIRTUAL_ENV") or environment.get("CONDA_PREFIX"):
        return path
    return os.pathsep.join((os.path.dirname(sys.executable), path))  # noqa: PTH120  (not resolved: a link in a venv)


def _find(name: str, path: str) -> str:
    """The program's full path."""
    import shutil

    found = shutil.which(name, path=path)
    if found is None:
        raise UsageError(
            f"There is no program {name!r} on the PATH.", "Check its name, or give its full path."
        )
    return found
