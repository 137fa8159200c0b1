"""Components: commands with typed inputs and outputs that pipelines are made of, by name and version."""

from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.refusals import COMPONENT_TYPES
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.services.v2.resources import (
    AssetProperties,
    Container,
    check_name,
    container_resource,
    document_of,
    keep_container,
    listed,
    path_of,
    read_id,
    version_resource,
)
from scaffold.workspace.store.versioned import COMPONENTS, VersionedAsset

ANONYMOUS = "azureml_anonymous"
_DEFAULT = "azureml_default"
_TYPES = ("command", "CommandComponent")


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


def _versions(context: Context, name: str) -> list[VersionedAsset]:
    found = context.store.versioned.versions(COMPONENTS, name)
    if not found:
        raise faults.not_found(f"Component {name!r}")
    return found


def _container(context: Context, name: str) -> dict[str, Any]:
    versions = _versions(context, name)
    following = context.store.versioned.next_version(COMPONENTS, name)
    return container_resource(context, COMPONENTS, name, versions[0].version, following, versions[-1].created)


async def list_names(request: Request) -> Any:
    """The names of all components; those that jobs brought along are left out."""
    context = context_of(request)
    names = [asset.name for asset in context.store.versioned.latest(COMPONENTS)]
    return listed(request, [_container(context, name) for name in names if name != ANONYMOUS])


async def get_name(request: Request) -> Any:
    """A name, with its latest version and the next one."""
    context, name, _ = path_of(request)
    return _container(context, name)


async def put_name(request: Request) -> Any:
    """Archives a name, or takes it back."""
    context, name, _ = path_of(request)
    body = await body_as(request, Container)
    _versions(context, name)
    keep_container(context, COMPONENTS, name, body)
    return _container(context, name)


async def list_versions(request: Request) -> Any:
    """The versions of a name, the newest first."""
    context, name, _ = path_of(request)
    return listed(request, [version_resource(context, asset) for asset in _versions(context, name)])


async def get_version(request: Request) -> Any:
    """One version, or the one that a label means."""
    context, name, version = path_of(request)
    # The client asks for a version of that name where none was said.
    found = context.store.versioned.get(COMPONENTS, name, None if version in ("", _DEFAULT) else version)
    if found is None:
        raise faults.not_found(f"Component {name!r} version {version}")
    return version_resource(context, found)


async def put_version(request: Request) -> Any:
    """Keeps a version; of one that is there, only what is said about it may change."""
    context, name, version = path_of(request)
    asked = (await body_as(request, ComponentVersion)).properties
    check_name("Component", name, version)
    kind = str(asked.component_spec.get("type") or "command")
    if kind not in _TYPES:
        raise COMPONENT_TYPES.fault(f"{asked.component_spec.get('name') or name} is of the type {kind}")
    if not isinstance(asked.component_spec.get("command"), str):
        raise faults.bad_request(f"The component {name!r} has no command.")
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
    return {key: spec.get(key) for key in ("type", "command", "code", "environment", "inputs", "outputs")}
