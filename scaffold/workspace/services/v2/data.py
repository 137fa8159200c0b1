"""Data assets: a name and versions for a file, a folder or a table in a datastore or on the web.

Datasets that the first SDK has registered are tables here, as with Azure ML, unless a data asset has their name.
"""

import re
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as
from scaffold.workspace.engine.data.dataflow import (
    DataError,
    datastore_address,
    definition_text,
    read_definition,
)
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.services.v2.assets import Assets
from scaffold.workspace.services.v2.places import check_path, place_of
from scaffold.workspace.services.v2.resources import (
    AssetProperties,
    check_name,
    document_of,
    path_of,
    resource,
    version_resource,
)
from scaffold.workspace.store.datasets import DatasetVersion
from scaffold.workspace.store.versioned import DATA, VersionedAsset

_TYPES = ("uri_file", "uri_folder", "mltable")
_RESOLVED = ("azureml://jobs/", "runs:/")
_SHORT = re.compile(r"azureml://datastores/(?P<name>[^/]+)/paths/(?P<path>.*)", re.I | re.S)


class DataProperties(AssetProperties):
    """``DataVersionBaseProperties``, with the field of ``MLTableData``."""

    data_type: str = "uri_folder"
    data_uri: str = ""
    referenced_uris: list[str] | None = None
    auto_delete_setting: Any = None


class DataVersion(Dto):
    """``DataVersionBase``, as a client sends it."""

    properties: DataProperties


def _resource(context: Context, asset: VersionedAsset) -> dict[str, Any]:
    return version_resource(context, asset, asset.document | {"dataUri": _shown(context, asset.document)})


def _of_dataset(context: Context, version: DatasetVersion) -> dict[str, Any]:
    properties = DataProperties(
        data_type="mltable",
        data_uri=address_of(context, version),
        description=version.description,
        tags=dict(version.tags),
        properties={"azureml.datasetType": version.saved.kind},
    )
    path = f"data/{version.name}/versions/{version.version}"
    return resource(context, path, msgspec.to_builtins(properties), version.created, version.modified)


def address_of(context: Context, version: DatasetVersion) -> str:
    """The first of the places that a dataset reads."""
    try:
        sources = read_definition(definition_text(version.saved.dataflow)).sources
    except DataError:
        sources = []
    if not sources:
        return f"{context.scope}/data/{version.name}/versions/{version.version}"
    first = sources[0]
    return datastore_address(context.named, first.datastore, first.path) if first.datastore else first.path


class DataAssets(Assets):
    """The data assets and datasets, as they are asked for."""

    def names(self, context: Context) -> list[str]:
        own = [asset.name for asset in context.store.versioned.latest(DATA)]
        first = [version.name for version in context.store.datasets.latest()]
        return list(dict.fromkeys([*own, *first]))

    def versions(self, context: Context, name: str) -> list[dict[str, Any]]:
        assets = context.store.versioned.versions(DATA, name)
        if assets:
            return [_resource(context, asset) for asset in assets]
        return [_of_dataset(context, version) for version in context.store.datasets.versions(name)]

    def container(self, context: Context, name: str) -> dict[str, Any]:
        found = super().container(context, name)
        latest = self.version(context, name, found["properties"]["latestVersion"])
        found["properties"]["dataType"] = latest["properties"]["dataType"]
        return found


ASSETS = DataAssets(DATA, "Data asset")


async def put_version(request: Request) -> Any:
    """Keeps a version; of one that is there, only what is said about it may change."""
    context, name, version = path_of(request)
    asked = (await body_as(request, DataVersion)).properties
    check_name("Data asset", name, version)
    if asked.data_type not in _TYPES:
        raise faults.bad_request(
            f"The data asset is of the type {asked.data_type!r}; there are {', '.join(_TYPES)}."
        )
    if not asked.data_uri:
        raise faults.bad_request("The data asset has no address (dataUri).")
    present = context.store.versioned.get(DATA, name, version)
    document = document_of(asked) | {"dataUri": _settled(context, asked.data_uri)}
    _check_same(context, present, document)
    return _resource(context, context.store.versioned.put(DATA, name, version, document))


def _settled(context: Context, address: str) -> str:
    """The address, of an output of a job where that is: whoever reads it later need not know of the job.

    Raises:
        Fault: it leads out of its datastore, or there is no such output.
    """
    check_path(address)
    if not address.startswith(_RESOLVED):
        return address
    place = place_of(context, address)
    return place.address if place else address


def _shown(context: Context, document: dict[str, Any]) -> str:
    """The address as Azure ML shows it, and people's code goes on from it: in its long form, a folder's with ``/``."""
    address = str(document["dataUri"])
    found = _SHORT.fullmatch(address)
    if found is not None:
        address = datastore_address(context.named, found["name"], "") + found["path"]
    is_folder = document["dataType"] != "uri_file" and address.startswith("azureml://")
    return address.rstrip("/") + "/" if is_folder else address


def _check_same(context: Context, present: VersionedAsset | None, document: dict[str, Any]) -> None:
    if present is None:
        return
    same = document["dataType"] == present.document["dataType"]
    if not same or _shown(context, document) != _shown(context, present.document):
        raise faults.conflict(
            f"Data asset {present.name!r} has a version {present.version} already, which is at "
            f"{present.document['dataUri']}. Give this one another version."
        )
