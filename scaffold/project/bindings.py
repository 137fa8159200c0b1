"""The names of a Python file: which imports they stand for, and which single expression each is bound to.

Reads the syntax tree alone. A name that is bound twice, changed in place or bound by a loop has no such expression.
"""

import ast
from collections.abc import Iterator

from scaffold.project.source import plainly_bound

_CHANGES = {
    *("append", "extend", "insert", "remove", "pop", "popitem", "clear", "update", "setdefault", "sort"),
    *("reverse", "add", "discard", "__setitem__"),
}


class Bindings:
    """The names of one file.

    Args:
        tree: its syntax tree.

    Attributes:
        imports: local name → the full name of what is imported.
        imported_at: module → the line of its first import.
        stars: the modules all of whose names are imported.
        bound: name → the one expression that it is bound to; None when there are several, or none that is plain.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.imports: dict[str, str] = {}
        self.imported_at: dict[str, int] = {}
        self.stars: list[str] = []
        self.bound: dict[str, ast.expr | None] = {}
        self._classes: dict[str, dict[str, ast.expr | None]] = {}
        plain: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
            elif isinstance(node, ast.stmt) and (pairs := list(_pairs(node))):
                for target, expression in pairs:
                    plain.add(id(target))
                    self._bind(target.id, expression)
            elif isinstance(node, ast.ClassDef):
                self._classes[node.name] = {} if node.name in self._classes else _members(node)
        self._take_back(tree, plain)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                self.imports[alias.asname or top] = alias.name if alias.asname else top
                self.imported_at.setdefault(alias.name, node.lineno)
        elif node.module and not node.level:
            self.imported_at.setdefault(node.module, node.lineno)
            for alias in node.names:
                if alias.name == "*":
                    self.stars.append(node.module)
                else:
                    self.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def _bind(self, name: str, expression: ast.expr | None) -> None:
        known = name not in self.bound or _is_same(self.bound[name], expression)
        self.bound[name] = expression if known else None

    def _take_back(self, tree: ast.Module, plain: set[int]) -> None:
        """Names that something else binds too, or that are changed where they stand."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                if not isinstance(node.ctx, ast.Load) and id(node) not in plain:
                    self.bound[node.id] = None
            elif isinstance(node, ast.arg):
                self.bound[node.arg] = None
            elif isinstance(node, ast.ExceptHandler | ast.MatchStar | ast.MatchAs) and node.name:
                self.bound[node.name] = None
            elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                self._changed(node.value)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                self._changed(node.func.value if node.func.attr in _CHANGES else node)

    def _changed(self, owner: ast.expr) -> None:
        """A list or dictionary that is not what it was bound to any more; other objects are not values."""
        while isinstance(owner, ast.Subscript):
            owner = owner.value
        if isinstance(owner, ast.Name) and owner.id in self.bound:
            expression = self.bound[owner.id]
            made = isinstance(expression, ast.Call) and isinstance(expression.func, ast.Attribute | ast.Name)
            if not made or _last(expression) in ("list", "dict", "split", "copy"):
                self.bound[owner.id] = None

    def dotted(self, node: ast.expr) -> str | None:
        """``os.path.join`` for however the file imported and wrote it."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        return ".".join([self.imports.get(node.id, node.id), *reversed(parts)])

    def imports_module(self, node: ast.Attribute) -> bool:
        """Whether an attribute may be a name of an imported module."""
        owner: ast.expr = node
        while isinstance(owner, ast.Attribute):
            owner = owner.value
        return isinstance(owner, ast.Name) and owner.id in self.imports and owner.id not in self.bound

    def of_class(self, node: ast.Attribute) -> ast.expr | None:
        """The expression of ``Settings.NAME``, for a class whose body binds the name once."""
        if isinstance(node.value, ast.Name) and node.value.id not in self.bound:
            return self._classes.get(node.value.id, {}).get(node.attr)
        return None


def _pairs(statement: ast.stmt) -> Iterator[tuple[ast.Name, ast.expr]]:
    """Each name that an assignment binds plainly, with its expression; ``a, b = "x", "y"`` binds two."""
    bound = plainly_bound(statement)
    if bound is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]  # type: ignore[attr-defined]
        yield from ((target, bound[1]) for target in targets if isinstance(target, ast.Name))
    elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Tuple | ast.List):
        parts = statement.value.elts
        for target in statement.targets:
            names = target.elts if isinstance(target, ast.Tuple | ast.List) else []
            stars = any(isinstance(part, ast.Starred) for part in (*names, *parts))
            if len(names) == len(parts) and not stars:
                yield from (
                    (name, part)
                    for name, part in zip(names, parts, strict=True)
                    if isinstance(name, ast.Name)
                )


def _members(node: ast.ClassDef) -> dict[str, ast.expr | None]:
    """What a class binds in its body; None for what it binds twice."""
    members: dict[str, ast.expr | None] = {}
    for statement in node.body:
        for target, expression in _pairs(statement):
            members[target.id] = None if target.id in members else expression
    return members


def _is_same(one: ast.expr | None, other: ast.expr | None) -> bool:
    """Whether two expressions are the same literal."""
    if not isinstance(one, ast.Constant) or not isinstance(other, ast.Constant):
        return False
    return type(one.value) is type(other.value) and one.value == other.value


def _last(call: ast.expr | None) -> str:
    function = call.func if isinstance(call, ast.Call) else None
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
