"""The flag ``--auth`` of every command that may log in to Azure."""

import re
from typing import Annotated

import typer

from scaffold.cli import console
from scaffold.errors import UsageError

METHODS = ("auto", "interactive", "device-code", "azure-cli", "service-principal", "managed-identity")
AUTH_HELP = f"How to log in to Azure: {', '.join(METHODS)}."
Auth = Annotated[str, typer.Option("--auth", metavar="METHOD", help=AUTH_HELP)]
# What MSAL and the SDK say when they wait for a person.
_ASKS = re.compile(r"to sign in|enter the code|type the code|web browser has been opened", re.IGNORECASE)

_ANNOUNCES = "Performing interactive authentication."


def show_said(line: str, lead: str) -> None:
    """Show a line that the SDK printed.

    A line that a login waits for is shown under ``--quiet`` too. Two are not shown: one that says at length that there
    is no network, which the error says, and the announcement of a question that nobody is there to answer.
    """
    from scaffold.submission.faults.network import is_swallowed

    asks_nobody = line.startswith(_ANNOUNCES) and not console.interactive()
    if (is_swallowed(line) or asks_nobody) and not console.debugging():
        return
    if console.quiet() and _ASKS.search(line):
        console.warn(console.inert(line))
    else:
        console.note(f"{lead}{console.inert(line)}")


def checked_method(method: str) -> str:
    """The method, once it is one.

    Raises:
        UsageError: it is not.
    """
    if method not in METHODS:
        raise UsageError(f"There is no login method {method!r}.", f"Choose one of {', '.join(METHODS)}.")
    return method
