"""What the names of a module are bound to, and what is put into the lists and dictionaries that they are."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

# Who is given a list or a dictionary and does not change it.
_READERS = {
    *(
        "print",
        "len",
        "sum",
        "max",
        "min",
        "sorted",
        "list",
        "tuple",
        "set",
        "dict",
        "zip",
        "enumerate",
        "str",
        "repr",
    ),
    *(
        "mean",
        "std",
        "median",
        "average",
        "array",
        "asarray",
        "DataFrame",
        "dump",
        "dumps",
        "plot",
        "join",
        "tqdm",
    ),
    *(
        "isinstance",
        "append",
        "info",
        "debug",
        "round",
        "range",
        "items",
        "log",
        "log_list",
        "log_row",
        "log_table",
    ),
    *("set_tags", "tag", "bar", "reversed", "any", "all"),
}


STREAMS = ("open", "BytesIO", "StringIO", "TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile")


@dataclass(frozen=True)
class Item:
    """One of what an expression holds.

    Attributes:
        of: the expression.
        path: a place in a tuple each; None first for the variable of a loop over it.
    """

    of: ast.expr
    path: tuple[int | None, ...]


@dataclass(frozen=True)
class Unclear:
    """Something that is not an expression: a parameter, an import, what ``with`` gives.

    Attributes:
        annotation: what stands behind its name.
        other: whether it is no number at least.
    """

    annotation: str = ""
    other: bool = False


Bound = ast.expr | Item | Unclear


class Names:
    """The bindings of one module.

    Args:
        tree: the module.

    Attributes:
        bound: name, or ``.attribute`` of whatever → what it is bound to.
        put: name → lists and dictionaries of what is put into it; an empty name for what is not known.
        functions: name → the functions and methods of that name.
        holders: names that argparse's result is bound to.
        options: the calls of ``add_argument``.
        streams: names that files are opened as.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.bound: dict[str, list[Bound]] = {}
        self.put: dict[str, list[ast.expr]] = {}
        self.functions: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        self.holders: set[str] = set()
        self.options: list[ast.Call] = []
        self.streams: set[str] = set()
        for node in ast.walk(tree):
            self._note(node)

    def _add(self, name: str, value: Bound) -> None:
        self.bound.setdefault(name, []).append(value)

    def _note(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, value)
            case ast.AnnAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
                if value is not None:
                    self._bind(target, value)
            case ast.AugAssign(target=target, op=op, value=value):
                plain = ast.parse(ast.unparse(target), mode="eval").body
                self._bind(target, ast.BinOp(plain, op, value))
            case ast.For(target=target, iter=of) | ast.AsyncFor(target=target, iter=of):
                self._bind_items(target, of, (None,))
            case ast.comprehension(target=target, iter=of):
                self._bind_items(target, of, (None,))
            case ast.Call():
                self._note_call(node)
            case _:
                self._note_others(node)

    def _note_others(self, node: ast.AST) -> None:
        match node:
            case ast.FunctionDef(name=name, args=arguments) | ast.AsyncFunctionDef(name=name, args=arguments):
                self.functions.setdefault(name, []).append(node)
                self._note_parameters(arguments)
            case ast.Lambda(args=arguments):
                self._note_parameters(arguments)
            case ast.ClassDef(name=name, body=body):
                self._add(name, Unclear(other=True))
                for statement in body:
                    self._note_attribute(statement)
            case ast.withitem(context_expr=value, optional_vars=target) if target is not None:
                for name in _names_in(target):
                    self._add(name, Unclear())
                    self.streams |= {name} if _called(value) in STREAMS else set()
            case ast.ExceptHandler(name=str() as name):
                self._add(name, Unclear(other=True))
            case ast.alias(name=name, asname=asname):
                self._add(asname or name.partition(".")[0], Unclear())
            case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
                self._add(name, Unclear())

    def _note_parameters(self, arguments: ast.arguments) -> None:
        plain = [*arguments.posonlyargs, *arguments.args]
        defaults = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
        for one, default in zip(
            [*plain, *arguments.kwonlyargs], [*defaults, *arguments.kw_defaults], strict=True
        ):
            self._add(one.arg, Unclear(ast.unparse(one.annotation) if one.annotation else ""))
            if default is not None:
                self._add(one.arg, default)
        for several in (arguments.vararg, arguments.kwarg):
            if several is not None:
                self._add(several.arg, Unclear(other=True))

    def _note_attribute(self, statement: ast.stmt) -> None:
        """What a class binds is an attribute too."""
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._add(f".{name}", value)
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                self._add(f".{name}", Unclear() if value is None else value)
            case ast.FunctionDef(name=name):
                self._add(f".{name}", Unclear())

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                if _called(value) == "parse_args":
                    self.holders.add(name)
                self._add(name, value)
                self.streams |= {name} if _called(value) in STREAMS else set()
            case ast.Attribute(attr=name):
                self._add(f".{name}", value)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                self._bind_parts(targets, value)
            case ast.Subscript(value=ast.Name(id=name), slice=key):
                self.put.setdefault(name, []).append(ast.Dict([key], [value]))

    def _bind_parts(self, targets: list[ast.expr], value: ast.expr) -> None:
        parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
        stars = any(isinstance(one, ast.Starred) for one in (*targets, *parts))
        for number, one in enumerate(targets):
            if len(parts) == len(targets) and not stars:
                self._bind(one, parts[number])
            else:
                self._bind_items(one, value, (None if stars else number,))
        if targets and isinstance(targets[0], ast.Name) and _called(value) == "parse_known_args":
            self.holders.add(targets[0].id)

    def _bind_items(self, target: ast.expr, of: ast.expr, path: tuple[int | None, ...]) -> None:
        match target:
            case ast.Name(id=name):
                self._add(name, Item(of, path))
            case ast.Attribute(attr=name):
                self._add(f".{name}", Item(of, path))
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                for number, one in enumerate(targets):
                    self._bind_items(one, of, (*path, number))
            case ast.Starred(value=ast.Name(id=name)):
                self._add(name, Unclear(other=True))

    def _note_call(self, call: ast.Call) -> None:
        unknown = ast.Name("", ast.Load())
        match call.func:
            case ast.Attribute(value=ast.Name(id=name), attr="append") if len(call.args) == 1:
                self.put.setdefault(name, []).append(ast.List([call.args[0]], ast.Load()))
            case ast.Attribute(value=ast.Name(id=name), attr="extend" | "update") if len(call.args) == 1:
                self.put.setdefault(name, []).append(call.args[0])
            case ast.Attribute(value=ast.Name(id=name), attr="insert" | "setdefault" | "update"):
                self.put.setdefault(name, []).append(unknown)
            case ast.Attribute(attr="add_argument"):
                self.options.append(call)
        if _called(call) not in _READERS:
            for one in (*call.args, *(keyword.value for keyword in call.keywords)):
                if isinstance(one, ast.Name):
                    self.put.setdefault(one.id, []).append(unknown)


def _names_in(target: ast.expr) -> Iterator[str]:
    yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _called(value: ast.expr) -> str:
    func = value.func if isinstance(value, ast.Call) else None
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions in it."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield from own_nodes(child)


def dotted_text(node: ast.expr) -> str:
    """``a.b.c`` of names and attributes; empty for anything else."""
    if isinstance(node, ast.Attribute):
        owner = dotted_text(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return node.id if isinstance(node, ast.Name) else ""


def last_part(func: ast.expr) -> str:
    """The last part of what is called."""
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
