"""``scaffold runs list``: which runs there are."""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaffold.cli import completion, console
from scaffold.cli.flags import AsJson
from scaffold.cli.login import Auth
from scaffold.cli.runs import asked
from scaffold.cli.runs.asked import ProjectFolder
from scaffold.cli.runs.empty import explain_columns, explain_filters
from scaffold.errors import UsageError

if TYPE_CHECKING:
    from scaffold.runs.model import Listing, Query, Run

_ACTIVE = "active"
_SPAN = re.compile(r"(\d{1,6})\s*(s|min|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_MOST = 10_000


def list_runs(
    experiment: Annotated[
        str | None, typer.Option(help="Of this experiment; in a project, of its own.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Of all experiments, in a project too.")] = False,
    status: Annotated[
        list[str] | None,
        typer.Option(help="Of this status, or 'active': not over. May be repeated.", show_default=False),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY[=VALUE]", help="With this tag. May be repeated: with all.", show_default=False
        ),
    ] = None,
    compute_target: Annotated[
        str | None,
        typer.Option(
            help="Submitted to this compute target.",
            autocompletion=completion.compute_targets,
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Not older: 30min, 12h, 7d, or 2026-01-31[T12:00].", show_default=False),
    ] = None,
    parent: Annotated[
        str | None,
        typer.Option(
            metavar="RUN", help="The children of this run.", autocompletion=completion.runs, show_default=False
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column", "-c", metavar="COLUMN",
            help="Show also metrics.NAME (the last value; a sweep compares by the best), tags.NAME or params.NAME. "
            "May be repeated.",
            show_default=False,
        ),
    ] = None,
    sort: Annotated[
        str,
        typer.Option(metavar="KEY", help="By created, started, number, name, status, target, duration or a COLUMN."),
    ] = "created",
    ascending: Annotated[bool, typer.Option("--ascending", help="The least first.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="At most so many.")] = 20,
    project: ProjectFolder = None,
    auth: Auth = "auto",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """List runs, the newest first.

    For example: scaffold runs list --tag kind=linear -c metrics.loss --sort metrics.loss --ascending
    """
    from scaffold.runs.model import Query

    query = Query(
        experiment=experiment,
        statuses=_statuses(status or []),
        tags=tuple(_tag(text) for text in tag or []),
        target=compute_target,
        since=_since(since) if since else None,
        sort=_sort_key(sort),
        descending=not ascending,
        limit=limit,
        columns=tuple(dict.fromkeys(_column(name) for name in column or [])),
    )
    _list(query, parent, every, project, auth, as_json)


def _list(
    query: "Query", parent: str | None, every: bool, project: Path | None, auth: str, as_json: bool
) -> None:
    from dataclasses import replace

    implied = False
    with asked.asking(project, auth) as place:
        if parent is not None:
            query = replace(query, parent=place.find(parent))
        elif query.experiment is None and not every:
            query, implied = replace(query, experiment=place.experiment), place.experiment is not None
        with console.working("looking for runs"):
            listing = place.source.query(query)
        if as_json:
            console.result_json(_document(query, listing))
            return
        _show(query, listing, place.source.workspace, implied=implied)
        if listing.runs:
            for line in explain_columns(query, listing, place.source):
                console.warn(line)
        elif reason := explain_filters(query, place.source):
            console.note(f"  {reason}")


def _document(query: "Query", listing: "Listing") -> dict[str, Any]:
    return {
        "experiment": query.experiment,
        "columns": list(query.columns),
        "runs": [{**asked.document_of(run), "values": asked.plain(dict(run.values))} for run in listing.runs],
        "more": listing.more,
    }


def _show(query: "Query", listing: "Listing", workspace: str, *, implied: bool) -> None:
    from scaffold.cli import table

    runs = listing.runs
    where = f"experiment {console.inert(query.experiment)} of {workspace}" if query.experiment else workspace
    if not runs:
        console.note(f"  there is no such run in {where}{'; --all looks in all' if implied else ''}")
        return
    several = len({run.experiment for run in runs}) > 1
    table.show([
        table.Column("RUN", [run.run_id for run in runs], rank=0),
        table.Column("STATUS", [run.status for run in runs], rank=0),
        table.Column("CREATED", [age(run.created) for run in runs], rank=5),
        table.Column("TOOK", [_took(run) for run in runs], rank=6, right=True),
        table.Column("EXPERIMENT", [run.experiment if several else "" for run in runs], rank=7),
        table.Column("TARGET", [run.target or "" for run in runs], rank=8),
        table.Column("NAME", [_name(run) for run in runs], rank=9),
        *(
            table.Column(
                _head(name),
                [asked.shown(run.values.get(name)) for run in runs],
                rank=1,
                right=name.startswith("metrics."),
                asked=True,
            )
            for name in query.columns
        ),
    ])  # fmt: skip
    if listing.considered is not None:
        console.note(f"  sorted among the newest {listing.considered} runs")
    if listing.more:
        console.note(f"  there are more in {where}: --limit shows them")


def _head(column: str) -> str:
    """What a column is called; of a metric, which of its values it shows."""
    from scaffold import ranking

    kind, _, name = column.partition(".")
    return ranking.head(name, "last") if kind == "metrics" else name


def _name(run: "Run") -> str:
    return run.display_name if run.display_name != run.run_id else ""


def _took(run: "Run") -> str:
    from scaffold import words

    return words.duration(run.seconds) if run.seconds is not None else ""


def age(moment: datetime) -> str:
    """How long ago something was."""
    seconds = max(0, int((datetime.now(timezone.utc) - moment).total_seconds()))
    for name, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length or (name == "min" and seconds >= length):
            return f"{seconds // length} {name} ago"
    return f"{seconds} s ago"


# What the flags mean


def _statuses(given: list[str]) -> tuple[str, ...]:
    from scaffold.runs.model import STATUSES, TERMINAL

    by_lower: dict[str, tuple[str, ...]] = {status.lower(): (status,) for status in STATUSES}
    by_lower[_ACTIVE] = tuple(status for status in STATUSES if status not in TERMINAL)
    found: list[str] = []
    for name in given:
        if name.lower() not in by_lower:
            raise UsageError(
                f"There is no status {name!r}.", f"There are {', '.join(STATUSES)}, and {_ACTIVE!r}."
            )
        found += by_lower[name.lower()]
    return tuple(dict.fromkeys(found))


def _tag(text: str) -> tuple[str, str | None]:
    key, equals, value = text.partition("=")
    if not key:
        raise UsageError(f"--tag {text!r} names no tag.", "For example: --tag kind or --tag kind=linear")
    return key, value if equals else None


def _column(text: str) -> str:
    from scaffold.runs.model import COLUMNS

    kind, _, name = text.partition(".")
    if kind not in COLUMNS or not name:
        raise UsageError(
            f"There is no column {text!r}.", "Columns are metrics.NAME, tags.NAME and params.NAME."
        )
    return text


def _sort_key(text: str) -> str:
    from scaffold.runs.model import SORTS

    if text in SORTS:
        return text
    try:
        return _column(text)
    except UsageError:
        raise UsageError(
            f"Runs cannot be sorted by {text!r}.", f"They can be by {', '.join(SORTS)}, and metrics.NAME."
        ) from None


def _since(text: str) -> datetime:
    """A span of time up to now, or a time of the machine's own zone where it has none."""
    span = _SPAN.fullmatch(text.strip())
    if span is not None:
        return datetime.now(timezone.utc) - timedelta(seconds=int(span[1]) * _SECONDS[span[2]])
    try:
        return datetime.fromisoformat(text.strip().replace("Z", "+00:00")).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise UsageError(
            f"--since {text!r} is no time.", "For example: 30min, 12h, 7d, 2026-01-31 or 2026-01-31T12:00"
        ) from None
