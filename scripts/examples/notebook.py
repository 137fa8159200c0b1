"""Runs the cells of a notebook in its own folder, as a reader would, and ends with the first that fails.

python notebook.py NOTEBOOK LIMITS

LIMITS is JSON: ``cells``, how many of all its cells are run, and ``failing``, the numbers of those that may fail.
"""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

_COLORS = re.compile(r"\x1b\[[0-9;]*m")


def main(path: Path, cells: int | None = None, failing: Sequence[int] = ()) -> int:
    """Returns 1 when a cell fails, and says which."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = notebook.cells[:cells]
    for number in failing:
        notebook.cells[number].metadata["tags"] = ["raises-exception"]
    resources = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=900, kernel_name="python3", resources=resources)
    try:
        client.execute()
    except CellExecutionError as error:
        sys.stderr.write(f"{_COLORS.sub('', str(error))}\n")
        number = max(n for n, cell in enumerate(notebook.cells) if cell.get("execution_count"))
        sys.stderr.write(f"cell {number}: {error.ename}: {_COLORS.sub('', error.evalue).strip()[:300]!r}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute(), **json.loads(sys.argv[2])))
