"""MLflow's model registry: names of models. They are ``Workspace.models``; versions are in ``mlflow_versions``.

Source: ``mlflow.store.model_registry.rest_store``. A name that SDK v1 registered is one here too.
"""

from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace.context import Context, context_of
from scaffold.workspace.services.mlflow_logging import Pair
from scaffold.workspace.services.mlflow_records import (
    asked_as,
    invalid,
    milliseconds,
    missing,
    mlflow,
    paged,
    pairs,
    refusal,
)
from scaffold.workspace.services.mlflow_runs import Count
from scaffold.workspace.services.mlflow_versions import STAGES, stage_of, version_for, version_record
from scaffold.workspace.services.models import MODEL_NAME
from scaffold.workspace.store.model_names import ModelName
from scaffold.workspace.store.models import RegisteredModel


class OfName(msgspec.Struct):
    """A request about a name."""

    name: str


class NewName(OfName):
    """``CreateRegisteredModel``."""

    tags: list[Pair] = []
    description: str = ""


class Renaming(OfName):
    """``RenameRegisteredModel``."""

    new_name: str = ""


class Description(OfName):
    """``UpdateRegisteredModel``."""

    description: str = ""


class NameSearch(msgspec.Struct):
    """``SearchRegisteredModels``."""

    filter: str = ""
    max_results: Count = 100
    order_by: list[str] = []
    page_token: str = ""


class Latest(OfName):
    """``GetLatestVersions``."""

    stages: list[str] = []


class Tag(OfName):
    """``SetRegisteredModelTag`` and ``DeleteRegisteredModelTag``."""

    key: str = ""
    value: str = ""


class Alias(OfName):
    """``SetRegisteredModelAlias``, ``DeleteRegisteredModelAlias`` and ``GetModelVersionByAlias``."""

    alias: str = ""
    version: str = ""


def _name(context: Context, name: str) -> ModelName:
    found = context.store.model_names.get(name)
    if found is None:
        raise missing(f"Registered model {name!r}")
    return found


def _latest(context: Context, name: str) -> dict[str, RegisteredModel]:
    """The newest version of each stage."""
    newest: dict[str, RegisteredModel] = {}
    for model in context.store.models.find(name):
        newest.setdefault(stage_of(model), model)
    return newest


def _record(context: Context, found: ModelName) -> dict[str, Any]:
    """``RegisteredModel``."""
    document = found.document
    return {
        "name": found.name,
        "creation_timestamp": milliseconds(found.created),
        "last_updated_timestamp": milliseconds(found.modified),
        "user_id": "",
        "description": document.get("description", ""),
        "tags": pairs(document.get("tags", {})),
        "aliases": [
            {"alias": alias, "version": version} for alias, version in document.get("aliases", {}).items()
        ],
        "latest_versions": [
            version_record(context, model) for model in _latest(context, found.name).values()
        ],
    }


def _checked(name: str) -> str:
    if not MODEL_NAME.fullmatch(name):
        raise invalid(
            f"Model name {name!r}: Azure ML allows 1 to 255 letters, digits, '_', '.' and '-', "
            "the first a letter or digit."
        )
    return name


@mlflow
async def create_registered_model(request: Request) -> Any:
    """A name without versions yet."""
    context, body = context_of(request), await asked_as(request, NewName)
    if context.store.model_names.get(_checked(body.name)) is not None:
        raise refusal(400, f"Registered model {body.name!r} exists already.", "RESOURCE_ALREADY_EXISTS")
    document = {"description": body.description, "tags": {tag.key: tag.value for tag in body.tags}}
    return {"registered_model": _record(context, context.store.model_names.put(body.name, document))}


@mlflow
async def get_registered_model(request: Request) -> Any:
    """A name with the newest version of each stage."""
    context, asked = context_of(request), await asked_as(request, OfName)
    return {"registered_model": _record(context, _name(context, asked.name))}


@mlflow
async def search_registered_models(request: Request) -> Any:
    """Names by MLflow's search language."""
    context, asked = context_of(request), await asked_as(request, NameSearch)
    search = partial(context.store.model_names.search, asked.filter, asked.order_by)
    return paged("registered_models", asked, search, partial(_record, context))


@mlflow
async def rename_registered_model(request: Request) -> Any:
    """Gives a name and its versions another."""
    context, body = context_of(request), await asked_as(request, Renaming)
    _name(context, body.name)
    if context.store.model_names.get(_checked(body.new_name)) is not None:
        raise refusal(400, f"Registered model {body.new_name!r} exists already.", "RESOURCE_ALREADY_EXISTS")
    context.store.model_names.rename(body.name, body.new_name)
    return {"registered_model": _record(context, _name(context, body.new_name))}


@mlflow
async def update_registered_model(request: Request) -> Any:
    """Gives a name another description."""
    context, body = context_of(request), await asked_as(request, Description)
    document = _name(context, body.name).document | {"description": body.description}
    return {"registered_model": _record(context, context.store.model_names.put(body.name, document))}


@mlflow
async def delete_registered_model(request: Request) -> Any:
    """Forgets a name and its versions."""
    context, body = context_of(request), await asked_as(request, OfName)
    context.store.model_names.remove(_name(context, body.name).name)
    return {}


@mlflow
async def get_latest_versions(request: Request) -> Any:
    """The newest version of each stage, or of the stages that are asked for."""
    context, asked = context_of(request), await asked_as(request, Latest)
    newest = _latest(context, _name(context, asked.name).name)
    wanted = {stage.lower() for stage in asked.stages or STAGES}
    found = [model for stage, model in newest.items() if stage.lower() in wanted]
    return {"model_versions": [version_record(context, model) for model in found]}


def _change(context: Context, name: str, field: str, key: str, value: str | None) -> Any:
    """Sets one entry of a name's tags or aliases; without a value takes it away."""
    document = _name(context, name).document
    entries = {known: entry for known, entry in document.get(field, {}).items() if known != key}
    if value is not None:
        entries[key] = value
    context.store.model_names.put(name, document | {field: entries})
    return {}


@mlflow
async def set_tag(request: Request) -> Any:
    """One tag of a name."""
    body = await asked_as(request, Tag)
    return _change(context_of(request), body.name, "tags", body.key, body.value)


@mlflow
async def delete_tag(request: Request) -> Any:
    """Takes a tag of a name away."""
    body = await asked_as(request, Tag)
    return _change(context_of(request), body.name, "tags", body.key, None)


@mlflow
async def set_alias(request: Request) -> Any:
    """Lets an alias mean a version."""
    context, body = context_of(request), await asked_as(request, Alias)
    version_for(context, body.name, body.version)
    return _change(context, body.name, "aliases", body.alias, body.version)


@mlflow
async def delete_alias(request: Request) -> Any:
    """Takes an alias away."""
    body = await asked_as(request, Alias)
    return _change(context_of(request), body.name, "aliases", body.alias, None)


@mlflow
async def get_version_by_alias(request: Request) -> Any:
    """The version that an alias means."""
    context, asked = context_of(request), await asked_as(request, Alias)
    version = _name(context, asked.name).document.get("aliases", {}).get(asked.alias)
    if version is None:
        raise missing(f"Alias {asked.alias!r} of registered model {asked.name!r}")
    return {"model_version": version_record(context, version_for(context, asked.name, version))}
