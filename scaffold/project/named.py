"""The experiment that a command line names: a command acts on that one, or on none.

A project's folder or its experiment's stands for the project, and a script or a notebook that submits for itself. All
else is refused with the command to type instead: a folder above is never taken for what was named.
"""

import datetime
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from scaffold import words
from scaffold.errors import ProjectError, UsageError
from scaffold.project import notebook
from scaffold.project.config import CONFIG_FILES
from scaffold.project.model import RUNNER
from scaffold.project.reader import absolute, find_project, is_project
from scaffold.project.reading import read_or_nothing
from scaffold.project.subject import Subject
from scaffold.project.submitting import (
    leads_to_submitting,
    starts_logging,
    submits,
    submits_with_v2,
    submitting_scripts,
)

SCRIPTS = (".py",)
SCRIPTS_AND_NOTEBOOKS = (".py", notebook.SUFFIX)


def find_subject(  # noqa: PLR0913  (what a command line names, and what the command takes)
    named: Path | None,
    asked: str,
    *,
    suffixes: Collection[str] = SCRIPTS,
    line: int | None = None,
    today: datetime.date | None = None,
    takes_v2: bool = False,
) -> Subject:
    """The experiment that is named.

    Args:
        named: a project's folder, its experiment's, or a script that submits; None for the project of the current
            folder, which may be any folder of it.
        asked: the command that takes one, up to where it stands.
        suffixes: of the scripts that the command takes.
        line: of one ScriptRunConfig in the script, where it submits several runs.
        today: the day to judge by.
        takes_v2: whether the command takes a script that submits through SDK v2, too.

    Raises:
        ProjectError: it is no experiment.
        UsageError: there are several.
    """
    finder = _Finder(asked, suffixes, line, today, takes_v2)
    if named is None:
        return finder.here(Path.cwd())
    path = absolute(named)
    if path.is_dir():
        return finder.folder(path)
    if path.is_file():
        return finder.file(path)
    raise ProjectError(
        f"{named}: there is no such folder or file.", "Name a project's folder, or the script that submits."
    )


def enclosing_project(path: Path) -> Path | None:
    """The folder of the project that a file or a folder is in, if it is in one."""
    try:
        return find_project(path)
    except ProjectError:
        return None


@dataclass(frozen=True)
class _Finder:
    """Finds what one command line names; the attributes are the arguments of :func:`find_subject`."""

    asked: str
    suffixes: Collection[str]
    line: int | None
    today: datetime.date | None
    takes_v2: bool

    def here(self, folder: Path) -> Subject:
        """The project that the current folder is in, unless the folder has an experiment of its own."""
        root = enclosing_project(folder)
        project = Subject(root, None, self.today) if root else None
        if project is not None and (folder == root or _is_in_source(folder, project)):
            return project
        scripts = submitting_scripts(folder, self.suffixes)
        if scripts:
            return self._only(folder, scripts)
        if project is None:
            raise self._no_project(folder)
        if any(folder.glob("*.py")):
            raise self._not_the_projects(folder, project)
        return project

    def folder(self, folder: Path) -> Subject:
        """A folder that is named: a project, what a project sends, or one that has one script that submits."""
        if is_project(folder):
            return Subject(folder, None, self.today)
        root = enclosing_project(folder)
        project = Subject(root, None, self.today) if root else None
        if project is not None and _is_source(folder, project):
            return project
        scripts = submitting_scripts(folder, self.suffixes)
        if scripts:
            return self._only(folder, scripts)
        raise self._not_the_projects(folder, project) if project else self._no_project(folder)

    def file(self, path: Path) -> Subject:
        """A file that is named: a script or a notebook that submits."""
        root = enclosing_project(path)
        if root is not None and path == root / RUNNER:
            return Subject(root, None, self.today, self.line)
        if path.suffix not in self.suffixes:
            raise self._no_script(path, root)
        is_of_v2 = self.takes_v2 and path.suffix == ".py" and submits_with_v2(path)
        if not (submits(path) or is_of_v2 or self._is_led_to(path, root)):
            raise self._submits_nothing(path, root)
        return Subject(started_in(path, root), path, self.today, self.line)

    def _is_led_to(self, path: Path, root: Path | None) -> bool:
        """Whether a script submits through its modules; the code of an experiment may share some that do."""
        if path.suffix != ".py" or (root is not None and _is_in_source(path, Subject(root))):
            return False
        return leads_to_submitting(path)

    def _only(self, folder: Path, scripts: list[Path]) -> Subject:
        if len(scripts) > 1:
            raise several(folder, scripts, self.asked)
        return Subject(started_in(scripts[0], None), scripts[0], self.today)

    def _typed(self, path: Path) -> str:
        """The command for another path, as it is typed in the current folder."""
        return _typed(self.asked, path)

    # What is refused

    def _no_project(self, folder: Path) -> ProjectError:
        try:
            find_project(folder)
        except ProjectError as error:
            return error
        raise AssertionError("the folder is in no project")  # pragma: no cover

    def _not_the_projects(self, folder: Path, project: Subject) -> ProjectError:
        source = project.source_directory
        sent = f"{_shown(source, project.root)} is" if source else "only running it tells what is"
        return ProjectError(
            f"{_shown(folder, project.root)} is not what {project.runner.shown} submits: {sent}.",
            f"To take the project: {self._typed(project.root)}; "
            f"or have {project.runner.shown} send {_shown(folder, project.root)}.",
        )

    def _submits_nothing(self, path: Path, root: Path | None) -> ProjectError:
        if submits_with_v2(path):
            return ProjectError(
                f"{path.name} submits by itself, through SDK v2; '{_command(self.asked)}' takes scripts of SDK v1.",
                f"Run it: {_run_by_itself(path)}",
            )
        if starts_logging(path):
            return ProjectError(
                f"{path.name} logs a run of its own (start_logging) and submits none.",
                f"Run it: {_run_by_itself(path)}",
            )
        return ProjectError(
            f"{path.name} submits nothing: it calls no Experiment.submit.", self._instead(path, root)
        )

    def _no_script(self, path: Path, root: Path | None) -> ProjectError:
        instead = self._instead(path, root)
        if path.suffix == notebook.SUFFIX:
            return ProjectError(
                f"{path.name} is a notebook, which '{_command(self.asked)}' does not take.",
                f"Run its cells {_under_jupyter(path)}, or see what 'scaffold migrate' makes of it.",
            )
        if path.suffix in (".yml", ".yaml") and _is_job(path):
            return ProjectError(
                f"{path.name} is a job of SDK v2, which '{_command(self.asked)}' does not take.",
                f"Submit it: {words.typed('az', 'ml', 'job', 'create', '-f', _typed_path(path))}; or else: {instead}",
            )
        return ProjectError(f"{path.name} is no script that submits.", instead)

    def _instead(self, path: Path, root: Path | None) -> str:
        """What to type in place of a file that is no experiment."""
        if root is not None:
            return f"To take the project that it is in: {self._typed(root)}"
        scripts = submitting_scripts(path.parent, self.suffixes)
        if scripts:
            return f"Name the script that submits: {self._typed(scripts[0])}"
        return "Name a project's folder, or the script that submits; 'scaffold new NAME' makes a project."


def several(folder: Path, scripts: list[Path], asked: str) -> UsageError:
    """The error of a folder with several scripts of which one has to be named."""
    listed = ", ".join(script.name for script in scripts[:4])
    return UsageError(
        f"{folder}: several scripts submit an experiment: {listed}.",
        f"Name the one to take: {_typed(asked, scripts[0])}",
    )


def started_in(script: Path, root: Path | None) -> Path:
    """The folder in which a script is started: people are mostly in it, as with ``python scripts/submit.py``.

    The SDK looks for config.json from there: where the current folder has none, one nearer to the script decides.
    Jupyter starts a notebook in the notebook's folder.

    Args:
        script: the script.
        root: the folder of the project that it is in, or None.
    """
    if root is not None and script.parent == root:
        return root
    here = Path.cwd()
    if script.suffix == notebook.SUFFIX or not script.is_relative_to(here):
        return script.parent
    between = [folder for folder in script.parents if folder.is_relative_to(here)]
    return next((folder for folder in (here, *between) if _has_config(folder)), here)


def _has_config(folder: Path) -> bool:
    return any((folder / place).is_file() for place in CONFIG_FILES)


def _is_source(folder: Path, project: Subject) -> bool:
    """Whether a folder is the one that a project sends."""
    source = _source(project)
    return source is not None and _real(folder) == _real(source)


def _is_in_source(path: Path, project: Subject) -> bool:
    """Whether a path is in the folder that a project sends; one that sends all of itself has no such place."""
    source = _source(project)
    if source is None or _real(source) == _real(project.root):
        return False
    return _real(path).is_relative_to(_real(source))


def _source(project: Subject) -> Path | None:
    try:
        return project.source_directory
    except ProjectError:  # what is wrong with the script is told by who reads it
        return None


def _real(path: Path) -> Path:
    return Path(os.path.normcase(os.path.realpath(path)))


def _is_job(path: Path) -> bool:
    text = read_or_nothing(path)[:100_000]
    return any(word in text for word in (b"azuremlschemas", b"command:", b"type:", b"jobs:"))


def _shown(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix() if path.is_relative_to(root) else str(path)


def _typed(asked: str, path: Path) -> str:
    """The command for a path, as it is typed in the current folder."""
    return f"{asked} {words.typed(_typed_path(path))}"


def _run_by_itself(script: Path) -> str:
    """The command that runs a script without this program between, where its config.json says."""
    program = ["python"] if _goes_to_azure(script) else ["scaffold", "exec", "--", "python"]
    return words.typed(*program, _typed_path(script))


def _under_jupyter(path: Path) -> str:
    return "in Jupyter" if _goes_to_azure(path) else "under 'scaffold exec -- jupyter lab'"


def _goes_to_azure(path: Path) -> bool:
    return Subject(started_in(path, None), path).goes == "azure"


def _typed_path(path: Path) -> str:
    """A path as it is typed in the current folder."""
    here = Path.cwd()
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)


def _command(asked: str) -> str:
    return asked.partition(" --")[0]
