"""What differs: between the facts of several things, and between two sets of files; imports next to nothing."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST = 10
"""How many runs are compared at the most."""
DIFF_BYTES = 256 * 1024
"""Of a longer file the lines that differ are not shown."""
DIFF_LINES = 2000
"""So many lines of a difference are shown at the most."""


@dataclass(frozen=True)
class Row:
    """One fact about all of them; who has none of it has None."""

    name: str
    values: tuple[Any, ...]

    @property
    def differs(self) -> bool:
        return any(value != self.values[0] for value in self.values)


def rows_of(columns: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The facts of each side by side, in the order in which they are first named; none that nobody has."""
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [Row(name, tuple(column.get(name) for column in columns)) for name in names]
    return [row for row in rows if any(value is not None for value in row.values)]


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The path of each file that is not the same, and whether it was ``added``, ``removed`` or ``changed``.

    Args:
        before, after: what stands for the content of each file, by path.
    """
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old != new:
            yield path, "added" if old is None else "removed" if new is None else "changed"


def unified(path: str, old: str | None, new: str | None) -> Iterator[str]:
    """The unified difference of a file, line by line: first two that name its sides, if anything differs.

    Args:
        path: of the file.
        old, new: its texts; None where it is not.
    """
    names = ("/dev/null" if old is None else f"a/{path}", "/dev/null" if new is None else f"b/{path}")
    sides = ((old or "").splitlines(), (new or "").splitlines())
    return difflib.unified_diff(*sides, *names, lineterm="")
