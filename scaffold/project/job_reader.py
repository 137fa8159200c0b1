"""A project as a command job of SDK v2: what its submitting script submits through SDK v1, in v2's words.

Read off the syntax tree and the files, as the rules do; nothing is executed. A job must be whole: what only
running the script would tell is an error here that names the line, never left out. Knows neither SDK.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from scaffold.project import job_arguments, job_distribution, job_environment, v2_path
from scaffold.project.files import FileError
from scaffold.project.job import CommandJob, Remark
from scaffold.project.job_arguments import Arguments
from scaffold.project.job_configuration import Configured
from scaffold.project.reading import is_folder
from scaffold.project.source import Unknown
from scaffold.project.straight import Straight
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
# Stands for a compute target that is not known: without one, a job of SDK v2 goes to serverless compute, which costs.
_NO_COMPUTE = "NAME-OF-THE-COMPUTE-TARGET"
_TARGETS = ("ComputeTarget", "AmlCompute", "ComputeInstance", "create")
_SUBMIT_WITH_V1 = (
    "Write it as a literal, there or in constants.py; 'scaffold submit --sdk v1' runs the script itself."
)


def read_job(
    subject: Subject, faults: list[FileError] | None = None, *, environment: bool = True
) -> CommandJob:
    """The job that a project is.

    Args:
        subject: the project.
        faults: where given, takes what cannot be told but for the folder and the script, and the job lacks it.
        environment: whether to read what the environment holds; without it, the job has the SDK's own image.

    Raises:
        FileError: a file is missing or malformed, or the script computes what the job would have to say.
    """
    try:
        return _Reader(subject, faults, environment=environment).job()
    except RecursionError as error:
        hint = "Write it in fewer brackets, or submit with --sdk v1, which runs the script itself."
        raise subject.runner.error(1, "it is nested too deeply to be read", hint) from error


class _Reader:
    """Reads one project."""

    def __init__(self, subject: Subject, faults: list[FileError] | None, *, environment: bool) -> None:
        self._subject = subject
        self._faults = faults
        self._reads_environment = environment
        self._submission = subject.submission
        self._runner = subject.runner
        self._values = Values(self._runner, subject.constants, subject.constants_file, subject.root)
        self._straight = Straight(self._values)
        self._sources: dict[str, str] = {}
        self._missing: dict[str, str] = {}
        self._left: list[Remark] = []
        self._calls = [node for node in ast.walk(self._values.tree) if isinstance(node, ast.Call)]
        configs = [call for call in self._calls if self._values.called(call) == "ScriptRunConfig"]
        if len(configs) != 1:
            raise self._several(configs) if configs else self._none()
        self._config = configs[0]
        self._configured = Configured(self._values, self._config)

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
        command, arguments = self._command() or (None, None)
        code = self._code()
        script = None if command is not None else self._script()
        words: tuple[str, ...] = ()
        if arguments is None:
            arguments = self._arguments()
            words = tuple(arguments.words)
        distribution, instances = self._or("distribution", self._distribution, ({}, None))
        variables = self._or("environment_variables", self._variables, {})
        if script is not None:
            variables = self._with_path(code, script, variables)
        return CommandJob(
            code=code,
            script=script,
            arguments=words,
            command=command,
            environment=self._or("environment", self._environment, {}),
            experiment=self._or("experiment_name", self._experiment, None),
            compute=self._or("compute", self._compute, _NO_COMPUTE),
            inputs=arguments.inputs,
            outputs=arguments.outputs,
            variables=variables,
            distribution=distribution,
            instances=instances,
            timeout=self._or("limits", self._timeout, None),
            tags=self._or("tags", self._tags, {}),
            display_name=self._or("display_name", lambda: self._stored_text("display_name"), None),
            sources=self._sources,
            missing=self._missing,
            left=(*self._left, *arguments.remarks),
            carried=frozenset(arguments.carried),
        )

    def _or(self, key: str, read: Callable[[], _T], otherwise: Any) -> _T:
        """What is read, or something else when it cannot be and faults are wanted."""
        try:
            return read()
        except FileError as error:
            if self._faults is None:
                raise
            self._faults.append(error)
            self._missing[key] = error.message.rstrip(".")
            instead: _T = otherwise
            return instead

    def _environment(self) -> dict[str, Any] | str:
        if not self._reads_environment:
            return {"image": job_environment.IMAGE}
        return job_environment.read(self._subject, self._values, self._config, self._sources)

    def _unknown(self, line: int, what: str) -> FileError:
        return self._runner.error(
            line, f"{what} is computed, so that only running the script tells it", _SUBMIT_WITH_V1
        )

    def _note(self, key: str, node: ast.expr, what: str) -> None:
        self._sources[key] = _source_of(self._subject, self._values, node, what)

    def _given(self, name: str, position: int | None = None) -> ast.expr | None:
        return self._configured.given(name, position)

    def _require_known(self, what: str) -> None:
        """Raises:
        FileError: a run configuration is given that comes from elsewhere, and may say anything.
        """
        if self._configured.comes_from_elsewhere:
            raise self._unknown(self._config.lineno, what)

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
        if node is None or self._configured.stored("script"):
            raise self._unknown(self._config.lineno, "script")
        argument = self._values.text(node)
        if argument.value is None:
            raise self._unknown(node.lineno, "script")
        self._note("command", node, "script")
        return Path(argument.value).as_posix()

    def _arguments(self) -> Arguments:
        given = [node for node in [self._given("arguments", 2)] if node is not None]
        said = [*given, *self._stored("arguments")]
        if not said:
            return Arguments()
        node = said[0]
        several = [*said[1:], *self._configured.changes("arguments")]
        if several:  # which of them counts, and when, is not followed
            node = ast.copy_location(
                ast.Call(func=ast.Name("list", ast.Load()), args=[], keywords=[]), several[0]
            )
        found = job_arguments.read(self._values, self._runner.shown, node)
        self._tell_lacking(found, "arguments")
        of = _source_of(self._subject, self._values, node, "arguments")
        before = self._sources["command"]
        self._sources["command"] = before if of == before else f"{before}; {of}"
        return found

    def _tell_lacking(self, found: Arguments, what: str) -> None:
        """Raises:
        FileError: something is not known, and faults are not wanted.
        """
        for lacking in found.lacking:
            error = self._unknown(lacking.node.lineno, lacking.what or what)
            wrong, hint = error.wrong, f"Write it into job.yml, where {lacking.word} stands in its place."
            if lacking.why:
                wrong, hint = f"{lacking.what} is data that no input stands for: {lacking.why}", lacking.hint
                error = self._runner.error(lacking.node.lineno, wrong, hint)
            if self._faults is None:
                raise error
            self._faults.append(self._runner.error(lacking.node.lineno, wrong, hint))

    def _command(self) -> tuple[str, Arguments] | None:
        node = self._given("command")
        if node is None:
            return None
        self._note("command", node, "command")
        argument = self._values.text(node)
        if argument.value is not None:
            return argument.value, Arguments()
        found = job_arguments.read(self._values, self._runner.shown, node)
        if any(not lacking.what for lacking in found.lacking):
            raise self._unknown(node.lineno, "command")
        self._tell_lacking(found, "command")
        return " ".join(found.words), found

    def _experiment(self) -> str | None:
        calls = [call for call in self._calls if self._values.called(call) == "Experiment"]
        nodes = [node for call in calls if (node := self._values.given(call, "name", 1)) is not None]
        texts = {self._values.text(node).value for node in nodes}
        if len(texts) != 1 or None in texts:
            raise self._unknown(nodes[0].lineno if nodes else self._config.lineno, "the experiment's name")
        self._note("experiment_name", nodes[0], "Experiment")
        return texts.pop()

    def _compute(self) -> str | None:
        try:
            node = self._configured.stored_in_run("target") or self._given("compute_target")
        except Unknown:
            raise self._unknown(self._config.lineno, "the compute target") from None
        if node is None:
            self._require_known("the compute target")
            self._sources["compute"] = (
                f"{self._runner.shown} names no compute target: SDK v1's own, this machine"
            )
            return "local"
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
        yield from reversed(self._configured.stored(attribute))

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
            if self._straight.is_changed(node):
                raise Unknown
            return self._values.plain(node)
        except Unknown:
            raise self._unknown(node.lineno, what) from None

    def _variables(self) -> dict[str, str]:
        """Those of the run configuration over those of the environment, which has no place for any in SDK v2."""
        of: dict[str, dict[str, str]] = {}
        for owner, node, replaces in self._configured.put_into("environment_variables"):
            variables = self._plain(node, "environment_variables")
            if not isinstance(variables, dict):
                raise self._unknown(node.lineno, "environment_variables")
            texts = {str(key): str(value) for key, value in variables.items()}
            of[owner] = texts if replaces else of.get(owner, {}) | texts
            self._note("environment_variables", node, "environment_variables")
        first_the_environments = sorted(of, key=self._configured.is_run_configuration)
        return {key: value for owner in first_the_environments for key, value in of[owner].items()}

    def _with_path(self, code: Path, script: str, variables: dict[str, str]) -> dict[str, str]:
        """The variables with the snapshot's folder on Python's path, where the script needs what SDK v1 puts there."""
        found = next(v2_path.imports_from_root(self._subject), None)
        if found is None:
            return variables
        what = f"{script} imports {found.top} from {code.name}, where SDK v1 looks for modules and SDK v2 does not"
        if "PYTHONPATH" in variables:
            if "." not in variables["PYTHONPATH"].split(":"):
                line = self._config.lineno
                self._left.append(Remark(self._runner.shown, line, what, "Add . to PYTHONPATH in job.yml."))
            return variables
        self._sources["environment_variables"] = "; ".join(
            filter(None, (self._sources.get("environment_variables"), f"PYTHONPATH: {what}"))
        )
        return {**variables, "PYTHONPATH": "."}

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
            what = "a tag that only the run tells is not one of the job"
            self._left.append(
                Remark(
                    self._runner.shown, call.lineno, what, "mlflow.set_tag(…) in the run's script sets it."
                )
            )
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
        if node is not None:
            self._sources["distribution"] = f"distributed_job_config in {self._runner.shown}"
            return job_distribution.read(self._values, node, self._unknown, self._runner)
        for said in self._configured.processes():
            raise self._unknown(said.lineno, "the distribution of the run configuration")
        self._require_known("the distribution")
        count = next(self._stored("node_count"), None)
        return {}, None if count is None else int(self._plain(count, "node_count"))


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
