"""``sweep`` jobs: the same as HyperDrive's sweeps (``services.hyperdrive``), of commands instead of scripts."""

from collections.abc import Iterable
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, caller_of, context_of
from scaffold.workspace.engine.sweeps.trials import RUN
from scaffold.workspace.services import hyperdrive
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.services.execution import Order, python_of, understood
from scaffold.workspace.services.v2.command import Bound, Resources, Trial, configured, seconds_of, target_of
from scaffold.workspace.services.v2.jobs import (
    DEFAULT_EXPERIMENT,
    CommandProperties,
    JobProperties,
    add_parent,
    present_ones,
    read_as,
    with_defaults,
)
from scaffold.workspace.services.v2.recorded import warnings_of
from scaffold.workspace.store.runs import SWEEP, Run
from scaffold.workspace.store.sweeps import BestOutput

_MOST_TRIALS = 1000


class Objective(Dto):
    """``Objective``."""

    goal: str
    primary_metric: str


class SweepLimits(Dto):
    """``SweepJobLimits``."""

    job_limits_type: str | None = None
    max_total_trials: int | None = None
    max_concurrent_trials: int | None = None
    timeout: str | None = None
    trial_timeout: str | None = None


class Sampling(Dto):
    """``SamplingAlgorithm``, of whichever kind."""

    sampling_algorithm_type: str
    seed: int | None = None
    rule: str | None = None
    logbase: Any = None


class Policy(Dto):
    """``EarlyTerminationPolicy``, of whichever kind."""

    policy_type: str
    evaluation_interval: int | None = None
    delay_evaluation: int | None = None
    slack_factor: float | None = None
    slack_amount: float | None = None
    truncation_percentage: int | None = None


class SweepProperties(JobProperties, kw_only=True):
    """``SweepJob``."""

    trial: Trial
    search_space: dict[str, Any]
    sampling_algorithm: Sampling
    objective: Objective
    limits: SweepLimits | None = None
    early_termination: Policy | None = None
    resources: dict[str, Any] | None = None


class Prepared(msgspec.Struct, frozen=True):
    """A sweep that can be carried out, before it is kept.

    Attributes:
        as_sent: as HyperDrive's own client would ask for it.
        order: what each trial is.
        warnings: of the sweep's run.
    """

    as_sent: hyperdrive.NewSweep
    order: Order
    warnings: list[dict[str, str]]


def accept(request: Request, name: str, properties: dict[str, Any]) -> Run:
    """Makes the run of a sweep; from here on it is kept.

    Raises:
        Fault: it is not one that could be carried out here.
    """
    context, asked = context_of(request), read_as(SweepProperties, properties)
    sweep = prepared(context, asked, python_of(request))
    with context.store.database.transaction():
        return add(
            context,
            name,
            asked,
            sweep,
            experiment=asked.experiment_name or DEFAULT_EXPERIMENT,
            submission=caller_of(request).submission,
            recorded={"job": msgspec.to_builtins(asked)},
            run_type="hyperdrive",
            properties={},
        )


def prepared(context: Context, asked: SweepProperties, python: str | None) -> Prepared:
    """Sees to it that a sweep can be carried out.

    Args:
        context: of the request.
        asked: the sweep.
        python: the Python from which it is submitted, if that is known.

    Raises:
        Fault: it cannot.
    """
    limits = asked.limits or SweepLimits()
    as_sent = _as_sent(asked, limits)
    hyperdrive.check(as_sent)
    bound = Bound(
        inputs=present_ones(asked.inputs),
        outputs=with_defaults(asked.outputs),
        target=target_of(asked.compute_id),
        timeout=seconds_of(limits.trial_timeout),
        values={f"search_space.{key}": f"${{{{search_space.{key}}}}}" for key in asked.search_space},
    )
    made = configured(context, RUN, asked.trial, bound)
    resources = read_as(Resources, asked.resources) if asked.resources else asked.trial.resources
    trial = CommandProperties(
        job_type="Command",
        experiment_name=asked.experiment_name,
        compute_id=asked.compute_id,
        inputs=asked.inputs,
        command=asked.trial.command,
        environment_id=asked.trial.environment_id,
        code_id=asked.trial.code_id,
        environment_variables=asked.trial.environment_variables,
        distribution=msgspec.to_builtins(asked.trial.distribution),
        resources=msgspec.to_builtins(asked.trial.resources),
    )
    job = msgspec.to_builtins(trial) | {"outputs": made.outputs}
    order = understood(context, made.document | {"job": job}, made.snapshot_id, python)
    said = warnings_of(asked, resources, *_of_sampling(asked.sampling_algorithm))
    return Prepared(as_sent, order, [*order.warnings, *said])


def add(  # noqa: PLR0913  (what such a run has)
    context: Context,
    run_id: str,
    asked: SweepProperties,
    sweep: Prepared,
    *,
    recorded: dict[str, Any],
    properties: dict[str, str],
    outputs: dict[str, BestOutput] | None = None,
    **columns: Any,
) -> Run:
    """Makes the run of a sweep that can be carried out.

    Args:
        context: of the request.
        run_id: the run's.
        asked: the sweep.
        sweep: the same, prepared.
        recorded, properties: those that the run has beside a sweep's own.
        outputs: what is kept of the best trial, by the name of the output.
        columns: see :func:`scaffold.workspace.services.v2.jobs.add_parent`.
    """
    order, todo = sweep.order, hyperdrive.sweep_of(sweep.as_sent, sweep.order)
    run = add_parent(
        context,
        asked,
        run_id,
        recorded={SWEEP: True, **recorded},
        run_type_v2={"orchestrator": "HyperDrive", "traits": []},
        target=order.target,
        snapshot_id=order.snapshot_id,
        warnings=sweep.warnings,
        tags=hyperdrive.tags_of(sweep.as_sent, run_id, todo),
        properties=hyperdrive.properties_of(sweep.as_sent, order) | properties,
        **columns,
    )
    context.store.sweeps.add(run_id, msgspec.structs.replace(todo, outputs=outputs or {}))
    return run


def _of_sampling(asked: Sampling) -> Iterable[str]:
    """What of the sampling has no effect."""
    if asked.rule and asked.rule.lower() != "random":
        yield f"the sampling rule {asked.rule} (each sample is drawn by itself)"
    if asked.logbase is not None:
        yield f"the base of logarithms {asked.logbase}"


def _as_sent(asked: SweepProperties, limits: SweepLimits) -> hyperdrive.NewSweep:
    """The sweep as HyperDrive's own client would ask for it.

    Raises:
        Fault: its limits are none.
    """
    seconds = seconds_of(limits.timeout)
    fields = {
        "generator_config": {
            "name": _SAMPLING.get(asked.sampling_algorithm.sampling_algorithm_type.lower(), "?"),
            "parameter_space": asked.search_space,
            "properties": {"seed": asked.sampling_algorithm.seed},
        },
        "primary_metric_config": {
            "name": asked.objective.primary_metric,
            "goal": asked.objective.goal.lower(),
        },
        "platform_config": {},
        "policy_config": _policy(asked.early_termination),
        "max_total_jobs": limits.max_total_trials or _MOST_TRIALS,
        "max_concurrent_jobs": limits.max_concurrent_trials,
        **({"max_duration_minutes": seconds / 60} if seconds else {}),
    }
    try:
        return msgspec.convert(fields, hyperdrive.NewSweep)
    except msgspec.ValidationError as error:
        raise faults.bad_request(f"The sweep's limits are not right: {error}") from None


_SAMPLING = {"grid": "GRID", "random": "RANDOM", "bayesian": "BayesianOptimization"}


def _policy(asked: Policy | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    given = {
        "evaluation_interval": asked.evaluation_interval or None,
        "delay_evaluation": asked.delay_evaluation,
        "slack_factor": asked.slack_factor,
        # The client sends a factor and an amount of which one is zero.
        "slack_amount": asked.slack_amount if not asked.slack_factor else None,
        "truncation_percentage": asked.truncation_percentage,
    }
    return {
        "name": asked.policy_type,
        "properties": {key: value for key, value in given.items() if value is not None},
    }
