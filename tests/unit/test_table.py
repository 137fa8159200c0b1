"""Columns that fit into the width of a terminal."""

import io
import os
import sys

import pytest

from scaffold.cli import table
from scaffold.cli.table import Column

COLUMNS = [
    Column("RUN", ["Experiment_1_1795515048_dccbc86a", "short"], rank=0),
    Column("TARGET", ["a-cluster-with-a-long-name", ""], rank=8),
    Column("EMPTY", ["", ""], rank=2),
    Column("loss", ["0.125", "12"], rank=1, right=True),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, columns: int | None) -> tuple[list[str], list[str]]:
    """The lines of the table on a terminal of that width (None: in a pipe), and what was left out."""
    stream = io.StringIO() if columns is None else Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((columns or 80, 24)))
    monkeypatch.setenv("COLUMNS", str(columns or 80))
    left_out = table.show(COLUMNS)
    return stream.getvalue().splitlines(), left_out


def test_in_a_pipe_nothing_is_cut(monkeypatch: pytest.MonkeyPatch):
    lines, left_out = shown(monkeypatch, None)

    assert lines == [
        "RUN                               TARGET                       loss",
        "Experiment_1_1795515048_dccbc86a  a-cluster-with-a-long-name  0.125",
        "short                                                            12",
    ]
    assert left_out == []


def test_on_a_terminal_long_cells_are_cut(monkeypatch: pytest.MonkeyPatch):
    lines, _ = shown(monkeypatch, 55)

    assert lines[1] == "Experiment_1_1795515048_dccbc86a  a-cluster-wit…  0.125"
    assert max(map(len, lines)) <= 55


def test_where_that_is_not_enough_columns_are_left_out_the_least_important_first(
    monkeypatch: pytest.MonkeyPatch,
):
    lines, left_out = shown(monkeypatch, 40)

    assert lines[1] == "Experiment_1_1795515048_dccbc86a  0.125"
    assert left_out == ["TARGET"]


def test_ids_are_never_cut(monkeypatch: pytest.MonkeyPatch):
    lines, left_out = shown(monkeypatch, 20)

    assert lines[1] == "Experiment_1_1795515048_dccbc86a"
    assert left_out == ["TARGET", "loss"]


def test_escapes_and_line_ends_in_cells_are_inert_and_wide_letters_count_twice(
    monkeypatch: pytest.MonkeyPatch,
):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)

    table.show([Column("A", ["\x1b[31mred\nline", "漢字"]), Column("B", ["1", "2"])])

    assert stream.getvalue().splitlines()[1:] == ["\\x1b[31mred line  1", "漢字" + " " * 14 + "2"]
