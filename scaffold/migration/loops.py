"""What counts the repetitions of a statement: the step of what it logs. Reads a module of libcst."""

import ast
from collections.abc import Callable
from dataclasses import dataclass

import libcst as cst
from libcst import matchers as m

from scaffold.migration.context import dotted

_COUNTERS = ("epoch", "step", "iteration", "global_step")

Parent = Callable[[cst.CSTNode], cst.CSTNode | None]


@dataclass(frozen=True)
class Repeated:
    """How a statement is repeated.

    Attributes:
        step: the expression that counts it; None without one.
        uncounted: whether it is repeated and nothing counts it.
        loop: the loop around it that ``enumerate`` would have to count; None when that would not help.
        mixed: names that stand for arguments of the command line in turn.
    """

    step: str | None = None
    uncounted: bool = False
    loop: cst.For | None = None
    mixed: frozenset[str] = frozenset()

    def is_mixed(self, code: str) -> bool:
        """Whether an expression is now a number, now a text."""
        return code in self.mixed


def repeated(node: cst.CSTNode, parent: Parent, name: str) -> Repeated:
    """How often the same name is logged.

    It is counted by the variable of the one loop around it over ``range`` or ``enumerate``, or a parameter that is
    called like one.

    Args:
        node: the call that logs.
        parent: node → the one that it is part of.
        name: the source of the name: in a loop whose variable is part of it, each has its own.
    """
    loops: list[cst.CSTNode] = []
    function: cst.FunctionDef | None = None
    current: cst.CSTNode | None = node
    below: cst.CSTNode | None = None
    while current is not None and not isinstance(current, cst.Module | cst.Lambda):
        if isinstance(current, cst.For | cst.While):
            loops += [current] if below is current.body else []  # its else comes once
        elif isinstance(current, cst.ListComp | cst.GeneratorExp):
            loops.append(current)
        if isinstance(current, cst.FunctionDef):
            function = current
            break
        below, current = current, parent(current)
    words = _names(name)
    mixed = frozenset(one for loop in loops if _is_of_arguments(loop) for one in _variables(loop))
    loops = [loop for loop in loops if not _variables(loop) & words]
    if len(loops) == 1 and isinstance(loops[0], cst.For):
        counter = _counter(loops[0])
        loop = loops[0] if counter is None and loops[0].asynchronous is None else None
        return Repeated(counter, uncounted=counter is None, loop=loop, mixed=mixed)
    if not loops and function is not None:
        names = [parameter.name.value for parameter in function.params.params]
        return Repeated(next((name for name in _COUNTERS if name in names), None), mixed=mixed)
    return Repeated(None, uncounted=bool(loops), mixed=mixed)


def _names(code: str) -> set[str]:
    """The names in an expression."""
    try:
        tree = ast.parse(code.strip() or "None", mode="eval")
    except SyntaxError:
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _is_of_arguments(loop: cst.CSTNode) -> bool:
    """``for … in vars(args).items()``"""
    iterated = loop.iter if isinstance(loop, cst.For) else None
    items = m.Call(func=m.Attribute(value=m.Call(func=m.Name("vars")) | m.Attribute(attr=m.Name("__dict__"))))
    return iterated is not None and m.matches(iterated, items)


def _counter(loop: cst.For) -> str | None:
    variable = _counting(loop)
    if variable is None or (variable.value == "_" and not _reads(loop, "_")):
        return None  # a name that says of itself that nobody reads it makes way for one
    return variable.value


def _reads(loop: cst.For, name: str) -> bool:
    nodes = ast.walk(ast.parse(cst.Module([]).code_for_node(loop)))
    return any(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load) for n in nodes)


def _counting(loop: cst.For) -> cst.Name | None:
    """The variable that counts a loop over ``range`` or ``enumerate``."""
    iterated = loop.iter
    if (
        isinstance(iterated, cst.Call)
        and iterated.args
        and dotted(iterated.func).rpartition(".")[2] == "tqdm"
    ):
        iterated = iterated.args[0].value  # which only shows how far it is
    called = dotted(iterated.func).rpartition(".")[2] if isinstance(iterated, cst.Call) else ""
    if called in ("range", "trange") and isinstance(loop.target, cst.Name):
        return loop.target
    if called == "enumerate" and isinstance(loop.target, cst.Tuple) and loop.target.elements:
        first = loop.target.elements[0].value
        return first if isinstance(first, cst.Name) else None
    return None


def _variables(loop: cst.CSTNode) -> set[str]:
    target: cst.CSTNode | None = loop.target if isinstance(loop, cst.For) else None
    if isinstance(loop, cst.ListComp | cst.GeneratorExp):
        target = loop.for_in.target
    found = m.findall(target, m.Name()) if target is not None else ()
    return {name.value for name in found if isinstance(name, cst.Name)}


def counted(loop: cst.For, step: str) -> cst.For:
    """A loop that is counted: by its variable that had no name, or by ``enumerate`` around what it goes through."""
    unnamed = _counting(loop)
    if unnamed is not None:
        return loop.with_deep_changes(unnamed, value=step)
    plain = loop.iter
    if isinstance(plain, cst.Tuple) and not plain.lpar:
        plain = plain.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    target: cst.BaseExpression = loop.target
    if isinstance(target, cst.Tuple) and not target.lpar:
        target = target.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    elements = [cst.Element(cst.Name(step)), cst.Element(target)]
    return loop.with_changes(
        target=cst.Tuple(elements, lpar=[], rpar=[]),
        iter=cst.Call(cst.Name("enumerate"), [cst.Arg(plain)]),
    )
