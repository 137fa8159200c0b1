"""Rewrites a module of the run: what it tells ``Run.get_context()`` it tells MLflow instead.

By libcst, so that comments and formatting stay. A call that MLflow has nothing for stays as it is, with the run of
SDK v1 that it needs, and is told.
"""

from collections.abc import Sequence

import libcst as cst
from libcst import matchers as m
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

from scaffold.migration.calls import ELSE, LEFT, Found, Made, bind, carried
from scaffold.migration.context import Context, counter, dotted, is_context, read
from scaffold.migration.notes import Note

_STARTED = "mlflow.active_run() or mlflow.start_run()"


class NotParsedError(Exception):
    """The module is not Python as libcst knows it."""


def rewritten(text: str, shown: str) -> tuple[str, list[Note]]:
    """A module for MLflow.

    Args:
        text: its source.
        shown: its path from the project.

    Returns:
        The source, unchanged where it has no run of SDK v1; and what there is to know.

    Raises:
        NotParsedError: it cannot be read.
    """
    try:
        wrapper = MetadataWrapper(cst.parse_module(text))
    except cst.ParserSyntaxError as error:
        raise NotParsedError(str(error)) from error
    context = read(wrapper)
    if not context.run_names:
        return text, []
    if context.rebound:
        name, line = next(iter(context.rebound.items()))
        what = (
            f"{name} is the run, and here something else too, so that nothing of this file was carried over"
        )
        return text, [Note("left", shown, line, what, "Give the two different names, and migrate again.")]
    if context.starts_runs:
        what = "it starts runs of MLflow by itself, so that nothing of this file was carried over"
        return text, [Note("left", shown, context.starts_runs, what, "Log all of it with MLflow.")]
    uses = _Uses(context, shown, keeps_run=False)
    wrapper.visit(uses)
    if uses.left:
        uses = _Uses(context, shown, keeps_run=True)
        wrapper.visit(uses)
    if not uses.made and not uses.contexts:
        return text, uses.notes
    module = wrapper.visit(_Rewriting(context, uses))
    module = module.visit(_Imports(context, keeps_run=bool(uses.left), needs_os="os.path" in uses.code))
    return module.code, uses.notes


class _Uses(cst.CSTVisitor):
    """Decides what becomes of each use of the run.

    Attributes:
        made: call or attribute → what it becomes.
        contexts: the calls of get_context.
        left: the uses that stay.
        notes: what there is to know.
    """

    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self, context: Context, shown: str, *, keeps_run: bool) -> None:
        super().__init__()
        self._context = context
        self._shown = shown
        self._keeps_run = keeps_run
        self._module = cst.Module([])
        self.made: dict[cst.CSTNode, Made] = {}
        self.contexts: list[cst.CSTNode] = []
        self.left: list[cst.CSTNode] = []
        self.notes: list[Note] = []

    @property
    def code(self) -> str:
        """All that is new."""
        return "".join(made.code for made in self.made.values())

    def _line(self, node: cst.CSTNode) -> int:
        return int(self.get_metadata(PositionProvider, node).start.line)

    def _parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self.get_metadata(ParentNodeProvider, node, None)

    def _is_run(self, node: cst.CSTNode) -> bool:
        return dotted(node) in self._context.runs or is_context(node, self._context)

    def visit_Call(self, node: cst.Call) -> None:
        if is_context(node, self._context):
            self.contexts.append(node)

    def visit_Attribute(self, node: cst.Attribute) -> None:
        if not self._is_run(node.value) or dotted(node) in self._context.runs:
            return
        call = self._parent(node)
        if isinstance(call, cst.Call) and call.func is node:
            self._method(node, call)
        elif node.attr.value == "id" and self._keeps_run:
            return
        elif node.attr.value == "id" and not self._is_stored(node):
            self.made[node] = Made(f"{self._run_of(node)}.info.run_id")
        else:
            self._leave(node)

    def _is_stored(self, node: cst.CSTNode) -> bool:
        return isinstance(self._parent(node), cst.AssignTarget)

    def _run_of(self, node: cst.Attribute) -> str:
        owner = "" if self._keeps_run else dotted(node.value)
        return owner if owner else f"({_STARTED})"

    def _method(self, node: cst.Attribute, call: cst.Call) -> None:
        method = node.attr.value
        bound = bind(method, call, self._module.code_for_node)
        if bound is None:
            self._leave(node)
            return
        step, uncounted = counter(call, ParentNodeProvider, self)  # type: ignore[arg-type]
        pyplot = frozenset(self._context.pyplot)
        texts = frozenset(self._context.texts)
        made = carried(Found(method, *bound, step, uncounted, self._run_of(node), pyplot, texts))
        if made is None or (made.statements and not self._is_statement(call)):
            self._leave(node)
            return
        self.made[call] = made
        if made.note:
            self.notes.append(
                Note("changed", self._shown, self._line(call), f"{method}: {made.note}", made.hint)
            )

    def _is_statement(self, call: cst.Call) -> bool:
        expression = self._parent(call)
        line = self._parent(expression) if isinstance(expression, cst.Expr) else None
        return isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1

    def _leave(self, node: cst.Attribute) -> None:
        name = node.attr.value
        self.left.append(node)
        what = f"{self._module.code_for_node(node)} stays a call of SDK v1"
        self.notes.append(Note("left", self._shown, self._line(node), what, LEFT.get(name, ELSE)))


class _Rewriting(cst.CSTTransformer):
    """Puts what is new in its place."""

    def __init__(self, context: Context, uses: _Uses) -> None:
        super().__init__()
        self._context = context
        self._uses = uses
        self._keeps_run = bool(uses.left)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        made = self._uses.made.get(original_node)
        if made is not None and not made.statements:
            return cst.parse_expression(made.code)
        if original_node in self._uses.contexts and not self._keeps_run:
            return cst.parse_expression(_STARTED)
        return updated_node

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        made = self._uses.made.get(original_node)
        return updated_node if made is None else cst.parse_expression(made.code)

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> "cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]":
        if len(original_node.body) != 1 or not isinstance(original_node.body[0], cst.Expr):
            return updated_node
        made = self._uses.made.get(original_node.body[0].value)
        if made is None or not made.statements:
            return updated_node
        statements = list(cst.parse_module(made.code).body)
        first = statements[0].with_changes(leading_lines=updated_node.leading_lines)
        return cst.FlattenSentinel([first, *statements[1:]])


class _Imports(cst.CSTTransformer):
    """Imports mlflow in the place of Run, or beside it where that is still needed."""

    def __init__(self, context: Context, *, keeps_run: bool, needs_os: bool) -> None:
        super().__init__()
        self._context = context
        self._keeps_run = keeps_run
        self._needs_os = needs_os
        self._added = False

    def visit_Module(self, node: cst.Module) -> None:
        has_os = any(
            m.matches(one, m.SimpleStatementLine(body=[m.Import()])) and "os" in _imported(one)
            for one in node.body
        )
        self._needs_os = self._needs_os and not has_os

    def _new(self) -> list[cst.BaseStatement]:
        self._added = True
        lines = ["import os"] if self._needs_os else []
        if not self._context.has_mlflow:
            lines.append("import mlflow")
        return [cst.parse_statement(line) for line in lines]

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> "cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel":
        if len(updated_node.body) != 1:
            return updated_node
        statement = updated_node.body[0]
        if isinstance(statement, cst.ImportFrom) and _brings_run(statement):
            kept: list[cst.BaseStatement] = []
            remaining = _without_run(statement) if not self._keeps_run else statement
            if remaining is not None:
                kept = [updated_node.with_changes(body=[remaining])]
            new = [] if self._added else self._new()
            return _in_place(new + kept, updated_node)
        if isinstance(statement, cst.Import) and not self._added and self._brings_package(statement):
            return _in_place([*self._new(), updated_node], updated_node)
        return updated_node

    def _brings_package(self, statement: cst.Import) -> bool:
        return any(
            dotted(alias.name) in ("azureml", "azureml.core", "azureml.core.run") for alias in statement.names
        )


def _in_place(
    new: Sequence[cst.BaseStatement], old: cst.SimpleStatementLine
) -> "cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel":
    if not new:
        return cst.RemoveFromParent()
    first = new[0].with_changes(leading_lines=old.leading_lines)
    return cst.FlattenSentinel([first, *(one.with_changes(leading_lines=[]) for one in new[1:])])


def _imported(line: cst.CSTNode) -> set[str]:
    statement = cst.ensure_type(cst.ensure_type(line, cst.SimpleStatementLine).body[0], cst.Import)
    return {dotted(alias.name) for alias in statement.names}


def _brings_run(statement: cst.ImportFrom) -> bool:
    module = dotted(statement.module) if statement.module else ""
    if module not in ("azureml.core", "azureml.core.run") or isinstance(statement.names, cst.ImportStar):
        return False
    return any(dotted(alias.name) == "Run" for alias in statement.names)


def _without_run(statement: cst.ImportFrom) -> cst.ImportFrom | None:
    """The import without Run; None when nothing is left of it."""
    assert not isinstance(statement.names, cst.ImportStar)  # noqa: S101  (see _brings_run)
    names = [alias for alias in statement.names if dotted(alias.name) != "Run"]
    if not names:
        return None
    names[-1] = names[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return statement.with_changes(names=names)
