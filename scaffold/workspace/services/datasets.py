"""Datasets: saved definitions, and the names and versions they are registered under.

Source: ``azureml._restclient.operations.dataset_operations`` (dataset/v1.0) and ``_FETCH_DATASET_URL`` of
``azureml.data._dataset_rest_helper`` (data/v1.0). What a definition means is the reader's own affair
(``azureml-dataprep``), which runs at the client: here it is kept and given back.
"""

from typing import Annotated, Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import body_as, context_of
from scaffold.workspace.engine.data.dataflow import DataError, definition_text
from scaffold.workspace.services.dto import SavedDatasetDto, dataset_dto
from scaffold.workspace.services.v2 import entities
from scaffold.workspace.store.datasets import DatasetVersion, SavedDataset

_UNREGISTERED = "unregistered-"


class NewSavedDataset(msgspec.Struct, rename="camel"):
    """``SavedDatasetDto``, what a client sends of it."""

    dataset_type: str
    dataflow_json: str
    properties: dict[str, Any] | None = None


class NewDefinition(msgspec.Struct, rename="camel"):
    """``DatasetDefinitionDto``, what a client sends of it."""

    dataflow: str
    version_id: str | None = None
    saved_dataset_id: str | None = None
    properties: dict[str, Any] | None = None


class NewDataset(msgspec.Struct, rename="camel"):
    """``DatasetDto``, what a client sends of it."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[^\x00/\\]{1,255}$")]
    dataset_type: str
    latest: NewDefinition
    description: str | None = None
    tags: dict[str, str] | None = None


def _kind(text: str) -> str:
    if text not in ("file", "tabular"):
        raise faults.not_implemented(f"datasets of the type {text!r}")
    return text


def dataflow_yaml(dataflow: str) -> str:
    """The reader's own form of a definition (``RsDataflow``), which clients send inside the older JSON form.

    Raises:
        Fault: it is not there: the client is older than the reader.
    """
    try:
        return definition_text(dataflow)
    except DataError:
        raise faults.not_implemented("dataset definitions of azureml-dataprep before 5.0") from None


async def save_dataset(request: Request) -> Any:
    """Keeps a definition (``SavedDatasetDto``)."""
    context, body = context_of(request), await body_as(request, NewSavedDataset)
    dataflow_yaml(body.dataflow_json)
    return _saved_dto(
        context.store.datasets.save(_kind(body.dataset_type), body.dataflow_json, body.properties or {})
    )


def _saved_dto(saved: SavedDataset) -> SavedDatasetDto:
    return SavedDatasetDto(
        id=saved.saved_id,
        dataset_type=saved.kind,
        properties=saved.properties,
        dataflow_json=saved.dataflow,
    )


async def get_saved_dataset(request: Request) -> Any:
    """A definition by its id."""
    return _saved_dto(_saved(request, request.path_params["saved_id"]))


def _saved(request: Request, saved_id: str) -> SavedDataset:
    saved = context_of(request).store.datasets.saved(saved_id)
    if saved is None:
        raise faults.not_found(f"Dataset {saved_id}")
    return saved


async def register_dataset(request: Request) -> Any:
    """Registers a definition under a name, as its first version or the next one."""
    context, body = context_of(request), await body_as(request, NewDataset)
    datasets = context.store.datasets
    dataflow_yaml(body.latest.dataflow)
    if (
        datasets.by_name(body.name) is not None
        and request.query_params.get("ifExistsOk", "").lower() != "true"
    ):
        raise faults.conflict(f"There is already a dataset registered under name {body.name!r}.")
    saved = datasets.save(_kind(body.dataset_type), body.latest.dataflow, body.latest.properties or {})
    return dataset_dto(datasets.register(body.name, saved, body.description, body.tags or {}))


async def update_dataset(request: Request) -> Any:
    """Sets description and tags of a version."""
    context, body = context_of(request), await body_as(request, NewDataset)
    dataset_id = request.path_params["dataset_id"]
    version = _version(body.latest.version_id)
    found = context.store.datasets.by_id(dataset_id, version)
    if found is None:
        raise faults.not_found(f"Dataset {body.name} version {version}")
    context.store.datasets.update(dataset_id, found.version, body.description, body.tags or {})
    return dataset_dto(_found(context.store.datasets.by_id(dataset_id, found.version), body.name))


def _version(text: str | None) -> int | None:
    if not text or text == "latest":
        return None
    if not text.isdecimal() or len(text) > 9:
        raise faults.bad_request(f"Version {text!r} is not a number.")
    return int(text)


def _found(version: DatasetVersion | None, what: str) -> DatasetVersion:
    if version is None:
        raise faults.not_found(f"Dataset {what}")
    return version


async def get_dataset_by_name(request: Request) -> Any:
    """The latest version of a name, or the one that is asked for."""
    name, version = request.path_params["name"], _version(request.query_params.get("versionId"))
    return dataset_dto(_found(context_of(request).store.datasets.by_name(name, version), name))


async def get_dataset(request: Request) -> Any:
    """The latest version of a registered dataset, by the dataset's id."""
    dataset_id = request.path_params["dataset_id"]
    return dataset_dto(_found(context_of(request).store.datasets.by_id(dataset_id), dataset_id))


async def list_datasets_by_saved_id(request: Request) -> Any:
    """The registered dataset that has a definition; an empty list when it is not registered."""
    found = context_of(request).store.datasets.by_saved_id(request.path_params["saved_id"])
    return {"value": [dataset_dto(found)] if found else [], "continuationToken": None, "nextLink": None}


async def list_datasets(request: Request) -> Any:
    """The latest version of every registered dataset."""
    found = context_of(request).store.datasets.latest()
    return {"value": [dataset_dto(version) for version in found], "continuationToken": None, "nextLink": None}


async def unregister_dataset(request: Request) -> Any:
    """Forgets a name with all its versions."""
    name = request.path_params["dataset_id"]
    if not context_of(request).store.datasets.unregister(name):
        raise faults.not_found(f"Dataset {name}")
    return {}


async def get_data_version(request: Request) -> Any:
    """A definition in the reader's own form (``legacyDataflow``), by ``unregistered-{id}``; else a data asset.

    The SDK asks for a data asset of the second SDK where no dataset has the name that it was given.
    """
    name = request.path_params["name"]
    if not name.startswith(_UNREGISTERED):
        return entities.entity_of(context_of(request), name, request.path_params["version"])
    saved = _saved(request, name.removeprefix(_UNREGISTERED))
    return {
        "legacyDataflow": dataflow_yaml(saved.dataflow),
        "legacyDataflowType": None,
        "legacySavedDatasetId": saved.saved_id,
        "legacyDatasetType": saved.kind,
        "dataVersion": None,
        "entityMetadata": None,
    }
