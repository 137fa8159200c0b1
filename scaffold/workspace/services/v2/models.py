"""Models as resources. Each is a model of the first SDK and of MLflow's registry too (``services.models``).

Their versions are numbers, since the first SDK and MLflow know no others.
"""

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as
from scaffold.workspace.faults import Fault
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.services.history import texts
from scaffold.workspace.services.models import MODEL_NAME
from scaffold.workspace.services.v2.assets import Assets
from scaffold.workspace.services.v2.places import job_of, model_place, place_of
from scaffold.workspace.services.v2.resources import (
    AssetProperties,
    listed,
    path_of,
    resource,
)
from scaffold.workspace.store.blobs import ARTIFACTS
from scaffold.workspace.store.models import RegisteredModel
from scaffold.workspace.store.registration import V2, register_model
from scaffold.workspace.store.versioned import MODELS

_TYPES = ("custom_model", "mlflow_model", "triton_model")


class ModelProperties(AssetProperties):
    """``ModelVersionProperties``."""

    model_type: str | None = "custom_model"
    model_uri: str | None = None
    flavors: dict[str, Any] | None = None
    job_name: str | None = None
    stage: str | None = None
    datasets: list[Any] | None = None
    provisioning_state: str | None = "Succeeded"


class ModelVersion(Dto):
    """``ModelVersion``, as a client sends it."""

    properties: ModelProperties


def _resource(context: Context, model: RegisteredModel) -> dict[str, Any]:
    document, kept = model.document, model.document.get(V2) or {}
    properties: dict[str, Any] = {
        "description": document.get("description"),
        "tags": texts(document.get("kvTags")),
        "properties": texts(document.get("properties")),
        "isAnonymous": False,
        "isArchived": bool(kept.get("isArchived")),
        "modelType": kept.get("modelType") or _kind(context, model),
        "modelUri": kept.get("modelUri") or _address(context, model),
        "flavors": kept.get("flavors") or {},
        "jobName": model.run_id,
        "stage": kept.get("stage"),
        "datasets": [],
        "provisioningState": "Succeeded",
    }
    path = f"models/{model.name}/versions/{model.version}"
    return resource(context, path, properties, model.created, model.modified)


def _address(context: Context, model: RegisteredModel) -> str:
    try:
        return model_place(context, model).address
    except Fault:  # made of several artifacts: the first SDK alone can fetch it
        return str(model.document.get("url") or "")


def _kind(context: Context, model: RegisteredModel) -> str:
    try:
        place = model_place(context, model)
    except Fault:
        return "custom_model"
    described = context.store.blobs.get(ARTIFACTS, f"{place.path}/MLmodel")
    return "mlflow_model" if described is not None else "custom_model"


class Models(Assets):
    """The models, as they are asked for."""

    def names(self, context: Context) -> Iterable[str]:
        return dict.fromkeys(model.name for model in context.store.models.find())

    def versions(self, context: Context, name: str) -> list[dict[str, Any]]:
        return [_resource(context, model) for model in context.store.models.find(name)]

    async def list_versions(self, request: Request) -> Any:
        """The versions of a name, the newest first, or those of them that are at a stage."""
        context, name, _ = path_of(request)
        versions, stage = self.versions(context, name), request.query_params.get("stage")
        if stage:
            versions = [found for found in versions if found["properties"]["stage"] == stage]
        return listed(request, versions)

    def version(self, context: Context, name: str, version: str) -> dict[str, Any]:
        number = int(version) if version.isdecimal() and len(version) < 10 else None
        found = context.store.models.get(name, number) if number is not None else None
        if found is None:
            raise faults.not_found(f"Model {name!r} version {version}")
        return _resource(context, found)

    def numbers(self, context: Context, name: str, versions: list[dict[str, Any]]) -> tuple[str, str]:
        latest = max(int(found["name"]) for found in versions)
        return str(latest), str(max(latest, context.store.models.last_version(name)) + 1)


ASSETS = Models(MODELS, "Model")


async def put_version(request: Request) -> Any:
    """Registers a version; of one that is there, changes what is said about it."""
    context, name, version = path_of(request)
    asked = (await body_as(request, ModelVersion)).properties
    if not MODEL_NAME.fullmatch(name):
        raise faults.bad_request(f"Model name {name!r}: letters, digits, '_', '.' and '-' only, 255 at most.")
    if not version.isdecimal() or not 0 < len(version) < 10 or int(version) < 1:
        raise faults.bad_request(
            f"Model version {version!r} is not a number; the first SDK and MLflow know no other versions."
        )
    present = context.store.models.get(name, int(version))
    model = _registered(context, name, version, asked) if present is None else present
    changes = {
        "description": asked.description,
        "kvTags": texts(asked.tags),
        "properties": texts(asked.properties),
        V2: (model.document.get(V2) or {})
        | {"isArchived": bool(asked.is_archived), "flavors": asked.flavors, "stage": asked.stage},
    }
    return _resource(context, context.store.models.replace(model, model.document | changes))


def _registered(context: Context, name: str, version: str, asked: ModelProperties) -> RegisteredModel:
    kind = asked.model_type or "custom_model"
    if kind not in _TYPES:
        raise faults.bad_request(f"The model is of the type {kind!r}; there are {', '.join(_TYPES)}.")
    place = place_of(context, asked.model_uri) if asked.model_uri else None
    if place is None:
        raise faults.bad_request(f"The model's address {asked.model_uri!r} is none of a datastore or a job.")
    if not context.store.blobs.under(place.container, place.path, limit=1):
        raise faults.not_found(f"Anything at {asked.model_uri}")
    run_id = asked.job_name or job_of(asked.model_uri or "")
    known = context.store.runs.get(run_id) if run_id else None
    return register_model(context.store, name, version, place, kind, run_id=known.run_id if known else None)
