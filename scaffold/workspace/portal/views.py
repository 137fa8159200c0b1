"""What each page shows, as plain documents; the templates only arrange them."""

from datetime import datetime
from pathlib import Path
from typing import Any

from scaffold import words
from scaffold.workspace.context import Context
from scaffold.workspace.logs import BUILD_LOG, USER_LOGS, last_lines
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.database import now
from scaffold.workspace.store.runs import Run

_LOG_LINES = 2000
_LOG_BYTES = 512 * 1024
_RUNS_SHOWN = 200


def when(moment: str | None) -> str:
    """A stored time for people: ``2026-11-23 21:40:07`` in the machine's own time zone."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def span(seconds: float | None) -> str:
    """A duration in seconds for people."""
    return "" if seconds is None else words.duration(seconds)


def _seconds(run: Run) -> float | None:
    if run.started is None:
        return None
    end = datetime.fromisoformat(run.ended) if run.ended else now()
    return max(0.0, (end - datetime.fromisoformat(run.started)).total_seconds())


def _row(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "number": run.number,
        "name": run.display_name or run.run_id,
        "status": run.status.value,
        "terminal": run.status.terminal,
        "target": run.target,
        "created": run.created,
        "seconds": _seconds(run),
    }


def experiments(context: Context) -> dict[str, Any]:
    """The list of experiments."""
    rows = []
    for experiment in context.store.experiments.all():
        latest = context.store.runs.of_experiment(experiment.experiment_id, limit=1)
        rows.append(
            {
                "name": experiment.name,
                "created": experiment.created,
                "runs": latest[0].number if latest else 0,
                "latest": _row(latest[0]) if latest else None,
            }
        )
    return {"title": "Experiments", "experiments": rows}


def experiment(
    context: Context, experiment: str | None = None, experiment_id: str | None = None
) -> dict[str, Any] | None:
    """One experiment's runs."""
    store = context.store.experiments
    found = store.by_id(experiment_id) if experiment_id else store.by_name(experiment or "")
    if found is None:
        return None
    runs = context.store.runs.of_experiment(found.experiment_id, limit=_RUNS_SHOWN)
    rows = [_row(run) for run in runs]
    return {
        "title": found.name,
        "name": found.name,
        "runs": rows,
        "live": any(not row["terminal"] for row in rows),
    }


def run(context: Context, run_id: str) -> dict[str, Any] | None:
    """One run: details, log, metrics, snapshot, outputs."""
    store = context.store
    found = store.runs.get(run_id)
    if found is None:
        return None
    parent = store.experiments.by_id(found.experiment_id)
    environment = (found.definition or {}).get("environment") or {}
    prefix = artifact_prefix(run_id)
    artifacts = [blob for blob in store.blobs.under(ARTIFACTS, prefix) if blob.written]
    return {
        "title": found.display_name or run_id,
        **_row(found),
        "experiment": parent.name if parent else None,
        "script": found.script_name,
        "command": (found.definition or {}).get("command") or None,
        "arguments": [str(argument) for argument in (found.definition or {}).get("arguments") or []],
        "environment": environment.get("name"),
        "started": found.started,
        "ended": found.ended,
        "exit_code": found.exit_code,
        "error": found.error["message"] if found.error else None,
        "warnings": [warning["message"] for warning in found.warnings],
        "snapshot_id": found.snapshot_id,
        "snapshot": [
            {"path": file.path, "size": file.size}
            for file in (store.snapshots.files(found.snapshot_id) if found.snapshot_id else [])
        ],
        "tags": found.tags,
        "history": [{"status": status, "at": at} for status, at in store.runs.history(run_id)],
        "metrics": [
            {"name": value.name, "kind": value.kind, "step": value.step, "data": value.data}
            for value in store.metrics.last(run_id)
        ],
        "files": [{"path": blob.name.removeprefix(prefix), "size": blob.size} for blob in artifacts],
        "logs": [
            {"name": name, "text": _log(context, run_id, name)}
            for name in (blob.name.removeprefix(prefix) for blob in artifacts)
            if name.startswith(USER_LOGS)
        ],
        "build_log": _log(context, run_id, BUILD_LOG),
        "live": not found.status.terminal,
    }


def _log(context: Context, run_id: str, path: str) -> str:
    file = artifact_file(context, run_id, path)
    return last_lines(file, lines=_LOG_LINES, limit=_LOG_BYTES) if file else ""


def artifact_file(context: Context, run_id: str, path: str) -> Path | None:
    """The file with an artifact's bytes, or None."""
    blob = context.store.blobs.get(ARTIFACTS, artifact_prefix(run_id) + path)
    file = context.store.blobs.file(blob) if blob else None
    return file if file is not None and file.exists() else None
