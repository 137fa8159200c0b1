"""The settings, all of them environment variables: one table, which the README shows, and how each is read."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scaffold.errors import WorkspaceError

_IDLE_MINUTES = 120.0
_LAST_PORT = 65535
_SWITCH = {"1", "true", "t", "yes", "y", "on", "0", "false", "f", "no", "n", "off"}


class SettingError(WorkspaceError):
    """A setting has a value that it cannot have; the message says which."""

    def __init__(self, name: str, text: str, wanted: str) -> None:
        super().__init__(f"{name} is {text!r}, which is no {wanted}.", "Correct the variable, or unset it.")


def _port(text: str) -> int:
    number = _whole(text)
    if number >= _LAST_PORT:  # the pages have the next one
        raise ValueError
    return number


def _whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise ValueError
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1e6:  # neither is true of what is no number
        raise ValueError
    return number


def _switch(text: str) -> str:
    if text.lower() not in _SWITCH:
        raise ValueError
    return text


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: its variable.
        default: what holds without it, in words.
        help: what it is for.
        parse: makes its value of a text that is not empty, or raises ValueError.
        wanted: what the text has to be, in words.
    """

    name: str
    default: str
    help: str
    parse: Callable[[str], Any] = str
    wanted: str = "text"

    def read(self, environment: Mapping[str, str]) -> Any:
        """Its value, or None where it is not set.

        Raises:
            SettingError: it has a value that it cannot have.
        """
        text = environment.get(self.name, "").strip()
        try:
            return self.parse(text) if text else None
        except ValueError:
            raise SettingError(self.name, text, self.wanted) from None


PORT = Setting(
    "SCAFFOLD_PORT",
    "8765",
    "port of the wire protocol in a new state folder, the pages' is the next; 0: any",
    _port,
    f"whole number from 0 to {_LAST_PORT - 1}",
)
WIDTH = Setting(
    "SCAFFOLD_WIDTH", "the machine's cores", "how many runs execute at once", _whole, "whole number from 0 on"
)
IDLE = Setting(
    "SCAFFOLD_IDLE_MINUTES",
    "120",
    "after so long without a request, a run or an open page the workspace stops until it is needed; 0: never",
    _number,
    "number from 0 on",
)
RETRY = Setting(
    "SCAFFOLD_RETRY_SECONDS",
    "more with each attempt",
    "the wait before `submit` tries again",
    _number,
    "number from 0 on",
)
SETTINGS = (
    Setting("SCAFFOLD_HOME", "the platform's data folder", "the state folder"),
    PORT,
    WIDTH,
    IDLE,
    Setting(
        "SCAFFOLD_CONDA", "looked for", "the micromamba, mamba or conda to build conda specifications with"
    ),
    Setting(
        "SCAFFOLD_KEEP",
        "none",
        "names of further variables, with commas between them, that the workspace keeps for builds (not for runs)",
    ),
    Setting(
        "SCAFFOLD_DEBUG", "off", "show the traceback of an error, as `--debug` does", _switch, "yes or no"
    ),
    RETRY,
)


def check(environment: Mapping[str, str] = os.environ) -> None:
    """Makes sure that every setting can be read.

    Raises:
        SettingError: one cannot.
    """
    for setting in SETTINGS:
        setting.read(environment)


def port(environment: Mapping[str, str] = os.environ) -> int | None:
    """The port of the wire protocol in a new state folder; 0 for any, None for the usual one.

    Raises:
        SettingError: see there.
    """
    number: int | None = PORT.read(environment)
    return number


def width(environment: Mapping[str, str] = os.environ) -> int | None:
    """How many runs may execute at once; None for as many as there are cores.

    Raises:
        SettingError: see there.
    """
    return WIDTH.read(environment) or None


def idle_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """After how long without anything to do the service ends; None for never.

    Raises:
        SettingError: see there.
    """
    minutes = IDLE.read(environment)
    return (_IDLE_MINUTES if minutes is None else minutes) * 60 or None


def retry_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """The wait before a submission is tried again; None for one that grows.

    Raises:
        SettingError: see there.
    """
    seconds: float | None = RETRY.read(environment)
    return seconds
