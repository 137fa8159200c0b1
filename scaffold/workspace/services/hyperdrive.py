"""HyperDrive: takes a sweep over parameters, and ends it before its time.

Source: ``azureml.train.hyperdrive._search`` and ``azureml.train.restclients.hyperdrive`` of azureml-train-core.
What a client reads of a sweep later is in the history: its run's tags hold the configuration
(``HyperDriveConfig._get_runconfig_from_run_dto``), those of its children their parameters.
"""

import json
import random
import sqlite3
import uuid
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from scaffold import space
from scaffold.workspace import faults, interpreters
from scaffold.workspace.context import caller_of, context_of
from scaffold.workspace.engine.sweeps.driver import SYSTEM, child_id, plan_of
from scaffold.workspace.engine.sweeps.policies import policy_of
from scaffold.workspace.faults import Fault
from scaffold.workspace.refusals import HYPERDRIVE
from scaffold.workspace.runs import Status
from scaffold.workspace.services.execution import Order, of_first_sdk, tell_queued, understood
from scaffold.workspace.services.forms import json_file
from scaffold.workspace.services.history import check_experiment_name, check_run_id, run_of
from scaffold.workspace.store.runs import SWEEP, Run
from scaffold.workspace.store.sweeps import Sweep

_MOST_RUNS, _MOST_AT_ONCE, _MOST_MINUTES = 1000, 1000, 10080


class Generator(msgspec.Struct):
    """``CreateExperimentDtoGeneratorConfig``."""

    name: str
    parameter_space: dict[str, Any]
    properties: dict[str, Any] | None = None


class PrimaryMetric(msgspec.Struct):
    """``CreateExperimentDtoPrimaryMetricConfig``."""

    name: str
    goal: str


class Definition(msgspec.Struct, rename="pascal"):
    """``Definition`` of the platform's configuration."""

    overrides: dict[str, Any]
    snapshot_id: str | None = None


class Platform(msgspec.Struct, rename="pascal"):
    """The platform's configuration, of runs of a script."""

    definition: Definition


class NewSweep(msgspec.Struct):
    """``CreateExperimentDto``."""

    generator_config: Generator
    primary_metric_config: PrimaryMetric
    platform_config: dict[str, Any]
    platform: str = "AML"
    policy_config: dict[str, Any] | None = None
    max_total_jobs: Annotated[int, msgspec.Meta(ge=1, le=_MOST_RUNS)] = _MOST_RUNS
    max_concurrent_jobs: Annotated[int, msgspec.Meta(ge=1, le=_MOST_AT_ONCE)] | None = None
    max_duration_minutes: Annotated[float, msgspec.Meta(gt=0)] = _MOST_MINUTES
    description: str | None = None
    name: str | None = None
    resume_from: list[Any] | None = None
    resume_child_runs: list[Any] | None = None


async def create_sweep(request: Request) -> Response:
    """Accepts a sweep and begins with it."""
    try:
        body = msgspec.convert(await json_file(request, "config.json"), NewSweep)
        run = _accept(request, body)
    except msgspec.ValidationError as error:
        raise faults.bad_request(f"The sweep has another shape: {error}") from None
    context_of(request).engine.sweeps.begin(run.run_id)
    return _answer(201, {"code": 201, "result": _experiment_dto(run, body)})


async def cancel_sweep(request: Request) -> Response:
    """Asks for the end of a sweep with all its children (``CancelExperimentResposeDto``)."""
    run = run_of(request)
    context_of(request).engine.cancel(run.run_id)
    return _answer(200, {"code": 200, "result": f"{run.run_id} is being canceled."})


def _answer(status: int, document: Any) -> Response:
    return Response(msgspec.json.encode(document), status_code=status, media_type="application/json")


def _accept(request: Request, body: NewSweep) -> Run:
    """Makes the run of the sweep that is asked for.

    Raises:
        Fault: it is not one that could be carried out here; nothing was kept.
    """
    context = context_of(request)
    experiment_name = request.path_params["experiment"]
    run_id = request.path_params.get("run_id") or f"HD_{uuid.uuid4()}"
    parent = request.path_params.get("parent_run_id")
    check_experiment_name(experiment_name)
    check_run_id(run_id)
    if parent is not None and context.store.runs.get(parent) is None:
        raise faults.not_found(f"Parent run {parent}")
    check(body)
    definition = msgspec.convert(body.platform_config, Platform).definition
    python = interpreters.recall(context.home, caller_of(request).python)
    order = understood(context, of_first_sdk(definition.overrides), definition.snapshot_id, python)
    if order.definition.get("command"):
        raise _unsupported("A sweep runs a script with arguments, and this run configuration has a command.")
    sweep = sweep_of(body, order)
    experiment = context.store.experiments.ensure(experiment_name)
    try:
        with context.store.database.transaction():
            run = context.store.runs.create(
                run_id,
                experiment.experiment_id,
                status=Status.NOT_STARTED,
                parent_run_id=parent,
                run_type="hyperdrive",
                run_type_v2={"orchestrator": "HyperDrive", "traits": []},
                target=order.target,
                script_name=order.script,
                snapshot_id=order.snapshot_id,
                submission=caller_of(request).submission,
                tags=tags_of(body, run_id, sweep),
                properties=properties_of(body, order),
                warnings=order.warnings,
                recorded={SWEEP: True},
            )
            context.store.sweeps.add(run_id, sweep)
    except sqlite3.IntegrityError:
        raise faults.conflict(f"There is a run {run_id} already.") from None
    tell_queued(context, run)
    return run


def check(body: NewSweep) -> None:
    """Refuses what this workspace cannot honestly do.

    Raises:
        Fault: it says what, and what to do instead.
    """
    sampling = body.generator_config.name.lower()
    if sampling == "bayesianoptimization":
        raise HYPERDRIVE.fault()
    if sampling not in ("grid", "random"):
        raise faults.bad_request(f"There is no sampling {body.generator_config.name!r}.")
    if body.platform != "AML":
        raise _unsupported("A sweep runs a script, not a pipeline.")
    if body.resume_from or body.resume_child_runs:
        raise _unsupported("A sweep begins with nothing here: no earlier runs are resumed.")
    try:
        space.check(body.generator_config.parameter_space)
    except space.SpaceError as error:
        raise faults.bad_request(f"The parameter space cannot be sampled: {error}.") from None
    if sampling == "grid" and not space.is_grid(body.generator_config.parameter_space):
        raise faults.bad_request("A grid takes choices alone.")
    if body.primary_metric_config.goal.lower() not in ("maximize", "minimize"):
        raise faults.bad_request("The goal of the primary metric is to maximize or to minimize it.")
    policy = policy_of(body.policy_config)
    if not policy.known:
        raise _unsupported(f"There is no early termination policy {policy.name!r} here.")


def _unsupported(sentence: str) -> Fault:
    return Fault(501, "NotImplemented", sentence, "OperationNotSupported")


def sweep_of(body: NewSweep, order: Order) -> Sweep:
    seed = (body.generator_config.properties or {}).get("seed")
    return Sweep(
        space=body.generator_config.parameter_space,
        sampling=body.generator_config.name.lower(),
        seed=seed if isinstance(seed, int) else random.SystemRandom().getrandbits(32),
        metric=body.primary_metric_config.name,
        maximize=body.primary_metric_config.goal.lower() == "maximize",
        policy=body.policy_config or {},
        most_runs=body.max_total_jobs,
        width=body.max_concurrent_jobs or body.max_total_jobs,
        minutes=min(body.max_duration_minutes, _MOST_MINUTES),
        definition=order.definition,
        properties=order.properties,
        recorded=order.recorded,
        warnings=order.warnings,
    )


def tags_of(body: NewSweep, run_id: str, sweep: Sweep) -> dict[str, str]:
    """What ``HyperDriveRun`` is made of when somebody looks at it later, and the parameters of its children."""
    return {
        f"{SYSTEM}generator_config": json.dumps(msgspec.to_builtins(body.generator_config)),
        f"{SYSTEM}primary_metric_config": json.dumps(msgspec.to_builtins(body.primary_metric_config)),
        f"{SYSTEM}policy_config": json.dumps(body.policy_config or {"name": "Default"}),
        f"{SYSTEM}platform_config": json.dumps(body.platform_config),
        f"{SYSTEM}max_total_jobs": str(sweep.most_runs),
        f"{SYSTEM}max_concurrent_jobs": str(sweep.width),
        f"{SYSTEM}max_duration_minutes": str(int(sweep.minutes)),
        f"{SYSTEM}all_jobs_generated": "true",
        **{
            f"{SYSTEM}{child_id(run_id, number)}": json.dumps(values)
            for number, values in enumerate(plan_of(sweep))
        },
    }


def properties_of(body: NewSweep, order: Order) -> dict[str, str]:
    size = space.size(body.generator_config.parameter_space)
    return {
        "primary_metric_config": json.dumps(msgspec.to_builtins(body.primary_metric_config)),
        "resume_from": "null",
        "runTemplate": "HyperDrive",
        "azureml.runsource": "hyperdrive",
        "platform": body.platform,
        "ContentSnapshotId": order.properties["ContentSnapshotId"],
        "space_size": "infinite_space_size" if size is None else str(size),
    }


def _experiment_dto(run: Run, body: NewSweep) -> dict[str, Any]:
    """``ExperimentDto``, with every field of the model."""
    return {
        "all_jobs_generated": True,
        "cancellation_requested": False,
        "created": run.created,
        "created_by_user_id": 0,
        "description": body.description,
        "experiment_id": run.run_id,
        "experiment_uri": None,
        "generator_config": body.generator_config,
        "max_concurrent_jobs": body.max_concurrent_jobs or body.max_total_jobs,
        "max_duration_minutes": body.max_duration_minutes,
        "max_total_jobs": body.max_total_jobs,
        "modified": run.created,
        "name": body.name or "",
        "platform": body.platform,
        "platform_config": body.platform_config | {"ParentRunId": run.run_id},
        "policy_config": body.policy_config or {"name": "Default"},
        "primary_metric_config": body.primary_metric_config,
        "resume_from": body.resume_from,
        "resume_child_runs": body.resume_child_runs,
        "status": "RUNNING",
        "study_id": 0,
        "study_uri": None,
        "hyperdrive_run_id": run.run_id,
    }
