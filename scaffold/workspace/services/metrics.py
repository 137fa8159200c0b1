"""Metrics of runs. Source: ``azureml._restclient.operations.metric_operations`` (metric/v2.0)."""

import json
import uuid
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from scaffold.workspace import faults
from scaffold.workspace.context import body_as, context_of
from scaffold.workspace.services.history import run_of
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.metrics import MetricValue


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


async def post_metrics(request: Request) -> Any:
    """Keeps a batch of metric values (``BatchMetricV2Dto``)."""
    run, body = run_of(request), await body_as(request, Batch)
    context_of(request).store.metrics.add(
        [value for metric in body.values for value in _values(run.run_id, metric)]
    )
    return {"errors": []}


def _values(run_id: str, metric: Metric) -> list[MetricValue]:
    return [
        MetricValue(
            run_id=run_id,
            name=metric.name,
            metric_id=entry.metric_id or str(uuid.uuid4()),
            created=entry.created_utc or timestamp(),
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
    for value in context.store.metrics.last(run.run_id):
        key = {"name": value.name, "metricNamespace": "", "labels": {}, "runId": run.run_id}
        definitions.append({"metricKey": key, "columns": value.columns})
    return {"value": definitions, "continuationToken": None}


async def get_full_metric(request: Request) -> Any:
    """All values of one metric (``MetricV2Dto``)."""
    context, run, body = context_of(request), run_of(request), await body_as(request, FullRequest)
    name = body.metric_name
    values = context.store.metrics.values(run.run_id, name)
    if not values:
        raise faults.not_found(f"Metric {name!r} of run {run.run_id}")
    document = {
        "dataContainerId": run.data_container_id,
        "name": name,
        "columns": values[0].columns,
        "value": [
            {"metricId": v.metric_id, "createdUtc": v.created, "step": v.step, "data": v.data} for v in values
        ],
        "continuationToken": None,
        "properties": {"uxMetricType": values[0].kind},
    }
    # As Python writes it, since a value may be NaN, which the SDK reads back.
    return Response(json.dumps(document), media_type="application/json; charset=utf-8")
