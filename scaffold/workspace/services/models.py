"""Models and assets. Source: ``azureml._restclient.operations.{ml_models,assets}_operations`` (modelmanagement/v1.0).

A model points at an asset (``aml://asset/<id>``), an asset at artifacts by id or by prefix; the files
themselves travel through the artifact and blob services.
"""

import re
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults, identity
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.services.dto import CreatedByDto, Dto
from scaffold.workspace.services.history import texts
from scaffold.workspace.store.models import Asset, RegisteredModel
from scaffold.workspace.store.pathnames import UnsafeNameError, is_safe_place

MODEL_NAME = re.compile(r"[a-zA-Z0-9][\w.\-]{0,254}")
_ID = re.compile(r"(?P<name>.+):(?P<version>\d{1,18})")


class ArtifactDetails(Dto):
    """``ArtifactDetails``."""

    id: str | None = None
    prefix: str | None = None


class AssetDto(Dto):
    """``Asset``; what a client sends has no id and no time."""

    id: str | None = None
    name: str | None = None
    type: str | None = None
    description: str | None = None
    artifacts: list[ArtifactDetails] | None = None
    kv_tags: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    runid: str | None = None
    meta: dict[str, Any] | None = None
    created_time: str | None = None


class DatasetReference(Dto):
    """``DatasetReference``."""

    name: str | None = None
    id: str | None = None


class ModelDto(Dto):
    """``Model``; what a client sends has no id, version and times."""

    name: str | None = None
    id: str | None = None
    framework: str | None = None
    framework_version: str | None = None
    version: int | None = None
    datasets: list[DatasetReference] | None = None
    url: str | None = None
    mime_type: str | None = None
    description: str | None = None
    created_time: str | None = None
    modified_time: str | None = None
    unpack: bool | None = None
    parent_model_id: str | None = None
    run_id: str | None = None
    experiment_name: str | None = None
    kv_tags: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    derived_model_ids: list[str] | None = None
    sample_input_data: str | None = None
    sample_output_data: str | None = None
    resource_requirements: dict[str, Any] | None = None
    created_by: CreatedByDto | None = None


class JsonPatchOperation(msgspec.Struct):
    """``JsonPatchOperation``."""

    op: str
    path: str
    value: Any = None


class PaginatedList(Dto):
    """``PaginatedModelList`` and ``PaginatedAssetList``."""

    value: list[Any]
    continuation_token: str | None = None
    next_link: str | None = None


# What the store keeps in columns of its own.
_COLUMNS = ("id", "name", "version", "runId", "runid", "createdTime", "modifiedTime", "createdBy")


def _document(dto: Dto) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(dto)
    return {key: value for key, value in document.items() if key not in _COLUMNS}


def _asset_dto(asset: Asset) -> AssetDto:
    dto = msgspec.convert(asset.document, AssetDto)
    return msgspec.structs.replace(
        dto, id=asset.asset_id, name=asset.name, runid=asset.run_id, created_time=asset.created
    )


def _model_dto(context: Context, model: RegisteredModel) -> ModelDto:
    keys = context.authority.keys
    return msgspec.structs.replace(
        msgspec.convert(model.document, ModelDto),
        id=model.model_id,
        name=model.name,
        version=model.version,
        run_id=model.run_id,
        created_time=model.created,
        modified_time=model.modified,
        created_by=CreatedByDto(
            user_object_id=keys.user_id, user_tenant_id=keys.tenant_id, user_name=identity.USER_NAME
        ),
    )


def asset_document(place: str) -> dict[str, Any]:
    """What is kept of an asset that is all artifacts below a place (``origin/container/path``), or the one there."""
    return _document(AssetDto(artifacts=[ArtifactDetails(prefix=place)], kv_tags={}, properties={}, meta={}))


def model_document(asset: Asset, description: str | None, tags: dict[str, str]) -> dict[str, Any]:
    """What is kept of a model that is an asset, beside its name."""
    return _document(
        ModelDto(
            url=f"aml://asset/{asset.asset_id}",
            mime_type="application/x-python",
            description=description,
            framework="Custom",
            unpack=False,
            kv_tags=tags,
            properties={},
            datasets=[],
            derived_model_ids=[],
        )
    )


# Assets


async def create_asset(request: Request) -> AssetDto:
    """Keeps which artifacts belong together."""
    body = await body_as(request, AssetDto)
    for artifact in body.artifacts or []:
        if len((artifact.id or artifact.prefix or "").split("/", 2)) != 3:
            raise faults.bad_request("An artifact of an asset is named ORIGIN/CONTAINER/PATH.")
        if not is_safe_place(artifact.id or artifact.prefix or ""):
            raise faults.bad_request(str(UnsafeNameError(artifact.id or artifact.prefix or "")))
    body.kv_tags, body.properties = texts(body.kv_tags), texts(body.properties)
    body.meta = texts(body.meta)
    asset = context_of(request).store.assets.add(body.name, body.runid, _document(body))
    return _asset_dto(asset)


def _asset(request: Request) -> Asset:
    asset = context_of(request).store.assets.get(request.path_params["id"])
    if asset is None:
        raise faults.not_found(f"Asset {request.path_params['id']}")
    return asset


async def get_asset(request: Request) -> AssetDto:
    """An asset by id."""
    return _asset_dto(_asset(request))


async def list_assets(request: Request) -> PaginatedList:
    """The assets of a name, of a run, with properties or tags."""
    query = request.query_params
    found = context_of(request).store.assets.find(query.get("name"), query.get("runId"))
    dtos = [_asset_dto(asset) for asset in found]
    return PaginatedList(
        value=[
            dto
            for dto in dtos
            if _has(dto.kv_tags, query.get("tags") or query.get("tag"))
            and _has(dto.properties, query.get("properties"))
            and query.get("type") in (None, dto.type)
        ]
    )


async def delete_asset(request: Request) -> Any:
    """Forgets an asset; its artifacts stay."""
    context_of(request).store.assets.remove(_asset(request).asset_id)
    return {}


def _has(present: dict[str, Any] | None, wanted: str | None) -> bool:
    """True when a mapping has what the query asks for: ``key``, ``key=value`` or several, with commas."""
    mapping = present or {}
    for term in filter(None, (wanted or "").split(",")):
        key, equals, value = term.partition("=")
        if key not in mapping or (equals and mapping[key] != value):
            return False
    return True


# Models


async def register_model(request: Request) -> ModelDto:
    """Keeps a model as the next version of its name."""
    context, body = context_of(request), await body_as(request, ModelDto)
    name = body.name or ""
    if not MODEL_NAME.fullmatch(name):
        raise faults.bad_request(
            f"Model name {name!r}: letters, digits, '_', '.' and '-' only, 255 at most, the first a letter or digit."
        )
    asset_id = (body.url or "").removeprefix("aml://asset/")
    if not body.url or context.store.assets.get(asset_id) is None:
        raise faults.bad_request(
            f"The model's url {body.url!r} is not aml://asset/ID of an asset of this workspace."
        )
    if body.run_id is not None and context.store.runs.get(body.run_id) is None:
        raise faults.not_found(f"Run {body.run_id}")
    body.kv_tags, body.properties = texts(body.kv_tags), texts(body.properties)
    body.datasets, body.derived_model_ids = body.datasets or [], []
    body.framework = body.framework or "Custom"
    body.unpack = bool(body.unpack)
    return _model_dto(context, context.store.models.add(name, body.run_id, _document(body)))


def _model(request: Request) -> RegisteredModel:
    """The model that the path names: by ``name:version``, or the latest of ``name``."""
    model_id = request.path_params["id"]
    match = _ID.fullmatch(model_id)
    models = context_of(request).store.models
    model = models.get(match["name"], int(match["version"])) if match else models.get(model_id)
    if model is None:
        raise faults.not_found(f"Model {model_id}")
    return model


async def get_model(request: Request) -> ModelDto:
    """A model by id."""
    return _model_dto(context_of(request), _model(request))


async def list_models(request: Request) -> PaginatedList:
    """The models that the query asks for, the newest first.

    All at once, whatever ``count`` says: the client takes as many as it needs.
    """
    context, query = context_of(request), request.query_params
    found = context.store.models.find(query.get("name"), query.get("runId"))
    if query.get("latestVersionOnly", "").lower() == "true":
        # The newest come first, so what is kept of each name is the first one.
        found = list({model.name: model for model in reversed(found)}.values())[::-1]
    dtos = [_model_dto(context, model) for model in found]
    return PaginatedList(
        value=[
            dto
            for dto in dtos
            if _has(dto.kv_tags, query.get("tags") or query.get("tag"))
            and _has(dto.properties, query.get("properties"))
            and query.get("framework") in (None, dto.framework)
            and query.get("description") in (None, dto.description)
            and query.get("datasetId") in (None, *(reference.id for reference in dto.datasets or []))
        ]
    )


class ModelChanges(Dto):
    """What of a model may be changed: the paths that a patch may name."""

    kv_tags: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    description: str | None = None
    datasets: list[DatasetReference] | None = None
    sample_input_data: str | None = None
    sample_output_data: str | None = None
    resource_requirements: dict[str, Any] | None = None


_PATCHED = {field.encode_name for field in msgspec.structs.fields(ModelChanges)}


async def patch_model(request: Request) -> ModelDto:
    """Changes a model as a JSON patch says: tags, properties, description and what else it may change."""
    context, model = context_of(request), _model(request)
    document = dict(model.document)
    for operation in await body_as(request, list[JsonPatchOperation]):
        field = operation.path.removeprefix("/")
        if operation.op not in ("add", "replace") or field not in _PATCHED:
            raise faults.not_implemented(f"{operation.op} {operation.path} in a model's patch")
        try:
            changes = msgspec.convert({field: operation.value}, ModelChanges)
        except msgspec.ValidationError as error:
            raise faults.bad_request(f"The patch has another shape: {error}") from None
        value = msgspec.to_builtins(changes)[field]
        if field in ("kvTags", "properties"):
            value = texts(value)
        elif field == "datasets":
            value = [*((document.get(field) or []) if operation.op == "add" else []), *(value or [])]
        document[field] = value
    return _model_dto(context, context.store.models.replace(model, document))


async def list_deployed(_: Request) -> Any:
    """The web services and the images of models: there are none, since nothing can be deployed here."""
    # No nextLink: the client asks for the next page as long as there is one, null or not.
    return {"value": []}


async def delete_model(request: Request) -> Any:
    """Forgets a version of a model; the asset and its files stay, since runs and others may share them."""
    context_of(request).store.models.remove(_model(request))
    return {}
