"""Lists that are filtered, sorted and paged by the server. Source: ``QueryParamsDto`` and ``PaginatedRunDto``."""

import base64
import binascii
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import body_as, context_of
from scaffold.workspace.services.dto import experiment_dto, run_dto
from scaffold.workspace.services.history import experiment_of, run_of
from scaffold.workspace.services.metrics import document_with_numbers, run_metric_dto
from scaffold.workspace.services.odata import read_filter, read_order
from scaffold.workspace.store.filters import EXPERIMENTS, METRICS, RUNS, Fields
from scaffold.workspace.store.pages import Mark, Selection

_PAGE = 500
_ARCHIVED = {"activeonly": "archived IS NULL", "archivedonly": "archived IS NOT NULL", "all": "1"}


Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Query(msgspec.Struct, rename="camel"):
    """``QueryParamsDto`` and ``ExperimentQueryParamsDto``."""

    filter: str | None = None
    continuation_token: str | None = None
    orderby: str | None = None
    top: int | None = None
    view_type: str | None = None


def _query_of(request: Request) -> Query:
    """The same from the address of a GET, where the names begin with a dollar."""
    # In whichever letters: one SDK writes $continuationToken, the other $continuationtoken.
    params = {name.lower(): value for name, value in request.query_params.items()}
    names = ("filter", "continuationToken", "orderby", "top")
    given = {name: params[f"${name.lower()}"] for name in names if f"${name.lower()}" in params}
    try:
        return msgspec.convert(given, Query, strict=False)
    except msgspec.ValidationError as error:
        raise faults.bad_request(f"The query has another shape: {error}") from None


def token_of(mark: Mark | None) -> str | None:
    return base64.urlsafe_b64encode(msgspec.json.encode(mark)).decode() if mark is not None else None


def mark_of(token: str | None) -> Mark | None:
    if not token:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(token), type=tuple[str | Int64, Int64])
    except (binascii.Error, ValueError):
        raise faults.bad_request("The continuation token is not one that this workspace gave out.") from None


def _selection(query: Query, fields: Fields, default: str, *more: tuple[str, str | None]) -> Selection:
    """What a query selects, of the rows for which the other conditions (with a value to bind, or None) hold."""
    condition, values = read_filter(query.filter, fields)
    key, descending = read_order(query.orderby, fields, default)
    if query.top is not None and query.top < 1:
        raise faults.bad_request("A page has at least one entry.")
    return Selection(
        where=" AND ".join([f"({condition})", *(text for text, _ in more)]),
        values=(*values, *(value for _, value in more if value is not None)),
        key=key,
        descending=descending,
        limit=min(query.top or _PAGE, _PAGE),
        after=mark_of(query.continuation_token),
    )


def _runs(request: Request, selection: Selection) -> Any:
    context = context_of(request)
    runs, mark = context.store.runs.page(selection)
    experiments = {run.experiment_id for run in runs}
    known = {experiment_id: context.store.experiments.by_id(experiment_id) for experiment_id in experiments}
    return {
        "value": [run_dto(context, run, known[run.experiment_id]) for run in runs],
        "continuationToken": token_of(mark),
        "nextLink": None,
    }


async def query_runs(request: Request) -> Any:
    """The runs of an experiment for which a filter holds."""
    experiment, query = experiment_of(request), await body_as(request, Query)
    mine = ("experiment_id = ?", experiment.experiment_id)
    return _runs(request, _selection(query, RUNS, "CreatedUtc desc", mine))


async def query_metrics(request: Request) -> Any:
    """The metric values of an experiment's runs for which a filter holds (``PaginatedRunMetricDto``).

    Each stands by itself, as with the merge strategy ``None``; by run and in the order they were logged, whatever
    order is asked for, since that is the order in which a client puts them together.
    """
    experiment, query = experiment_of(request), await body_as(request, Query)
    mine = ("run_id IN (SELECT run_id FROM runs WHERE experiment_id = ?)", experiment.experiment_id)
    selection = _selection(query, METRICS, "RunId asc", mine)
    in_order = replace(selection, key="run_id || created", descending=False)
    values, mark = context_of(request).store.metrics.query(in_order)
    return document_with_numbers(
        {"value": [run_metric_dto(value) for value in values], "continuationToken": token_of(mark)}
    )


async def list_children(request: Request) -> Any:
    """The direct children of a run."""
    mine = ("parent_run_id = ?", run_of(request).run_id)
    return _runs(request, _selection(_query_of(request), RUNS, "CreatedUtc asc", mine))


async def list_runs_of_compute(request: Request) -> Any:
    """The runs on a compute target, the newest first."""
    mine = ("target = ?", request.path_params["name"])
    return _runs(request, _selection(_query_of(request), RUNS, "CreatedUtc desc", mine))


async def count_runs(request: Request) -> Any:
    """How many runs of an experiment have which status (``RunCountsDto``, which has no place for each)."""
    experiment, query = experiment_of(request), _query_of(request)
    condition, values = read_filter(query.filter, RUNS)
    counts = context_of(request).store.runs.count(
        f"({condition}) AND experiment_id = ?", [*values, experiment.experiment_id]
    )
    running = sum(counts.get(status, 0) for status in ("Running", "Finalizing", "CancelRequested"))
    return {
        "provisioning": counts.get("Provisioning", 0),
        "queued": counts.get("Queued", 0),
        "notStarted": counts.get("NotStarted", 0),
        "starting": counts.get("Starting", 0),
        "preparing": counts.get("Preparing", 0),
        "running": running,
        "completed": counts.get("Completed", 0),
        "failed": counts.get("Failed", 0),
        "canceled": counts.get("Canceled", 0),
        "notResponding": 0,
    }


async def query_experiments(request: Request) -> Any:
    """The experiments for which a filter holds; without those that are archived unless they are asked for."""
    context, query = context_of(request), await body_as(request, Query)
    view = (query.view_type or request.query_params.get("viewType") or "ActiveOnly").lower()
    if view not in _ARCHIVED:
        raise faults.bad_request(f"The view type {view!r} is none of ActiveOnly, ArchivedOnly and All.")
    selection = _selection(query, EXPERIMENTS, "CreatedUtc desc", (_ARCHIVED[view], None))
    experiments, mark = context.store.experiments.page(selection)
    return {
        "value": [experiment_dto(experiment) for experiment in experiments],
        "continuationToken": token_of(mark),
        "nextLink": None,
    }
