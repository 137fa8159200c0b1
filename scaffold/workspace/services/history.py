"""Run history: experiments and runs. Source: ``azureml._restclient.operations.{experiment,run}_operations``."""

import re
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.services.dto import ExperimentDto, RunDetailsDto, RunDto, experiment_dto, run_dto
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.experiments import Experiment
from scaffold.workspace.store.runs import Run

EXPERIMENT_NAME = re.compile(r"[a-zA-Z0-9][\w\-]{0,254}")


def experiment_of(request: Request) -> Experiment:
    """The experiment that the path names, by name or by id.

    Raises:
        Fault: there is none.
    """
    context, params = context_of(request), request.path_params
    if "experiment_id" in params:
        experiment = context.store.experiments.by_id(params["experiment_id"])
        what = f"Experiment with id {params['experiment_id']}"
    else:
        experiment = context.store.experiments.by_name(params["experiment"])
        what = f"Experiment {params['experiment']!r}"
    if experiment is None:
        raise faults.not_found(what)
    return experiment


def run_of(request: Request) -> Run:
    """The run that the path names, which must belong to the experiment that the path names.

    Raises:
        Fault: there is none.
    """
    run = context_of(request).store.runs.get(request.path_params["run_id"])
    names_experiment = "experiment" in request.path_params or "experiment_id" in request.path_params
    if run is None or (names_experiment and run.experiment_id != experiment_of(request).experiment_id):
        raise faults.not_found(f"Run {request.path_params['run_id']}")
    return run


async def get_experiment(request: Request) -> ExperimentDto:
    """An experiment by name or by id."""
    return experiment_dto(experiment_of(request))


async def create_experiment(request: Request) -> ExperimentDto:
    """The experiment of that name, made when there is none."""
    name = request.path_params["experiment"]
    if not EXPERIMENT_NAME.fullmatch(name):
        raise faults.bad_request(
            f"Experiment name {name!r}: it must be 1 to 255 letters, digits, '_' or '-', and not start with '_' or '-'."
        )
    return experiment_dto(context_of(request).store.experiments.ensure(name))


async def get_run(request: Request) -> RunDto:
    """A run."""
    return run_dto(context_of(request), run_of(request))


class RunChanges(msgspec.Struct, rename="camel"):
    """What is taken of a ``CreateRunDto`` that is sent to change a run."""

    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    hidden: bool | None = None
    tags: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None


async def patch_run(request: Request) -> RunDto:
    """Changes what a client may change of a run: names, description, tags and properties."""
    context, run, changes = context_of(request), run_of(request), await body_as(request, RunChanges)
    columns = {
        column: value
        for column in ("name", "display_name", "description", "hidden")
        if (value := getattr(changes, column)) is not None
    }
    with context.store.database.transaction():
        context.store.runs.update(run.run_id, **columns)
        run = context.store.runs.merge(
            run.run_id, tags=texts(changes.tags), properties=texts(changes.properties)
        )
    return run_dto(context, run)


def texts(mapping: dict[Any, Any] | None) -> dict[str, str]:
    """A mapping as tags and properties are kept: from text to text, null as nothing."""
    return {str(key): "" if value is None else str(value) for key, value in (mapping or {}).items()}


async def get_run_details(request: Request) -> RunDetailsDto:
    """A run with links to its log files."""
    context, run = context_of(request), run_of(request)
    dto = run_dto(context, run)
    return RunDetailsDto(
        run_id=run.run_id,
        run_number=run.number,
        parent_run_id=run.parent_run_id,
        target=run.target,
        status=dto.status,
        start_time_utc=run.started,
        end_time_utc=run.ended,
        services={},
        error=dto.error,
        warnings=run.warnings,
        properties=run.properties,
        input_datasets=[],
        output_datasets=[],
        run_definition=run.definition,
        log_files=_log_files(context, run),
        submitted_by=dto.created_by.user_name,
    )


def _log_files(context: Context, run: Run) -> dict[str, str]:
    prefix = artifact_prefix(run.run_id)
    names = (blob.name for blob in context.store.blobs.under(ARTIFACTS, prefix) if blob.written)
    logs = (name for name in names if name.removeprefix(prefix).split("/")[0].endswith("logs"))
    return {name.removeprefix(prefix): context.blob_url(ARTIFACTS, name, "r") for name in logs}


async def list_children(request: Request) -> Any:
    """The direct children of a run."""
    context, run = context_of(request), run_of(request)
    children = context.store.runs.children(run.run_id)
    return {"value": [run_dto(context, child) for child in children], "continuationToken": None}
