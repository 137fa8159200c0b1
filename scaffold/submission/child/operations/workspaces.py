"""What there is to choose from: the subscriptions that a login sees, and the workspaces in one."""

from typing import Any

from scaffold.submission.child import login as logins
from scaffold.submission.child.session import Session


def subscriptions(session: Session) -> dict[str, Any]:
    """The subscriptions that the login sees, and its tenant.

    Returns:
        ``tenant_id`` and ``subscriptions``, each with ``id`` and ``name``.
    """
    with logins.asking(may_ask=session.may_ask):
        found, tenant_id = session.auth._get_all_subscription_ids()
    return {
        "tenant_id": tenant_id,
        "subscriptions": [
            {"id": one.subscription_id, "name": one.subscription_name}
            for one in sorted(found, key=lambda one: one.subscription_name.lower())
        ],
    }


def listed(session: Session, subscription_id: str) -> list[dict[str, str]]:
    """The workspaces of a subscription: ``workspace_name`` and ``resource_group``."""
    from azureml.core import Workspace

    found = Workspace.list(subscription_id, auth=session.auth)
    return [
        {"workspace_name": one.name, "resource_group": one.resource_group}
        for name in sorted(found, key=str.lower)
        for one in found[name]
    ]


OPERATIONS = {"subscriptions": subscriptions, "list": listed}
