"""Registers what is in a datastore as a model or a data asset, for clients and for runs that name their outputs."""

import uuid
from typing import Any

import msgspec

from scaffold.workspace.store.blobs import ARTIFACTS
from scaffold.workspace.store.models import RegisteredModel
from scaffold.workspace.store.store import Store
from scaffold.workspace.store.versioned import DATA, VersionedAsset

_UPLOADS = "LocalUpload"
V2 = "v2"
"""In the document of a model: what azure-ai-ml has of it beside what the first SDK has."""


class Place(msgspec.Struct, frozen=True):
    """Where something is.

    Attributes:
        container: of blobs.
        path: the name of a blob, or what the names of several start with, without the last slash.
        address: the same as clients write it (``azureml://…``).
    """

    container: str
    path: str
    address: str


def register_model(  # noqa: PLR0913  (what a model has)
    store: Store,
    name: str,
    version: str | None,
    place: Place,
    kind: str,
    *,
    run_id: str | None = None,
    description: str | None = None,
    tags: dict[str, str] | None = None,
    properties: dict[str, str] | None = None,
) -> RegisteredModel:
    """Registers files as a model, which both SDKs and MLflow know then.

    The first SDK and MLflow read models among the artifacts: files of a datastore get a second name there.

    Args:
        store: the workspace's.
        name: of the model.
        version: the version that it must have; without one, or when that is there already, the next.
        place: where its files are.
        kind: ``custom_model``, ``mlflow_model`` or ``triton_model``.
        run_id: the run that made it.
        description, tags, properties: what is said of it.
    """
    with store.database.transaction():
        prefix = place.path
        if place.container != ARTIFACTS:
            prefix = f"{_UPLOADS}/{uuid.uuid4()}/{place.path.rpartition('/')[2] or 'model'}"
            store.blobs.copy(place.container, place.path, ARTIFACTS, prefix)
        asset = store.assets.add(
            name, run_id, {"artifacts": [{"prefix": prefix}], "kvTags": {}, "properties": {}, "meta": {}}
        )
        document: dict[str, Any] = {
            "url": f"aml://asset/{asset.asset_id}",
            "mimeType": "application/x-python",
            "framework": "Custom",
            "unpack": False,
            "description": description,
            "kvTags": tags or {},
            "properties": properties or {},
            "datasets": [],
            "derivedModelIds": [],
            V2: {"modelType": kind, "modelUri": place.address},
        }
        number = int(version) if version and store.models.get(name, int(version)) is None else None
        return store.models.add(name, run_id, document, number)


def data_document(kind: str, address: str, description: str | None = None) -> dict[str, Any]:
    """The properties of a version of a data asset (``DataVersionBaseProperties``)."""
    return {
        "dataType": kind,
        "dataUri": address,
        "description": description,
        "tags": {},
        "properties": {},
        "isAnonymous": False,
        "isArchived": False,
        "autoDeleteSetting": None,
    }


def register_data(store: Store, name: str, version: str | None, document: dict[str, Any]) -> VersionedAsset:
    """Registers a data asset: as the version that it must have, else, or when that is there already, the next."""
    with store.database.transaction():
        if version is None or store.versioned.get(DATA, name, version) is not None:
            return store.versioned.add(DATA, name, document)
        return store.versioned.put(DATA, name, version, document)
