"""Rewrites a module of the run: what it tells ``Run.get_context()`` it tells MLflow instead.

By libcst, so that comments and formatting stay. A call that MLflow has nothing for stays as it is, with the run of
SDK v1 that it needs, and is told; so does a run that is given to somebody whose code is not looked at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
from libcst import matchers as m
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

from scaffold.migration.calls import carried
from scaffold.migration.context import Context, dotted, is_context, is_run
from scaffold.migration.escapes import escapes
from scaffold.migration.following import read
from scaffold.migration.found import Found, Left, Made
from scaffold.migration.helpers import Helpers
from scaffold.migration.hints import hint
from scaffold.migration.loops import Repeated, repeated
from scaffold.migration.module import Module
from scaffold.migration.notes import Note
from scaffold.migration.signatures import bind
from scaffold.migration.writing import STARTED, Expressions, Needs, Statements, imported


class NotParsedError(Exception):
    """The module is not Python as libcst knows it."""


@dataclass
class Script:
    """A module to rewrite.

    Attributes:
        shown: its path from the project.
        wrapper: the module.
        context: what is known of the run in it.
        module: what is known of its expressions, once they were looked at.
    """

    shown: str
    wrapper: MetadataWrapper
    context: Context
    module: Module | None = None

    @classmethod
    def parse(cls, text: str, shown: str, *, only_run: bool = True) -> "Script":
        """Reads a module.

        Args:
            text: its source.
            shown: its path from the project.
            only_run: whether the project has no other runs than the one that the script is in.

        Raises:
            NotParsedError: it cannot be read.
        """
        try:
            wrapper = MetadataWrapper(cst.parse_module(text))
        except cst.ParserSyntaxError as error:
            raise NotParsedError(str(error)) from error
        return cls(shown, wrapper, read(wrapper, Context(only_run=only_run)))

    def learn(self) -> None:
        """Looks again, with what is known by now."""
        read(self.wrapper, self.context)

    def obstacle(self) -> Note | None:
        """Why nothing of it is carried over."""
        if not self.context.runs and not self.context.run_names:
            return None
        if self.context.rebound:
            name, line = next(iter(self.context.rebound.items()))
            what = f"{name} is the run, and here something else too, so that nothing of this file was carried over"
            return Note("left", self.shown, line, what, "Give the two different names, and migrate again.")
        if self.context.starts_runs:
            what = "it starts runs of MLflow by itself, so that nothing of this file was carried over"
            return Note("left", self.shown, self.context.starts_runs, what, "Log all of it with MLflow.")
        return None

    def keeps_run(self) -> bool:
        """Whether something in it needs the run of SDK v1."""
        return self.obstacle() is not None or bool(self._uses(keeps_run=False).left)

    def rewritten(self, *, keeps_run: bool) -> tuple[str, list[Note]]:
        """The module for MLflow, unchanged where it has no run of SDK v1; and what there is to know.

        Args:
            keeps_run: whether the run stays what it is, and MLflow only gets what is logged.
        """
        obstacle = self.obstacle()
        if obstacle is not None:
            return self.wrapper.module.code, [obstacle]
        uses = self._uses(keeps_run=keeps_run)
        if not uses.made:
            return self.wrapper.module.code, uses.notes
        code = "".join(made.code for made in uses.made.values())
        module = self.wrapper.module.visit(Statements(uses.made, uses.loops))
        helpers = uses.helpers.used_in(code, imports=not uses.logs_at_top)
        code += "".join(helpers)
        needs = Needs(
            mlflow="mlflow." in code,
            at_top=uses.logs_at_top,
            modules=tuple(name for name in ("posixpath", "re") if f"{name}." in code),
            run=keeps_run or uses.keeps_class,
            functions=helpers,
        )
        notes = [*uses.notes, *_told(helpers, uses.helpers, self.shown)]
        return imported(module, self.context, needs).code, notes

    def _uses(self, *, keeps_run: bool) -> "_Uses":
        if self.module is None:
            self.module = Module.of(self.wrapper.module.code)
        uses = _Uses(self.context, self.module, self.shown, keeps_run=keeps_run)
        self.wrapper.visit(uses)
        return uses


def _told(functions: tuple[str, ...], helpers: Helpers, shown: str) -> Iterator[Note]:
    """What the functions are for that are new in a module."""
    for function in functions:
        if function.startswith(f"def {helpers.log_value}("):
            what = f"{helpers.log_value}, which is new in this file, makes a tag of a value that is no number"
            hint = "Where the value is always a number, mlflow.log_metric(…) does as well."
        else:
            what = f"{helpers.valid_name}, which is new in this file, replaces what MLflow takes in no name"
            hint = "Where names are of letters, digits, spaces and _ - . / alone, it is not needed."
        yield Note("changed", shown, None, what, hint)


def rewritten(text: str, shown: str) -> tuple[str, list[Note]]:
    """A module that stands alone, for MLflow.

    Args:
        text: its source.
        shown: its path from the project.

    Returns:
        The source, and what there is to know.

    Raises:
        NotParsedError: it cannot be read.
    """
    script = Script.parse(text, shown)
    return script.rewritten(keeps_run=script.keeps_run())


class _Uses(cst.CSTVisitor):
    """Decides what becomes of each use of the run.

    Attributes:
        made: call, attribute or name → what it becomes.
        loops: loop → the name of the counter that it gets.
        left: the uses that stay.
        keeps_class: whether the class Run is used for something else too.
        logs_at_top: whether something becomes MLflow's that is in no function which imports Run itself.
        notes: what there is to know.
    """

    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self, context: Context, module: Module, shown: str, *, keeps_run: bool) -> None:
        super().__init__()
        self._context = context
        self._known = module
        self.helpers = Helpers.beside(context.names)
        self._shown = shown
        self._keeps_run = keeps_run
        self._module = cst.Module([])
        self.made: dict[cst.CSTNode, Made] = {}
        self.loops: dict[cst.For, str] = {}
        self.left: list[cst.CSTNode] = []
        self.keeps_class = False
        self.logs_at_top = False
        self._importing: list[cst.CSTNode] = []
        self.notes: list[Note] = []

    def leave_Module(self, original_node: cst.Module) -> None:
        logs = ("mlflow.", f"{self.helpers.log_value}(")
        nodes = [node for node, made in self.made.items() if any(one in made.code for one in logs)]
        self.logs_at_top = not all(
            any(one in self._importing for one in self._functions(node)) for node in nodes
        )

    def _functions(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Those around a node."""
        current = self._parent(node)
        while current is not None:
            if isinstance(current, cst.FunctionDef):
                yield current
            current = self._parent(current)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        aliases = () if isinstance(node.names, cst.ImportStar) else node.names
        names = {dotted(one.asname.name if one.asname else one.name) for one in aliases}
        if names & self._context.run_names:
            self._importing += list(self._functions(node))[:1]

    def _parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        parent: cst.CSTNode | None = self.get_metadata(ParentNodeProvider, node, None)
        return parent

    def _code(self, node: cst.CSTNode) -> str:
        """The source of an expression, with what is in it replaced already."""
        new = node.visit(Expressions(self.made))
        return self._module.code_for_node(new) if isinstance(new, cst.CSTNode) else ""

    def _tell(self, kind: str, node: cst.CSTNode, what: str, hint: str) -> None:
        line = int(self.get_metadata(PositionProvider, node).start.line)
        self.notes.append(Note("left" if kind == "left" else "changed", self._shown, line, what, hint))

    # What is found is looked at from the inside out: an argument may hold a call of the run too.

    def leave_Name(self, original_node: cst.Name) -> None:
        self._look(original_node)

    def leave_Attribute(self, original_node: cst.Attribute) -> None:
        node = original_node
        self._look(node)
        parent = self._parent(node)
        called = isinstance(parent, cst.Call) and parent.func is node
        if called or dotted(node) in self._context.runs or not is_run(node.value, self._context):
            return
        if node.attr.value == "id" and not isinstance(parent, cst.AssignTarget):
            if not self._keeps_run:
                self.made[node] = Made(f"{self._run_of(node)}.info.run_id")
            return
        self._leave(node)

    def leave_Call(self, original_node: cst.Call) -> None:
        node = original_node
        self._look(node)
        if is_context(node, self._context):
            if not self._keeps_run:
                self.made[node] = Made(f"({STARTED})" if self._binds_tighter(self._parent(node)) else STARTED)
        elif isinstance(node.func, cst.Attribute) and is_run(node.func.value, self._context):
            self._method(node.func, node)

    def _binds_tighter(self, above: cst.CSTNode | None) -> bool:
        """Whether an ``or`` needs parentheses there."""
        conjunction = isinstance(above, cst.BooleanOperation) and isinstance(above.operator, cst.And)
        return conjunction or isinstance(above, cst.UnaryOperation | cst.Comparison)

    def leave_SimpleString(self, original_node: cst.SimpleString) -> None:
        if "OfflineRun" in original_node.value and not self._keeps_run:
            what = "MLflow knows no offline run: outside a job it records into ./mlruns, and this does not tell it"
            self._tell("changed", original_node, what, "In a job AZUREML_RUN_ID is set.")

    def _look(self, node: cst.CSTNode) -> None:
        """Looks where an expression that is the run goes, or the class Run."""
        parent = self._parent(node)
        if isinstance(parent, cst.Attribute) and parent.attr is node:
            return
        if isinstance(parent, cst.Arg | cst.Param) and (
            getattr(parent, "keyword", None) is node or getattr(parent, "name", None) is node
        ):
            return
        if dotted(node) in self._context.run_names:
            self._look_at_class(node, parent)
        elif is_run(node, self._context) and escapes(node, self._parent, self._context):
            self.left.append(node)
            call = self._parent(parent) if isinstance(parent, cst.Arg) else None
            to = f"to {self._module.code_for_node(call.func)}(…)" if isinstance(call, cst.Call) else "on"
            what = f"{self._module.code_for_node(node)} is given {to}, and stays a run of SDK v1"
            self._tell("left", node, what, "Log there with MLflow too: it needs no run to be given.")

    def _look_at_class(self, node: cst.CSTNode, parent: cst.CSTNode | None) -> None:
        if isinstance(parent, cst.Attribute) and parent.attr.value in ("get_context", "get_submitted_run"):
            return
        if isinstance(parent, cst.ImportAlias | cst.AsName):
            return
        current = parent
        while isinstance(current, cst.BaseExpression | cst.Index | cst.SubscriptElement):
            current = self._parent(current)
        annotated = self._parent(current) if isinstance(current, cst.Annotation) else None
        if annotated is not None and self._keeps_run:
            return
        if isinstance(annotated, cst.Param | cst.AnnAssign):
            name = annotated.name if isinstance(annotated, cst.Param) else annotated.target
            if dotted(name) in self._context.runs:
                self.made[node] = Made("mlflow.ActiveRun")
                return
        self.keeps_class = True
        used = parent if isinstance(parent, cst.BaseExpression) else node
        what = f"{self._module.code_for_node(used)} stays of SDK v1"
        if annotated is not None:
            what = "what is a Run here may be another one than the script's, and stays of SDK v1"
        self._tell("left", node, what, hint(""))

    def _run_of(self, node: cst.Attribute) -> str:
        owner = "" if self._keeps_run or is_context(node.value, self._context) else self._code(node.value)
        return owner if owner else f"({STARTED})"

    def _method(self, node: cst.Attribute, call: cst.Call) -> None:
        method = node.attr.value
        bound = bind(method, call, self._code)
        if bound is None:
            self._leave(node)
            return
        values, starred = bound
        often = repeated(call, self._parent, values.get("name", ""))
        if method == "log" and often.is_mixed(values.get("value", "")):
            self._leave(node, "A text among these is no metric in MLflow: mlflow.log_params(…) takes both.")
            return
        step = often.step or self._counter(often, method, values)
        found = Found(
            method=method,
            values=values,
            starred=starred,
            step=step,
            uncounted=often.uncounted and step is None,
            run=self._run_of(node),
            pyplot=frozenset(self._context.pyplot),
            module=self._known,
            helpers=self.helpers,
        )
        try:
            made = carried(found)
        except Left as left:
            self._leave(node, left.hint)
            return
        if made is None or (made.statements and not self._is_statement(call)):
            self._leave(node)
            return
        if step is not None and often.loop is not None and re.search(rf"\b{step}\b", made.code):
            self.loops[often.loop] = step
        self.made[call] = made
        if made.note:
            self._tell("changed", call, f"{method}: {made.note}", made.hint)

    def _counter(self, often: Repeated, method: str, values: dict[str, str]) -> str | None:
        """The name for a counter of the loop, where the module has none of that name."""
        if often.loop is None or method not in ("log", "log_row") or "step" in values:
            return None
        if often.loop in self.loops:
            return self.loops[often.loop]
        return next((name for name in ("step", "_step") if name not in self._context.names), None)

    def _is_statement(self, call: cst.Call) -> bool:
        expression = self._parent(call)
        line = self._parent(expression) if isinstance(expression, cst.Expr) else None
        return isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1

    def _leave(self, node: cst.Attribute, instead: str = "") -> None:
        self.left.append(node)
        stored = m.matches(self._parent(node) or node, m.AssignTarget())
        what = f"{self._module.code_for_node(node)} stays {'an attribute' if stored else 'a call'} of SDK v1"
        self._tell("left", node, what, instead or hint(node.attr.value))
