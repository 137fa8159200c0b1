"""Runs: made, read and changed by clients. Source: ``azureml._restclient.operations.run_operations``."""

import sqlite3
from datetime import datetime, timezone
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.faults import Fault
from scaffold.workspace.runs import Status, may_follow
from scaffold.workspace.services import limits
from scaffold.workspace.services.dto import RunDetailsDto, RunDto, run_dto
from scaffold.workspace.services.history import (
    check_experiment_name,
    check_run_id,
    experiment_of,
    run_of,
    texts,
)
from scaffold.workspace.services.odata import moment
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.experiments import Experiment
from scaffold.workspace.store.runs import Run

_SNAPSHOT = "ContentSnapshotId"
_MOST_RUNS = 1000


class RunTypeV2(msgspec.Struct, rename="camel"):
    """``RunTypeV2``."""

    orchestrator: str | None = None
    traits: list[str] | None = None


class RunChanges(msgspec.Struct, rename="camel"):
    """``CreateRunDto``: what a client says of a run, new or not. A ``cancelUri`` is this workspace's alone."""

    run_id: str | None = None
    parent_run_id: str | None = None
    status: Status | None = None
    start_time_utc: str | None = None
    end_time_utc: str | None = None
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    hidden: bool | None = None
    run_type: str | None = None
    run_type_v2: RunTypeV2 | None = msgspec.field(name="runTypeV2", default=None)
    script_name: str | None = None
    target: str | None = None
    tags: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    heartbeat_enabled: bool | None = None
    input_datasets: list[Any] | None = None
    output_datasets: list[Any] | None = None
    run_definition: dict[str, Any] | None = None
    primary_metric_name: str | None = None
    created_from: dict[str, Any] | None = None


class RunBatch(msgspec.Struct):
    """``BatchAddOrModifyRunRequestDto``."""

    runs: list[RunChanges]


_ALWAYS = ("name", "display_name", "description", "hidden")
_UNLESS_EXECUTED = ("run_type", "script_name", "target")
_RECORDED = {
    "heartbeat_enabled": "heartbeatEnabled",
    "run_definition": "runDefinition",
    "primary_metric_name": "primaryMetricName",
    "created_from": "createdFrom",
}
_LINEAGE = {"input_datasets": "inputDatasets", "output_datasets": "outputDatasets"}


async def get_run(request: Request) -> RunDto:
    """A run."""
    return run_dto(context_of(request), run_of(request))


async def patch_run(request: Request) -> RunDto:
    """Changes what a client may change of the run that the address names; of an id that is new, makes the run."""
    context, changes = context_of(request), await body_as(request, RunChanges)
    run_id = request.path_params["run_id"]
    if context.store.runs.get(run_id) is not None:
        return run_dto(context, _change(context, run_of(request), changes))
    return run_dto(context, _create(context, _experiment_for_runs(request), run_id, changes))


async def patch_runs(request: Request) -> Any:
    """The same for many runs of an experiment; each succeeds or fails for itself."""
    context, batch = context_of(request), await body_as(request, RunBatch)
    if len(batch.runs) > _MOST_RUNS:
        raise faults.bad_request(f"More than {_MOST_RUNS} runs in one request.")
    experiment = _experiment_for_runs(request)
    runs, errors = {}, {}
    with context.store.database.transaction():  # one for all: each by itself would wait for the disk
        for changes in batch.runs:
            run_id = changes.run_id or ""
            try:
                made = _changed_or_created(context, experiment, run_id, changes)
                runs[run_id] = run_dto(context, made, experiment)
            except Fault as fault:
                errors[run_id] = fault.envelope()
    return {"runs": runs, "errors": errors}


def _changed_or_created(context: Context, experiment: Experiment, run_id: str, changes: RunChanges) -> Run:
    present = context.store.runs.get(run_id)
    if present is None:
        return _create(context, experiment, run_id, changes)
    if present.experiment_id != experiment.experiment_id:
        raise faults.conflict(f"Run {run_id} belongs to another experiment.")
    return _change(context, present, changes)


def _experiment_for_runs(request: Request) -> Experiment:
    """The experiment that new runs belong to; of an archived one's name, a new one."""
    if "experiment_id" in request.path_params:
        return experiment_of(request)
    name = request.path_params["experiment"]
    check_experiment_name(name)
    return context_of(request).store.experiments.ensure(name)


def _create(context: Context, experiment: Experiment, run_id: str, changes: RunChanges) -> Run:
    check_run_id(run_id)
    parent = changes.parent_run_id
    if parent is not None and context.store.runs.get(parent) is None:
        raise faults.not_found(f"Parent run {parent}")
    status = changes.status or Status.NOT_STARTED
    columns = _columns(context, changes, executed=False)
    tags = _tags({}, changes)
    if status is Status.RUNNING:
        columns.setdefault("started", moment(datetime.now(timezone.utc).isoformat()))
    try:
        return context.store.runs.create(
            run_id,
            experiment.experiment_id,
            status=status,
            parent_run_id=parent,
            tags=tags,
            properties=texts(changes.properties),
            recorded=_recorded({}, changes),
            **columns,
        )
    except sqlite3.IntegrityError:
        raise faults.conflict(f"There is a run {run_id} already.") from None


def _tags(present: dict[str, str], changes: RunChanges) -> dict[str, str]:
    """The tags to be added to those that a run has.

    Raises:
        Fault: they are over a limit of the service.
    """
    tags = texts(changes.tags)
    if (reason := limits.tags_over(present, tags)) is not None:
        raise faults.bad_request(reason)
    return tags


def _columns(context: Context, changes: RunChanges, *, executed: bool) -> dict[str, Any]:
    """The columns that change; what the engine says of a run that it executes is the engine's alone."""
    names = _ALWAYS if executed else (*_ALWAYS, *_UNLESS_EXECUTED)
    columns = {name: value for name in names if (value := getattr(changes, name)) is not None}
    if executed:
        return columns
    if changes.run_type_v2 is not None:
        columns["run_type_v2"] = {
            "orchestrator": changes.run_type_v2.orchestrator,
            "traits": changes.run_type_v2.traits or [],
        }
    if changes.start_time_utc is not None:
        columns["started"] = moment(changes.start_time_utc)
    if changes.end_time_utc is not None:
        columns["ended"] = moment(changes.end_time_utc)
    return columns | _snapshot_column(context, changes)


def _snapshot_column(context: Context, changes: RunChanges) -> dict[str, Any]:
    """The column of the snapshot that a property names, where there is one."""
    snapshot_id = (changes.properties or {}).get(_SNAPSHOT)
    if isinstance(snapshot_id, str) and context.store.snapshots.get(snapshot_id) is not None:
        return {"snapshot_id": snapshot_id}
    return {}


def _recorded(present: dict[str, Any], changes: RunChanges) -> dict[str, Any]:
    """What clients have recorded of a run; datasets come one by one and are added to those that are there."""
    recorded = dict(present)
    for field, name in _RECORDED.items():
        if (value := getattr(changes, field)) is not None:
            recorded[name] = value
    for field, name in _LINEAGE.items():
        datasets = list(recorded.get(name, []))
        datasets += [dataset for dataset in getattr(changes, field) or [] if dataset not in datasets]
        if datasets:
            recorded[name] = datasets
    return recorded


def _change(context: Context, run: Run, changes: RunChanges) -> Run:
    runs, run_id = context.store.runs, run.run_id
    columns = _columns(context, changes, executed=run.executed)
    properties, tags = texts(changes.properties), _tags(run.tags, changes)
    if run.executed and run.snapshot_id is None:  # a local run's arrives after the run has begun
        columns |= _snapshot_column(context, changes)
        snapshot = context.store.snapshots.get(columns.get("snapshot_id", ""))
        properties = (snapshot.properties if snapshot else {}) | properties
    recorded = _recorded(run.recorded, changes)
    if recorded != run.recorded:
        columns["recorded"] = recorded
    with context.store.database.transaction():
        status = changes.status
        if status is not None and status is not run.status and not run.executed:
            if not may_follow(run.status, status):
                raise faults.conflict(f"Run {run_id} is {run.status.value} and cannot become {status.value}.")
            runs.move(run_id, status)
        runs.update(run_id, **columns)
        return runs.merge(run_id, tags=tags, properties=properties)


async def delete_run_tags(request: Request) -> RunDto:
    """Takes tags away."""
    run, keys = run_of(request), await body_as(request, list[str])
    context = context_of(request)
    return run_dto(context, context.store.runs.remove_tags(run.run_id, keys))


async def get_run_token(request: Request) -> Any:
    """A new token for the run's own process (``TokenResult``)."""
    token, expiry = context_of(request).authority.run_token(run_of(request).run_id)
    return {"token": token, "expiryTimeUtc": datetime.fromtimestamp(expiry, timezone.utc).isoformat()}


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
        input_datasets=dto.input_datasets,
        output_datasets=dto.output_datasets,
        run_definition=dto.run_definition,
        log_files=log_files(context, run),
        submitted_by=dto.created_by.user_name,
    )


_LOG_FOLDERS = ("azureml-logs/", "logs/azureml/", "system_logs/", "user_logs/")


def log_files(context: Context, run: Run) -> dict[str, str]:
    """The logs of the run and of what carries it out; what a script writes to ``logs/`` is an artifact like others."""
    prefix = artifact_prefix(run.run_id)
    names = (blob.name for blob in context.store.blobs.under(ARTIFACTS, prefix) if blob.written)
    logs = (name for name in names if name.removeprefix(prefix).startswith(_LOG_FOLDERS))
    return {name.removeprefix(prefix): context.blob_url(ARTIFACTS, name, "r") for name in logs}
