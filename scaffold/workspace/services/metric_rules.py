"""Which metric values a run takes; what it does not take, it says in a warning of its own.

All values of a metric have the type and the columns of its first one: the SDK reads each by those, and reads
nothing at all when one is missing. Clients of either protocol keep their values here.
"""

from typing import NamedTuple

from scaffold.workspace.context import Context
from scaffold.workspace.services import limits
from scaffold.workspace.store.metrics import SCALAR, MetricValue

WARNINGS = "metrics"
"""The source of the warnings that say which values were not taken."""
_MOST_WARNINGS = 20
_INLINE = frozenset({SCALAR, "azureml.v1.list", "azureml.v1.table"})
_REAL = frozenset({"float", "double"})
_NUMBERS = _REAL | {"int"}


class Entry(NamedTuple):
    """The values that a client sends of one metric in one piece."""

    name: str
    values: list[MetricValue]


class Refused(NamedTuple):
    """An entry that is not taken: its number among those that were sent, and why."""

    number: int
    name: str
    reason: str

    @property
    def message(self) -> str:
        """What its client is told."""
        return f"Metric {self.name!r}: {self.reason}"


def is_inline(kind: str | None) -> bool:
    """True of a metric whose values are what was logged; those of others name an artifact."""
    return (kind or SCALAR) in _INLINE


def take(context: Context, run_id: str, entries: list[Entry], *, all_or_none: bool = False) -> list[Refused]:
    """Keeps the entries that fit to what the run has, and notes the others among its warnings.

    Args:
        context: of the request.
        run_id: the run.
        entries: in the order in which they were logged.
        all_or_none: True to keep nothing when one of them is refused.

    Returns:
        those that are refused.
    """
    store = context.store
    with store.database.transaction():
        known = {name: store.metrics.first(run_id, name) for name in {entry.name for entry in entries}}
        names = store.metrics.count_names(run_id)
        kept: list[MetricValue] = []
        refused = []
        for number, (name, values) in enumerate(entries):
            first = known[name]
            reason = _over(values) or (_mismatch(first or values[0], values) if values else None)
            reason = reason or _unreadable(values)
            if reason is None and first is None and values and names >= limits.METRIC_NAMES:
                reason = limits.over("MetricDto.Name/Count", limits.METRIC_NAMES, names + 1)
            if reason is None and first is not None:
                reason = _too_many_rows(context, run_id, name, values)
            if reason is not None:
                refused.append(Refused(number, name, reason))
                continue
            if first is None and values:
                known[name] = values[0]
                names += 1
            kept += values
        if not (all_or_none and refused):
            store.metrics.add(kept)
    _warn(context, run_id, refused)
    return refused


def _warn(context: Context, run_id: str, refused: list[Refused]) -> None:
    """Notes each reason once, and of very many that there are more."""
    new = [
        f"A value of metric {name!r} was not kept: {reason}"[: limits.WARNING] for _, name, reason in refused
    ]
    if not new:
        return
    runs = context.store.runs
    with context.store.database.transaction():
        said = [w["message"] for w in runs.require(run_id).warnings if w.get("source") == WARNINGS]
        more = [message for message in dict.fromkeys(new) if message not in said]
        if not more or len(said) > _MOST_WARNINGS:
            return
        said += more
        if len(said) > _MOST_WARNINGS:
            said = [
                *said[:_MOST_WARNINGS],
                "Further values of metrics were not kept, for reasons like those.",
            ]
        runs.warn(run_id, WARNINGS, said)


def _over(values: list[MetricValue]) -> str | None:
    """Which of the service's limits values are over by themselves."""
    if len(values) > limits.ROWS_PER_UPLOAD:
        return limits.over("MetricV2Dto.Value/Count", limits.ROWS_PER_UPLOAD, len(values))
    for value in values:
        if len(value.columns) > limits.METRIC_COLUMNS:
            return limits.over("MetricV2Dto.Columns/Count", limits.METRIC_COLUMNS, len(value.columns))
        for name in (value.name, *value.columns):
            if len(name) > limits.COLUMN_NAME:
                return limits.over("MetricV2Dto.Columns.Key/Length", limits.COLUMN_NAME, len(name))
        for cell in value.data.values() if is_inline(value.kind) else ():
            if isinstance(cell, str) and len(cell) > limits.COLUMN_VALUE:
                return limits.over("MetricV2Value.Data.Value/Length", limits.COLUMN_VALUE, len(cell))
    return None


def _too_many_rows(context: Context, run_id: str, name: str, values: list[MetricValue]) -> str | None:
    metrics, limit = context.store.metrics, limits.METRIC_ROWS
    if metrics.newest() + len(values) <= limit:  # of all metrics of all runs
        return None
    count = metrics.count(run_id, name, limit) + len(values)
    return limits.over("MetricV2Dto.Value/TotalCount", limit, count) if count > limit else None


def _mismatch(first: MetricValue, values: list[MetricValue]) -> str | None:
    """Why values cannot follow the first of their metric, of which all have type and columns; None when they can."""
    expected = {name: kind.lower() for name, kind in first.columns.items()}
    wanted = first.kind or SCALAR
    for value in values:
        kind, columns = value.kind or SCALAR, {n: k.lower() for n, k in value.columns.items()}
        if kind != wanted:
            return f"it is of type {wanted}, not {kind}."
        if columns.keys() != expected.keys():
            return f"it has the columns {', '.join(expected)}, not {', '.join(columns)}."
        for name, of in columns.items():
            if of != expected[name] and not {of, expected[name]} <= _NUMBERS:
                return f"its column {name!r} is of type {expected[name]}, not {of}."
        if value.data.keys() != expected.keys():
            return "a value has other columns than it says."
    return None


def _unreadable(values: list[MetricValue]) -> str | None:
    """Which value the SDK cannot read as the number that its column says, as of ``log_list('x', [0.5, 'text'])``."""
    for value in values:
        for column, kind in value.columns.items():
            if kind.lower() in _REAL and not isinstance(value.data.get(column), int | float):
                return (
                    f"its column {column!r} is of type {kind}, and {value.data.get(column)!r} is no number."
                )
    return None
