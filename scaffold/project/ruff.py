"""What ruff says of Python files, for a Python that need not be the one we run in.

Python's own parser knows one grammar, that of its version. ruff's knows them all and says which one a
piece of syntax came with; it also sees names that nothing binds. It reads files and runs none.
"""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Names that nothing binds, and aliases that numpy dropped; syntax errors are told in any case.
_RULES = "F821,NPY001"
OLDEST, NEWEST = (3, 7), (3, 14)
_AT_ONCE = 200  # a command line on Windows ends at 32,000 characters
_SECONDS = 20


@dataclass(frozen=True)
class Diagnostic:
    """One line of ruff's.

    Attributes:
        code: ``invalid-syntax``, ``F821`` or ``NPY001``.
        path: the file.
        line: counted from 1.
        message: what ruff says.
        edit: the one safe edit that mends it: line, first and last column (from 1), text.
    """

    code: str
    path: Path
    line: int
    message: str
    edit: tuple[int, int, int, str] | None = None


def diagnose(paths: Iterable[Path], minor: tuple[int, int] | None) -> list[Diagnostic]:
    """What ruff says of files; nothing when there is no ruff.

    Args:
        paths: the files.
        minor: the Python that they are for; None for the newest one.
    """
    files = [str(path) for path in paths]
    program = _program()
    if program is None or not files:
        return []
    target = max(OLDEST, min(minor or NEWEST, NEWEST))
    command = [
        program,
        "check",
        "--isolated",
        "--no-cache",
        "--quiet",
        "--exit-zero",
        "--no-respect-gitignore",
    ]
    command += ["--select", _RULES, "--output-format", "json", "--target-version", "py{}{}".format(*target)]
    found: list[Diagnostic] = []
    for start in range(0, len(files), _AT_ONCE):
        found += _run([*command, "--", *files[start : start + _AT_ONCE]])
    return found


def _program() -> str | None:
    try:
        from ruff import find_ruff_bin  # type: ignore[import-untyped]

        return str(find_ruff_bin())
    except (ImportError, FileNotFoundError):  # a system for which ruff has no wheel
        return None


def _run(command: list[str]) -> list[Diagnostic]:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        return [_diagnostic(entry) for entry in json.loads(done.stdout or b"[]")]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return []


def _diagnostic(entry: dict[str, Any]) -> Diagnostic:
    return Diagnostic(
        code=entry["code"] or "invalid-syntax",
        path=Path(entry["filename"]),
        line=entry["location"]["row"],
        message=entry["message"],
        edit=_edit(entry.get("fix")),
    )


def _edit(fix: dict[str, Any] | None) -> tuple[int, int, int, str] | None:
    if fix is None or fix.get("applicability") != "safe" or len(fix["edits"]) != 1:
        return None
    [edit] = fix["edits"]
    start, end = edit["location"], edit["end_location"]
    if start["row"] != end["row"]:
        return None
    return start["row"], start["column"], end["column"], edit["content"]
