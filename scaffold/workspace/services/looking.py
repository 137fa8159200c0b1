"""What ``scaffold runs`` asks of the service, in the records of the Azure ML protocol; no part of that protocol.

A workspace on Azure is asked for the same records through the SDK (``scaffold.submission``), so that both are read
in one place (``scaffold.runs.reading``).
"""

import asyncio
import itertools
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as
from scaffold.workspace.services.content import zipped
from scaffold.workspace.services.control import admitted
from scaffold.workspace.services.dto import run_dto
from scaffold.workspace.services.metrics import document_with_numbers
from scaffold.workspace.services.odata import moment
from scaffold.workspace.services.runs import log_files
from scaffold.workspace.store.blobs import ARTIFACTS, SNAPSHOTS, Blob, artifact_prefix
from scaffold.workspace.store.listing import Query
from scaffold.workspace.store.metrics import Metrics, MetricValue
from scaffold.workspace.store.runs import Run
from scaffold.workspace.store.search import SearchError
from scaffold.workspace.streaming import part_of

_MOST = 10_000
_WORDS = 200
_MOST_TEXT = 8192


class RunsAsked(msgspec.Struct):
    """Which runs, see ``store.listing.Query``; ``columns`` such as ``metrics.loss`` are told with them."""

    experiment: str | None = None
    parent: str | None = None
    statuses: list[str] = []
    tags: list[tuple[str, str | None]] = []
    target: str | None = None
    since: str | None = None
    prefix: str = ""
    children: bool = False
    sort: str = "created"
    descending: bool = True
    most: Annotated[int, msgspec.Meta(ge=1, le=_MOST)] = 20
    columns: list[str] = []


async def query_runs(request: Request) -> Response:
    """Runs as ``RunDto``, whether there are more, and the values of the columns by run id."""
    context = admitted(request)
    asked = await body_as(request, RunsAsked)
    store = context.store
    experiment = store.experiments.by_name(asked.experiment) if asked.experiment else None
    if asked.experiment and experiment is None:
        return document_with_numbers({"runs": [], "more": False, "values": {}})
    query = Query(
        experiment_id=experiment.experiment_id if experiment else None,
        parent_run_id=asked.parent,
        target=asked.target or "",
        prefix=asked.prefix,
        since=moment(asked.since) if asked.since else "",
        tags=tuple(asked.tags),
        roots=not (asked.children or asked.parent),
        statuses=tuple(asked.statuses),
        sort=asked.sort,
        descending=asked.descending,
        limit=asked.most,
    )
    try:
        found, total = store.run_lists.page(query)
        values = store.run_lists.values([run.run_id for run in found], asked.columns)
    except SearchError as error:
        raise faults.bad_request(str(error)) from None
    runs = [msgspec.to_builtins(run_dto(context, run)) for run in found]
    return document_with_numbers({"runs": runs, "more": total > len(runs), "values": values})


async def get_details(request: Request) -> Any:
    """One run with what a list has no room for."""
    context, run = _run(request)
    children = context.store.database.one("SELECT COUNT(*) FROM runs WHERE parent_run_id = ?", run.run_id)
    dto = run_dto(context, run)
    return {
        "run": dto,
        "logs": sorted(log_files(context, run)),
        "definition": dto.run_definition,
        "url": f"{context.portal}/runs/{run.run_id}",
        "children": children[0] if children else 0,
        "exit_code": run.exit_code,
    }


async def get_metrics(request: Request) -> Response:
    """All values of the run's metrics, as ``MetricV2Dto``."""
    context, run = _run(request)
    # In a thread, since a run may have logged a hundred thousand values.
    return await asyncio.to_thread(_metrics_of, context.store.metrics, run.run_id)


def _metrics_of(metrics: Metrics, run_id: str) -> Response:
    found = [_metric(metrics.values(run_id, name)) for name in metrics.names(run_id)]
    return document_with_numbers({"metrics": found})


def _metric(values: list[MetricValue]) -> dict[str, Any]:
    first = values[0]
    return {
        "name": first.name,
        "columns": first.columns,
        "properties": {"uxMetricType": first.kind},
        "value": [{"createdUtc": value.created, "step": value.step, "data": value.data} for value in values],
    }


async def list_files(request: Request) -> Any:
    """The paths of what the run has left."""
    context, run = _run(request)
    prefix = artifact_prefix(run.run_id)
    blobs = context.store.blobs.under(ARTIFACTS, prefix)
    return {"files": [blob.name.removeprefix(prefix) for blob in blobs if blob.written]}


async def get_file(request: Request) -> Response:
    """The bytes of one of them."""
    context, run = _run(request)
    path = request.path_params["path"]
    return _sent(context, context.store.blobs.get(ARTIFACTS, artifact_prefix(run.run_id) + path), path)


async def get_snapshot(request: Request) -> Response:
    """The run's snapshot as a zip."""
    context, run = _run(request)
    if run.snapshot_id is None:
        raise faults.not_found(f"A snapshot of run {run.run_id}")
    name = await zipped(context, run.snapshot_id)
    return _sent(context, context.store.blobs.get(SNAPSHOTS, name), name)


def _sent(context: Context, blob: Blob | None, what: str) -> Response:
    file = context.store.blobs.require_file(blob) if blob else None
    if file is None or not file.exists():
        raise faults.not_found(f"The file {what!r}")
    size = file.stat().st_size
    return StreamingResponse(part_of(file, 0, size), headers={"content-length": str(size)})


class TagChanges(msgspec.Struct):
    """Tags to set, and names of tags to take away."""

    added: dict[str, str] = {}
    removed: list[str] = []


async def change_tags(request: Request) -> Any:
    """Tags a run, and tells all tags that it has then."""
    context, run = _run(request)
    changes = await body_as(request, TagChanges)
    if sum(map(len, itertools.chain.from_iterable(changes.added.items()))) > _MOST_TEXT:
        raise faults.bad_request(f"Tags have {_MOST_TEXT} characters at the most.")
    runs = context.store.runs
    with context.store.database.transaction():
        runs.merge(run.run_id, tags=changes.added, properties={})
        return {"tags": runs.remove_tags(run.run_id, changes.removed).tags}


async def list_words(request: Request) -> Any:
    """What a shell completes: ids of the newest runs, and names of compute targets."""
    context = admitted(request)
    runs, _ = context.store.run_lists.page(Query(limit=_WORDS))
    return {
        "runs": [[run.run_id, run.status.value] for run in runs],
        "computes": sorted(context.store.computes.known()),
    }


def _run(request: Request) -> tuple[Context, Run]:
    """The workspace and the run that the path names.

    Raises:
        Fault: whoever asks may not, or there is no such run.
    """
    context = admitted(request)
    run = context.store.runs.get(request.path_params["run_id"])
    if run is None:
        raise faults.not_found(f"Run {request.path_params['run_id']}")
    return context, run
