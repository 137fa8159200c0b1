"""Jobs: runs, as Azure ML's second SDK makes and sees them. Those of the first SDK are jobs too.

What a client sent is kept in the run's definition (``job``) and given back; status, tags and names are the run's own.
"""

import shlex
import sqlite3
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from scaffold.workspace import faults
from scaffold.workspace.context import Context, context_of
from scaffold.workspace.runs import Status
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.services.history import check_experiment_name, texts
from scaffold.workspace.services.queries import mark_of, token_of
from scaffold.workspace.services.v2.command import (
    JobInput,
    JobOutput,
    Limits,
)
from scaffold.workspace.services.v2.places import artifacts_address
from scaffold.workspace.services.v2.resources import resource, top_of
from scaffold.workspace.store.pages import Selection
from scaffold.workspace.store.runs import Run, is_step

_PAGE = 100
DEFAULT_EXPERIMENT = "Default"


class JobProperties(Dto):
    """``JobBaseProperties``: what every job has."""

    job_type: str
    display_name: str | None = None
    description: str | None = None
    experiment_name: str | None = None
    tags: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    compute_id: str | None = None
    component_id: str | None = None
    identity: dict[str, Any] | None = None
    notification_setting: dict[str, Any] | None = None
    services: dict[str, Any] | None = None
    is_archived: bool | None = False
    inputs: dict[str, JobInput | None] | None = None
    outputs: dict[str, JobOutput | None] | None = None
    queue_settings: dict[str, Any] | None = None


class CommandProperties(JobProperties):
    """``CommandJob``."""

    command: str = ""
    environment_id: str = ""
    code_id: str | None = None
    distribution: dict[str, Any] | None = None
    environment_variables: dict[str, str | None] | None = None
    limits: Limits | None = None
    resources: dict[str, Any] | None = None
    parameters: Any = None
    parent_job_name: str | None = None


class Job(msgspec.Struct):
    """``JobBase``, as a client sends it; what its properties are, its type says."""

    properties: dict[str, Any]


def read_as(kind: Any, properties: dict[str, Any]) -> Any:
    """The properties of a job as a record.

    Raises:
        Fault: they have another shape.
    """
    try:
        return msgspec.convert(properties, kind)
    except msgspec.ValidationError as error:
        raise faults.bad_request(f"The job has another shape: {error}") from None


def present_ones(inputs: dict[str, JobInput | None] | None) -> dict[str, JobInput]:
    """The inputs that are there: an optional one may be null."""
    return {key: value for key, value in (inputs or {}).items() if value is not None}


def with_defaults(outputs: dict[str, JobOutput | None] | None) -> dict[str, JobOutput]:
    """The outputs, of which nothing need be said."""
    return {key: value or JobOutput() for key, value in (outputs or {}).items()}


def fields_of(asked: JobProperties) -> dict[str, Any]:
    """The columns of a run that a job's properties are."""
    return {
        "display_name": asked.display_name,
        "description": asked.description,
        "hidden": bool(asked.is_archived),
        "tags": texts(asked.tags),
        "properties": texts(asked.properties),
    }


def add_parent(  # noqa: PLR0913  (what such a run has)
    context: Context,
    asked: JobProperties,
    run_id: str,
    *,
    experiment: str,
    submission: str | None,
    tags: dict[str, str],
    properties: dict[str, str],
    **columns: Any,
) -> Run:
    """Makes the run of a job that consists of other runs.

    Args:
        context: of the request.
        asked: the job.
        run_id: the run's.
        experiment: its experiment's name.
        submission: whose call it came from.
        tags, properties: those that it has beside the job's own.
        columns: further columns of the run.

    Raises:
        Fault: the experiment's name is none, or there is such a run.
    """
    check_experiment_name(experiment)
    own = fields_of(asked)
    try:
        return context.store.runs.create(
            run_id,
            context.store.experiments.ensure(experiment).experiment_id,
            status=Status.NOT_STARTED,
            submission=submission,
            **{**own, "tags": tags | own["tags"], "properties": properties | own["properties"]},
            **columns,
        )
    except sqlite3.IntegrityError:
        raise faults.conflict(f"There is a run {run_id} already.") from None


async def get_job(request: Request) -> Any:
    """A job."""
    context, run = context_of(request), _run(request)
    return job_resource(context, run)


def _run(request: Request) -> Run:
    run = context_of(request).store.runs.get(request.path_params["id"])
    if run is None:
        raise faults.not_found(f"Job {request.path_params['id']}")
    return run


async def list_jobs(request: Request) -> Any:
    """The jobs that are no children of others, the newest first, page by page."""
    context, query = context_of(request), request.query_params
    view = (query.get("listViewType") or "ActiveOnly").lower()
    hidden = {"activeonly": "hidden = 0", "archivedonly": "hidden = 1", "all": "1"}.get(view)
    if hidden is None:
        raise faults.bad_request(f"The view type {view!r} is none of ActiveOnly, ArchivedOnly and All.")
    conditions, values = ["parent_run_id IS NULL", hidden], []
    if query.get("tag"):
        key, _, value = query["tag"].partition("=")
        conditions.append(
            "EXISTS (SELECT 1 FROM json_each(tags) AS t WHERE t.key = ? AND (? = '' OR t.value = ?))"
        )
        values += [key, value, value]
    selection = Selection(
        where=" AND ".join(conditions), values=tuple(values), key="created", descending=True,
        limit=min(top_of(request), _PAGE), after=mark_of(query.get("$skip")),
    )  # fmt: skip
    runs, mark = context.store.runs.page(selection)
    following = None
    if mark is not None:
        asked = {name: text for name, text in query.items() if name != "$skip"} | {
            "$skip": token_of(mark) or ""
        }
        following = f"{context.endpoints.base}{context.scope}/jobs?{urlencode(asked, safe='$')}"
    return {"value": [job_resource(context, run) for run in runs], "nextLink": following}


async def cancel_job(request: Request) -> Response:
    """Asks for the end of a job; of one that is over already, nothing."""
    context, run = context_of(request), _run(request)
    context.engine.cancel(run.run_id)
    return Response(status_code=200)


async def delete_job(_: Request) -> Any:
    """Refuses: what has run stays in the run history."""
    raise faults.forbidden("A job is not deleted; archive it with jobs.archive().")


def job_resource(context: Context, run: Run) -> dict[str, Any]:
    """A run as a job; a node of a pipeline shows itself through the run history alone, as with Azure ML."""
    properties = None if is_step(run) else _properties(context, run)
    return resource(context, f"jobs/{run.run_id}", properties, run.created, run.ended or run.started)


def _properties(context: Context, run: Run) -> dict[str, Any]:
    experiment = context.store.experiments.by_id(run.experiment_id)
    document = run.job or _of_first_sdk(context, run)
    outputs = dict(document.get("outputs") or {})
    outputs.pop("default", None)
    if run.status.terminal:
        # While a job runs, the client would look there for its logs, with an account's key.
        address = artifacts_address(context, run.run_id)
        outputs["default"] = {
            "jobOutputType": "uri_folder",
            "uri": address,
            "mode": "ReadWriteMount",
            "description": None,
        }
    return {
        **document,
        "displayName": run.display_name or run.run_id,
        "description": run.description,
        "experimentName": experiment.name if experiment else None,
        "tags": run.tags,
        "properties": run.properties,
        "isArchived": run.hidden,
        "status": run.status.value,
        "outputs": outputs,
        "services": services_of(context, run, document.get("services") or {}),
    }


def services_of(context: Context, run: Run, asked: dict[str, Any]) -> dict[str, Any]:
    """Where a job is seen: its page, and its record for MLflow; services inside of it are not reached here."""
    tracking = f"azureml://127.0.0.1:{context.endpoints.https_port}/mlflow/v1.0{context.scope}?"
    page = f"{context.portal}/runs/{run.run_id}?wsid={context.scope}"
    known = {"Tracking": tracking, "Studio": page}
    services: dict[str, Any] = {
        name: {**_SERVICE, **value} for name, value in asked.items() if isinstance(value, dict)
    }
    for name, endpoint in known.items():
        services[name] = {**_SERVICE, "jobServiceType": name, "endpoint": endpoint}
    return services


_SERVICE = {
    "jobServiceType": None,
    "port": None,
    "endpoint": None,
    "status": None,
    "errorMessage": None,
    "properties": None,
    "nodes": None,
}


def _of_first_sdk(context: Context, run: Run) -> dict[str, Any]:
    """The properties of a run that the first SDK or MLflow has made."""
    definition = run.definition or run.recorded.get("runDefinition") or {}
    environment = definition.get("environment") or {}
    name, version = environment.get("name"), environment.get("version")
    properties = CommandProperties(
        job_type="Command",
        command=_command_line(run, definition) or "(run by its client)",
        environment_id=f"{context.scope}/environments/{name}/versions/{version or 1}" if name else "none",
        compute_id=f"{context.scope}/computes/{run.target}" if run.target else None,
        environment_variables=texts(definition.get("environmentVariables") or {}),  # type: ignore[arg-type]
        inputs={},
        outputs={},
    )
    document: dict[str, Any] = msgspec.to_builtins(properties)
    return document


def _command_line(run: Run, definition: dict[str, Any]) -> str:
    command = definition.get("command")
    if command:
        return command if isinstance(command, str) else " ".join(map(str, command))
    if not run.script_name:
        return ""
    return shlex.join(["python", run.script_name, *map(str, definition.get("arguments") or [])])
