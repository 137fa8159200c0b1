"""Renders a template's project folder: every file and name, with the environment that the template may use.

cookiecutter's own renderer takes no environment from outside, writes only into a folder that it names itself, and
renders a file's name in the moment of writing to it, so that nothing can look at the name in between (a second
rendering may give another: ``random`` is a filter). Hence this one; tests keep its bytes equal to those that the
``cookiecutter`` command writes. It differs where that command loses something: links to folders are followed,
and text that is not UTF-8 is copied.
"""

import io
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from scaffold.errors import UsageError
from scaffold.generate.faults import of_expressions

if TYPE_CHECKING:
    from jinja2 import Environment

_HINT = "Tell the template's author; nothing was written."


def render(source: Path, project: Path, environment: "Environment", context: Mapping[str, Any]) -> None:
    """Renders a template's project into a folder.

    Args:
        source: the folder of the template that becomes the project.
        project: the folder to write in, which is there.
        environment: what renders.
        context: the values of the variables, below ``cookiecutter``.

    Raises:
        UsageError: the template cannot be read or rendered, or names a file outside the project.
        OSError: the project cannot be written.
    """
    from jinja2 import FileSystemLoader

    environment.loader = FileSystemLoader([source, source.parent / "templates"])
    for entry in entries(source, context["cookiecutter"].get("_copy_without_render", ())):
        target = project / destination(entry, environment, context)
        if entry.is_folder:
            target.mkdir(parents=True, exist_ok=True)
        elif not target.is_dir():  # a name that renders to nothing is how templates leave a file out
            data = _content(source, entry)
            if not entry.copied and _is_text(source / entry.path, data):
                data = _rendered(entry.path.as_posix(), data, environment, context)
            target.write_bytes(data)
            shutil.copymode(source / entry.path, target)


@dataclass(frozen=True)
class Entry:
    """A file or folder of a template.

    Attributes:
        path: relative to the template's project folder.
        is_folder: whether it is a folder, or a link to one.
        copied: the part of the path whose contents are copied as they are; None for what is rendered.
    """

    path: PurePath
    is_folder: bool
    copied: PurePath | None


def entries(source: Path, patterns: Iterator[str] | tuple[str, ...] | list[str]) -> Iterator[Entry]:
    """Every path below a template's project folder in cookiecutter's order, folders before what they hold.

    Byte code is left out: installing a package leaves it beside a template's Python files.

    Args:
        source: the template's project folder.
        patterns: those of ``_copy_without_render``.

    Raises:
        UsageError: a link leads nowhere or in a circle, or something is neither a file nor a folder.
    """
    yield from _below(source, PurePath(), None, tuple(patterns), (os.path.realpath(source),))


def _below(
    source: Path, folder: PurePath, copied: PurePath | None, patterns: tuple[str, ...], above: tuple[str, ...]
) -> Iterator[Entry]:
    names = sorted(path.name for path in (source / folder).iterdir())
    subfolders = [name for name in names if (source / folder / name).is_dir() and name != "__pycache__"]
    found = []
    for name in [*subfolders, *(name for name in names if not os.path.isdir(source / folder / name))]:  # noqa: PTH112
        path = folder / name
        matches = copied is None and any(fnmatch(str(path), pattern) for pattern in patterns)
        entry = Entry(path, name in subfolders, path if matches else copied)
        if not entry.is_folder:
            _check_is_file(source, path)
        found.append(entry)
        yield entry
    for entry in found:
        if entry.is_folder:
            real = os.path.realpath(source / entry.path)
            if real in above:
                wrong = f"A link of the template leads in a circle: {entry.path.as_posix()}."
                raise UsageError(wrong, _HINT)
            yield from _below(source, entry.path, entry.copied, patterns, (*above, real))


def _check_is_file(source: Path, path: PurePath) -> None:
    whole = source / path
    if os.path.isfile(whole):  # noqa: PTH113
        return
    if whole.is_symlink():
        to = os.readlink(whole)  # noqa: PTH115
        raise UsageError(f"A link of the template leads nowhere: {path.as_posix()} points to {to}.", _HINT)
    raise UsageError(f"The template has something that is neither file nor folder: {path.as_posix()}.", _HINT)


def destination(entry: Entry, environment: "Environment", context: Mapping[str, Any]) -> PurePath:
    """Where an entry of the template goes, relative to the project.

    Raises:
        UsageError: its name cannot be rendered, or leads out of the project.
    """
    named = entry.path if entry.copied is None else entry.copied
    shown = named.as_posix()
    with of_expressions(f"the name {shown}"):
        name = environment.from_string(shown).render(context)
    rendered = PurePath(name)
    if rendered.anchor or ".." in rendered.parts or "\0" in name:
        raise UsageError(
            f"The template names a file outside the project: {name!r}.",
            "Nothing was written; tell the template's author.",
        )
    try:
        os.fsencode(name)
    except UnicodeEncodeError as error:
        raise UsageError(f"The template names a file {name!r}, which no file can be named.", _HINT) from error
    return rendered / entry.path.relative_to(named)


def _content(source: Path, entry: Entry) -> bytes:
    try:
        return (source / entry.path).read_bytes()
    except OSError as error:
        wrong = f"The template's file {entry.path.as_posix()} cannot be read: {error.strerror or error}."
        raise UsageError(wrong, "Make it readable, or use another copy of the template.") from error


def _is_text(file: Path, data: bytes) -> bool:
    """Whether a file is one to render; cookiecutter takes some for such that it then cannot read."""
    from binaryornot.check import is_binary

    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not is_binary(str(file))


def _rendered(file: str, data: bytes, environment: "Environment", context: Mapping[str, Any]) -> bytes:
    with of_expressions(file, lines=True):
        text = environment.get_template(file).render(context)
        newline = context["cookiecutter"].get("_new_lines") or _newline(data)
        return text.replace("\n", newline).encode()


def _newline(data: bytes) -> str:
    """What ends the lines of a file, found as cookiecutter finds it."""
    with io.TextIOWrapper(io.BytesIO(data), encoding="utf-8") as text:
        text.readline()
        found = text.newlines
    return (found[0] if isinstance(found, tuple) else found) or os.linesep
