"""Faults of the project, of the run, and of this machine."""

from scaffold.errors import ProjectError, RunFailedError, ScaffoldError, WorkspaceError
from scaffold.failure import find_reason
from scaffold.submission.faults.place import Place
from scaffold.submission.faults.record import Record, is_from, is_preemption, said, says
from scaffold.submission.objections import objections

PREEMPTION_HINT = "Submit it again, or let that be done: --retry-on preempted"


def run_failed(record: Record, place: Place) -> ScaffoldError | None:
    if not is_from(record, "ActivityFailedException"):
        return None
    preempted = is_preemption(" ".join(record["texts"]))
    reason = find_reason(record["service_message"]).rstrip(".") or said(record)
    return RunFailedError(
        f"The run that {place.script.name if place.script else 'it'} waited for failed: {reason}.",
        PREEMPTION_HINT if preempted else "Its log says more: scaffold runs logs latest",
    )


def no_job(record: Record, place: Place) -> ScaffoldError | None:
    """azure-ai-ml does not take the job that a project is."""
    is_objection = is_from(record, "ValidationError", "ValidationException", "JobException")
    if place.script is None or record["status"] is not None or not is_objection:
        return None
    objected = "; ".join(objections(record["message"])) or said(record)
    return ProjectError(
        f"azure-ai-ml does not take the job of {place.script.name}: {objected.rstrip('.')}.",
        "Mend the project; 'scaffold export -' shows the job.",
    )


def cannot_override(record: Record, place: Place) -> ScaffoldError | None:
    if place.script is None or not is_from(record, "CannotOverrideError"):
        return None
    return ProjectError(
        f"{place.script.name}: {record['message']}", "Submit without the flag, or change the script."
    )


def full_disk(record: Record, _: Place) -> ScaffoldError | None:
    if not says(record, "disk that holds the local workspace is full"):
        return None
    return WorkspaceError(
        "The disk that holds the local workspace is full: nothing was submitted.",
        "Make room ('scaffold workspace prune' removes what is not used any more), and submit again.",
    )
