"""Reads the config.json of a workspace, in the places and the forms that the SDK takes.

Knows neither azureml nor the network.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scaffold.project import names
from scaffold.project.files import ProjectFile
from scaffold.project.model import WorkspaceConfig

# Where Workspace.from_config looks, in its order: each one in the folder and then in those above it.
CONFIG_FILES = [
    Path(folder, name)
    for folder in (".azureml", "aml_config", "")
    for name in ("config.json", "project.json")
]
_REQUIRED = ("subscription_id", "resource_group", "workspace_name")
_DOWNLOAD = "Download config.json again from the Azure ML studio, or mend the file."
# What documentation and tutorials put where a name belongs.
_PLACEHOLDER = re.compile(
    r"<.*>|\{\{.*\}\}|\$\{?\w+\}?|%\w+%|x{3,}|\.{3}|(todo|tbd|fixme|change[-_ ]?me|replace[-_ ]?me|placeholder)"
    r"|(insert|enter|put|add|replace|your)[-_ ].*|(subscription[-_]?id|resource[-_]group|workspace[-_]name)",
    re.IGNORECASE,
)
# A tenant is also known by any of its domains.
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a key of a config.json that can be read.

    Attributes:
        key: the key.
        what: a phrase without its full stop.
        hint: what to do, a sentence.
        severity: an error is sure to fail, a warning may.
    """

    key: str
    what: str
    hint: str
    severity: Literal["error", "warning"] = "error"


def wrong_names(config: WorkspaceConfig) -> Iterator[Wrong]:
    """Names that no resource of Azure's can have; the local workspace takes any."""
    if config.is_local:
        return
    for key, value, check in (
        ("resource_group", config.resource_group, names.resource_group),
        ("workspace_name", config.workspace_name, names.workspace_name),
    ):
        reason = check(value)
        if reason and not _is_placeholder(value):
            yield Wrong(key, f"{key} '{value}' cannot be right: {reason}", "Mend the name.")


def placeholders(config: WorkspaceConfig) -> Iterator[Wrong]:
    """Names that were left as documentation has them; the local workspace takes them all the same."""
    for key, value in (("resource_group", config.resource_group), ("workspace_name", config.workspace_name)):
        if _is_placeholder(value):
            hint = "Put the name of yours there, or download config.json from the Azure ML studio."
            severity: Literal["error", "warning"] = "warning" if config.is_local else "error"
            yield Wrong(key, f"{key} is the placeholder '{value}'", hint, severity)


def _is_placeholder(value: str) -> bool:
    return _PLACEHOLDER.fullmatch(value.strip()) is not None


def wrong_tenant(config: WorkspaceConfig) -> Iterator[Wrong]:
    """A tenant that the workspace cannot be in."""
    if config.tenant_id is None:
        return
    if config.is_local:
        what = f"it names the tenant {config.tenant_id}, which the local workspace is not in"
        hint = "Remove tenant_id, or name the workspace on Azure ML that it belongs to."
        yield Wrong("tenant_id", what, hint)
    elif not names.is_guid(config.tenant_id) and not _DOMAIN.fullmatch(config.tenant_id):
        what = f"tenant_id '{config.tenant_id}' is neither a GUID nor a domain"
        yield Wrong("tenant_id", what, "Put the tenant's id there, or remove the key for your default one.")


def find_workspace_config(start: Path, shown_from: Path | None = None) -> WorkspaceConfig:
    """Reads the config.json that the SDK finds from a folder.

    Args:
        start: the folder.
        shown_from: the folder that messages name the file from; ``start`` by default.

    Raises:
        FileError: there is none, or it is malformed.
    """
    start = Path(os.path.abspath(start))  # noqa: PTH100  (names files as the person sees them)
    shown_from = shown_from or start
    for place in CONFIG_FILES:
        for folder in (start, *start.parents):
            if (folder / place).is_file():
                return workspace_config_at(ProjectFile.within(shown_from, folder / place))
    raise ProjectFile.within(shown_from, start / ".azureml" / "config.json").error(
        None,
        "there is no such file, so the project points at no workspace",
        "Put the config.json that the Azure ML studio offers for download there; "
        "'scaffold workspace connect --local' has it run on this machine.",
    )


def read_workspace_config(path: Path) -> WorkspaceConfig:
    """Reads one config.json, in either of the two forms that the SDK takes.

    Raises:
        FileError: it cannot be read, is not JSON, or a required key is missing or empty; the message
            names the file as ``path`` does.
    """
    return workspace_config_at(ProjectFile(path, str(path)))


def workspace_config_at(file: ProjectFile) -> WorkspaceConfig:
    """As :func:`read_workspace_config`, for a file of a project."""
    text = file.text()
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise file.error(error.lineno, f"not JSON: {error.msg}", _DOWNLOAD) from error
    except RecursionError as error:
        raise file.error(1, "not JSON: nested too deeply", _DOWNLOAD) from error
    except ValueError as error:  # a number of thousands of digits
        raise file.error(1, "not JSON: a number is too long", _DOWNLOAD) from error
    if not isinstance(content, dict):
        raise file.error(1, "not the config of a workspace: it must be a JSON object", _DOWNLOAD)
    values = _from_scope(content["Scope"], file) if content.get("Scope") else content
    for key in _REQUIRED:
        if key not in values:
            raise file.error(1, f"{key} is missing", _DOWNLOAD)
        if not isinstance(values[key], str) or not values[key].strip():
            raise file.error(line_of(text, key), f"{key} must be a text that is not empty", _DOWNLOAD)
    if not names.is_guid(values["subscription_id"]):
        wrong = "subscription_id is not a GUID"
        raise file.error(line_of(text, "subscription_id"), wrong, "Put the id of your subscription there.")
    tenant_id = content.get("tenant_id")
    if tenant_id is not None and not isinstance(tenant_id, str):
        raise file.error(line_of(text, "tenant_id"), "tenant_id must be a text", _DOWNLOAD)
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


def line_of(text: str, key: str) -> int:
    """The line of a key in the text of a config.json, counted from 1."""
    match = re.search(rf'"{key}"\s*:', text)
    return text.count("\n", 0, match.start()) + 1 if match else 1
