"""Rendering by cookiecutter itself, for our own template and for those of others that are trusted.

What cookiecutter does not see to is seen to here: a name that leads out of the project is refused before
anything is written.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from scaffold.errors import UsageError
from scaffold.generate.faults import of_cookiecutter, of_expressions

if TYPE_CHECKING:
    from jinja2 import Environment


def render(repository: Path, folder: Path, context: dict[str, Any], *, hooks: bool = False) -> Path:
    """Renders a template's project.

    Args:
        repository: the template's folder, which has a cookiecutter.json.
        folder: the folder to make the project's folder in; absolute.
        context: the values of the variables, below ``cookiecutter``.
        hooks: run the template's scripts.

    Returns:
        The project's folder.

    Raises:
        UsageError: the template cannot be rendered, or names a file outside the project.
    """
    from cookiecutter.find import find_template
    from cookiecutter.generate import generate_files
    from cookiecutter.utils import create_env_with_context

    environment = create_env_with_context(context)
    source = find_template(repository, environment)
    destination(PurePath(source.name), environment, context)
    for path, _ in entries(source, context):
        destination(path, environment, context)
    _check_plain(folder, environment, context)
    with of_cookiecutter():
        # Whatever is in the folder is of this rendering: two names of the template may come to the same.
        return Path(generate_files(repository, context, folder, overwrite_if_exists=True, accept_hooks=hooks))


def entries(source: Path, context: Mapping[str, Any]) -> Iterator[tuple[PurePath, bool]]:
    """Every path below a template's project folder in cookiecutter's order, folders before what they hold.

    Yields:
        The path, relative, and whether it is copied as it is; what is in a folder that is copied is left out.
    """
    from cookiecutter.generate import is_copy_only_path

    for folder, subfolders, files in os.walk(source):
        relative = Path(folder).relative_to(source)
        subfolders[:] = sorted(set(subfolders) - {"__pycache__"})
        for names in ([*subfolders], sorted(files)):
            for name in names:
                copied = is_copy_only_path(str(relative / name), context)
                if copied and name in subfolders:
                    subfolders.remove(name)
                yield relative / name, copied


def destination(path: PurePath, environment: "Environment", context: Mapping[str, Any]) -> PurePath:
    """Where a path of the template goes, relative to the project.

    Raises:
        UsageError: its name cannot be rendered, or leads out of the project.
    """
    shown = path.as_posix()
    with of_expressions(f"the name {shown}"):
        name = environment.from_string(shown).render(context)
    rendered = PurePath(name)
    if rendered.anchor or ".." in rendered.parts or "\0" in name:
        raise UsageError(
            f"The template names a file outside the project: {name!r}.",
            "Nothing was written; tell the template's author.",
        )
    return rendered


def _check_plain(folder: Path, environment: "Environment", context: Mapping[str, Any]) -> None:
    """cookiecutter renders the whole path of what it writes: braces in a folder above would lead elsewhere."""
    try:
        plain = environment.from_string(str(folder)).render(context) == str(folder)
    except Exception:
        plain = False
    if not plain:
        raise UsageError(
            f"The path {folder.parent} would be taken for an expression of the template.",
            "Name another folder with --output-dir.",
        )
