"""Submits what a script hands to ``Experiment.submit`` as a sweep, and follows it; the one import of HyperDrive.

The script is run as for a dry run: its ScriptRunConfig is taken before it is sent, and goes to the same experiment
in a ``HyperDriveConfig``. The parent process is told, beside what ``__main__`` lists:

    sweep    ``status``, and ``runs``: of each child ``run_id``, ``status``, ``parameters``, ``metric`` (its best
             value, or None), ``last`` (its latest), ``started``, ``ended``, ``error``; whenever something is new
"""

import json
import math
import time
import uuid
from typing import Any

from scaffold.submission.child.errors import record_of
from scaffold.submission.child.follower import TERMINAL
from scaffold.submission.child.observer import CannotOverrideError, label
from scaffold.submission.child.reporting import Report
from scaffold.submission.child.sending import Sending
from scaffold.submission.faults import is_passing
from scaffold.submission.overrides import Overrides, without_options

_SHORTEST, _LONGEST = 0.5, 5.0
_MOST_FAILURES = 12
_SYSTEM = "_aml_system_"


def submit(
    experiment: Any, configuration: Any, plan: dict[str, Any], overrides: Overrides, sending: Sending
) -> Any:
    """Submits a ScriptRunConfig as a sweep, and returns its ``HyperDriveRun``.

    Args:
        experiment, configuration: what the script has handed over.
        plan: see ``scaffold.submission.sweeps.Plan``.
        overrides: of which the tags and the name are the sweep's.
        sending: hears whether it is sent.

    Raises:
        CannotOverrideError: the configuration is none that a sweep can be made of.
    """
    from azureml.core import ScriptRunConfig

    if not isinstance(configuration, ScriptRunConfig):
        raise CannotOverrideError(
            f"The script submits a {type(configuration).__name__}, which cannot be made a sweep."
        )
    if configuration.command:
        raise CannotOverrideError("The script submits a command, which has no arguments to sweep over.")
    # A sweep adds its values at the end; the project's own would stand in front of them.
    configuration.arguments = without_options(list(configuration.arguments or []), list(plan["space"]))
    try:
        run = experiment.submit(_hyperdrive(configuration, plan))
    except Exception:
        run = sending.recovered(set(), experiment)
        if run is None:
            raise
    label(overrides, run)
    return run


def _hyperdrive(configuration: Any, plan: dict[str, Any]) -> Any:
    from azureml.train import hyperdrive

    policies = {
        "bandit": hyperdrive.BanditPolicy,
        "median": hyperdrive.MedianStoppingPolicy,
        "truncation": hyperdrive.TruncationSelectionPolicy,
    }
    policy = dict(plan["policy"] or {})
    properties = {} if plan["seed"] is None else {"seed": plan["seed"]}
    sampling = (
        hyperdrive.GridParameterSampling(plan["space"])
        if plan["sampling"] == "grid"
        else hyperdrive.RandomParameterSampling(plan["space"], properties=properties or None)
    )
    limit = {} if plan["minutes"] is None else {"max_duration_minutes": plan["minutes"]}
    return hyperdrive.HyperDriveConfig(
        run_config=configuration,
        hyperparameter_sampling=sampling,
        primary_metric_name=plan["metric"],
        primary_metric_goal=hyperdrive.PrimaryMetricGoal.from_str(plan["goal"]),
        max_total_runs=plan["most_runs"],
        max_concurrent_runs=plan["width"],
        policy=policies[policy.pop("name")](**policy) if policy else None,
        custom_run_id=f"HD_{uuid.uuid4()}",  # known before it is sent, so that a lost answer can be asked for
        **limit,
    )


def follow(run: Any, plan: dict[str, Any], report: Report) -> dict[str, Any]:
    """Tells how a sweep is doing until it is over, and returns its details as ``Run.get_details`` gives them."""
    best = max if plan["goal"] == "maximize" else min
    told: Any = None
    errors: dict[str, str] = {}
    pause, failures = _SHORTEST, 0
    while True:
        details: dict[str, Any] = {}
        try:
            details = run.get_details()
            news = {"status": details["status"], "runs": _children(run, plan["metric"], best, errors)}
            failures = 0
            if news != told:
                report("sweep", **news)
                told, pause = news, _SHORTEST
        except Exception as error:
            failures += 1
            record = record_of(error, "")
            if failures > _MOST_FAILURES or not is_passing(record):
                raise
            report("trouble", message=record["service_message"] or record["message"])
        if details.get("status") in TERMINAL:
            return details
        time.sleep(pause)
        pause = min(pause * 1.3, _LONGEST)


def _children(run: Any, metric: str, best: Any, errors: dict[str, str]) -> list[dict[str, Any]]:
    children = list(run.get_children(_rehydrate_runs=False))
    values = run.get_metrics() if children else {}
    return [_child(child, values.get(child.id, {}).get(metric), best, errors) for child in children][::-1]


def _child(child: Any, logged: Any, best: Any, errors: dict[str, str]) -> dict[str, Any]:
    dto = child._client.run_dto
    numbers = [v for v in (logged if isinstance(logged, list) else [logged]) if isinstance(v, int | float)]
    usable = [number for number in numbers if not math.isnan(number)]
    if dto.status == "Failed" and child.id not in errors:
        errors[child.id] = _error_of(child)
    tags = dto.tags or {}
    return {
        "run_id": child.id,
        "status": dto.status,
        "parameters": json.loads(
            tags.get(f"{_SYSTEM}hyperparameters") or tags.get("hyperparameters") or "{}"
        ),
        "metric": best(usable) if usable else None,
        "last": usable[-1] if usable else None,
        "started": dto.start_time_utc.isoformat() if dto.start_time_utc else None,
        "ended": dto.end_time_utc.isoformat() if dto.end_time_utc else None,
        "error": errors.get(child.id),
    }


def _error_of(child: Any) -> str:
    error = (child.get_details().get("error") or {}).get("error") or {}
    return str(error.get("message") or "").strip().partition("\n")[0]
