"""Two to ten runs side by side: what differs of what went in, and of what came out."""

import difflib
import itertools
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.runs.model import Details, Metric
from scaffold.runs.reading import parameters_of

MOST = 10
_DIFF_BYTES = 256 * 1024
_DIFF_LINES = 2000


@dataclass(frozen=True)
class Row:
    """One fact about all runs; a run that has none of it has None."""

    name: str
    values: tuple[Any, ...]

    @property
    def differs(self) -> bool:
        return any(value != self.values[0] for value in self.values)


@dataclass(frozen=True)
class Change:
    """A file that differs between two snapshots.

    Attributes:
        how: ``added``, ``removed`` or ``changed``.
        lines: the unified difference; None of what is no text, or too much of it.
    """

    path: str
    how: str
    lines: tuple[str, ...] | None


def sections_of(runs: Sequence[Details], metrics: Sequence[Sequence[Metric]]) -> list[tuple[str, list[Row]]]:
    """The facts by theme: ``run``, ``parameters``, ``tags``, ``metrics``."""
    columns = (
        ("run", [_facts(details) for details in runs]),
        ("parameters", [parameters_of(details) for details in runs]),
        ("tags", [details.run.tags for details in runs]),
        ("metrics", [_last(of) for of in metrics]),
    )
    return [(name, _rows(values)) for name, values in columns]


def _rows(columns: Sequence[Mapping[str, Any]]) -> list[Row]:
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [Row(name, tuple(column.get(name) for column in columns)) for name in names]
    return [row for row in rows if any(value is not None for value in row.values)]


def _facts(details: Details) -> dict[str, Any]:
    run = details.run
    return {
        "experiment": run.experiment,
        "status": run.status,
        "seconds": run.seconds,
        "target": run.target,
        "environment": details.environment,
        "script": run.script,
        "command": details.command,
        "commit": run.properties.get("azureml.git.commit"),
        "snapshot": run.snapshot,
    }


def _last(metrics: Sequence[Metric]) -> dict[str, Any]:
    """The single numbers that a run logged last."""
    found = {}
    for metric in metrics:
        values = list(metric.last.values()) if metric.points else []
        if len(values) == 1 and isinstance(values[0], int | float):
            found[metric.name] = values[0]
    return found


def changes(base: Path | None, other: Path | None) -> list[Change]:
    """The files that differ between two snapshots.

    Args:
        base, other: their zips; None of a run that has none.
    """
    before, after = _files(base), _files(other)
    found = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old != new:
            how = "added" if old is None else "removed" if new is None else "changed"
            found.append(Change(path, how, _lines(path, old, new)))
    return found


def _files(archive: Path | None) -> dict[str, bytes]:
    if archive is None:
        return {}
    with zipfile.ZipFile(archive) as opened:
        return {entry.filename: opened.read(entry) for entry in opened.infolist() if not entry.is_dir()}


def _lines(path: str, old: bytes | None, new: bytes | None) -> tuple[str, ...] | None:
    sides: list[list[str]] = []
    for content in (old, new):
        if content is not None and (len(content) > _DIFF_BYTES or b"\0" in content):
            return None
        sides.append((content or b"").decode("utf-8", "replace").splitlines())
    names = ("/dev/null" if old is None else f"a/{path}", "/dev/null" if new is None else f"b/{path}")
    lines = difflib.unified_diff(sides[0], sides[1], *names, lineterm="")
    return tuple(itertools.islice(lines, _DIFF_LINES))
