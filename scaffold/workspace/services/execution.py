"""Execution: takes a run configuration with a snapshot, and hands the run to the engine; cancels it.

Source: ``azureml._execution._commands._start_internal`` (``snapshotrun``); the cancel address is the one
that this service gives out as ``cancelUri``.
"""

import shlex
import sqlite3
import uuid
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults, interpreters
from scaffold.workspace.context import Context, body_as, caller_of, context_of
from scaffold.workspace.engine.data.dataflow import DataError
from scaffold.workspace.engine.data.settling import resolve
from scaffold.workspace.engine.distribution import Distribution, DistributionError, processes_of
from scaffold.workspace.engine.requirements import SnapshotSources
from scaffold.workspace.engine.specification import Specification, SpecificationError, read_environment
from scaffold.workspace.runs import Status
from scaffold.workspace.services.content import EMPTY_ID
from scaffold.workspace.services.environments import RunEnvironment, record_environment
from scaffold.workspace.services.history import check_experiment_name, check_run_id, run_of
from scaffold.workspace.store.runs import SUBMITTED_FROM, Run


class NewRun(msgspec.Struct, rename="pascal"):
    """The body of ``POST …/snapshotrun``."""

    configuration: dict[str, Any]
    snapshot_id: str | None = None
    parent_run_id: str | None = None


class RunConfiguration(msgspec.Struct, rename="camel"):
    """What has to be right of a RunConfiguration before it is accepted; the engine reads the rest of it."""

    script: str | None = None
    command: str | list[str] | None = None
    arguments: list[str | int | float | bool | None] | None = None
    target: str | None = None
    max_run_duration_seconds: float | None = None
    environment: RunEnvironment | None = None
    docker: dict[str, Any] | None = None
    environment_variables: dict[str, str | int | float | bool | None] | None = None


class Order(msgspec.Struct, frozen=True):
    """What is to be run, as it is kept: the columns of a run that say it."""

    target: str
    script: str | None
    snapshot_id: str | None
    definition: dict[str, Any]
    properties: dict[str, str]
    recorded: dict[str, Any]
    warnings: list[dict[str, str]]


async def submit_snapshot_run(request: Request) -> Any:
    """Accepts a run and begins with it."""
    run = accept(request, await body_as(request, NewRun))
    context_of(request).engine.submit(run.run_id)
    return {"runId": run.run_id}


class Submission(msgspec.Struct, frozen=True):
    """A run that is asked for.

    Attributes:
        experiment: its name.
        document: the RunConfiguration as it came.
        submission: whose call it came from, see :class:`scaffold.workspace.identity.Caller`.
        python: the Python from which it is submitted, if that is known.
        fields: further columns of the run.
        warnings: what the run is to say beside what its configuration gives cause for.
    """

    experiment: str
    run_id: str
    document: dict[str, Any]
    snapshot_id: str | None = None
    parent: str | None = None
    submission: str | None = None
    python: str | None = None
    fields: dict[str, Any] = {}
    warnings: list[dict[str, str]] = []


def accept(request: Request, body: NewRun) -> Run:
    """Makes the run that is asked for: from here on it is kept whatever happens to this process.

    Raises:
        Fault: it is not one that could be carried out here; nothing was kept.
    """
    experiment, caller = request.path_params["experiment"], caller_of(request)
    asked = Submission(
        experiment=experiment,
        run_id=request.query_params.get("runId") or f"{experiment}_{uuid.uuid4().hex}",
        document=of_first_sdk(body.configuration),
        snapshot_id=body.snapshot_id,
        parent=body.parent_run_id,
        submission=caller.submission,
        python=python_of(request),
    )
    run = make_run(context_of(request), asked)
    tell_queued(context_of(request), run)
    return run


def of_first_sdk(document: dict[str, Any]) -> dict[str, Any]:
    """A RunConfiguration as a client sent it, without what would make it one of the second SDK's jobs.

    Arguments may be a text too (``ScriptRunConfig`` takes "list or str"): it is split as a shell splits one.

    Raises:
        Fault: the text of the arguments has a quotation without its end.
    """
    kept = {key: value for key, value in document.items() if key not in ("job", "step")}
    if isinstance(arguments := kept.get("arguments"), str):
        try:
            kept["arguments"] = shlex.split(arguments)
        except ValueError as error:
            raise faults.bad_request(f"The arguments {arguments!r} cannot be split: {error}.") from None
    return kept


def python_of(request: Request) -> str | None:
    """The Python from which a run is submitted, if that is known."""
    return interpreters.recall(context_of(request).home, caller_of(request).python)


def make_run(context: Context, asked: Submission) -> Run:
    """Checks and keeps a run that this workspace is to execute.

    Raises:
        Fault: it is not one that could be carried out here; nothing was kept.
    """
    check_experiment_name(asked.experiment)
    check_run_id(asked.run_id)
    parent = context.store.runs.get(asked.parent) if asked.parent is not None else None
    if asked.parent is not None and parent is None:
        raise faults.not_found(f"Parent run {asked.parent}")
    # A run that submits another one does so from the Python that it was submitted from itself.
    python = asked.python or (parent.recorded.get(SUBMITTED_FROM) if parent is not None else None)
    order = understood(context, asked.document, asked.snapshot_id, python)
    experiment = context.store.experiments.ensure(asked.experiment)
    fields = dict(asked.fields)
    try:
        return context.store.runs.create(
            asked.run_id,
            experiment.experiment_id,
            status=Status.NOT_STARTED,
            parent_run_id=asked.parent,
            run_type=fields.pop("run_type", "azureml.scriptrun"),
            target=order.target,
            script_name=order.script,
            snapshot_id=order.snapshot_id,
            submission=asked.submission,
            definition=order.definition,
            properties=order.properties | fields.pop("properties", {}),
            warnings=[*order.warnings, *asked.warnings],
            recorded=order.recorded,
            **fields,
        )
    except sqlite3.IntegrityError:
        raise faults.conflict(f"There is a run {asked.run_id} already.") from None


def understood(
    context: Context, document: dict[str, Any], snapshot_id: str | None, python: str | None = None
) -> Order:
    """A RunConfiguration that can be carried out here, with its data and its environment settled.

    Args:
        context: the workspace.
        document: the configuration as it came.
        snapshot_id: of the files that it is about.
        python: the Python from which it is submitted, if that is known.

    Raises:
        Fault: it is not one.
    """
    try:
        configuration = msgspec.convert(document, RunConfiguration)
    except msgspec.ValidationError as error:
        raise faults.bad_request(f"The run configuration has another shape: {error}") from None
    snapshot_id, properties = _snapshot(context, snapshot_id)
    _check(context, configuration, document, snapshot_id)
    definition, lineage = _settle_data(context, document)
    environment = configuration.environment or RunEnvironment()
    version = record_environment(context, environment) or environment.version
    section = (definition.get("environment") or {}) | {"version": version}
    return Order(
        target=configuration.target or "",
        script=configuration.script,
        snapshot_id=snapshot_id,
        definition=definition | {"environment": section},
        properties=properties,
        recorded=({"inputDatasets": lineage} if lineage else {})
        | ({SUBMITTED_FROM: python} if python else {}),
        warnings=[{"source": "docker", "message": text} for text in _ignored(configuration)],
    )


def tell_queued(context: Context, run: Run) -> None:
    """Tells those who wait for the run's submission that it was accepted."""
    experiment = context.store.experiments.by_id(run.experiment_id)
    files = context.store.snapshots.files(run.snapshot_id) if run.snapshot_id else []
    specification = read_environment(_definition(context, run).get("environment") or {})
    context.submissions.tell(
        run.submission,
        "queued",
        run_id=run.run_id,
        files=len(files),
        bytes=sum(file.size for file in files),
        environment=specification.name,
        cached=_is_cached(context, specification, run.snapshot_id),
        experiment=experiment.name if experiment else "",
        target=run.target,
        url=f"{context.portal}/runs/{run.run_id}",
    )


def _definition(context: Context, run: Run) -> dict[str, Any]:
    """The run configuration of a run, of a sweep that of its children."""
    sweep = context.store.sweeps.get(run.run_id) if run.definition is None else None
    return (sweep.definition if sweep else run.definition) or {}


def _is_cached(context: Context, specification: Specification, snapshot_id: str | None) -> bool:
    """True when nothing has to be built, as far as that can be known without the submitter's folder."""
    environments = context.engine.environments
    try:
        return environments.is_ready(
            environments.known(specification, SnapshotSources(context.store, snapshot_id or ""))
        )
    except SpecificationError:
        return False


def _snapshot(context: Context, snapshot_id: str | None) -> tuple[str | None, dict[str, str]]:
    """The run's snapshot id, and the properties that come from it (the state of the git checkout)."""
    properties = {"_azureml.ComputeTargetType": "local", "ContentSnapshotId": snapshot_id or ""}
    if snapshot_id is None or snapshot_id == EMPTY_ID:
        return None, properties
    snapshot = context.store.snapshots.get(snapshot_id)
    if snapshot is None:
        raise faults.not_found(f"Snapshot {snapshot_id}")
    if missing := context.store.missing_content(snapshot.snapshot_id):
        raise faults.snapshot_missing(missing)
    return snapshot.snapshot_id, snapshot.properties | properties


def _ignored(configuration: RunConfiguration) -> list[str]:
    """What of the configuration is about containers, of which there are none here; of images the engine tells."""
    section = (configuration.environment or RunEnvironment()).docker or {}
    if (configuration.docker or {}).get("useDocker") or section.get("enabled"):
        return ["Docker was asked for; the run is a process of this machine, in no container."]
    return []


def _check(
    context: Context, configuration: RunConfiguration, document: dict[str, Any], snapshot_id: str | None
) -> None:
    """Refuses what this workspace cannot honestly run.

    Raises:
        Fault: it says what, and what to do instead.
    """
    if not configuration.script and not configuration.command:
        raise faults.bad_request("The run configuration has neither a script nor a command.")
    try:
        processes_of(msgspec.convert(document, Distribution))
    except msgspec.ValidationError as error:
        raise faults.bad_request(f"The run configuration has another shape: {error}") from None
    except DistributionError as error:
        raise faults.Fault(501, "NotImplemented", str(error), "OperationNotSupported") from None
    try:
        specification = read_environment(document.get("environment") or {})
        if configuration.target != "local":  # what is read from a folder is looked at once that is there
            sources = SnapshotSources(context.store, snapshot_id or "")
            context.engine.environments.known(specification, sources)
    except SpecificationError as error:
        raise faults.bad_request(f"The environment cannot be understood: {error}") from None


def _settle_data(context: Context, document: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The configuration with the ids of its datasets, and what the run reads (``DatasetLineage``).

    Raises:
        Fault: a dataset is not there, or is none that a run here can have.
    """
    try:
        return resolve(context.store, document)
    except DataError as error:
        if error.supported:
            raise faults.bad_request(str(error)) from None
        raise faults.Fault(501, "NotImplemented", str(error), "OperationNotSupported") from None


async def cancel_run(request: Request) -> Any:
    """Asks for the end of a run; of one that is over already, nothing."""
    run = run_of(request)
    context_of(request).engine.cancel(run.run_id)
    return {"runId": run.run_id, "status": context_of(request).store.runs.require(run.run_id).status.value}
