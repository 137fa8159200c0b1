"""Two to ten runs side by side: what differs of what went in, and of what came out."""

import itertools
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.comparison import DIFF_BYTES, DIFF_LINES, Row, changed, rows_of, unified
from scaffold.runs.model import Details, Metric
from scaffold.runs.reading import parameters_of


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
    """The facts by theme: ``run``, ``parameters``, ``variables``, ``tags``, ``metrics``."""
    columns = (
        ("run", [_facts(details) for details in runs]),
        ("parameters", [parameters_of(details) for details in runs]),
        ("variables", [details.variables for details in runs]),
        ("tags", [details.run.tags for details in runs]),
        ("metrics", [_last(of) for of in metrics]),
    )
    return [(name, rows_of(values)) for name, values in columns]


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
    return [
        Change(path, how, _lines(path, before.get(path), after.get(path)))
        for path, how in changed(before, after)
    ]


def _files(archive: Path | None) -> dict[str, bytes]:
    if archive is None:
        return {}
    with zipfile.ZipFile(archive) as opened:
        return {entry.filename: opened.read(entry) for entry in opened.infolist() if not entry.is_dir()}


def _lines(path: str, old: bytes | None, new: bytes | None) -> tuple[str, ...] | None:
    sides = []
    for content in (old, new):
        if content is not None and (len(content) > DIFF_BYTES or b"\0" in content):
            return None
        sides.append(None if content is None else content.decode("utf-8", "replace"))
    return tuple(itertools.islice(unified(path, *sides), DIFF_LINES))
