"""MLflow's model registry: versions of models, which are SDK v1's models; names are in ``mlflow_registry``.

Source: ``mlflow.store.model_registry.rest_store``. A version's files stay where they were logged, as artifacts
of a run or of an upload, and an asset says which they are: so SDK v1 downloads them too.
"""

import re
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace.context import Context, context_of
from scaffold.workspace.services.mlflow_artifacts import LOGGED_MODELS, checked_path
from scaffold.workspace.services.mlflow_logging import Pair
from scaffold.workspace.services.mlflow_records import (
    artifact_uri,
    asked_as,
    invalid,
    milliseconds,
    missing,
    mlflow,
    paged,
    pairs,
    refusal,
    run_for,
)
from scaffold.workspace.services.mlflow_runs import Count
from scaffold.workspace.services.models import asset_document, model_document
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.models import RegisteredModel

STAGES = ("None", "Staging", "Production", "Archived")
_VERSION = re.compile(r"[0-9]{1,18}")
_OF_RUN = re.compile(
    r"(?:runs:/|mlflow-artifacts:/|https://[^/]+/mlflow/.+/mlflow-artifacts/artifacts/|azureml://.+/experiments/[^/]+/runs/(?=[^/]+/artifacts(?:/|$)))"
    r"(?P<run>[^/]+)(?P<path>(?:/.*)?)"
)
_CREDENTIALS = re.compile(r"(?<=://)[^/@]+@")
_OF_UPLOAD = re.compile(r"azureml://artifacts/(?P<place>[^/]+/[^/]+/.+)")
_OF_LOGGED_MODEL = re.compile(r"models:/(?P<model>m-[0-9a-f]+)")
_OF_VERSION = re.compile(r"models:/(?P<name>[^/@]+)/(?P<version>[0-9]{1,18})")


class OfVersion(msgspec.Struct):
    """A request about a version."""

    name: str
    version: str = ""


class NewVersion(msgspec.Struct):
    """``CreateModelVersion``."""

    name: str
    source: str
    run_id: str = ""
    tags: list[Pair] = []
    run_link: str = ""
    description: str = ""
    model_id: str = ""


class VersionDescription(OfVersion):
    """``UpdateModelVersion``."""

    description: str = ""


class Transition(OfVersion):
    """``TransitionModelVersionStage``."""

    stage: str = ""
    archive_existing_versions: bool = False


class VersionTag(OfVersion):
    """``SetModelVersionTag`` and ``DeleteModelVersionTag``."""

    key: str = ""
    value: str = ""


class VersionSearch(msgspec.Struct):
    """``SearchModelVersions``."""

    filter: str = ""
    max_results: Count = 10_000
    order_by: list[str] = []
    page_token: str = ""


def stage_of(model: RegisteredModel) -> str:
    """The stage of a version; one that SDK v1 registered has none."""
    return str(model.document.get("mlflow", {}).get("stage", STAGES[0]))


def version_for(context: Context, name: str, version: str) -> RegisteredModel:
    """The version of that name and number."""
    number = int(version) if _VERSION.fullmatch(version) else 0
    model = context.store.models.get(name, number)
    if model is None:
        raise missing(f"Version {version!r} of registered model {name!r}")
    return model


def version_record(context: Context, model: RegisteredModel) -> dict[str, Any]:
    """``ModelVersion``."""
    known = model.document.get("mlflow", {})
    name = context.store.model_names.get(model.name)
    aliases = name.document.get("aliases", {}) if name else {}
    return {
        "name": model.name,
        "version": str(model.version),
        "creation_timestamp": milliseconds(model.created),
        "last_updated_timestamp": milliseconds(model.modified),
        "user_id": "",
        "current_stage": stage_of(model),
        "description": model.document.get("description") or "",
        "source": known.get("source") or f"azureml://artifacts/{_place(context, model)}",
        "run_id": model.run_id or "",
        "run_link": known.get("run_link", ""),
        "model_id": known.get("model_id", ""),
        "status": "READY",
        "status_message": "",
        "tags": pairs(model.document.get("kvTags") or {}),
        "aliases": [alias for alias, version in aliases.items() if version == str(model.version)],
    }


def _place(context: Context, model: RegisteredModel) -> str:
    """The folder of a version's files, ``origin/container/path``, or the one file that it is."""
    asset = context.store.assets.get((model.document.get("url") or "").removeprefix("aml://asset/"))
    artifacts = (asset.document.get("artifacts") if asset else None) or []
    if len(artifacts) != 1:
        raise refusal(501, f"Model {model.model_id} is made of several artifacts, which MLflow cannot read.")
    return str(artifacts[0].get("prefix") or artifacts[0].get("id")).rstrip("/")


def _source(context: Context, source: str) -> tuple[str, str | None]:
    """Where the files of a source are (``origin/container/path``), and of which run they are.

    Raises:
        Fault: it is none of this workspace's, or there are no such files.
    """
    if match := _OF_VERSION.fullmatch(source):
        model = version_for(context, match["name"], match["version"])
        return _place(context, model), model.run_id
    if match := _OF_LOGGED_MODEL.fullmatch(source):
        logged = context.store.logged_models.get(match["model"])
        if logged is None:
            raise missing(f"Logged model {match['model']!r}")
        # Where it stands in its run by its name, which SDK v1 then downloads it as.
        run_id = logged["info"]["source_run_id"] or None
        place = artifact_prefix(run_id) if run_id else f"{LOGGED_MODELS}/{match['model']}/"
        path = checked_path(logged["info"]["name"]) if run_id else "model"
    elif match := _OF_RUN.fullmatch(source):
        run_id, path = run_for(context, match["run"]).run_id, match["path"].removeprefix("/artifacts")
        place, path = artifact_prefix(run_id), checked_path(path)
    elif match := _OF_UPLOAD.fullmatch(source):
        run_id, place, path = None, "", checked_path(match["place"])
    else:
        raise invalid(
            f"The source {source!r} is none of this workspace's; log the model in a run, and register it from there."
        )
    whole = (place + path).rstrip("/")
    if not any(blob.written for blob in context.store.blobs.under(ARTIFACTS, whole)):
        raise invalid(f"There are no artifacts at the source {source!r}.")
    return whole, run_id


@mlflow
async def create_version(request: Request) -> Any:
    """The next version of a name, of files that are here already."""
    context, body = context_of(request), await asked_as(request, NewVersion)
    if context.store.model_names.get(body.name) is None:
        raise missing(f"Registered model {body.name!r}")
    source = _CREDENTIALS.sub("", body.source)  # MLflow 1 has a token in it
    place, run_id = _source(context, source)
    asset = context.store.assets.add(body.name, run_id, asset_document(place))
    document = model_document(
        asset, description=body.description or None, tags={tag.key: tag.value for tag in body.tags}
    )
    document["mlflow"] = {"source": source, "run_link": body.run_link, "model_id": body.model_id}
    model = context.store.models.add(body.name, run_id, document)
    return {"model_version": version_record(context, model)}


@mlflow
async def get_version(request: Request) -> Any:
    """A version."""
    context, asked = context_of(request), await asked_as(request, OfVersion)
    return {"model_version": version_record(context, version_for(context, asked.name, asked.version))}


@mlflow
async def search_versions(request: Request) -> Any:
    """Versions by MLflow's search language."""
    context, asked = context_of(request), await asked_as(request, VersionSearch)
    search = partial(context.store.models.search, asked.filter, asked.order_by)
    return paged("model_versions", asked, search, partial(version_record, context))


@mlflow
async def get_download_uri(request: Request) -> Any:
    """Where a version's files are, as the asking client can reach them."""
    context, asked = context_of(request), await asked_as(request, OfVersion)
    place = _place(context, version_for(context, asked.name, asked.version))
    return {"artifact_uri": artifact_uri(request, place)}


def _changed(context: Context, model: RegisteredModel, **fields: Any) -> Any:
    changed = context.store.models.replace(model, model.document | fields)
    return {"model_version": version_record(context, changed)}


@mlflow
async def update_version(request: Request) -> Any:
    """Gives a version another description."""
    context, body = context_of(request), await asked_as(request, VersionDescription)
    return _changed(context, version_for(context, body.name, body.version), description=body.description)


@mlflow
async def transition_stage(request: Request) -> Any:
    """Moves a version to another stage, and those that were there into the archive where that is asked for."""
    context, body = context_of(request), await asked_as(request, Transition)
    model = version_for(context, body.name, body.version)
    stage = {known.lower(): known for known in STAGES}.get(body.stage.lower())
    if stage is None:
        raise invalid(f"Stage {body.stage!r} is none of {', '.join(STAGES)}.")
    with context.store.database.transaction():
        for other in context.store.models.find(body.name) if body.archive_existing_versions else ():
            if stage_of(other) == stage and other.version != model.version:
                _changed(context, other, mlflow=other.document.get("mlflow", {}) | {"stage": "Archived"})
        return _changed(context, model, mlflow=model.document.get("mlflow", {}) | {"stage": stage})


@mlflow
async def delete_version(request: Request) -> Any:
    """Forgets a version; its files stay."""
    context, body = context_of(request), await asked_as(request, OfVersion)
    context.store.models.remove(version_for(context, body.name, body.version))
    return {}


@mlflow
async def set_tag(request: Request) -> Any:
    """One tag of a version."""
    context, body = context_of(request), await asked_as(request, VersionTag)
    model = version_for(context, body.name, body.version)
    _changed(context, model, kvTags=(model.document.get("kvTags") or {}) | {body.key: body.value})
    return {}


@mlflow
async def delete_tag(request: Request) -> Any:
    """Takes a tag of a version away."""
    context, body = context_of(request), await asked_as(request, VersionTag)
    model = version_for(context, body.name, body.version)
    tags = {key: value for key, value in (model.document.get("kvTags") or {}).items() if key != body.key}
    _changed(context, model, kvTags=tags)
    return {}
