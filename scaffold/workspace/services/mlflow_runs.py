"""MLflow's runs, metrics, parameters and tags: the same ones as SDK v1's. Source: ``mlflow.store.tracking.rest_store``.

A run that the engine carries out is ended by the engine: ``mlflow.end_run()`` in it changes nothing.
"""

import uuid
from functools import partial
from typing import Annotated, Any

import msgspec
from starlette.requests import Request

from scaffold.workspace.context import Context, context_of, decoded
from scaffold.workspace.runs import Status
from scaffold.workspace.services import limits
from scaffold.workspace.services.mlflow_logging import Int64, Metric, Pair, log
from scaffold.workspace.services.mlflow_records import (
    DATASETS,
    MODEL_INPUTS,
    MODEL_OUTPUTS,
    STATUSES,
    asked_as,
    experiment_for,
    invalid,
    kept,
    listed,
    metric_record,
    milliseconds,
    missing,
    mlflow,
    moment,
    paged,
    run_for,
    run_info,
    run_record,
)
from scaffold.workspace.store.database import to_json
from scaffold.workspace.store.runs import Run

_MAX_RESULTS = 50_000
_MODEL_HISTORY = "mlflow.log-model.history"
Count = Annotated[int, msgspec.Meta(ge=1, le=_MAX_RESULTS)]


class OfRun(msgspec.Struct):
    """A request about a run; older clients name it ``run_uuid``."""

    run_id: str | None = None
    run_uuid: str | None = None


class NewRun(msgspec.Struct):
    """``CreateRun``."""

    experiment_id: str = "0"
    user_id: str | None = None
    run_name: str | None = None
    start_time: Int64 | None = None
    tags: list[Pair] = []


class RunUpdate(OfRun):
    """``UpdateRun``."""

    status: str | None = None
    end_time: Int64 | None = None
    run_name: str | None = None


class RunSearch(msgspec.Struct):
    """``SearchRuns``."""

    experiment_ids: list[str] = []
    filter: str = ""
    run_view_type: str = "ACTIVE_ONLY"
    max_results: Count = 1000
    order_by: list[str] = []
    page_token: str = ""


class LogMetric(Metric, kw_only=True):
    """``LogMetric``."""

    run_id: str | None = None
    run_uuid: str | None = None


class LogPair(Pair, kw_only=True):
    """``LogParam`` or ``SetTag``."""

    run_id: str | None = None
    run_uuid: str | None = None


class LogBatch(OfRun):
    """``LogBatch``."""

    metrics: list[Metric] = []
    params: list[Pair] = []
    tags: list[Pair] = []


class DeleteTag(OfRun):
    """``DeleteTag``."""

    key: str = ""


class MetricHistory(OfRun):
    """``GetMetricHistory``."""

    metric_key: str = ""
    max_results: Count = 25_000
    page_token: str = ""


class LogModel(OfRun):
    """``LogModel``."""

    model_json: str = ""


class LogInputs(OfRun):
    """``LogInputs`` or ``LogOutputs``."""

    datasets: list[dict[str, Any]] = []
    models: list[dict[str, Any]] = []


@mlflow
async def create_run(request: Request) -> Any:
    """A run that no engine carries out: it lives in the process that made it."""
    context, body = context_of(request), await asked_as(request, NewRun)
    experiment = experiment_for(context, body.experiment_id)
    if experiment.archived:
        raise invalid(f"Experiment {experiment.name!r} is deleted; restore it first.")
    tags = {tag.key: tag.value for tag in body.tags}
    parent, name = tags.pop("mlflow.parentRunId", None), tags.pop("mlflow.runName", None)
    if body.user_id:
        tags.setdefault("mlflow.user", body.user_id)
    if (reason := limits.tags_over({}, tags)) is not None:
        raise invalid(reason)
    if parent is not None:
        run_for(context, parent)
    run = context.store.runs.create(
        str(uuid.uuid4()),
        experiment.experiment_id,
        status=Status.RUNNING,
        parent_run_id=parent,
        display_name=body.run_name or name,
        started=moment(body.start_time),
        tags=tags,
        target="local",
    )
    return {"run": run_record(request, run)}


@mlflow
async def get_run(request: Request) -> Any:
    """A run with its data."""
    asked = await asked_as(request, OfRun)
    return {"run": run_record(request, run_for(context_of(request), asked.run_id, asked.run_uuid))}


@mlflow
async def update_run(request: Request) -> Any:
    """Name, status and end of a run; of one that the engine carries out the name alone."""
    context, body = context_of(request), await asked_as(request, RunUpdate)
    run = run_for(context, body.run_id, body.run_uuid)
    if body.status is not None and body.status not in STATUSES:
        raise invalid(f"{body.status!r} is not a status of a run.")
    if body.run_name:
        run = context.store.runs.update(run.run_id, display_name=body.run_name)
    if body.status is not None and run.definition is None:
        run = _moved(context, run, STATUSES[body.status], body.end_time)
    return {"run_info": run_info(request, run)}


def _moved(context: Context, run: Run, wanted: Status, end_time: int | None) -> Run:
    runs = context.store.runs
    if wanted is run.status or wanted is Status.NOT_STARTED:  # a run of this kind starts as it is made
        return run
    with context.store.database.transaction():
        if run.status.terminal:
            run = runs.reopen(run.run_id)
        if wanted.terminal:
            return runs.move(run.run_id, wanted, ended=moment(end_time))
        return runs.reopen(run.run_id) if wanted is Status.RUNNING else run


async def _set_deleted(request: Request, *, hidden: bool) -> Any:
    context, asked = context_of(request), await asked_as(request, OfRun)
    context.store.runs.update(run_for(context, asked.run_id, asked.run_uuid).run_id, hidden=hidden)
    return {}


@mlflow
async def delete_run(request: Request) -> Any:
    """Hides a run; its data stays, as in Azure ML."""
    return await _set_deleted(request, hidden=True)


@mlflow
async def restore_run(request: Request) -> Any:
    """Shows a hidden run again."""
    return await _set_deleted(request, hidden=False)


@mlflow
async def search_runs(request: Request) -> Any:
    """Runs by MLflow's search language."""
    context, body = context_of(request), await asked_as(request, RunSearch)
    views = {"ACTIVE_ONLY": False, "DELETED_ONLY": True, "ALL": None}
    if body.run_view_type not in views:
        raise invalid(f"{body.run_view_type!r} is not a run_view_type.")
    experiment_ids = [
        experiment_for(context, wanted).experiment_id for wanted in dict.fromkeys(body.experiment_ids)
    ]
    search = partial(
        context.store.runs.search,
        experiment_ids,
        condition=body.filter,
        order_by=body.order_by,
        hidden=views[body.run_view_type],
    )
    return paged("runs", body, search, partial(run_record, request))


@mlflow
async def log_metric(request: Request) -> Any:
    """One value of a metric."""
    context, body = context_of(request), await asked_as(request, LogMetric)
    log(context, run_for(context, body.run_id, body.run_uuid), [body], [], [])
    return {}


@mlflow
async def log_parameter(request: Request) -> Any:
    """One parameter, which never changes."""
    context, body = context_of(request), await asked_as(request, LogPair)
    log(context, run_for(context, body.run_id, body.run_uuid), [], [body], [])
    return {}


@mlflow
async def set_tag(request: Request) -> Any:
    """One tag."""
    context, body = context_of(request), await asked_as(request, LogPair)
    log(context, run_for(context, body.run_id, body.run_uuid), [], [], [body])
    return {}


@mlflow
async def log_batch(request: Request) -> Any:
    """Metrics, parameters and tags, all or none."""
    context, body = context_of(request), await asked_as(request, LogBatch)
    log(context, run_for(context, body.run_id, body.run_uuid), body.metrics, body.params, body.tags)
    return {}


@mlflow
async def log_batch_async(request: Request) -> Any:
    """azureml-mlflow's ``LogBatchAsync``: kept when this answers, so that there is nothing to wait for."""
    await log_batch(request)
    return {"batch_tracking_id": ""}


@mlflow
async def delete_tag(request: Request) -> Any:
    """Takes a tag away."""
    context, body = context_of(request), await asked_as(request, DeleteTag)
    run = run_for(context, body.run_id, body.run_uuid)
    if not context.store.runs.remove_tag(run.run_id, body.key):
        raise missing(f"Tag {body.key!r} of run {run.run_id}")
    return {}


@mlflow
async def get_metric_history(request: Request) -> Any:
    """All values of a metric, in the order of their steps' logging."""
    context, asked = context_of(request), await asked_as(request, MetricHistory)
    run = run_for(context, asked.run_id, asked.run_uuid)
    values = context.store.metrics.values(run.run_id, asked.metric_key)
    records = [record for value in values if (record := metric_record(value)) is not None]

    def part(*, limit: int, offset: int) -> list[dict[str, Any]]:
        return records[offset : offset + limit]

    return paged("metrics", asked, part, lambda record: record)


@mlflow
async def log_model(request: Request) -> Any:
    """Adds a model to the tag in which MLflow before its version 3 keeps a run's models."""
    context, body = context_of(request), await asked_as(request, LogModel)
    run = run_for(context, body.run_id, body.run_uuid)
    model = decoded(body.model_json.encode())
    if not isinstance(model, dict):
        raise invalid("model_json is not the JSON of a model.")
    history = [*listed(run.tags.get(_MODEL_HISTORY, "")), model]
    context.store.runs.merge(run.run_id, tags={_MODEL_HISTORY: to_json(history)}, properties={})
    return {}


def _remember(context: Context, run: Run, **lists: list[dict[str, Any]]) -> None:
    names = {"datasets": DATASETS, "inputs": MODEL_INPUTS, "outputs": MODEL_OUTPUTS}
    changes = {}
    for name, entries in lists.items():
        present = kept(run, names[name])
        new = [entry for entry in entries if entry not in present]
        if new:
            changes[names[name]] = to_json([*present, *new])
    if changes:
        context.store.runs.merge(run.run_id, tags={}, properties=changes)


@mlflow
async def log_inputs(request: Request) -> Any:
    """Notes the datasets and models that a run reads."""
    context, body = context_of(request), await asked_as(request, LogInputs)
    run = run_for(context, body.run_id, body.run_uuid)
    _remember(context, run, datasets=body.datasets, inputs=body.models)
    return {}


@mlflow
async def log_outputs(request: Request) -> Any:
    """Notes the models that a run made."""
    context, body = context_of(request), await asked_as(request, LogInputs)
    _remember(context, run_for(context, body.run_id, body.run_uuid), outputs=body.models)
    return {}


def now_milliseconds() -> int:
    """The present moment in milliseconds since 1970."""
    return milliseconds(moment(None)) or 0
