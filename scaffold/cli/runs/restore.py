"""``scaffold runs restore``: the snapshot that a run was submitted with, as it was."""

from pathlib import Path
from typing import Annotated

import typer

from scaffold.cli import console
from scaffold.cli.flags import AsJson
from scaffold.cli.login import Auth
from scaffold.cli.runs import asked
from scaffold.cli.runs.asked import ProjectFolder, RunOrLatest
from scaffold.cli.runs.download import show_written
from scaffold.errors import WorkspaceError


def restore(
    run: RunOrLatest = "latest",
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Into this folder; by default RUN-snapshot.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    project: ProjectFolder = None,
    auth: Auth = "auto",
    as_json: AsJson = False,
) -> None:
    """Write the snapshot that a run was submitted with, as it was."""
    import tempfile

    from scaffold.runs import writing

    with tempfile.TemporaryDirectory() as folder:
        with asked.asking(project, auth) as place:
            run_id = place.find(run)
            with console.working("downloading the snapshot"):
                archive = place.source.snapshot(run_id, Path(folder))
        if archive is None:
            raise WorkspaceError(
                f"The run {run_id} has no snapshot.", "Only runs that were submitted with a folder have one."
            )
        paths, fetch = writing.unpack(archive)
        plan = writing.plan(to or Path(f"{run_id}-snapshot"), paths, force=force)
        written = writing.write(plan, fetch)
    show_written(run_id, plan, written, as_json)
