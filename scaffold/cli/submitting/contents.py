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
    from scaffold.submission.overrides import Overrides

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


def read(project: "Project", overrides: "Overrides") -> dict[str, Any]:
    """What the script would send, read off it and not run, as :func:`scaffold.submission.process.contents` tells it.

    Args:
        project: the project.
        overrides: what is changed of the submission.

    Raises:
        ProjectError: only running the script tells it.
    """
    from scaffold.project import job_environment, job_reader
    from scaffold.project.files import FileError
    from scaffold.project.subject import Subject
    from scaffold.submission import jobs

    subject = Subject(project.root, project.runner)
    try:
        job = jobs.changed(job_reader.read_job(subject, environment=False), overrides)
        environment = overrides.environment or job_environment.name_of(subject)
    except FileError as error:
        raise ProjectError(
            error.message,
            "Start the local workspace, against which a dry run runs the script: scaffold workspace start",
        ) from error
    configuration = {
        "script": job.script,
        "command": job.command,
        "arguments": list(job.arguments),
        "target": job.compute,
        "environment": {"name": environment},
        "environmentVariables": job.variables,
        "nodeCount": job.instances or 1,
        "maxRunDurationSeconds": job.timeout,
    }
    return {
        "experiment": job.experiment,
        "target": job.compute,
        "environment": environment,
        "tags": job.tags,
        "display_name": job.display_name,
        "source_directory": str(job.code),
        "configuration": configuration,
    }


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
        "compute target": event["target"] or "",
        "environment": event["environment"] or "",
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


def gathered_job(project: "Project", job: "Job") -> dict[str, Any]:
    """What a submission of a job, or of a sweep, through SDK v2 would send; ``job`` as azure-ai-ml understands it.

    Raises:
        ProjectError: azure-ai-ml does not take it, or the ignore file cannot be read, on which that fails too.
    """
    import yaml

    from scaffold.project import snapshot_v2
    from scaffold.submission import jobs

    document = jobs.validated(job.text, job.origin)
    asked = yaml.safe_load(job.text)
    folder = job.origin.parent / asked.get("trial", asked)["code"]
    sizes = [(folder / path).stat().st_size for path in snapshot_v2.sent(_snapshot(project, folder))]
    return {
        "sdk": "v2",
        "name": job.name,
        # Without one, which azure-ai-ml calls it.
        "experiment": asked.get("experiment_name", job.origin.parent.name),
        "source_directory": str(folder),
        "files": len(sizes),
        "bytes": sum(sizes),
        "job": document,
    }


def show_job(project: "Project", job: "Job", found: dict[str, Any]) -> None:
    """Shows as a table what :func:`gathered_job` has found."""
    import yaml

    asked = yaml.safe_load(job.text)
    limits, trial = asked.get("limits", {}), asked.get("trial")
    run = asked if trial is None else trial
    seconds = limits.get("timeout" if trial is None else "trial_timeout")
    _show_rows(
        {
            "workspace": project.config.workspace_name,
            "experiment": found["experiment"],
            "compute target": str(asked.get("compute", "serverless")).removeprefix("azureml:"),
            "environment": job.environment,
            "folder": found["source_directory"],
            "snapshot": _travelling(found),
            "command": run["command"],
            "variables": ", ".join(f"{k}={v}" for k, v in run.get("environment_variables", {}).items()),
            "tags": ", ".join(f"{k}={v}" for k, v in asked.get("tags", {}).items()),
            "name": asked.get("display_name", ""),
            "ends after": words.duration(float(seconds)) if seconds else "",
        }
    )


def explain_nothing(project: "Project", record: dict[str, Any] | None, exit_code: int) -> ScaffoldError:
    """The error of a script that came to no submission; the record is that of its exception."""
    from scaffold.submission.faults import Place, explain

    if record is None and exit_code == 0:
        return nothing_submitted(project.runner)
    return explain(record, exit_code, Place(project.runner, project.config))
