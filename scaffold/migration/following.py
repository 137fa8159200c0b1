"""Follows the run through a module.

``Run.get_context()`` itself; the names and attributes that it is bound to; the module's own functions that return it,
and their parameters that it is given for; what of that comes from another module. Reads and changes nothing.
"""

from collections.abc import Iterator

import libcst as cst
from libcst import matchers as m
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

from scaffold.migration.context import NONE, PACKAGES, Context, dotted, is_run


def read(wrapper: MetadataWrapper, context: Context | None = None) -> Context:
    """Looks through a module.

    Args:
        wrapper: the module.
        context: what is known of it from others.
    """
    context = Context() if context is None else context
    wrapper.visit(_Imports(context))
    before = None
    while before != context.known():
        before = context.known()
        wrapper.visit(_Bindings(context))
        wrapper.visit(_Parameters(context))
    if context.runs:
        wrapper.visit(_Rebound(context))
    return context


class _Imports(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def visit_Name(self, node: cst.Name) -> None:
        self._context.names.add(node.value)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        module = dotted(node.module) if node.module else ""
        if isinstance(node.names, cst.ImportStar):
            self._context.run_names |= {"Run"} if module in PACKAGES else set()
            self._context.stars.append(module)
            return
        for alias in node.names:
            name = dotted(alias.name)
            local = dotted(alias.asname.name) if alias.asname else name
            if module in PACKAGES and name == "Run":
                self._context.run_names.add(local)
            elif f"{module}.{name}" in PACKAGES:
                self._context.run_names.add(f"{local}.Run")
            elif f"{module}.{name}" == "matplotlib.pyplot":
                self._context.pyplot.add(local)
            self._context.imported[local] = (module, name)

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            name = dotted(alias.name)
            local = dotted(alias.asname.name) if alias.asname else name
            if name in PACKAGES:
                self._context.run_names.add(f"{local}.Run")
            if name == "azureml":
                self._context.run_names.add("azureml.core.Run")
            if name == "matplotlib.pyplot":
                self._context.pyplot.add(local)
            if name == "mlflow" and alias.asname is None and self._is_top(node):
                self._context.has_mlflow = True
            self._context.imported[local] = (name, "")

    def _is_top(self, node: cst.CSTNode) -> bool:
        line = self.get_metadata(ParentNodeProvider, node)
        return isinstance(self.get_metadata(ParentNodeProvider, line), cst.Module)

    def visit_Call(self, node: cst.Call) -> None:
        if dotted(node.func) == "mlflow.start_run":
            self._context.starts_runs = int(self.get_metadata(PositionProvider, node).start.line)


class _Bindings(cst.CSTVisitor):
    """Names that the run is bound to, and functions that return it."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._scopes: list[cst.ClassDef | cst.FunctionDef] = []
        self._returns: list[list[bool]] = []
        self._globals: set[str] = set()

    def visit_Global(self, node: cst.Global) -> None:
        self._globals |= {item.name.value for item in node.names}

    def _bind(self, *targets: cst.CSTNode) -> None:
        for name in filter(None, map(dotted, targets)):
            self._context.runs.add(name)
            scope = self._scopes[-1] if self._scopes else None
            if scope is None or name in self._globals:
                self._context.top.add(name)
            if isinstance(scope, cst.ClassDef):
                self._context.runs |= {f"{owner}.{name}" for owner in ("self", "cls", scope.name.value)}

    def visit_Assign(self, node: cst.Assign) -> None:
        if is_run(node.value, self._context) or self._is_default(node):
            self._bind(*(target.target for target in node.targets))

    def _is_default(self, node: cst.Assign) -> bool:
        """``run = run or Run.get_context()``"""
        value = node.value
        if not isinstance(value, cst.BooleanOperation) or len(node.targets) != 1:
            return False
        name = dotted(node.targets[0].target)
        return name != "" and dotted(value.left) == name and is_run(value.right, self._context)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        if node.value is not None and is_run(node.value, self._context):
            self._bind(node.target)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        if is_run(node.value, self._context):
            self._bind(node.target)

    def visit_WithItem(self, node: cst.WithItem) -> None:
        if node.asname is not None and is_run(node.item, self._context):
            self._bind(node.asname.name)

    def visit_Param(self, node: cst.Param) -> None:
        annotated = (
            node.annotation is not None and self._context.only_run and self._means_run(node.annotation)
        )
        if annotated or (node.default is not None and is_run(node.default, self._context)):
            self._context.runs.add(node.name.value)

    def _means_run(self, annotation: cst.Annotation) -> bool:
        """``Run``, ``Run | None``, ``Optional[Run]``; not what holds several."""
        named = annotation.annotation
        if isinstance(named, cst.BinaryOperation):
            named = named.right if m.matches(named.left, NONE) else named.left
        if isinstance(named, cst.Subscript) and dotted(named.value).endswith("Optional"):
            index = named.slice[0].slice
            named = index.value if isinstance(index, cst.Index) else named
        return dotted(named) in self._context.run_names

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._scopes.append(node)

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self._scopes.pop()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._scopes.append(node)
        self._returns.append([])

    def visit_Return(self, node: cst.Return) -> None:
        none = node.value is None or m.matches(node.value, NONE)
        if self._returns and not none:
            self._returns[-1].append(node.value is not None and is_run(node.value, self._context))

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        self._scopes.pop()
        returns = self._returns.pop()
        if not returns or not all(returns):
            return
        name = original_node.name.value
        owner = self._scopes[-1] if self._scopes else None
        names = (
            {name} if not isinstance(owner, cst.ClassDef) else {f"self.{name}", f"{owner.name.value}.{name}"}
        )
        is_property = any(m.matches(one.decorator, m.Name("property")) for one in original_node.decorators)
        (self._context.runs if is_property else self._context.factories).update(names)


class _Parameters(cst.CSTVisitor):
    """Parameters of the module's functions, methods and classes that the run is given for."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._functions: dict[str, list[str]] = {}
        self._methods: dict[str, list[list[str]]] = {}
        self._classes: list[str] = []
        self._calls: list[cst.Call] = []

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._classes.append(node.name.value)

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self._classes.pop()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        names = [parameter.name.value for parameter in (*node.params.posonly_params, *node.params.params)]
        keywords = [parameter.name.value for parameter in node.params.kwonly_params]
        if not self._classes:
            self._functions[node.name.value] = names + keywords
            return
        bare = any(m.matches(one.decorator, m.Name("staticmethod")) for one in node.decorators)
        names = names if bare else names[1:]
        self._methods.setdefault(node.name.value, []).append(names + keywords)
        if node.name.value == "__init__":
            self._functions[self._classes[-1]] = names + keywords

    def visit_Call(self, node: cst.Call) -> None:
        self._calls.append(node)

    def _parameters(self, call: cst.Call) -> list[str] | None:
        """Of what a call calls, where the module itself defines it."""
        name = dotted(call.func)
        if name in self._functions:
            return self._functions[name]
        if isinstance(call.func, cst.Attribute):
            known = self._methods.get(call.func.attr.value, [])
            return known[0] if len(known) == 1 else None
        return None

    def leave_Module(self, original_node: cst.Module) -> None:
        self._context.functions = set(self._functions)
        pairs = [pair for call in self._calls for pair in self._given(call)]
        pairs += self._from_elsewhere()
        self._context.runs |= {name for name, run, _ in pairs if run}
        for name, run, line in pairs:
            if not run and name in self._context.runs and line is not None:
                self._context.rebound.setdefault(name, line)

    def _given(self, call: cst.Call) -> Iterator[tuple[str, bool, int | None]]:
        """The parameters of a call, whether each is given the run, and the line where it is given something else."""
        names = self._parameters(call)
        elsewhere = self._elsewhere(call)
        for position, argument in enumerate(call.args):
            if argument.star:
                return
            run = is_run(argument.value, self._context)
            key: int | str = argument.keyword.value if argument.keyword is not None else position
            if elsewhere is not None:
                known = self._context.given.setdefault(elsewhere, {})
                known[key] = run and known.get(key, True)
                self._context.given_by.append((elsewhere, argument))
            if names is None or m.matches(argument.value, NONE):
                continue
            name = key if isinstance(key, str) else names[key] if key < len(names) else None
            if name in names:
                self._context.followed.add(argument)
                line = int(self.get_metadata(PositionProvider, argument).start.line)
                yield str(name), run, None if run else line

    def _elsewhere(self, call: cst.Call) -> tuple[str, str] | None:
        """The module and name of a function or class that is imported."""
        owner, _, name = dotted(call.func).rpartition(".")
        if not owner and name in self._context.imported and name not in self._functions:
            return self._context.imported[name]
        if owner in self._context.imported:
            module, inner = self._context.imported[owner]
            return (f"{module}.{inner}" if inner else module, name)
        return None

    def _from_elsewhere(self) -> Iterator[tuple[str, bool, int | None]]:
        """What other modules give this one's functions, as :attr:`Context.given` of ``("", function)`` has it."""
        for (module, function), given in self._context.given.items():
            names = self._functions.get(function) if not module else None
            for key, run in given.items() if names is not None else ():
                name = key if isinstance(key, str) else names[key] if names and key < len(names) else None
                if name is not None:
                    yield name, run, 1


class _Rebound(cst.CSTVisitor):
    """Names of the run that are bound to something else too."""

    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def _note(self, *targets: cst.CSTNode) -> None:
        for target in targets:
            if isinstance(target, cst.Tuple | cst.List):
                self._note(*(element.value for element in target.elements))
            name = dotted(target)
            if name in self._context.runs:
                line = int(self.get_metadata(PositionProvider, target).start.line)
                self._context.rebound.setdefault(name, line)

    def _assigned(self, value: cst.CSTNode | None, *targets: cst.CSTNode) -> None:
        if value is not None and not is_run(value, self._context) and not m.matches(value, NONE):
            self._note(*targets)

    def visit_Assign(self, node: cst.Assign) -> None:
        self._assigned(node.value, *(target.target for target in node.targets))

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self._assigned(node.value, node.target)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self._assigned(node.value, node.target)

    def visit_For(self, node: cst.For) -> None:
        self._note(node.target)

    def visit_CompFor(self, node: cst.CompFor) -> None:
        self._note(node.target)

    def visit_Lambda(self, node: cst.Lambda) -> None:
        self._note(*(parameter.name for parameter in node.params.params))

    def visit_AsName(self, node: cst.AsName) -> None:
        parent = self.get_metadata(ParentNodeProvider, node)
        if not (isinstance(parent, cst.WithItem) and is_run(parent.item, self._context)):
            self._note(node.name)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        block = self.get_metadata(ParentNodeProvider, node)
        owner = self.get_metadata(ParentNodeProvider, block, None)
        if not isinstance(owner, cst.ClassDef):
            self._note(node.name)
