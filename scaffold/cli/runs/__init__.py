"""``scaffold runs``: looking after runs, one file a command."""

import typer

from scaffold.cli.runs.cancel import cancel
from scaffold.cli.runs.compare import compare
from scaffold.cli.runs.download import download
from scaffold.cli.runs.listing import list_runs
from scaffold.cli.runs.logs import logs
from scaffold.cli.runs.metrics import metrics
from scaffold.cli.runs.opening import open_page
from scaffold.cli.runs.restore import restore
from scaffold.cli.runs.show import show
from scaffold.cli.runs.tag import tag

runs_app = typer.Typer(
    name="runs",
    help="Look after runs, on the local workspace and on Azure ML alike.",
    no_args_is_help=True,
)
for _name, _command in (
    ("list", list_runs),
    ("show", show),
    ("logs", logs),
    ("metrics", metrics),
    ("compare", compare),
    ("download", download),
    ("restore", restore),
    ("cancel", cancel),
    ("tag", tag),
    ("open", open_page),
):
    runs_app.command(_name)(_command)
