"""Groups of commands as typer has them, but for three things.

Their list is wrapped, without a command they show their help, and an interrupt is told.
"""

from typing import Any

import typer
from typer.core import TyperGroup

from scaffold.cli import console
from scaffold.errors import UsageError

_WRONG_USAGE = UsageError.exit_code


class Group(TyperGroup):
    """A group whose help says all of the first sentence of each command, wrapped to the terminal's width."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Shows the help where no command is named (typer would make an error's one line of it)."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), err=True)
            ctx.exit(_WRONG_USAGE)
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the list of commands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [
            (name, command.get_short_help_str(limit=1000))
            for name, command in commands
            if command is not None and not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class Root(Group):
    """The command itself; an interrupt of anything in it is told in two lines, as an error is."""

    def invoke(self, ctx: Any) -> Any:
        """Runs what the command line says (typer would end an interrupted command with 130, and say nothing)."""
        with console.stopping("Interrupted.", "Nothing that was already accepted is lost."):
            return super().invoke(ctx)
