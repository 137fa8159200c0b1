"""Reading the code of notebooks."""

import ast
import json

import pytest

from scaffold.project import notebook
from scaffold.project.files import FileError, ProjectFile


def file(*cells: tuple[str, str], **layout: int) -> bytes:
    found = [
        {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)} for kind, text in cells
    ]
    return json.dumps({"cells": found, "nbformat": 4}, **layout).encode()


def test_each_line_stands_where_it_stands_in_the_file():
    cells = [
        ("code", "a = 1\n\nb = 'ä \"'\n"),
        ("code", ""),
        ("code", "c = a\n"),
        ("markdown", "\n"),
        ("code", "d = a"),
    ]
    data = file(("markdown", "a = 1"), *cells, indent=1)
    shown = data.decode().splitlines()
    for statement in ast.parse(notebook.module(data)).body:
        assert json.loads(shown[statement.lineno - 1].strip(" ,")).strip() == ast.unparse(statement).strip()


def test_a_file_in_one_line_is_read_too():
    assert [ast.unparse(one) for one in ast.parse(notebook.module(file(("code", "a = 1\nb = 2")))).body] == [
        "a = 1",
        "b = 2",
    ]


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("if x:\n    !ls", "if x:\n    pass"),
        ("files = !ls", "files = None"),
        ("run?", "pass"),
        ("pip install pandas", "pass"),
        ("%%time\nx = 1", "pass\nx = 1"),
        ("%%writefile a.py\nx = = 1", "\n"),
        ("  x = 1\n  y = 2", "x = 1\ny = 2"),
        ("x = 5 % 3", "x = 5 % 3"),
    ],
)
def test_magics_are_no_python(cell, python):
    assert notebook.python(cell) == python


def test_what_the_cells_write():
    data = file(("code", "x = 1"), ("code", '%%writefile "$folder/a.py"\nx = 1'), indent=1)
    [(path, line)] = notebook.writing(data).items()
    assert path == "$folder/a.py"
    assert "%%writefile" in data.decode().splitlines()[line - 1]


def test_what_is_no_notebook_is_said(tmp_path):
    (tmp_path / "a.ipynb").write_text("[]")
    with pytest.raises(FileError, match="is no notebook"):
        ProjectFile.within(tmp_path, tmp_path / "a.ipynb").syntax_tree()
