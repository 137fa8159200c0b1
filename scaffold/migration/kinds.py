"""Which expressions of a module are numbers for sure, and which are none: MLflow takes only numbers for metrics.

Follows literals, what names are bound to in the whole module, the module's own functions, the arguments of argparse,
and calls that everybody knows. What is neither for sure is unknown. Reads a syntax tree.
"""

import ast
from dataclasses import dataclass
from enum import Enum

from scaffold.migration import known
from scaffold.migration.names import Bound, Item, Names, Unclear, dotted_text, last_part, own_nodes


class Kind(Enum):
    """What a value is.

    Attributes:
        NUMBER: what ``float`` takes, and is no text.
        TEXT: a text.
        OTHER: neither: a list, a shape, a path, nothing.
        ARRAY: several numbers in one value, whose ``mean()`` is one.
        UNKNOWN: any of these.
    """

    NUMBER = "number"
    TEXT = "text"
    OTHER = "other"
    ARRAY = "array"
    UNKNOWN = "unknown"

    @property
    def is_no_number(self) -> bool:
        return self in (Kind.TEXT, Kind.OTHER, Kind.ARRAY)


@dataclass(frozen=True)
class Of:
    """The kind of a value, and of those in it.

    Attributes:
        kind: its own.
        items: of those that it holds; None when it holds none, or that is not known.
        keys: of a dictionary of literal keys: key → the kind of what it holds.
        parts: of a tuple of a known length: the kind of each.
    """

    kind: Kind
    items: "Of | None" = None
    keys: "tuple[tuple[str, Of], ...] | None" = None
    parts: "tuple[Of, ...]" = ()


NUMBER, TEXT, OTHER, ARRAY, UNKNOWN = (Of(kind) for kind in Kind)
_EMPTY = Of(Kind.OTHER, keys=())
_NOTHING = Of(Kind.UNKNOWN, parts=(UNKNOWN,))  # of a name that is being followed already: says nothing


def _joined(found: list[Of]) -> Of:
    """What a value is that is one of several."""
    found = [one for one in found if one is not _NOTHING]
    if not found:
        return UNKNOWN
    if all(one == found[0] for one in found):
        return found[0]
    kinds = {one.kind for one in found}
    if Kind.UNKNOWN in kinds or (Kind.NUMBER in kinds and len(kinds) > 1):
        return UNKNOWN
    kind = kinds.pop() if len(kinds) == 1 else Kind.OTHER
    items = [one.items for one in found if one.items is not None]
    return Of(kind, _joined(items) if len(items) == len(found) else None)


class Kinds:
    """The kinds of one module's expressions.

    Args:
        source: the module.
    """

    def __init__(self, source: str) -> None:
        self.names = Names(ast.parse(source))
        self._following: set[str] = set()
        self._arguments: dict[str, Of] = {}
        for option in self.names.options:
            self._note_argument(option)

    def of(self, code: str) -> Of:
        """The kind of an expression, given as its source."""
        try:
            return self.of_node(ast.parse(code.strip(), mode="eval").body)
        except (SyntaxError, ValueError, RecursionError):
            return UNKNOWN

    def of_node(self, node: ast.expr) -> Of:
        """The kind of an expression."""
        return self._of(node)

    def _note_argument(self, call: ast.Call) -> None:
        """An argument of the command line: a text without a type, or with the type str."""
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        options = [
            one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]
        long = [one for one in options if one.startswith("--") or not one.startswith("-")] or options
        named = given.get("dest")
        dest = (
            named.value
            if isinstance(named, ast.Constant)
            else long[0].lstrip("-").replace("-", "_")
            if long
            else ""
        )
        made = ast.unparse(given["type"]) if "type" in given else "str"
        default = given.get("default")
        action = ast.unparse(given["action"]) if "action" in given else ""
        empty = isinstance(default, ast.Constant) and default.value is None
        if "nargs" in given and ast.unparse(given["nargs"]) != "'?'":
            kind = OTHER
        elif action:
            kind = NUMBER if action in ("'store_true'", "'store_false'", "'count'") and not empty else UNKNOWN
        elif made == "str":
            kind = _joined([TEXT, *([self._of(default)] if default is not None and not empty else [])])
        elif made in ("int", "float"):
            always = "required" in given or not any(option.startswith("-") for option in options)
            known_default = default is not None and not empty
            kind = NUMBER if always or known_default else UNKNOWN
        else:
            kind = UNKNOWN
        if isinstance(dest, str) and dest:
            kinds = [kind] if dest not in self._arguments else [kind, self._arguments[dest]]
            self._arguments[dest] = _joined(kinds)

    # What expressions are

    def _of(self, node: ast.expr) -> Of:
        match node:
            case ast.Constant(value=value):
                return _of_constant(value)
            case ast.JoinedStr():
                return TEXT
            case ast.Name(id=name):
                return self._named(name)
            case ast.List(elts=[]):
                return _EMPTY
            case ast.List(elts=parts) | ast.Set(elts=parts) | ast.Tuple(elts=parts):
                kinds = [self._of(part) for part in parts]
                items = _joined(kinds) if kinds else None
                return Of(Kind.OTHER, items, parts=tuple(kinds) if isinstance(node, ast.Tuple) else ())
            case ast.Dict(keys=keys, values=values):
                return self._of_dictionary(keys, values)
            case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.GeneratorExp(elt=part):
                return Of(Kind.OTHER, self._of(part))
            case ast.DictComp(value=part):
                return Of(Kind.OTHER, self._of(part))
            case _:
                return self._of_operation(node)

    def _of_operation(self, node: ast.expr) -> Of:
        match node:
            case ast.BinOp(left=left, op=ast.Pow() | ast.LShift(), right=right):
                # Of others it may be complex, or greater than any float.
                small = isinstance(right, ast.Constant) and right.value in (1, 2, 3)
                return self._of(left) if small else UNKNOWN
            case ast.BinOp(left=left, op=op, right=right):
                return self._of_binary(self._of(left), op, self._of(right))
            case ast.IfExp(body=body, orelse=orelse):
                return _joined([self._of(body), self._of(orelse)])
            case ast.BoolOp(values=parts):
                return _joined([self._of(part) for part in parts])
            case ast.NamedExpr(value=value) | ast.Starred(value=value):
                return self._of(value)
            case ast.Lambda():
                return OTHER
            case ast.UnaryOp(op=op, operand=operand):
                return NUMBER if isinstance(op, ast.Not) else self._of(operand)
            case ast.Compare(left=left, ops=ops, comparators=others):
                kinds = [self._of(left).kind, *(self._of(other).kind for other in others)]
                plain = all(isinstance(op, ast.Is | ast.IsNot | ast.In | ast.NotIn) for op in ops)
                if Kind.ARRAY in kinds and not plain:
                    return ARRAY
                return NUMBER if plain or Kind.UNKNOWN not in kinds else UNKNOWN
            case ast.Subscript(value=owner, slice=key):
                return self._of_subscript(owner, key)
            case ast.Attribute(value=owner, attr=name):
                return self._of_attribute(owner, name)
            case ast.Call():
                return self._of_call(node)
        return UNKNOWN

    def _of_dictionary(self, keys: list[ast.expr | None], values: list[ast.expr]) -> Of:
        kinds = [self._of(value) for value in values]
        items = _joined(kinds) if kinds and None not in keys else None
        plain = [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
        pairs = tuple(zip(plain, kinds, strict=True)) if len(plain) == len(values) else None
        return Of(Kind.OTHER, items, pairs)

    def _named(self, name: str) -> Of:
        """The kind of everything that a name, or an attribute behind a dot, is bound to."""
        if name in self._following:
            return _NOTHING
        if name not in self.names.bound:
            return UNKNOWN
        self._following.add(name)
        try:
            found = _joined([self._bound(value) for value in self.names.bound[name]])
            for put in self.names.put.get(name, ()):
                found = self._with_items(found, self._of(put))
            return found
        finally:
            self._following.discard(name)

    def _with_items(self, found: Of, put: Of) -> Of:
        """A list or dictionary that something is put into."""
        if found.kind is not Kind.OTHER:
            return found
        if put.items is None:
            return found if put == _EMPTY else OTHER
        items = put.items if found == _EMPTY else _joined([found.items or UNKNOWN, put.items])
        keys = (
            (*(found.keys or ()), *(put.keys or ()))
            if found.keys is not None and put.keys is not None
            else None
        )
        return Of(Kind.OTHER, items, keys)

    def _bound(self, value: Bound) -> Of:
        if isinstance(value, Unclear):
            annotated = {"int": NUMBER, "float": NUMBER, "bool": NUMBER, "str": TEXT}.get(
                value.annotation, UNKNOWN
            )
            return OTHER if value.other else annotated
        if isinstance(value, Item):
            found: Of | None = self._iterated(value.of) if value.path[0] is None else self._of(value.of)
            path = value.path[1:] if value.path[0] is None else value.path
            for place in path:
                if found is None or place is None:
                    return UNKNOWN
                found = found.parts[place] if place < len(found.parts) else found.items
            return found or UNKNOWN
        return self._of(value)

    def _iterated(self, node: ast.expr) -> Of | None:
        """The kind of each of what a loop goes through."""
        match node:
            case ast.Call(func=func, args=[first, *rest]):
                called = last_part(func)
                if called == "enumerate":
                    return Of(Kind.OTHER, parts=(NUMBER, self._iterated(first) or UNKNOWN))
                if called == "zip":
                    return Of(
                        Kind.OTHER, parts=tuple(self._iterated(one) or UNKNOWN for one in (first, *rest))
                    )
                if called in ("range", "trange"):
                    return NUMBER
                if called in ("tqdm", "list", "tuple", "sorted", "reversed", "set", "iter"):
                    return self._iterated(first)
            case ast.Call(func=ast.Attribute(value=owner, attr="items"), args=[]):
                found = self._of(owner)
                key = TEXT if found.keys else UNKNOWN
                return Of(Kind.OTHER, parts=(key, found.items or UNKNOWN))
            case ast.Call(func=ast.Attribute(value=owner, attr="values"), args=[]):
                return self._of(owner).items
        found = self._of(node)
        if found.keys is not None:
            return TEXT if found.keys else UNKNOWN
        return TEXT if found.kind is Kind.TEXT else found.items

    def _of_binary(self, left: Of, op: ast.operator, right: Of) -> Of:
        kinds = {left.kind, right.kind}
        if left is _NOTHING or right is _NOTHING:
            other = right if left is _NOTHING else left
            return other if other.kind is Kind.NUMBER else UNKNOWN
        if left.kind is Kind.TEXT and isinstance(op, ast.Mod | ast.Add | ast.Mult):
            return TEXT
        if isinstance(op, ast.Add) and right.kind is Kind.TEXT:
            return TEXT if left.kind is not Kind.ARRAY else UNKNOWN
        if kinds == {Kind.NUMBER}:
            return NUMBER
        if Kind.ARRAY in kinds and kinds <= {Kind.ARRAY, Kind.NUMBER}:
            return ARRAY
        if kinds <= {Kind.OTHER, Kind.TEXT} or (
            isinstance(op, ast.Add | ast.Mult) and kinds == {Kind.OTHER, Kind.NUMBER}
        ):
            both = [one.items for one in (left, right) if one.items is not None]
            return Of(Kind.OTHER, _joined(both) if both else None) if kinds == {Kind.OTHER} else OTHER
        return UNKNOWN

    def _of_subscript(self, owner: ast.expr, key: ast.expr) -> Of:
        if dotted_text(owner) == "os.environ":
            return TEXT
        found = self._of(owner)
        if found.kind is Kind.TEXT:
            return TEXT
        if isinstance(key, ast.Slice):
            return Of(found.kind, found.items)
        if found.keys is not None and isinstance(key, ast.Constant):
            kinds = [kind for name, kind in found.keys if name == key.value]
            return _joined(kinds) if kinds else UNKNOWN
        if found.parts and isinstance(key, ast.Constant) and isinstance(key.value, int):
            return found.parts[key.value] if -len(found.parts) <= key.value < len(found.parts) else UNKNOWN
        return found.items or UNKNOWN

    def _of_attribute(self, owner: ast.expr, name: str) -> Of:
        if isinstance(owner, ast.Name) and owner.id in self.names.holders:
            told = self._arguments.get(name, UNKNOWN)
            return _joined([told, self._named(f".{name}")]) if f".{name}" in self.names.bound else told
        if name in known.TEXT_ATTRIBUTES or dotted_text(owner) in known.MODULES_OF_TEXTS:
            return TEXT
        if f".{name}" in self.names.bound:
            return self._named(f".{name}")
        if name == "shape":
            return Of(Kind.OTHER, NUMBER)
        if name in known.NUMBER_ATTRIBUTES or dotted_text(owner) == "math":
            return NUMBER
        return OTHER if name in known.OTHER_ATTRIBUTES else UNKNOWN

    def _of_call(self, call: ast.Call) -> Of:
        called, whole = last_part(call.func), dotted_text(call.func)
        own = self.names.functions.get(called, [])
        plain = isinstance(call.func, ast.Name) or whole in (f"self.{called}", f"cls.{called}")
        if own and plain:
            return self._of_function(own)
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if known.is_number(called, whole, keywords, len(call.args)):
            return NUMBER
        if (
            called in known.REDUCTIONS
            and owner is not None
            and not call.args
            and not {"axis", "dim"} & set(keywords)
        ):
            return NUMBER if self._of(owner).kind is Kind.ARRAY else UNKNOWN
        if called in ("sum", "max", "min", "abs", "round") and owner is None and call.args:
            return self._of_builtin(called, call.args)
        if called == "get" and owner is not None and dotted_text(owner) == "os.environ":
            return OTHER
        if called == "get" and owner is not None and call.args:
            found = self._of_subscript(owner, call.args[0])
            return _joined([found, self._of(call.args[1])]) if len(call.args) > 1 else UNKNOWN
        if known.is_text(called, whole):
            return TEXT
        if known.is_array(called, whole):
            return ARRAY
        if whole in ("list", "dict", "set") and not call.args and not call.keywords:
            return _EMPTY
        if whole.rpartition(".")[0] in known.NUMPY and called in known.ELEMENTWISE and len(call.args) == 1:
            kind = self._of(call.args[0]).kind
            return Of(kind) if kind in (Kind.NUMBER, Kind.ARRAY) else UNKNOWN
        if called in ("list", "sorted", "tuple") and owner is None and len(call.args) == 1:
            return Of(Kind.OTHER, self._iterated(call.args[0]))
        if called == "range" and owner is None:
            return Of(Kind.OTHER, NUMBER)
        return OTHER if known.is_other(called, whole) else UNKNOWN

    def _of_builtin(self, called: str, arguments: list[ast.expr]) -> Of:
        kinds = [self._of(argument) for argument in arguments]
        if called in ("abs", "round"):
            return kinds[0] if kinds[0].kind in (Kind.NUMBER, Kind.ARRAY) else UNKNOWN
        if called in ("max", "min") and len(kinds) > 1:
            return _joined(kinds)
        items = self._iterated(arguments[0])
        return items if items is not None and items.kind is not Kind.OTHER else UNKNOWN

    def _of_function(self, functions: list[ast.FunctionDef | ast.AsyncFunctionDef]) -> Of:
        """What the module's own function returns."""
        function = functions[0]
        if len(functions) > 1 or function.decorator_list or isinstance(function, ast.AsyncFunctionDef):
            return UNKNOWN
        inside = list(own_nodes(function))
        if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in inside):
            return OTHER
        name = f"{function.name}()"
        if name in self._following:
            return _NOTHING
        self._following.add(name)
        try:
            returns = [node.value for node in inside if isinstance(node, ast.Return)]
            kinds = [OTHER if value is None else self._of(value) for value in returns]
            ends = isinstance(function.body[-1], ast.Return | ast.Raise)
            return _joined(kinds if ends else [*kinds, *([UNKNOWN] if kinds else [OTHER])])
        finally:
            self._following.discard(name)


def _of_constant(value: object) -> Of:
    if isinstance(value, bool | int | float):
        return NUMBER
    return TEXT if isinstance(value, str) else OTHER
