"""What a project of ours is made from, checked; knows nothing of templates' files."""

from dataclasses import asdict, dataclass
from pathlib import Path

from scaffold.errors import UsageError
from scaffold.project import names

# How a person gives each answer, for error messages.
FLAGS = {
    "project_slug": "NAME",
    "experiment_name": "--experiment",
    "script_name": "--script",
    "compute_target": "--compute-target",
    "environment_kind": "--environment",
    "environment_name": "--environment-name",
    "python_version": "--python-version",
    "sdk": "--sdk",
    "subscription_id": "--subscription-id",
    "resource_group": "--resource-group",
    "workspace_name": "--workspace-name",
    "tenant_id": "--tenant-id",
}


@dataclass(frozen=True)
class Answers:
    """What a project is made from; the defaults are those of the template's cookiecutter.json.

    Raises:
        UsageError: an answer cannot be used; the message names its flag and says why.
    """

    project_slug: str = "my-exp"
    experiment_name: str = "Experiment_1"
    script_name: str = ""
    compute_target: str = "cpu-cluster"
    environment_kind: str = "pip"
    environment_name: str = ""
    python_version: str = "3.11"
    sdk: str = "v1"
    subscription_id: str = "00000000-0000-0000-0000-000000000000"
    resource_group: str = "local"
    workspace_name: str = "local"
    tenant_id: str = ""

    def __post_init__(self) -> None:
        check_answer("project_slug", self.project_slug)
        check_answer("experiment_name", self.experiment_name)
        if not self.script_name:
            object.__setattr__(self, "script_name", f"{self.experiment_name[:100].lower()}.py")
        if not self.environment_name:
            prefix = "env-" if self.project_slug.lower().startswith(("azureml", "microsoft")) else ""
            object.__setattr__(self, "environment_name", f"{prefix}{self.project_slug}-env")
        for variable, value in asdict(self).items():
            check_answer(variable, value)


def check_answer(variable: str, value: str) -> None:
    """Checks one answer.

    Args:
        variable: its name, one of ``FLAGS``.
        value: the answer.

    Raises:
        UsageError: it cannot be used; the message names the flag and says why.
    """
    reason = names.CHECKS[variable](value)
    if reason is None:
        return
    flag = FLAGS[variable]
    if variable == "project_slug":
        check_no_path(value)
    raise UsageError(f"{flag} {value!r} cannot be used: {reason}.", f"Give another {flag}.")


def check_no_path(name: str) -> None:
    """Checks that a project's name is not a path.

    Raises:
        UsageError: it is one.
    """
    if Path(name).name != name or "\\" in name:
        raise UsageError(
            f"NAME {name!r} cannot be used: it is a path.",
            "Give the name alone, and the folder to make the project in with --output-dir.",
        )
