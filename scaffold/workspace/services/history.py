"""Run history: what its services share, the experiment and the run that a path names."""

import re
from typing import Any

from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import context_of
from scaffold.workspace.store.experiments import Experiment
from scaffold.workspace.store.runs import Run

EXPERIMENT_NAME = re.compile(r"[a-zA-Z0-9][\w\-]{0,254}")
RUN_ID = re.compile(r"\w[\w\-]{0,299}")


def check_experiment_name(name: str) -> None:
    """Raises a 400 unless the name is one that Azure ML allows."""
    if not EXPERIMENT_NAME.fullmatch(name):
        raise faults.bad_request(
            f"Experiment name {name!r}: it must be 1 to 255 letters, digits, '_' or '-', and not start with '_' or '-'."
        )


def check_run_id(run_id: str) -> None:
    """Raises a 400 unless the run id is one that Azure ML allows."""
    if not RUN_ID.fullmatch(run_id):
        raise faults.bad_request(f"Run id {run_id!r}: letters, digits, '_' and '-' only, 300 at most.")


def experiment_of(request: Request) -> Experiment:
    """The experiment that the path names, by id, or by name the active one before an archived one.

    Raises:
        Fault: there is none.
    """
    context, params = context_of(request), request.path_params
    if "experiment_id" in params:
        experiment = context.store.experiments.by_id(params["experiment_id"])
        what = f"Experiment with id {params['experiment_id']}"
    else:
        experiment = context.store.experiments.by_name(params["experiment"])
        what = f"Experiment {params['experiment']!r}"
    if experiment is None:
        raise faults.not_found(what)
    return experiment


def run_of(request: Request) -> Run:
    """The run that the path names, which must belong to the experiment that the path names.

    Raises:
        Fault: there is none.
    """
    run = context_of(request).store.runs.get(request.path_params["run_id"])
    if run is None or not _belongs(request, run):
        raise faults.not_found(f"Run {request.path_params['run_id']}")
    return run


def _belongs(request: Request, run: Run) -> bool:
    """True when the path names the run's experiment, or none; archived ones may share a name with the active one."""
    params = request.path_params
    if "experiment_id" in params:
        return bool(run.experiment_id == params["experiment_id"])
    if "experiment" not in params:
        return True
    experiment = context_of(request).store.experiments.by_id(run.experiment_id)
    return experiment is not None and experiment.name == params["experiment"]


def texts(mapping: dict[Any, Any] | None) -> dict[str, str]:
    """A mapping as tags and properties are kept: from text to text, null as nothing."""
    return {str(key): "" if value is None else str(value) for key, value in (mapping or {}).items()}
