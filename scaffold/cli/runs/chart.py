"""A metric drawn on a terminal; the only module that imports plotille."""

import itertools
import math
import os
import shutil
import sys
from typing import TYPE_CHECKING

from scaffold import words

if TYPE_CHECKING:
    from scaffold.runs.model import Metric

_HEIGHT = 12
_WIDEST, _NARROWEST = 100, 20
_BESIDE = 13 + 6  # what the library puts before each line of the picture, and around the axis' name behind it
_MOST_PICTURES = 6


def drawn(metric: "Metric") -> str | None:
    """The lines of a metric over its steps, or over the order of its values; None when it has none to draw.

    Each column is a picture of its own: one beside the other, they would be told apart by colours alone.
    """
    lines = _lines(metric)
    x, label = _places(metric)
    pictures = []
    for column, values in lines.items():
        name = metric.name if len(metric.columns) == 1 else f"{metric.name}: {column}"
        pairs = [pair for pair in zip(x, values, strict=True) if math.isfinite(pair[1])]
        pictures.append(f"{words.inert(name)}\n{_picture(pairs, label)}\n")
    return "\n".join(pictures) or None


def _picture(pairs: list[tuple[float, float]], label: str) -> str:
    import plotille

    terminal = sys.stdout.isatty()
    colours = terminal and "NO_COLOR" not in os.environ
    room = shutil.get_terminal_size().columns if terminal else 80
    x, y = ([pair[place] for pair in pairs] for place in (0, 1))
    figure = plotille.Figure()
    figure.width = max(_NARROWEST, min(room, _WIDEST) - _BESIDE - len(label))
    figure.height = _HEIGHT
    figure.origin = False
    figure.color_mode = "names"
    figure.with_colors = colours
    figure.x_label = label
    figure.register_label_formatter(float, _number)
    figure.set_x_limits(*_range(x))
    figure.set_y_limits(*_range(y))
    figure.plot(x, y, lc="cyan" if colours else None)
    _, picture = figure.show().split("\n", 1)  # the first line names the axis, as the title does
    # The blanks at the ends of lines are blank Braille signs.
    return "\n".join(line.rstrip(" \u2800") for line in picture.splitlines())


def _range(values: list[float]) -> tuple[float, float]:
    """From the least to the greatest and no more; of a value that never changes, something around it."""
    least, most = min(values), max(values)
    margin = 0.0 if most > least else abs(most) * 0.1 or 1.0
    return least - margin, most + margin


def _lines(metric: "Metric") -> dict[str, list[float]]:
    """The columns that are numbers in every value, where there are several values."""
    if len(metric.points) < 2:
        return {}
    found: dict[str, list[float]] = {}
    for column in metric.columns:
        values = [point.data.get(column) for point in metric.points]
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            numbers = [float(value) for value in values if value is not None]
            if any(map(math.isfinite, numbers)):
                found[column] = numbers
    return dict(itertools.islice(found.items(), _MOST_PICTURES))


def _places(metric: "Metric") -> tuple[list[float], str]:
    steps = [point.step for point in metric.points]
    if len({step for step in steps if step is not None}) > 1:
        return [float(step or 0) for step in steps], "step"
    return [float(place) for place in range(len(steps))], "index"


def _number(value: float, chars: int, delta: float, left: bool = False) -> str:
    text = f"{value:.4g}"[:chars]
    return text.ljust(chars) if left else text.rjust(chars)
