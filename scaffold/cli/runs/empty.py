"""Explains a list of runs in which what was asked for is missing: a filter that no run passes, an empty column."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from scaffold.cli import console

if TYPE_CHECKING:
    from scaffold.runs.model import Listing, Query, Run
    from scaffold.runs.source import Source

_LOOKED_AT = 200
_MOST_NAMED = 8


def explain_filters(query: "Query", source: "Source") -> str:
    """Name the filter that leaves no run over, with the values that there are; empty where none is to blame alone."""
    filters = {
        "--tag": (query.tags, replace(query, tags=())),
        "--status": (query.statuses, replace(query, statuses=())),
        "--compute-target": (query.target, replace(query, target=None)),
        "--since": (query.since, replace(query, since=None)),
    }
    for flag, (given, without) in filters.items():
        if not given:
            continue
        runs = source.query(
            replace(without, limit=_LOOKED_AT, columns=(), sort="created", descending=True)
        ).runs
        if runs:
            return f"without {flag} there {_count(runs)}{_values(flag, runs)}"
    return ""


def _count(runs: "tuple[Run, ...]") -> str:
    if len(runs) == 1:
        return "is 1"
    return f"are {len(runs)}" if len(runs) < _LOOKED_AT else f"are {_LOOKED_AT} or more"


def _values(flag: str, runs: "tuple[Run, ...]") -> str:
    if flag == "--since":
        return f", the newest of {max(run.created for run in runs):%Y-%m-%d %H:%M} UTC"
    found = {
        "--tag": [f"{name}={value}" for run in runs for name, value in run.tags.items()],
        "--status": [run.status for run in runs],
        "--compute-target": [run.target or "" for run in runs],
    }[flag]
    return f", with {_listed(found)}" if any(found) else ""


def explain_columns(query: "Query", listing: "Listing", source: "Source") -> Iterator[str]:
    """Say of each column that no run has a value for that it is empty, and which names there are."""
    missing = [name for name in query.columns if all(run.values.get(name) is None for run in listing.runs)]
    for column in missing:
        known = _known_names(column.partition(".")[0], listing.runs, source)
        there = f"; there are {_listed(known)}" if known else ""
        yield f"no run here has {console.inert(column)}{there}"


def _known_names(kind: str, runs: "tuple[Run, ...]", source: "Source") -> list[str]:
    if kind == "tags":
        return [f"tags.{name}" for run in runs for name in run.tags]
    if kind == "metrics":
        for run in runs[:_MOST_NAMED]:
            if found := [f"metrics.{metric.name}" for metric in source.metrics(run.run_id)]:
                return found
    return []


def _listed(texts: list[str]) -> str:
    several = list(dict.fromkeys(filter(None, texts)))
    more = " …" if len(several) > _MOST_NAMED else ""
    return console.inert(", ".join(several[:_MOST_NAMED]) + more)
