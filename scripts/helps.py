"""Writes what ``--help`` of every command says to tests/cli/help, which a test compares it with."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.cli.tree import HELP, commands, help_of, named


def main() -> None:
    """Writes the files, and removes those of commands that are not there any more."""
    texts = {f"{named(path)}.txt": help_of(path) for path in commands()}
    HELP.mkdir(exist_ok=True)
    for file in HELP.glob("*.txt"):
        if file.name not in texts:
            file.unlink()
    for name, text in texts.items():
        (HELP / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
