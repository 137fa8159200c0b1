"""Follows the names of one submitting script back to literals, constants and its own folder.

Nothing is ever executed; what is computed by code that is not followed here is :class:`Unknown`.
Knows nothing of what the values are passed to.
"""

import ast
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.project.files import ProjectFile
from scaffold.project.model import Constants
from scaffold.project.source import Unknown, joined, plain_part, plainly_bound


@dataclass(frozen=True)
class Argument:
    """What the script passes somewhere.

    Attributes:
        value: a path or text; None when it is not known.
        file: the file to mend when the value is wrong: constants.py when it comes from there.
        line: the line of that file.
    """

    value: str | None
    file: ProjectFile
    line: int


class Values:
    """The names of one file and the values of its expressions.

    Args:
        file: the script.
        constants: what constants.py beside it says.
        constants_file: that file.

    Attributes:
        tree: the script's syntax tree.
        imports_constants: the line that imports constants.py, or None.

    Raises:
        FileError: the script is not there or is not valid Python.
    """

    def __init__(self, file: ProjectFile, constants: Constants, constants_file: ProjectFile) -> None:
        self._file = file
        self._constants = constants
        self._constants_file = constants_file
        self.tree = file.syntax_tree()
        self.imports_constants: int | None = None
        self._imports: dict[str, str] = {}
        self._bound: dict[str, ast.expr | None] = {}
        self._following: set[str] = set()
        self._collect_names()

    def _collect_names(self) -> None:
        """Imports by local name, and names bound to one expression in the whole file (others are None)."""
        for node in ast.walk(self.tree):
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
            elif isinstance(node, ast.stmt) and (bound := plainly_bound(node)):
                for name in bound[0]:
                    known = name not in self._bound or _is_same(self._bound[name], bound[1])
                    self._bound[name] = bound[1] if known else None
            elif isinstance(node, ast.For | ast.AsyncFor | ast.AugAssign | ast.NamedExpr | ast.withitem):
                target = node.optional_vars if isinstance(node, ast.withitem) else node.target
                for child in ast.walk(target) if target else ():
                    if isinstance(child, ast.Name):
                        self._bound[child.id] = None

    def _note_constants(self, module: str, node: ast.stmt) -> None:
        if module == "constants" and self.imports_constants is None:
            self.imports_constants = node.lineno

    def called(self, call: ast.Call) -> str:
        """The last part of what a call calls: ``submit`` of ``Experiment(ws, "x").submit(config)``."""
        if isinstance(call.func, ast.Attribute):
            return call.func.attr
        return (self.dotted(call.func) or "").rpartition(".")[2]

    def dotted(self, node: ast.expr) -> str | None:
        """``os.path.join`` for however the file imported and wrote it."""
        if isinstance(node, ast.Name):
            return self._imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute) and (owner := self.dotted(node.value)):
            return f"{owner}.{node.attr}"
        return None

    def uses(self) -> dict[str, int]:
        """Names of constants.py that the file uses → the line of the first use."""
        uses: dict[str, int] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
                name = self._constant(node)
                if name:
                    uses[name] = min(node.lineno, uses.get(name, node.lineno))
        return uses

    def _constant(self, node: ast.expr) -> str | None:
        """The name of the constant that an expression takes from constants.py."""
        if isinstance(node, ast.Name) and node.id in self._bound:
            return None
        module, _, name = (self.dotted(node) or "").rpartition(".")
        if module == "constants" and name != "*":
            return name
        # ``from constants import *`` brings in whatever is there.
        star = self._imports.get("*") == "constants.*"
        if star and isinstance(node, ast.Name) and node.id in self._constants.values:
            return node.id
        return None

    def given(self, call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
        """The expression that a call gives for a parameter."""
        node = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
        if node is None and position is not None and len(call.args) > position:
            node = call.args[position]
        return node

    def argument(self, call: ast.Call, name: str, position: int | None = None) -> Argument | None:
        """What a call gives for a parameter; None when it gives nothing."""
        node = self.given(call, name, position)
        return None if node is None else self.text(node)

    def constant(self, node: ast.expr) -> str | None:
        """The name of the constant of constants.py that an expression is, names followed."""
        name = self._constant(node)
        if name is None and isinstance(node, ast.Name):
            try:
                with self._followed(node.id) as expression:
                    return self.constant(expression)
            except Unknown:
                return None
        return name

    def followed(self, node: ast.expr) -> ast.expr:
        """The expression that a name which is bound once stands for; any other expression as it is."""
        if isinstance(node, ast.Name) and not self._constant(node):
            try:
                with self._followed(node.id) as expression:
                    return self.followed(expression)
            except Unknown:
                return node
        return node

    def plain(self, node: ast.expr) -> Any:
        """A number, text, path, truth value, list or dictionary of these.

        Raises:
            Unknown: it is something else.
        """
        node = self.followed(node)
        match node:
            case ast.Constant(value=value):
                return value
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return [self.plain(part) for part in parts]
            case ast.Dict(keys=keys, values=values) if None not in keys:
                return {
                    self.plain(key): self.plain(value) for key, value in zip(keys, values, strict=True) if key
                }
        return self.value(node)

    def text(self, node: ast.expr) -> Argument:
        """An expression as a text or path."""
        try:
            value: str | None = os.fspath(self.value(node))
        except (Unknown, TypeError):
            value = None
        file, line = self.origin(node)
        return Argument(value, file, line)

    def items(self, node: ast.expr) -> list[str | None]:
        """A list of texts and numbers, as texts; None for each one that is not known.

        Raises:
            Unknown: not even how many there are.
        """
        if name := self._constant(node):
            value = self._constants.values.get(name)
            if isinstance(value, list | tuple):
                return [str(item) for item in value]
            raise Unknown
        match node:
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                if any(isinstance(part, ast.Starred) for part in parts):
                    raise Unknown
                return [self._item(part) for part in parts]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.items(left) + self.items(right)
            case ast.Name(id=name):
                with self._followed(name) as expression:
                    return self.items(expression)
        raise Unknown

    def _item(self, node: ast.expr) -> str | None:
        match self.followed(node):
            case ast.Constant(value=int() | float() as number):
                return str(number)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return str(-number)
        try:
            value = self.value(node)
        except Unknown:
            return None
        return str(value)

    def origin(self, node: ast.expr) -> tuple[ProjectFile, int]:
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

    @contextmanager
    def _followed(self, name: str) -> Iterator[ast.expr]:
        """The expression that a name is bound to; raises Unknown."""
        expression = self._bound.get(name)
        with self._following_once(name) as first:
            if expression is None or not first:
                raise Unknown
            yield expression

    def value(self, node: ast.expr) -> Any:
        """The text, path or other literal constant that an expression is.

        Raises:
            Unknown: it is something else.
        """
        if name := self._constant(node):
            if name in self._constants.values:
                return self._constants.values[name]
            raise Unknown
        match node:
            case ast.Constant(value=str() as text):
                return text
            case ast.Name(id="__file__"):
                return str(self._file.path)
            case ast.Name(id=name):
                with self._followed(name) as expression:
                    return self.value(expression)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return _below(self.value(left), self.value(right))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return joined(self.value(left), self.value(right))
            case ast.JoinedStr(values=parts):
                return "".join(str(self.value(plain_part(part))) for part in parts)
            case ast.Attribute(value=owner, attr="parent"):
                return _path(self.value(owner)).parent
            case ast.Call():
                return self._called_value(node)
        raise Unknown

    def _called_value(self, call: ast.Call) -> Any:
        """The value of the few calls that people write paths with."""
        if call.keywords or any(isinstance(item, ast.Starred) for item in call.args):
            raise Unknown
        function = _FUNCTIONS.get(self.dotted(call.func) or "")
        if function:
            return function(*(self.value(item) for item in call.args))
        if isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS:
            owner = _path(self.value(call.func.value))
            return _METHODS[call.func.attr](owner, *(self.value(item) for item in call.args))
        raise Unknown


def _is_same(one: ast.expr | None, other: ast.expr) -> bool:
    """Whether two expressions are the same literal."""
    return isinstance(one, ast.Constant) and ast.dump(one) == ast.dump(other)


def _below(left: Any, right: Any) -> Path:
    if not isinstance(left, Path) and not isinstance(right, Path):
        raise Unknown
    return _make_path(left, right)


def _path(value: Any) -> Path:
    if not isinstance(value, Path):
        raise Unknown
    return value


def _text_path(function: Callable[..., str]) -> Callable[..., str]:
    """A function on texts, for values of which one may be something else."""

    def checked(*values: Any) -> str:
        try:
            return function(*values)
        except (TypeError, ValueError) as error:
            raise Unknown from error

    return checked


def _make_path(*values: Any) -> Path:
    try:
        return Path(*values)
    except TypeError as error:
        raise Unknown from error


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
    raise Unknown
