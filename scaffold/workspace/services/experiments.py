"""Experiments. Source: ``azureml._restclient.operations.experiment_operations``."""

import sqlite3
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import body_as, context_of
from scaffold.workspace.services.dto import ExperimentDto, experiment_dto
from scaffold.workspace.services.history import check_experiment_name, experiment_of, texts
from scaffold.workspace.store.database import timestamp


async def get_experiment(request: Request) -> ExperimentDto:
    """An experiment by id, or the active one of a name."""
    experiment = experiment_of(request)
    view = request.query_params.get("viewType", "ActiveOnly").lower()
    if "experiment" in request.path_params and experiment.archived and view == "activeonly":
        raise faults.not_found(f"An active experiment {experiment.name!r}")
    return experiment_dto(experiment)


async def create_experiment(request: Request) -> ExperimentDto:
    """The active experiment of that name, made when there is none."""
    name = request.path_params["experiment"]
    check_experiment_name(name)
    return experiment_dto(context_of(request).store.experiments.ensure(name))


class ExperimentChanges(msgspec.Struct, rename="camel"):
    """``ModifyExperimentDto``."""

    name: str | None = None
    description: str | None = None
    archive: bool | None = None
    tags: dict[str, Any] | None = None


async def update_experiment(request: Request) -> ExperimentDto:
    """Changes description and tags, archives an experiment or takes it back."""
    experiment, changes = experiment_of(request), await body_as(request, ExperimentChanges)
    if changes.name not in (None, experiment.name):
        raise faults.bad_request(f"Experiment {experiment.name!r} cannot be renamed.")
    columns: dict[str, Any] = {}
    if changes.description is not None:
        columns["description"] = changes.description
    if changes.archive is not None:
        columns["archived"] = (experiment.archived or timestamp()) if changes.archive else None
    experiments = context_of(request).store.experiments
    try:
        with context_of(request).store.database.transaction():
            if columns:
                experiments.update(experiment.experiment_id, **columns)
            if changes.tags:
                experiments.merge_tags(experiment.experiment_id, texts(changes.tags))
    except sqlite3.IntegrityError:
        raise faults.conflict(f"There is an active experiment {experiment.name!r} already.") from None
    return experiment_dto(experiment_of(request))


async def delete_experiment(request: Request) -> Any:
    """Forgets an experiment, which must be empty, as the service demands."""
    context, experiment = context_of(request), experiment_of(request)
    with context.store.database.transaction():
        if not context.store.experiments.is_empty(experiment.experiment_id):
            raise faults.conflict(
                f"Experiment {experiment.name!r} has runs; only an empty experiment can be deleted. Archive it instead."
            )
        context.store.experiments.delete(experiment.experiment_id)
    return {}


class DeletedTags(msgspec.Struct):
    """``DeleteTagsCommandDto``."""

    tags: list[str]


async def delete_experiment_tags(request: Request) -> Any:
    """Takes tags away (``DeleteExperimentTagsResultDto``)."""
    experiment, body = experiment_of(request), await body_as(request, DeletedTags)
    context_of(request).store.experiments.remove_tags(experiment.experiment_id, body.tags)
    return {"errors": {}}
