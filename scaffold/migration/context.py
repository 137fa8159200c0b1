"""What is known of the run in a module, and which expressions are it by that."""

from dataclasses import dataclass, field

import libcst as cst
from libcst import matchers as m

_CONTEXT = m.Call(func=m.Attribute(attr=m.Name("get_context") | m.Name("get_submitted_run")))
NONE = m.Name("None")
PACKAGES = ("azureml.core", "azureml.core.run")


@dataclass
class Context:
    """What is known of a module.

    Attributes:
        runs: the dotted texts that are the run.
        top: those of them that are bound outside of functions and classes.
        factories: the dotted texts of functions that return it.
        rebound: those of the runs that something else is bound to as well → the line.
        run_names: what the class Run is called, dotted.
        imported: local name → the module that it comes from, and what it is called there; "" for the module itself.
        stars: the modules of which everything is imported.
        given: function or class of another module → what it is given: position or keyword → whether it is the run.
            What others give to its own functions stands under the module "".
        given_by: the arguments that say so.
        functions: its functions and classes.
        pyplot: the names of matplotlib.pyplot.
        names: every name that the module has.
        has_mlflow: whether it imports mlflow at its top already.
        starts_runs: the line that starts a run of MLflow by itself; None without one.
        followed: the arguments whose parameters are looked at too.
        only_run: whether the project has no other runs, so that what is annotated as a Run is this one.
    """

    runs: set[str] = field(default_factory=set)
    top: set[str] = field(default_factory=set)
    factories: set[str] = field(default_factory=set)
    rebound: dict[str, int] = field(default_factory=dict)
    run_names: set[str] = field(default_factory=set)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    given: dict[tuple[str, str], dict[int | str, bool]] = field(default_factory=dict)
    given_by: list[tuple[tuple[str, str], cst.Arg]] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    pyplot: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    has_mlflow: bool = False
    starts_runs: int | None = None
    followed: set[cst.CSTNode] = field(default_factory=set)
    only_run: bool = True

    def known(self) -> tuple[int, int]:
        """Grows as long as something new is found."""
        return len(self.runs), len(self.factories)

    def of_class(self) -> set[str]:
        """The attributes of its classes that are the run."""
        return {
            run.removeprefix("self.") for run in self.runs if run.startswith("self.") and run.count(".") == 1
        }


def dotted(node: cst.CSTNode) -> str:
    """``a.b.c`` of names and attributes; empty for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr.value}" if owner else ""
    return ""


def is_context(node: cst.CSTNode, context: Context) -> bool:
    """True for ``Run.get_context(…)``."""
    return (
        isinstance(node, cst.Call)
        and m.matches(node, _CONTEXT)
        and dotted(cst.ensure_type(node.func, cst.Attribute).value) in context.run_names
    )


def is_run(node: cst.CSTNode, context: Context) -> bool:
    """Whether an expression is the run, or the run or None."""
    if isinstance(node, cst.BooleanOperation):
        return _is_one_of(context, node.left, node.right)
    if isinstance(node, cst.IfExp):
        return _is_one_of(context, node.body, node.orelse)
    if isinstance(node, cst.NamedExpr):
        return is_run(node.value, context)
    if isinstance(node, cst.Call) and dotted(node.func) in context.factories:
        return True
    return dotted(node) in context.runs or is_context(node, context)


def _is_one_of(context: Context, *nodes: cst.CSTNode) -> bool:
    known = [is_run(node, context) for node in nodes]
    return any(known) and all(one or m.matches(node, NONE) for one, node in zip(known, nodes, strict=True))
