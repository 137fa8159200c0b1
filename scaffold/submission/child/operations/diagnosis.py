"""What ``scaffold doctor`` asks: the way to Azure, the login, the workspace, its compute targets and quotas."""

import time
from email.utils import parsedate_to_datetime
from typing import Any

from scaffold.submission.child import login as logins
from scaffold.submission.child.compute import messages_of
from scaffold.submission.child.errors import record_of
from scaffold.submission.child.session import Session


def hosts(session: Session, seconds: float) -> list[dict[str, Any]]:
    """Whether the login service and the resource manager answer at all, whatever they answer.

    Args:
        session: the session; nobody is logged in for this.
        seconds: how long to wait for each.

    Returns:
        of each: ``url``, and ``ahead_seconds`` (of its clock before ours; None when it does not say) or ``error``.
    """
    import requests
    from azureml.core.authentication import AbstractAuthentication

    endpoints = AbstractAuthentication()._cloud_type.endpoints
    found: list[dict[str, Any]] = []
    for url in (endpoints.active_directory, endpoints.resource_manager):
        begun = time.time()
        try:
            answer = requests.get(url, timeout=seconds, allow_redirects=False)
        except Exception as error:  # each host is a question of its own
            found.append({"url": url, "error": record_of(error, "")})
        else:
            found.append(
                {"url": url, "ahead_seconds": _ahead(answer.headers.get("date"), begun, time.time())}
            )
    return found


def _ahead(date: str | None, begun: float, ended: float) -> float | None:
    """By how much a clock is ahead of ours, which it was asked between two moments; it tells whole seconds."""
    try:
        told = parsedate_to_datetime(date or "").timestamp()
    except (TypeError, ValueError):
        return None
    return round(told + 0.5 - (begun + ended) / 2, 1)


def login(session: Session) -> dict[str, Any]:
    """Logs in, and tells as whom: ``tenant_id``, ``name`` and ``expires`` (seconds since the epoch)."""
    import jwt

    with logins.asking(may_ask=session.may_ask):
        token = session.auth._get_arm_token()
    claims = jwt.decode(token, options={"verify_signature": False})  # the service checks it; we only show it
    names = ("upn", "unique_name", "preferred_username", "name", "appid", "oid")
    return {
        "tenant_id": claims.get("tid"),
        "name": next((claims[name] for name in names if claims.get(name)), None),
        "expires": claims.get("exp"),
    }


def workspace(session: Session) -> dict[str, Any]:
    """What the workspace says of itself."""
    details = session.workspace.get_details()
    return {
        "id": details.get("id"),
        "location": details.get("location"),
        "friendly_name": details.get("friendlyName"),
    }


def target(session: Session, name: str) -> dict[str, Any] | None:
    """The state of a compute target; None when there is none of that name."""
    from azureml.core.compute import ComputeTarget
    from azureml.exceptions import ComputeTargetException

    try:
        found = ComputeTarget(session.workspace, name)
    except ComputeTargetException as error:
        if "ComputeTargetNotFound" in str(error) or "not found" in str(error):
            return None
        raise
    status = getattr(found, "status", None)
    scale = getattr(status, "scale_settings", None)
    return {
        **_compute(found),
        "state": getattr(status, "state", None),
        "allocation_state": getattr(status, "allocation_state", None),
        "vm_size": getattr(status, "vm_size", None) or getattr(found, "vm_size", None),
        "vm_priority": getattr(status, "vm_priority", None),
        "nodes": getattr(status, "current_node_count", None),
        "least_nodes": getattr(scale, "minimum_node_count", None),
        "most_nodes": getattr(scale, "maximum_node_count", None),
        "errors": messages_of(found),
    }


def targets(session: Session) -> list[dict[str, Any]]:
    """The compute targets of the workspace: ``name``, ``type`` and ``provisioning_state``."""
    from azureml.core.compute import ComputeTarget

    return [_compute(one) for one in ComputeTarget.list(session.workspace)]


def _compute(compute: Any) -> dict[str, Any]:
    return {"name": compute.name, "type": compute.type, "provisioning_state": compute.provisioning_state}


def usages(session: Session) -> list[dict[str, Any]]:
    """How much of each quota of the subscription is in use where the workspace is, as the service tells it."""
    from azureml.core.compute import AmlCompute

    found: list[dict[str, Any]] = AmlCompute.list_usages(session.workspace)
    return found


OPERATIONS = {
    operation.__name__: operation for operation in (hosts, login, workspace, target, targets, usages)
}
