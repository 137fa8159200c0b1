"""Writes scaffold/project/sdk_names.json: the modules of the SDKs, their names, and what their calls take.

python scripts/sdk_names.py [WHEEL…]   reads azureml-core and azure-ai-ml where this Python has them, and wheels beside

Everything is read from the source as syntax trees; nothing is imported. A module whose names cannot be told that way
(``import *`` from elsewhere, ``__getattr__``) is kept as one that may have any name.
"""

import ast
import json
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

TABLE = Path(__file__).parent.parent / "scaffold" / "project" / "sdk_names.json"
PACKAGES = ("azureml-core", "azure-ai-ml")
# Whose calls are kept: what scripts that submit runs are made of.
CALLS = (
    *("azureml.core", "azureml.data", "azureml.train.hyperdrive", "azureml.train.estimator"),
    *("azureml.pipeline.core", "azureml.pipeline.steps", "azureml.widgets"),
)
# Decorators that leave the parameters as they are.
PLAIN = {
    "staticmethod",
    "classmethod",
    "experimental",
    "experiment_method",
    "deprecated",
    "track",
    "update_to_latest",
}


def sources(wheels: list[str]) -> Iterator[tuple[str, str]]:
    """Module and text of each file of the packages."""
    for name in PACKAGES:
        for file in distribution(name).files or ():
            if file.suffix == ".py":
                yield _module(str(file)), Path(str(file.locate())).read_text(encoding="utf-8")
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.endswith(".py"):
                    yield _module(name), archive.read(name).decode("utf-8")


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


class Reader:
    """Reads all modules first, since names are taken from one another."""

    def __init__(self, texts: dict[str, str], packages: set[str]) -> None:
        self.trees = {name: ast.parse(text) for name, text in texts.items()}
        self.packages = packages

    def names(self, module: str) -> dict[str, str] | None:
        """Name → where it comes from (empty for its own); None when there may be any."""
        found: dict[str, str] = {}
        for node in self._statements(self.trees[module].body):
            if isinstance(node, ast.ImportFrom):
                source = self._source(module, node)
                for alias in node.names:
                    if alias.name == "*":
                        inner = self.names(source) if source in self.trees else None
                        if inner is None:
                            return None
                        found |= {one: f"{source}.{one}" for one in inner if not one.startswith("_")}
                    else:
                        found[alias.asname or alias.name] = f"{source}.{alias.name}"
            elif isinstance(node, ast.Import):
                found |= {alias.asname or alias.name.partition(".")[0]: "" for alias in node.names}
            elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                if node.name == "__getattr__":
                    return None
                found[node.name] = ""
            else:
                stored = (part for part in ast.walk(node) if isinstance(part, ast.Name))
                found |= {part.id: "" for part in stored if isinstance(part.ctx, ast.Store)}
        below = {name.rpartition(".")[2] for name in self.trees if name.rpartition(".")[0] == module}
        return {**dict.fromkeys(below, ""), **found}

    def _statements(self, body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for node in body:
            if isinstance(node, ast.If | ast.Try | ast.With):
                handlers = [one.body for one in getattr(node, "handlers", [])]
                for part in (
                    node.body,
                    getattr(node, "orelse", []),
                    getattr(node, "finalbody", []),
                    *handlers,
                ):
                    yield from self._statements(part)
            else:
                yield node

    def _source(self, module: str, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = module.split(".")
        keep = len(parts) - node.level + (1 if module in self.packages else 0)
        return ".".join([*parts[:keep], *([node.module] if node.module else [])])

    def calls(self, module: str) -> Iterator[tuple[str, str]]:
        """Full name and parameters of the classes of a module and of their methods, and of its functions."""
        functions = {node.name: node for node in self.trees[module].body if isinstance(node, ast.FunctionDef)}
        for node in self.trees[module].body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from self._of_class(f"{module}.{node.name}", node, functions)

    def _of_class(
        self, full: str, node: ast.ClassDef, functions: dict[str, ast.FunctionDef]
    ) -> Iterator[tuple[str, str]]:
        if any(not isinstance(one, ast.Name) or one.id in ("__new__",) for one in node.decorator_list):
            return
        methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
        if any(one.name == "__new__" for one in methods) or any(
            word.arg == "metaclass" for word in node.keywords
        ):
            methods = [one for one in methods if one.name != "__init__"]
        for one in methods:
            plain = {_name(item) for item in one.decorator_list}
            if (one.name.startswith("_") and one.name != "__init__") or plain - PLAIN:
                continue
            static = "staticmethod" in plain
            yield (
                f"{full}{'' if one.name == '__init__' else '.' + one.name}",
                _parameters(one, skip=0 if static else 1),
            )
            for item in one.decorator_list:
                submit = _submit_function(item) if one.name == "__init__" else None
                if submit in functions:
                    yield f"{full}!submit", _parameters(functions[submit], skip=3)


def _submit_function(decorator: ast.expr) -> str | None:
    if isinstance(decorator, ast.Call) and _name(decorator) == "experiment_method":
        for word in decorator.keywords:
            if word.arg == "submit_function" and isinstance(word.value, ast.Name):
                return word.value.id
    return None


def _name(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "?")


def _parameters(function: ast.FunctionDef, skip: int) -> str:
    """``name`` for a parameter that must be given, ``name=`` for one that may; ``*`` and ``**`` as in Python."""
    given = function.args
    names = [one.arg for one in (*given.posonlyargs, *given.args)]
    least = len(names) - len(given.defaults)
    words = [name if count < least else f"{name}=" for count, name in enumerate(names)][skip:]
    if given.vararg or given.kwonlyargs:
        words.append("*args" if given.vararg else "*")
    words += [
        one.arg if default is None else f"{one.arg}="
        for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    return " ".join([*words, *(["**"] if given.kwarg else [])])


def _classes(full: str) -> set[str]:
    """The names that a call's full name may have its class by."""
    owner = full.partition("!")[0]
    return {owner, owner.rpartition(".")[0]}


def _line(module: str, names: dict[str, str]) -> str:
    """The public names of a module, each with where it comes from if that is another module of the SDKs."""
    return " ".join(
        f"{name}={source}"
        if source.startswith(("azureml.", "azure.ai.")) and source != f"{module}.{name}"
        else name
        for name, source in sorted(names.items())
        if not name.startswith("_")
    )


def main() -> None:
    found = list(sources(sys.argv[1:]))
    texts = dict(found)
    packages = {name for name in texts if any(other.startswith(f"{name}.") for other in texts)}
    reader = Reader(texts, packages)
    public = [name for name in sorted(texts) if not any(part.startswith("_") for part in name.split("."))]
    names = {name: reader.names(name) for name in public}
    modules = {name: None if found is None else _line(name, found) for name, found in names.items()}
    exported = {source for found in names.values() for source in (found or {}).values()}
    calls = {
        full: parameters
        for name in sorted(texts)
        if name.startswith(CALLS)
        for full, parameters in reader.calls(name)
        if any(full == one or full.startswith((f"{one}.", f"{one}!")) for one in (exported & _classes(full)))
    }
    versions = {name: distribution(name).version for name in PACKAGES}
    TABLE.write_text(
        json.dumps({"versions": versions, "modules": modules, "calls": calls}, indent=0) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
