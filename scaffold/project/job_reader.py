"""A project as a command job of SDK v2: what its submitting script submits through SDK v1, in v2's words.

Read off the syntax tree and the files, as the rules do; nothing is executed. A job must be whole: what only
running the script would tell is an error here that names the line, never left out. Knows neither SDK.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from scaffold.project import job_environment
from scaffold.project.files import FileError
from scaffold.project.job import CommandJob
from scaffold.project.reading import is_folder
from scaffold.project.source import Unknown
from scaffold.project.subject import Subject
from scaffold.project.values import Values

_T = TypeVar("_T")
_ESTIMATOR = (
    "Write it as a ScriptRunConfig, which has taken the place of estimators within SDK v1, and migrate that."
)
_PIPELINE = "SDK v2 has pipeline jobs of components (@pipeline of azure.ai.ml.dsl): each step is a command."
# What people submit without a ScriptRunConfig → what there is for it.
_OTHERS = {
    **dict.fromkeys(("Estimator", "SKLearn", "PyTorch", "TensorFlow", "Chainer"), _ESTIMATOR),
    **dict.fromkeys(("Pipeline", "PythonScriptStep", "ParallelRunStep"), _PIPELINE),
    "AutoMLConfig": "SDK v2 has azure.ai.ml.automl.",
    "start_logging": "Such a run needs no job: mlflow.start_run() with the workspace's tracking address.",
}
_TARGETS = ("ComputeTarget", "AmlCompute", "ComputeInstance", "create")
_SUBMIT_WITH_V1 = (
    "Write it as a literal, there or in constants.py; 'scaffold submit --sdk v1' runs the script itself."
)


def read_job(subject: Subject, faults: list[FileError] | None = None) -> CommandJob:
    """The job that a project is.

    Args:
        subject: the project.
        faults: where given, takes what cannot be told but for the folder and the script, and the job lacks it.

    Raises:
        FileError: a file is missing or malformed, or the script computes what the job would have to say.
    """
    try:
        return _Reader(subject, faults).job()
    except RecursionError as error:
        hint = "Write it in fewer brackets, or submit with --sdk v1, which runs the script itself."
        raise subject.runner.error(1, "it is nested too deeply to be read", hint) from error


class _Reader:
    """Reads one project."""

    def __init__(self, subject: Subject, faults: list[FileError] | None) -> None:
        self._subject = subject
        self._faults = faults
        self._submission = subject.submission
        self._runner = subject.runner
        self._values = Values(self._runner, subject.constants, subject.constants_file, subject.root)
        self._sources: dict[str, str] = {}
        self._left: list[str] = []
        self._calls = [node for node in ast.walk(self._values.tree) if isinstance(node, ast.Call)]
        configs = [call for call in self._calls if self._values.called(call) == "ScriptRunConfig"]
        if len(configs) != 1:
            raise self._several(configs) if configs else self._none()
        self._config = configs[0]

    def _several(self, configs: list[ast.Call]) -> FileError:
        wrong = f"it makes {len(configs)} ScriptRunConfigs, and a job is made from one"
        one = f"{self._runner.shown}:{configs[0].lineno}"
        hint = f"Name a script that submits one run; 'scaffold migrate {one}' takes the first of these."
        return self._runner.error(configs[1].lineno, wrong, hint)

    def _none(self) -> FileError:
        """Names what is submitted in its place."""
        wrong, hint = "it makes no ScriptRunConfig", "Name a script that submits one run."
        for call in self._calls:
            made = self._values.called(call)
            if made in _OTHERS:
                wrong, hint = f"{wrong} but {made}", _OTHERS[made]
                return self._runner.error(call.lineno, f"{wrong}, and a job is made from one", hint)
        return self._runner.error(None, f"{wrong}, and a job is made from one", hint)

    def job(self) -> CommandJob:
        command = self._command()
        distribution, instances = self._or(self._distribution, ({}, None))
        return CommandJob(
            code=self._code(),
            script=None if command is not None else self._script(),
            arguments=() if command is not None else self._or(self._arguments, ()),
            command=command,
            environment=self._or(self._environment, {"image": job_environment.IMAGE}),
            experiment=self._or(self._experiment, None),
            compute=self._or(self._compute, None),
            variables=self._or(self._variables, {}),
            distribution=distribution,
            instances=instances,
            timeout=self._or(self._timeout, None),
            tags=self._or(self._tags, {}),
            display_name=self._or(lambda: self._stored_text("display_name"), None),
            sources=self._sources,
            left=tuple(self._left),
        )

    def _or(self, read: Callable[[], _T], otherwise: Any) -> _T:
        """What is read, or something else when it cannot be and faults are wanted."""
        try:
            return read()
        except FileError as error:
            if self._faults is None:
                raise
            self._faults.append(error)
            instead: _T = otherwise
            return instead

    def _environment(self) -> dict[str, Any] | str:
        return job_environment.read(self._subject, self._values, self._config, self._sources)

    def _unknown(self, line: int, what: str) -> FileError:
        return self._runner.error(
            line, f"{what} is computed, so that only running the script tells it", _SUBMIT_WITH_V1
        )

    def _note(self, key: str, node: ast.expr, what: str) -> None:
        self._sources[key] = _source_of(self._subject, self._values, node, what)

    def _given(self, name: str, position: int | None = None) -> ast.expr | None:
        node = self._values.given(self._config, name, position)
        return None if isinstance(node, ast.Constant) and node.value is None else node

    def _code(self) -> Path:
        node = self._given("source_directory", 0)
        if node is None:
            self._sources["code"] = f"ScriptRunConfig in {self._runner.shown} names no folder: its own"
            return self._subject.root
        argument = self._values.text(node)
        if argument.value is None:
            raise self._unknown(node.lineno, "source_directory")
        folder = self._subject.absolute(argument.value)
        if not is_folder(folder):
            made = (
                "Run what makes it, or mend its name." if self._submission.makes_files else "Mend its name."
            )
            raise argument.file.error(argument.line, f"there is no folder {argument.value}", made)
        self._note("code", node, "source_directory")
        return folder

    def _script(self) -> str:
        node = self._given("script", 1)
        if node is None:
            raise self._unknown(self._config.lineno, "script")
        argument = self._values.text(node)
        if argument.value is None:
            raise self._unknown(node.lineno, "script")
        self._note("command", node, "script")
        return Path(argument.value).as_posix()

    def _arguments(self) -> tuple[str, ...]:
        found = self._submission.arguments
        node = self._given("arguments", 2) or next(self._stored("arguments"), None)
        if node is None and found is not None:
            return found.values  # type: ignore[return-value]  # none at all
        if node is None:
            return ()
        try:
            items = self._values.items(node)
        except Unknown:
            items = [None]
        if None in items:
            raise self._unknown(node.lineno, "arguments")
        of = _source_of(self._subject, self._values, node, "arguments")
        before = self._sources["command"]
        self._sources["command"] = before if of == before else f"{before}; {of}"
        return tuple(str(item) for item in items)

    def _command(self) -> str | None:
        node = self._given("command")
        if node is None:
            return None
        self._note("command", node, "command")
        try:
            return " ".join(str(item) for item in self._known_items(node))
        except Unknown:
            argument = self._values.text(node)
        if argument.value is None:
            raise self._unknown(node.lineno, "command")
        return argument.value

    def _known_items(self, node: ast.expr) -> list[str | None]:
        items = self._values.items(node)
        if None in items:
            raise self._unknown(node.lineno, "command")
        return items

    def _experiment(self) -> str | None:
        calls = [call for call in self._calls if self._values.called(call) == "Experiment"]
        nodes = [node for call in calls if (node := self._values.given(call, "name", 1)) is not None]
        texts = {self._values.text(node).value for node in nodes}
        if len(texts) != 1 or None in texts:
            raise self._unknown(nodes[0].lineno if nodes else self._config.lineno, "the experiment's name")
        self._note("experiment_name", nodes[0], "Experiment")
        return texts.pop()

    def _compute(self) -> str | None:
        node = self._given("compute_target") or next(self._stored("target"), None)
        if node is None:
            self._sources["compute"] = f"{self._runner.shown} names no compute target"
            return None
        name = self._target_name(node)
        if name is None:
            raise self._unknown(node.lineno, "the compute target")
        self._note("compute", node, "compute_target")
        return name

    def _target_name(self, node: ast.expr) -> str | None:
        """The name of ``"name"``, ``ComputeTarget(ws, "name")``, ``ws.compute_targets["name"]`` and the like."""
        known = self._values.text(node).value
        if known is not None:
            return known
        node = self._values.followed(node)
        inner: ast.expr | None = None
        if isinstance(node, ast.Call) and self._values.called(node) in _TARGETS:
            inner = self._values.given(node, "name", 1)
        elif isinstance(node, ast.Subscript):
            inner = node.slice
        elif isinstance(node, ast.Name):  # made when it is not there, looked up when it is
            names = {self._target_name(one) for one in self._bindings(node.id)}
            return names.pop() if len(names) == 1 else None
        return None if inner is None else self._values.text(inner).value

    def _bindings(self, name: str) -> Iterator[ast.expr]:
        for node in ast.walk(self._values.tree):
            if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == name for target in node.targets
            ):
                yield node.value

    def _stored(self, attribute: str) -> Iterator[ast.expr]:
        """What is assigned to ``….attribute``; the last one first."""
        found = [
            node.value
            for node in ast.walk(self._values.tree)
            if isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Attribute) and target.attr == attribute for target in node.targets)
        ]
        yield from sorted(found, key=lambda node: -node.lineno)

    def _stored_text(self, attribute: str) -> str | None:
        node = next(self._stored(attribute), None)
        if node is None:
            return None
        text = self._values.text(node).value
        if text is None:
            raise self._unknown(node.lineno, attribute)
        self._note(attribute, node, attribute)
        return text

    def _plain(self, node: ast.expr, what: str) -> Any:
        try:
            return self._values.plain(node)
        except Unknown:
            raise self._unknown(node.lineno, what) from None

    def _variables(self) -> dict[str, str]:
        """Those of the run configuration over those of the environment, which has no place for any in SDK v2."""
        of: dict[str, dict[str, str]] = {}
        for owner, node, replaces in self._set_in("environment_variables"):
            variables = self._plain(node, "environment_variables")
            if not isinstance(variables, dict):
                raise self._unknown(node.lineno, "environment_variables")
            texts = {str(key): str(value) for key, value in variables.items()}
            of[owner] = texts if replaces else of.get(owner, {}) | texts
            self._note("environment_variables", node, "environment_variables")
        first_the_environments = sorted(of, key=self._is_run_configuration)
        return {key: value for owner in first_the_environments for key, value in of[owner].items()}

    def _set_in(self, attribute: str) -> list[tuple[str, ast.expr, bool]]:
        """What goes into a dictionary ``OWNER.attribute``: owner, what, whether it replaces what was there."""
        found: list[tuple[ast.expr, ast.expr, bool]] = []
        for node in ast.walk(self._values.tree):
            match node:
                case ast.Assign(targets=[ast.Attribute(value=owner, attr=name)], value=value):
                    found += [(owner, value, True)] if name == attribute else []
                case ast.Assign(
                    targets=[ast.Subscript(value=ast.Attribute(value=owner, attr=name), slice=key)],
                    value=value,
                ):
                    one = ast.copy_location(ast.Dict(keys=[key], values=[value]), node)
                    found += [(owner, one, False)] if name == attribute else []
                case ast.Call(
                    func=ast.Attribute(value=ast.Attribute(value=owner, attr=name), attr="update"),
                    args=[value],
                ):
                    found += [(owner, value, False)] if name == attribute else []
        in_order = sorted(found, key=lambda entry: entry[1].lineno)
        return [(ast.unparse(owner), value, replaces) for owner, value, replaces in in_order]

    def _is_run_configuration(self, owner: str) -> bool:
        if owner.endswith("run_config"):
            return True
        made = self._values.followed(ast.parse(owner, mode="eval").body)
        return isinstance(made, ast.Call) and self._values.called(made) == "RunConfiguration"

    def _tags(self) -> dict[str, str]:
        """The tags that the script gives with ``submit(config, tags=…)`` and ``set_tags``, and ``tag`` by literals."""
        tags: dict[str, str] = {}
        for call in self._calls:
            called = self._values.called(call)
            node: ast.expr | None = None
            if called == "submit":
                node = self._values.given(call, "tags", 1)
            elif called == "set_tags":
                node = self._values.given(call, "tags", 0)
            elif called == "tag":
                node = self._tag(call)
            if node is not None:
                self._note("tags", node, "tags")
                tags |= {str(k): str(v) for k, v in dict(self._plain(node, "tags")).items()}
        return tags

    def _tag(self, call: ast.Call) -> ast.expr | None:
        """A call of ``tag`` as a dictionary; None for one whose words only the run tells, such as its metrics."""
        key, value = self._values.given(call, "key", 0), self._values.given(call, "value", 1)
        if key is None:
            return None
        found = ast.copy_location(ast.Dict(keys=[key], values=[value or ast.Constant("")]), call)
        try:
            self._values.plain(found)
        except Unknown:
            place = f"{self._runner.shown}:{call.lineno}"
            self._left.append(f"{place}: a tag that only the run tells is not one of the job")
            return None
        return found

    def _timeout(self) -> int | None:
        node = self._given("max_run_duration_seconds") or next(self._stored("max_run_duration_seconds"), None)
        if node is None:
            return None
        self._note("limits", node, "max_run_duration_seconds")
        return int(self._plain(node, "max_run_duration_seconds"))

    def _distribution(self) -> tuple[dict[str, Any], int | None]:
        node = self._given("distributed_job_config")
        if node is None:
            return {}, self._node_count()
        call = self._values.followed(node)
        if not isinstance(call, ast.Call):
            raise self._unknown(node.lineno, "distributed_job_config")
        self._sources["distribution"] = f"distributed_job_config in {self._runner.shown}"

        def number(name: str, position: int, default: int | None) -> int | None:
            given = self._values.given(call, name, position)
            value = default if given is None else self._plain(given, name)
            return None if value is None else int(value)

        kind = self._values.called(call)
        if kind == "MpiConfiguration":
            each, nodes = number("process_count_per_node", 0, 1), number("node_count", 1, 1)
            return {"type": "mpi", "process_count_per_instance": each}, nodes
        if kind == "PyTorchConfiguration":
            nodes = number("node_count", 2, 1) or 1
            total = number("process_count", 1, None) or nodes
            return {"type": "pytorch", "process_count_per_instance": max(1, total // nodes)}, nodes
        if kind == "TensorflowConfiguration":
            workers, servers = number("worker_count", 0, 1) or 1, number("parameter_server_count", 1, 0) or 0
            distribution = {"type": "tensorflow", "worker_count": workers, "parameter_server_count": servers}
            return distribution, workers + servers
        wrong = f"SDK v2 has no counterpart of {kind}"
        raise self._runner.error(
            node.lineno, wrong, "Submit it with --sdk v1, or choose another configuration."
        )

    def _node_count(self) -> int | None:
        node = next(self._stored("node_count"), None)
        return None if node is None else int(self._plain(node, "node_count"))


def _source_of(subject: Subject, values: Values, node: ast.expr, what: str) -> str:
    """Where a value comes from, in words that stay the same when lines move."""
    name = values.constant(node)
    if name is None:
        inside = {
            values.constant(part) for part in ast.walk(node) if isinstance(part, ast.Attribute | ast.Name)
        }
        inside.discard(None)
        name = next(iter(inside), None) if len(inside) == 1 else None
    if name is not None:
        return f"{name} in {subject.constants_file.shown}"
    return f"{what} in {subject.runner.shown}"
