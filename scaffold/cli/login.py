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


def show_said(line: str, lead: str) -> None:
    """Shows a line of what the SDK says; one that a login waits for also under ``--quiet``."""
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
