"""The environment that a submitting script describes by calls, and the one that the SDK takes where it names none.

As azureml-core has it: ``CondaDependencies.create`` and what adds to it, on top of
``base_project_files/conda_dependencies.yml``. What may be changed elsewhere is not described here.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from scaffold.project.conda import Package, package_of
from scaffold.project.evaluation import UNKNOWN
from scaffold.project.files import ProjectFile
from scaffold.project.python import SDK_CONDA_PYTHON, SDK_PYTHON, Python, has_version_for_the_sdk
from scaffold.project.python import is_python_to_the_sdk as is_python
from scaffold.project.requirements import Requirements, collect
from scaffold.project.source import Unknown
from scaffold.project.values import Values

_SDK = "azureml-defaults"
# Other ways to have an environment, or to change what it holds, than those that are read here.
_OTHER_WAYS = {
    *("from_pip_requirements", "from_conda_specification", "from_docker_image", "from_dockerfile"),
    *("from_docker_build_context", "from_existing_conda_environment", "load_from_directory", "load"),
    *("set_pip_requirements", "remove_pip_package", "remove_conda_package", "add_private_pip_wheel"),
    *("add_tensorflow_pip_package", "add_tensorflow_conda_package", "add_cntk_package", "clone", "copy"),
    *("set_pip_option", "merge_requirements", "_merge_dependencies"),
}
_STORED = {"base_dockerfile", "build_context", "interpreter_path", "conda_dependencies_file"}
_MADE = {"Environment", "RunConfiguration", "CondaDependencies", "ScriptRunConfig", "create"}
# Calls that take one of these and leave it as it is.
_TAKERS = {"ScriptRunConfig", "submit", "HyperDriveConfig", "register", "build", "print", "str", "repr"}


@dataclass(frozen=True)
class Described:
    """An environment that no file describes.

    Attributes:
        line: the line of the submitting script to mend it at.
        kind: how it is described.
        packages: what conda installs, each at the line of the script that asks for it.
        pip: what pip installs.
        implied: what the SDK adds by itself, or pins to its own version.
        python: which Python it has; None when that is not known.
        complete: whether there is nothing else in it.
    """

    line: int
    kind: Literal["create", "added", "default"]
    packages: tuple[Package, ...]
    pip: Requirements
    implied: frozenset[str]
    python: Python | None
    complete: bool


def read_described(file: ProjectFile, values: Values, config: ast.Call | None) -> Described | None:
    """The environment of the one run of a script.

    Args:
        file: the script.
        values: of it.
        config: its one ScriptRunConfig.

    Returns:
        None where a file or the workspace says it, or only running the script would.
    """
    return None if config is None else _Reader(file, values, config).read()


class _Reader:
    def __init__(self, file: ProjectFile, values: Values, config: ast.Call) -> None:
        self._file = file
        self._values = values
        self._config = config
        self._calls = [node for node in ast.walk(values.tree) if isinstance(node, ast.Call)]
        self._uncertain = {
            id(call)
            for node in ast.walk(values.tree)
            if isinstance(node, ast.If | ast.For | ast.While | ast.Try) and not _is_main(node)
            for call in ast.walk(node)
            if isinstance(call, ast.Call)
        }
        self._pip: list[tuple[int, int, str]] = []
        self._packages: list[Package] = []
        self._implied: set[str] = set()
        self._python: Python | None = None
        self._complete = True

    def read(self) -> Described | None:
        makers = [call for call in self._called("Environment") if self._is_of_sdk(call)]
        if self._is_given_run_config() and not self._stores("environment"):
            makers = []  # the SDK takes no notice of them
        runs = self._called("RunConfiguration")
        creates = [call for call in self._called("create") if self._is_dependencies(call.func)]
        bare = self._called("CondaDependencies")
        if self._is_said_elsewhere() or len(makers) > 1 or len(runs) > 1 or len(creates) + len(bare) > 1:
            return None
        if any(call.args or call.keywords for call in bare) or self._is_given_away():
            return None
        adders = self._called("add_pip_package", "add_conda_package", "set_python_version")
        if not (makers or runs or creates or bare or adders):
            return self._default()
        if any(call.args or call.keywords for call in runs) or not (makers or runs):
            return None
        if any(id(call) in self._uncertain for call in (*makers, *runs, *creates, *bare)):
            return None
        for call in creates:
            self._create(call)
        if not creates:
            self._python = Python(SDK_PYTHON, self._file, (makers or runs)[0].lineno, chosen=False)
            self._implied.add(_SDK)
        for call in sorted(adders, key=lambda call: call.lineno):
            self._add(call)
        kind: Literal["create", "added"] = "create" if creates else "added"
        return self._made((creates or adders or makers or runs)[0].lineno, kind)

    def _is_given_run_config(self) -> bool:
        node = self._values.given(self._config, "run_config", 3)
        return node is not None and not (isinstance(node, ast.Constant) and not node.value)

    def _stores(self, *names: str) -> bool:
        return any(
            isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in names
            for node in ast.walk(self._values.tree)
        )

    def _called(self, *names: str) -> list[ast.Call]:
        return [call for call in self._calls if self._values.called(call) in names]

    def _is_of_sdk(self, call: ast.Call) -> bool:
        dotted = self._values.dotted(call.func) or ""
        return dotted == "Environment" or dotted.startswith("azureml.")

    def _is_dependencies(self, node: ast.expr) -> bool:
        return (self._values.dotted(node) or "").endswith("CondaDependencies.create")

    def _is_said_elsewhere(self) -> bool:
        if self._called(*_OTHER_WAYS) or _has_stars(self._config):
            return True
        if self._stores(*_STORED):
            return True
        if any(
            isinstance(node, ast.Attribute) and node.attr == "environments"
            for node in ast.walk(self._values.tree)
        ):
            return True
        got = [
            call for call in self._called("get") if "Environment" in (self._values.dotted(call.func) or "")
        ]
        return bool(got) or sets_user_managed(self._values.tree)

    def _is_given_away(self) -> bool:
        """Whether other code gets what makes up the environment, and may change it."""
        names = {
            target.id
            for node in ast.walk(self._values.tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            for target in node.targets
            if isinstance(target, ast.Name) and self._values.called(node.value) in _MADE
        }
        for call in self._calls:
            given = [*call.args, *(keyword.value for keyword in call.keywords)]
            if self._values.called(call) in _TAKERS:
                continue
            roots = {_root(node) for node in given}
            if roots & names:
                return True
        return False

    def _default(self) -> Described | None:
        """Of a ScriptRunConfig that is given none."""
        given = (
            self._values.given(self._config, "environment", 6),
            self._values.given(self._config, "run_config", 3),
        )
        if any(node is not None for node in given):
            return None
        if self._stores("environment", "run_config", "conda_dependencies", "python"):
            return None
        line = self._config.lineno
        self._implied.add(_SDK)
        self._python = Python(SDK_PYTHON, self._file, line, chosen=False)
        return self._made(line, "default")

    def _made(self, line: int, kind: Literal["create", "added", "default"]) -> Described:
        return Described(
            line=line,
            kind=kind,
            packages=tuple(package for package in self._packages if package.name != "python"),
            pip=collect(self._file, iter(self._pip)),
            implied=frozenset(self._implied),
            python=self._python,
            complete=self._complete,
        )

    def _create(self, call: ast.Call) -> None:
        given = self._values.given(call, "pip_packages", 1)
        if given is None or (isinstance(given, ast.Constant) and given.value is None):
            self._implied.add(_SDK)
        pins = self._values.given(call, "pin_sdk_version", 4)
        for line, text in self._list(call, "pip_packages", 1):
            if text.startswith("azureml-") and (pins is None or not _is_false(pins)):
                self._implied.add(text.partition("[")[0].split("=")[0].rstrip("<>!~ "))
            else:
                self._pip.append((line, line, text))
        node = self._values.given(call, "python_version", 3)
        if node is None:
            self._python = Python(SDK_CONDA_PYTHON, self._file, call.lineno, chosen=False)
        else:
            self._set_python(self._values.text(node).value, node.lineno)
        for line, text in self._list(call, "conda_packages", 2):
            self._conda(line, text)

    def _list(self, call: ast.Call, name: str, position: int) -> Iterator[tuple[int, str]]:
        """The texts of a list, each with its line; one that is not known makes the environment incomplete."""
        node = self._values.given(call, name, position)
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return
        try:
            items = self._values.items(node)
        except Unknown:
            self._complete = False
            return
        literal = self._values.followed(node)
        parts = literal.elts if isinstance(literal, ast.List | ast.Tuple) else []
        for count, item in enumerate(items):
            if item is None:
                self._complete = False
            else:
                line = parts[count].lineno if len(parts) == len(items) else self._values.origin(node)[1]
                yield line, item

    def _add(self, call: ast.Call) -> None:
        names = {"add_pip_package": "pip_package", "add_conda_package": "conda_package"}
        called = self._values.called(call)
        argument = self._values.argument(call, names.get(called, "version"), 0)
        text = argument.value if argument else None
        if called == "set_python_version":
            self._set_python(None if id(call) in self._uncertain else text, call.lineno)
        elif text is None or UNKNOWN in text or id(call) in self._uncertain:
            self._complete = False
        elif called == "add_conda_package":
            self._conda(call.lineno, text)
        else:
            self._pip.append((call.lineno, call.lineno, text))

    def _conda(self, line: int, text: str) -> None:
        if is_python(text):
            version = text.rpartition("=")[2] if has_version_for_the_sdk(text) else None
            self._set_python(version, line)
        elif package := package_of(line, text):
            self._packages.append(package)

    def _set_python(self, version: str | None, line: int) -> None:
        plain = version is not None and all(part.isdigit() for part in version.split("."))
        known = version if plain and version is not None and "." in version else None
        self._python = Python(known, self._file, line, chosen=True) if known else None


def sets_user_managed(tree: ast.AST) -> bool:
    """Whether a script says that the user manages what is in the environment; ``False`` is what it is anyway."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or node.attr != "user_managed_dependencies":
            continue
        if isinstance(node.ctx, ast.Store):
            break
    else:
        return False
    values = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Attribute) and target.attr == "user_managed_dependencies"
    ]
    return not values or not all(value is not None and _is_false(value) for value in values)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _is_main(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test)
    )


def _has_stars(call: ast.Call) -> bool:
    return any(keyword.arg is None for keyword in call.keywords) or any(
        isinstance(item, ast.Starred) for item in call.args
    )


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
