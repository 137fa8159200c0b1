"""Events by which clients tell how their runs are doing. Source: ``azureml._restclient.contracts.events``.

The status of an interactive run is its client's. That of a run which this workspace executes is the engine's:
a script may call it completed or failed as it likes, and it ends as its process does, as on Azure.
"""

from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.faults import Fault
from scaffold.workspace.runs import Status, may_follow
from scaffold.workspace.services.history import experiment_of, run_of
from scaffold.workspace.services.odata import moment
from scaffold.workspace.store.runs import FAILED_BY_CLIENT, Run

_PREFIX = "Microsoft.MachineLearning.Run."
_STATUSES = {
    "Queued": Status.QUEUED,
    "Start": Status.RUNNING,
    "Completed": Status.COMPLETED,
    "Failed": Status.FAILED,
    "Canceled": Status.CANCELED,
    "CancelRequested": Status.CANCEL_REQUESTED,
}
_MOST_EVENTS = 1000


class RootError(msgspec.Struct, rename="camel"):
    """What is kept of a ``RootError``."""

    code: str | None = None
    message: str | None = None


class ErrorResponse(msgspec.Struct):
    """``ErrorResponse``."""

    error: RootError | None = None


class EventData(msgspec.Struct, rename="pascal"):
    """What an event says."""

    run_id: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    source: str | None = None
    message: str | None = None
    error_response: ErrorResponse | None = None


class Event(msgspec.Struct):
    """``BaseEventDto``."""

    name: str
    timestamp: str | None = None
    data: EventData = msgspec.field(default_factory=EventData)


class EventBatch(msgspec.Struct):
    """``BatchEventCommandDto``."""

    events: list[Event]


async def post_event(request: Request) -> Any:
    """Takes one event of a run."""
    run, event = run_of(request), await body_as(request, Event)
    if event.data.run_id not in (None, run.run_id):
        raise faults.bad_request(f"The event is of run {event.data.run_id}, the address of run {run.run_id}.")
    _take(context_of(request), run, event)
    return {}


async def post_events(request: Request) -> Any:
    """Takes events of many runs of an experiment; each for itself (``BatchEventCommandResultDto``)."""
    context, experiment = context_of(request), experiment_of(request)
    batch = await body_as(request, EventBatch)
    if len(batch.events) > _MOST_EVENTS:
        raise faults.bad_request(f"More than {_MOST_EVENTS} events in one request.")
    errors = []
    for event in batch.events:
        run = context.store.runs.get(event.data.run_id or "")
        try:
            if run is None or run.experiment_id != experiment.experiment_id:
                raise faults.not_found(f"Run {event.data.run_id}")
            _take(context, run, event)
        except Fault as fault:
            key = {
                "name": event.name,
                "timestamp": event.timestamp,
                "data": {"RunId": event.data.run_id},
            }
            errors.append({"key": key, "value": fault.envelope()})
    return {"errors": errors}


def _take(context: Context, run: Run, event: Event) -> None:
    """Carries out what an event says; one that comes too late for its run changes nothing."""
    kind = event.name.removeprefix(_PREFIX)
    if event.name == kind or kind not in (*_STATUSES, "Heartbeat", "Warning", "Error"):
        raise faults.not_implemented(f"the event {event.name!r}")
    with context.store.database.transaction():
        present = context.store.runs.require(run.run_id)
        if kind in _STATUSES:
            _move(context, present, _STATUSES[kind], event.data)
        elif kind == "Warning":
            warning = {"source": event.data.source or "", "message": event.data.message or ""}
            context.store.runs.update(run.run_id, warnings=[*present.warnings, warning])
        elif kind == "Error":
            said = (event.data.error_response.error if event.data.error_response else None) or RootError()
            error = {"code": said.code or "UserError", "message": said.message or ""}
            context.store.runs.update(run.run_id, error=error)


def _move(context: Context, run: Run, status: Status, data: EventData) -> None:
    if run.executed:
        if status in (Status.CANCELED, Status.CANCEL_REQUESTED):
            context.engine.cancel(run.run_id)
        elif status is Status.FAILED and not run.status.terminal:
            # The SDK sends this for whoever submitted the run, never for the run's own script.
            context.store.runs.update(run.run_id, recorded=run.recorded | {FAILED_BY_CLIENT: True})
            context.engine.cancel(run.run_id)
        return
    if not may_follow(run.status, status):
        return
    changes = {}
    if status is Status.RUNNING and data.start_time:
        changes["started"] = moment(data.start_time)
    if status.terminal and data.end_time:
        changes["ended"] = moment(data.end_time)
    context.store.runs.move(run.run_id, status, **changes)
