"""``scaffold runs download``: what a run has left."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaffold.cli import console
from scaffold.cli.flags import AsJson
from scaffold.cli.login import Auth
from scaffold.cli.runs import asked
from scaffold.cli.runs.asked import ProjectFolder, RunOrLatest

if TYPE_CHECKING:
    from scaffold.runs.writing import Plan, Written

_OUTPUTS = ("outputs/",)
_LOGS = ("user_logs/", "azureml-logs/", "system_logs/", "logs/")


def download(
    run: RunOrLatest = "latest",
    outputs: Annotated[bool, typer.Option("--outputs", help="Only what is in outputs/.")] = False,
    logs: Annotated[bool, typer.Option("--logs", help="Only logs.")] = False,
    prefix: Annotated[
        list[str] | None,
        typer.Option(help="Only files whose paths begin so. May be repeated.", show_default=False),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Into this folder; by default one of the run's name.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    listing: Annotated[
        bool, typer.Option("--list", help="Name the files that there are; download none.")
    ] = False,
    project: ProjectFolder = None,
    auth: Auth = "auto",
    as_json: AsJson = False,
) -> None:
    """Download what a run has left: outputs, logs, and whatever else it uploaded."""
    from functools import partial

    from scaffold.runs import writing

    wanted = (*(_OUTPUTS if outputs else ()), *(_LOGS if logs else ()), *(prefix or ()))
    with asked.asking(project, auth) as place:
        run_id = place.find(run)
        with console.working("looking for files"):
            paths = [path for path in place.source.files(run_id) if path.startswith(wanted or "")]
        if listing:
            _list(run_id, paths, as_json)
            return
        plan = writing.plan(to or Path(run_id), paths, force=force)
        with console.working(f"downloading {len(plan.targets)} files"):
            written = writing.write(plan, partial(place.source.download, run_id))
    show_written(run_id, plan, written, as_json)


def _list(run_id: str, paths: list[str], as_json: bool) -> None:
    if as_json:
        files = [{"path": path, "file": None, "bytes": None} for path in paths]
        console.result_json({"run_id": run_id, "folder": None, "files": files, "left_out": []})
        return
    for path in paths:
        console.result(console.inert(path))
    if not paths:
        console.note("  there are no such files")


def show_written(run_id: str, plan: "Plan", written: "list[Written]", as_json: bool) -> None:
    """What was written where."""
    from scaffold import words

    if as_json:
        files = [{"path": one.path, "file": str(one.file), "bytes": one.size} for one in written]
        folder = str(plan.folder) if written else None
        console.result_json(
            {"run_id": run_id, "folder": folder, "files": files, "left_out": list(plan.left_out)}
        )
    else:
        for one in written:
            console.result(console.inert(str(one.file)))
        size = words.size(sum(one.size for one in written))
        console.done(f"{len(written)} files, {size}" if len(written) != 1 else f"1 file, {size}")
    for path in plan.left_out:
        console.warn(f"left out, no file here can be called so: {console.inert(path)}")
