"""The tree of commands, as it is: whatever is added to it is tested from then on."""

import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path as _File
from typing import Any

from tests.conftest import REPOSITORY

HELP = REPOSITORY / "tests" / "cli" / "help"
SCHEMAS = REPOSITORY / "docs" / "schemas"

Path = tuple[str, ...]


def commands() -> dict[Path, Any]:
    """Every command and group by its words, the root's are none."""
    from typer.main import get_command

    from scaffold.cli.app import app

    return dict(_walk((), get_command(app)))


def _walk(path: Path, command: Any) -> Iterator[tuple[Path, Any]]:
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        if not below.hidden:
            yield from _walk((*path, name), below)


def leaves() -> dict[Path, Any]:
    """The commands that do something."""
    return {path: command for path, command in commands().items() if not hasattr(command, "commands")}


def with_json() -> list[Path]:
    """The commands that have ``--json``."""
    return [
        path
        for path, command in leaves().items()
        if any("--json" in getattr(parameter, "opts", ()) for parameter in command.params)
    ]


def schemas() -> dict[str, _File]:
    """The schemas by what they are of, such as ``scaffold runs list --json``, as their titles say."""
    found = {}
    for file in SCHEMAS.glob("*.json"):
        title = json.loads(file.read_text(encoding="utf-8"))["title"]
        found |= dict.fromkeys(title.split(", "), file)
    return found


def validator(title: str) -> Callable[[Any], Any]:
    """Raises for a document that is not of the schema of that title."""
    import fastjsonschema

    return fastjsonschema.compile(json.loads(schemas()[title].read_text(encoding="utf-8")))


def named(path: Path) -> str:
    """``workspace-start``; ``scaffold`` for the root."""
    return "-".join(path) or "scaffold"


def help_of(path: Path, columns: int = 80) -> str:
    """What ``--help`` prints on a terminal of that width."""
    from scaffold.cli.app import run

    said = io.StringIO()
    before = dict(os.environ)
    os.environ.update(COLUMNS=str(columns), NO_COLOR="1")
    try:
        with contextlib.redirect_stdout(said):
            assert run([*path, "--help"]) == 0
    finally:
        os.environ.clear()
        os.environ.update(before)
    return said.getvalue()
