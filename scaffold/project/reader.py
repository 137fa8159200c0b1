"""Reads a project from its folder, without running any of its code.

What keeps it from being submitted is a :class:`ProjectError`, one line that names file and line, before
anything is sent. Knows neither azureml nor the network.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from scaffold.errors import ProjectError
from scaffold.project import names
from scaffold.project.files import ProjectFile
from scaffold.project.model import Constants, Project, WorkspaceConfig
from scaffold.project.source import Argument, Kind, Submission, read_constants, read_submission
from scaffold.project.specification import check_conda_specification, check_requirements

RUNNER = "run_experiment.py"
CONSTANTS = "constants.py"

# Where Workspace.from_config looks, in its order: each one in the folder and then in those above it.
_CONFIG_FILES = [
    Path(folder, name)
    for folder in (".azureml", "aml_config", "")
    for name in ("config.json", "project.json")
]
_REQUIRED = ("subscription_id", "resource_group", "workspace_name")
_TEXTS = ("TARGET_NAME", "EXPERIMENT_NAME", "SCRIPT_NAME", "ENVIRONMENT_NAME", "ENVIRONMENT_FILE")
_DOWNLOAD = "Download config.json again from the Azure ML studio, or mend the file."


def find_project(start: Path) -> Path:
    """The project's folder, looked for in ``start`` and the folders above it.

    Args:
        start: a folder of the project or below it, or a file in one.

    Raises:
        ProjectError: no folder on the way up is a project.
    """
    folder = _absolute(start)
    if not folder.exists():
        raise ProjectError(f"{start}: there is no such folder.", "Name the folder of a project.")
    if not folder.is_dir():
        folder = folder.parent
    for candidate in (folder, *folder.parents):
        others = (candidate / ".azureml" / "config.json", candidate / CONSTANTS)
        if (candidate / RUNNER).is_file() and any(other.is_file() for other in others):
            return candidate
    raise ProjectError(
        f"{folder}: no project here or above ({RUNNER} beside .azureml/config.json or {CONSTANTS}).",
        "Go to the folder of a project, or make one with 'scaffold new NAME'.",
    )


def read_project(root: Path) -> Project:
    """Reads and checks a project's files.

    Args:
        root: the project's folder, as :func:`find_project` gives it.

    Raises:
        ProjectError: a file is missing or malformed; the message says which, and the line.
    """
    root = _absolute(root)
    runner = ProjectFile.within(root, root / RUNNER)
    constants_file = ProjectFile.within(root, root / CONSTANTS)
    constants = read_constants(constants_file) if constants_file.path.exists() else Constants()
    submission = read_submission(runner, constants, constants_file)
    _check_uses(submission, constants, runner)
    _check_constants(submission, constants, constants_file)
    config = find_workspace_config(root)
    source_directory, script = _read_script(submission, constants, root)
    specification, kind = _read_specification(submission, root)
    return Project(
        root=root,
        config=config,
        constants=constants,
        runner=runner.path,
        source_directory=source_directory,
        script=script,
        specification=specification,
        specification_kind=kind,
    )


def _absolute(path: Path) -> Path:
    # Not resolve(): messages name files as the person sees them, through links too.
    return Path(os.path.abspath(path))  # noqa: PTH100


def find_workspace_config(root: Path) -> WorkspaceConfig:
    """Reads the config.json that the SDK finds from a project's folder.

    Raises:
        ProjectError: there is none, or it is malformed.
    """
    root = _absolute(root)
    for place in _CONFIG_FILES:
        for folder in (root, *root.parents):
            if (folder / place).is_file():
                return _read_config(ProjectFile.within(root, folder / place))
    raise ProjectError(
        ".azureml/config.json: there is no such file, so the project points at no workspace.",
        "Put the config.json that the Azure ML studio offers for download there.",
    )


def read_workspace_config(path: Path) -> WorkspaceConfig:
    """Reads one config.json, in either of the two forms that the SDK takes.

    Raises:
        ProjectError: it cannot be read, is not JSON, or a required key is missing or empty; the message
            names the file as ``path`` does.
    """
    return _read_config(ProjectFile(path, str(path)))


def _read_config(file: ProjectFile) -> WorkspaceConfig:
    text = file.text()
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise file.error(error.lineno, f"not JSON: {error.msg}", _DOWNLOAD) from error
    except RecursionError as error:
        raise file.error(1, "not JSON: nested too deeply", _DOWNLOAD) from error
    if not isinstance(content, dict):
        raise file.error(1, "not the config of a workspace: it must be a JSON object", _DOWNLOAD)
    values = _from_scope(content["Scope"], file) if content.get("Scope") else content
    for key in _REQUIRED:
        if key not in values:
            raise file.error(1, f"{key} is missing", _DOWNLOAD)
        if not isinstance(values[key], str) or not values[key].strip():
            raise file.error(_line_of(text, key), f"{key} must be a text that is not empty", _DOWNLOAD)
    if not names.is_guid(values["subscription_id"]):
        wrong = "subscription_id is not a GUID"
        raise file.error(_line_of(text, "subscription_id"), wrong, "Put the id of your subscription there.")
    tenant_id = content.get("tenant_id")
    if tenant_id is not None and not isinstance(tenant_id, str):
        raise file.error(_line_of(text, "tenant_id"), "tenant_id must be a text", _DOWNLOAD)
    return WorkspaceConfig(
        subscription_id=values["subscription_id"],
        resource_group=values["resource_group"],
        workspace_name=values["workspace_name"],
        tenant_id=tenant_id or None,
        path=file.path,
    )


def _from_scope(scope: Any, file: ProjectFile) -> dict[str, str]:
    """The older form: the ARM id of the workspace, of which the SDK takes the parts by position."""
    parts = scope.split("/") if isinstance(scope, str) else []
    if len(parts) < 9:
        raise file.error(1, "Scope is not the id of a workspace", _DOWNLOAD)
    return {"subscription_id": parts[2], "resource_group": parts[4], "workspace_name": parts[8]}


def _line_of(text: str, key: str) -> int:
    match = re.search(rf'"{key}"\s*:', text)
    return text.count("\n", 0, match.start()) + 1 if match else 1


def _check_uses(submission: Submission, constants: Constants, runner: ProjectFile) -> None:
    """Every constant that run_experiment.py uses is there."""
    if constants.path is None:
        if submission.imports_constants is not None:
            wrong = "imports constants, but there is no constants.py"
            raise runner.error(submission.imports_constants, wrong, "Restore constants.py.")
        return
    for name, line in submission.uses.items():
        dunder = name.startswith("__")
        if name not in constants.values and name not in constants.unknown and not dunder:
            # A star import in constants.py may bring in any name.
            if "*" in constants.unknown:
                continue
            raise runner.error(line, f"{name} is not in constants.py", f"Add {name} to constants.py.")


def _check_constants(submission: Submission, constants: Constants, file: ProjectFile) -> None:
    """The constants that run_experiment.py uses are of the right form, where they are known."""
    used = {name: constants.values[name] for name in submission.uses if name in constants.values}
    for name in (*_TEXTS, "PYTHON_VERSION"):
        # A target of None is the SDK's own way to say "this machine".
        if name not in used or (name == "TARGET_NAME" and used[name] is None):
            continue
        if not isinstance(used[name], str) or not used[name].strip():
            wrong = f"{name} must be a text in quotes"
            raise file.error(constants.lines[name], wrong, f'Write it as {name} = "…".')
    experiment = used.get("EXPERIMENT_NAME")
    if experiment and not re.fullmatch(r"[a-zA-Z0-9][\w-]{0,254}", experiment):
        wrong = f"EXPERIMENT_NAME: Azure ML refuses the name '{experiment}'"
        hint = "Use 1 to 255 letters, digits, '-' or '_', starting with a letter or a digit."
        raise file.error(constants.lines["EXPERIMENT_NAME"], wrong, hint)
    version = used.get("PYTHON_VERSION")
    if version and not re.fullmatch(r"\d+\.\d+(\.\d+)?", version):
        wrong = f"PYTHON_VERSION: '{version}' is not a version"
        raise file.error(constants.lines["PYTHON_VERSION"], wrong, 'Write it as PYTHON_VERSION = "3.11".')
    if "ARGUMENTS" in used and not isinstance(used["ARGUMENTS"], list | tuple):
        hint = 'Write it as ARGUMENTS = ["--name", "value"].'
        raise file.error(constants.lines["ARGUMENTS"], "ARGUMENTS must be a list", hint)


def _read_script(submission: Submission, constants: Constants, root: Path) -> tuple[Path | None, Path | None]:
    """The folder that is sent and the script in it."""
    folder = submission.source_directory
    if folder is None or folder.value is None:
        return None, None
    directory = _absolute(root / folder.value)
    if not directory.is_dir():
        shown = ProjectFile.within(root, directory).shown
        raise folder.file.error(folder.line, f"there is no folder {shown}", "Make it, or mend its name.")
    script = submission.script
    if script is None or script.value is None:
        return directory, None
    path = _absolute(directory / script.value)
    file = ProjectFile.within(root, path)
    if not path.is_file():
        raise script.file.error(script.line, f"there is no file {file.shown}", "Write it, or mend its name.")
    if path.suffix == ".py":
        _check_script(file, constants)
    return directory, path


def _check_script(file: ProjectFile, constants: Constants) -> None:
    """The script compiles; the newer Python that it is for may take what ours does not."""
    try:
        file.check_compiles()
    except ProjectError as error:
        if not (isinstance(error.__cause__, SyntaxError) and _runs_on_newer_python(constants)):
            raise


def _runs_on_newer_python(constants: Constants) -> bool:
    match = re.match(r"(\d+)\.(\d+)", constants.python_version or "")
    return match is not None and (int(match[1]), int(match[2])) > sys.version_info[:2]


def _read_specification(submission: Submission, root: Path) -> tuple[Path | None, Kind | None]:
    """The file that describes the environment, when all calls agree on one."""
    known: dict[Path, tuple[set[Kind], Argument]] = {}
    for kind, argument in submission.specifications:
        if argument.value is None:
            return None, None
        path = _absolute(root / argument.value)
        known.setdefault(path, (set(), argument))[0].add(kind)
    if len(known) != 1:
        return None, None
    [(path, (kinds, argument))] = known.items()
    file = ProjectFile.within(root, path)
    if not path.is_file():
        wrong = f"there is no file {file.shown}"
        raise argument.file.error(argument.line, wrong, "Write it, or mend its name.")
    by_suffix: Kind = "conda" if path.suffix in {".yml", ".yaml"} else "pip"
    kind = by_suffix if len(kinds) > 1 else next(iter(kinds))
    (check_conda_specification if kind == "conda" else check_requirements)(file)
    return path, kind
