"""Points a project at another workspace: which config.json decides, what stands in it, what replaces it.

Knows neither azureml nor the network, and writes nothing: that is the command's.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from scaffold.errors import ProjectError, UsageError
from scaffold.project import names
from scaffold.project.config import (
    Wrong,
    line_of,
    placeholders,
    workspace_config_at,
    wrong_names,
    wrong_tenant,
)
from scaffold.project.files import FileError, ProjectFile
from scaffold.project.model import LOCAL_SUBSCRIPTION_ID, RUNNER, WorkspaceConfig
from scaffold.project.named import SCRIPTS_AND_NOTEBOOKS, enclosing_project, several, started_in
from scaffold.project.reader import absolute
from scaffold.project.subject import Subject
from scaffold.project.submitting import submitting_scripts

KEYS = ("subscription_id", "resource_group", "workspace_name", "tenant_id")


@dataclass(frozen=True)
class Connection:
    """What decides at present where a project goes.

    Attributes:
        file: the config.json that the SDK reads, or would read once it is there.
        present: the workspace that it names; None when it is missing or malformed.
        elsewhere: the config.json above the project's folder that is read so far, or None.
        replaceable: whether all that the file says can be said again by flags, so that no copy need be kept.
        is_read: False when the submitting script names its workspace by itself.
    """

    file: ProjectFile
    present: WorkspaceConfig | None
    elsewhere: Path | None
    replaceable: bool
    is_read: bool


def connection_of(root: Path, runner: Path | None = None) -> Connection:
    """What decides where a project goes.

    Args:
        root: the project's folder.
        runner: the submitting script; run_experiment.py by default.

    Raises:
        ProjectError: a file outside the project's folder does, because its script names it.
    """
    subject = Subject(root, runner)
    named, is_read = _named(subject)
    if named is not None and not named.is_dir():
        if not _is_inside(named, subject.root):
            raise ProjectError(
                f"{subject.runner.shown} reads its workspace from {named}, outside the project.",
                "Edit that file by hand, or let the script read .azureml/config.json.",
            )
        default = subject.file(named)
    else:
        default = subject.file(subject.root / ".azureml" / "config.json")
    try:
        present = subject.config
        found = present.path
    except FileError as error:
        present, found = None, error.file.path
    if not _is_inside(found, subject.root):
        return Connection(default, present, found if present else None, True, is_read)
    file = subject.file(found) if found.exists() else default
    return Connection(file, present, None, _is_replaceable(file), is_read)


def find_connection(named: Path | None, asked: str) -> tuple[Path, Connection]:
    """The folder that is named, or that of the project which it is in, and what decides where it goes.

    Args:
        named: a folder, whatever is in it, or a script or notebook; None for the current folder.
        asked: the command that takes one, up to where it stands.

    Raises:
        ProjectError: there is no such folder, or a file outside of it decides.
        UsageError: there are several scripts, which read different files.
    """
    path = absolute(named or Path.cwd())
    if not path.exists():
        raise ProjectError(f"{named}: there is no such folder or file.", "Name a folder.")
    project = enclosing_project(path)
    if path.is_file() and path != (project and project / RUNNER):
        root = project or (started_in(path, None) if path.suffix == ".py" else path.parent)
        return root, connection_of(root, path if path.suffix in SCRIPTS_AND_NOTEBOOKS else None)
    if project is not None:
        return project, connection_of(project)
    scripts = submitting_scripts(path, SCRIPTS_AND_NOTEBOOKS)
    found = [connection_of(path, script) for script in scripts] or [connection_of(path)]
    if len({connection.file for connection in found}) > 1:
        raise several(path, scripts, asked)
    return path, replace(found[0], is_read=any(connection.is_read for connection in found))


def _named(subject: Subject) -> tuple[Path | None, bool]:
    """The path that the script gives to ``Workspace.from_config``, and whether it calls it."""
    try:
        submission = subject.submission
    except FileError:  # the script's own fault, which is for `scaffold check` to tell
        return None, True
    argument = submission.workspace_config
    path = subject.absolute(argument.value) if argument is not None and argument.value is not None else None
    return path, submission.reads_config


def _is_inside(path: Path, root: Path) -> bool:
    return Path(os.path.abspath(path)).is_relative_to(root)  # noqa: PTH100  (links as the person sees them)


def _is_replaceable(file: ProjectFile) -> bool:
    """Whether a config.json holds nothing but what flags can say again."""
    if not file.path.exists():
        return True
    try:
        config = workspace_config_at(file)
        content = json.loads(file.text())
    except FileError:
        return False
    return set(content) <= set(KEYS) and not any(_errors(config))


def from_file(path: Path) -> WorkspaceConfig:
    """The workspace that a downloaded config.json names, once nothing is wrong with it.

    Raises:
        UsageError: something is wrong with it; the message names the file and the line.
    """
    file = ProjectFile(path, str(path))
    try:
        config = workspace_config_at(file)
        text = file.text()
    except FileError as error:
        raise UsageError(error.message, error.hint) from error
    for wrong in _errors(config):
        raise UsageError(f"{file.shown}:{line_of(text, wrong.key)}: {wrong.what}.", wrong.hint)
    return config


def _errors(config: WorkspaceConfig) -> Iterator[Wrong]:
    for wrong in (*placeholders(config), *wrong_names(config), *wrong_tenant(config)):
        if wrong.severity == "error":
            yield wrong


def from_names(
    subscription_id: str, resource_group: str, workspace_name: str, tenant_id: str | None
) -> WorkspaceConfig:
    """The workspace of these names, once nothing is wrong with them.

    Raises:
        UsageError: something is wrong with one.
    """
    config = WorkspaceConfig(subscription_id, resource_group, workspace_name, tenant_id or None, Path())
    if not names.is_guid(subscription_id):
        raise UsageError(
            f"--subscription-id '{subscription_id}' is not a GUID.",
            "Give the id of your subscription: 'az account list' shows it.",
        )
    for wrong in _errors(config):
        raise UsageError(f"--{wrong.what.replace('_', '-', 1)}.", wrong.hint)
    return config


def local() -> WorkspaceConfig:
    """The local workspace."""
    return WorkspaceConfig(LOCAL_SUBSCRIPTION_ID, "local", "local", None, Path())


def with_known_tenant(config: WorkspaceConfig, before: WorkspaceConfig | None) -> WorkspaceConfig:
    """The workspace with the tenant that is known of its subscription, where it says none itself."""
    if before is None or config.tenant_id or config.subscription_id != before.subscription_id:
        return config
    return replace(config, tenant_id=before.tenant_id)


def names_of(config: WorkspaceConfig) -> dict[str, str]:
    """What names a workspace, as the keys of config.json."""
    named = {
        "subscription_id": config.subscription_id,
        "resource_group": config.resource_group,
        "workspace_name": config.workspace_name,
    }
    return named | ({"tenant_id": config.tenant_id} if config.tenant_id else {})


def text_of(config: WorkspaceConfig) -> str:
    """A config.json that names the workspace, as a new project has it."""
    return json.dumps(names_of(config), indent=2, ensure_ascii=False) + "\n"
