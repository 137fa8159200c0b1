"""``scaffold runs``: looking after runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from scaffold.cli import console, local
from scaffold.errors import WorkspaceError

if TYPE_CHECKING:
    from scaffold.workspace.lifecycle import Service

runs_app = typer.Typer(name="runs", help="Look after runs.", no_args_is_help=True)


_RunId = Annotated[str, typer.Argument(help="The run's id.", metavar="RUN", show_default=False)]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def _find(run_id: str) -> tuple["Service", str]:
    """The local workspace, and the control address of a run that it has.

    Raises:
        WorkspaceError: it has no such run.
    """
    from urllib.parse import quote

    service = local.service()
    path = f"/runs/{quote(run_id, safe='')}"
    if service.request("GET", path).status == 404:
        raise WorkspaceError(
            f"There is no run {run_id!r} in the local workspace.",
            "Its page lists them: 'scaffold workspace open'.",
        )
    return service, path


@runs_app.command()
def show(
    run_id: _RunId,
    open_page: Annotated[bool, typer.Option("--open", help="Open its page in the browser.")] = False,
    as_json: _Json = False,
) -> None:
    """Show a run of the local workspace, here or on its page."""
    service, path = _find(run_id)
    run = service.json("GET", path)
    if open_page:
        console.browse(run["url"])
    if as_json:
        console.result_json(run)
        return
    rows = {
        "run": run["run_id"],
        "status": run["status"],
        "created": run["created"],
        "started": run["started"],
        "ended": run["ended"],
        "exit code": run["exit_code"],
        "page": run["url"],
    }
    for name, value in rows.items():
        if value is not None:
            console.result(f"{name:<11}{value}")
    for warning in run["warnings"]:
        console.warn(console.inert(warning["message"]))
    for line in (run["error"] or "").splitlines():
        console.result(console.inert(line))


@runs_app.command()
def cancel(run_id: _RunId, as_json: _Json = False) -> None:
    """Cancel a run of the local workspace, at whichever stage it is."""
    service, path = _find(run_id)
    canceled = service.json("POST", f"{path}/cancel")["canceled"]
    if as_json:
        console.result_json({"run_id": run_id, "canceled": canceled})
    else:
        console.done(f"{run_id} is being canceled" if canceled else f"{run_id} was over already")
