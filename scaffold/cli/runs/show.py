"""``scaffold runs show``: everything about one run."""

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaffold.cli import console
from scaffold.cli.flags import AsJson
from scaffold.cli.login import Auth
from scaffold.cli.runs import asked
from scaffold.cli.runs.asked import ProjectFolder, RunOrLatest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scaffold.runs.model import Details


def show(
    run: RunOrLatest = "latest",
    open_page: Annotated[bool, typer.Option("--open", help="Open its page in the browser.")] = False,
    project: ProjectFolder = None,
    auth: Auth = "auto",
    as_json: AsJson = False,
) -> None:
    """Show a run: what it was submitted with, how it went, what it has left."""
    with asked.asking(project, auth) as place:
        details = place.source.details(place.find(run))
    if open_page:
        console.browse(details.url)
    if as_json:
        console.result_json(document_of(details))
    else:
        _show(details)


def document_of(details: "Details") -> dict[str, Any]:
    """The run as ``--json`` tells it, without the passwords of addresses."""
    from scaffold import words

    run = details.run
    document: dict[str, Any] = words.masked_document({
        **asked.document_of(run),
        "exit_code": details.exit_code,
        "error": run.error,
        "error_code": run.error_code,
        "warnings": [{"message": warning} for warning in run.warnings],
        "arguments": list(details.arguments),
        "command": details.command,
        "environment": details.environment,
        "variables": dict(details.variables),
        "snapshot": run.snapshot,
        "properties": dict(run.properties),
        "logs": list(details.logs),
        "children": details.children,
        "url": details.url,
    })  # fmt: skip
    return document


def command_of(details: "Details") -> str:
    """What was run, as one would type it."""
    if details.command:
        return details.command
    return shlex.join(["python", details.run.script, *details.arguments]) if details.run.script else ""


def _best(properties: "Mapping[str, str]") -> str:
    """Of a sweep that is over: the child with the best value of its metric, and that value."""
    child, score = properties.get("best_child_run_id"), properties.get("score")
    return f"{child} ({score})" if child and score else child or ""


def _show(details: "Details") -> None:
    from scaffold import words

    run = details.run
    rows = {
        "run": run.run_id,
        "name": run.display_name if run.display_name != run.run_id else "",
        "experiment": run.experiment,
        "status": run.status,
        "exit code": details.exit_code,
        "created": asked.local_time(run.created),
        "started": asked.local_time(run.started),
        "ended": asked.local_time(run.ended),
        "took": words.duration(run.seconds) if run.seconds is not None else "",
        "target": run.target,
        "environment": details.environment,
        "command": command_of(details),
        "variables": ", ".join(f"{name}={value}" for name, value in details.variables.items()),
        "parent": run.parent,
        "children": details.children or "",
        "best child": _best(run.properties),
        # Azure ML's own, such as the whole configuration of a sweep, are for its clients.
        "tags": ", ".join(f"{k}={v}" for k, v in run.tags.items() if not k.startswith("_aml_system_")),
        "logs": ", ".join(details.logs),
        "page": details.url,
    }
    for name, value in rows.items():
        if value not in (None, ""):
            text = console.inert(" ".join(str(value).split()))
            for line in console.wrapped(text, f"{name:<13}", " " * 13):
                console.result(line.replace(text, asked.status_mark(text)) if name == "status" else line)
    for warning in run.warnings:
        console.warn(console.inert(warning))
    for line in (run.error or "").splitlines():
        console.result(console.inert(line))
