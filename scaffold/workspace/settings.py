"""The settings, all of them environment variables: one table, which the README shows. Imports nothing of ours."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


class SettingError(Exception):
    """A setting has a value that it cannot have; the message says which."""


@dataclass(frozen=True)
class Setting:
    """One setting: its variable, what holds without it, and what it is for."""

    name: str
    default: str
    help: str


SETTINGS = (
    Setting("SCAFFOLD_HOME", "the platform's data folder", "the state folder"),
    Setting(
        "SCAFFOLD_PORT",
        "8765",
        "port of the wire protocol in a new state folder, the pages' is the next; 0: any",
    ),
    Setting("SCAFFOLD_WIDTH", "the machine's cores", "how many runs execute at once"),
    Setting(
        "SCAFFOLD_IDLE_MINUTES",
        "120",
        "after so long without a request, a run or an open page the workspace stops until it is needed; 0: never",
    ),
    Setting(
        "SCAFFOLD_CONDA", "looked for", "the micromamba, mamba or conda to build conda specifications with"
    ),
    Setting(
        "SCAFFOLD_KEEP",
        "none",
        "names of further variables, with commas between them, that the workspace keeps for builds (not for runs)",
    ),
    Setting("SCAFFOLD_DEBUG", "off", "show the traceback of an error, as `--debug` does"),
    Setting("SCAFFOLD_RETRY_SECONDS", "more with each attempt", "the wait before `submit` tries again"),
)
_IDLE_MINUTES = 120.0


def width(environment: Mapping[str, str] = os.environ) -> int | None:
    """How many runs may execute at once; None for as many as there are cores.

    Raises:
        SettingError: see there.
    """
    number = _number(environment, "SCAFFOLD_WIDTH", 0.0)
    if number != int(number):
        raise SettingError(f"SCAFFOLD_WIDTH is {number:g}, which is no whole number.")
    return int(number) or None


def idle_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """After how long without anything to do the service ends; None for never.

    Raises:
        SettingError: see there.
    """
    return _number(environment, "SCAFFOLD_IDLE_MINUTES", _IDLE_MINUTES) * 60 or None


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "").strip()
    try:
        number = float(text) if text else default
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e6:
        raise SettingError(f"{name} is {text!r}, which is no number from 0 on.")
    return number
