"""A project as the rules look at it: each of its files read once, when a rule first asks.

What cannot be read raises :class:`~scaffold.project.files.FileError` wherever it is asked for; one rule tells
it, the others pass. Runs none of the project's code, and knows neither azureml nor the network.
"""

import datetime
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from scaffold.project import ruff
from scaffold.project.conda import CondaFile, Package, one_python, read_conda
from scaffold.project.config import find_workspace_config, workspace_config_at
from scaffold.project.described import Described
from scaffold.project.distributions import closure
from scaffold.project.files import FileError, ProjectFile
from scaffold.project.ignore import IgnoreFile
from scaffold.project.imports import Modules, reach
from scaffold.project.model import CONSTANTS, RUNNER, Constants, Project, WorkspaceConfig
from scaffold.project.python import SDK_CONDA_PYTHON, SDK_PYTHON, Python
from scaffold.project.reading import is_file, is_folder, is_readable
from scaffold.project.remembered import remembered
from scaffold.project.requirements import Named, Requirements, read_requirements
from scaffold.project.runner import Kind, Submission, read_submission
from scaffold.project.section import Section
from scaffold.project.snapshot import Snapshot, take
from scaffold.project.source import read_constants
from scaffold.project.values import Argument, Values

if TYPE_CHECKING:
    from scaffold.project.resolution import Resolution


@dataclass(frozen=True)
class Specified:
    """The file that describes the environment.

    Attributes:
        file: the file.
        kind: how the submitting script reads it.
        argument: where the script names it.
        either: whether the script chooses between pip and conda by the file's name, as new projects do.
    """

    file: ProjectFile
    kind: Kind
    argument: Argument
    either: bool


@dataclass(frozen=True)
class Provided:
    """The distributions that the environment holds, by the names that PyPI has for them.

    Attributes:
        names: those that are asked for, and those that come along with them as far as that is known.
        complete: whether there can be no others.
        unknown_modules: whether one comes from an address, so that nobody knows which modules it has.
    """

    names: frozenset[str] = frozenset()
    complete: bool = False
    unknown_modules: bool = False


class Subject:
    """A project that is being checked.

    Args:
        root: the project's folder, in which the submitting script is started.
        runner: the submitting script; run_experiment.py by default.
        line: of one ScriptRunConfig in it, where it submits several runs.
        today: the day to judge the ends of life by.
    """

    def __init__(
        self,
        root: Path,
        runner: Path | None = None,
        today: datetime.date | None = None,
        line: int | None = None,
    ) -> None:
        self.root = Path(os.path.abspath(root))  # noqa: PTH100  (names files as the person sees them)
        self.runner = ProjectFile.within(self.root, runner or self.root / RUNNER)
        if line is not None:
            self.runner = Section(self.runner.path, self.runner.shown, line)
        self.constants_file = ProjectFile.within(self.root, self.runner.path.parent / CONSTANTS)
        self.today = today or datetime.date.today()
        self.resolution: Resolution | None = None  # what the resolver said, where it was asked

    def file(self, path: Path) -> ProjectFile:
        """A file of the project."""
        return ProjectFile.within(self.root, path)

    @remembered
    def constants(self) -> Constants:
        exists = self.constants_file.path.exists()
        return read_constants(self.constants_file) if exists else Constants()

    @remembered
    def submission(self) -> Submission:
        return read_submission(self.values)

    @remembered
    def values(self) -> Values:
        """The names and values of the submitting script."""
        return Values(self.runner, self.constants, self.constants_file, self.root)

    @remembered
    def config(self) -> WorkspaceConfig:
        """The workspace that the SDK would find."""
        named = self.submission.workspace_config
        if named is not None and named.value is not None:
            path = self.root / named.value
            if is_file(path):
                return workspace_config_at(self.file(path))
            if is_folder(path):
                return find_workspace_config(path, shown_from=self.root)
        return find_workspace_config(self.root)

    @property
    def goes(self) -> Literal["local", "azure"] | None:
        """Where the project is submitted to; None when that cannot be told."""
        try:
            return "local" if self.config.is_local else "azure"
        except FileError:
            return None

    @remembered
    def source_directory(self) -> Path | None:
        """The folder that is sent; None when that is not known, or there is none."""
        folder = self.submission.source_directory
        if folder is None or folder.value is None:
            return None
        directory = self.absolute(folder.value)
        return directory if is_folder(directory) else None

    @remembered
    def script(self) -> ProjectFile | None:
        """The script in it; None when that is not known, or there is none."""
        script = self.submission.script
        if self.source_directory is None or script is None or script.value is None:
            return None
        path = self.absolute(self.source_directory / script.value)
        inside = path.is_relative_to(self.source_directory)
        return self.file(path) if is_file(path) and inside else None

    @remembered
    def snapshot(self) -> Snapshot | None:
        """What would travel."""
        if self.source_directory is None:
            return None
        return take(self.source_directory, IgnoreFile.of(self.root, self.source_directory))

    @remembered
    def modules(self) -> Modules | None:
        """The Python files that the script is made of, as far as its imports lead."""
        if self.script is None or self.script.path.suffix != ".py" or self.snapshot is None:
            return None
        return reach(self.script, self.snapshot, self.root)

    @remembered
    def specified(self) -> Specified | None:
        """The one specification that all calls agree on; None when that is not known, or there is none."""
        known: dict[Path, tuple[set[Kind], Argument]] = {}
        for kind, argument in self.submission.specifications:
            if argument.value is None:
                return None
            known.setdefault(self.absolute(argument.value), (set(), argument))[0].add(kind)
        if len(known) != 1:
            return None
        [(path, (kinds, argument))] = known.items()
        by_suffix: Kind = "conda" if path.suffix in {".yml", ".yaml"} else "pip"
        kind = by_suffix if len(kinds) > 1 else next(iter(kinds))
        return Specified(self.file(path), kind, argument, len(kinds) > 1)

    @remembered
    def described(self) -> Described | None:
        """The environment that no file describes, but the submitting script or the SDK itself."""
        return self.submission.described

    @property
    def packages(self) -> tuple[Package, ...]:
        """What conda installs besides Python, whatever says so."""
        if self.described is not None:
            return self.described.packages
        return self.conda.packages if self.conda else ()

    @remembered
    def conda(self) -> CondaFile | None:
        """The conda specification, when it is one."""
        specified = self.specified
        if specified is None or specified.kind != "conda" or not is_file(specified.file.path):
            return None
        return read_conda(specified.file)

    @remembered
    def pip(self) -> Requirements | None:
        """What pip installs: of either kind of specification."""
        specified = self.specified
        if self.described is not None:
            return self.described.pip
        if specified is None or not is_file(specified.file.path):
            return None
        if specified.kind == "conda":
            return self.conda.pip if self.conda else None
        return read_requirements(specified.file)

    @remembered
    def python(self) -> Python | None:
        """The Python that the environment gets; None when that is not known."""
        if self.described is not None:
            return self.described.python
        if self.specified is None:
            return None
        if self.specified.kind == "conda":
            return self._conda_python()
        if not self.submission.sets_python:
            if not self.submission.specifications_only:
                return None
            argument = self.specified.argument
            return Python(SDK_PYTHON, self.runner, argument.line, chosen=False)
        argument = self.submission.python or self.specified.argument
        version = self.submission.python.value if self.submission.python else None
        if version is None or not re.fullmatch(r"\d+\.\d+(\.\d+)?", version):
            return None
        return Python(version, argument.file, argument.line, chosen=True)

    def _conda_python(self) -> Python | None:
        conda, submission = self.conda, self.submission
        if conda is None or conda.faults:
            return None
        if submission.sets_python and submission.python_of != {"pip"}:
            return None
        if conda.python is None:
            return Python(SDK_CONDA_PYTHON, conda.file, 1, chosen=False)
        if conda.python_fate == "replaced":
            return Python(SDK_CONDA_PYTHON, conda.file, conda.python.line, chosen=False)
        version = one_python(conda.python.version) if conda.python_fate == "kept" else None
        return Python(version, conda.file, conda.python.line, chosen=True) if version else None

    @remembered
    def provided(self) -> Provided:
        """What the environment holds; nothing, and others too, where it is described in some other way."""
        pip, conda, described = self.pip, self.conda, self.described
        if pip is None or (conda and conda.faults and conda.faults != pip.faults):
            return Provided()
        if described is None and not self.submission.specifications_only:
            return Provided()
        asked = {_with_extras(line) for line in pip.named} | {package.pypi_name for package in self.packages}
        begun = [match[1].lower() for one in pip.faults if (match := _LEADING.search(one.wrong))]
        asked |= set(begun)
        asked |= described.implied if described else frozenset()
        names, unknown = closure(asked)
        addressed = any(line.brings for line in pip.others) or any(line.requirement.url for line in pip.named)
        whole = len(begun) == len(pip.faults) and (described is None or described.complete)
        return Provided(frozenset(names), whole and not unknown and not addressed, addressed)

    @remembered
    def diagnostics(self) -> list[ruff.Diagnostic]:
        """What ruff says of the submitting script and of the script's modules, for the environment's Python."""
        modules = self.modules.modules if self.modules else ()
        paths = dict.fromkeys([self.runner.path, *(module.file.path for module in modules)])
        files = [path for path in paths if is_readable(path)]
        minor = self.python.minor if self.python else None
        return ruff.diagnose(files, minor)

    def absolute(self, path: Path | str) -> Path:
        """A path of the project, links left alone."""
        return Path(os.path.abspath(self.root / path))  # noqa: PTH100

    def project(self) -> Project:
        """What is known of it, once no rule has anything against it.

        Raises:
            FileError: a file cannot be read.
        """
        specified = self.specified
        return Project(
            root=self.root,
            config=self.config,
            constants=self.constants,
            runner=self.runner.path,
            source_directory=self.source_directory,
            script=self.script.path if self.script else None,
            specification=specified.file.path if specified else None,
            specification_kind=specified.kind if specified else None,
        )


# The name with which a line begins that pip cannot read.
_LEADING = re.compile(r"^'([A-Za-z][A-Za-z0-9._-]*)")


def _with_extras(line: Named) -> str:
    extras = ",".join(sorted(line.requirement.extras))
    return f"{line.name}[{extras}]" if extras else line.name
