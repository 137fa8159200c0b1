"""Compute targets: whatever the name, it is this machine.

A project must not have to change to run here, so every name that Azure ML would take resolves. Source of
the shape: ``AmlCompute`` and ``ComputeResource`` of the SDK's models.
"""

import re
from typing import Any

from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, context_of
from scaffold.workspace.runs import Status

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,23}")


async def get_compute(request: Request) -> Any:
    """A compute target by name, as an AmlCompute of one node."""
    name = request.path_params["name"]
    if not _NAME.fullmatch(name):
        raise faults.not_found(f"Compute target {name!r} (no name that Azure ML allows)")
    return _compute(context_of(request), name)


def _compute(context: Context, name: str) -> dict[str, Any]:
    counts = context.store.runs.count_by_status()
    running = min(1, counts.get(Status.RUNNING.value, 0))
    return {
        "id": f"{context.scope}/computes/{name}",
        "name": name,
        "type": "Microsoft.MachineLearningServices/workspaces/computes",
        "location": "local",
        "tags": {"scaffold": "this machine"},
        "identity": None,
        "sku": None,
        "properties": {
            "computeType": "AmlCompute",
            "computeLocation": "local",
            "description": "This machine",
            "provisioningState": "Succeeded",
            "provisioningErrors": None,
            "createdOn": context.store.created,
            "modifiedOn": context.store.created,
            "resourceId": None,
            "isAttachedCompute": False,
            "disableLocalAuth": None,
            "properties": {
                "vmSize": "STANDARD_LOCAL",
                "vmPriority": "Dedicated",
                "scaleSettings": {
                    "minNodeCount": 1,
                    "maxNodeCount": 1,
                    "nodeIdleTimeBeforeScaleDown": "PT120S",
                },
                "userAccountCredentials": None,
                "subnet": None,
                "remoteLoginPortPublicAccess": "Disabled",
                "allocationState": "Steady",
                "allocationStateTransitionTime": context.store.created,
                "errors": None,
                "currentNodeCount": 1,
                "targetNodeCount": 1,
                "nodeStateCounts": {
                    "idleNodeCount": 1 - running,
                    "runningNodeCount": running,
                    "preparingNodeCount": 0,
                    "unusableNodeCount": 0,
                    "leavingNodeCount": 0,
                    "preemptedNodeCount": 0,
                },
            },
        },
    }
