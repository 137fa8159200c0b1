"""MLflow's search language (filters and orders) read into SQL over the tables of runs and experiments.

The grammar is that of ``mlflow.utils.search_utils``: comparisons joined by AND, nothing else. What it does
not know is refused with a reason, never ignored.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from scaffold.parameters import MLFLOW_PREFIX
from scaffold.workspace.store.filters import joined

Value = str | float | int
Expression = tuple[str, list[Value]]


class SearchError(ValueError):
    """A filter or an order that is not one; the message says why."""


@dataclass(frozen=True)
class Key:
    """What a comparison is about: ``metrics."val loss"`` is kind ``metric``, name ``val loss``."""

    kind: str
    name: str


_SPACE = re.compile(r"\s*")
_KEY = re.compile(
    r"(?:(?P<kind>[A-Za-z]+)\.)?(?:`(?P<tick>[^`]+)`|\"(?P<quote>[^\"]+)\"|(?P<word>[\w./\-]+))"
)
_OPERATOR = re.compile(
    r"<=|>=|!=|=|<|>|(?:NOT\s+)?I?LIKE\b|(?:NOT\s+)?IN\b|IS\s+NOT\s+NULL\b|IS\s+NULL\b", re.IGNORECASE
)
_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_AND = re.compile(r"AND\b", re.IGNORECASE)
_DIRECTION = re.compile(r"(ASC|DESC)$", re.IGNORECASE)
_KINDS = {
    "metric": "metric", "metrics": "metric",
    "param": "param", "params": "param", "parameter": "param", "parameters": "param",
    "tag": "tag", "tags": "tag",
    "attribute": "attribute", "attributes": "attribute", "attr": "attribute", "run": "attribute",
}  # fmt: skip
_NUMERIC_OPERATORS = {"=", "!=", "<", "<=", ">", ">="}
_MAX_LENGTH, _MAX_CLAUSES, _MAX_PATTERN = 65536, 100, 5000
_TEXT_OPERATORS = {"=", "!=", "LIKE", "ILIKE"}


def _milliseconds(column: str) -> str:
    return f"CAST(ROUND((julianday({column}) - 2440587.5) * 86400000) AS INTEGER)"


_STATUS = (
    "CASE status WHEN 'Completed' THEN 'FINISHED' WHEN 'Failed' THEN 'FAILED' WHEN 'Canceled' THEN 'KILLED'"
    " WHEN 'Running' THEN 'RUNNING' WHEN 'Finalizing' THEN 'RUNNING' WHEN 'CancelRequested' THEN 'RUNNING'"
    " ELSE 'SCHEDULED' END"
)
_NAME = "COALESCE(display_name, run_id)"
_RUN_TEXTS = {
    "run_id": "run_id", "run_name": _NAME, "run name": _NAME, "Run name": _NAME, "Run Name": _NAME,
    "status": _STATUS, "experiment_id": "experiment_id",
}  # fmt: skip
_STARTED = _milliseconds("COALESCE(started, created)")
_RUN_NUMBERS = {
    "start_time": _STARTED,
    "created": _STARTED,
    "Created": _STARTED,
    "end_time": _milliseconds("ended"),
}
_RUN_TAGS = {
    "mlflow.runName": _NAME,
    "mlflow.parentRunId": "parent_run_id",
    "mlflow.rootRunId": "root_run_id",
}
_EXPERIMENT_TEXTS = {"name": "name", "experiment_id": "experiment_id"}
_EXPERIMENT_NUMBERS = {
    "creation_time": _milliseconds("created"),
    "last_update_time": _milliseconds("created"),
}
# What is no single number, NaN included, is null there and compares as nothing.
_METRIC = "(SELECT number FROM latest_metrics WHERE latest_metrics.run_id = runs.run_id AND latest_metrics.name = ?)"


def _entry(column: str) -> str:
    return f"(SELECT value FROM json_each({column}) WHERE key = ?)"  # noqa: S608  (column names are ours)


def run_expression(key: Key) -> tuple[Expression, bool]:
    """The SQL of what a key names of a run, and whether it is a number."""
    if key.kind == "metric":
        return (_METRIC, [key.name]), True
    if key.kind == "param":
        return (_entry("runs.properties"), [MLFLOW_PREFIX + key.name]), False
    if key.kind == "tag":
        column = _RUN_TAGS.get(key.name)
        return ((column, []) if column else (_entry("runs.tags"), [key.name])), False
    return _attribute(key, _RUN_TEXTS, _RUN_NUMBERS)


def experiment_expression(key: Key) -> tuple[Expression, bool]:
    """The SQL of what a key names of an experiment, and whether it is a number."""
    if key.kind == "tag":
        return (_entry("experiments.tags"), [key.name]), False
    if key.kind != "attribute":
        raise SearchError(f"An experiment has no {key.kind}s to search by.")
    return _attribute(key, _EXPERIMENT_TEXTS, _EXPERIMENT_NUMBERS)


_MODEL_TEXTS = {
    name: f"json_extract(record, '$.info.{name}')"
    for name in ("name", "model_id", "model_type", "status", "source_run_id")
}
_MODEL_NUMBERS = {"creation_timestamp": "created", "creation_time": "created"}


def model_expression(key: Key) -> tuple[Expression, bool]:
    """The SQL of what a key names of a logged model, and whether it is a number."""
    if key.kind != "attribute":
        raise SearchError(f"This workspace does not search logged models by their {key.kind}s.")
    return _attribute(key, _MODEL_TEXTS, _MODEL_NUMBERS)


# MLflow keeps prompts among its models, and asks for models by what they are not; here are models alone.
_IS_PROMPT = "mlflow.prompt.is_prompt"
_MODEL_NAME_TEXTS = {"name": "name"}
_MODEL_NAME_NUMBERS = {
    "creation_timestamp": _milliseconds("created"),
    "timestamp": _milliseconds("modified"),
    "last_updated_timestamp": _milliseconds("modified"),
}
_VERSION_TEXTS = {
    "name": "name",
    "run_id": "run_id",
    "source_path": "json_extract(document, '$.mlflow.source')",
}
_VERSION_NUMBERS = {
    "version_number": "version",
    "creation_timestamp": _milliseconds("created"),
    "last_updated_timestamp": _milliseconds("modified"),
}


def model_name_expression(key: Key) -> tuple[Expression, bool]:
    """The SQL of what a key names of a registered model, and whether it is a number."""
    if key.kind == "tag" and key.name == _IS_PROMPT:
        return ("'false'", []), False
    if key.kind == "tag":
        return ("(SELECT value FROM json_each(document, '$.tags') WHERE key = ?)", [key.name]), False
    return _attribute(key, _MODEL_NAME_TEXTS, _MODEL_NAME_NUMBERS)


def model_version_expression(key: Key) -> tuple[Expression, bool]:
    """The SQL of what a key names of a version of a model, and whether it is a number."""
    if key.kind == "tag":
        return ("(SELECT value FROM json_each(document, '$.kvTags') WHERE key = ?)", [key.name]), False
    return _attribute(key, _VERSION_TEXTS, _VERSION_NUMBERS)


def _attribute(key: Key, texts: dict[str, str], numbers: dict[str, str]) -> tuple[Expression, bool]:
    if key.name in numbers:
        return (numbers[key.name], []), True
    if key.name in texts:
        return (texts[key.name], []), False
    known = ", ".join(sorted((*texts, *numbers)))
    raise SearchError(f"Invalid attribute key {key.name!r}; this workspace searches by {known}.")


Resolve = Callable[[Key], tuple[Expression, bool]]


class _Reader:
    """Takes a text apart from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def take(self, pattern: "re.Pattern[str]") -> "re.Match[str] | None":
        if space := _SPACE.match(self._text, self._at):
            self._at = space.end()
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return match

    def need(self, pattern: "re.Pattern[str]", what: str) -> "re.Match[str]":
        match = self.take(pattern)
        if match is None:
            raise SearchError(f"Invalid clause: {what} was expected at {self._text[self._at :]!r}.")
        return match

    @property
    def over(self) -> bool:
        return not self._text[self._at :].strip()

    def key(self) -> Key:
        match = self.need(_KEY, "a key such as metrics.loss")
        name = match["tick"] or match["quote"] or match["word"]
        if match["kind"] is None:
            return Key("attribute", name)
        kind = _KINDS.get(match["kind"])
        if kind is None:
            raise SearchError(f"Invalid entity type {match['kind']!r}; this workspace searches by "
                              "metrics, params, tags and attributes.")  # fmt: skip
        return Key(kind, name)

    def string(self) -> str:
        match = self.need(_STRING, "a quoted value")
        return re.sub(r"\\(.)", r"\1", match[1] if match[1] is not None else match[2])


def where(text: str, resolve: Resolve) -> Expression:
    """The condition that a filter states.

    Raises:
        SearchError: it is not a filter.
    """
    if not text.strip():
        return "1", []
    if len(text) > _MAX_LENGTH:
        raise SearchError(f"The filter is longer than {_MAX_LENGTH} characters.")
    reader = _Reader(text)
    parts: list[str] = []
    values: list[Value] = []
    while True:
        sql, bound = _comparison(reader, resolve)
        parts.append(sql)
        values += bound
        if reader.over:
            return joined(parts, "AND"), values
        reader.need(_AND, "AND")


def _comparison(reader: _Reader, resolve: Resolve) -> Expression:
    key = reader.key()
    (sql, values), numeric = resolve(key)
    operator = " ".join(reader.need(_OPERATOR, "an operator")[0].upper().split())
    if operator in {"IS NULL", "IS NOT NULL"}:
        return f"{sql} {operator}", values
    if numeric:
        if operator not in _NUMERIC_OPERATORS:
            raise SearchError(f"{key.name!r} is a number, which cannot be compared by {operator}.")
        match = reader.take(_NUMBER)
        if match is None:
            raise SearchError(f"{key.name!r} is a number and is compared with one.")
        return f"{sql} {operator} ?", [*values, float(match[0])]
    if operator in {"IN", "NOT IN"}:
        return _membership(reader, sql, values, operator)
    if operator not in _TEXT_OPERATORS:
        raise SearchError(f"{key.name!r} is a text, which cannot be compared by {operator}.")
    value = reader.string()
    if operator.endswith("LIKE") and len(value) > _MAX_PATTERN:
        raise SearchError(f"A pattern is longer than {_MAX_PATTERN} characters.")
    if operator == "LIKE":  # SQLite's own does not mind the case of letters
        return f"{sql} GLOB ?", [*values, _glob(value)]
    return f"{sql} {'LIKE' if operator == 'ILIKE' else operator} ?", [*values, value]


def _membership(reader: _Reader, sql: str, values: list[Value], operator: str) -> Expression:
    reader.need(re.compile(r"\("), "'('")
    members: list[Value] = [reader.string()]
    while reader.take(re.compile(",")):
        members.append(reader.string())
    reader.need(re.compile(r"\)"), "')'")
    return f"{sql} {operator} ({', '.join('?' for _ in members)})", [*values, *members]


def _glob(like: str) -> str:
    return re.sub(r"[*?\[]", lambda match: f"[{match[0]}]", like).replace("%", "*").replace("_", "?")


def order(clauses: list[str], resolve: Resolve) -> Expression:
    """The order that clauses such as ``metrics.loss DESC`` state, with a comma behind, or nothing.

    Raises:
        SearchError: one is no such clause.
    """
    if len(clauses) > _MAX_CLAUSES:
        raise SearchError(f"More than {_MAX_CLAUSES} clauses of order_by.")
    parts = ""
    values: list[Value] = []
    for clause in clauses:
        reader = _Reader(clause)
        (sql, bound), _ = resolve(reader.key())
        direction = reader.take(_DIRECTION)
        if not reader.over:
            raise SearchError(f"Invalid order_by clause {clause!r}: it is a key, then ASC or DESC.")
        parts += f"{sql} {direction[1].upper() if direction else 'ASC'} NULLS LAST, "
        values += bound
    return parts, values
