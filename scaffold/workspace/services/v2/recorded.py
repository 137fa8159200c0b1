"""What of a job is recorded and given back, and has no effect on this machine; the job's run says it as a warning."""

from collections.abc import Iterable
from typing import Any

from scaffold.workspace.services.v2.command import JobOutput, Resources
from scaffold.workspace.services.v2.jobs import JobProperties

_KINDS = ("jobServiceType", "job_service_type", "type")
_SHARED_MEMORY = "2g"
"""What clients ask for who have said nothing."""


def warnings_of(asked: JobProperties, resources: Resources | None = None, *more: str) -> list[dict[str, str]]:
    """The warnings of a job's run.

    Args:
        asked: the job.
        resources: that it is to have.
        more: further things that have no effect, as they stand in the middle of a sentence.
    """
    parts = [
        *_parts(asked),
        *_of_resources(resources or Resources()),
        *_of_outputs(asked.outputs or {}),
        *more,
    ]
    if not parts:
        return []
    return [{"source": "job", "message": f"Recorded, with no effect on this machine: {'; '.join(parts)}."}]


def _parts(asked: JobProperties) -> Iterable[str]:
    if asked.identity:
        yield f"the identity {asked.identity.get('identityType') or asked.identity.get('type')} (a run acts as you)"
    queue = {key: value for key, value in (asked.queue_settings or {}).items() if value is not None}
    if queue:
        said = ", ".join(f"{key} {value}" for key, value in sorted(queue.items()))
        yield f"the queue settings {said} (runs begin in the order in which they come)"
    services = _services(asked.services or {})
    if services:
        yield f"the services {', '.join(services)} (a run is a process of this machine, and no container to get into)"
    if asked.notification_setting:
        yield "the notifications (no mail is sent)"


def _services(services: dict[str, Any]) -> list[str]:
    """Those that a client has asked for; that of the page and that of MLflow every job has."""
    kinds = {name: _kind_of(value or {}) for name, value in services.items()}
    return [f"{name} ({kind})" for name, kind in kinds.items() if kind not in ("Studio", "Tracking")]


def _kind_of(service: dict[str, Any]) -> str:
    """The kind of a service, which jobs and steps write in several ways."""
    return next((str(service[key]) for key in _KINDS if service.get(key)), "of no kind")


def _of_resources(resources: Resources) -> Iterable[str]:
    if resources.instance_type:
        yield f"the instance type {resources.instance_type}"
    if resources.docker_args:
        yield f"the arguments {resources.docker_args} of Docker"
    if resources.shm_size and resources.shm_size != _SHARED_MEMORY:
        yield f"the shared memory of {resources.shm_size}"


def _of_outputs(outputs: dict[str, JobOutput | None]) -> Iterable[str]:
    for name, output in outputs.items():
        if output is not None and output.auto_delete_setting:
            yield f"when the output {name} is to be deleted"
