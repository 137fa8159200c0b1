"""Which texts an expression of a module may be, as far as it says so: MLflow takes not every name for a metric."""

import ast
import re

from scaffold.migration.kinds import Kind, Kinds
from scaffold.migration.names import Bound, Item, Unclear

_MOST = 1000
_NUMBER = "0"  # stands for any number: which one makes no difference to a name
_FORMATS = re.compile(r"f'(0?\d*(\.\d+)?[defg]?)'")


class Wordings:
    """The texts of one module's expressions.

    Args:
        kinds: what its expressions are.
    """

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._bound = kinds.names.bound
        self._following: set[str] = set()

    def of(self, code: str) -> set[str] | None:
        """The texts that an expression may be, given as its source; None when they are not known."""
        try:
            return self._of(ast.parse(code.strip(), mode="eval").body)
        except (SyntaxError, ValueError, RecursionError):
            return None

    def _of(self, node: ast.expr) -> set[str] | None:
        match node:
            case ast.Constant(value=str() as value):
                return {value}
            case ast.JoinedStr(values=parts):
                return _put_together([self._part(part) for part in parts])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _put_together([self._of(left), self._of(right)])
            case ast.Call(func=ast.Name(id="str"), args=[value]) if (
                self._kinds.of_node(value).kind is Kind.NUMBER
            ):
                return {_NUMBER}
            case ast.IfExp(body=body, orelse=orelse):
                return _any_of([self._of(body), self._of(orelse)])
            case ast.Name(id=name) if name in self._bound and name not in self._following:
                self._following.add(name)
                try:
                    return _any_of([self._of_bound(value) for value in self._bound[name]])
                finally:
                    self._following.discard(name)
        return None

    def _of_bound(self, value: Bound) -> set[str] | None:
        if isinstance(value, Unclear):
            return None
        if not isinstance(value, Item):
            return self._of(value)
        if value.path == (None,) and isinstance(value.of, ast.List | ast.Tuple):
            return _any_of([self._of(part) for part in value.of.elts])
        if (
            value.path == (None, 0)
            and isinstance(value.of, ast.Call)
            and isinstance(value.of.func, ast.Attribute)
        ):
            keys = self._kinds.of_node(value.of.func.value).keys
            return {name for name, _ in keys} if keys and value.of.func.attr == "items" else None
        return None

    def _part(self, part: ast.expr) -> set[str] | None:
        """The texts that a part of an f-string may be."""
        if not isinstance(part, ast.FormattedValue):
            return self._of(part)
        shown = ast.unparse(part.format_spec) if part.format_spec is not None else "f''"
        if part.conversion != -1 or not _FORMATS.fullmatch(shown):
            return None
        if self._kinds.of_node(part.value).kind is Kind.NUMBER:
            return {_NUMBER}
        return self._of(part.value) if part.format_spec is None else None


def _any_of(found: list[set[str] | None]) -> set[str] | None:
    known = [one for one in found if one is not None]
    return set().union(*known) if len(known) == len(found) else None


def _put_together(parts: list[set[str] | None]) -> set[str] | None:
    whole = {""}
    for part in parts:
        if part is None or len(whole) * len(part) > _MOST:
            return None
        whole = {one + other for one in whole for other in part}
    return whole
