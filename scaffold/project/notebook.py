"""The code of a Jupyter notebook as one module, each line at the line of the file where it stands.

So that whatever reads a script reads a notebook too, and names the lines that an editor shows. Magics, which are no
Python, are left out. Knows nothing of what the code does, and runs none of it.
"""

import json
import re
import textwrap
from collections.abc import Iterator

SUFFIX = ".ipynb"

_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|[\w.\[\]]+\?{1,2}\s*|(?:pip|conda) [a-z].*)$")
_BOUND = re.compile(r"^(\s*[\w, ]+=\s*)[%!].*$")
_OF_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")
_WRITES = re.compile(r"^%%writefile\s+(?:-a\s+|--append\s+)?(.+?)\s*$")


class NotANotebookError(Exception):
    """The file is not JSON with cells."""


def module(data: bytes) -> str:
    """The code cells as one module.

    Args:
        data: the notebook's file.

    Raises:
        NotANotebookError: it is not one.
    """
    lines: dict[int, str] = {}
    for source, numbers in _placed(data):
        lines.update(zip(numbers, python(source).split("\n"), strict=True))
    return "".join(f"{lines.get(number, '')}\n" for number in range(1, max(lines, default=0) + 1))


def cells(data: bytes) -> list[str]:
    """The code cells as they stand.

    Raises:
        NotANotebookError: it is not a notebook.
    """
    return [source for source, _ in _placed(data)]


def python(source: str) -> str:
    """A cell without its magics, as many lines."""
    magic = source.split(maxsplit=1)[0] if source.startswith("%%") else ""
    if magic and magic not in _OF_PYTHON:
        return "\n" * source.count("\n")
    return "\n".join(_line(line) for line in textwrap.dedent(source).split("\n"))


def _line(line: str) -> str:
    if match := _MAGIC.match(line):
        return f"{match[1]}pass"  # a block may have nothing else
    return _BOUND.sub(r"\1None", line)


def written(source: str) -> str | None:
    """The path that a cell writes, as it stands behind its ``%%writefile``; None when it writes none."""
    match = _WRITES.match(source.partition("\n")[0])
    return match[1].strip("\"'") if match else None


def writing(data: bytes) -> dict[str, int]:
    """What the cells write: the path as it stands there → the line.

    Raises:
        NotANotebookError: it is not a notebook.
    """
    return {path: numbers[0] for source, numbers in _placed(data) if (path := written(source))}


def _placed(data: bytes) -> Iterator[tuple[str, list[int]]]:
    """The code cells, with the number that each of its lines has in the file."""
    try:
        text = data.decode("utf-8-sig")
        found = [(cell["cell_type"] == "code", "".join(cell["source"])) for cell in json.loads(text)["cells"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotANotebookError from error
    file = [_of_json(line) for line in text.split("\n")]
    place = 0
    for is_code, source in found:
        numbers = []
        for line in source.removesuffix("\n").split("\n") if source else ():
            # A file that is not laid out by nbformat has them elsewhere: they are counted on.
            place = next((at for at in range(place, len(file)) if file[at] == line), place) + 1
            numbers.append(place)
        if not source or source.endswith("\n"):
            place += 1  # what is behind the last newline stands nowhere
            numbers.append(place)
        if is_code:
            yield source, numbers


def _of_json(line: str) -> str | None:
    """The text that stands on a line of the file by itself."""
    stripped = line.strip().removesuffix(",")
    if not stripped.startswith('"'):
        return None
    try:
        value = json.loads(stripped)
    except ValueError:
        return None
    return str(value).removesuffix("\n")
