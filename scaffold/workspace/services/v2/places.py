"""What the address of an input or of an asset means: a path of a datastore that is here, or one on the web.

Addresses are written in many ways: ``azureml://datastores/…``, the same with the workspace in front,
``azureml://jobs/…``, ``runs:/…``, ids of data assets and models, ``https://…``.
"""

import re
from typing import Any
from urllib.parse import unquote

from scaffold.workspace import faults
from scaffold.workspace.context import Context
from scaffold.workspace.engine.data.dataflow import address_definition, datastore_address
from scaffold.workspace.services.v2.resources import read_id
from scaffold.workspace.store.blobs import ARTIFACTS, DATASTORE, artifact_prefix
from scaffold.workspace.store.datasets import DatasetVersion, SavedDataset
from scaffold.workspace.store.datastores import OWN, OWN_ARTIFACTS
from scaffold.workspace.store.models import RegisteredModel
from scaffold.workspace.store.pathnames import UnsafeNameError, is_safe_place
from scaffold.workspace.store.registration import V2, Place
from scaffold.workspace.store.runs import Run
from scaffold.workspace.store.versioned import DATA, MODELS

_DATASTORE = re.compile(
    r"azureml://(?:.{1,400}?/)?datastores/(?P<name>[^/]+)/paths/*(?P<path>.*)", re.I | re.S
)
_JOB = re.compile(
    r"azureml://jobs/(?P<run>[^/]+)/outputs/(?P<output>[^/]+)(?:/(?:paths/?)?(?P<path>.*))?", re.I | re.S
)
_MLFLOW = re.compile(r"(?:runs:/|dbfs:/runs/)(?P<run>[^/]+)/?(?P<path>.*)", re.S)
_KIND = re.compile(r"/(?P<kind>data|models)/[^/]+/(?:versions|labels)/[^/]+$", re.I)
_CONTAINERS = {OWN: DATASTORE, OWN_ARTIFACTS: ARTIFACTS}
DEFAULT_OUTPUTS = ("default", "artifacts")
"""The names of the output that is a run's own files."""


def check_path(address: str) -> None:
    """Refuses an address of a datastore, whichever that is, whose path leads out of it.

    Raises:
        Fault: it is one.
    """
    found = _DATASTORE.fullmatch(address)
    if found is not None and not is_safe_place(path := unquote(found["path"])):
        raise faults.bad_request(str(UnsafeNameError(path)))


def own_place(context: Context, datastore: str, path: str) -> Place:
    """A path of one of the workspace's own datastores, which the others cannot be read through.

    Raises:
        Fault: it is another datastore, or a path that leads out of it.
    """
    if not is_safe_place(path):
        raise faults.bad_request(str(UnsafeNameError(path)))
    container = _CONTAINERS.get(datastore.lower())
    if container is None:
        raise faults.Fault(
            501,
            "NotImplemented",
            f"The local workspace does not reach the datastore {datastore}; {OWN} is the one it has.",
            "OperationNotSupported",
        )
    address = datastore_address(context.named, datastore.lower(), path)
    return Place(container, path.strip("/"), address)


def place_of(context: Context, address: str) -> Place | None:
    """Where an address leads to in this workspace; None for one on the web.

    Raises:
        Fault: there is nothing of that name, or it leads to where this workspace does not reach.
    """
    if found := _DATASTORE.fullmatch(address):
        return own_place(context, found["name"], unquote(found["path"]))
    if found := _JOB.fullmatch(address):
        return _of_output(context, found["run"], found["output"], unquote(found["path"] or ""))
    if found := _MLFLOW.fullmatch(address):
        return own_place(
            context, OWN_ARTIFACTS, artifact_prefix(_run(context, found["run"]).run_id) + found["path"]
        )
    if address.startswith(("https://", "http://")):
        return None
    if _KIND.search(address) or (address.startswith("azureml:") and "//" not in address):
        return _of_asset(context, address)
    raise faults.Fault(
        501,
        "NotImplemented",
        f"The local workspace does not reach {address!r}; put it into {OWN}, or name an address on the web.",
        "OperationNotSupported",
    )


def job_of(address: str) -> str | None:
    """The job that an address names, if it is one of a job."""
    found = _JOB.fullmatch(address) or _MLFLOW.fullmatch(address)
    return found["run"] if found else None


def _run(context: Context, run_id: str) -> Run:
    run = context.store.runs.get(run_id)
    if run is None:
        raise faults.not_found(f"Run {run_id}")
    return run


def _of_output(context: Context, run_id: str, output: str, path: str) -> Place:
    run = _run(context, run_id)
    address = output_address(context, run, output)
    if address is None:
        raise faults.not_found(f"Output {output!r} of the job {run_id}")
    place = place_of(context, address)
    assert place is not None  # noqa: S101  (outputs are never on the web)
    if not path.strip("/"):
        return place
    store = OWN_ARTIFACTS if place.container == ARTIFACTS else OWN
    return own_place(context, store, f"{place.path}/{path.strip('/')}")


def output_address(context: Context, run: Run, output: str) -> str | None:
    """The address of an output of a job by its name; None when it has none of that name."""
    if output in DEFAULT_OUTPUTS:
        return artifacts_address(context, run.run_id)
    outputs = run.job.get("outputs") or {}
    address: str | None = (outputs.get(output) or {}).get("uri")
    return address


def artifacts_address(context: Context, run_id: str) -> str:
    """The address of a run's own files."""
    return f"azureml://datastores/{OWN_ARTIFACTS}/paths/{artifact_prefix(run_id)}"


def of_another_run(definition: dict[str, Any], run_id: str, new: str) -> dict[str, Any]:
    """The RunConfiguration of a job for another run of the same: what it writes goes beside what the first one wrote.

    Args:
        definition: of a run; of one of the first SDK, whose places only the run makes up, it is as it was.
        run_id: that run's id.
        new: the id of the other run.
    """
    if "job" not in definition:
        return definition
    own = re.compile(rf"(?<![^/.]){re.escape(run_id)}(?![^/])")

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: moved(inner) for key, inner in value.items()}
        return own.sub(new, value) if isinstance(value, str) else value

    job, command = definition["job"], str(definition.get("command") or "")
    outputs = job.get("outputs") or {}
    for address in {str(output.get("uri")) for output in outputs.values()}:
        path = address.partition("/paths/")[2]
        if path and path in command:  # one that is passed as an address, not as a folder
            command = command.replace(path, own.sub(new, path))
    # A step of a pipeline is a job by itself from here on.
    rest = {key: value for key, value in definition.items() if key != "step"}
    return rest | {
        "command": command,
        "outputData": moved(definition.get("outputData") or {}),
        "job": job | {"outputs": moved(outputs)},
    }


def _of_asset(context: Context, address: str) -> Place | None:
    found = _KIND.search(address)
    if found is not None and found["kind"].lower() == MODELS:
        return model_place(context, find_model(context, address))
    reference = read_id(context, DATA, address)
    asset = context.store.versioned.get(DATA, reference.name, reference.version)
    if asset is None:
        raise faults.not_found(f"Data asset {address}")
    return place_of(context, str(asset.document["dataUri"]))


def find_model(context: Context, address: str) -> RegisteredModel:
    """The model that an id names.

    Raises:
        Fault: there is none.
    """
    reference = read_id(context, MODELS, address)
    version = reference.version
    number = int(version) if version and version.isdecimal() and len(version) < 10 else None
    found = None if version and number is None else context.store.models.get(reference.name, number)
    if found is None:
        raise faults.not_found(f"Model {address}")
    return found


def model_place(context: Context, model: RegisteredModel) -> Place:
    """Where a model's files are: what the second SDK has said, else what the first one's asset says.

    Raises:
        Fault: it is made of several artifacts, or of none.
    """
    kept = model.document.get(V2) or {}
    if kept.get("modelUri"):
        place = place_of(context, str(kept["modelUri"]))
        if place is not None:
            return place
    asset = context.store.assets.get(str(model.document.get("url") or "").removeprefix("aml://asset/"))
    artifacts = (asset.document.get("artifacts") or []) if asset else []
    if len(artifacts) != 1:
        raise faults.bad_request(
            f"The model {model.model_id} is made of {len(artifacts)} artifacts, and not of one."
        )
    name = str(artifacts[0].get("prefix") or artifacts[0].get("id") or "")
    return own_place(context, OWN_ARTIFACTS, name)


def asset_id_of(context: Context, name: str, version: str) -> str:
    """The id by which the readers of tables ask for a data asset."""
    return f"azureml://locations/local/workspaces/{context.store.workspace_id}/data/{name}/versions/{version}"


def dataset_of(context: Context, address: str) -> SavedDataset:
    """The dataset that consists of what is at an address, as runs take their inputs.

    Raises:
        Fault: see :func:`place_of`.
    """
    registered = of_first_sdk(context, address)
    if registered is not None:
        return registered.saved
    place = place_of(context, address)
    return context.store.datasets.save("file", address_definition(place.address if place else address), {})


def of_first_sdk(context: Context, address: str) -> DatasetVersion | None:
    """The dataset of the first SDK that an address names, unless there is a data asset of that name."""
    found = _KIND.search(address)
    if found is None or found["kind"].lower() != DATA:
        return None
    reference = read_id(context, DATA, address)
    version = reference.version
    if context.store.versioned.get(DATA, reference.name, version) is not None:
        return None
    if version is not None and (not version.isdecimal() or len(version) > 9):
        return None
    return context.store.datasets.by_name(reference.name, int(version) if version else None)
