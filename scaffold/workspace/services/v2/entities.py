"""Data assets as the service of data shows them, which the first SDK and the package ``mltable`` ask.

Both read an asset by its address, and a dataset of the first SDK by its definition. Sources:
``azureml.data._restclient.dataset.models`` (``DataVersionEntity``), ``AbstractDataset._get_by_name`` and
``mltable.mltable`` (``isV2``, which no model has).
"""

import re
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.engine.data.dataflow import DataError, definition_text
from scaffold.workspace.faults import Fault
from scaffold.workspace.services.v2.data import address_of
from scaffold.workspace.services.v2.places import asset_id_of, place_of
from scaffold.workspace.store.datasets import DatasetVersion
from scaffold.workspace.store.versioned import DATA, VersionedAsset

_TYPES = {"uri_file": "UriFile", "uri_folder": "UriFolder", "mltable": "MLTable"}
_ID = re.compile(
    r"azureml://locations/[^/]+/workspaces/(?P<workspace>[^/]+)/data/(?P<name>[^/]+)/versions/(?P<version>[^/]+)"
)


class AssetId(msgspec.Struct):
    """``AssetId``."""

    value: str


async def get_by_asset_id(request: Request) -> Any:
    """The data asset that an id names (``DataVersionEntity``)."""
    context, body = context_of(request), await body_as(request, AssetId)
    found = _ID.fullmatch(body.value)
    if found is None or found["workspace"] != context.store.workspace_id:
        raise faults.not_found(f"Data asset {body.value}")
    return entity_of(context, found["name"], found["version"])


def entity_of(context: Context, name: str, version: str) -> dict[str, Any]:
    """A version of a data asset or of a dataset (``DataVersionEntity``).

    Args:
        context: of the request.
        name: its name.
        version: its version; ``None`` is what the first SDK writes when it was given none, and means the latest.

    Raises:
        Fault: there is none.
    """
    asset = context.store.versioned.get(DATA, name, None if version in ("None", "latest") else version)
    if asset is not None:
        return _of_asset(context, asset)
    number = int(version) if version.isdecimal() and len(version) < 10 else None
    dataset = context.store.datasets.by_name(name, number) if number is not None else None
    if dataset is None:
        raise faults.not_found(f"Data asset {name!r} version {version}")
    return _of_dataset(context, dataset)


def _of_asset(context: Context, asset: VersionedAsset) -> dict[str, Any]:
    document = asset.document
    version = {
        **_version(context, asset.name, asset.version, document, archived=asset.archived),
        "dataType": _TYPES[document["dataType"]],
        "dataUri": _whole(context, str(document["dataUri"])),
        "referencedDataUris": document.get("referencedUris"),
        "properties": document.get("properties") or {},
    }
    return _entity(version, asset.created, asset.modified)


def _of_dataset(context: Context, dataset: DatasetVersion) -> dict[str, Any]:
    said = {"description": dataset.description, "tags": dataset.tags}
    version = {
        **_version(context, dataset.name, str(dataset.version), said, archived=not dataset.visible),
        "dataType": _TYPES["mltable"],
        "dataUri": address_of(context, dataset),
        "referencedDataUris": None,
        "properties": {},
    }
    try:
        text = definition_text(dataset.saved.dataflow)
    except DataError:
        raise faults.not_implemented("dataset definitions of azureml-dataprep before 5.0") from None
    legacy = {"isV2": False, "legacyDatasetType": dataset.saved.kind, "legacyDataflow": text}
    return _entity(version, dataset.created, dataset.modified) | legacy


def _version(
    context: Context, name: str, version: str, said: dict[str, Any], *, archived: bool
) -> dict[str, Any]:
    """What every ``DataVersion`` has."""
    return {
        "assetId": asset_id_of(context, name, version),
        "dataContainerName": name,
        "versionId": version,
        "mutableProps": {
            "dataExpiryTime": None,
            "description": said.get("description"),
            "tags": said.get("tags") or {},
            "isArchived": archived,
        },
        "initialAssetId": None,
        "isRegistered": True,
    }


def _entity(version: dict[str, Any], created: str, modified: str) -> dict[str, Any]:
    return {
        "dataVersion": version,
        "entityMetadata": {
            "etag": None,
            "createdTime": created,
            "modifiedTime": modified,
            "createdBy": None,
            "modifiedBy": None,
        },
        "isV2": True,
        "legacyDatasetType": None,
        "legacyDataflowType": None,
        "legacyDataflow": None,
    }


def _whole(context: Context, address: str) -> str:
    """An address with the workspace in it, which is the only form that the readers know."""
    try:
        place = place_of(context, address)
    except Fault:  # the reader says what it does not reach
        return address
    return place.address if place else address
