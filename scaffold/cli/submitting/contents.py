"""What a submission would send, shown; nothing is sent."""

from typing import TYPE_CHECKING, Any

from scaffold import words
from scaffold.cli import console
from scaffold.cli.findings import count
from scaffold.errors import ProjectError, ScaffoldError

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.project.model import Project
    from scaffold.project.snapshot import Snapshot
    from scaffold.submission.jobs import Job

_SDK_LIMIT_SECONDS = 30 * 24 * 3600  # its own choice, which nobody has to be told


def nothing_submitted(script: "Path") -> ProjectError:
    """The error of a script that ended well without a call of ``Experiment.submit``."""
    return ProjectError(
        f"{script.name} ended without submitting a run.",
        "It must call Experiment.submit(...) when it is run as a script.",
    )


def gathered(project: "Project", event: dict[str, Any]) -> dict[str, Any]:
    """What :func:`scaffold.submission.process.contents` has found, with how many files would travel.

    Raises:
        ProjectError: the ignore file cannot be read, on which the SDK fails too.
    """
    from pathlib import Path

    snapshot = _snapshot(project, Path(event["source_directory"]))
    found = {key: value for key, value in event.items() if key != "event"}
    return {**found, "files": len(snapshot.sent), "bytes": snapshot.bytes}


def _snapshot(project: "Project", folder: "Path") -> "Snapshot":
    from scaffold.project.ignore import IgnoreFile
    from scaffold.project.snapshot import take

    return take(folder, IgnoreFile.of(project.root, folder))


def _travelling(found: dict[str, Any]) -> str:
    return f"{count(found['files'], 'file')}, {words.size(found['bytes'])}"


def show_table(project: "Project", event: dict[str, Any]) -> None:
    """Shows as a table what :func:`gathered` has found."""
    configuration = event["configuration"]
    seconds = configuration.get("maxRunDurationSeconds")
    limit = "" if seconds in (None, _SDK_LIMIT_SECONDS) else words.duration(float(seconds))
    command = configuration.get("command") or [configuration["script"], *configuration["arguments"]]
    rows = {
        "workspace": project.config.workspace_name,
        "experiment": event["experiment"],
        "compute target": event["target"],
        "environment": event["environment"],
        "folder": event["source_directory"],
        "snapshot": _travelling(event),
        "command": command if isinstance(command, str) else " ".join(map(str, command)),
        "variables": ", ".join(f"{k}={v}" for k, v in configuration["environmentVariables"].items()),
        "tags": ", ".join(f"{k}={v}" for k, v in event["tags"].items()),
        "name": event["display_name"] or "",
        "ends after": limit,
    }
    _show_rows(rows)


def _show_rows(rows: dict[str, str]) -> None:
    for name, text in rows.items():
        if text:
            console.result(console.inert(f"{name:<16}{text}"))


def show_job(project: "Project", job: "Job", *, as_json: bool) -> None:
    """Shows a job that would be submitted through SDK v2, as azure-ai-ml understands it.

    Raises:
        ProjectError: azure-ai-ml does not take it, or the ignore file cannot be read, on which that fails too.
    """
    import yaml

    from scaffold.project import snapshot_v2
    from scaffold.submission import jobs

    document = jobs.validated(job.text, job.origin)
    asked = yaml.safe_load(job.text)
    experiment = asked.get("experiment_name", job.origin.parent.name)  # which is what azure-ai-ml calls it
    folder = job.origin.parent / asked["code"]
    sizes = [(folder / path).stat().st_size for path in snapshot_v2.sent(_snapshot(project, folder))]
    found = {"source_directory": str(folder), "files": len(sizes), "bytes": sum(sizes)}
    if as_json:
        named = {"sdk": "v2", "name": job.name, "experiment": experiment}
        console.result_json({**named, **found, "job": document})
        return
    seconds = asked.get("limits", {}).get("timeout")
    rows = {
        "workspace": project.config.workspace_name,
        "experiment": experiment,
        "compute target": str(asked.get("compute", "serverless")).removeprefix("azureml:"),
        "environment": job.environment,
        "folder": found["source_directory"],
        "snapshot": _travelling(found),
        "command": asked["command"],
        "variables": ", ".join(f"{k}={v}" for k, v in asked.get("environment_variables", {}).items()),
        "tags": ", ".join(f"{k}={v}" for k, v in asked.get("tags", {}).items()),
        "name": asked.get("display_name", ""),
        "ends after": words.duration(float(seconds)) if seconds else "",
    }
    _show_rows(rows)


def explain_nothing(project: "Project", record: dict[str, Any] | None) -> ScaffoldError:
    """The error of a script that came to no submission; the record is that of its exception."""
    from scaffold.submission.faults import Place, explain

    if record is None:
        return nothing_submitted(project.runner)
    return explain(record, 1, Place(project.runner, project.config))
