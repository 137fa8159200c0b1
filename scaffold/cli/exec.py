"""``scaffold exec -- COMMAND``: runs any program so that its SDK talks to the local workspace."""

from typing import Annotated

import typer

from scaffold.cli import launch


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
    raise typer.Exit(launch.run(command or []))
