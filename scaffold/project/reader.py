"""Finds a project's folder; what is in it is for others to read (``subject``)."""

import os
from collections.abc import Collection
from pathlib import Path

from scaffold import words
from scaffold.errors import ProjectError
from scaffold.project.config import CONFIG_FILES
from scaffold.project.model import CONSTANTS, RUNNER
from scaffold.project.reading import read_or_nothing

_CONNECT = "scaffold workspace connect --local"


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
    scripts = submitting_scripts(folder, (".py",))
    raise ProjectError(
        f"{folder}: no project here or above ({RUNNER} beside .azureml/config.json or {CONSTANTS}).",
        _way_of(scripts[0])
        if scripts
        else "Go to the folder of a project, or make one with 'scaffold new NAME'.",
    )


def _way_of(script: Path) -> str:
    """What to do with a folder whose submitting script has another name."""
    started = words.typed("scaffold", "exec", "--", "python", script.name)
    connected = any((script.parent / place).is_file() for place in CONFIG_FILES)
    first = "" if connected else f" (but first: {_CONNECT})"
    return f"Start {script.name} itself: {started}{first}; or call it {RUNNER}."


def submitting_scripts(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """The scripts of a folder that make a ScriptRunConfig, where people did not call it run_experiment.py."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [file for file in files if file.suffix in suffixes and submits(file)]


def submits(path: Path) -> bool:
    """Whether a script makes a ScriptRunConfig."""
    return b"ScriptRunConfig(" in read_or_nothing(path)


def _absolute(path: Path) -> Path:
    # Not resolve(): messages name files as the person sees them, through links too.
    return Path(os.path.abspath(path))  # noqa: PTH100
