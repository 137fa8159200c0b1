"""What MLflow logs to a run: metrics, parameters and tags, all of a batch or nothing."""

import uuid
from typing import Annotated

import msgspec

from scaffold.parameters import MLFLOW_PREFIX
from scaffold.workspace.context import Context
from scaffold.workspace.services import limits, metric_rules
from scaffold.workspace.services.mlflow_records import invalid, moment, number, parameters
from scaffold.workspace.store.metrics import SCALAR, MetricValue
from scaffold.workspace.store.runs import Run

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Pair(msgspec.Struct):
    """``RunTag``, ``Param`` or ``ExperimentTag``."""

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    value: str = ""


class Metric(msgspec.Struct):
    """``Metric``."""

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    value: float | str
    timestamp: Int64 | None = None
    step: Int64 | None = None


def log(context: Context, run: Run, metrics: list[Metric], params: list[Pair], tags: list[Pair]) -> None:
    """Keeps a batch, all of it or nothing.

    Raises:
        MlflowFault: something of it does not go with what the run has, or is over a limit of the service.
    """
    new = _new_parameters(run, params)
    named = {tag.key: tag.value for tag in tags}
    name = named.pop("mlflow.runName", None)
    for reserved in ("mlflow.parentRunId", "mlflow.rootRunId"):
        named.pop(reserved, None)  # what a run is part of is settled when it is made
    if (reason := limits.tags_over(run.tags, named)) is not None:
        raise invalid(reason)
    with context.store.database.transaction():
        refused = metric_rules.take(context, run.run_id, _entries(run.run_id, metrics), all_or_none=True)
        if name and not refused:
            context.store.runs.update(run.run_id, display_name=name)
        if (new or named) and not refused:
            properties = {MLFLOW_PREFIX + key: value for key, value in new.items()}
            context.store.runs.merge(run.run_id, tags=named, properties=properties)
    if refused:  # when the run's warning of it is kept
        raise invalid(refused[0].message)


def _new_parameters(run: Run, params: list[Pair]) -> dict[str, str]:
    """The parameters that are new to a run.

    Raises:
        MlflowFault: one has another value already, or there are more than the service takes.
    """
    known = parameters(run)
    new: dict[str, str] = {}
    for param in params:
        present = new.get(param.key, known.get(param.key))
        if present is not None and present != param.value:
            raise invalid(
                f"Changing param values is not allowed. Param with key={param.key!r} was already logged with"
                f" value={present!r} for run ID={run.run_id!r}. Attempted logging new value {param.value!r}."
            )
        new[param.key] = param.value
    count = len(known.keys() | new.keys())
    if count > max(limits.PARAMETERS, len(known)):
        raise invalid(limits.over("Parameters", limits.PARAMETERS, count))
    return new


def _entries(run_id: str, metrics: list[Metric]) -> list[metric_rules.Entry]:
    """The values of a batch, those of each metric in one piece."""
    entries: dict[str, metric_rules.Entry] = {}
    for metric in metrics:
        value = MetricValue(
            run_id=run_id,
            name=metric.key,
            metric_id=str(uuid.uuid4()),
            created=moment(metric.timestamp),
            columns={metric.key: "double"},
            data={metric.key: number(metric.value)},
            kind=SCALAR,
            step=metric.step,
        )
        entries.setdefault(metric.key, metric_rules.Entry(metric.key, [])).values.append(value)
    return list(entries.values())
