"""Rules about config.json: which workspace it means, and whether there can be one of that name."""

from collections.abc import Iterable, Iterator

from scaffold.project.config import (
    CONFIG_FILES,
    Wrong,
    line_of,
    placeholders,
    workspace_config_at,
    wrong_names,
    wrong_tenant,
)
from scaffold.project.files import FileError, ProjectFile
from scaffold.project.finding import Found, Theme
from scaffold.project.subject import Subject

theme = Theme("config", "The workspace: config.json")


@theme.rule(
    "file",
    "error",
    "now",
    "config.json is missing or cannot be read",
    why="The SDK finds no workspace to submit to.",
)
def config_file(subject: Subject) -> Iterator[Found]:
    """`Workspace.from_config` looks for `.azureml/config.json`, `aml_config/config.json` and `config.json`
    (and each of them as `project.json`) in the project's folder and those above it. The file must be a JSON
    object with `subscription_id` (a GUID), `resource_group` and `workspace_name`, in UTF-8 without a byte
    order mark. A script that names its workspace by itself, without `from_config`, needs none.
    """
    try:
        _ = subject.config
    except FileError as error:
        if subject.submission.reads_config or error.file.path.exists():
            yield Found.of(error)


@theme.rule(
    "name",
    "error",
    "now",
    "no workspace or resource group can have that name",
    why="Azure has no resource of that name, so the workspace is not found.",
)
def config_name(subject: Subject) -> Iterator[Found]:
    """Azure allows 1 to 90 letters, digits and `-_.()` in the name of a resource group, and 3 to 33 letters,
    digits, `-` and `_` in that of a workspace. The local workspace takes any.
    """
    yield from _found(subject, wrong_names(subject.config))


@theme.rule(
    "placeholder",
    "error",
    "now",
    "a placeholder was left in config.json",
    why="The workspace is not found under that name.",
)
def config_placeholder(subject: Subject) -> Iterator[Found]:
    """Words that documentation puts where a name belongs, such as `<my-resource-group>`, `your-workspace` or
    `xxx`. The local workspace takes any name, so it is a warning there.
    """
    yield from _found(subject, placeholders(subject.config))


@theme.rule(
    "tenant",
    "error",
    "now",
    "the tenant cannot be the workspace's",
    why="Logging in to that tenant does not lead to this workspace.",
)
def config_tenant(subject: Subject) -> Iterator[Found]:
    """`tenant_id` is a GUID or one of the tenant's domains. The local workspace is in no tenant."""
    yield from _found(subject, wrong_tenant(subject.config))


@theme.rule(
    "shadowed",
    "warning",
    "now",
    "another config.json of the project names another workspace, and is not read",
    why="The SDK takes the first one that it finds: .azureml before aml_config before the folder itself.",
)
def config_shadowed(subject: Subject) -> Iterator[Found]:
    """When `.azureml/config.json` and `config.json` stand in one folder and differ, only the first is read.
    Editing the other one has no effect.
    """
    used = subject.config
    if subject.submission.workspace_config and subject.submission.workspace_config.value:
        return
    for place in CONFIG_FILES:
        path = subject.root / place
        if path == used.path or not path.is_file() or used.path.parent.parent != subject.root:
            continue
        try:
            other = workspace_config_at(subject.file(path))
        except FileError:
            continue  # not the config of a workspace, and not read
        if (other.subscription_id, other.resource_group, other.workspace_name) != (
            used.subscription_id,
            used.resource_group,
            used.workspace_name,
        ):
            shown = ProjectFile.within(subject.root, used.path).shown
            wrong = f"it names workspace '{other.workspace_name}', but {shown} is read, which names another"
            yield Found(subject.file(path), None, wrong, f"Remove this file, or move it to {shown}.")


def _found(subject: Subject, wrongs: Iterable[Wrong]) -> Iterator[Found]:
    """Findings at the keys of config.json."""
    file = subject.file(subject.config.path)
    for wrong in wrongs:
        yield Found(file, line_of(file.text(), wrong.key), wrong.what, wrong.hint, severity=wrong.severity)
