"""Asks Azure for a workspace: which ones a login can see, for a person to pick from, and whether one is there."""

from typing import TYPE_CHECKING, Any

from scaffold.cli import console, prompt
from scaffold.cli.login import show_said
from scaffold.errors import ScaffoldError, WorkspaceError

if TYPE_CHECKING:
    from scaffold.project.model import WorkspaceConfig
    from scaffold.submission.asking import Asking


def pick(tenant_id: str | None, method: str) -> "WorkspaceConfig":
    """The workspace that a person picks from those that a login can see.

    Args:
        tenant_id: of the login, or None for its default one.
        method: how to log in.

    Raises:
        WorkspaceError: nobody could be logged in, or there is nothing to pick from.
    """
    from scaffold.project.connection import from_names

    with _asking(None, method, tenant_id) as asking:
        seen = _ask(asking, "looking for subscriptions", "workspaces.subscriptions")
        subscriptions: list[dict[str, Any]] = seen["subscriptions"]
        if not subscriptions:
            raise WorkspaceError(
                f"The login sees no subscription in tenant {seen['tenant_id']}.",
                "Name another tenant with --tenant-id, or log in as somebody else with --auth.",
            )
        names = [f"{one['name']} ({one['id']})" for one in subscriptions]
        subscription = subscriptions[prompt.choose("Subscription", names)]
        workspaces = _ask(
            asking, "looking for workspaces", "workspaces.list", subscription_id=subscription["id"]
        )
    if not workspaces:
        raise WorkspaceError(
            f"The login sees no workspace in the subscription {subscription['name']} ({subscription['id']}).",
            "Pick another subscription, or ask for a role on the workspace.",
        )
    listed = [f"{one['workspace_name']} in resource group {one['resource_group']}" for one in workspaces]
    found = workspaces[prompt.choose("Workspace", listed)]
    return from_names(subscription["id"], found["resource_group"], found["workspace_name"], seen["tenant_id"])


def verify(config: "WorkspaceConfig", method: str) -> None:
    """Asks Azure whether the workspace is there.

    Raises:
        WorkspaceError: it is not, or Azure could not be asked.
    """
    with _asking(config, method, None) as asking:
        try:
            _ask(asking, "asking Azure for the workspace", "diagnosis.workspace")
        except ScaffoldError as error:
            raise WorkspaceError(
                error.message, "Nothing was written; without --verify it is. 'scaffold doctor' tells more."
            ) from error


def _asking(config: "WorkspaceConfig | None", method: str, tenant_id: str | None) -> "Asking":
    from scaffold.submission.asking import Asking

    return Asking(
        config,
        method=method,
        may_ask=console.interactive(),
        show=lambda text: show_said(text, "  "),
        tenant_id=tenant_id,
        debug=console.debugging(),
    )


def _ask(asking: "Asking", what: str, operation: str, **arguments: Any) -> Any:
    with console.working(what):
        return asking.ask(operation, **arguments)
