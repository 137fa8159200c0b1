"""Which expressions of a module are texts, and so no metrics in MLflow."""

import ast
from collections.abc import Collection

import libcst as cst

from scaffold.migration.context import dotted

# Methods that give a text, whatever they are called on.
_METHODS = {
    *("format", "join", "strip", "lower", "upper", "title", "replace", "strftime", "isoformat", "hexdigest"),
    *("ctime", "asctime", "decode", "dumps", "getcwd", "basename", "dirname"),
}


class Texts(cst.CSTVisitor):
    """Names that are bound to texts alone, and the arguments of argparse without a type, or of the type str.

    Attributes:
        found: their dotted texts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._others: set[str] = set()
        self._names: set[str] = set()
        self._holders: set[str] = set()
        self._module = cst.Module([])

    def visit_Assign(self, node: cst.Assign) -> None:
        names = set(filter(None, (dotted(target.target) for target in node.targets)))
        if isinstance(node.value, cst.Call) and dotted(node.value.func).endswith(".parse_args"):
            self._holders |= names
        text = is_text(self._module.code_for_node(node.value), self.found)
        (self.found if text else self._others).update(names)

    def visit_Call(self, node: cst.Call) -> None:
        if not dotted(node.func).endswith(".add_argument"):
            return
        given = {argument.keyword.value: argument.value for argument in node.args if argument.keyword}
        if "action" in given or dotted(given.get("type", cst.Name("str"))) != "str":
            return
        options = [argument.value for argument in node.args if argument.keyword is None]
        texts = [one.raw_value for one in options if isinstance(one, cst.SimpleString)]
        named = given.get("dest")
        if isinstance(named, cst.SimpleString):
            texts = [named.raw_value]
        long = [text for text in texts if text.startswith("--") or not text.startswith("-")]
        self._names.update(text.lstrip("-").replace("-", "_") for text in long[:1])

    def visit_Param(self, node: cst.Param) -> None:
        self._others.add(node.name.value)

    def visit_For(self, node: cst.For) -> None:
        self._others.add(dotted(node.target))

    def leave_Module(self, original_node: cst.Module) -> None:
        self.found -= self._others
        self.found |= {f"{holder}.{name}" for holder in self._holders for name in self._names}


def is_text(code: str, texts: Collection[str]) -> bool:
    """Whether an expression is a text for sure.

    Args:
        code: its source.
        texts: the dotted texts that are known to be.
    """
    try:
        return _is_text(ast.parse(code.strip(), mode="eval").body, texts)
    except SyntaxError:
        return False


def _is_text(node: ast.expr, texts: Collection[str]) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, str)
        case ast.JoinedStr():
            return True
        case ast.Name() | ast.Attribute():
            return ast.unparse(node) in texts
        case ast.BinOp(left=left, op=ast.Mod()):
            return _is_text(left, texts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _is_text(left, texts) or _is_text(right, texts)
        case ast.IfExp(body=body, orelse=orelse):
            return _is_text(body, texts) and _is_text(orelse, texts)
        case ast.Call(func=ast.Name(id=name)):
            return name in ("str", "repr")
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _METHODS or name == "str"
    return False
