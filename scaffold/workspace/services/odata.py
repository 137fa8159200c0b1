"""The filters and orders that the SDK writes, read. Source: ``azureml._restclient._odata``.

It writes values as they are, most of them without quotes and none escaped (``Tags/k eq salt and pepper``,
``CreatedUtc ge 2026-01-01 10:00:00``), so where one ends is told by what follows it.
"""

import re
from dataclasses import replace
from datetime import datetime, timezone

from scaffold.workspace import faults
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.filters import (
    OPERATORS,
    Comparison,
    Condition,
    Fields,
    Group,
    UnknownFieldError,
    sort_key,
    where,
)

_MAX_LENGTH, _MAX_DEPTH = 65536, 20
_OPERATOR = "|".join(OPERATORS)
_FIELD = re.compile(rf"(\w+)(?:/(.+?))? ({_OPERATOR}) ")
_JOINT = re.compile(r" +(and|or) +", re.IGNORECASE)
_NEXT = re.compile(rf" +(?:and|or) +\(*\w+(?:/[^()]+?)? (?:{_OPERATOR}) ", re.IGNORECASE)
_ENDS = re.compile(r"\s*(?:\)|$| (?:and|or) )", re.IGNORECASE)
_ORDER = re.compile(r"\s*(\w+)(?:\s+(asc|desc))?\s*", re.IGNORECASE)


class _Reader:
    """Reads one filter from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def whole(self) -> Condition:
        condition = self._any(0)
        self._skip()
        if self._at < len(self._text):
            raise self._fault()
        return condition

    def _fault(self) -> faults.Fault:
        return faults.bad_request(
            f"The filter {self._text!r} is not understood at {self._text[self._at :]!r}."
        )

    def _skip(self) -> None:
        while self._at < len(self._text) and self._text[self._at] == " ":
            self._at += 1

    def _any(self, depth: int) -> Condition:
        """Groups joined by ``or``, of conditions joined by ``and``, which binds closer."""
        groups: list[list[Condition]] = [[self._one(depth)]]
        while joint := _JOINT.match(self._text, self._at):
            self._at = joint.end()
            member = self._one(depth)
            if joint[1].lower() == "and":
                groups[-1].append(member)
            else:
                groups.append([member])
        joined = [group[0] if len(group) == 1 else Group("and", tuple(group)) for group in groups]
        return joined[0] if len(joined) == 1 else Group("or", tuple(joined))

    def _one(self, depth: int) -> Condition:
        self._skip()
        if depth > _MAX_DEPTH:
            raise self._fault()
        if self._text.startswith("(", self._at):
            self._at += 1
            inner = self._any(depth + 1)
            self._skip()
            if not self._text.startswith(")", self._at):
                raise self._fault()
            self._at += 1
            return inner
        match = _FIELD.match(self._text, self._at)
        if match is None:
            raise self._fault()
        self._at = match.end()
        return Comparison(match[1], match[2], match[3], self._value())

    def _value(self) -> str | None:
        quote = self._text[self._at : self._at + 1]
        if quote and quote in "\"'":
            start = end = self._at + 1
            while (end := self._text.find(quote, end)) >= 0:
                if _ENDS.match(self._text, end + 1):
                    self._at = end + 1
                    return self._text[start:end]
                end += 1
        start, nested = self._at, 0
        while self._at < len(self._text):
            letter = self._text[self._at]
            if letter == ")" and nested == 0:
                break
            if letter == " " and nested == 0 and _NEXT.match(self._text, self._at):
                break
            nested += (letter == "(") - (letter == ")")
            self._at += 1
        value = self._text[start : self._at]
        return None if value == "null" else value


def read_filter(text: str | None, fields: Fields) -> tuple[str, list[str]]:
    """A filter as an SQL expression with the values to bind; everything, when there is none.

    Raises:
        Fault: 400, it is not understood or names a field that cannot be filtered by.
    """
    if not text or not text.strip():
        return "1", []
    if len(text) > _MAX_LENGTH:
        raise faults.bad_request(f"The filter is longer than {_MAX_LENGTH} characters.")
    condition = _with_moments(_Reader(text.strip()).whole(), fields)
    try:
        return where(condition, fields)
    except UnknownFieldError as error:
        raise faults.bad_request(f"The filter {text!r} names {error}, which cannot be filtered by.") from None


def _with_moments(condition: Condition, fields: Fields) -> Condition:
    """The condition with its times as they are stored."""
    if isinstance(condition, Group):
        return replace(
            condition, members=tuple(_with_moments(member, fields) for member in condition.members)
        )
    if condition.field.lower() in fields.times and condition.key is None and condition.value is not None:
        return replace(condition, value=moment(condition.value))
    return condition


def moment(text: str) -> str:
    """A time as the SDK writes it, as it is stored; one without a zone is UTC.

    Raises:
        Fault: 400, it is none.
    """
    # Python 3.10 reads neither a Z nor seven digits after the second.
    readable = re.sub(r"(\.\d{6})\d+", r"\1", text.strip())
    readable = re.sub(r"\.(\d{1,5})(?!\d)", lambda found: "." + found[1].ljust(6, "0"), readable)
    try:
        found = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", readable))
        zoned = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
        return timestamp(zoned.astimezone(timezone.utc))
    except (ValueError, OverflowError):
        raise faults.bad_request(f"{text!r} is not a time in ISO 8601.") from None


def read_order(text: str | None, fields: Fields, default: str) -> tuple[str, bool]:
    """The SQL expression to sort by, and whether the greatest comes first.

    Raises:
        Fault: 400, it is not understood or names a field that cannot be sorted by.
    """
    match = _ORDER.fullmatch(text or default)
    try:
        if match is not None:
            return sort_key(match[1], fields), (match[2] or "asc").lower() == "desc"
    except UnknownFieldError:
        pass
    raise faults.bad_request(f"The order {text!r} is not one that can be sorted by.")
