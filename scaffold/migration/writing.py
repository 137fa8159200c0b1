"""Puts what is new into a module in its place, with its layout and comments. By libcst."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import libcst as cst
from libcst import matchers as m

from scaffold.migration.context import Context, dotted
from scaffold.migration.found import Made
from scaffold.migration.loops import counted

STARTED = "mlflow.active_run() or mlflow.start_run()"


class Expressions(cst.CSTTransformer):
    """Replaces calls, attributes and names.

    Args:
        made: node → what it becomes.
    """

    def __init__(self, made: Mapping[cst.CSTNode, Made]) -> None:
        super().__init__()
        self._made = made

    def _new(self, original: cst.CSTNode, updated: cst.BaseExpression) -> cst.BaseExpression:
        made = self._made.get(original)
        return updated if made is None or made.statements else cst.parse_expression(made.code)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        new = self._new(original_node, updated_node)
        if new is updated_node or not isinstance(new, cst.Call):
            return new
        return _laid_out(original_node, new)

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        return self._new(original_node, updated_node)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self._new(original_node, updated_node)


def _laid_out(old: cst.Call, new: cst.Call) -> cst.Call:
    """A call of as many lines as the one before, with the comments behind its arguments."""
    if (
        not old.args
        or not new.args
        or "\n" not in cst.Module([]).code_for_node(old.with_changes(func=cst.Name("f")))
    ):
        return new
    between = next((one.comma for one in old.args if isinstance(one.comma, cst.Comma)), None)
    args = []
    for number, argument in enumerate(new.args):
        last = number == len(new.args) - 1
        like = old.args[-1] if last else old.args[min(number, len(old.args) - 1)]
        comma = like.comma
        if not last and (like is old.args[-1] or not isinstance(comma, cst.Comma)) and between is not None:
            comma = between
        args.append(argument.with_changes(comma=comma, whitespace_after_arg=like.whitespace_after_arg))
    return new.with_changes(args=args, whitespace_before_args=old.whitespace_before_args)


class Statements(Expressions):
    """Replaces the statements too, and counts loops.

    Args:
        made: node → what it becomes.
        loops: loop → the name of its counter.
    """

    def __init__(self, made: Mapping[cst.CSTNode, Made], loops: Mapping[cst.For, str]) -> None:
        super().__init__(made)
        self._loops = loops

    def leave_For(self, original_node: cst.For, updated_node: cst.For) -> cst.For:
        step = self._loops.get(original_node)
        return updated_node if step is None else counted(updated_node, step)

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> "cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]":
        if len(original_node.body) != 1 or not isinstance(original_node.body[0], cst.Expr):
            return updated_node
        made = self._made.get(original_node.body[0].value)
        if made is None or not made.statements:
            return updated_node
        statements = list(cst.parse_module(made.code).body)
        leading = list(updated_node.leading_lines)
        if updated_node.trailing_whitespace.comment is not None:
            leading.append(cst.EmptyLine(comment=updated_node.trailing_whitespace.comment))
        first = statements[0].with_changes(leading_lines=leading)
        return cst.FlattenSentinel([first, *statements[1:]])


@dataclass(frozen=True)
class Needs:
    """What the new module imports.

    Attributes:
        mlflow: whether it uses mlflow.
        at_top: whether it does so where no function around it imports Run.
        modules: the others that what is new in it uses.
        run: whether it still uses the class Run.
        functions: the source texts of functions that are new in it.
    """

    mlflow: bool
    at_top: bool
    modules: tuple[str, ...]
    run: bool
    functions: tuple[str, ...] = ()


def imported(module: cst.Module, context: Context, needs: Needs) -> cst.Module:
    """The module with the imports that it needs: mlflow in the place of Run, or beside it where that is still used."""
    in_place = _Imports(context, needs)
    module = module.visit(in_place)
    lines = in_place.missing()
    module = _with_lines(module, lines) if lines else module
    return _with_functions(module, needs.functions) if needs.functions else module


class _Imports(cst.CSTTransformer):
    """Takes the class Run out of the imports, and puts mlflow where they stand: once at the top, or in functions."""

    def __init__(self, context: Context, needs: Needs) -> None:
        super().__init__()
        self._context = context
        self._needs = needs
        self._depth = 0
        self._has_mlflow = context.has_mlflow or not needs.mlflow
        self._lacks = list(needs.modules)
        self._used: set[str] = set()

    def missing(self) -> list[str]:
        """Lines that found no place."""
        of_mlflow = ["import mlflow"] if self._needs.at_top and not self._has_mlflow else []
        return [f"import {name}" for name in self._lacks] + of_mlflow

    def visit_Module(self, node: cst.Module) -> None:
        for line in node.body:
            if m.matches(line, m.SimpleStatementLine(body=[m.Import()])):
                there = _modules(line)
                self._lacks = [name for name in self._lacks if name not in there]
        used = _Used()
        node.visit(used)
        self._used = used.names

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._depth += 1

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        self._depth -= 1
        return updated_node

    def _new(self) -> list[cst.BaseStatement]:
        """The lines to put here."""
        if self._depth:
            in_place = not self._needs.at_top and not self._has_mlflow
            return [cst.parse_statement("import mlflow")] if in_place else []
        lines = self.missing()
        self._lacks, self._has_mlflow = [], True
        return [cst.parse_statement(line) for line in lines]

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> "cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel":
        if not any(self._concerns(statement) for statement in updated_node.body):
            return updated_node
        kept = [one for statement in updated_node.body if (one := self._kept(statement)) is not None]
        new = self._new()
        if kept:
            kept[-1] = kept[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
            new.append(updated_node.with_changes(body=kept))
        return _in_place(new, updated_node)

    def _concerns(self, statement: cst.BaseSmallStatement) -> bool:
        if isinstance(statement, cst.ImportFrom):
            return _brings_run(statement)
        packages = ("azureml", "azureml.core", "azureml.core.run")
        return isinstance(statement, cst.Import) and any(
            dotted(alias.name) in packages for alias in statement.names
        )

    def _kept(self, statement: cst.BaseSmallStatement) -> cst.BaseSmallStatement | None:
        """What stays of an import; None when nothing does."""
        if not self._concerns(statement):
            return statement
        if isinstance(statement, cst.ImportFrom):
            if self._needs.run or isinstance(statement.names, cst.ImportStar):
                return statement
            kept = [one for one in statement.names if not _is_run_name(statement, one)]
            return _with_names(statement, statement.names, kept)
        names = cst.ensure_type(statement, cst.Import).names
        return _with_names(statement, names, [alias for alias in names if self._is_used(alias)])

    def _is_used(self, alias: cst.ImportAlias) -> bool:
        local = dotted(alias.asname.name) if alias.asname else dotted(alias.name).partition(".")[0]
        return local in self._used


def _with_names(
    statement: cst.BaseSmallStatement, before: Sequence[cst.ImportAlias], names: Sequence[cst.ImportAlias]
) -> cst.BaseSmallStatement | None:
    """An import of fewer names than before; None when none is left."""
    if not names:
        return None
    last = names[-1].with_changes(comma=_ending(names[-1].comma, before[-1].comma))
    return statement.with_changes(names=[*names[:-1], last])


def _ending(
    comma: "cst.Comma | cst.MaybeSentinel", last: "cst.Comma | cst.MaybeSentinel"
) -> "cst.Comma | cst.MaybeSentinel":
    """The comma behind what is the last now: as that of the last before, with its own comment."""
    if not isinstance(comma, cst.Comma) or not isinstance(last, cst.Comma):
        return last
    own, other = comma.whitespace_after, last.whitespace_after
    if not isinstance(own, cst.ParenthesizedWhitespace) or not isinstance(other, cst.ParenthesizedWhitespace):
        return last
    return comma.with_changes(
        whitespace_after=own.with_changes(indent=other.indent, last_line=other.last_line)
    )


class _Used(cst.CSTVisitor):
    """The names that a module uses, but for those of its imports."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Name(self, node: cst.Name) -> None:
        self.names.add(node.value)


def _brings_run(statement: cst.ImportFrom) -> bool:
    if isinstance(statement.names, cst.ImportStar):
        return dotted(statement.module) in ("azureml.core", "azureml.core.run") if statement.module else False
    return any(_is_run_name(statement, alias) for alias in statement.names)


def _is_run_name(statement: cst.ImportFrom, alias: cst.ImportAlias) -> bool:
    module = dotted(statement.module) if statement.module else ""
    return module in ("azureml.core", "azureml.core.run") and dotted(alias.name) == "Run"


def _modules(line: cst.CSTNode) -> set[str]:
    statement = cst.ensure_type(cst.ensure_type(line, cst.SimpleStatementLine).body[0], cst.Import)
    return {dotted(alias.name) for alias in statement.names if alias.asname is None}


def _in_place(
    new: Sequence[cst.BaseStatement], old: cst.SimpleStatementLine
) -> "cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel":
    if not new:
        return cst.RemoveFromParent()
    first = new[0].with_changes(leading_lines=old.leading_lines)
    return cst.FlattenSentinel([first, *(one.with_changes(leading_lines=[]) for one in new[1:])])


def _with_lines(module: cst.Module, lines: Sequence[str]) -> cst.Module:
    """The module with lines at the end of the imports that it begins with."""
    place = _end_of_imports(module)
    new = [cst.parse_statement(line) for line in lines]
    return module.with_changes(body=[*module.body[:place], *new, *module.body[place:]])


def _with_functions(module: cst.Module, functions: Sequence[str]) -> cst.Module:
    """The module with functions behind the imports that it begins with."""
    place = _end_of_imports(module)
    apart = [cst.EmptyLine(indent=False), cst.EmptyLine(indent=False)]
    new = [cst.parse_statement(function) for function in functions]
    first = 0 if place else 1  # nothing stands before it
    new = [one.with_changes(leading_lines=[] if number < first else apart) for number, one in enumerate(new)]
    rest = list(module.body[place:])
    if rest:
        own = list(rest[0].leading_lines)
        while own and own[0].comment is None:
            own.pop(0)
        rest[0] = rest[0].with_changes(leading_lines=[*apart, *own])
    return module.with_changes(body=[*module.body[:place], *new, *rest])


def _end_of_imports(module: cst.Module) -> int:
    """How many of a module's first statements are its docstring and imports."""
    place = 0
    for number, line in enumerate(module.body):
        first = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
        if isinstance(first, cst.Import | cst.ImportFrom):
            place = number + 1
        elif not (number == 0 and m.matches(line, m.SimpleStatementLine(body=[m.Expr(m.SimpleString())]))):
            break
        else:
            place = 1
    return place
