"""The values of expressions, for the few operations that people write names, paths and commands with.

Works on known values alone and runs nothing of a project: what is not listed here is
:class:`~scaffold.project.source.Unknown`. So is what would take more memory than a name or a command ever needs.
"""

import ast
import os
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scaffold.project.source import Unknown

UNKNOWN = "\ufffc"  # stands in a text for the part that only running the code tells
_LONGEST = 100_000
_HALVES = re.compile(r"[\ud800-\udfff]")  # of pairs, which are no text by themselves
_MOST_ITEMS = 10_000
_LARGEST = 10**18
_SPECIFICATION = re.compile(r"[<>^]?0?\d{0,3}(?:\.\d{1,3})?[sdfgeEG]?")
_PERCENT = re.compile(r"%(?:\((\w+)\))?([-0 +#]*\d{0,3}(?:\.\d{0,3})?[sdifgr%])")

ATTRIBUTES: dict[str, Any] = {
    "os.sep": os.sep,
    "os.path.sep": os.sep,
    "os.curdir": os.curdir,
    "os.pardir": os.pardir,
    "os.path.curdir": os.curdir,
    "os.path.pardir": os.pardir,
    "os.extsep": os.extsep,
}


def bounded(value: Any) -> Any:
    """The value itself.

    Raises:
        Unknown: it is longer than anything that is written by hand, or cannot be written at all.
    """
    if isinstance(value, str) and (len(value) > _LONGEST or _HALVES.search(value)):
        raise Unknown
    if isinstance(value, list | tuple | dict) and len(value) > _MOST_ITEMS:
        raise Unknown
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise Unknown
    return value


def text_of(value: Any) -> str:
    """A text, path or number as ``str()`` makes it.

    Raises:
        Unknown: it is something else.
    """
    if isinstance(value, Path):
        return os.fspath(value)
    if isinstance(value, str | int | float | bool) or value is None:
        return str(bounded(value))
    raise Unknown


def added(left: Any, right: Any) -> Any:
    """``left + right``."""
    for kind in (str, list, tuple):
        if isinstance(left, kind) and isinstance(right, kind):
            if len(left) + len(right) > _LONGEST:
                raise Unknown
            return left + right
    return _of_numbers(ast.Add(), left, right)


def operated(operator: ast.operator, left: Any, right: Any) -> Any:
    """Two known values behind one another, with an operator between them."""
    match operator:
        case ast.Add():
            return added(left, right)
        case ast.Div() if isinstance(left, Path) or isinstance(right, Path):
            return _made(Path, left, right)
        case ast.Mod() if isinstance(left, str):
            return percent(left, right)
    return _of_numbers(operator, left, right)


def _of_numbers(operator: ast.operator, left: Any, right: Any) -> Any:
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        raise Unknown
    bounded(left), bounded(right)
    try:
        match operator:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                return left / right
            case ast.FloorDiv():
                return left // right
    except (ArithmeticError, ValueError) as error:
        raise Unknown from error
    raise Unknown


def _made(function: Callable[..., Any], *values: Any) -> Any:
    """What a function of the standard library makes of values of which one may be of the wrong type."""
    try:
        return bounded(function(*values))
    except (TypeError, ValueError, IndexError, KeyError, LookupError, OverflowError) as error:
        raise Unknown from error


# f-strings, format() and %


def formatted(value: Any, specification: str) -> str:
    """A value as ``format(value, specification)`` has it, for short and plain specifications."""
    if value == UNKNOWN or not specification:
        return text_of(value)
    if not _SPECIFICATION.fullmatch(specification) or isinstance(value, Path):
        raise Unknown
    return str(_made(format, bounded(value), specification))


def filled_in(template: str, positions: list[Any], names: dict[str, Any]) -> str:
    """``template.format(*positions, **names)``, without attributes and indexes in its fields."""
    parts: list[str] = []
    count = 0
    try:
        for text, field, specification, conversion in string.Formatter().parse(template):
            parts.append(text)
            if field is None:
                continue
            if field == "" or field.isdigit():
                value: Any = positions[int(field) if field else count]
                count += 1
            else:
                value = names[field]
            if conversion not in (None, "s"):
                raise Unknown
            parts.append(formatted(value, specification or ""))
    except (ValueError, IndexError, KeyError) as error:
        raise Unknown from error
    return str(bounded("".join(parts)))


def percent(template: str, given: Any) -> str:
    """``template % given``."""
    names = given if isinstance(given, dict) else {}
    waiting = list(given) if isinstance(given, tuple) else [given]

    def put(match: re.Match[str]) -> str:
        name, rest = match.groups()
        if rest.endswith("%"):
            return "%"
        if name is None and (isinstance(given, dict) or not waiting):
            raise Unknown
        value = names.get(name, Unknown) if name is not None else waiting.pop(0)
        if value is Unknown:
            raise Unknown
        plain = os.fspath(value) if isinstance(value, Path) else value
        return UNKNOWN if value == UNKNOWN else str(_made(lambda: f"%{rest}" % (plain,)))

    made = _PERCENT.sub(put, template)
    if "%" in _PERCENT.sub("", template) or (isinstance(given, tuple) and waiting):
        raise Unknown
    return str(bounded(made))


# Calls


def called(function: str, folder: Path | None, values: list[Any]) -> Any:
    """What a function of the standard library returns.

    Args:
        function: its full name, ``os.path.join``.
        folder: the working folder; None when it is not known.
        values: what it is given.

    Raises:
        Unknown: it is none of those that are listed here, or does not take these values.
    """
    known = _FUNCTIONS.get(function)
    if known is None:
        raise Unknown
    return _made(known, folder, *values)


def method(owner: Any, name: str, folder: Path | None, values: list[Any], names: dict[str, Any]) -> Any:
    """What a method of a known text, path, list or dictionary returns."""
    if isinstance(owner, str) and name == "format":
        return filled_in(owner, values, names)
    if isinstance(owner, str) and name == "join" and len(values) == 1 and isinstance(values[0], list | tuple):
        if sum(len(text_of(item)) + len(owner) for item in values[0]) > _LONGEST:
            raise Unknown
        return _made(owner.join, values[0])
    if isinstance(owner, Path) and name in ("resolve", "absolute") and not values:
        return _absolute(folder, owner)
    if isinstance(owner, str) and name == "replace" and len(owner) > _LONGEST // 100:
        raise Unknown
    for kind, methods in _METHODS.items():
        if isinstance(owner, kind) and name in methods and not names:
            return _made(getattr(owner, name), *values)
    if isinstance(owner, dict) and name == "get" and 1 <= len(values) <= 2:
        return _made(owner.get, *values)
    raise Unknown


def attribute(owner: Any, name: str) -> Any:
    """An attribute of a known path."""
    if isinstance(owner, Path) and name in ("parent", "name", "stem", "suffix", "parents", "parts"):
        value = getattr(owner, name)
        return list(value) if name == "parents" else value
    raise Unknown


def item(owner: Any, key: Any) -> Any:
    """``owner[key]``."""
    if isinstance(owner, str | list | tuple | dict):
        return _made(owner.__getitem__, key)
    raise Unknown


def _absolute(folder: Path | None, path: str | Path) -> Any:
    """An absolute path; links are left alone, so that messages name files as the person sees them."""
    if folder is None and not Path(path).is_absolute():
        raise Unknown
    folder = folder or Path()
    made = os.path.normpath(Path(folder, path))
    return Path(made) if isinstance(path, Path) else made


def _working(folder: Path | None) -> Path:
    if folder is None:
        raise Unknown
    return folder


def _expanded(_: Path | None, path: str) -> str:
    if os.fspath(path).startswith("~"):
        raise Unknown
    return path


def _relative(folder: Path | None, path: str, start: str = ".") -> str:
    return str(os.path.relpath(_absolute(folder, path), _absolute(folder, start)))


# Each takes the working folder first.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "os.getcwd": lambda folder: os.fspath(_working(folder)),
    "pathlib.Path.cwd": _working,
    "os.path.join": lambda _, *parts: os.path.join(*parts),  # noqa: PTH118
    "os.path.dirname": lambda _, path: os.path.dirname(path),  # noqa: PTH120
    "os.path.basename": lambda _, path: os.path.basename(path),  # noqa: PTH119
    "os.path.split": lambda _, path: os.path.split(path),
    "os.path.splitext": lambda _, path: os.path.splitext(path),  # noqa: PTH122
    "os.path.abspath": lambda folder, path: os.fspath(_absolute(folder, path)),
    "os.path.realpath": lambda folder, path: os.fspath(_absolute(folder, path)),
    "os.path.normpath": lambda _, path: os.path.normpath(path),
    "os.path.relpath": _relative,
    "os.path.expanduser": _expanded,
    "os.fspath": lambda _, path: os.fspath(path),
    "pathlib.Path": lambda _, *parts: Path(*parts),
    "pathlib.PurePath": lambda _, *parts: Path(*parts),
    "str": lambda _, value="": text_of(value),
    "int": lambda _, value: int(value) if isinstance(value, int | float) else int(_short(value)),
    "float": lambda _, value: float(value),
    "list": lambda _, value: list(value),
    "tuple": lambda _, value: tuple(value),
    "len": lambda _, value: len(value),
    "shlex.split": lambda _, text: _words(text),
    "shlex.quote": lambda _, text: _quote(text),
}

_METHODS: dict[type, set[str]] = {
    Path: {"joinpath", "with_name", "with_suffix", "as_posix", "relative_to", "with_stem", "__str__"},
    str: {
        *("strip", "lstrip", "rstrip", "lower", "upper", "replace", "removesuffix", "removeprefix"),
        *("split", "rsplit", "splitlines", "partition", "rpartition", "capitalize", "title"),
    },
    list: {"copy"},
    dict: {"copy"},
}


def _short(text: str) -> str:
    if len(text) > len(str(_LARGEST)):
        raise ValueError(text)
    return text


def _words(text: str) -> list[str]:
    import shlex

    return shlex.split(text)


def _quote(text: str) -> str:
    import shlex

    return shlex.quote(text)
