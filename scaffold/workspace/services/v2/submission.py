"""Submits jobs: whichever kind it is, what a client sends becomes a run, and is begun with."""

from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as, caller_of, context_of
from scaffold.workspace.refusals import JOB_TYPES
from scaffold.workspace.services.execution import Submission, make_run, python_of, tell_queued
from scaffold.workspace.services.history import check_run_id, texts
from scaffold.workspace.services.v2 import sweep
from scaffold.workspace.services.v2.command import Bound, Trial, configured, seconds_of, target_of
from scaffold.workspace.services.v2.jobs import (
    DEFAULT_EXPERIMENT,
    CommandProperties,
    Job,
    JobProperties,
    fields_of,
    job_resource,
    present_ones,
    read_as,
    with_defaults,
)
from scaffold.workspace.services.v2.pipelines import graph
from scaffold.workspace.services.v2.recorded import warnings_of
from scaffold.workspace.store.runs import Run


async def put_job(request: Request) -> Any:
    """Makes a job and begins with it; of one that is there, changes what may be changed."""
    context, name = context_of(request), request.path_params["id"]
    properties = (await body_as(request, Job)).properties
    check_run_id(name)
    present = context.store.runs.get(name)
    if present is not None:
        return job_resource(context, _changed(context, present, properties))
    run = _made(request, name, properties)
    tell_queued(context, run)
    return job_resource(context, context.store.runs.require(name))


def _made(request: Request, name: str, properties: dict[str, Any]) -> Run:
    context, kind = context_of(request), str(properties.get("jobType"))
    if kind == "Command":
        run = _command(request, name, properties)
    elif kind == "Sweep":
        run = sweep.accept(request, name, properties)
    elif kind == "Pipeline":
        run = graph.accept(request, name, properties)
    else:
        raise JOB_TYPES.fault(f"{name} is of the type {kind}")
    context.engine.begin(name)
    return run


def _changed(context: Context, run: Run, properties: dict[str, Any]) -> Run:
    asked = read_as(JobProperties, properties)
    if run.job and _run_of(run.job) != _run_of(properties):
        raise faults.conflict(
            f"There is a job {run.run_id} already, and it runs something else. Give a new job another name; of one "
            "that is there, only its display name, description, tags, properties and whether it is archived can change."
        )
    with context.store.database.transaction():
        context.store.runs.update(
            run.run_id,
            display_name=asked.display_name or run.display_name,
            description=asked.description,
            hidden=bool(asked.is_archived),
            tags=texts(asked.tags),
        )
        return context.store.runs.merge(run.run_id, tags={}, properties=texts(asked.properties))


def _run_of(job: dict[str, Any]) -> tuple[Any, ...]:
    """What a job runs, as far as clients give it back as they got it: its command or steps, with its literals."""
    inputs = job.get("inputs") or {}
    literals = {
        key: str(given["value"]) for key, given in inputs.items() if given and given.get("value") is not None
    }
    command = job.get("command") or (job.get("trial") or {}).get("command")
    return job.get("jobType"), command, sorted(job.get("jobs") or {}), literals


def _command(request: Request, name: str, properties: dict[str, Any]) -> Run:
    context, asked = context_of(request), read_as(CommandProperties, properties)
    trial = read_as(Trial, properties)
    bound = Bound(
        inputs=present_ones(asked.inputs),
        outputs=with_defaults(asked.outputs),
        target=target_of(asked.compute_id),
        timeout=seconds_of(asked.limits.timeout if asked.limits else None),
    )
    made = configured(context, name, trial, bound)
    job = msgspec.to_builtins(asked) | {"outputs": made.outputs}
    return make_run(
        context,
        Submission(
            experiment=asked.experiment_name or DEFAULT_EXPERIMENT,
            run_id=name,
            document=made.document | {"job": job},
            snapshot_id=made.snapshot_id,
            submission=caller_of(request).submission,
            python=python_of(request),
            parent=asked.parent_job_name,
            fields=fields_of(asked),
            warnings=warnings_of(asked, trial.resources),
        ),
    )
