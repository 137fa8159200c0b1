"""The metrics that a script logs, where its code tells all of them for sure. None of it is run."""

import ast
import sys
from collections.abc import Iterator

from scaffold.project.distributions import providers
from scaffold.project.source import Unknown
from scaffold.project.subject import Subject

# Each with the place of the name among its arguments.
_OF_ONE = {"log": 0, "log_metric": 0, "log_list": 0, "log_row": 0, "log_table": 0}
_OTHER_LOGS = {"np", "numpy", "jnp", "math", "cmath", "torch", "tf", "logging", "logger", "log"}
# What logs by itself, or runs what cannot be seen from here.
_UNSEEN = {
    *("autolog", "log_batch", "MLFlowLogger", "MLflowCallback", "MlflowCallback", "Trainer", "report_to"),
    *("lightning", "pytorch_lightning", "transformers", "accelerate", "fastai", "ultralytics", "evaluate"),
    *("subprocess", "Popen", "system", "exec", "eval", "importlib", "__import__", "runpy", "getattr"),
}


def metrics_of(subject: Subject) -> frozenset[str] | None:
    """The names of all metrics that a project's script logs; None where there may be others.

    Args:
        subject: the project.
    """
    modules = subject.modules
    if modules is None or any(module.tree is None for module in modules.modules):
        return None
    if modules.words & _UNSEEN or any(not _is_public(one.top) for one in modules.imports):
        return None
    names: set[str] = set()
    try:
        for module in modules.modules:
            names.update(_names(module.tree) if module.tree else ())
    except Unknown:
        return None
    return frozenset(names) or None


def _is_public(module: str) -> bool:
    """Whether a module is Python's own or a well-known package's, which log nothing by themselves."""
    return module in sys.stdlib_module_names or (module not in _UNSEEN and providers(module) is not None)


def _names(tree: ast.Module) -> Iterator[str]:
    """The names that stand in the calls which log a metric.

    Raises:
        Unknown: one is computed.
    """
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    if _is_passed_on(tree, calls):
        raise Unknown
    for call in calls:
        called, owner = _called(call)
        if called == "log_metrics":
            yield from _keys(call)
        elif called in _OF_ONE and not (called == "log" and owner in _OTHER_LOGS):
            yield _name(call)


def _is_passed_on(tree: ast.Module, calls: list[ast.Call]) -> bool:
    """Whether a function that logs gets another name, under which it may be called."""
    functions = {id(call.func) for call in calls}
    logs = {*_OF_ONE, "log_metrics"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in logs and id(node) not in functions)
        or (isinstance(node, ast.alias) and node.name in logs and node.asname is not None)
        for node in ast.walk(tree)
    )


def _called(call: ast.Call) -> tuple[str, str]:
    """The name of what is called, and that of what it is called on."""
    function = call.func
    if isinstance(function, ast.Attribute):
        on = function.value
        return function.attr, on.id if isinstance(on, ast.Name) else getattr(on, "attr", "")
    return (function.id if isinstance(function, ast.Name) else ""), ""


def _name(call: ast.Call) -> str:
    given = [keyword.value for keyword in call.keywords if keyword.arg in ("name", "key")] or call.args
    # A client of MLflow's is told the run first.
    for node in given[:2]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
    raise Unknown


def _keys(call: ast.Call) -> Iterator[str]:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "metrics"] or call.args
    node = given[0] if given else None
    if not isinstance(node, ast.Dict):
        raise Unknown
    for key in node.keys:
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
            raise Unknown
        yield key.value
