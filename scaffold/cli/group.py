"""Groups of commands as typer has them, but for two things: their list is wrapped, and an interrupt is told."""

from typing import Any

from typer.core import TyperGroup

from scaffold.cli import console


class Group(TyperGroup):
    """A group whose help says all of the first sentence of each command, wrapped to the terminal's width."""

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
