"""``command`` jobs: what a client sends, and the RunConfiguration that the engine carries out for it."""

import re
from functools import partial
from typing import Any

import msgspec

from scaffold.workspace import faults
from scaffold.workspace.context import Context
from scaffold.workspace.engine.data.configuration import DOWNLOAD, MOUNT, UPLOAD, OutputAsset
from scaffold.workspace.engine.data.places import PARAMETER
from scaffold.workspace.refusals import FRAMEWORKS
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.services.v2 import codes, environments
from scaffold.workspace.services.v2.expressions import located, rendered
from scaffold.workspace.services.v2.places import (
    DEFAULT_OUTPUTS,
    artifacts_address,
    asset_id_of,
    dataset_of,
    of_first_sdk,
    own_place,
    place_of,
)
from scaffold.workspace.services.v2.resources import check_name, name_of
from scaffold.workspace.services.v2.tables import evaluated
from scaffold.workspace.store.blobs import ARTIFACTS, DATASTORE
from scaffold.workspace.store.datastores import OWN

SERVERLESS = "serverless"
_DURATION = re.compile(
    r"P(?:(?P<days>\d{1,6})D)?(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,9}(?:\.\d+)?)S)?)?"
)
_LITERAL = "literal"
_TYPES = ("uri_file", "uri_folder", "mltable", "mlflow_model", "custom_model", "triton_model")
_READ = {None: MOUNT, "ReadOnlyMount": MOUNT, "Download": DOWNLOAD}
_EVALUATED = {"EvalMount": MOUNT, "EvalDownload": DOWNLOAD}
_WRITE = {None: MOUNT, "ReadWriteMount": MOUNT, "Upload": UPLOAD}
_DIRECT = "Direct"
_OWN_PATH = re.compile(r"azureml/(?P<run>[^/]+)/(?P<name>\w+)(?:/(?P=name))?", re.A)
_DATA_NAME = re.compile(r"[A-Za-z_]\w{0,199}", re.A)


class JobInput(Dto):
    """``JobInput``, of whichever kind."""

    job_input_type: str | None = None
    uri: str | None = None
    mode: str | None = None
    value: str | int | float | bool | None = None
    path_on_compute: str | None = None
    description: str | None = None


class JobOutput(Dto):
    """``JobOutput``, of whichever kind."""

    job_output_type: str | None = None
    uri: str | None = None
    mode: str | None = None
    asset_name: str | None = None
    asset_version: str | None = None
    auto_delete_setting: Any = None
    path_on_compute: str | None = None
    description: str | None = None


class Distribution(Dto):
    """``DistributionConfiguration``, of whichever kind."""

    distribution_type: str | None = None
    process_count_per_instance: int | None = None
    worker_count: int | None = None
    parameter_server_count: int | None = None


class Resources(Dto):
    """``JobResourceConfiguration``."""

    instance_count: int | None = None
    instance_type: str | None = None
    docker_args: str | None = None
    shm_size: str | None = None
    properties: dict[str, Any] | None = None


class Limits(Dto):
    """``CommandJobLimits``."""

    job_limits_type: str | None = None
    timeout: str | None = None


class Trial(Dto):
    """What is run, for a job by itself, for a trial of a sweep and for a node of a pipeline: ``TrialComponent``."""

    command: str
    environment_id: str
    code_id: str | None = None
    distribution: Distribution | None = None
    environment_variables: dict[str, str | None] | None = None
    resources: Resources | None = None


class Bound(msgspec.Struct, frozen=True):
    """What a command is run with.

    Attributes:
        inputs, outputs: by name.
        target: the compute target's name.
        timeout: seconds, or None.
        values: further values of ``${{…}}``, such as those of a sweep.
    """

    inputs: dict[str, JobInput]
    outputs: dict[str, JobOutput]
    target: str
    timeout: float | None = None
    values: dict[str, str] = {}


class Configured(msgspec.Struct, frozen=True):
    """A command as the engine takes it.

    Attributes:
        document: the RunConfiguration.
        snapshot_id: of the code, or None.
        outputs: what became of the outputs, with their addresses, as they are sent.
    """

    document: dict[str, Any]
    snapshot_id: str | None
    outputs: dict[str, Any]


def seconds_of(duration: str | None) -> float | None:
    """The seconds of an ISO 8601 duration.

    Raises:
        Fault: it is none.
    """
    if not duration:
        return None
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise faults.bad_request(f"The time limit {duration!r} is no ISO 8601 duration such as PT1H30M.")
    parts = {name: float(value or 0) for name, value in found.groupdict().items()}
    seconds = ((parts["days"] * 24 + parts["hours"]) * 60 + parts["minutes"]) * 60 + parts["seconds"]
    return seconds or None


def configured(context: Context, run_id: str, trial: Trial, bound: Bound) -> Configured:
    """The RunConfiguration of a command with what it is run with.

    Raises:
        Fault: something that it names is not there, or is nothing that this workspace has.
    """
    literals, direct, data = _inputs(context, bound.inputs)
    written, sections, outputs = _outputs(context, run_id, bound.outputs)
    values = bound.values | literals | direct | written
    waiting = {f"inputs.{name}" for name in data} | {f"outputs.{name}" for name in sections}
    definition = environments.find(context, trial.environment_id)
    variables = {key: value or "" for key, value in (trial.environment_variables or {}).items()}
    document: dict[str, Any] = {
        "script": None,
        "command": rendered(trial.command, values, waiting),
        "arguments": [],
        "target": bound.target,
        "nodeCount": (trial.resources or Resources()).instance_count or 1,
        "environment": {**definition.content, "name": definition.name, "version": definition.version},
        "environmentVariables": variables
        | {f"AZURE_ML_{name.replace('inputs.', 'INPUT_')}": value for name, value in direct.items()}
        | {PARAMETER + name.removeprefix("inputs."): value for name, value in (literals | direct).items()}
        | {PARAMETER + name.removeprefix("outputs."): value for name, value in written.items()},
        "maxRunDurationSeconds": bound.timeout,
        "data": data,
        "outputData": sections,
        **_distribution(trial.distribution),
    }
    snapshot_id = codes.snapshot_of(context, trial.code_id) if trial.code_id else None
    return Configured(document, snapshot_id, outputs)


def _distribution(asked: Distribution | None) -> dict[str, Any]:
    kind = (asked.distribution_type if asked else None) or ""
    if asked is None or not kind:
        return {}
    if kind.lower() == "pytorch":
        return {"framework": "PyTorch", "communicator": "Nccl",
                "pytorch": {"processCount": asked.process_count_per_instance or 1}}  # fmt: skip
    if kind.lower() == "mpi":
        return {"framework": "Python", "communicator": "OpenMpi",
                "mpi": {"processCountPerNode": asked.process_count_per_instance or 1}}  # fmt: skip
    if kind.lower() == "tensorflow":
        section = {
            "workerCount": asked.worker_count or 1,
            "parameterServerCount": asked.parameter_server_count or 0,
        }
        return {"framework": "TensorFlow", "communicator": "ParameterServer", "tensorflow": section}
    raise FRAMEWORKS.fault(f"the distribution {kind}")


def _inputs(
    context: Context, inputs: dict[str, JobInput]
) -> tuple[dict[str, str], dict[str, str], dict[str, Any]]:
    """The values that are known, the addresses that are passed as they are, and the section of what is delivered."""
    literals: dict[str, str] = {}
    direct: dict[str, str] = {}
    data: dict[str, Any] = {}
    for name, given in inputs.items():
        if given.job_input_type in (None, _LITERAL):
            if given.value is not None:
                literals[f"inputs.{name}"] = _text(given.value)
            continue
        if given.job_input_type not in _TYPES:
            raise faults.bad_request(
                f"Input {name!r} is of the type {given.job_input_type!r}, which is none."
            )
        if given.uri is None:
            continue
        check_data_name("Input", name)
        if given.mode == _DIRECT:
            direct[f"inputs.{name}"] = _passed(context, given.uri)
        else:
            data[name] = _section(context, name, given)
    return literals, direct, data


def _section(context: Context, name: str, given: JobInput) -> dict[str, Any]:
    mechanism = (_READ | _EVALUATED).get(given.mode)
    if mechanism is None:
        raise faults.Fault(
            501,
            "NotImplemented",
            f"Input {name!r} is asked for in the mode {given.mode!r}, which the local workspace does not have; it has "
            "ro_mount, download, direct, eval_mount and eval_download. What a job writes is an output.",
            "OperationNotSupported",
        )
    if given.mode in _EVALUATED and given.job_input_type != "mltable":
        raise faults.bad_request(
            f"Input {name!r} is to be evaluated and of the type {given.job_input_type!r}; that is for mltable alone."
        )
    find = dataset_of if given.mode in _READ else partial(evaluated, name=name)
    saved = find(context, address=given.uri or "")
    return {
        "dataLocation": {"dataset": {"id": saved.saved_id}},
        "mechanism": mechanism.capitalize(),
        "environmentVariableName": name,
        "pathOnCompute": given.path_on_compute,
        "overwrite": False,
    }


def _passed(context: Context, address: str) -> str:
    """The address of an input that is passed as it is: where it is, or of a dataset of the first SDK its id."""
    dataset = of_first_sdk(context, address)
    if dataset is not None:
        return asset_id_of(context, dataset.name, str(dataset.version))
    place = place_of(context, address)
    return place.address if place else address


def check_data_name(what: str, name: str) -> None:
    """Refuses a name of an input or output that the client would not take either.

    Raises:
        Fault: see above.
    """
    if not _DATA_NAME.fullmatch(name):
        raise faults.bad_request(f"{what} {name!r}: letters, digits and '_' only, the first no digit.")


def _text(value: str | int | float | bool) -> str:
    return value if isinstance(value, str) else str(value)


def _outputs(
    context: Context, run_id: str, outputs: dict[str, JobOutput]
) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
    """The addresses that are passed as they are, the section of what is collected, and all of them as they are sent."""
    direct: dict[str, str] = {}
    sections: dict[str, Any] = {}
    sent: dict[str, Any] = {}
    for name, asked in outputs.items():
        check_data_name("Output", name)
        kind = asked.job_output_type or "uri_folder"
        if kind not in _TYPES:
            raise faults.bad_request(f"Output {name!r} is of the type {kind!r}, which is none.")
        if name in DEFAULT_OUTPUTS and _is_for_artifacts(context, asked):
            sent[name] = _sent(asked, kind, artifacts_address(context, run_id))
            continue
        path = _path(context, run_id, name, asked)
        address = f"azureml://datastores/{OWN}/paths/{path}"
        if asked.mode == _DIRECT:
            direct[f"outputs.{name}"] = own_place(context, OWN, path).address
        elif asked.mode not in _WRITE:
            raise faults.bad_request(
                f"Output {name!r} is asked for in the mode {asked.mode!r}, which is none."
            )
        else:
            sections[name] = _output_section(name, asked, kind, path)
        sent[name] = _sent(asked, kind, address)
    return direct, sections, sent


def outputs_as_sent(context: Context, run_id: str, outputs: dict[str, JobOutput]) -> dict[str, Any]:
    """Where the outputs of a run will be, as they are sent.

    Raises:
        Fault: one is to go where it cannot.
    """
    return _outputs(context, run_id, outputs)[2]


def _sent(asked: JobOutput, kind: str, address: str) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(asked)
    return document | {"jobOutputType": kind, "uri": address, "mode": asked.mode or "ReadWriteMount"}


def _is_for_artifacts(context: Context, asked: JobOutput) -> bool:
    """Whether an output is a job's own files; a job that was looked up and is submitted again says whose they were."""
    place = place_of(context, asked.uri) if asked.uri else None
    return asked.uri is None or (place is not None and place.container == ARTIFACTS)


def _path(context: Context, run_id: str, name: str, asked: JobOutput) -> str:
    """The path in the datastore that an output goes to; that of a file has the file's name at its end."""
    file = f"/{name}" if asked.job_output_type == "uri_file" else ""
    own = f"azureml/{run_id}/{name}{file}"
    if not asked.uri:
        return own
    place = place_of(context, located(asked.uri, run_id, name, OWN))
    if place is None or place.container != DATASTORE:
        raise faults.bad_request(f"Output {name!r} goes to {asked.uri}; it has to be a path of {OWN}.")
    return own if _is_of_another_job(context, place.path) else place.path


def _is_of_another_job(context: Context, path: str) -> bool:
    """Whether a path is one that a job got without asking, as one that is looked up and submitted again names it."""
    found = _OWN_PATH.fullmatch(path)
    return found is not None and context.store.runs.get(found["run"]) is not None


def _output_section(name: str, asked: JobOutput, kind: str, path: str) -> dict[str, Any]:
    folder, _, file = path.rpartition("/") if kind == "uri_file" else (path, "", None)
    if file == "":
        raise faults.bad_request(f"Output {name!r} is a file and goes to {OWN} itself; name the file.")
    if asked.asset_name:
        check_name("Output", asked.asset_name, asked.asset_version)
    if asked.asset_version and kind.endswith("_model") and not asked.asset_version.isdecimal():
        raise faults.bad_request(
            f"Output {name!r}: the model's version {asked.asset_version!r} is not a number."
        )
    asset = OutputAsset(
        asset_type=kind,
        file=file or None,
        name=asked.asset_name,
        version=asked.asset_version,
        description=asked.description,
    )
    return {
        "outputLocation": {"dataPath": {"datastoreName": OWN, "relativePath": folder or "/"}},
        "mechanism": _WRITE[asked.mode].capitalize(),
        "additionalOptions": {
            "pathOnCompute": asked.path_on_compute,
            "asset": msgspec.to_builtins(asset),
            "uploadOptions": {"overwrite": True},
        },
    }


def target_of(compute_id: str | None) -> str:
    """The name of the compute target that an id names; without one, Azure ML's serverless compute."""
    return name_of(compute_id) or SERVERLESS
