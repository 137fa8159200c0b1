"""The files of a run: its snapshot as it was submitted, and what it has left."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scaffold.workspace.logs import USER_LOGS
from scaffold.workspace.portal import text
from scaffold.workspace.portal.pages import Look
from scaffold.workspace.portal.views.run import artifact_file, artifacts, frame, log_text
from scaffold.workspace.store.runs import Run
from scaffold.workspace.store.snapshots import SnapshotFile

_SHOWN = 2000
# New files come last, so that a list that grows moves nothing.
_ORDER = ("user_logs/", "azureml-logs/", "system_logs/", "outputs/", "logs/")


_NOTHING: dict[str, Any] = {"shown": None}


def is_image(path: str) -> bool:
    return text.suffix(path) in text.IMAGES


def snapshot(look: Look, run_id: str, path: str | None = None) -> dict[str, Any] | None:
    """The snapshot's tree, and one file of it."""
    run = look.store.runs.get(run_id)
    if run is None:
        return None
    files = snapshot_files(look, run)
    chosen = path or _first(run, files)
    found = next((file for file in files if file.path == chosen), None)
    if path and found is None:
        return None
    return {
        **frame(look, run, "snapshot"),
        "snapshot_id": run.snapshot_id,
        "files": [{"path": file.path, "size": file.size} for file in files[:_SHOWN]],
        "tree": tree((file.path, file.size) for file in files[:_SHOWN]),
        "more": max(0, len(files) - _SHOWN),
        "chosen": chosen,
        **(_shown(found.path, look.store.content.path(found.sha256), found.size) if found else _NOTHING),
    }


def snapshot_files(look: Look, run: Run) -> list[SnapshotFile]:
    return look.store.snapshots.files(run.snapshot_id) if run.snapshot_id else []


def _first(run: Run, files: list[SnapshotFile]) -> str | None:
    """The file to begin with: the script."""
    if any(file.path == run.script_name for file in files):
        return run.script_name
    return files[0].path if files else None


def outputs(look: Look, run_id: str, path: str | None = None) -> dict[str, Any] | None:
    """What the run has left, and one file of it: at first the log.

    A file that is not there may still come while the run goes on. An address that ends with .json may be the twin
    of another, which comes first.
    """
    run = look.store.runs.get(run_id)
    if run is None:
        return None
    sizes = artifacts(look, run_id)
    names = sorted(sizes, key=lambda name: (_rank(name), name))
    first = next((name for name in names if name.startswith(USER_LOGS)), names[0] if names else None)
    chosen = path or first
    file = artifact_file(look, run_id, chosen) if chosen else None
    if path and file is None and path.endswith(".json"):
        return None
    if chosen and file:
        sizes[chosen] = file.stat().st_size
    return {
        **frame(look, run, "logs"),
        "files": [{"path": name, "size": sizes[name]} for name in names[:_SHOWN]],
        "tree": tree((name, sizes[name]) for name in names[:_SHOWN]),
        "more": max(0, len(names) - _SHOWN),
        "chosen": chosen,
        "answer": 404 if path and file is None and run.status.terminal else 200,
        "stands_in": path is None and chosen is not None and not chosen.startswith(USER_LOGS),
        **(_shown(chosen, file, sizes[chosen]) if chosen and file else _NOTHING),
        "tail": log_text(look, run_id, chosen)
        if chosen and file and text.kind_of(chosen, file) == "log"
        else "",
    }


def _rank(name: str) -> int:
    return next((place for place, start in enumerate(_ORDER) if name.startswith(start)), len(_ORDER))


def _shown(path: str, file: Path, size: int) -> dict[str, Any]:
    """A file's content as far as a page shows it."""
    kind = text.kind_of(path, file)
    shown: dict[str, Any] = {"path": path, "kind": kind, "size": size}
    private = {}
    if kind == "table":
        shown |= text.table(path, file)
    elif kind == "source":
        shown["text"] = file.read_text(encoding="utf-8", errors="replace")
        private["lines"] = text.source(path, shown["text"])
    return {"shown": shown, "private": private}


def tree(files: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    """Files as folders within folders, in the order they come."""
    root: list[dict[str, Any]] = []
    folders: dict[str, list[dict[str, Any]]] = {"": root}
    for path, size in files:
        *parents, name = path.split("/")
        at = ""
        for parent in parents:
            within, at = folders[at], f"{at}/{parent}"
            if at not in folders:
                folders[at] = []
                within.append({"name": parent, "path": at[1:], "entries": folders[at]})
        folders[at].append({"name": name, "path": path, "size": size})
    return root
