"""Submits what a script hands to ``Experiment.submit`` as a sweep, and tells of it; the one import of HyperDrive.

The script is run as for a dry run: its ScriptRunConfig is taken before it is sent, and goes to the same experiment
in a ``HyperDriveConfig``.
"""

import uuid
from typing import Any

from scaffold.submission.child.observer import CannotOverrideError, label
from scaffold.submission.child.sending import Sending
from scaffold.submission.child.trials import Trial, parameters_of
from scaffold.submission.overrides import Overrides, without_options


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


class SweptRun:
    """A ``HyperDriveRun`` as ``trials.follow`` sees a sweep.

    Args:
        run: the run.
        metric: the one that trials are compared by.
    """

    def __init__(self, run: Any, metric: str) -> None:
        self._run, self._metric = run, metric
        self._errors: dict[str, str] = {}
        self._names: set[str] = set()

    def get_details(self) -> dict[str, Any]:
        details: dict[str, Any] = self._run.get_details()
        return details

    def trials(self) -> list[Trial]:
        children = list(self._run.get_children(_rehydrate_runs=False))[::-1]
        metrics = self._run.get_metrics() if children else {}
        self._names = {name for of in metrics.values() for name in of}
        return [self._trial(child, metrics.get(child.id, {}).get(self._metric)) for child in children]

    def metric_names(self) -> set[str]:
        return self._names

    def _trial(self, child: Any, logged: Any) -> Trial:
        dto = child._client.run_dto
        if dto.status == "Failed" and child.id not in self._errors:
            self._errors[child.id] = _error_of(child)
        return Trial(
            run_id=child.id,
            status=dto.status,
            parameters=parameters_of(dto.tags),
            logged=logged if isinstance(logged, list) else [logged],
            started=dto.start_time_utc.isoformat() if dto.start_time_utc else None,
            ended=dto.end_time_utc.isoformat() if dto.end_time_utc else None,
            error=self._errors.get(child.id),
        )


def _error_of(child: Any) -> str:
    error = (child.get_details().get("error") or {}).get("error") or {}
    return str(error.get("message") or "")
