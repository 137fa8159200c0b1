"""Reads constants.py and run_experiment.py as syntax trees: what they say, as far as it is plain.

Nothing is ever executed. A value computed by code that is not followed here is unknown, which is no
error: people write their projects as they like. Knows neither the SDK nor the rules for names.
"""

import ast
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scaffold.project.files import ProjectFile
from scaffold.project.model import Constants

Kind = Literal["pip", "conda"]

_SPECIFICATION_CALLS: dict[str, Kind] = {
    "from_pip_requirements": "pip",
    "from_conda_specification": "conda",
}


class _Unknown(Exception):
    """The value is computed by code that is not followed."""


@dataclass(frozen=True)
class Argument:
    """What run_experiment.py passes somewhere.

    Attributes:
        value: a path or text; None when it is not known.
        file: the file to mend when the value is wrong: constants.py when it comes from there.
        line: the line of that file.
    """

    value: str | None
    file: ProjectFile
    line: int


@dataclass(frozen=True)
class Submission:
    """What run_experiment.py submits.

    Attributes:
        source_directory: the folder that is sent.
        script: the script's path in that folder.
        specifications: the files that describe environments, with how each one is read.
        uses: names of constants.py that it uses, with the line of the first use.
        imports_constants: the line of the import, or None without one.
    """

    source_directory: Argument | None
    script: Argument | None
    specifications: tuple[tuple[Kind, Argument], ...]
    uses: dict[str, int]
    imports_constants: int | None


def read_constants(file: ProjectFile) -> Constants:
    """The constants that a module binds to literals, or to names bound before.

    Raises:
        ProjectError: the file is not there or is not valid Python.
    """
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    unknown: set[str] = set()
    for statement in file.syntax_tree().body:
        bound = _plainly_bound(statement)
        if bound is None:
            for name in _names_bound_in(statement):
                values.pop(name, None)
                lines[name] = statement.lineno
                unknown.add(name)
            continue
        targets, expression = bound
        for name in targets:
            lines[name] = statement.lineno
            try:
                values[name] = _literal(expression, values)
                unknown.discard(name)
            except _Unknown:
                values.pop(name, None)
                unknown.add(name)
    return Constants(values=values, lines=lines, unknown=frozenset(unknown), path=file.path)


def _plainly_bound(statement: ast.stmt) -> tuple[list[str], ast.expr] | None:
    """The names and the value of ``A = …``, ``A = B = …`` and ``A: str = …``."""
    if isinstance(statement, ast.Assign):
        names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
        return (names, statement.value) if len(names) == len(statement.targets) else None
    if isinstance(statement, ast.AnnAssign) and statement.value and isinstance(statement.target, ast.Name):
        return [statement.target.id], statement.value
    return None


def _names_bound_in(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def _literal(node: ast.expr, bound: dict[str, Any]) -> Any:
    """The value of a literal, of a name bound before, and of lists and sums of those."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name) if name in bound:
            return bound[name]
        case ast.List(elts=items):
            return [_literal(item, bound) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_literal(item, bound) for item in items)
        case ast.Dict(keys=keys, values=items) if None not in keys:
            pairs = zip(keys, items, strict=True)
            return {_hashable(_literal(key, bound)): _literal(item, bound) for key, item in pairs if key}
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _sum(_literal(left, bound), _literal(right, bound))
        case ast.JoinedStr(values=parts):
            return "".join(str(_literal(_plain_part(part), bound)) for part in parts)
    raise _Unknown


def _hashable(key: Any) -> Any:
    if isinstance(key, list | dict):
        raise _Unknown
    return key


def _sum(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    raise _Unknown


def _plain_part(part: ast.expr) -> ast.expr:
    """The expression of a part of an f-string that is put in as it is."""
    if isinstance(part, ast.FormattedValue):
        if part.format_spec is not None or part.conversion != -1:
            raise _Unknown
        return part.value
    return part


def read_submission(file: ProjectFile, constants: Constants, constants_file: ProjectFile) -> Submission:
    """What run_experiment.py submits, as far as it is plain.

    Raises:
        ProjectError: the file is not there or is not valid Python.
    """
    return _Runner(file, constants, constants_file).submission()


class _Runner:
    """Follows the names of one run_experiment.py back to literals, constants and its own folder."""

    def __init__(self, file: ProjectFile, constants: Constants, constants_file: ProjectFile) -> None:
        self._file = file
        self._constants = constants
        self._constants_file = constants_file
        self._tree = file.syntax_tree()
        self._imports: dict[str, str] = {}
        self._bound: dict[str, ast.expr | None] = {}
        self._following: set[str] = set()
        self._imports_constants: int | None = None
        self._collect_names()

    def _collect_names(self) -> None:
        """Imports by local name, and names bound exactly once in the whole file (others are None)."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    self._imports[alias.asname or top] = alias.name if alias.asname else top
                    self._note_constants(alias.name, node)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    self._imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                self._note_constants(node.module, node)
            elif isinstance(node, ast.arg):
                self._bound[node.arg] = None
            elif isinstance(node, ast.stmt) and (bound := _plainly_bound(node)):
                for name in bound[0]:
                    self._bound[name] = bound[1] if name not in self._bound else None
            elif isinstance(node, ast.For | ast.AsyncFor | ast.AugAssign | ast.NamedExpr | ast.withitem):
                target = node.optional_vars if isinstance(node, ast.withitem) else node.target
                for child in ast.walk(target) if target else ():
                    if isinstance(child, ast.Name):
                        self._bound[child.id] = None

    def _note_constants(self, module: str, node: ast.stmt) -> None:
        if module == "constants" and self._imports_constants is None:
            self._imports_constants = node.lineno

    def submission(self) -> Submission:
        calls = [node for node in ast.walk(self._tree) if isinstance(node, ast.Call)]
        configs = [call for call in calls if self._called(call) == "ScriptRunConfig"]
        only = configs[0] if len(configs) == 1 else None
        specifications = [
            (kind, argument)
            for call in calls
            if (kind := _SPECIFICATION_CALLS.get(self._called(call)))
            and (argument := self._argument(call, "file_path", 1))
        ]
        return Submission(
            source_directory=self._argument(only, "source_directory", 0) if only else None,
            script=self._argument(only, "script", 1) if only else None,
            specifications=tuple(specifications),
            uses=self._uses(),
            imports_constants=self._imports_constants,
        )

    def _called(self, call: ast.Call) -> str:
        return (self._dotted(call.func) or "").rpartition(".")[2]

    def _dotted(self, node: ast.expr) -> str | None:
        """``os.path.join`` for however the file imported and wrote it."""
        if isinstance(node, ast.Name):
            return self._imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute) and (owner := self._dotted(node.value)):
            return f"{owner}.{node.attr}"
        return None

    def _uses(self) -> dict[str, int]:
        uses: dict[str, int] = {}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
                name = self._constant(node)
                if name:
                    uses[name] = min(node.lineno, uses.get(name, node.lineno))
        return uses

    def _constant(self, node: ast.expr) -> str | None:
        """The name of the constant that an expression takes from constants.py."""
        if isinstance(node, ast.Name) and node.id in self._bound:
            return None
        module, _, name = (self._dotted(node) or "").rpartition(".")
        if module == "constants" and name != "*":
            return name
        # ``from constants import *`` brings in whatever is there.
        star = self._imports.get("*") == "constants.*"
        if star and isinstance(node, ast.Name) and node.id in self._constants.values:
            return node.id
        return None

    def _argument(self, call: ast.Call, name: str, position: int) -> Argument | None:
        node = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
        if node is None and len(call.args) > position:
            node = call.args[position]
        if node is None:
            return None
        try:
            value: str | None = os.fspath(self._value(node))
        except (_Unknown, TypeError):
            value = None
        file, line = self._to_mend(node)
        return Argument(value, file, line)

    def _to_mend(self, node: ast.expr) -> tuple[ProjectFile, int]:
        """The line that says what the expression is: in constants.py, where it comes from there."""
        origins = list(self._origins(node))
        of_constants = [origin for origin in origins if origin[0] is self._constants_file]
        return (of_constants or origins or [(self._file, node.lineno)])[-1]

    def _origins(self, node: ast.expr) -> Iterator[tuple[ProjectFile, int]]:
        """Where the literals of an expression stand, names followed."""
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield self._file, part.lineno
            elif isinstance(part, ast.Attribute | ast.Name):
                name = self._constant(part)
                if name and name in self._constants.lines:
                    yield self._constants_file, self._constants.lines[name]
                elif isinstance(part, ast.Name) and (bound := self._bound.get(part.id)):
                    with self._following_once(part.id) as first:
                        yield from self._origins(bound) if first else ()

    @contextmanager
    def _following_once(self, name: str) -> Iterator[bool]:
        """False when the name is being followed already: it is bound to itself."""
        if name in self._following:
            yield False
            return
        self._following.add(name)
        try:
            yield True
        finally:
            self._following.discard(name)

    def _value(self, node: ast.expr) -> Any:
        """The text or path of an expression; raises _Unknown."""
        if name := self._constant(node):
            if name in self._constants.values:
                return self._constants.values[name]
            raise _Unknown
        match node:
            case ast.Constant(value=str() as text):
                return text
            case ast.Name(id="__file__"):
                return str(self._file.path)
            case ast.Name(id=name):
                return self._followed(name)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined(self._value(left), self._value(right))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _sum(self._value(left), self._value(right))
            case ast.JoinedStr(values=parts):
                return "".join(str(self._value(_plain_part(part))) for part in parts)
            case ast.Attribute(value=owner, attr="parent"):
                return _path(self._value(owner)).parent
            case ast.Call():
                return self._called_value(node)
        raise _Unknown

    def _followed(self, name: str) -> Any:
        expression = self._bound.get(name)
        with self._following_once(name) as first:
            if expression is None or not first:
                raise _Unknown
            return self._value(expression)

    @staticmethod
    def _joined(left: Any, right: Any) -> Path:
        if not isinstance(left, Path) and not isinstance(right, Path):
            raise _Unknown
        return _make_path(left, right)

    def _called_value(self, call: ast.Call) -> Any:
        """The value of the few calls that people write paths with."""
        if call.keywords or any(isinstance(item, ast.Starred) for item in call.args):
            raise _Unknown
        function = _FUNCTIONS.get(self._dotted(call.func) or "")
        if function:
            return function(*(self._value(item) for item in call.args))
        if isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS:
            owner = _path(self._value(call.func.value))
            return _METHODS[call.func.attr](owner, *(self._value(item) for item in call.args))
        raise _Unknown


def _path(value: Any) -> Path:
    if not isinstance(value, Path):
        raise _Unknown
    return value


def _text_path(function: Callable[..., str]) -> Callable[..., str]:
    """A function on texts, for values of which one may be something else."""

    def checked(*values: Any) -> str:
        try:
            return function(*values)
        except (TypeError, ValueError) as error:
            raise _Unknown from error

    return checked


def _make_path(*values: Any) -> Path:
    try:
        return Path(*values)
    except TypeError as error:
        raise _Unknown from error


# Links are left alone (realpath is abspath): messages then name files as the person sees them.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "os.path.join": _text_path(os.path.join),
    "os.path.dirname": _text_path(os.path.dirname),
    "os.path.abspath": _text_path(os.path.abspath),
    "os.path.realpath": _text_path(os.path.abspath),
    "os.path.normpath": _text_path(os.path.normpath),
    "os.fspath": _text_path(os.fspath),
    "pathlib.Path": _make_path,
    "str": lambda value=None: os.fspath(value) if isinstance(value, str | Path) else _raise_unknown(),
}

_METHODS: dict[str, Callable[..., Path]] = {
    "resolve": lambda path: path,
    "absolute": lambda path: path,
    "joinpath": _make_path,
    "with_name": lambda path, name="": path.with_name(name) if name else _raise_unknown(),
}


def _raise_unknown() -> Any:
    raise _Unknown
