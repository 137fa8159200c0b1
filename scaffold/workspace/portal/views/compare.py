"""Two to ten runs side by side: what differs of what went in, and of what came out."""

import itertools
from typing import Any

from scaffold.comparison import DIFF_BYTES, DIFF_LINES, MOST, changed, rows_of, unified
from scaffold.workspace.portal import text, words
from scaffold.workspace.portal.pages import Look
from scaffold.workspace.portal.views import lists
from scaffold.workspace.portal.views.files import snapshot_files
from scaffold.workspace.portal.views.metrics import curves_of
from scaffold.workspace.portal.views.run import environment_of, git_of, parameters_of
from scaffold.workspace.store.runs import Run
from scaffold.workspace.store.snapshots import SnapshotFile

_DIFF_FILES = 50


def page(look: Look) -> dict[str, Any]:
    """The comparison of the runs that the address names; of fewer than two, what is missing."""
    asked = list(dict.fromkeys(look.query.getlist("runs")))
    found = [run for run in (look.store.runs.get(run_id) for run_id in asked) if run is not None]
    unknown = [run_id for run_id in asked if run_id not in {run.run_id for run in found}]
    document: dict[str, Any] = {"title": "Compare runs", "section": "runs", "live": None, "unknown": unknown,
                                "runs": [lists.row_of(run) for run in found], "sections": [], "metrics": [],
                                "files": [], "diff": None, "base": None, "other": None, "problem": None}  # fmt: skip
    if not 2 <= len(found) <= MOST:
        document["problem"] = f"Choose two to {MOST} runs in a list of runs; these are {len(found)}."
        return document
    document["sections"] = [
        {"name": name, "rows": rows}
        for name, rows in (
            ("Run", _rows([_facts(look, run) for run in found])),
            ("Parameters and arguments", _rows([parameters_of(run) for run in found])),
            ("Tags", _rows([run.tags for run in found])),
            ("Metrics, last values", _rows([_last(look, run) for run in found])),
        )
        if rows
    ]
    document["metrics"] = _overlaid(look, found)
    base, other = _pair(look, found)
    document |= {"base": base.run_id, "other": other.run_id, **_difference(look, base, other)}
    return document


def _rows(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"name": row.name, "values": list(row.values), "differs": row.differs} for row in rows_of(columns)
    ]


def _facts(look: Look, run: Run) -> dict[str, Any]:
    experiment = look.store.experiments.by_id(run.experiment_id)
    return {
        "Experiment": experiment.name if experiment else "",
        "Status": run.status.value,
        "Duration": words.span(words.seconds(run)),
        "Created": words.when(run.created),
        "Script": run.script_name or "",
        "Compute target": run.target or "",
        "Environment": environment_of(run).get("name") or "",
        "Snapshot": run.snapshot_id or "",
        **{f"Git {name}": value for name, value in git_of(run).items()},
    }


def _last(look: Look, run: Run) -> dict[str, Any]:
    """The single numbers that a run logged last."""
    return {
        value.name: next(iter(value.data.values()))
        for value in look.store.metrics.latest(run.run_id)
        if len(value.data) == 1 and isinstance(next(iter(value.data.values())), (int, float))
    }


def _overlaid(look: Look, runs: list[Run]) -> list[dict[str, Any]]:
    """Every metric that is a line in one of the runs, with the line of each run."""
    names = list(
        dict.fromkeys(metric.name for run in runs for metric in look.store.metrics.overview(run.run_id))
    )
    charts = []
    for name in names[:60]:
        curves = []
        for number, run in enumerate(runs):
            curve = curves_of(look, run.run_id, name)
            if curve is not None:
                curves.append({"label": run.display_name or run.run_id, "color": number, **curve})
        if any(len(curve["x"]) > 1 for curve in curves):
            charts.append({"name": name, "draw": "curves", "count": len(curves), "charts": [
                {"title": name, "x_label": curves[0]["x_label"], "y_label": "", "curves": curves}]})  # fmt: skip
    return charts


# Snapshots


def _pair(look: Look, runs: list[Run]) -> tuple[Run, Run]:
    by_id = {run.run_id: run for run in runs}
    return by_id.get(look.query.get("base", ""), runs[0]), by_id.get(look.query.get("other", ""), runs[1])


def _difference(look: Look, base: Run, other: Run) -> dict[str, Any]:
    """The files that differ between two snapshots, with their lines."""
    before = {file.path: file for file in snapshot_files(look, base)}
    after = {file.path: file for file in snapshot_files(look, other)}
    contents = ({path: file.sha256 for path, file in side.items()} for side in (before, after))
    files: list[dict[str, Any]] = []
    for path, how in changed(*contents):
        shown = len(files) < _DIFF_FILES
        lines = _lines(look, path, before.get(path), after.get(path)) if shown else None
        files.append({"path": path, "how": how, "lines": lines})
    same = len(before.keys() & after.keys()) - sum(file["how"] == "changed" for file in files)
    return {"files": files, "diff": {"same": same}}


def _lines(
    look: Look, path: str, old: SnapshotFile | None, new: SnapshotFile | None
) -> list[dict[str, str]] | None:
    """The unified difference; None for what is no text, or too much of it."""
    sides: list[str | None] = []
    for file in (old, new):
        if file is None:
            sides.append(None)
            continue
        stored = look.store.content.path(file.sha256)
        if file.size > DIFF_BYTES or not text.is_text(stored):
            return None
        sides.append(stored.read_text(encoding="utf-8", errors="replace"))
    marks = {"+": "added", "-": "removed", "@": "place"}
    lines = itertools.islice(unified(path, *sides), 2, DIFF_LINES + 2)
    return [{"how": marks.get(line[:1], "same"), "text": line} for line in lines]
