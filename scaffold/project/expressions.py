"""Evaluates expressions of a syntax tree, as far as their operations are those of ``evaluation``.

Knows nothing of names, which are for others to follow. Nothing is ever executed, and nothing takes long: what is
nested deeper, or takes more steps, than people write by hand is unknown.
"""

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scaffold.project import evaluation
from scaffold.project.evaluation import UNKNOWN
from scaffold.project.source import Unknown

_DEEPEST = 100
_MOST_STEPS = 20_000


class Expressions(ABC):
    """Values of expressions.

    Args:
        folder: the working folder; None when it is not known.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._depth = 0
        self._steps = 0
        self._lenient = False

    @abstractmethod
    def dotted(self, node: ast.expr) -> str | None:
        """The full name of what an expression names."""

    @abstractmethod
    def followed(self, node: ast.expr) -> ast.expr:
        """The expression that a name stands for; any other expression as it is."""

    @abstractmethod
    def _named(self, node: ast.Name | ast.Attribute) -> Any:
        """The value of a name; raises Unknown."""

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._steps = self._steps + 1 if self._depth else 0
        self._depth += 1
        try:
            if self._depth > _DEEPEST or self._steps > _MOST_STEPS:
                raise Unknown
            yield
        finally:
            self._depth -= 1

    def value(self, node: ast.expr) -> Any:
        """The text, path, number, list or dictionary that an expression is.

        Raises:
            Unknown: it is something else.
        """
        with self._deeper():
            return evaluation.bounded(self._value(node))

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=str() | int() | float() | None as value):
                return value
            case ast.Name() | ast.Attribute():
                return self._named(node)
            case ast.BinOp(left=left, op=op, right=right):
                return self._operated(left, op, right)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return evaluation.operated(ast.Sub(), 0, self.value(operand))
            case ast.JoinedStr(values=parts):
                return "".join(self._put_in(part) for part in parts)
            case ast.List(elts=parts):
                return self._elements(parts)
            case ast.Tuple(elts=parts):
                return tuple(self._elements(parts))
            case ast.Dict(keys=keys, values=values):
                return {self._key(k): self.value(v) for k, v in zip(keys, values, strict=True)}
            case ast.Subscript(value=owner, slice=key):
                return self._at(owner, self.value(key))
            case ast.Call():
                return self._called_value(node)
        raise Unknown

    def _part(self, node: ast.expr) -> Any:
        """A part of a text; the sign for what is not known, where a text with such parts will do."""
        try:
            return self.value(node)
        except Unknown:
            if self._lenient:
                return UNKNOWN
            raise

    def _operated(self, left: ast.expr, op: ast.operator, right: ast.expr) -> Any:
        if not self._lenient or not isinstance(op, ast.Add | ast.Mod):
            return evaluation.operated(op, self.value(left), self.value(right))
        if isinstance(op, ast.Mod) and isinstance(right, ast.Tuple):
            return evaluation.percent(self.value(left), tuple(self._part(part) for part in right.elts))
        return evaluation.operated(op, self._part(left), self._part(right))

    def _put_in(self, part: ast.expr) -> str:
        """A part of an f-string."""
        if not isinstance(part, ast.FormattedValue):
            return evaluation.text_of(self.value(part))
        if part.conversion not in (-1, ord("s")):
            raise Unknown
        specification = "" if part.format_spec is None else self.value(part.format_spec)
        return evaluation.formatted(self._part(part.value), str(specification))

    def _elements(self, parts: list[ast.expr]) -> list[Any]:
        made: list[Any] = []
        for part in parts:
            if isinstance(part, ast.Starred):
                value = self.value(part.value)
                if not isinstance(value, list | tuple):
                    raise Unknown
                made += value
            else:
                made.append(self._part(part))
        return made

    def _key(self, node: ast.expr | None) -> Any:
        key = None if node is None else self.value(node)
        if not isinstance(key, str | int | float | tuple):
            raise Unknown
        return key

    def _at(self, owner: ast.expr, key: Any) -> Any:
        """One entry of a list or dictionary; those beside it need not be known."""
        match self.followed(owner):
            case ast.Dict(keys=keys, values=values) if None not in keys:
                found = [v for k, v in zip(keys, values, strict=True) if k and self.value(k) == key]
                if found:
                    return self.value(found[-1])
                raise Unknown
            case ast.List(elts=parts) | ast.Tuple(elts=parts) if not any(
                isinstance(part, ast.Starred) for part in parts
            ):
                return self.value(evaluation.item(parts, key))
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
                return self.value(evaluation.item({one.arg: one.value for one in keywords}, key))
        return evaluation.item(self.value(owner), key)

    def _called_value(self, call: ast.Call) -> Any:
        """The value of the few calls that people write paths and texts with."""
        values = self._elements(call.args)
        function = self.dotted(call.func)
        if function is not None and not call.keywords:
            try:
                return evaluation.called(function, self._folder, values)
            except Unknown:
                if not isinstance(call.func, ast.Attribute):
                    raise
        if not isinstance(call.func, ast.Attribute) or any(one.arg is None for one in call.keywords):
            raise Unknown
        names = {str(one.arg): self._part(one.value) for one in call.keywords}
        owner = self.value(call.func.value)
        if call.func.attr in ("resolve", "absolute"):
            names.pop("strict", None)
        return evaluation.method(owner, call.func.attr, self._folder, values, names)
