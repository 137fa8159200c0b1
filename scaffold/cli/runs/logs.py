"""``scaffold runs logs``: what a run prints, and the logs of what carries it out."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from scaffold.cli import console
from scaffold.cli.flags import AsJson
from scaffold.cli.login import Auth
from scaffold.cli.logtext import LogText
from scaffold.cli.runs import asked
from scaffold.cli.runs.asked import Asked, ProjectFolder, RunOrLatest
from scaffold.errors import RunCanceledError, RunFailedError, StoppedError, UsageError
from scaffold.failure import find_reason

if TYPE_CHECKING:
    from scaffold.runs.model import Details, Run

_PRINTED = ("user_logs/std_log", "azureml-logs/70_driver_log", "azureml-logs/driver_log")


def logs(
    run: RunOrLatest = "latest",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on to the run's end, and exit by its outcome.")
    ] = False,
    log: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="This log, instead of what the script prints; or the end of its name.",
            show_default=False,
        ),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Name the logs that there are.")] = False,
    project: ProjectFolder = None,
    auth: Auth = "auto",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show what a run's script prints, or another of its logs."""
    with asked.asking(project, auth) as place:
        details = place.source.details(place.find(run))
        if listing:
            _list(details, as_json)
            return
        name = _chosen(details, log, may_come=follow)
        if follow:
            _follow(place, details, name, as_json)
        else:
            _print(place, details, name, as_json)


def _list(details: "Details", as_json: bool) -> None:
    if as_json:
        console.result_json(_document(details, details.run, None, None))
        return
    for name in details.logs:
        console.result(console.inert(name))
    if not details.logs:
        console.note("  there is no log yet")


def _document(details: "Details", run: "Run", name: str | None, text: str | None) -> dict[str, object]:
    logs = {"logs": list(details.logs), "log": name, "text": text}
    return {"run_id": run.run_id, "status": run.status, "terminal": run.terminal, **logs}


def _chosen(details: "Details", wanted: str | None, *, may_come: bool) -> str | None:
    """The log that is meant; None for what the script prints where that has not begun.

    Raises:
        UsageError: there is no such log, or several.
    """
    names = details.logs
    if wanted is None:
        return next((name for start in _PRINTED for name in names if name.startswith(start)), None)
    found = [name for name in names if name == wanted] or [name for name in names if name.endswith(wanted)]
    if len(found) == 1:
        return found[0]
    if not found and may_come and "/" in wanted:
        return wanted
    what = "several logs" if found else "no log"
    raise UsageError(
        f"The run {details.run.run_id} has {what} {wanted!r}.",
        f"There are: {', '.join(found or names) or 'none yet'}.",
    )


def _print(place: Asked, details: "Details", name: str | None, as_json: bool) -> None:
    run = details.run
    pieces = place.source.log(run.run_id, name) if name else iter(())
    if as_json:
        text = b"".join(pieces).decode("utf-8", "replace") if name else None
        console.result_json(_document(details, run, name, text))
        return
    written = LogText(sys.stdout.buffer)
    for piece in pieces:
        written.write(piece)
    written.close()
    if name is None and details.logs:
        console.note(
            f"  the script has printed nothing; other logs: {console.inert(', '.join(details.logs))}"
        )
    elif name is None:
        console.note(f"  there is no log yet: the run is {run.status}")


def _follow(place: Asked, details: "Details", name: str | None, as_json: bool) -> None:
    run_id = details.run.run_id
    whole = None if name in (None, *(one for one in details.logs if one.startswith(_PRINTED))) else name
    written = LogText(
        sys.stderr.buffer if as_json else sys.stdout.buffer
    )  # beside a document, or the result itself
    try:
        run = place.source.follow(
            run_id,
            whole,
            written.write,
            lambda text: console.note(f"  {console.inert(text)}"),
        )
    except KeyboardInterrupt:
        raise StoppedError(
            f"Stopped; the run {run_id} goes on.", f"To cancel it: scaffold runs cancel {run_id}"
        ) from None
    finally:
        written.close()
    if as_json:
        console.result_json(_document(place.source.details(run_id), run, name, None))
    raise_for(run, details.url)


def raise_for(run: "Run", url: str) -> None:
    """Raises for a followed run that did not complete.

    Raises:
        RunFailedError: it failed.
        RunCanceledError: it was canceled.
    """
    if run.status == "Completed":
        return
    found = find_reason(run.error)
    reason = f": {found}" if found else "."
    if run.status == "Canceled":
        raise RunCanceledError(f"The run {run.run_id} was canceled{reason}", f"See {url}")
    raise RunFailedError(f"The run {run.run_id} failed{reason}", f"See {url}")
