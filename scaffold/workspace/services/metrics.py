"""Metrics of runs. Source: ``azureml._restclient.operations.metric_operations`` (metric/v2.0)."""

import uuid
from typing import Any

from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import context_of, json_body
from scaffold.workspace.services.history import run_of
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.metrics import MetricValue


async def post_metrics(request: Request) -> Any:
    """Keeps a batch of metric values (``BatchMetricV2Dto``)."""
    run, body = run_of(request), await json_body(request)
    metrics = body.get("values")
    if not isinstance(metrics, list):
        raise faults.bad_request("values must be a list of metrics.")
    values: list[MetricValue] = []
    for metric in metrics:
        values += _values(run.run_id, metric)
    context_of(request).store.metrics.add(values)
    return {"errors": []}


def _values(run_id: str, metric: Any) -> list[MetricValue]:
    if not isinstance(metric, dict) or not isinstance(metric.get("name"), str):
        raise faults.bad_request("Every metric needs a name.")
    columns = metric.get("columns") or {}
    entries = metric.get("value") or []
    if not isinstance(columns, dict) or not isinstance(entries, list):
        raise faults.bad_request(f"Metric {metric['name']!r}: columns is a mapping and value a list.")
    kind = (metric.get("properties") or {}).get("uxMetricType")
    return [
        MetricValue(
            run_id=run_id,
            name=metric["name"],
            metric_id=str(entry.get("metricId") or uuid.uuid4()),
            created=str(entry.get("createdUtc") or timestamp()),
            columns={str(key): str(value) for key, value in columns.items()},
            data=entry.get("data") or {},
            kind=kind,
            step=entry.get("step"),
        )
        for entry in entries
        if isinstance(entry, dict)
    ]


async def wait_for_metrics(request: Request) -> Any:
    """Answers when all values that were posted can be read, which here they can as soon as they are accepted."""
    run_of(request)
    return {}


async def list_metrics(request: Request) -> Any:
    """The names of a run's metrics (``PaginatedMetricDefinitionDto``)."""
    context, run = context_of(request), run_of(request)
    definitions = []
    for value in context.store.metrics.last(run.run_id):
        key = {"name": value.name, "metricNamespace": "", "labels": {}, "runId": run.run_id}
        definitions.append({"metricKey": key, "columns": value.columns})
    return {"value": definitions, "continuationToken": None}


async def get_full_metric(request: Request) -> Any:
    """All values of one metric (``MetricV2Dto``)."""
    context, run, body = context_of(request), run_of(request), await json_body(request)
    name = body.get("metricName")
    values = context.store.metrics.values(run.run_id, str(name))
    if not values:
        raise faults.not_found(f"Metric {name!r} of run {run.run_id}")
    return {
        "dataContainerId": run.data_container_id,
        "name": name,
        "columns": values[0].columns,
        "value": [
            {"metricId": v.metric_id, "createdUtc": v.created, "step": v.step, "data": v.data} for v in values
        ],
        "continuationToken": None,
        "properties": {"uxMetricType": values[0].kind},
    }
