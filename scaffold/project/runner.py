"""What a submitting script submits, read off its syntax tree as far as it is plain.

People write these scripts as they like: what is not recognised is unknown, never wrong. Knows the names
of the SDK's classes and nothing of the rules.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from scaffold.project import limits
from scaffold.project.command import Started, started
from scaffold.project.described import Described, read_described, sets_user_managed
from scaffold.project.evaluation import UNKNOWN
from scaffold.project.files import ProjectFile
from scaffold.project.model import RUNNER
from scaffold.project.snapshot import MOST_BYTES
from scaffold.project.source import Unknown
from scaffold.project.values import Argument, Values

Kind = Literal["pip", "conda"]

_SPECIFICATION_CALLS: dict[str, Kind] = {
    "from_pip_requirements": "pip",
    "from_conda_specification": "conda",
}
# What makes an Environment, and what changes which packages one has.
_ENVIRONMENTS = {*_SPECIFICATION_CALLS, "Environment", "from_existing_conda_environment"}
_CHANGES = {
    *("add_pip_package", "add_conda_package", "add_channel", "set_pip_requirements", "set_pip_option"),
    *("CondaDependencies", "from_dockerfile", "from_docker_image", "from_docker_build_context"),
    *("from_existing_conda_environment", "add_private_pip_wheel", "remove_pip_package"),
}
_OWN_ENVIRONMENT = {"conda_dependencies", "base_dockerfile", "build_context"}
# What a ScriptRunConfig takes no notice of beside a run_config.
_IGNORED = {
    *("compute_target", "environment", "distributed_job_config", "docker_runtime_config"),
    "max_run_duration_seconds",
}
# Calls that make folders and files: what the script names need not be there before it runs.
_MAKES_FILES = {
    *("makedirs", "mkdir", "copy", "copy2", "copyfile", "copytree", "move", "write_text"),
    *("extractall", "unpack_archive", "urlretrieve", "clone_from"),
}


@dataclass(frozen=True)
class Arguments:
    """The command line that the script is started with.

    Attributes:
        values: one text each; None for each that is not known.
        file: the file to mend when they are wrong.
        line: the line of that file.
    """

    values: tuple[str | None, ...]
    file: ProjectFile
    line: int


@dataclass(frozen=True)
class Submission:
    """What a submitting script submits.

    Attributes:
        source_directory: the folder that is sent.
        script: the script's path in that folder.
        makes_script: whether the command that starts the script may write it first.
        config_line: the line of the one ScriptRunConfig; None when there is none, or several.
        arguments: what the script is started with; None when that is not known.
        compute_target: its name where it is known; None when the script gives no target at all.
        experiment: the experiment's name; None when that is not known.
        workspace_config: the path that Workspace.from_config is given; None when it looks for it itself.
        reads_config: whether Workspace.from_config is called at all.
        specifications: the files that describe environments, with how each one is read.
        specifications_only: whether nothing but those files says what the environments hold.
        python: the version that set_python_version is given.
        sets_python: whether it is called.
        python_of: how the environments are read that it is called for, as far as that is known.
        described: the environment that the script describes without a file, or that the SDK takes without one.
        ignored: what the ScriptRunConfig is given and takes no notice of → the line.
        makes_files: whether the script writes files or folders before it submits.
        idle_config: the line of a ScriptRunConfig that is neither submitted nor given to anything; or None.
        uncalled: functions that submit and that nothing calls → the line that defines them.
        unused: environments that are made and never used, and functions that would make one: name → line.
        uses: names of constants.py that it uses → the line of the first use.
        imports_constants: the line of the import, or None without one.
        most_bytes: the SDK's limit of a snapshot's size; None when the script computes another one.
        lifts_count: whether the script lifts the SDK's limit of the number of files.
        unread: the line that imports SDK v2, where what the script submits through it is not read.
    """

    source_directory: Argument | None = None
    script: Argument | None = None
    makes_script: bool = False
    config_line: int | None = None
    arguments: Arguments | None = None
    compute_target: Argument | None = None
    experiment: Argument | None = None
    workspace_config: Argument | None = None
    reads_config: bool = False
    specifications: tuple[tuple[Kind, Argument], ...] = ()
    specifications_only: bool = False
    python: Argument | None = None
    sets_python: bool = False
    python_of: frozenset[Kind] = frozenset()
    described: Described | None = None
    ignored: dict[str, int] = field(default_factory=dict)
    makes_files: bool = False
    idle_config: int | None = None
    uncalled: dict[str, int] = field(default_factory=dict)
    unused: dict[str, int] = field(default_factory=dict)
    uses: dict[str, int] = field(default_factory=dict)
    imports_constants: int | None = None
    unread: int | None = None
    most_bytes: int | None = MOST_BYTES
    lifts_count: bool = False


def read_submission(values: Values) -> Submission:
    """What a submitting script submits.

    Args:
        values: the names and values of the script.
    """
    return _Reader(values).submission()


class _Reader:
    """Reads one submitting script."""

    def __init__(self, values: Values) -> None:
        self._file = values.file
        self._values = values
        self._calls = [node for node in ast.walk(values.tree) if isinstance(node, ast.Call)]
        self._stored = {
            node.attr
            for node in ast.walk(values.tree)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        }
        configs = self._calls_of("ScriptRunConfig")
        self._config = configs[0] if len(configs) == 1 else None
        jobs = [call for call in self._calls if values.dotted(call.func) == "azure.ai.ml.command"]
        self._job = jobs[0] if len(jobs) == 1 and not configs else None

    def _calls_of(self, *names: str) -> list[ast.Call]:
        return [call for call in self._calls if self._values.called(call) in names]

    def submission(self) -> Submission:
        config = self._config
        pythons = self._calls_of("set_python_version")
        command, of_command = self._command()
        submits = self._calls_of("submit")
        return Submission(
            source_directory=self._source_directory(),
            script=of_command or (self._values.argument(config, "script", 1) if config else None),
            makes_script=command is not None and command.may_be_made,
            config_line=config.lineno if config else None,
            arguments=self._arguments() if of_command is None else self._arguments_of(command, of_command),
            compute_target=self._compute_target(),
            experiment=self._only("Experiment", "name", 1),
            workspace_config=self._values.placed(self._only("from_config", "path", 0)),
            reads_config=bool(self._calls_of("from_config")),
            specifications=tuple(self._specifications()),
            specifications_only=self._specifications_only(),
            python=self._only("set_python_version", "version", 0),
            sets_python=bool(pythons),
            python_of=frozenset(kind for call in pythons for kind in self._kinds_of(call)),
            described=read_described(self._file, self._values, config),
            ignored=self._ignored(),
            makes_files=bool(self._calls_of(*_MAKES_FILES)),
            idle_config=None if submits else min(self._unused({"ScriptRunConfig"}).values(), default=None),
            uncalled=self._uncalled(submits),
            unused=self._unused(_ENVIRONMENTS) | self._idle_makers(),
            uses=self._values.uses(),
            imports_constants=self._values.imports_constants,
            unread=self._unread(),
            most_bytes=limits.most_bytes(self._values),
            lifts_count=limits.lifts_count(self._values),
        )

    def _unread(self) -> int | None:
        if self._job is not None or self._calls_of("ScriptRunConfig"):
            return None
        return self._values.imported_at("azure.ai.ml")

    def _only(self, called: str, name: str, position: int) -> Argument | None:
        """What the one call of that name gives for a parameter."""
        calls = self._calls_of(called)
        return self._values.argument(calls[0], name, position) if len(calls) == 1 else None

    def _source_directory(self) -> Argument | None:
        if self._config is not None:
            return self._values.placed(self._values.argument(self._config, "source_directory", 0))
        code = self._values.placed(self._values.argument(self._job, "code")) if self._job else None
        # What SDK v2 takes from elsewhere is not a folder of this machine.
        return None if code and code.value and re.match(r"\w+(\+\w+)*:(//)?(?![\\/])", code.value) else code

    def _command(self) -> tuple[Started | None, Argument | None]:
        """The script that ``command`` starts, where one is given in the place of ``script``."""
        call = self._config or self._job
        node = self._values.given(call, "command", 10 if call is self._config else None) if call else None
        if call is None or node is None or (self._config and self._values.given(call, "script", 1)):
            return None, None
        try:
            line: str | None = " ".join(UNKNOWN if one is None else one for one in self._values.items(node))
        except Unknown:
            line = self._values.template(node)
        found = started(line) if line else None
        return found, Argument(found.script, *self._values.origin(node)) if found else None

    def _arguments_of(self, command: Started | None, script: Argument) -> Arguments | None:
        if command is None or command.arguments is None:
            return None
        return Arguments(command.arguments, script.file, script.line)

    def _arguments(self) -> Arguments | None:
        config = self._config
        if config is None or "arguments" in self._stored or _has_stars(config):
            return None
        if self._values.given(config, "run_config") or self._values.given(config, "command"):
            return None
        node = self._values.given(config, "arguments", 2)
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return Arguments((), self._file, config.lineno)
        try:
            items = self._values.items(node)
        except Unknown:
            return None
        return Arguments(tuple(items), *self._values.origin(node))

    def _compute_target(self) -> Argument | None:
        """The target; an unknown one when it may be given in some other way."""
        config = self._config
        unknown = Argument(None, self._file, config.lineno if config else 1)
        if config is None or _has_stars(config):
            return unknown
        node = self._values.given(config, "compute_target", 5)
        if node is None or self._ignored():
            elsewhere = self._values.given(config, "run_config") or {"target", "run_config"} & self._stored
            return unknown if elsewhere else None
        return self._values.text(node)

    def _specifications(self) -> Iterator[tuple[Kind, Argument]]:
        for call in self._calls_of(*_SPECIFICATION_CALLS):
            argument = self._values.placed(self._values.argument(call, "file_path", 1))
            if argument:
                yield _SPECIFICATION_CALLS[self._values.called(call)], argument

    def _specifications_only(self) -> bool:
        if self._calls_of(*_CHANGES) or _OWN_ENVIRONMENT & self._stored or self._changes_image():
            return False
        if sets_user_managed(self._values.tree) or (
            "environment" in self._ignored() and not self._stores_one()
        ):
            return False
        others = [
            call
            for call in self._calls_of("Environment", "get")
            if self._values.called(call) == "Environment"
            or (self._values.dotted(call.func) or "").endswith("Environment.get")
        ]
        return not others and bool(self._calls_of(*_SPECIFICATION_CALLS))

    def _changes_image(self) -> bool:
        """Whether an image of the user's is set, which may be there to bring packages."""
        return any(
            not (isinstance(node.value, ast.Constant) and node.value.value is None)
            and not (self._values.dotted(node.value) or "").endswith(
                ("DEFAULT_CPU_IMAGE", "DEFAULT_GPU_IMAGE")
            )
            for node in ast.walk(self._values.tree)
            if isinstance(node, ast.Assign)
            and any(isinstance(one, ast.Attribute) and one.attr == "base_image" for one in node.targets)
        )

    def _stores_one(self) -> bool:
        return "environment" in self._stored

    def _kinds_of(self, call: ast.Call) -> set[Kind]:
        """How the environment of ``env.python.conda_dependencies.set_python_version(…)`` is read."""
        owner: ast.expr = call.func
        while isinstance(owner, ast.Attribute):
            owner = owner.value
        made = [
            node.value
            for node in ast.walk(self._values.tree)
            if isinstance(node, ast.Assign) and isinstance(owner, ast.Name)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id == owner.id
        ]
        called = {self._values.called(one) if isinstance(one, ast.Call) else "" for one in made}
        known: set[Kind] = {_SPECIFICATION_CALLS[one] for one in called if one in _SPECIFICATION_CALLS}
        return known if len(known) == len(called) else set()

    def _ignored(self) -> dict[str, int]:
        config = self._config
        given = self._values.given(config, "run_config", 3) if config else None
        if config is None or given is None or (isinstance(given, ast.Constant) and not given.value):
            return {}
        return {
            one.arg: one.value.lineno
            for one in config.keywords
            if one.arg in _IGNORED and not (isinstance(one.value, ast.Constant) and one.value.value is None)
        }

    def _uncalled(self, calls: list[ast.Call]) -> dict[str, int]:
        """Functions of a script with these calls in them, where nothing in it so much as names one of them."""
        if not self._is_script():
            return {}
        body = self._values.tree.body
        functions = [node for node in body if isinstance(node, ast.FunctionDef) and not node.decorator_list]
        holding = {function.name: function for function in functions if _holds(function, calls)}
        named: set[str] = set()
        for statement in body:
            own = statement.name if isinstance(statement, ast.FunctionDef) else None
            named.update(_names_in(statement, but=own))
        # One that is called somehow saves them all, and so does a call that is in none of them.
        inside = sum(_holds(function, [call]) for function in holding.values() for call in calls)
        if inside < len(calls) or named & set(holding):
            return {}
        return {name: function.lineno for name, function in holding.items()}

    def _idle_makers(self) -> dict[str, int]:
        """Functions that make environments and that nothing calls, where the ScriptRunConfig is given none."""
        config = self._config
        if config is None or _has_stars(config) or {"environment", "run_config"} & self._stored:
            return {}
        if self._values.given(config, "environment") or self._values.given(config, "run_config"):
            return {}
        return {f"{name}()": line for name, line in self._uncalled(self._calls_of(*_ENVIRONMENTS)).items()}

    def _is_script(self) -> bool:
        """Whether the file is meant to be run, and not imported by another one."""
        if self._file.path.name == RUNNER:
            return True
        return any(
            isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(self._values.tree)
        )

    def _unused(self, makers: set[str]) -> dict[str, int]:
        """What calls of these names make, bound to a name that is given to nothing: name → line."""
        made: dict[str, int] = {}
        for node in ast.walk(self._values.tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                target = node.targets[0]
                if isinstance(target, ast.Name) and self._values.called(node.value) in makers:
                    made[target.id] = node.lineno
        if not made:
            return {}
        used = set(_uses_as_value(self._values.tree))
        return {name: line for name, line in made.items() if name not in used}


def _holds(function: ast.FunctionDef, calls: list[ast.Call]) -> bool:
    return any(node is call for node in ast.walk(function) for call in calls)


def _has_stars(call: ast.Call) -> bool:
    return any(keyword.arg is None for keyword in call.keywords) or any(
        isinstance(item, ast.Starred) for item in call.args
    )


def _names_in(statement: ast.stmt, but: str | None) -> Iterator[str]:
    """Every name that a statement mentions, in texts as well (``globals()["main"]()``)."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and node.id != but:
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _uses_as_value(tree: ast.AST) -> Iterator[str]:
    """Names that are passed on, returned, stored or registered; ``env.python.x = y`` is none of these."""
    owners = {
        id(node.value): node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            attribute = owners.get(id(node))
            if attribute is None or attribute in ("register", "build", "build_local", "name", "clone"):
                yield node.id
