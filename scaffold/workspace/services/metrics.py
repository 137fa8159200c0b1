"""Metrics of runs. Source: ``azureml._restclient.operations.metric_operations`` (metric/v2.0)."""

import json
import uuid
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from scaffold.workspace import faults
from scaffold.workspace.context import body_as, context_of
from scaffold.workspace.services import metric_rules
from scaffold.workspace.services.history import run_of
from scaffold.workspace.services.odata import moment
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.metrics import SCALAR, MetricValue

_PAGE = 2000


class Value(msgspec.Struct, rename="camel"):
    """``MetricV2Value``."""

    metric_id: str | None = None
    created_utc: str | None = None
    step: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    data: dict[str, Any] | None = None


class Properties(msgspec.Struct, rename="camel"):
    """``MetricProperties``."""

    ux_metric_type: str | None = None


class Metric(msgspec.Struct, rename="camel"):
    """``MetricV2Dto``."""

    name: str
    columns: dict[str, Any] | None = None
    value: list[Value] | None = None
    properties: Properties | None = None


class Batch(msgspec.Struct):
    """``BatchMetricV2Dto``."""

    values: list[Metric]


class FullRequest(msgspec.Struct, rename="camel"):
    """``RetrieveFullFidelityMetricRequestDto``."""

    metric_name: str
    start_time: str | None = None
    end_time: str | None = None
    continuation_token: Annotated[str, msgspec.Meta(pattern=r"^[^ ]{10,40} [0-9]{1,18}$")] | None = None


async def post_metrics(request: Request) -> Any:
    """Keeps a batch of metric values; what does not go with the values before is refused by name, alone."""
    run, body = run_of(request), await body_as(request, Batch)
    entries = [metric_rules.Entry(metric.name, _values(run.run_id, metric)) for metric in body.values]
    refused = metric_rules.take(context_of(request), run.run_id, entries)
    errors = [
        {
            "metric": body.values[entry.number],
            "errorResponse": faults.bad_request(entry.message).envelope(),
        }
        for entry in refused
    ]
    # The SDK reads the refusals of an answer with this status alone.
    return Response(
        msgspec.json.encode({"errors": errors}),
        status_code=207 if errors else 200,
        media_type="application/json; charset=utf-8",
    )


def _values(run_id: str, metric: Metric) -> list[MetricValue]:
    return [
        MetricValue(
            run_id=run_id,
            name=metric.name,
            metric_id=entry.metric_id or str(uuid.uuid4()),
            created=moment(entry.created_utc) if entry.created_utc else timestamp(),
            columns={key: str(value) for key, value in (metric.columns or {}).items()},
            data=entry.data or {},
            kind=metric.properties.ux_metric_type if metric.properties else None,
            step=entry.step,
        )
        for entry in metric.value or []
    ]


async def wait_for_metrics(request: Request) -> Any:
    """Answers when all values that were posted can be read, which here they can as soon as they are accepted."""
    run_of(request)
    return {}


async def list_metrics(request: Request) -> Any:
    """The names of a run's metrics (``PaginatedMetricDefinitionDto``)."""
    context, run = context_of(request), run_of(request)
    await body_as(request, dict[str, Any])
    definitions = []
    for value in context.store.metrics.latest(run.run_id):
        key = {"name": value.name, "metricNamespace": "", "labels": {}, "runId": run.run_id}
        definitions.append({"metricKey": key, "columns": value.columns})
    return {"value": definitions, "continuationToken": None}


def _after(token: str | None) -> tuple[str, int]:
    """Moment and number of the last value of the page before."""
    created, _, sequence = (token or " 0").partition(" ")
    return created, int(sequence)


async def get_full_metric(request: Request) -> Any:
    """All values of one metric (``MetricV2Dto``)."""
    context, run, body = context_of(request), run_of(request), await body_as(request, FullRequest)
    name = body.metric_name
    first = context.store.metrics.first(run.run_id, name)
    if first is None:
        raise faults.not_found(f"Metric {name!r} of run {run.run_id}")
    values, token = context.store.metrics.page(
        run.run_id,
        name,
        limit=_PAGE,
        after=_after(body.continuation_token),
        since=moment(body.start_time) if body.start_time else "",
        until=moment(body.end_time) if body.end_time else "9999",
    )
    document = {
        "dataContainerId": run.data_container_id,
        "name": name,
        "columns": first.columns,
        "value": [
            {"metricId": v.metric_id, "createdUtc": v.created, "step": v.step, "data": v.data} for v in values
        ],
        "continuationToken": None if token is None else f"{token[0]} {token[1]}",
        "properties": {"uxMetricType": first.kind},
    }
    return document_with_numbers(document)


def document_with_numbers(document: dict[str, Any]) -> Response:
    """A document as Python writes it, since a value may be NaN, which the SDK reads back."""
    return Response(json.dumps(document), media_type="application/json; charset=utf-8")


def run_metric_dto(value: MetricValue) -> dict[str, Any]:
    """One value as older clients read it (``RunMetricDto``): cells, or the place of the artifact that it is."""
    kind = value.kind or SCALAR
    properties = [
        {"propertyId": column, "name": value.name, "type": kind} for column, kind in value.columns.items()
    ]
    return {
        "runId": value.run_id,
        "metricId": value.metric_id,
        "metricType": kind,
        "createdUtc": value.created,
        "name": value.name,
        "description": None,
        "label": None,
        "numCells": 1,
        "dataLocation": None if metric_rules.is_inline(kind) else value.data.get(value.name),
        "cells": [value.data],
        "schema": {"numProperties": len(properties), "properties": properties},
    }
