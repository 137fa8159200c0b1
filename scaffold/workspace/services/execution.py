"""Execution: takes a run configuration with a snapshot, and hands the run to the engine; cancels it.

Source: ``azureml._execution._commands._start_internal`` (``snapshotrun``); the cancel address is the one
that this service gives out as ``cancelUri``.
"""

import re
import sqlite3
import uuid
from typing import Any

from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import caller_of, context_of, json_body
from scaffold.workspace.engine.specification import SpecificationError, read_environment
from scaffold.workspace.runs import Status
from scaffold.workspace.services.content import EMPTY_ID
from scaffold.workspace.services.history import EXPERIMENT_NAME, run_of

_RUN_ID = re.compile(r"[\w][\w\-]{0,299}")


async def submit_snapshot_run(request: Request) -> Any:
    """Accepts a run: once this has answered, the run is kept whatever happens to this process."""
    context, body = context_of(request), await json_body(request)
    experiment_name = request.path_params["experiment"]
    run_id = request.query_params.get("runId") or f"{experiment_name}_{uuid.uuid4().hex}"
    configuration = body.get("Configuration")
    if not isinstance(configuration, dict):
        raise faults.bad_request("Configuration must be a run configuration.")
    if not _RUN_ID.fullmatch(run_id):
        raise faults.bad_request(f"Run id {run_id!r}: letters, digits, '_' and '-' only, 300 at most.")
    if not EXPERIMENT_NAME.fullmatch(experiment_name):
        raise faults.bad_request(f"Experiment name {experiment_name!r} is not one that Azure ML allows.")
    snapshot_id, properties = _snapshot(request, body.get("SnapshotId"))
    _check(configuration)
    experiment = context.store.experiments.ensure(experiment_name)
    submission = caller_of(request).submission
    parent = body.get("ParentRunId")
    if parent is not None and context.store.runs.get(str(parent)) is None:
        raise faults.not_found(f"Parent run {parent}")
    try:
        run = context.store.runs.create(
            run_id,
            experiment.experiment_id,
            status=Status.NOT_STARTED,
            parent_run_id=str(parent) if parent is not None else None,
            run_type="azureml.scriptrun",
            target=str(configuration.get("target") or ""),
            script_name=configuration.get("script"),
            snapshot_id=snapshot_id,
            submission=submission,
            definition=configuration,
            properties=properties,
        )
    except sqlite3.IntegrityError:
        raise faults.conflict(f"There is a run {run_id} already.") from None
    files = context.store.snapshots.files(snapshot_id) if snapshot_id else []
    specification = read_environment(configuration.get("environment") or {})
    context.submissions.tell(
        submission,
        "queued",
        run_id=run_id,
        files=len(files),
        bytes=sum(file.size for file in files),
        environment=specification.name,
        cached=context.engine.environments.is_ready(specification),
        experiment=experiment.name,
        target=run.target,
        url=f"{context.portal}/runs/{run_id}",
    )
    context.engine.submit(run_id)
    return {"runId": run_id}


def _snapshot(request: Request, snapshot_id: Any) -> tuple[str | None, dict[str, str]]:
    """The run's snapshot id, and the properties that come from it (the state of the git checkout)."""
    context = context_of(request)
    properties = {"_azureml.ComputeTargetType": "local", "ContentSnapshotId": str(snapshot_id or "")}
    if snapshot_id in (None, EMPTY_ID):
        return None, properties
    snapshot = context.store.snapshots.get(str(snapshot_id))
    if snapshot is None:
        raise faults.not_found(f"Snapshot {snapshot_id}")
    return snapshot.snapshot_id, snapshot.properties | properties


def _check(configuration: dict[str, Any]) -> None:
    """Refuses what this workspace cannot honestly run.

    Raises:
        Fault: it says what, and what to do instead.
    """
    if not configuration.get("script") and not configuration.get("command"):
        raise faults.bad_request("The run configuration has neither a script nor a command.")
    nodes = int(configuration.get("nodeCount") or 1)
    if nodes > 1:
        raise faults.Fault(
            501,
            "NotImplemented",
            f"The run asks for {nodes} nodes; the local workspace is one machine. Set node_count to 1 to run it here.",
            "OperationNotSupported",
        )
    if configuration.get("data") or configuration.get("outputData") or configuration.get("dataReferences"):
        raise faults.Fault(
            501,
            "NotImplemented",
            "The run has dataset inputs or outputs (data, outputData or dataReferences), which the local workspace "
            "does not provide yet.",
            "OperationNotSupported",
        )
    try:
        read_environment(configuration.get("environment") or {})
    except SpecificationError as error:
        raise faults.bad_request(f"The environment cannot be understood: {error}") from None


async def cancel_run(request: Request) -> Any:
    """Asks for the end of a run; of one that is over already, nothing."""
    run = run_of(request)
    context_of(request).engine.cancel(run.run_id)
    return {"runId": run.run_id, "status": context_of(request).store.runs.require(run.run_id).status.value}
