"""Tables as text: whole in a pipe, fitted to the width on a terminal."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from scaffold import words
from scaffold.cli import console

_GAP = 2
_LEAST = 6


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        title: its head.
        cells: a text for each row.
        rank: where there is no room, the column of the highest goes first; 0 is never left out, nor cut.
        right: whether its cells are numbers.
        asked: whether a person asked for it: it is there without any text too.
    """

    title: str
    cells: Sequence[str]
    rank: int = 1
    right: bool = False
    asked: bool = False


def show(columns: Sequence[Column]) -> list[str]:
    """Print columns side by side, without those that have no text in any row and that nobody asked for.

    Returns:
        the titles of those that there was no room for.
    """
    shown = [column for column in columns if any(column.cells) or column.rank == 0 or column.asked]
    cells = [[_line(text) for text in (column.title, *column.cells)] for column in shown]
    widths = [max(map(_width, column)) for column in cells]
    if sys.stdout.isatty():
        widths = _fitted([column.rank for column in shown], widths, shutil.get_terminal_size().columns)
    for number in range(len(cells[0]) if cells else 0):
        line = (" " * _GAP).join(
            _placed(column[number], width, right=head.right)
            for head, column, width in zip(shown, cells, widths, strict=True)
            if width
        )
        console.result(console.styled(line.rstrip(), dim=True) if number == 0 else line.rstrip())
    return [head.title for head, width in zip(shown, widths, strict=True) if not width]


def _fitted(ranks: list[int], widths: list[int], room: int) -> list[int]:
    """The widths that fit into the room; 0 of a column that is left out."""
    widths = list(widths)

    def total() -> int:
        return sum(widths) + _GAP * (sum(map(bool, widths)) - 1)

    while total() > room and any(ranks[place] for place, width in enumerate(widths) if width):
        cut = [place for place, width in enumerate(widths) if ranks[place] and width > _LEAST]
        least = sum(min(width, _LEAST) if rank else width for rank, width in zip(ranks, widths, strict=True))
        if cut and least + _GAP * (sum(map(bool, widths)) - 1) <= room:
            widest = max(cut, key=lambda place: widths[place])
            widths[widest] -= 1
        else:
            last = max(
                (place for place, width in enumerate(widths) if width),
                key=lambda place: (ranks[place], place),
            )
            widths[last] = 0
    return widths


def _placed(text: str, width: int, *, right: bool) -> str:
    """A text in exactly so many cells of a terminal."""
    while _width(text) > width:
        text = text[:-2] + "…" if len(text) > 1 else ""
    room = " " * (width - _width(text))
    return room + text if right else text + room


def _line(text: str) -> str:
    return words.inert(words.masked(" ".join(text.split())))


def _width(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
