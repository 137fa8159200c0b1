"""The ``scaffold`` command: assembles the commands and holds the one except-boundary.

Nothing heavy may be imported here or by a command module at import time: ``scaffold --help`` loads
neither azureml, cookiecutter nor starlette (``tests/cli/test_startup.py`` lists what it may load).
"""

import os
import sys
from typing import Annotated, Any

import typer

from scaffold import __version__
from scaffold.cli import console
from scaffold.cli.check import check
from scaffold.cli.doctor import doctor
from scaffold.cli.exec import exec_command
from scaffold.cli.export import export
from scaffold.cli.group import Group, Root
from scaffold.cli.migrate import migrate
from scaffold.cli.new import new
from scaffold.cli.runs import runs_app
from scaffold.cli.submit import submit
from scaffold.cli.sweep import sweep
from scaffold.cli.workspace import workspace_app
from scaffold.errors import ProjectError, ScaffoldError, WorkspaceError

app = typer.Typer(
    name="scaffold",
    cls=Root,
    help="Start, run and see Azure ML experiments: on your own machine, or on Azure ML.",
    rich_markup_mode=None,  # rich's boxes break words on a narrow terminal, and take as long as all else to load
    context_settings={"help_option_names": ["-h", "--help"]},
)

_GLOBAL_FLAGS = ("--quiet", "-q", "--debug")


def _print_version(asked: bool) -> None:
    if asked:
        console.result(f"scaffold {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress, only results.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.", envvar="SCAFFOLD_DEBUG")
    ] = False,
) -> None:
    """Start, run and see Azure ML experiments: on your own machine, or on Azure ML."""
    console.configure(quiet=quiet, debug=debug)


app.command("new")(new)
app.command("check")(check)
app.command("submit")(submit)
app.command("sweep")(sweep)
app.command("export")(export)
app.command("migrate")(migrate)
app.command(
    "exec",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)(exec_command)
app.command("doctor")(doctor)
app.add_typer(runs_app, name="runs", cls=Group)
app.add_typer(workspace_app, name="workspace", cls=Group)


def _global_flags_first(args: list[str]) -> list[str]:
    """The arguments with flags that hold for every command moved in front, where typer looks for them.

    What follows ``exec`` or ``--`` belongs to another program.
    """
    ends = [args.index(word) for word in ("exec", "--") if word in args]
    ours, rest = args[: min(ends, default=len(args))], args[min(ends, default=len(args)) :]
    flags = [word for word in ours if word in _GLOBAL_FLAGS]
    return flags + [word for word in ours if word not in _GLOBAL_FLAGS] + rest


def run(args: list[str] | None = None) -> int:
    """Runs one command line and returns its exit code (the README's table), having shown any error."""
    args = _global_flags_first(sys.argv[1:] if args is None else args)
    try:
        outcome: Any = app(args=args, prog_name="scaffold", standalone_mode=False)
    except Exception as error:
        return tell(error)
    except SystemExit as ending:
        # What typer makes of it when the reader of a pipe goes away: 1, which would be a fault of ours.
        if isinstance(ending.__context__, BrokenPipeError):
            return tell(ending.__context__)
        raise
    return outcome if isinstance(outcome, int) else 0


def tell(error: Exception) -> int:
    """Shows the two lines of an error that is being handled, and returns its exit code."""
    if console.debugging() and not isinstance(error, (typer.TyperException, typer.Abort)):
        console.traceback()
    if isinstance(error, ScaffoldError):
        console.error(error.message, error.hint)
        return error.exit_code
    if isinstance(error, typer.TyperException):
        return _usage_error(error)
    if isinstance(error, typer.Abort):
        console.error("Stopped before anything was written.", "Run the command again when you are ready.")
        return 130
    if isinstance(error, BrokenPipeError):
        # The reader of a pipe went away (`scaffold … | head`): end quietly, as other tools do.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    if isinstance(error, OSError) and _is_lack_of_room(error):
        where = f" that holds {error.filename}" if error.filename else ""
        console.error(f"The disk{where} is full.", "Make room, and run the command again.")
        return WorkspaceError.exit_code
    refused = _of_state_folder(error) if isinstance(error, OSError) else None
    if refused is not None:
        console.error(refused.message, refused.hint)
        return refused.exit_code
    if isinstance(error, RecursionError):
        console.error(
            "Something in the project is nested too deeply to be read.",
            "Write it in fewer brackets; --debug shows where it was read.",
        )
        return ProjectError.exit_code
    console.error(
        f"Internal error: {type(error).__name__}: {error}",
        "This is a fault in scaffold: run again with --debug and report what it prints.",
    )
    return 1


def _is_lack_of_room(error: OSError) -> bool:
    from scaffold.workspace.room import is_lack_of_room

    return is_lack_of_room(error)


def _of_state_folder(error: OSError) -> ScaffoldError | None:
    """What a person is told of a file of the state folder that cannot be used, or None for any other file."""
    from pathlib import Path

    from scaffold.workspace.lifecycle import unusable
    from scaffold.workspace.paths import Home

    home = Home.default()
    if not isinstance(error.filename, str) or not Path(error.filename).is_relative_to(home.root):
        return None
    return unusable(home, error)


def _usage_error(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "scaffold"
    console.error(" ".join(error.format_message().split()), f"Run '{command} --help' to see what it takes.")
    return error.exit_code
