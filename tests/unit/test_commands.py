"""What the tree of commands says of itself: help texts, and the schemas of what ``--json`` prints.

A new command needs its help text (``python scripts/helps.py``), and where it has ``--json`` a schema in docs/schemas.
"""

import json

import fastjsonschema
import pytest

from scaffold.cli import app
from scaffold.errors import UsageError
from tests.cli import tree

COMMANDS = tree.commands()
NARROW = 60


@pytest.mark.parametrize("path", COMMANDS, ids=tree.named)
def test_the_help_text_is_the_one_in_the_repository(path: tuple[str, ...]):
    file = tree.HELP / f"{tree.named(path)}.txt"

    assert file.exists(), "run: python scripts/helps.py"
    assert tree.help_of(path) == file.read_text(encoding="utf-8"), "run: python scripts/helps.py"


def test_there_is_no_help_text_without_its_command():
    assert {file.stem for file in tree.HELP.glob("*.txt")} == {tree.named(path) for path in COMMANDS}


@pytest.mark.parametrize("path", COMMANDS, ids=tree.named)
def test_help_on_a_narrow_terminal_is_whole(path: tuple[str, ...]):
    narrow = tree.help_of(path, NARROW)

    assert max(map(len, narrow.splitlines())) <= NARROW
    # Nothing is left out, and a line breaks between words or behind a hyphen.
    assert "".join(narrow.split()) == "".join(tree.help_of(path).split())
    whole = tree.help_of(path)
    for part in _parts(narrow) - _parts(whole):
        assert any(part in word for word in whole.split() if len(word) > NARROW / 2), part


def _parts(text: str) -> set[str]:
    """Words, and their parts between hyphens."""
    return {part for word in text.split() for part in word.split("-")}


def test_every_command_with_json_has_a_schema():
    assert {f"scaffold {' '.join(path)} --json" for path in tree.with_json()} - set(tree.schemas()) == set()


def test_every_schema_is_one_and_of_a_command():
    options = {
        f"scaffold {' '.join(path)}": {option for parameter in command.params for option in parameter.opts}
        for path, command in COMMANDS.items()
    }
    for title, file in tree.schemas().items():
        fastjsonschema.compile(json.loads(file.read_text(encoding="utf-8")))
        command, *flags = title.split(" --")
        assert {f"--{flag}" for flag in flags} <= options[command], title


@pytest.mark.parametrize("group", [(), ("runs",), ("workspace",)], ids=" ".join)
def test_a_group_without_a_command_shows_its_help(group: tuple[str, ...], capsys: pytest.CaptureFixture[str]):
    assert app.run(list(group)) == UsageError.exit_code

    shown = capsys.readouterr().err
    assert shown.startswith(" ".join(["Usage: scaffold", *group]))
    assert "\nCommands:\n" in shown
    assert "Error:" not in shown
