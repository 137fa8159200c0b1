"""Runs the code cells of a notebook as one script, as far as they go.

    python cells.py NOTEBOOK

So that no Jupyter is needed. ``%%writefile`` writes; other magics and azureml-widgets' lines are left out. A cell that
fails is passed over until a run is submitted: not all is installed. What follows it looks at what the run has made.
"""

import re
import sys
import traceback
from pathlib import Path
from typing import Any

from scaffold.project import notebook

path = Path(sys.argv[1])
names: dict[str, Any] = {"__name__": "__main__"}
for source in notebook.cells(path.read_bytes()):
    target = notebook.written(source)
    if target is not None:
        for name, value in names.items():
            target = target.replace(f"${name}", str(value)).replace(f"{{{name}}}", str(value))
        Path(target).write_text(source.partition("\n")[2], encoding="utf-8")
        continue
    try:
        code = re.sub(r"^.*\bRunDetails\b.*$", "", notebook.python(source), flags=re.MULTILINE)
        exec(compile(code, path.name, "exec"), names)  # noqa: S102
    except Exception:
        traceback.print_exc()
        if "run" in names:
            break
