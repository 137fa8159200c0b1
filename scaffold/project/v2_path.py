"""Imports that only SDK v1's runs find: it puts the root of the snapshot on Python's path, and SDK v2 does not."""

import re
from collections.abc import Iterator
from typing import Any

from scaffold.project.imports import Import
from scaffold.project.subject import Subject

HINT = "Put the script into that folder, or PYTHONPATH: . into the environment_variables of job.yml."
_OWN_PATH = re.compile(r"PYTHONPATH|\bpython\d?\S* -m\b|\bcd ")


def imports_from_root(subject: Subject) -> Iterator[Import]:
    """The imports of the script, and of its modules, that need the folder that is sent on Python's path.

    Nothing where the script may change that path itself.
    """
    modules = subject.modules
    if modules is not None and not modules.sets_path:
        yield from modules.from_root


def finds_root(job: dict[str, Any]) -> bool:
    """True for a job (as its YAML says it) that may see to it by itself that such imports are found."""
    variables = job.get("environment_variables")
    is_set = isinstance(variables, dict) and "PYTHONPATH" in variables
    return is_set or bool(_OWN_PATH.search(str(job.get("command") or "")))
