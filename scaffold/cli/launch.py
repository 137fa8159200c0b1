"""What ``scaffold exec`` does, without the command line around it.

A person waits for ``exec`` before anything of their own has begun, so this imports as little as it can:
:func:`scaffold.cli.main.main` comes here without loading typer.
"""

import os
import sys

from scaffold.errors import UsageError


def run(command: list[str]) -> int:
    """Runs a command with the variables that the SDK needs; on POSIX the command takes this process's place.

    Args:
        command: the program and its arguments.

    Returns:
        Its exit code.

    Raises:
        UsageError: there is no command, or no such program.
        WorkspaceError: the local workspace could not be started.
    """
    if not command:
        raise UsageError(
            "There is no command to run.", "For example: scaffold exec -- python run_experiment.py"
        )
    from scaffold.workspace import client, lifecycle
    from scaffold.workspace.paths import Home

    home = Home.default()
    service = lifecycle.ensure(home)
    notice = lifecycle.take_notice(home)
    if notice is not None:
        sys.stderr.write(f"  ! {notice}\n")
    environment = dict(os.environ)
    environment["PATH"] = _path(environment)
    program = _find(command[0], environment["PATH"])
    python = _python(program, environment["PATH"])
    environment |= client.variables(home, service.https_port, environment=environment, python=python)
    if os.name == "posix":
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(program, command, environment)  # noqa: S606
    from scaffold import tether

    return int(tether.run([program, *command[1:]], env=environment).returncode)


def _path(environment: dict[str, str]) -> str:
    """The PATH of the command.

    Without an active environment of the user's own, ``python`` is the interpreter that scaffold runs in:
    it is the one that has azureml-core.
    """
    path = environment.get("PATH", os.defpath)
    if environment.get("VIRTUAL_ENV") or environment.get("CONDA_PREFIX"):
        return path
    return os.pathsep.join((os.path.dirname(sys.executable), path))  # noqa: PTH120  (not resolved: a link in a venv)


def _python(program: str, path: str) -> str | None:
    """The Python that the command is, or that it would find."""
    import re
    import shutil

    if re.fullmatch(r"python[\d.]*(\.exe)?", os.path.basename(program).lower()):  # noqa: PTH119  (pathlib takes longer)
        return os.path.abspath(program)  # noqa: PTH100
    return shutil.which("python", path=path) or shutil.which("python3", path=path)


def _find(name: str, path: str) -> str:
    """The program's full path."""
    import shutil

    found = shutil.which(name, path=path)
    if found is None:
        raise UsageError(
            f"There is no program {name!r} on the PATH.", "Check its name, or give its full path."
        )
    return found
