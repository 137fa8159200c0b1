"""What ``scaffold exec`` does, without the command line around it.

A person waits for ``exec`` before anything of their own has begun, so this imports as little as it can:
:func:`scaffold.cli.main.main` comes here without loading typer.
"""

import os
import sys
from typing import TYPE_CHECKING

from scaffold.errors import UsageError

if TYPE_CHECKING:
    from scaffold.cli.interpreter import Chosen
    from scaffold.workspace.paths import Home


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
    from scaffold.cli import interpreter

    chosen = interpreter.choose(command, os.environ)
    if chosen.program is None:
        raise UsageError(
            f"There is no program {command[0]!r} on the PATH.", "Check its name, or give its full path."
        )
    program = chosen.program
    from scaffold.workspace import client, lifecycle
    from scaffold.workspace.paths import Home

    home = Home.default()
    service = lifecycle.ensure(home)
    notice = lifecycle.take_notice(home)
    if notice is not None:
        sys.stderr.write(f"  ! {notice}\n")
    environment = dict(os.environ)
    environment["PATH"] = _path(home, chosen)
    environment |= client.variables(home, service.https_port, environment=environment, python=chosen.python)
    if os.name == "posix":
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(program, command, environment)  # noqa: S606
    from scaffold import tether

    return int(tether.run([program, *command[1:]], env=environment).returncode)


def _path(home: "Home", chosen: "Chosen") -> str:
    """The PATH of the command, on which ``python`` is the Python that it is."""
    from scaffold.cli import interpreter
    from scaffold.workspace import interpreters

    python = chosen.python
    if python is None or os.name != "posix" or interpreter.leads_to(chosen.path, python):
        return chosen.path
    return os.pathsep.join((str(interpreters.stand_in(home, python)), chosen.path))
