"""What the table of operations and the handlers' own code tell of requests: bodies, queries, headers.

Read from the product, so that an operation that is added is fuzzed without a word here.
"""

import ast
import functools
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from scaffold.workspace import services
from scaffold.workspace.routes import OPERATIONS, Access, Operation

_READERS = {"body_as", "asked_as"}
_SERVICES = Path(next(iter(services.__path__)))
# What ends the service, or has it fail: asked without the secret only, see test_access.
_FATAL = {"control.stop", "injection.add_fault"}


def operations(*access: Access, also_fatal: bool = False) -> list[tuple[str, Operation]]:
    """Every operation that may be asked with one of these credentials, with each of its methods."""
    return [
        (method, operation)
        for operation in OPERATIONS
        if operation.access in (access or Access) and (also_fatal or operation.name not in _FATAL)
        for method in operation.methods
    ]


def name_of(method: str, operation: Operation) -> str:
    """A short name of an operation for a test's id."""
    path = operation.path.replace("/{S}", "").replace("{S}", "")
    return f"{method} {operation.name} {path}"


@functools.cache
def _functions(module: str) -> dict[str, ast.AST]:
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {
        node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def body_type(operation: Operation) -> Any:
    """The type that a handler reads the body as, itself or by a function of its module; None when it reads none."""
    module = operation.handler.__module__
    functions, seen, waiting = _functions(module), set(), [operation.handler.__name__]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in functions:
            continue
        seen.add(name)
        for call in (node for node in ast.walk(functions[name]) if isinstance(node, ast.Call)):
            called = getattr(call.func, "id", "")
            if called in _READERS:
                return eval(ast.unparse(call.args[1]), vars(sys.modules[module]))
            waiting.append(called)
    return None


def _said(pattern: str, module: str = "*") -> Iterator[str]:
    for file in sorted(_SERVICES.rglob(f"{module}.py")):
        yield from re.findall(pattern, file.read_text(encoding="utf-8"))


@functools.cache
def query_names(operation: Operation) -> tuple[str, ...]:
    """The names that the handlers of an operation's module look up in a query; but for that of a wait."""
    module = operation.handler.__module__.rpartition(".")[2]
    found = {
        *_said(r'(?:query|query_params)(?:\.get\(|\[)\s*"([^"]+)"', module),
        *_said(r'_number\(request, "([^"]+)"', module),
        *(kind.encode_name for kind in _fields(body_type(operation))),
        *(f"${name}" for name in ("filter", "orderby", "top", "continuationToken")),
    }
    return tuple(sorted(found - {"wait"}))


def field_names(operation: Operation) -> tuple[str, ...]:
    """The names of the fields that an operation reads, of its body or of the query of a GET."""
    if operation.methods == ("GET",):
        return query_names(operation)
    return tuple(field.encode_name for field in _fields(body_type(operation)))


def _fields(kind: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind) if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else ()


@functools.cache
def header_names() -> tuple[str, ...]:
    """The names of headers that handlers look up."""
    return tuple(
        sorted({*_said(r'headers(?:\.get\(|\[)\s*"([^"]+)"')} - {"content-length", "origin", "host"})
    )
