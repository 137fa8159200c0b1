"""``scaffold runs metrics``: what a run has logged, as a table, as CSV, as charts."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaffold.cli import console
from scaffold.cli.flags import AsJson
from scaffold.cli.login import Auth
from scaffold.cli.runs import asked
from scaffold.cli.runs.asked import ProjectFolder, RunOrLatest
from scaffold.errors import UsageError

if TYPE_CHECKING:
    from scaffold.runs.model import Metric


def metrics(
    run: RunOrLatest = "latest",
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric", "-m", metavar="NAME", help="Only this one. May be repeated.", show_default=False
        ),
    ] = None,
    values: Annotated[
        bool, typer.Option("--values", help="Every value, instead of a line a metric.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Every value, as CSV.")] = False,
    chart: Annotated[bool, typer.Option("--chart", help="Draw what has several values.")] = False,
    project: ProjectFolder = None,
    auth: Auth = "auto",
    as_json: AsJson = False,
) -> None:
    """Show a run's metrics."""
    if sum((values, as_csv, chart, as_json)) > 1:
        raise UsageError("--values, --csv, --chart and --json exclude one another.", "Give one of them.")
    with asked.asking(project, auth) as place:
        run_id = place.find(run)
        with console.working("reading metrics"):
            found = _chosen(run_id, place.source.metrics(run_id), metric)
            refused = place.source.details(run_id).run.refused_metrics
    if as_json:
        console.result_json({"run_id": run_id, "metrics": [_document(one) for one in found]})
    elif as_csv:
        _csv(found)
    elif not found:
        console.note(f"  {run_id} has logged no metrics")
    elif chart:
        _chart(found)
    elif values:
        _values(found)
    else:
        _overview(found)
    for message in refused:
        console.warn(console.inert(message))


def _chosen(run_id: str, found: "Sequence[Metric]", names: list[str] | None) -> "list[Metric]":
    """The metrics of these names, in their order; all of them without any.

    Raises:
        UsageError: there is none of a name.
    """
    by_name = {one.name: one for one in found}
    for name in names or ():
        if name not in by_name:
            raise UsageError(
                f"The run {run_id} has logged no metric {name!r}.",
                f"There are: {', '.join(by_name) or 'none'}.",
            )
    return [by_name[name] for name in names] if names else list(found)


def _document(metric: "Metric") -> dict[str, Any]:
    return {
        "name": metric.name,
        "kind": metric.kind,
        "columns": list(metric.columns),
        "values": [
            {
                "step": point.step,
                "created": point.created.isoformat(timespec="microseconds"),
                "data": asked.plain(dict(point.data)),
            }
            for point in metric.points
        ],
    }


def _numbers(metric: "Metric") -> list[float]:
    """Its values, where each is one number."""
    values = [next(iter(point.data.values())) for point in metric.points if len(point.data) == 1]
    return [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]


def _overview(found: "list[Metric]") -> None:
    from scaffold.cli import table

    rows = [(one, _numbers(one)) for one in found]
    table.show([
        table.Column("METRIC", [one.name for one, _ in rows], rank=0),
        table.Column("KIND", [one.kind for one, _ in rows], rank=5),
        table.Column("VALUES", [str(len(one.points)) for one, _ in rows], rank=2, right=True),
        table.Column("LAST", [_last(one) for one, _ in rows], rank=1, right=True),
        table.Column("LEAST", [asked.shown(min(n)) if len(n) > 1 else "" for _, n in rows], rank=3, right=True),
        table.Column("GREATEST", [asked.shown(max(n)) if len(n) > 1 else "" for _, n in rows], rank=4, right=True),
    ])  # fmt: skip


def _last(metric: "Metric") -> str:
    values = metric.last if metric.points else {}
    if len(values) == 1:
        return asked.shown(next(iter(values.values())))
    return ", ".join(f"{name}={asked.shown(value)}" for name, value in values.items())


def _values(found: "list[Metric]") -> None:
    from scaffold.cli import table

    rows = [(one, point) for one in found for point in one.points]
    table.show([
        table.Column("METRIC", [one.name for one, _ in rows], rank=0),
        table.Column("STEP", ["" if point.step is None else str(point.step) for _, point in rows], rank=2, right=True),
        table.Column("TIME", [asked.local_time(point.created) for _, point in rows], rank=3),
        table.Column("VALUE", [_cell(point.data) for _, point in rows], rank=1, right=True),
    ])  # fmt: skip


def _cell(data: Any) -> str:
    if len(data) == 1:
        return asked.shown(next(iter(data.values())))
    return ", ".join(f"{name}={asked.shown(value)}" for name, value in data.items())


def _csv(found: "list[Metric]") -> None:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["metric", "step", "created", "column", "value"])
    for one in found:
        for point in one.points:
            for column, value in point.data.items():
                time = point.created.isoformat(timespec="microseconds")
                writer.writerow([_inert(one.name), point.step, time, _inert(column), _inert(value)])
    sys.stdout.write(text.getvalue())


def _inert(value: Any) -> Any:
    """A logged text as a cell can hold it: CSV has no escapes, and a file may be shown on a terminal."""
    return console.inert(value) if isinstance(value, str) else value


def _chart(found: "list[Metric]") -> None:
    from scaffold.cli.runs.chart import drawn

    missing = []
    for one in found:
        picture = drawn(one)
        if picture is None:
            missing.append(one)
        else:
            console.result(picture)
    if missing:
        _overview(missing)
