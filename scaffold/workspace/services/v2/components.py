"""Components: commands with typed inputs and outputs that pipelines are made of, by name and version."""

from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as
from scaffold.workspace.refusals import COMPONENT_TYPES
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.services.v2.assets import Assets
from scaffold.workspace.services.v2.resources import (
    AssetProperties,
    check_name,
    document_of,
    path_of,
    read_id,
    version_resource,
)
from scaffold.workspace.store.versioned import COMPONENTS, VersionedAsset

ANONYMOUS = "azureml_anonymous"
_DEFAULT = "azureml_default"
_COMMANDS, _PIPELINES = ("command", "CommandComponent"), ("pipeline", "PipelineComponent")


class ComponentProperties(AssetProperties):
    """``ComponentVersionProperties``."""

    component_spec: dict[str, Any] = msgspec.field(default_factory=dict)
    provisioning_state: str | None = "Succeeded"
    stage: str | None = None


class ComponentVersion(Dto):
    """``ComponentVersion``, as a client sends it."""

    properties: ComponentProperties


def find(context: Context, component_id: str) -> VersionedAsset:
    """The component that an id names; with a label, the latest one.

    Raises:
        Fault: there is none.
    """
    reference = read_id(context, COMPONENTS, component_id)
    found = context.store.versioned.get(COMPONENTS, reference.name, reference.version)
    if found is None:
        raise faults.not_found(f"Component {component_id}")
    return found


class Components(Assets):
    """The components, as they are asked for."""

    def names(self, context: Context) -> list[str]:
        return [asset.name for asset in context.store.versioned.latest(COMPONENTS) if asset.name != ANONYMOUS]

    def versions(self, context: Context, name: str) -> list[dict[str, Any]]:
        found = context.store.versioned.versions(COMPONENTS, name)
        if not found:
            raise faults.not_found(f"Component {name!r}")
        return [version_resource(context, asset) for asset in found]

    def version(self, context: Context, name: str, version: str) -> dict[str, Any]:
        # The client asks for a version of that name where none was said.
        found = context.store.versioned.get(COMPONENTS, name, None if version in ("", _DEFAULT) else version)
        if found is None:
            raise faults.not_found(f"Component {name!r} version {version}")
        return version_resource(context, found)


ASSETS = Components(COMPONENTS, "Component")


async def put_version(request: Request) -> Any:
    """Keeps a version; of one that is there, only what is said about it may change."""
    context, name, version = path_of(request)
    asked = (await body_as(request, ComponentVersion)).properties
    check_name("Component", name, version)
    kind = str(asked.component_spec.get("type") or "command")
    if kind not in (*_COMMANDS, *_PIPELINES):
        raise COMPONENT_TYPES.fault(f"{asked.component_spec.get('name') or name} is of the type {kind}")
    if kind in _COMMANDS and not isinstance(asked.component_spec.get("command"), str):
        raise faults.bad_request(f"The component {name!r} has no command.")
    if kind in _PIPELINES and not isinstance(asked.component_spec.get("jobs"), dict):
        raise faults.bad_request(f"The component {name!r} has no jobs.")
    present = context.store.versioned.get(COMPONENTS, name, version)
    if present is not None and name != ANONYMOUS and _body(present) != _body_of(asked.component_spec):
        raise faults.conflict(
            f"Component {name!r} has a version {version} already, and it is another one; give this one another version."
        )
    document = document_of(asked)
    # Whichever way the version was chosen, clients look for it there.
    document["componentSpec"] = document["componentSpec"] | {"name": name, "version": version}
    asset = context.store.versioned.put(COMPONENTS, name, version, document)
    return version_resource(context, asset)


def _body(asset: VersionedAsset) -> dict[str, Any]:
    return _body_of(asset.document["componentSpec"])


def _body_of(spec: dict[str, Any]) -> dict[str, Any]:
    """What of a component may not change: what is run, with which inputs and outputs."""
    return {
        key: spec.get(key) for key in ("type", "command", "code", "environment", "inputs", "outputs", "jobs")
    }
