"""What the commands have in common: the flags, the workspace that is asked, the run that is meant."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaffold.cli import completion, console
from scaffold.cli.login import checked_method, show_said

if TYPE_CHECKING:
    from scaffold.project.model import WorkspaceConfig
    from scaffold.runs.model import Run
    from scaffold.runs.source import Source

_RUN = "A run's id, the beginning of one, or 'latest'"

RunName = Annotated[
    str,
    typer.Argument(metavar="RUN", help=f"{_RUN}.", autocompletion=completion.runs, show_default=False),
]
RunOrLatest = Annotated[
    str,
    typer.Argument(
        metavar="[RUN]",
        help=f"{_RUN}, which it is without one.",
        autocompletion=completion.runs,
        show_default=False,
    ),
]
ProjectFolder = Annotated[
    Path | None,
    typer.Option(
        "--project",
        help="Ask the workspace of this project; by default of the one in the current folder, else the local one.",
        autocompletion=completion.projects,
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Asked:
    """A workspace that is being asked.

    Attributes:
        source: the workspace.
        experiment: of the project one stands in, where there is one.
    """

    source: "Source"
    experiment: str | None

    def find(self, wanted: str) -> str:
        """The id of the run that is meant.

        Raises:
            ScaffoldError: it is none, or several.
        """
        from scaffold.runs import finding

        with console.working("looking for the run"):
            return finding.find(self.source, wanted, self.experiment)


@contextmanager
def asking(project: Path | None, auth: str) -> Iterator[Asked]:
    """The workspace that a project names, else the local one, which is started if need be.

    Raises:
        ScaffoldError: there is no such project, or no such workspace.
    """
    from scaffold.runs import finding

    checked_method(auth)
    place = finding.place_of(project)
    with _on_azure(place.config, auth) if place.config else _local() as source:
        yield Asked(source, place.experiment)


def _local() -> "Source":
    from scaffold.cli import local
    from scaffold.runs.local import LocalRuns

    return LocalRuns(local.service())


def _on_azure(config: "WorkspaceConfig", method: str) -> "Source":
    from scaffold.runs.azure import AzureRuns
    from scaffold.submission.asking import Asking

    asking = Asking(
        config,
        method=method,
        may_ask=console.interactive(),
        show=lambda text: show_said(text, "  · "),
        debug=console.debugging(),
    )
    return AzureRuns(asking, config.workspace_name)


def document_of(run: "Run") -> dict[str, Any]:
    """A run as every ``--json`` tells it."""
    return {
        "run_id": run.run_id,
        "number": run.number,
        "experiment": run.experiment,
        "display_name": run.display_name,
        "status": run.status,
        "terminal": run.terminal,
        "created": _time(run.created),
        "started": _time(run.started),
        "ended": _time(run.ended),
        "seconds": run.seconds,
        "target": run.target,
        "script": run.script,
        "parent": run.parent,
        "tags": dict(run.tags),
    }


def _time(moment: Any) -> str | None:
    return moment.isoformat(timespec="microseconds") if moment else None


def local_time(moment: Any) -> str:
    """A time as a person reads it, of the machine's own zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def plain(value: Any) -> Any:
    """A logged value as JSON can hold it: numbers that are none become texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list) else value


def shown(value: Any) -> str:
    """A logged value in a cell of a table."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def status_mark(status: str) -> str:
    """A status in its colour."""
    colours = {"Completed": "green", "Failed": "red", "Canceled": "yellow"}
    return console.styled(status, fg=colours.get(status, "cyan"))
