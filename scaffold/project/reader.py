"""Finds a project's folder; what is in it is for others to read (``subject``)."""

import os
from pathlib import Path

from scaffold.errors import ProjectError
from scaffold.project.model import CONSTANTS, RUNNER


def find_project(start: Path) -> Path:
    """The project's folder, looked for in ``start`` and the folders above it.

    Args:
        start: a folder of the project or below it, or a file in one.

    Raises:
        ProjectError: no folder on the way up is a project.
    """
    folder = _absolute(start)
    if not folder.exists():
        raise ProjectError(f"{start}: there is no such folder.", "Name the folder of a project.")
    if not folder.is_dir():
        folder = folder.parent
    for candidate in (folder, *folder.parents):
        others = (candidate / ".azureml" / "config.json", candidate / CONSTANTS)
        if (candidate / RUNNER).is_file() and any(other.is_file() for other in others):
            return candidate
    raise ProjectError(
        f"{folder}: no project here or above ({RUNNER} beside .azureml/config.json or {CONSTANTS}).",
        "Go to the folder of a project, or make one with 'scaffold new NAME'.",
    )


def _absolute(path: Path) -> Path:
    # Not resolve(): messages name files as the person sees them, through links too.
    return Path(os.path.abspath(path))  # noqa: PTH100
