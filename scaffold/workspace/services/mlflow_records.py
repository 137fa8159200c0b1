"""What MLflow's REST API sends and takes, and how runs and experiments look in it.

Names: ``mlflow/protos/service.proto`` in protobuf's JSON form. Parameters have no place of their own in
Azure ML's run history; they are kept as the run's properties ``mlflow.param.<name>``, where SDK v1 sees them.
"""

import functools
import math
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol, TypeVar

import msgspec
from starlette.requests import Request

from scaffold.parameters import MLFLOW_PREFIX
from scaffold.workspace.context import Context, body_as, context_of, decoded
from scaffold.workspace.faults import Fault
from scaffold.workspace.runs import Status
from scaffold.workspace.services.history import EXPERIMENT_NAME
from scaffold.workspace.shapes import mlflow_code
from scaffold.workspace.store.blobs import ARTIFACTS, RUN_ORIGIN
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.experiments import Experiment
from scaffold.workspace.store.metrics import MetricValue
from scaffold.workspace.store.runs import Run
from scaffold.workspace.store.search import SearchError

_T = TypeVar("_T")
Handler = Callable[[Request], Awaitable[Any]]

DATASETS, MODEL_INPUTS, MODEL_OUTPUTS = (
    "mlflow.inputs.datasets",
    "mlflow.inputs.models",
    "mlflow.outputs.models",
)
"""Properties that hold, as JSON, what a run was told it read and made."""

STATUSES = {
    "RUNNING": Status.RUNNING,
    "SCHEDULED": Status.NOT_STARTED,
    "FINISHED": Status.COMPLETED,
    "FAILED": Status.FAILED,
    "KILLED": Status.CANCELED,
}
_WORDS = {Status.COMPLETED: "FINISHED", Status.FAILED: "FAILED", Status.CANCELED: "KILLED"} | dict.fromkeys(
    (Status.RUNNING, Status.FINALIZING, Status.CANCEL_REQUESTED), "RUNNING"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class MlflowFault(Fault):
    """A refusal in the form that MLflow's ``RestException`` reads."""

    def envelope(self) -> dict[str, Any]:
        return {"error_code": self.code, "message": self.message}


def refusal(status: int, message: str, code: str | None = None) -> MlflowFault:
    """A refusal with MLflow's code for that status, or another."""
    return MlflowFault(status, code or mlflow_code(status), message)


def missing(what: str) -> MlflowFault:
    """A thing that is not in this workspace."""
    return refusal(404, f"{what} was not found.")


def invalid(reason: str) -> MlflowFault:
    """A request that cannot be carried out as it stands."""
    return refusal(400, reason)


def mlflow(handler: Handler) -> Handler:
    """Makes a handler refuse in MLflow's form, whatever refused."""

    @functools.wraps(handler)
    async def answer(request: Request) -> Any:
        try:
            return await handler(request)
        except MlflowFault:
            raise
        except SearchError as error:
            raise invalid(str(error)) from None
        except Fault as fault:
            raise refusal(fault.status, fault.message) from None

    return answer


async def asked_as(request: Request, kind: type[_T]) -> _T:
    """What is asked for: the query of a GET, the JSON body of everything else."""
    if request.method != "GET":
        return await body_as(request, kind)
    try:
        return msgspec.convert(dict(request.query_params), kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(f"The query has another shape: {error}") from None


class Paged(Protocol):
    """A question whose answer comes in pages."""

    max_results: int
    page_token: str


def paged(
    key: str, asked: Paged, search: Callable[..., list[_T]], record: Callable[[_T], Any]
) -> dict[str, Any]:
    """One page of what a search finds, with the token of the next one where there is more.

    Args:
        key: what the records are called in the answer.
        asked: says which page.
        search: gives up to ``limit`` from ``offset`` on.
        record: makes the record of one.
    """
    first, most = _page(asked.page_token), asked.max_results
    found = search(limit=most + 1, offset=first)
    answer: dict[str, Any] = {key: [record(one) for one in found[:most]]}
    if len(found) > most:
        answer["next_page_token"] = str(first + most)
    return answer


def _page(token: str) -> int:
    """Where the page that a token names begins."""
    if not token:
        return 0
    if not re.fullmatch(r"\d{1,15}", token):
        raise invalid(f"{token!r} is no page token of this workspace.")
    return int(token)


def milliseconds(text: str | None) -> int | None:
    """A moment as it is stored (by whichever client) in milliseconds since 1970."""
    if not text:
        return None
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", text)
    if match is None:
        return None
    offset = match[3] if match[3] and match[3] != "Z" else "+00:00"
    moment = datetime.fromisoformat(f"{match[1]}.{(match[2] or '0')[:6].ljust(6, '0')}{offset}")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment(value: int | None) -> str:
    """Milliseconds since 1970 as a moment is stored; now when there are none."""
    if value is None:
        return timestamp()
    try:
        return timestamp(_EPOCH + timedelta(milliseconds=value))
    except OverflowError:
        raise invalid(f"{value} is not a time in milliseconds since 1970.") from None


def number(value: float | str) -> float:
    """A double of protobuf's JSON, where NaN and infinities are texts."""
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise invalid(f"{value!r} is not a number.") from None


def _double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def scalar(value: MetricValue) -> float | None:
    """The number that was logged, or None when it was something else (a table, an image)."""
    if len(value.data) != 1:
        return None
    (cell,) = value.data.values()
    return float(cell) if isinstance(cell, int | float) else None


def metric_record(value: MetricValue) -> dict[str, Any] | None:
    """``Metric``, or None for what is no number."""
    cell = scalar(value)
    if cell is None:
        return None
    return {
        "key": value.name,
        "value": _double(cell),
        "timestamp": milliseconds(value.created) or 0,
        "step": value.step or 0,
    }


def experiment_for(context: Context, experiment_id: str) -> Experiment:
    """The experiment of that id; ``0``, which MLflow takes when none was set, is named Default."""
    if experiment_id == "0":
        return context.store.experiments.ensure("Default")
    experiment = context.store.experiments.by_id(experiment_id)
    if experiment is None:
        raise missing(f"Experiment with id {experiment_id!r}")
    return experiment


def run_for(context: Context, run_id: str | None, other: str | None = None) -> Run:
    """The run of that id (older clients call it ``run_uuid``)."""
    wanted = run_id or other
    run = context.store.runs.get(wanted) if wanted else None
    if run is None:
        raise missing(f"Run {wanted!r}")
    return run


def checked_name(name: str) -> str:
    """The name of an experiment, which Azure ML must allow."""
    if not EXPERIMENT_NAME.fullmatch(name):
        raise invalid(
            f"Experiment name {name!r}: Azure ML allows 1 to 255 letters, digits, '_' or '-', not '_' or '-' first."
        )
    return name


def speaks_azureml(request: Request) -> bool:
    """True when the asking client reads and writes artifacts at addresses that begin with ``azureml:``."""
    agent = request.headers.get("user-agent", "")
    return "azureml-mlflow" in agent and (request.path_params["version"] != "v1.0" or _is_first(request))


def _is_first(request: Request) -> bool:
    """True for a client of MLflow 1."""
    return "mlflow-python-client/1." in request.headers.get("user-agent", "")


def artifact_root(request: Request, run: Run) -> str:
    """Where a run's artifacts are, as the asking client can reach them.

    azureml-mlflow has an artifact repository of its own for ``azureml:``; every other client, and that one
    too when its tracking address is a plain https one, uploads through this service.
    """
    context = context_of(request)
    if not speaks_azureml(request):
        # The earliest clients name azureml-mlflow alone when it is there.
        agent = request.headers.get("user-agent", "")
        if not _is_first(request) and re.fullmatch(r"azureml-mlflow/\S+", agent) is None:
            return f"mlflow-artifacts:/{run.run_id}"
        # MLflow 1 puts the path of the tracking address in the wrong place of what it makes of that, and its first
        # versions send a file without the token that they have, but for what stands in the address.
        token = context.authority.files_token(run.run_id)
        base = context.endpoints.base.replace("https://", f"https://token:{token}@")
        version = request.path_params["version"]
        return f"{base}/mlflow/{version}{context.scope}/api/2.0/mlflow-artifacts/artifacts/{run.run_id}"
    experiment = context.store.experiments.by_id(run.experiment_id)
    host = context.endpoints.base.removeprefix("https://")
    name = experiment.name if experiment else ""
    return f"azureml://{host}{context.scope}/experiments/{name}/runs/{run.run_id}/artifacts"


def artifact_uri(request: Request, place: str) -> str:
    """Where artifacts are (``origin/container/path``), as the asking client can reach them.

    azureml-mlflow downloads a file or a folder, other clients what is in a folder.
    """
    context = context_of(request)
    azureml = speaks_azureml(request)
    if not azureml and context.store.blobs.get(ARTIFACTS, place) is not None:
        place = place.rpartition("/")[0]
    origin, container, *path = place.split("/", 2)
    run = context.store.runs.get(container.removeprefix("dcid.")) if origin == RUN_ORIGIN else None
    if run is not None:
        return "/".join([artifact_root(request, run), *path])
    return (
        f"azureml://artifacts/{place}"
        if azureml
        else "/".join([f"mlflow-artifacts:/{origin}:{container}", *path])
    )


def experiment_record(experiment: Experiment) -> dict[str, Any]:
    """``Experiment``."""
    created = milliseconds(experiment.created)
    return {
        "experiment_id": experiment.experiment_id,
        "name": experiment.name,
        "artifact_location": "",
        "lifecycle_stage": "deleted" if experiment.archived else "active",
        "creation_time": created,
        "last_update_time": milliseconds(experiment.archived) or created,
        "tags": pairs(experiment.tags),
    }


def pairs(mapping: dict[str, str]) -> list[dict[str, str]]:
    """A mapping as MLflow writes tags and parameters."""
    return [{"key": key, "value": value} for key, value in mapping.items()]


def run_info(request: Request, run: Run) -> dict[str, Any]:
    """``RunInfo``."""
    info = {
        "run_id": run.run_id,
        "run_uuid": run.run_id,
        "run_name": run.display_name or run.run_id,
        "experiment_id": run.experiment_id,
        "user_id": run.tags.get("mlflow.user", ""),
        "status": _WORDS.get(run.status, "SCHEDULED"),
        "start_time": milliseconds(run.started or run.created),
        "artifact_uri": artifact_root(request, run),
        "lifecycle_stage": "deleted" if run.hidden else "active",
    }
    ended = milliseconds(run.ended)
    return info | ({"end_time": ended} if ended is not None else {})


def parameters(run: Run) -> dict[str, str]:
    """The parameters that MLflow logged for a run."""
    return {
        key.removeprefix(MLFLOW_PREFIX): value
        for key, value in run.properties.items()
        if key.startswith(MLFLOW_PREFIX)
    }


def kept(run: Run, name: str) -> list[Any]:
    """What one of the properties that hold JSON says."""
    return listed(run.properties.get(name, ""))


def listed(text: str) -> list[Any]:
    """The list that a tag or a property is to hold as JSON; an empty one where a person has put something else."""
    try:
        document = decoded(text.encode())
    except Fault:
        return []
    return document if isinstance(document, list) else []


def run_record(request: Request, run: Run) -> dict[str, Any]:
    """``Run`` with its latest metrics, parameters, tags, inputs and outputs."""
    metrics = [metric_record(value) for value in context_of(request).store.metrics.latest(run.run_id)]
    tags = run.tags | {"mlflow.runName": run.display_name or run.run_id, "mlflow.rootRunId": run.root_run_id}
    if run.parent_run_id:
        tags["mlflow.parentRunId"] = run.parent_run_id
    return {
        "info": run_info(request, run),
        "data": {
            "metrics": [metric for metric in metrics if metric is not None],
            "params": pairs(parameters(run)),
            "tags": pairs(tags),
        },
        "inputs": {"dataset_inputs": kept(run, DATASETS), "model_inputs": kept(run, MODEL_INPUTS)},
        "outputs": {"model_outputs": kept(run, MODEL_OUTPUTS)},
    }
