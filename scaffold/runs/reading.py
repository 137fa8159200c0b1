"""Makes runs of the records that the Azure ML services give.

Shapes: ``RunDto``, ``RunDetailsDto`` and ``MetricV2Dto`` of azureml-core's ``_restclient.models``. What another
client wrote into a record may have any shape, so nothing is taken to be there.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from scaffold import parameters
from scaffold.runs.model import Details, Metric, Point, Run

_EXACT = len("2026-01-31T12:00:00.000000+00:00")
_KIND = re.compile(r"^azureml\.v\d+\.")


def moment(text: str | None) -> datetime | None:
    """A time as the services write it, in UTC; None when it is none."""
    if not text:
        return None
    if len(text) == _EXACT and text.endswith(
        "+00:00"
    ):  # as the local workspace writes it: a run has many values
        return datetime.fromisoformat(text).astimezone(timezone.utc)
    # Python 3.10 reads neither a Z nor other than three or six digits after the second.
    readable = re.sub(r"\.(\d+)", lambda found: "." + found[1][:6].ljust(6, "0"), text.strip())
    try:
        found = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", readable))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)


def run_of(record: Mapping[str, Any], values: Mapping[str, Any] | None = None) -> Run:
    """A run of a ``RunDto`` with ``experimentName``."""
    error = ((record.get("error") or {}).get("error") or {}) if record.get("error") else {}
    properties = _texts(record.get("properties"))
    return Run(
        run_id=record["runId"],
        number=int(record.get("runNumber") or 0),
        experiment=str(record.get("experimentName") or ""),
        display_name=str(record.get("displayName") or record["runId"]),
        status=str(record.get("status") or "NotStarted"),
        created=moment(record.get("createdUtc")) or datetime.fromtimestamp(0, timezone.utc),
        started=moment(record.get("startTimeUtc")),
        ended=moment(record.get("endTimeUtc")),
        target=record.get("target") or None,
        script=record.get("scriptName") or None,
        parent=record.get("parentRunId") or None,
        error=error.get("message"),
        error_code=error.get("code"),
        snapshot=properties.get("ContentSnapshotId") or None,
        warnings=tuple(str(warning.get("message")) for warning in record.get("warnings") or []),
        refused_metrics=tuple(
            str(warning.get("message"))
            for warning in record.get("warnings") or []
            if warning.get("source") == "metrics"
        ),
        tags=_texts(record.get("tags")),
        properties=properties,
        values=values or {},
    )


def details_of(answer: Mapping[str, Any]) -> Details:
    """What both workspaces answer when they are asked for a run's details."""
    definition = answer.get("definition")
    definition = definition if isinstance(definition, dict) else {}
    environment = definition.get("environment")
    command = definition.get("command")
    arguments = definition.get("arguments")
    return Details(
        run=run_of(answer["run"]),
        url=answer["url"],
        logs=tuple(answer["logs"]),
        arguments=tuple(map(str, arguments)) if isinstance(arguments, list) else (),
        command=" ".join(map(str, command)) if isinstance(command, list) else command or None,
        environment=environment.get("name") if isinstance(environment, dict) else None,
        variables=_texts(definition.get("environmentVariables")),
        children=answer.get("children") or 0,
        exit_code=answer.get("exit_code"),
    )


def metric_of(record: Mapping[str, Any]) -> Metric:
    """A metric of a ``MetricV2Dto`` with its values."""
    points = tuple(
        Point(value.get("step"), moment(value.get("createdUtc")) or _never(), value.get("data") or {})
        for value in record.get("value") or []
    )
    kind = (record.get("properties") or {}).get("uxMetricType") or "scalar"
    columns = tuple(record.get("columns") or {}) or tuple(points[0].data if points else ())
    return Metric(record["name"], _KIND.sub("", kind), columns, points)


def column_value(run: Run, column: str) -> Any:
    """The value of a column that the run's own record holds (not of a metric), or None."""
    kind, _, name = column.partition(".")
    if kind == "tags":
        return run.tags.get(name)
    return run.properties.get(parameters.MLFLOW_PREFIX + name) if kind == "params" else None


def parameters_of(details: Details) -> dict[str, str]:
    """Its arguments and MLflow's parameters, by name."""
    return parameters.named(details.arguments, details.run.properties)


def _texts(mapping: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in mapping.items()} if isinstance(mapping, dict) else {}


def _never() -> datetime:
    return datetime.fromtimestamp(0, timezone.utc)
