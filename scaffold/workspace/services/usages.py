"""How much of its quotas a subscription uses: here a run takes a core, and as many execute as may at once.

Source: ``ListUsagesResult``, ``Usage`` and ``UsageName`` of the SDK's models; the types of usage and their names are
those of Azure's own examples of this operation.
"""

from typing import Any

from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, context_of
from scaffold.workspace.engine.queueing import CORES, NO_QUOTA
from scaffold.workspace.services.dto import Dto

_PROVIDER = "Microsoft.MachineLearningServices"


class UsageNameDto(Dto):
    """``UsageName``."""

    value: str
    localized_value: str


class UsageDto(Dto):
    """``Usage``, with the field that newer services add."""

    id: str
    type: str
    current_value: int
    limit: int
    name: UsageNameDto
    unit: str = "Count"
    aml_workspace_location: str | None = None


async def list_usages(request: Request) -> Any:
    """The quotas; with ``expandChildren`` also what this workspace has of each."""
    context, subscription = context_of(request), request.path_params["subscription"]
    if not context.named.has_subscription(subscription):
        raise faults.not_found(f"Subscription {subscription}")
    whole = f"/subscriptions/{subscription}"
    usages = [
        _cores(context, whole, "totalCores", "TotalCores", "Total Cluster vCPUs"),
        _cores(context, whole, "totalDedicatedCores", "TotalDedicatedCores", CORES),
    ]
    if request.query_params.get("expandChildren", "").lower() == "true":
        own = f"{context.scope}/usages/TotalDedicatedCores"
        usages.append(_cores(context, own, "workspaces/dedicatedCores", "TotalDedicatedCores", CORES))
    # No nextLink: the client asks for the next page as long as there is one, null or not.
    return {"value": usages}


def _cores(context: Context, id: str, kind: str, name: str, shown: str) -> UsageDto:
    queue = context.engine.queue
    used_up = any(wait.code == NO_QUOTA for wait in queue.waits.values())
    return UsageDto(
        id=id,
        type=f"{_PROVIDER}/{kind}/usages",
        current_value=queue.width if used_up else queue.executing,
        limit=queue.width,
        name=UsageNameDto(value=name, localized_value=shown),
        aml_workspace_location="local",
    )
