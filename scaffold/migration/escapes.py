"""Whether the run goes where this module's text no longer tells what is done with it.

Then it has to stay what it is: who gets it may call what only SDK v1's Run has.
"""

import libcst as cst
from libcst import matchers as m

from scaffold.migration.context import NONE, Context, dotted, is_run
from scaffold.migration.loops import Parent

_SHOWN_BY = ("print", "str", "repr", "bool")


def escapes(node: cst.CSTNode, parent: Parent, context: Context) -> bool:
    """Whether an expression that is the run is given on.

    Args:
        node: the expression.
        parent: node → the one that it is part of.
        context: the module.
    """
    above = parent(node)
    match above:
        case cst.Attribute():
            return False  # what is done with it is looked at there
        case cst.Assign():
            return not all(dotted(target.target) in context.runs for target in above.targets)
        case cst.AnnAssign() | cst.NamedExpr() if above.value is node:
            if isinstance(above, cst.NamedExpr):
                return escapes(above, parent, context)
            return dotted(above.target) not in context.runs
        case cst.BooleanOperation() | cst.IfExp():
            is_test = isinstance(above, cst.IfExp) and above.test is node
            return (
                not is_test
                and not _is_test(above, parent)
                and (not is_run(above, context) or escapes(above, parent, context))
            )
        case cst.Comparison():
            return not m.matches(above, m.Comparison(comparisons=[m.ComparisonTarget(comparator=NONE)]))
        case cst.UnaryOperation() | cst.If() | cst.While() | cst.Assert() | cst.Expr() | cst.WithItem():
            return False
        case cst.FormattedStringExpression() | cst.Param() | cst.AnnAssign() | cst.Del():
            return False
        case cst.Return():
            return not _is_followed(above, parent, context)
        case cst.Arg():
            return not _is_taken(above, parent, context)
    return not _is_no_value(above)


def _is_test(node: cst.CSTNode, parent: Parent) -> bool:
    above = parent(node)
    if isinstance(above, cst.BooleanOperation):
        return _is_test(above, parent)
    return isinstance(above, cst.If | cst.While | cst.Assert | cst.UnaryOperation | cst.Comparison)


def _is_no_value(above: cst.CSTNode | None) -> bool:
    """Where a name only stands to be bound, imported or named."""
    return isinstance(
        above,
        cst.AssignTarget
        | cst.NamedExpr
        | cst.NameItem
        | cst.ImportAlias
        | cst.AsName
        | cst.FunctionDef
        | cst.ClassDef
        | cst.For
        | cst.CompFor,
    )


def _is_followed(returned: cst.Return, parent: Parent, context: Context) -> bool:
    """Whether the calls of the function that returns it are known to be the run."""
    current: cst.CSTNode | None = returned
    while current is not None and not isinstance(current, cst.FunctionDef):
        current = parent(current)
    if current is None:
        return False
    name = cst.ensure_type(current, cst.FunctionDef).name.value
    return bool({name, f"self.{name}"} & (context.factories | context.runs))


def _is_taken(argument: cst.Arg, parent: Parent, context: Context) -> bool:
    """Whether what is called is looked at too, or only shows it."""
    call = parent(argument)
    if not isinstance(call, cst.Call):
        return False
    return dotted(call.func) in _SHOWN_BY or argument in context.followed
