"""``scaffold runs``: looking after runs, one file a command."""

import typer

from scaffold.cli import console
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
)
# What Ctrl-C means for each: whether anything was done.
_LOOKING = ("Stopped: nothing was changed.", "Run it again when you are ready.")
_WRITING = ("Stopped: files that are there are whole, the others are not there.", "--force begins again.")
_CHANGING = ("Stopped: what was asked for may be done already.", "'scaffold runs show' says.")
for _name, _command, _stopped in (
    ("list", list_runs, _LOOKING),
    ("show", show, _LOOKING),
    ("logs", logs, _LOOKING),
    ("metrics", metrics, _LOOKING),
    ("compare", compare, _LOOKING),
    ("download", download, _WRITING),
    ("restore", restore, _WRITING),
    ("cancel", cancel, _CHANGING),
    ("tag", tag, _CHANGING),
    ("open", open_page, _LOOKING),
):
    runs_app.command(_name)(console.stopping(*_stopped)(_command))
