"""``scaffold runs open``: a run's page."""

from scaffold.cli import console
from scaffold.cli.flags import AsJson
from scaffold.cli.login import Auth
from scaffold.cli.runs import asked
from scaffold.cli.runs.asked import ProjectFolder, RunOrLatest


def open_page(
    run: RunOrLatest = "latest", project: ProjectFolder = None, auth: Auth = "auto", as_json: AsJson = False
) -> None:
    """Open a run's page in the browser: of the local workspace, or of the Azure ML studio."""
    with asked.asking(project, auth) as place:
        run_id = place.find(run)
        address = place.source.url(run_id)
    console.browse(address)
    if as_json:
        console.result_json({"run_id": run_id, "url": address})
    else:
        console.result(address)
