"""MLflow's experiments and logged models. Source: ``mlflow.store.tracking.rest_store``; runs are in ``mlflow_runs``."""

import sqlite3
import uuid
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults, refusals
from scaffold.workspace.context import Context, context_of
from scaffold.workspace.services.mlflow_artifacts import LOGGED_MODELS, checked_path
from scaffold.workspace.services.mlflow_logging import Pair
from scaffold.workspace.services.mlflow_records import (
    artifact_uri,
    asked_as,
    checked_name,
    experiment_for,
    experiment_record,
    invalid,
    missing,
    mlflow,
    paged,
    refusal,
    run_for,
)
from scaffold.workspace.services.mlflow_runs import Count, now_milliseconds
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.database import timestamp


class NewExperiment(msgspec.Struct):
    """``CreateExperiment``."""

    name: str
    artifact_location: str | None = None
    tags: list[Pair] = []


class OfExperiment(msgspec.Struct):
    """A request about an experiment."""

    experiment_id: str = "0"


class ByName(msgspec.Struct):
    """``GetExperimentByName``."""

    experiment_name: str


class ExperimentUpdate(OfExperiment):
    """``UpdateExperiment``."""

    new_name: str | None = None


class ExperimentTag(Pair, kw_only=True):
    """``SetExperimentTag``."""

    experiment_id: str


class ExperimentSearch(msgspec.Struct):
    """``SearchExperiments``."""

    max_results: Count = 1000
    page_token: str = ""
    filter: str = ""
    order_by: list[str] = []
    view_type: str = "ACTIVE_ONLY"


@mlflow
async def create_experiment(request: Request) -> Any:
    """A new experiment."""
    context, body = context_of(request), await asked_as(request, NewExperiment)
    name = checked_name(body.name)
    if body.artifact_location:
        raise refusal(
            501,
            "The local workspace keeps artifacts itself; an artifact_location of one's own is not implemented.",
        )
    if context.store.experiments.by_name(name) is not None:
        raise refusal(400, f"Experiment {name!r} exists already.", "RESOURCE_ALREADY_EXISTS")
    experiment = context.store.experiments.ensure(name)
    if body.tags:
        tags = {tag.key: tag.value for tag in body.tags}
        context.store.experiments.update(experiment.experiment_id, tags=tags)
    return {"experiment_id": experiment.experiment_id}


@mlflow
async def get_experiment(request: Request) -> Any:
    """An experiment by its id."""
    asked = await asked_as(request, OfExperiment)
    return {"experiment": experiment_record(experiment_for(context_of(request), asked.experiment_id))}


@mlflow
async def get_experiment_by_name(request: Request) -> Any:
    """An experiment by its name."""
    asked = await asked_as(request, ByName)
    experiment = context_of(request).store.experiments.by_name(asked.experiment_name)
    if experiment is None:
        raise missing(f"Experiment {asked.experiment_name!r}")
    return {"experiment": experiment_record(experiment)}


@mlflow
async def search_experiments(request: Request) -> Any:
    """Experiments by MLflow's search language."""
    context, body = context_of(request), await asked_as(request, ExperimentSearch)
    views = {"ACTIVE_ONLY": False, "DELETED_ONLY": True, "ALL": None}
    if body.view_type not in views:
        raise invalid(f"{body.view_type!r} is not a view_type.")
    archived = views[body.view_type]
    search = partial(context.store.experiments.search, body.filter, body.order_by, archived=archived)
    return paged("experiments", body, search, experiment_record)


@mlflow
async def update_experiment(request: Request) -> Any:
    """Gives an experiment another name."""
    context, body = context_of(request), await asked_as(request, ExperimentUpdate)
    experiment = experiment_for(context, body.experiment_id)
    if body.new_name and body.new_name != experiment.name:
        if context.store.experiments.by_name(checked_name(body.new_name)) is not None:
            raise refusal(400, f"Experiment {body.new_name!r} exists already.", "RESOURCE_ALREADY_EXISTS")
        context.store.experiments.update(experiment.experiment_id, name=body.new_name)
    return {}


async def _set_archived(request: Request, archived: str | None) -> Any:
    context, asked = context_of(request), await asked_as(request, OfExperiment)
    experiment = experiment_for(context, asked.experiment_id)
    try:
        context.store.experiments.update(experiment.experiment_id, archived=archived)
    except sqlite3.IntegrityError:
        message = f"There is an active experiment {experiment.name!r} already."
        raise refusal(400, message, "RESOURCE_ALREADY_EXISTS") from None
    return {}


@mlflow
async def delete_experiment(request: Request) -> Any:
    """Archives an experiment; its runs stay."""
    return await _set_archived(request, timestamp())


@mlflow
async def restore_experiment(request: Request) -> Any:
    """Takes an experiment out of the archive."""
    return await _set_archived(request, None)


@mlflow
async def set_experiment_tag(request: Request) -> Any:
    """One tag of an experiment."""
    context, body = context_of(request), await asked_as(request, ExperimentTag)
    experiment = experiment_for(context, body.experiment_id)
    context.store.experiments.update(experiment.experiment_id, tags=experiment.tags | {body.key: body.value})
    return {}


@mlflow
async def delete_experiment_tag(request: Request) -> Any:
    """Takes a tag of an experiment away."""
    context, body = context_of(request), await asked_as(request, ExperimentTag)
    experiment = experiment_for(context, body.experiment_id)
    if body.key not in experiment.tags:
        raise missing(f"Tag {body.key!r} of experiment {experiment.name!r}")
    tags = {key: value for key, value in experiment.tags.items() if key != body.key}
    context.store.experiments.update(experiment.experiment_id, tags=tags)
    return {}


class NewModel(msgspec.Struct):
    """``CreateLoggedModel``."""

    experiment_id: str
    name: str | None = None
    model_type: str | None = None
    source_run_id: str | None = None
    params: list[Pair] = []
    tags: list[Pair] = []


class ModelSearch(msgspec.Struct):
    """``SearchLoggedModels``."""

    experiment_ids: list[str] = []
    filter: str = ""
    datasets: list[dict[str, Any]] = []
    max_results: Count = 50
    order_by: list[dict[str, Any]] = []
    page_token: str = ""


class ModelChanges(msgspec.Struct):
    """``FinalizeLoggedModel``, ``SetLoggedModelTags`` or ``LogLoggedModelParamsRequest``."""

    status: str | None = None
    params: list[Pair] = []
    tags: list[Pair] = []


@mlflow
async def create_logged_model(request: Request) -> Any:
    """A model that MLflow 3 is about to log, in a run or by itself."""
    context, body = context_of(request), await asked_as(request, NewModel)
    experiment = experiment_for(context, body.experiment_id)
    run_id = run_for(context, body.source_run_id).run_id if body.source_run_id else ""
    moment = now_milliseconds()
    model_id = f"m-{uuid.uuid4().hex}"
    record = {
        "info": {
            "model_id": model_id,
            "experiment_id": experiment.experiment_id,
            "name": body.name or model_id,
            "creation_timestamp_ms": moment,
            "last_updated_timestamp_ms": moment,
            "status": "LOGGED_MODEL_PENDING",
            "model_type": body.model_type or "",
            "source_run_id": run_id,
            "tags": [msgspec.to_builtins(tag) for tag in body.tags],
        },
        "data": {"params": [msgspec.to_builtins(param) for param in body.params], "metrics": []},
    }
    context.store.logged_models.add(model_id, experiment.experiment_id, run_id or None, moment, record)
    return _model(request, record)


def _model(request: Request, record: dict[str, Any]) -> Any:
    uri = artifact_uri(request, f"{LOGGED_MODELS}/{record['info']['model_id']}/model")
    return {"model": {**record, "info": {**record["info"], "artifact_uri": uri}}}


def _named_model(request: Request) -> dict[str, Any]:
    model_id = request.path_params["model_id"]
    record = context_of(request).store.logged_models.get(model_id)
    if record is None:
        raise missing(f"Logged model {model_id!r}")
    return record


@mlflow
async def get_logged_model(request: Request) -> Any:
    """A logged model."""
    return _model(request, _named_model(request))


@mlflow
async def search_logged_models(request: Request) -> Any:
    """Logged models by MLflow's search language, the newest first."""
    context, body = context_of(request), await asked_as(request, ModelSearch)
    if body.datasets or body.order_by:
        raise refusal(
            501, "The local workspace does not search logged models by datasets or in another order."
        )
    ids = [experiment_for(context, wanted).experiment_id for wanted in dict.fromkeys(body.experiment_ids)]
    search = partial(context.store.logged_models.search, ids, body.filter)
    return paged("models", body, search, lambda record: _model(request, record)["model"])


@mlflow
async def change_logged_model(request: Request) -> Any:
    """Ends the logging of a model, or adds tags or parameters to it."""
    record, body = _named_model(request), await asked_as(request, ModelChanges)
    info, data = record["info"], record["data"]
    if body.status is not None:
        info["status"] = body.status
    info["tags"] = _merged(info["tags"], body.tags)
    data["params"] = _merged(data["params"], body.params)
    info["last_updated_timestamp_ms"] = now_milliseconds()
    context = context_of(request)
    context.store.logged_models.replace(info["model_id"], record)
    if body.status == "LOGGED_MODEL_READY" and info["source_run_id"]:
        _show_in_run(context, info)
    return _model(request, record)


def _show_in_run(context: Context, info: dict[str, Any]) -> None:
    """Names a model's files in its run by the model's name too, which is where MLflow 1 and 2 put them.

    There SDK v1 looks for them (``run.register_model(model_path="model")``), and azureml-mlflow for ``runs:/``.
    """
    run, place = artifact_prefix(info["source_run_id"]), f"{LOGGED_MODELS}/{info['model_id']}/model/"
    for blob in context.store.blobs.under(ARTIFACTS, place):
        name = f"{run}{checked_path(info['name'])}/{blob.name.removeprefix(place)}"
        if blob.sha256 is not None and context.store.blobs.get(ARTIFACTS, name) is None:
            context.store.blobs.put(
                ARTIFACTS, name, sha256=blob.sha256, size=blob.size, content_type=blob.content_type
            )


def _merged(present: list[dict[str, str]], new: list[Pair]) -> list[dict[str, str]]:
    pairs = {pair["key"]: pair["value"] for pair in present} | {pair.key: pair.value for pair in new}
    return [{"key": key, "value": value} for key, value in pairs.items()]


@mlflow
async def refuse(request: Request) -> Any:
    """What of MLflow's API is not here, refused by name in MLflow's form."""
    params = request.path_params
    known = refusals.find(f"{request.method} /mlflow/{params['version']}…/{params['rest']}")
    operation = f"{request.method} /{params['rest']}"
    raise refusal(501, known.message(operation) if known else faults.not_implemented(operation).message)
