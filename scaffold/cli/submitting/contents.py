"""What a submission would send, shown; nothing is sent."""

from typing import TYPE_CHECKING, Any

from scaffold.cli import console
from scaffold.errors import ProjectError, ScaffoldError

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.project.model import Project
    from scaffold.submission.jobs import Job


def nothing_submitted(script: "Path") -> ProjectError:
    """The error of a script that ended well without a call of ``Experiment.submit``."""
    return ProjectError(
        f"{script.name} ended without submitting a run.",
        "It must call Experiment.submit(...) when it is run as a script.",
    )


def show_table(project: "Project", event: dict[str, Any], tags: dict[str, str]) -> None:
    """Shows as a table what :func:`scaffold.submission.process.contents` has found."""
    configuration = event["configuration"]
    command = configuration.get("command") or [configuration["script"], *configuration["arguments"]]
    rows = {
        "workspace": project.config.workspace_name,
        "experiment": event["experiment"],
        "compute target": event["target"],
        "environment": event["environment"],
        "folder": event["source_directory"],
        "command": command if isinstance(command, str) else " ".join(map(str, command)),
        "variables": ", ".join(f"{k}={v}" for k, v in configuration["environmentVariables"].items()),
        "tags": ", ".join(f"{k}={v}" for k, v in tags.items()),
    }
    _show_rows(rows)


def _show_rows(rows: dict[str, str]) -> None:
    for name, text in rows.items():
        if text:
            console.result(console.inert(f"{name:<16}{text}"))


def show_job(project: "Project", job: "Job", *, as_json: bool) -> None:
    """Shows a job that would be submitted through SDK v2, as azure-ai-ml understands it."""
    import yaml

    from scaffold.submission import jobs

    document = jobs.validated(job.text, job.origin)
    if as_json:
        console.result_json({"sdk": "v2", "name": job.name, "job": document})
        return
    asked = yaml.safe_load(job.text)
    rows = {
        "workspace": project.config.workspace_name,
        "experiment": asked["experiment_name"],
        "compute target": str(asked.get("compute", "serverless")).removeprefix("azureml:"),
        "environment": job.environment,
        "folder": asked["code"],
        "command": asked["command"],
        "variables": ", ".join(f"{k}={v}" for k, v in asked.get("environment_variables", {}).items()),
        "tags": ", ".join(f"{k}={v}" for k, v in asked.get("tags", {}).items()),
    }
    _show_rows(rows)


def explain_nothing(project: "Project", record: dict[str, Any] | None) -> ScaffoldError:
    """The error of a script that came to no submission; the record is that of its exception."""
    from scaffold.submission.faults import Place, explain

    if record is None:
        return nothing_submitted(project.runner)
    return explain(record, 1, Place(project.runner, project.config))
