"""``scaffold runs cancel``: ends a run."""

from scaffold.cli import console
from scaffold.cli.flags import AsJson
from scaffold.cli.login import Auth
from scaffold.cli.runs import asked
from scaffold.cli.runs.asked import ProjectFolder, RunName


def cancel(run: RunName, project: ProjectFolder = None, auth: Auth = "auto", as_json: AsJson = False) -> None:
    """Cancel a run, at whichever stage it is."""
    with asked.asking(project, auth) as place:
        run_id = place.find(run)
        with console.working("canceling"):
            canceled = place.source.cancel(run_id)
    if as_json:
        console.result_json({"run_id": run_id, "canceled": canceled})
    else:
        console.done(f"{run_id} is being canceled" if canceled else f"{run_id} was over already")
