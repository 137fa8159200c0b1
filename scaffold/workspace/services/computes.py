"""Compute targets: whatever the name, it is this machine.

A project must not have to change to run here, so every name that Azure ML would take resolves, without having
been created. What people create is kept as a record with the sizes they asked for; what they delete does not
resolve until it is created again. A run may be submitted to any name at any time: that asks for no compute.
Listed are the names that were created, those that runs were submitted to, and the one that a new project names.

Source of the shapes: ``azureml.core.compute`` (``amlcompute``, ``computeinstance``), ``ComputeResource`` of the
SDK's models.
"""

import re
import socket
import uuid
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from scaffold.workspace import faults, identity, refusals
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.engine.queueing import NO_QUOTA
from scaffold.workspace.runs import Status
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.store.computes import Compute

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,23}")
CLUSTER, INSTANCE = "AmlCompute", "ComputeInstance"


class ScaleSettings(Dto):
    """``ScaleSettings``."""

    min_node_count: int | None = None
    max_node_count: int | None = None
    node_idle_time_before_scale_down: str | None = None


class ComputeDetails(Dto):
    """What is kept of an AmlCompute's or ComputeInstance's own properties; passwords and keys are not."""

    vm_size: str | None = None
    vm_priority: str | None = None
    scale_settings: ScaleSettings | None = None


class ComputeProperties(Dto):
    """``Compute``."""

    compute_type: str | None = None
    description: str | None = None
    properties: ComputeDetails | None = None


class ComputeResource(Dto):
    """``ComputeResource``, as a client sends it."""

    properties: ComputeProperties | None = None
    tags: dict[str, str | None] | None = None


# What people ask for most, as Azure describes it: cores, GPUs, memory (GB), local disk (MB). Whatever the size, it is
# this machine; a ComputeInstance cannot be asked for in a size that is not listed.
_SIZES = (
    ("Standard_D1_v2", 1, 0, 3.5, 51200),
    ("Standard_D2_v2", 2, 0, 7.0, 102400),
    ("Standard_D3_v2", 4, 0, 14.0, 204800),
    ("Standard_D4_v2", 8, 0, 28.0, 409600),
    ("Standard_D12_v2", 4, 0, 28.0, 204800),
    ("Standard_DS1_v2", 1, 0, 3.5, 7168),
    ("Standard_DS2_v2", 2, 0, 7.0, 14336),
    ("Standard_DS3_v2", 4, 0, 14.0, 28672),
    ("Standard_DS4_v2", 8, 0, 28.0, 57344),
    ("Standard_DS11_v2", 2, 0, 14.0, 28672),
    ("Standard_DS12_v2", 4, 0, 28.0, 57344),
    ("Standard_E4ds_v4", 4, 0, 32.0, 153600),
    ("Standard_F4s_v2", 4, 0, 8.0, 32768),
    ("Standard_F8s_v2", 8, 0, 16.0, 65536),
    ("Standard_NC6", 6, 1, 56.0, 389120),
    ("Standard_NC6s_v3", 6, 1, 112.0, 344064),
    ("Standard_NC12s_v3", 12, 2, 224.0, 688128),
    ("Standard_NC4as_T4_v3", 4, 1, 28.0, 180224),
)


async def list_sizes(request: Request) -> Any:
    """The sizes that a compute target may be asked for in."""
    if not context_of(request).named.has_subscription(request.path_params["subscription"]):
        raise faults.not_found(f"Subscription {request.path_params['subscription']}")
    sizes = [
        {
            "name": name,
            "family": None,
            "vCPUs": cores,
            "gpus": gpus,
            "osVhdSizeMB": 0,
            "maxResourceVolumeMB": disk,
            "memoryGB": memory,
            "lowPriorityCapable": True,
            "premiumIO": False,
            "estimatedVMPrices": None,
            "supportedComputeTypes": ["AmlCompute", "ComputeInstance"],
        }
        for name, cores, gpus, memory, disk in _SIZES
    ]
    return {"amlCompute": sizes, "value": sizes}


class NameQuestion(msgspec.Struct):
    """What a client asks before it creates a ComputeInstance."""

    name: str = msgspec.field(name="Name", default="")


async def check_name(request: Request) -> Any:
    """True when a compute target of that name can be created: there is none, and Azure ML would take it."""
    context, name = context_of(request), (await body_as(request, NameQuestion)).name
    if not _NAME.fullmatch(name):
        message = "2 to 24 letters, digits and hyphens, the first a letter."
        return {"nameAvailable": False, "reason": "Invalid", "message": message}
    present = context.store.computes.get(name)
    if present is not None and not present.deleted:
        message = "There is a compute target of that name."
        return {"nameAvailable": False, "reason": "AlreadyExists", "message": message}
    return {"nameAvailable": True, "reason": None, "message": None}


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    if not _NAME.fullmatch(name):
        raise faults.not_found(f"Compute target {name!r} (no name that Azure ML allows)")
    return name


def _unmade(context: Context, name: str) -> Compute:
    """What a name is that was never created: a cluster as this machine would be."""
    return Compute(name, context.store.created, context.store.created, False, {})


def _record(context: Context, name: str) -> Compute:
    """The record of a name; one that was never created is a cluster as this machine would be.

    Raises:
        Fault: it was deleted.
    """
    compute = context.store.computes.get(name)
    if compute is None:
        return _unmade(context, name)
    if compute.deleted:
        raise faults.not_found(f"Compute target {name!r} (it was deleted; it can be created again)")
    return compute


async def get_compute(request: Request) -> Any:
    """A compute target by name."""
    context = context_of(request)
    return _resource(context, _record(context, _name(request)))


async def list_computes(request: Request) -> Any:
    """The compute targets that were created, those that runs were submitted to, and the first."""
    context = context_of(request)
    known = context.store.computes.known()
    names = [name for name in known if _NAME.fullmatch(name) and name != "local"]
    # No nextLink: the client asks for the next page as long as there is one, null or not.
    return {"value": [_resource(context, known[name] or _unmade(context, name)) for name in names]}


async def create_compute(request: Request) -> Response:
    """Records a compute target; it is ready when this has answered."""
    context, name = context_of(request), _name(request)
    body = await body_as(request, ComputeResource)
    properties = body.properties or ComputeProperties()
    if properties.compute_type not in (CLUSTER, INSTANCE):
        raise refusals.KINDS_OF_COMPUTE.fault(str(properties.compute_type))
    context.store.computes.put(name, msgspec.to_builtins(body))
    return _operation_started(context, name, _resource(context, _record(context, name)))


async def update_compute(request: Request) -> Response:
    """Changes the scale settings of a compute target."""
    context, name = context_of(request), _name(request)
    changes = await body_as(request, ComputeResource)
    details = changes.properties.properties if changes.properties else None
    if details is None or details.scale_settings is None:
        raise faults.not_implemented("changes of a compute target other than of its scale settings")
    record = _record(context, name)
    present = msgspec.convert(record.document, ComputeResource)
    present.properties = present.properties or ComputeProperties(compute_type=CLUSTER)
    present.properties.properties = present.properties.properties or ComputeDetails()
    present.properties.properties.scale_settings = details.scale_settings
    context.store.computes.put(name, msgspec.to_builtins(present))
    return _operation_started(context, name, _resource(context, _record(context, name)))


async def delete_compute(request: Request) -> Response:
    """Deletes a compute target: its name does not resolve any more until it is created again."""
    context, name = context_of(request), _name(request)
    context.store.computes.put(name, _record(context, name).document, deleted=True)
    return _operation_started(context, name, {})


def _operation_started(context: Context, name: str, resource: dict[str, Any]) -> Response:
    """An answer that names an operation to ask after, as the clients insist on; it is over already."""
    url = f"{context.endpoints.base}{context.scope}/computes/{name}/operations/{uuid.uuid4()}"
    return Response(
        msgspec.json.encode(resource),
        headers={"Azure-AsyncOperation": url},
        media_type="application/json; charset=utf-8",
    )


async def get_operation(request: Request) -> Any:
    """The end of an operation: each is over before its address is given out."""
    name = _name(request)
    return {"id": request.url.path, "name": request.path_params["operation"], "status": "Succeeded",
            "percentComplete": 100.0, "error": None, "properties": {"name": name}}  # fmt: skip


async def list_nodes(request: Request) -> Any:
    """The one node of a cluster: this machine."""
    context = context_of(request)
    _record(context, _name(request))
    running = context.store.runs.count_by_status().get(Status.RUNNING.value, 0)
    return {
        "nodes": [
            {
                "nodeId": socket.gethostname(),
                "ipAddress": "127.0.0.1",
                "publicIpAddress": None,
                "privateIpAddress": "127.0.0.1",
                "port": None,
                "nodeState": "running" if running else "idle",
                "runId": None,
            }
        ]
    }


def _resource(context: Context, compute: Compute) -> dict[str, Any]:
    asked = msgspec.convert(compute.document, ComputeResource)
    properties = asked.properties or ComputeProperties()
    kind = properties.compute_type or CLUSTER
    details = properties.properties or ComputeDetails()
    return {
        "id": f"{context.scope}/computes/{compute.name}",
        "name": compute.name,
        "type": "Microsoft.MachineLearningServices/workspaces/computes",
        "location": "local",
        "tags": {**(asked.tags or {}), "scaffold": "this machine"},
        # The SDK asks for the type wherever the key is there.
        "identity": {"type": "None", "principalId": None, "tenantId": None, "userAssignedIdentities": None},
        "sku": None,
        "properties": {
            "computeType": kind,
            "computeLocation": "local",
            "description": properties.description or "This machine",
            "provisioningState": "Succeeded",
            "provisioningErrors": None,
            "createdOn": compute.created,
            "modifiedOn": compute.modified,
            "resourceId": None,
            "isAttachedCompute": False,
            "disableLocalAuth": None,
            "properties": (_cluster if kind == CLUSTER else _instance)(context, compute, details),
        },
    }


class Nodes(msgspec.Struct):
    """How many nodes a cluster has, and what they do.

    Attributes:
        running, idle: those there are.
        wanted: how many it is to have.
        errors: why it does not get them (``MachineLearningServiceError``).
    """

    running: int
    idle: int
    wanted: int
    errors: list[dict[str, Any]] | None = None


def _nodes(context: Context, compute: Compute, most: int) -> Nodes:
    """This machine, one node; what a fault keeps runs waiting for makes another picture of it."""
    for wait in context.engine.queue.waits.values():
        if wait.target.lower() == compute.name.lower():
            if wait.code == NO_QUOTA:
                error = {"code": wait.code, "message": wait.message, "details": None}
                return Nodes(running=0, idle=0, wanted=1, errors=[{"error": error}])
            return Nodes(running=most, idle=0, wanted=most)
    running = min(1, context.store.runs.count_by_status().get(Status.RUNNING.value, 0))
    return Nodes(running=running, idle=1 - running, wanted=1)


def _cluster(context: Context, compute: Compute, details: ComputeDetails) -> dict[str, Any]:
    scale = details.scale_settings or ScaleSettings(min_node_count=1, max_node_count=1)
    nodes = _nodes(context, compute, scale.max_node_count or 1)
    return {
        "osType": "Linux",
        "vmSize": details.vm_size or "STANDARD_LOCAL",
        "vmPriority": details.vm_priority or "Dedicated",
        "scaleSettings": {
            # A client waits until there are as many: there is never more than this machine.
            "minNodeCount": min(1, scale.min_node_count or 0),
            "maxNodeCount": scale.max_node_count or 1,
            "nodeIdleTimeBeforeScaleDown": scale.node_idle_time_before_scale_down or "PT120S",
        },
        "userAccountCredentials": {
            "adminUserName": None,
            "adminUserSshPublicKey": None,
            "adminUserPassword": None,
        },
        "subnet": None,
        "remoteLoginPortPublicAccess": "Disabled",
        "enableNodePublicIp": False,
        "allocationState": "Steady",
        "allocationStateTransitionTime": compute.modified,
        "errors": nodes.errors,
        "currentNodeCount": nodes.running + nodes.idle,
        "targetNodeCount": nodes.wanted,
        "nodeStateCounts": {
            "idleNodeCount": nodes.idle,
            "runningNodeCount": nodes.running,
            "preparingNodeCount": 0,
            "unusableNodeCount": 0,
            "leavingNodeCount": 0,
            "preemptedNodeCount": 0,
        },
    }


def _instance(context: Context, compute: Compute, details: ComputeDetails) -> dict[str, Any]:
    keys = context.authority.keys
    return {
        "vmSize": details.vm_size or "STANDARD_LOCAL",
        "subnet": None,
        "sshSettings": {
            "sshPublicAccess": "Disabled",
            "adminUserName": None,
            "adminPublicKey": None,
            "sshPort": None,
        },
        "personalComputeInstanceSettings": None,
        "connectivityEndpoints": {"publicIpAddress": None, "privateIpAddress": "127.0.0.1"},
        "applications": [],
        "errors": None,
        "state": "Running",
        "createdBy": {
            "userName": identity.USER_NAME,
            "userId": keys.user_id,
            "userOrgId": keys.tenant_id,
        },
        "lastOperation": {
            "operationName": "Create",
            "operationTime": compute.modified,
            "operationStatus": "Succeeded",
        },
    }
