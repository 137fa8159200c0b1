"""The envelope that every resource comes in, ids of resources, and lists of them."""

import re
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults, identity
from scaffold.workspace.context import Context, context_of
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.services.history import texts
from scaffold.workspace.store.versioned import VersionedAsset

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,254}")
_PROVIDER = "Microsoft.MachineLearningServices/workspaces"
_ID = re.compile(
    r"(?:azureml:)?(?P<scope>/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices"
    r"/workspaces/[^/]+)/(?P<kind>[^/]+)/(?P<name>[^/]+)(?:/(?P<by>versions|labels)/(?P<version>[^/]+))?",
    re.IGNORECASE,
)
_SHORT = re.compile(r"(?:azureml:)?(?P<name>[^:@/]+)(?:(?P<by>[:@])(?P<version>[^:@/]+))?")
_MOST = 1000


class AssetProperties(Dto):
    """``AssetBase``: what every version of an asset has."""

    description: str | None = None
    tags: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    is_anonymous: bool | None = False
    is_archived: bool | None = False


class ContainerProperties(Dto):
    """``AssetContainer``: what a client may say of a name itself."""

    description: str | None = None
    tags: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    is_archived: bool | None = False


class Container(Dto):
    """A name of an asset, as a client sends it."""

    properties: ContainerProperties


class Reference(msgspec.Struct, frozen=True):
    """What an id of an asset names.

    Attributes:
        version: or None.
        label: ``latest`` or another one; or None.
    """

    name: str
    version: str | None = None
    label: str | None = None


def resource(
    context: Context, path: str, properties: Any, created: str, modified: str | None = None
) -> dict[str, Any]:
    """A resource as it is sent.

    Args:
        context: of the request.
        path: below the workspace, such as ``codes/NAME/versions/1``.
        properties: what is particular to its kind.
        created, modified: ISO 8601 in UTC.
    """
    parts = path.split("/")
    return {
        "id": f"{context.scope}/{path}",
        "name": parts[-1],
        "type": "/".join((_PROVIDER, *parts[::2])),
        "properties": properties,
        "systemData": {
            "createdAt": created,
            "createdBy": identity.USER_NAME,
            "createdByType": "User",
            "lastModifiedAt": modified or created,
            "lastModifiedBy": identity.USER_NAME,
            "lastModifiedByType": "User",
        },
    }


def version_resource(
    context: Context, asset: VersionedAsset, properties: Any | None = None
) -> dict[str, Any]:
    """A version of an asset as it is sent."""
    path = f"{asset.kind}/{asset.name}/versions/{asset.version}"
    return resource(
        context, path, asset.document if properties is None else properties, asset.created, asset.modified
    )


def container_resource(  # noqa: PLR0913, PLR0917  (what a name has)
    context: Context, kind: str, name: str, latest: str, following: str, created: str
) -> dict[str, Any]:
    """A name of an asset as it is sent, with its latest and its next version."""
    kept = context.store.versioned.name_document(kind, name)
    properties = {
        "description": kept.get("description"),
        "tags": kept.get("tags") or {},
        "properties": kept.get("properties") or {},
        "isArchived": bool(kept.get("isArchived")),
        "latestVersion": latest,
        "nextVersion": following,
        "provisioningState": "Succeeded",
    }
    return resource(context, f"{kind}/{name}", properties, created)


def listed(request: Request, resources: list[dict[str, Any]]) -> dict[str, Any]:
    """A list of resources: those that are archived or not, as the query says, and at most so many.

    All at once: what people keep here fits into a page.
    """
    view = request.query_params.get("listViewType") or "ActiveOnly"
    wanted = {"activeonly": (False,), "archivedonly": (True,), "all": (False, True)}.get(view.lower())
    if wanted is None:
        raise faults.bad_request(f"The view type {view!r} is none of ActiveOnly, ArchivedOnly and All.")
    found = [entry for entry in resources if bool(entry["properties"].get("isArchived")) in wanted]
    return {"value": found[: top_of(request)], "nextLink": None}


def top_of(request: Request) -> int:
    """How many entries a list may have at most."""
    text = request.query_params.get("$top") or str(_MOST)
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise faults.bad_request(f"$top is {text!r}; a list has at least one entry.")
    return int(text)


def check_name(what: str, name: str, version: str | None = None) -> None:
    """Refuses a name or a version that Azure ML would not take.

    Raises:
        Fault: see above.
    """
    for word in (name, version):
        if word is not None and not NAME.fullmatch(word):
            raise faults.bad_request(
                f"{what} {word!r}: letters, digits, '_', '.' and '-' only, 255 at most, the first a letter or digit."
            )


def read_id(context: Context, kind: str, text: str) -> Reference:
    """The name and version that an id of an asset names, whichever way it is written.

    Raises:
        Fault: it is an id of another workspace, of another kind, or none.
    """
    found = _ID.fullmatch(text)
    if found is None:
        short = _SHORT.fullmatch(text)
        if short is None:
            raise faults.bad_request(f"{text!r} is no id of {kind} of this workspace.")
        version, label = short["version"], short["by"] == "@"
        return Reference(short["name"], None if label else version, version if label else None)
    if found["scope"].lower() != context.scope.lower() or found["kind"].lower() != kind:
        raise faults.not_found(f"{text} (of {kind} of this workspace)")
    label = (found["by"] or "").lower() == "labels"
    return Reference(found["name"], None if label else found["version"], found["version"] if label else None)


def name_of(text: str | None) -> str | None:
    """The last part of an id of a resource, such as a compute target's; also of a mere name."""
    if not text:
        return None
    return text.rstrip("/").rpartition("/")[2].removeprefix("azureml:")


def keep_container(context: Context, kind: str, name: str, body: Container) -> None:
    """Keeps what a client says of a name."""
    context.store.versioned.put_name(kind, name, document_of(body.properties))


def document_of(properties: AssetProperties | ContainerProperties) -> dict[str, Any]:
    """What is kept of a client's properties: tags and properties as texts, which is all that they can be."""
    document: dict[str, Any] = msgspec.to_builtins(properties)
    return document | {"tags": texts(properties.tags), "properties": texts(properties.properties)}


def path_of(request: Request) -> tuple[Context, str, str]:
    """The context, and the name and version in the path (the version is empty where the path has none)."""
    params = request.path_params
    return context_of(request), params["name"], params.get("version", "")
