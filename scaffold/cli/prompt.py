"""Asking a person on a terminal, again until the answer is one that can be used."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from scaffold.cli import console
from scaffold.errors import ScaffoldError, UsageError

if TYPE_CHECKING:
    from scaffold.generate import Question

T = TypeVar("T")


def ask(text: str, default: str, checked: Callable[[str], T]) -> T:
    """Asks on stderr.

    Args:
        text: the question.
        default: what an empty answer means; an empty one when there is none.
        checked: what becomes of the answer; a ScaffoldError of it is shown, and the question asked again.

    Raises:
        Abort: there is no answer any more (Ctrl-C, Ctrl-D).
    """
    shown = f"{text} [{console.inert(default)}]: " if default else f"{text}: "
    while True:
        try:
            typer.echo(shown, err=True, nl=False)
            line = sys.stdin.readline()
        except KeyboardInterrupt:
            raise typer.Abort from None
        if not line:
            raise typer.Abort
        try:
            return checked(line.strip() or default)
        except ScaffoldError as error:
            console.failed(console.inert(error.message))


def choose(text: str, choices: Sequence[str]) -> int:
    """Lists what there is to choose from on stderr, and asks which; one alone is taken.

    Returns:
        its index.

    Raises:
        Abort: as for :func:`ask`.
    """
    if len(choices) == 1:
        console.note(f"  {console.inert(choices[0])}")
        return 0
    for number, choice in enumerate(choices, 1):
        typer.echo(f"  {number:>{len(str(len(choices)))}}  {console.inert(choice)}", err=True)

    def checked(answer: str) -> int:
        if not (answer.isascii() and answer.isdecimal() and 1 <= int(answer) <= len(choices)):
            raise UsageError(f"It must be a number from 1 to {len(choices)}.", "Type one of the numbers.")
        return int(answer) - 1

    return ask(text, "1", checked)


def question(asked: "Question") -> Any:
    """Asks a question of a template on stderr, laid out as cookiecutter lays it out.

    Raises:
        Abort: as for :func:`ask`.
    """
    text = f"  {console.inert(console.plain(asked.text))}"
    if asked.position is not None:
        text = f"  [{asked.position[0]}/{asked.position[1]}]{text[1:]}"
    if asked.choices:
        typer.echo(text, err=True)
        for number, label in enumerate(asked.choices, 1):
            typer.echo(f"    {number} - {console.inert(console.plain(label))}", err=True)
        text = f"    Choose from 1 to {len(asked.choices)}"
    return ask(text, asked.default, asked.read)
