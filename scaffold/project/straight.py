"""Follows a name that is bound several times to what it is where it is used: the last binding on a straight way there.

A binding in a branch, a loop or another function leaves open which one counts: then it is :class:`Unknown`.
"""

import ast
from collections.abc import Iterator

from scaffold.project.source import Unknown
from scaffold.project.values import Values

_GROWS = ("append", "extend")
CHANGES = (*_GROWS, "insert", "remove", "pop", "clear", "reverse", "sort", "update", "setdefault", "popitem")


class Straight:
    """The bindings of one script.

    Args:
        values: the script's names.
    """

    def __init__(self, values: Values) -> None:
        self._tree = values.tree
        self._bodies: dict[int, int] = {}  # statement → the function that it stands in
        self._changed: set[str] = set()
        self._events: dict[str, list[tuple[ast.stmt, str, ast.expr | None]]] = {}
        self._collect(values.tree.body, 0, straight=True)

    def _collect(self, body: list[ast.stmt], scope: int, *, straight: bool) -> None:
        for statement in body:
            for name, kind, value in _bindings(statement):
                self._events.setdefault(name, []).append((statement, kind if straight else "unclear", value))
                self._bodies[id(statement)] = scope
                self._changed |= set() if kind == "bind" else {name}
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._collect(statement.body, id(statement), straight=True)
                continue
            for _, inner in ast.iter_fields(statement):
                for part in inner if isinstance(inner, list) else ():
                    if isinstance(part, ast.stmt):
                        plain = (
                            straight
                            and isinstance(statement, ast.With | ast.Try)
                            and part in _always(statement)
                        )
                        self._collect([part], scope, straight=plain or (straight and _is_main(statement)))
                    elif isinstance(part, ast.ExceptHandler):
                        self._collect(part.body, scope, straight=False)

    def is_changed(self, node: ast.expr) -> bool:
        """Whether a name stands for something that is changed once it is made."""
        return isinstance(node, ast.Name) and node.id in self._changed

    def followed(self, node: ast.expr) -> ast.expr:
        """What a name is where it is used; any other expression as it is.

        Raises:
            Unknown: that depends on what happens before.
        """
        seen: set[int] = set()
        while isinstance(node, ast.Name) and node.id in self._events and id(node) not in seen:
            seen.add(id(node))
            value, *more = self.grown(node)
            if more:
                raise Unknown
            node = value
        return node

    def grown(self, node: ast.Name) -> list[ast.expr]:
        """What a name is bound to where it is used, and the lists that are added to it until then.

        Raises:
            Unknown: that depends on what happens before.
        """
        events = self._events.get(node.id, [])
        scopes = {self._bodies[id(statement)] for statement, _, _ in events}
        here = scopes == {self._scope(node)}
        if len(scopes) != 1 or (not here and len(events) > 1):
            raise Unknown
        found: list[ast.expr] = []
        for statement, kind, value in events:
            if here and (statement.lineno > node.lineno or node in ast.walk(statement)):
                break
            if kind == "unclear" or value is None:
                raise Unknown
            if kind == "bind":
                found = [value]
            elif kind == "append":
                found.append(ast.copy_location(ast.List([value], ast.Load()), value))
            else:
                found.append(value)
        if not found:
            raise Unknown
        return found

    def _scope(self, node: ast.expr) -> int:
        """The function that an expression stands in, as :attr:`_bodies` has it."""
        scope = 0
        for function in ast.walk(self._tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                scope = id(function) if node in ast.walk(function) else scope
        return scope


def _bindings(statement: ast.stmt) -> Iterator[tuple[str, str, ast.expr | None]]:
    """The names that a statement itself binds or changes: name, how, by what."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, "bind", value
                else:
                    yield from ((name, "unclear", None) for name in _stored(target))
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
            yield name, "bind", value
        case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
            yield name, "extend" if isinstance(op, ast.Add) else "unclear", value
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), args=args)):
            if method in CHANGES:
                known = method in _GROWS and len(args) == 1
                yield name, method if known else "unclear", args[0] if known else None
        case _:
            yield from ((name, "unclear", None) for name in _bound_otherwise(statement))


def _bound_otherwise(statement: ast.stmt) -> Iterator[str]:
    """The names that loops, with, del and parameters bind."""
    match statement:
        case ast.For(target=target) | ast.AsyncFor(target=target):
            yield from _stored(target)
        case ast.With(items=items) | ast.AsyncWith(items=items):
            for item in items:
                yield from _stored(item.optional_vars) if item.optional_vars is not None else ()
        case ast.Delete(targets=targets):
            for target in targets:
                yield from _stored(target)
        case ast.FunctionDef(args=arguments) | ast.AsyncFunctionDef(args=arguments):
            yield from (one.arg for one in ast.walk(arguments) if isinstance(one, ast.arg))


def _stored(target: ast.expr) -> Iterator[str]:
    """The names that are bound or changed by an assignment to something else than a name."""
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id


def _always(statement: ast.With | ast.Try) -> list[ast.stmt]:
    return statement.body if isinstance(statement, ast.With) else statement.finalbody


def _is_main(statement: ast.stmt) -> bool:
    """``if __name__ == "__main__":``"""
    return isinstance(statement, ast.If) and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )
