"""The environment of a command job of SDK v2, from what a submitting script of SDK v1 says of it.

SDK v2 takes an image with a conda file, and no pip specification: one is written as a conda file that leaves
all but Python to pip, which is what SDK v1 makes of it as well. Knows neither SDK.
"""

import ast
from pathlib import Path
from typing import Any

from scaffold.project.files import ProjectFile
from scaffold.project.job_configuration import Configured
from scaffold.project.python import SDK_PYTHON
from scaffold.project.source import Unknown
from scaffold.project.straight import Straight
from scaffold.project.subject import Subject
from scaffold.project.values import Values
from scaffold.requirements import is_url, logical_lines, option_of

# SDK v1's own (azureml.core.environment.DEFAULT_CPU_IMAGE), without the tag that changes with its releases.
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
# What CondaDependencies.create puts in when it is given none; CondaDependencies() has another one.
_PYTHON_OF_CREATE = "3.10.18"
_CHANNELS = ["conda-forge"]
_HINT = "Describe it in one file, or submit with --sdk v1, which runs the script itself."
_MAKERS = {
    *("Environment", "from_pip_requirements", "from_conda_specification", "from_docker_image"),
    *("from_dockerfile", "from_docker_build_context", "from_existing_conda_environment"),
}


_ADDERS = {
    *(
        "add_pip_package",
        "add_conda_package",
        "set_pip_requirements",
        "remove_pip_package",
        "CondaDependencies",
    ),
    *("add_private_pip_wheel", "add_channel", "set_pip_option"),
}


def read(subject: Subject, values: Values, config: ast.Call, sources: dict[str, str]) -> dict[str, Any] | str:
    """The ``environment`` of a job.

    Args:
        subject: the project.
        values: of its submitting script.
        config: the script's ScriptRunConfig.
        sources: what is said of each key; ``environment`` is added.

    Returns:
        A mapping with ``image`` and ``conda_file`` (a Path for a file of the project), or the name of a registered
        environment as SDK v2 writes it.

    Raises:
        FileError: a file is missing or malformed, or the script says it in a way that is not followed here.
    """
    return _Reader(subject, values, config, sources).read()


def name_of(subject: Subject) -> str | None:
    """The name that the submitting script gives its environment; None where it has several, or computes it."""
    values = Values(subject.runner, subject.constants, subject.constants_file)
    names = set()
    for call in ast.walk(values.tree):
        if not isinstance(call, ast.Call):
            continue
        called = values.called(call)
        if called == "get" and (values.dotted(call.func) or "").endswith("Environment.get"):
            names.add(values.argument(call, "name", 1))
        elif called in _MAKERS:
            names.add(values.argument(call, "name", 0))
    known = {argument.value if argument else None for argument in names}
    return known.pop() if len(known) == 1 else None


class _Reader:
    def __init__(self, subject: Subject, values: Values, config: ast.Call, sources: dict[str, str]) -> None:
        self._subject = subject
        self._values = values
        self._config = config
        self._sources = sources
        self._configured = Configured(values, config)
        ignored = self._configured.ignored_environment()
        self._calls = [
            node for node in ast.walk(values.tree) if isinstance(node, ast.Call) and node not in ignored
        ]
        self._specified = None if ignored else subject.specified

    def _note(self, text: str) -> None:
        self._sources["environment"] = text

    def _called(self, *names: str) -> list[ast.Call]:
        return [call for call in self._calls if self._values.called(call) in names]

    def read(self) -> dict[str, Any] | str:
        subject = self._subject
        got = [call for call in self._called("get") if self._is_environments(call)]
        makers = self._called(*_MAKERS)
        if self._specified is not None and (
            subject.submission.specifications_only or self._is_from_file(makers, got)
        ):
            self._specified.file.data()  # or says that it is not there
            return self._from_file() | {"image": self._image(makers)}
        if (got or self._looked_up()) and not makers:
            if self._changes_one() or self._called(*_ADDERS):
                raise self._unknown((got or self._calls)[0].lineno)
            return self._registered(got)
        if makers or self._changes_one():
            return self._described(makers)
        given = self._configured.given("environment")
        if given is None and not self._stored("environment") and not self._configured.comes_from_elsewhere:
            self._note(f"{subject.runner.shown} names no environment: SDK v1's own")
            return _of_conda([f"python={SDK_PYTHON}"], ["azureml-defaults"])
        raise self._unknown(self._config.lineno)

    def _unknown(self, line: int) -> Exception:
        wrong = "the environment is described in a way that only running the script tells"
        return self._subject.runner.error(line, wrong, _HINT)

    def _is_environments(self, call: ast.Call) -> bool:
        return (self._values.dotted(call.func) or "").endswith("Environment.get")

    def _stored(self, attribute: str) -> list[ast.expr]:
        return self._configured.stored(attribute)

    def _changes_one(self) -> bool:
        changed = any(self._stored(name) for name in ("conda_dependencies", "base_image"))
        return changed or bool(self._user_managed()) or self._configured.dependencies is not None

    def _user_managed(self) -> list[ast.expr]:
        """What is assigned to user_managed_dependencies, but for the False that stands there anyway."""
        nodes = self._stored("user_managed_dependencies")
        return [node for node in nodes if not (isinstance(node, ast.Constant) and node.value is False)]

    def _is_from_file(self, makers: list[ast.Call], got: list[ast.Call]) -> bool:
        """Whether one specification says it all but for the image."""
        files = ("from_pip_requirements", "from_conda_specification")
        only = all(self._values.called(call) in files for call in makers)
        changed = self._user_managed() or self._stored("conda_dependencies")
        return only and not got and not changed and not self._called(*_ADDERS)

    def _from_file(self) -> dict[str, Any]:
        """One specification of the project, read by pip or by conda."""
        subject = self._subject
        specified = subject.specified
        assert specified is not None  # noqa: S101  (asked for before)
        shown = specified.file.shown
        by = (
            ""
            if specified.argument.file is subject.runner
            else f" ({self._constant_of(specified.argument.line)})"
        )
        if specified.kind == "conda":
            if subject.conda is not None and subject.conda.faults:
                raise subject.conda.faults[0]
            self._note(f"{shown}{by}")
            return {"image": IMAGE, "conda_file": specified.file.path}
        if subject.pip is not None and subject.pip.faults:
            raise subject.pip.faults[0]
        python = subject.python
        version = python.version if python else SDK_PYTHON
        said = f", Python {version} by {self._python_source()}"
        self._note(f"{shown}{by}{said}; SDK v2 takes no pip specification, so it is a conda file here")
        return self._named(_of_conda([f"python={version}"], pip_lines(specified.file)))

    def _constant_of(self, line: int) -> str:
        constants = self._subject.constants
        name = next((name for name, at in constants.lines.items() if at == line), None)
        shown = self._subject.constants_file.shown
        return f"{name} in {shown}" if name else shown

    def _python_source(self) -> str:
        python = self._subject.python
        if python is None or not python.chosen:
            return "SDK v1's default"
        if python.file is self._subject.constants_file:
            return self._constant_of(python.line)
        return python.file.shown

    def _looked_up(self) -> list[ast.Subscript]:
        """``ws.environments["name"]``."""
        return [
            node
            for node in ast.walk(self._values.tree)
            if isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Attribute)
            and node.value.attr == "environments"
        ]

    def _registered(self, calls: list[ast.Call]) -> str:
        looked_up = self._looked_up()
        names = {self._text(call, "name", 1) for call in calls}
        names |= {self._values.text(one.slice).value for one in looked_up}
        tails = {self._tail(call) for call in calls} | ({"@latest"} if looked_up else set())
        if len(names) != 1 or None in names or len(tails) != 1:
            raise self._unknown((calls or looked_up)[0].lineno)
        self._note(f"{'Environment.get' if calls else 'environments'} in {self._subject.runner.shown}")
        return f"azureml:{names.pop()}{tails.pop()}"

    def _tail(self, call: ast.Call) -> str:
        """Which version of a registered environment is asked for."""
        for sign, name, position in ((":", "version", 2), ("@", "label", 3)):
            node = self._values.given(call, name, position)
            if node is None or (isinstance(node, ast.Constant) and node.value is None):
                continue
            try:
                found = self._values.plain(node)
            except Unknown:
                found = None
            if isinstance(found, bool) or not isinstance(found, int | str) or found == "":
                raise self._unknown(node.lineno)
            return "@latest" if str(found).lower() == "latest" else f"{sign}{found}"
        return "@latest"

    def _text(self, call: ast.Call, name: str, position: int | None) -> str | None:
        node = self._values.given(call, name, position)
        return None if node is None else self._values.text(node).value

    def _described(self, makers: list[ast.Call]) -> dict[str, Any]:
        """An environment that the script puts together by calls and assignments."""
        runner = self._subject.runner.shown
        if others := [
            call for call in makers if self._values.called(call) not in ("Environment", "from_docker_image")
        ]:
            raise self._unknown(others[0].lineno)
        if len(makers) > 1:
            raise self._unknown(makers[1].lineno)
        image = self._image(makers)
        self._note(f"Environment in {runner}")
        if self._is_user_managed():
            self._note(f"Environment in {runner}: the user manages what is in the image")
            return {"image": image}
        conda, pip = self._dependencies()
        return self._named({**_of_conda(conda, pip), "image": image})

    def _named(self, environment: dict[str, Any]) -> dict[str, Any]:
        """With the environment's name, for which a job of SDK v2 has no other place."""
        names = {self._text(call, "name", 0) for call in self._called(*_MAKERS)} - {None}
        if len(names) != 1:
            return environment
        return {**environment, "conda_file": {"name": names.pop(), **environment["conda_file"]}}

    def _image(self, makers: list[ast.Call]) -> str:
        if self._stored("base_dockerfile"):
            raise self._unknown(self._stored("base_dockerfile")[0].lineno)
        node = next(iter(self._stored("base_image")), None)
        for call in makers:
            if self._values.called(call) == "from_docker_image":
                node = self._values.given(call, "image", 1)
        if node is None:
            return IMAGE
        if isinstance(node, ast.Name | ast.Attribute) and (self._values.dotted(node) or "").endswith(
            "DEFAULT_CPU_IMAGE"
        ):
            return IMAGE
        image = self._values.text(node).value
        if image is None:
            raise self._unknown(node.lineno)
        return image

    def _is_user_managed(self) -> bool:
        nodes = self._user_managed()
        several = len(self._stored("user_managed_dependencies")) > 1
        if nodes and (several or not isinstance(nodes[0], ast.Constant)):
            raise self._unknown(nodes[0].lineno)
        return bool(nodes) and bool(nodes[0].value)  # type: ignore[attr-defined]  # a constant

    def _dependencies(self) -> tuple[list[str], list[str]]:
        conda: list[str] = []
        pip: list[str] = []
        python: str | None = None
        creates = [call for call in self._called("create") if self._is_dependencies(call)]
        bare = self._called("CondaDependencies")
        if len(creates) + len(bare) > 1 or any(call.args or call.keywords for call in bare):
            raise self._unknown((creates + bare)[-1].lineno)
        if not any(self._values.given(call, "pip_packages", 1) for call in creates):
            pip.append("azureml-defaults")  # what stands there when nobody says what is to
        for call in creates:
            conda += self._list(call, "conda_packages", 2)
            pip += self._list(call, "pip_packages", 1)
            python = self._text(call, "python_version", 3) or _PYTHON_OF_CREATE
        conda += self._added("add_conda_package", "conda_package")
        pip += self._added("add_pip_package", "pip_package")
        python = next(iter(self._added("set_python_version", "version")), python)
        own = [package for package in conda if package.partition("=")[0].strip() == "python"]
        head = [] if own else [f"python={python or SDK_PYTHON}"]
        return [*head, *conda], pip

    def _is_dependencies(self, call: ast.Call) -> bool:
        return (self._values.dotted(call.func) or "").endswith("CondaDependencies.create")

    def _list(self, call: ast.Call, name: str, position: int) -> list[str]:
        node = self._values.given(call, name, position)
        if node is None:
            return []
        try:
            items = [None] if Straight(self._values).is_changed(node) else self._values.items(node)
        except Unknown:
            items = [None]
        if None in items:
            raise self._unknown(node.lineno)
        return [str(item) for item in items]

    def _added(self, method: str, parameter: str) -> list[str]:
        added = []
        for call in self._called(method):
            text = self._text(call, parameter, 0)
            if text is None:
                raise self._unknown(call.lineno)
            added.append(text)
        return added


def _of_conda(conda: list[str], pip: list[str]) -> dict[str, Any]:
    dependencies: list[Any] = [*conda]
    if pip:
        dependencies += [] if any(one.partition("=")[0] == "pip" for one in conda) else ["pip"]
        dependencies.append({"pip": pip})
    return {"image": IMAGE, "conda_file": {"channels": _CHANNELS, "dependencies": dependencies}}


def pip_lines(file: ProjectFile, seen: frozenset[Path] = frozenset()) -> list[str]:
    """The lines of a requirements file, those of the files that it names with ``-r`` in their place.

    Raises:
        FileError: a file cannot be read, or a line names a file that would not travel with the job.
    """
    lines: list[str] = []
    for number, _, text in logical_lines(file.text()):
        option, value = option_of(text) or ("", "")
        if option in ("-r", "--requirement") and not is_url(value):
            path = file.path.parent / value
            if path in seen:
                continue
            lines += pip_lines(
                ProjectFile(path, (Path(file.shown).parent / value).as_posix()), seen | {file.path}
            )
        elif option in ("-c", "--constraint", "-e", "--editable") and not is_url(value) and "+" not in value:
            wrong = f"{option} {value} names a file of this machine, and none travels with an environment of SDK v2"
            raise file.error(number, wrong, "Write what it says into the requirements themselves.")
        else:
            lines.append(text)
    return lines
