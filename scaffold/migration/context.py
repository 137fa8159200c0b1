"""Which expressions of a module are the run that it is in, and how each of them is used.

``Run.get_context()`` itself, the names and attributes that it is bound to, and the parameters of the module's own
functions that it is given for. Reads a module of libcst and changes nothing.
"""

from dataclasses import dataclass, field

import libcst as cst
from libcst import matchers as m
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

_CONTEXT = m.Call(func=m.Attribute(attr=m.Name("get_context")))
_COUNTERS = ("epoch", "step", "iteration", "global_step")


@dataclass
class Context:
    """What is known of a module.

    Attributes:
        runs: the dotted texts that are the run.
        rebound: those of them that something else is bound to as well → the line.
        run_names: what the class Run is called, dotted.
        pyplot: the names of matplotlib.pyplot.
        texts: arguments of the command line that are texts, as ``arguments.kind``.
        has_mlflow: whether it imports mlflow already.
        starts_runs: the line that starts a run of MLflow by itself; None without one.
    """

    runs: set[str] = field(default_factory=set)
    rebound: dict[str, int] = field(default_factory=dict)
    run_names: set[str] = field(default_factory=set)
    pyplot: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    has_mlflow: bool = False
    starts_runs: int | None = None


def dotted(node: cst.CSTNode) -> str:
    """``a.b.c`` of names and attributes; empty for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr.value}" if owner else ""
    return ""


def read(wrapper: MetadataWrapper) -> Context:
    """Looks through a module."""
    context = Context()
    imports = _Imports(context)
    wrapper.visit(imports)
    wrapper.visit(_Bindings(context))
    wrapper.visit(_Texts(context))
    if context.runs:
        wrapper.visit(_Parameters(context))
        wrapper.visit(_Rebound(context))
    return context


def is_context(node: cst.CSTNode, context: Context) -> bool:
    """True for ``Run.get_context(…)``."""
    return (
        isinstance(node, cst.Call)
        and m.matches(node, _CONTEXT)
        and dotted(cst.ensure_type(node.func, cst.Attribute).value) in context.run_names
    )


class _Imports(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        module = dotted(node.module) if node.module else ""
        for alias in () if isinstance(node.names, cst.ImportStar) else node.names:
            name = dotted(alias.name)
            local = dotted(alias.asname.name) if alias.asname else name
            if module in ("azureml.core", "azureml.core.run") and name == "Run":
                self._context.run_names.add(local)
            if module == "matplotlib" and name == "pyplot":
                self._context.pyplot.add(local)

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            name = dotted(alias.name)
            local = dotted(alias.asname.name) if alias.asname else name
            if name in ("azureml.core", "azureml.core.run"):
                self._context.run_names.add(f"{local}.Run")
            if name == "azureml":
                self._context.run_names.add("azureml.core.Run")
            if name == "matplotlib.pyplot":
                self._context.pyplot.add(local)
            if name == "mlflow" and alias.asname is None:
                self._context.has_mlflow = True

    def visit_Call(self, node: cst.Call) -> None:
        if dotted(node.func) == "mlflow.start_run":
            self._context.starts_runs = int(self.get_metadata(PositionProvider, node).start.line)


class _Bindings(cst.CSTVisitor):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def visit_Assign(self, node: cst.Assign) -> None:
        if is_context(node.value, self._context):
            self._context.runs.update(filter(None, (dotted(target.target) for target in node.targets)))


class _Texts(cst.CSTVisitor):
    """What argparse gives as text: the module's arguments without a type, or of the type str."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._names: set[str] = set()
        self._holders: set[str] = set()

    def visit_Assign(self, node: cst.Assign) -> None:
        if isinstance(node.value, cst.Call) and dotted(node.value.func).endswith(".parse_args"):
            self._holders.update(filter(None, (dotted(target.target) for target in node.targets)))

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

    def leave_Module(self, original_node: cst.Module) -> None:
        self._context.texts = {f"{holder}.{name}" for holder in self._holders for name in self._names}


class _Parameters(cst.CSTVisitor):
    """Parameters of the module's functions that the run is given for."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._functions: dict[str, list[str]] = {}
        self._calls: list[cst.Call] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._functions[node.name.value] = [parameter.name.value for parameter in node.params.params]

    def visit_Call(self, node: cst.Call) -> None:
        self._calls.append(node)

    def leave_Module(self, original_node: cst.Module) -> None:
        for call in self._calls:
            names = self._functions.get(dotted(call.func), [])
            for position, argument in enumerate(call.args):
                if dotted(argument.value) not in self._context.runs and not is_context(
                    argument.value, self._context
                ):
                    continue
                if argument.keyword is not None and argument.keyword.value in names:
                    self._context.runs.add(argument.keyword.value)
                elif argument.keyword is None and position < len(names):
                    self._context.runs.add(names[position])


class _Rebound(cst.CSTVisitor):
    """Names of the run that are bound to something else too."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def _note(self, target: cst.CSTNode) -> None:
        name = dotted(target)
        if name in self._context.runs:
            self._context.rebound.setdefault(name, self.get_metadata(PositionProvider, target).start.line)

    def visit_Assign(self, node: cst.Assign) -> None:
        plain = is_context(node.value, self._context) or dotted(node.value) in self._context.runs
        if not plain and not m.matches(node.value, m.Name("None")):
            for target in node.targets:
                self._note(target.target)

    def visit_For(self, node: cst.For) -> None:
        self._note(node.target)

    def visit_AsName(self, node: cst.AsName) -> None:
        self._note(node.name)


def counter(
    node: cst.CSTNode, parent: ParentNodeProvider, get: "cst.CSTVisitor | cst.CSTTransformer"
) -> tuple[str | None, bool]:
    """What counts the repetitions of a statement, and whether it is repeated without a count.

    The variable of the one loop around it over ``range`` or ``enumerate``, or a parameter that is called like one.
    """
    loops: list[cst.CSTNode] = []
    function: cst.FunctionDef | None = None
    current: cst.CSTNode | None = node
    while current is not None and not isinstance(current, cst.Module):
        if isinstance(current, cst.For | cst.While):
            loops.append(current)
        if isinstance(current, cst.FunctionDef):
            function = current
            break
        current = get.get_metadata(ParentNodeProvider, current, None)
    if len(loops) == 1 and isinstance(loops[0], cst.For):
        variable = _variable(loops[0])
        return variable, variable is None
    if not loops and function is not None:
        names = [parameter.name.value for parameter in function.params.params]
        return next((name for name in _COUNTERS if name in names), None), False
    return None, bool(loops)


def _variable(loop: cst.For) -> str | None:
    called = dotted(loop.iter.func) if isinstance(loop.iter, cst.Call) else ""
    if called == "range" and isinstance(loop.target, cst.Name):
        return loop.target.value
    if called == "enumerate" and isinstance(loop.target, cst.Tuple) and loop.target.elements:
        first = loop.target.elements[0].value
        return first.value if isinstance(first, cst.Name) else None
    return None
