"""Conditions on runs, experiments and metrics, and the SQL that they mean (values are always bound, never written)."""

from collections.abc import Mapping
from dataclasses import dataclass

from scaffold.workspace.store.metrics import SCALAR

OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}


@dataclass(frozen=True)
class Comparison:
    """One comparison.

    Attributes:
        field: such as ``Status``; of a mapping, its name.
        key: the key of a mapping's entry (``Tags/KEY``), or None.
        operator: one of :data:`OPERATORS`.
        value: what it is compared with; None is null.
    """

    field: str
    key: str | None
    operator: str
    value: str | None


@dataclass(frozen=True)
class Group:
    """Conditions of which all (``and``) or one (``or``) must hold."""

    joint: str
    members: tuple["Condition", ...]


Condition = Comparison | Group


class UnknownFieldError(ValueError):
    """A field that can be neither compared nor sorted by."""


@dataclass(frozen=True)
class Fields:
    """What of a table can be compared.

    Attributes:
        columns: SQL expressions by the field's name in lower case.
        mappings: columns that hold a JSON object, by the field's name in lower case.
        lists: SQL expressions of JSON lists, by ``field/key``'s field in lower case: an entry is there or not.
        times: the fields of which the values are moments.
    """

    columns: Mapping[str, str]
    mappings: Mapping[str, str]
    lists: Mapping[str, str]
    times: frozenset[str] = frozenset()


RUNS = Fields(
    columns={
        "runid": "run_id",
        "rootrunid": "root_run_id",
        "parentrunid": "parent_run_id",
        "status": "status",
        "runtype": "run_type",
        "target": "target",
        "scriptname": "script_name",
        "name": "name",
        "displayname": "display_name",
        "description": "description",
        "runnumber": "number",
        "createdutc": "created",
        "starttimeutc": "started",
        "endtimeutc": "ended",
        "runtypev2/orchestrator": "json_extract(run_type_v2, '$.orchestrator')",
    },
    mappings={"tags": "tags", "properties": "properties"},
    lists={"runtypev2/traits": "json_extract(run_type_v2, '$.traits')"},
    times=frozenset({"createdutc", "starttimeutc", "endtimeutc"}),
)
EXPERIMENTS = Fields(
    columns={
        "name": "name",
        "experimentid": "experiment_id",
        "createdutc": "created",
        "description": "description",
    },
    mappings={"tags": "tags"},
    lists={},
    times=frozenset({"createdutc"}),
)
METRICS = Fields(
    columns={
        "runid": "run_id",
        "metricid": "metric_id",
        "metrictype": f"COALESCE(kind, '{SCALAR}')",
        "name": "name",
        "createdutc": "created",
    },
    mappings={},
    lists={},
    times=frozenset({"createdutc"}),
)

# A run that has not begun stands where it will stand once it has.
_NEVER_NULL = {"run_id", "root_run_id", "status", "number", "created", "experiment_id"}
_SORT_KEYS = {"started": "COALESCE(started, created)"}


def where(condition: Condition, fields: Fields) -> tuple[str, list[str]]:
    """The condition as an SQL expression, and the values to bind.

    Raises:
        UnknownFieldError: it names a field that there is not.
    """
    if isinstance(condition, Group):
        parts = [where(member, fields) for member in condition.members]
        text = joined([text for text, _ in parts], condition.joint.upper())
        return f"({text})", [value for _, values in parts for value in values]
    if condition.key is None:
        return _column(condition, fields)
    return _entry(condition, fields)


def joined(expressions: list[str], joint: str) -> str:
    """SQL expressions joined by ``AND`` or ``OR``, in pairs of pairs: SQLite refuses trees of more than 1000 levels."""
    while len(expressions) > 1:
        pairs = [expressions[at : at + 2] for at in range(0, len(expressions), 2)]
        expressions = [f"({f' {joint} '.join(pair)})" if len(pair) > 1 else pair[0] for pair in pairs]
    return expressions[0]


def _column(condition: Comparison, fields: Fields) -> tuple[str, list[str]]:
    column = fields.columns.get(condition.field.lower())
    if column is None:
        raise UnknownFieldError(condition.field)
    if condition.value is None:
        return f"{column} IS {'NOT ' if condition.operator == 'ne' else ''}NULL", []
    return f"{column} {OPERATORS[condition.operator]} ?", [condition.value]


def _entry(condition: Comparison, fields: Fields) -> tuple[str, list[str]]:
    """A comparison with an entry of a mapping or a list; one that is not there is neither null nor anything else."""
    name, key = condition.field.lower(), condition.key or ""
    head, _, rest = key.partition("/")
    nested = f"{name}/{head.lower()}"
    if rest == "" and nested in fields.columns:
        return _column(Comparison(nested, None, condition.operator, condition.value), fields)
    if rest and nested in fields.lists:
        expression = f"EXISTS (SELECT 1 FROM json_each({fields.lists[nested]}) WHERE value = ?)"  # noqa: S608  (names are ours)
        return (f"({expression} AND {int(condition.operator == 'ne')})", [rest])
    if name not in fields.mappings:
        raise UnknownFieldError(f"{condition.field}/{key}")
    entries = f"SELECT 1 FROM json_each({fields.mappings[name]}) AS entry WHERE entry.key = ?"  # noqa: S608
    # An entry without a value is kept as an empty text.
    value = "" if condition.value is None else condition.value
    return f"EXISTS ({entries} AND entry.value {OPERATORS[condition.operator]} ?)", [key, value]


def sort_key(field: str, fields: Fields) -> str:
    """The SQL expression that a field is sorted by; it is never null.

    Raises:
        UnknownFieldError: there is no such field.
    """
    column = fields.columns.get(field.lower())
    if column is None:
        raise UnknownFieldError(field)
    if column in _NEVER_NULL:  # as it is, so that an index can be used
        return column
    return _SORT_KEYS.get(column, f"COALESCE({column}, '')")
