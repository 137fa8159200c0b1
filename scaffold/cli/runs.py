"""``scaffold runs``: looking after runs."""

from typing import Annotated

import typer

from scaffold.cli import console, local
from scaffold.errors import WorkspaceError

runs_app = typer.Typer(name="runs", help="Look after runs.", no_args_is_help=True)


@runs_app.command()
def cancel(
    run_id: Annotated[str, typer.Argument(help="The run's id.", metavar="RUN", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Cancel a run of the local workspace, at whichever stage it is."""
    from urllib.parse import quote

    service = local.service()
    path = f"/runs/{quote(run_id, safe='')}"
    if service.request("GET", path).status == 404:
        raise WorkspaceError(
            f"There is no run {run_id!r} in the local workspace.",
            "Its page lists them: 'scaffold workspace status'.",
        )
    canceled = service.json("POST", f"{path}/cancel")["canceled"]
    if as_json:
        console.result_json({"run_id": run_id, "canceled": canceled})
    else:
        console.done(f"{run_id} is being canceled" if canceled else f"{run_id} was over already")
