"""Reads constants.py as a syntax tree: what it says, as far as it is plain.

Nothing is ever executed. A value computed by code that is not followed here is unknown, which is no
error: people write their projects as they like. Knows neither the SDK nor the rules for names.
"""

import ast
from collections.abc import Iterator
from typing import Any

from scaffold.project.files import ProjectFile
from scaffold.project.model import Constants


class Unknown(Exception):
    """The value is computed by code that is not followed."""


def read_constants(file: ProjectFile) -> Constants:
    """The constants that a module binds to literals, or to names bound before.

    Raises:
        FileError: the file is not there or is not valid Python.
    """
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    unknown: set[str] = set()
    for statement in file.syntax_tree().body:
        bound = plainly_bound(statement)
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
            except (Unknown, RecursionError, ValueError, MemoryError):
                values.pop(name, None)
                unknown.add(name)
    return Constants(values=values, lines=lines, unknown=frozenset(unknown), path=file.path)


def plainly_bound(statement: ast.stmt) -> tuple[list[str], ast.expr] | None:
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
            return joined(_literal(left, bound), _literal(right, bound))
        case ast.JoinedStr(values=parts):
            return _whole([str(_literal(plain_part(part), bound)) for part in parts])
    raise Unknown


def _whole(parts: list[str]) -> str:
    if sum(map(len, parts)) > _LONGEST:
        raise Unknown
    return "".join(parts)


def _hashable(key: Any) -> Any:
    if isinstance(key, list | dict):
        raise Unknown
    return key


_LONGEST = 100_000  # of a text or list that is put together; nobody writes longer ones


def joined(left: Any, right: Any) -> Any:
    for kind in (str, list):
        if isinstance(left, kind) and isinstance(right, kind) and len(left) + len(right) <= _LONGEST:
            return left + right
    raise Unknown


def plain_part(part: ast.expr) -> ast.expr:
    """The expression of a part of an f-string that is put in as it is."""
    if isinstance(part, ast.FormattedValue):
        if part.format_spec is not None or part.conversion != -1:
            raise Unknown
        return part.value
    return part
