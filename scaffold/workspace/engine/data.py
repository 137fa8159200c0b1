"""What a RunConfiguration asks of data: its inputs, outputs and older data references, and how a script finds them.

The sections are azureml-core's (``azureml.core.runconfig``: ``Data``, ``OutputData``, ``DataReferenceConfiguration``);
the variables are those that ``azureml.core.run.InputDatasets`` and ``OutputDatasets`` and
``azureml.data.context_managers`` read and set. Nothing here touches a file: see ``delivery`` and ``outputs``.
"""

import os
import re
from pathlib import Path
from typing import Any

import msgspec

from scaffold.workspace.engine.dataflow import DataError, definition_text, read_definition
from scaffold.workspace.engine.transformations import steps_of
from scaffold.workspace.store import Store
from scaffold.workspace.store.datasets import DatasetVersion, SavedDataset
from scaffold.workspace.store.datastores import OWN

DIRECT, MOUNT, DOWNLOAD, UPLOAD, LINK = "direct", "mount", "download", "upload", "link"
_DEFAULT_DESTINATION = "dataset/{run-id}/{output-name}"
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")


class _Camel(msgspec.Struct, rename="camel"):
    """A section as the SDK sends it."""


class _Dataset(_Camel):
    id: str | None = None
    name: str | None = None
    version: str | int | None = None


class _DataPath(_Camel):
    datastore_name: str | None = None
    relative_path: str | None = None


class _Location(_Camel):
    dataset: _Dataset | None = None
    data_path: _DataPath | None = None
    uri: dict[str, Any] | None = None


class _Data(_Camel):
    data_location: _Location | None = None
    mechanism: str | None = None
    environment_variable_name: str | None = None
    path_on_compute: str | None = None
    overwrite: bool | None = None


class _TransformationOptions(_Camel):
    additional_transformation: str | None = None


class _RegistrationOptions(_Camel):
    name: str | None = None
    description: str | None = None
    tags: dict[str, str] | None = None
    properties: dict[str, Any] | None = None
    dataset_registration_options: _TransformationOptions | None = None


class _Globs(_Camel):
    patterns: list[str] | None = None


class _UploadOptions(_Camel):
    overwrite: bool | None = None
    source_globs: _Globs | None = None


class _OutputOptions(_Camel):
    path_on_compute: str | None = None
    registration_options: _RegistrationOptions | None = None
    upload_options: _UploadOptions | None = None


class _OutputData(_Camel):
    output_location: _Location | None = None
    mechanism: str | None = None
    additional_options: _OutputOptions | None = None


class _Reference(_Camel):
    data_store_name: str | None = None
    path_on_data_store: str | None = None
    mode: str | None = None
    overwrite: bool | None = None
    path_on_compute: str | None = None


class _Sections(_Camel):
    data: dict[str, _Data] | None = None
    output_data: dict[str, _OutputData] | None = None
    data_references: dict[str, _Reference] | None = None
    datacaches: list[Any] | None = None


class Input(msgspec.Struct, frozen=True):
    """A dataset that a run reads.

    Attributes:
        name: the input's name in the configuration.
        variable: the environment variable that the script finds it by; mostly the same.
        mode: ``direct`` (the script gets the id), ``mount`` or ``download`` (it gets a path).
        saved_id: the definition, or None while only a registered name is known.
        registered: name and version that it was asked for by, or None.
        place: the path that was asked for, or None.
        overwrite: whether a download may replace files that are there.
    """

    name: str
    variable: str
    mode: str
    saved_id: str | None
    registered: tuple[str, int | None] | None
    place: str | None
    overwrite: bool


class Output(msgspec.Struct, frozen=True):
    """A dataset that a run writes.

    Attributes:
        name: the output's name, which is an environment variable's too.
        mode: ``mount``, ``upload``, or ``link`` (the script names a dataset itself).
        destination: the folder of the datastore, with its placeholders still in it.
        place: the path that was asked for, or None.
        overwrite: whether an upload may replace files that are there.
        globs: which files an upload keeps; all when there are none.
        registration: name, description and tags to register the dataset with, or None.
        steps: transformations that the dataset gets.
        tabular: whether they make a table of it.
        properties: of the dataset.
    """

    name: str
    mode: str
    destination: str
    place: str | None
    overwrite: bool
    globs: list[str]
    registration: tuple[str, str | None, dict[str, str]] | None
    steps: list[dict[str, Any]]
    tabular: bool
    properties: dict[str, Any]

    def folder(self, run_id: str) -> str:
        """The folder of the datastore that a run's files go to."""
        path = self.destination.replace("{run-id}", run_id).replace("{output-name}", self.name)
        return path.strip("/")


class Reference(msgspec.Struct, frozen=True):
    """A path of the datastore, the older way to say it; ``mode`` is ``mount``, ``download`` or ``upload``."""

    name: str
    mode: str
    path: str
    place: str | None
    overwrite: bool


class RunData(msgspec.Struct, frozen=True):
    """All the data of a run."""

    inputs: list[Input] = []
    outputs: list[Output] = []
    references: list[Reference] = []

    def __bool__(self) -> bool:
        return bool(self.inputs or self.outputs or self.references)


def read_data(configuration: dict[str, Any]) -> RunData:
    """The data that a RunConfiguration asks for.

    Raises:
        DataError: it asks for something that is not had here, or the sections have another shape.
    """
    try:
        sections = msgspec.convert(configuration, _Sections)
    except msgspec.ValidationError as error:
        raise DataError(f"The run's data sections have another shape: {error}") from None
    if sections.datacaches:
        raise DataError("The run has datacaches, which the local workspace does not have.", supported=False)
    return RunData(
        [_input(name, data) for name, data in (sections.data or {}).items()],
        [_output(name, data) for name, data in (sections.output_data or {}).items()],
        [_reference(name, data) for name, data in (sections.data_references or {}).items()],
    )


def _input(name: str, data: _Data) -> Input:
    what = f"Input {name!r}"
    location = data.data_location or _Location()
    if location.dataset is None or not (location.dataset.id or location.dataset.name):
        kind = "an address" if location.uri else "a data path" if location.data_path else "nothing"
        raise DataError(f"{what} names {kind} instead of a dataset; make a Dataset of it.", supported=False)
    mode = (data.mechanism or DIRECT).lower()
    if mode not in (DIRECT, MOUNT, DOWNLOAD):
        raise DataError(
            f"{what} is in the mode {mode!r}, which the local workspace does not have.", supported=False
        )
    dataset = location.dataset
    version = str(dataset.version or "latest")
    if version != "latest" and not version.isdecimal():
        raise DataError(f"{what}: the dataset's version {version!r} is not a number.")
    number = None if version == "latest" else int(version)
    return Input(
        name=name,
        variable=data.environment_variable_name or name,
        mode=mode,
        saved_id=dataset.id,
        registered=(dataset.name, number) if dataset.name else None,
        place=_place(what, data.path_on_compute),
        overwrite=bool(data.overwrite),
    )


def _output(name: str, data: _OutputData) -> Output:
    what = f"Output {name!r}"
    mode = (data.mechanism or MOUNT).lower()
    if mode not in (MOUNT, UPLOAD, LINK):
        raise DataError(
            f"{what} is in the mode {mode!r}, which the local workspace does not have.", supported=False
        )
    location = data.output_location or _Location()
    path = location.data_path or _DataPath()
    if location.uri or location.dataset:
        raise DataError(f"{what} goes to something else than a path of a datastore.", supported=False)
    _check_datastore(what, path.datastore_name)
    options = data.additional_options or _OutputOptions()
    upload = options.upload_options or _UploadOptions()
    registration = options.registration_options or _RegistrationOptions()
    stub = registration.dataset_registration_options or _TransformationOptions()
    steps, tabular = steps_of(what, stub.additional_transformation)
    output = Output(
        name=name,
        mode=mode,
        destination=path.relative_path or _DEFAULT_DESTINATION,
        place=_place(what, options.path_on_compute),
        overwrite=bool(upload.overwrite),
        globs=(upload.source_globs or _Globs()).patterns or [],
        registration=(registration.name, registration.description, registration.tags or {})
        if registration.name
        else None,
        steps=steps,
        tabular=tabular,
        properties=registration.properties or {},
    )
    _check_parts(what, output.folder("run"))
    return output


def _reference(name: str, data: _Reference) -> Reference:
    what = f"Data reference {name!r}"
    mode = (data.mode or MOUNT).lower()
    if mode not in (MOUNT, DOWNLOAD, UPLOAD):
        raise DataError(f"{what} is in the mode {mode!r}; it has to be mount, download or upload.")
    if not data.data_store_name:
        raise DataError(f"{what} misses the datastore's name.")
    _check_datastore(what, data.data_store_name)
    if mode == UPLOAD and not data.path_on_compute:
        raise DataError(
            f"{what} misses the path on the compute that is uploaded (as_upload(path_on_compute))."
        )
    path = (data.path_on_data_store or "").strip("/")
    _check_parts(what, path)
    return Reference(name, mode, path, _place(what, data.path_on_compute), bool(data.overwrite))


def _check_datastore(what: str, name: str | None) -> None:
    if name and name.lower() != OWN:
        raise DataError(
            f"{what} is in the datastore {name}, which the local workspace does not reach; "
            f"{OWN} is the one it has.",
            supported=False,
        )


def _check_parts(what: str, path: str) -> None:
    if {".", ".."} & set(re.split(r"[/\\]", path)) or "\x00" in path:
        raise DataError(f"{what}: the path {path!r} leads out of the datastore.")


def _place(what: str, path: str | None) -> str | None:
    """A path on the compute as it was asked for; a relative one stays in the working directory."""
    if not path:
        return None
    if _ABSOLUTE.match(path):
        return path
    normal = os.path.normpath(path)
    if normal == os.pardir or normal.startswith(os.pardir + os.sep) or "\x00" in normal:
        raise DataError(f"{what}: the path {path!r} leads out of the run's working directory.")
    return normal


def resolve(store: Store, configuration: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Settles at submission which definitions a run reads, so that what is registered later does not matter.

    Returns:
        The configuration with the ids of all datasets in it, and the lineage (``DatasetLineage``) of the run.

    Raises:
        DataError: one is not there, or nothing that can be delivered here.
    """
    data = read_data(configuration)
    if not data.inputs:
        return configuration, []
    sections = dict(configuration["data"])
    lineage = []
    for (key, section), asked in zip(configuration["data"].items(), data.inputs, strict=True):
        saved, version = _saved(store, asked)
        if asked.mode != DIRECT:
            check_deliverable(asked, saved)
        dataset = {
            "id": saved.saved_id,
            "name": version.name if version else None,
            "version": str(version.version) if version else None,
        }
        sections[key] = section | {"dataLocation": section["dataLocation"] | {"dataset": dataset}}
        lineage.append(_lineage(asked, saved, version))
    return configuration | {"data": sections}, lineage


def _saved(store: Store, asked: Input) -> tuple[SavedDataset, DatasetVersion | None]:
    if asked.saved_id is not None:
        saved = store.datasets.saved(asked.saved_id)
        if saved is None:
            raise DataError(f"Input {asked.name!r}: there is no dataset {asked.saved_id}.")
        version = store.datasets.by_name(*asked.registered) if asked.registered else None
        if version is None or version.saved.saved_id != saved.saved_id:
            version = store.datasets.by_saved_id(saved.saved_id)
        return saved, version
    assert asked.registered is not None  # noqa: S101  (read_data has seen to it)
    name, number = asked.registered
    version = store.datasets.by_name(name, number)
    if version is None:
        which = f" version {number}" if number else ""
        raise DataError(f"Input {asked.name!r}: there is no dataset registered under name {name!r}{which}.")
    return version.saved, version


def check_deliverable(asked: Input, saved: SavedDataset) -> None:
    """Refuses a dataset whose files cannot be had as files.

    Raises:
        DataError: see there.
    """
    what = f"Input {asked.name!r}"
    if saved.kind != "file":
        raise DataError(
            f"{what}: unable to {asked.mode} a {saved.kind} dataset; pass a FileDataset, or the dataset itself with "
            "as_named_input()."
        )
    try:
        definition = read_definition(definition_text(saved.dataflow))
    except DataError as error:
        raise DataError(f"{what} cannot be delivered: {error}.", supported=error.supported) from None
    for source in definition.sources:
        if source.datastore:
            _check_datastore(what, source.datastore)


def _lineage(asked: Input, saved: SavedDataset, version: DatasetVersion | None) -> dict[str, Any]:
    return {
        "identifier": identifier(saved, version),
        "consumptionType": "RunInput",
        "inputDetails": {
            "inputName": asked.name,
            "mechanism": asked.mode.capitalize(),
            "pathOnCompute": asked.place,
        },
    }


def identifier(saved: SavedDataset, version: DatasetVersion | None) -> dict[str, Any]:
    """A ``DatasetIdentifier``."""
    return {
        "savedId": saved.saved_id,
        "registeredId": version.dataset_id if version else None,
        "registeredVersion": str(version.version) if version else None,
    }


class Places(msgspec.Struct, frozen=True):
    """Where a run's script finds its data: what each name stands for.

    Attributes:
        inputs: for every name the variable, the mode and the path or id.
        outputs: path by name.
        links: names of outputs that the script links itself.
        references: path by name.
    """

    inputs: dict[str, tuple[str, str, str]] = {}
    outputs: dict[str, str] = {}
    links: list[str] = []
    references: dict[str, str] = {}

    def variables(self, taken: dict[str, str]) -> dict[str, str]:
        """The environment variables that say so.

        Args:
            taken: the variables that the process has besides, which a name in capitals does not replace.
        """
        variables: dict[str, str] = {}
        for name, _, value in self.inputs.values():
            variables |= _named(name, value, "AZURE_ML_INPUT_")
            if name.upper() not in taken:
                variables[name.upper()] = value
        for name, value in self.outputs.items():
            variables |= _named(name, value, "AZURE_ML_OUTPUT_")
        for name, value in self.references.items():
            variables[f"AZUREML_DATAREFERENCE_{name}"] = value
        modes = ",".join(f"{name}:{mode}" for name, mode, _ in self.inputs.values())
        for key, value in (
            ("AZUREML_DATASET_ENVIRONMENT_VARS", modes),
            ("AZUREML_DATASET_FILE_OUTPUTS", ";".join(self.outputs)),
            ("AZUREML_LINK_DATASET_OUTPUTS", ";".join(self.links)),
        ):
            if value:
                variables[key] = value
        return variables

    def value(self, kind: str, name: str) -> str | None:
        """What a placeholder of an argument stands for; None for a name that is none of the run's."""
        if kind == "DatasetConsumptionConfig":
            found = self.inputs.get(name)
            return found[2] if found else None
        if kind == "DatasetOutputConfig":
            return name if name in self.links else self.outputs.get(name)
        if kind == "AZUREML_DATAREFERENCE_" and name in self.references:
            return self.references[name]
        if kind in ("AZUREML_DATAREFERENCE_", "AZURE_ML_INPUT_") and name in self.inputs:
            return self.inputs[name][2]
        return self.outputs.get(name) if kind != "AZURE_ML_INPUT_" else None


NOWHERE = Places()
"""Of a run without data."""


def _named(name: str, value: str, prefix: str) -> dict[str, str]:
    return {name: value, prefix + name: value, f"AZUREML_DATAREFERENCE_{name}": value}


def place_of(path: str | None, own: Path, work: Path) -> Path:
    """The path that a piece of data has on this machine: its own, or the one that was asked for."""
    if path is None:
        return own
    return Path(os.path.abspath(path)) if _ABSOLUTE.match(path) else work / path  # noqa: PTH100
