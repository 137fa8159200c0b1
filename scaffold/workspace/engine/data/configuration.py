"""What a RunConfiguration asks of data: its inputs, outputs and older data references.

The sections are azureml-core's (``azureml.core.runconfig``: ``Data``, ``OutputData``,
``DataReferenceConfiguration``). Nothing here touches a file: see ``delivery`` and ``outputs``.
"""

import os
import re
from typing import Any

import msgspec

from scaffold.workspace.engine.data.dataflow import DataError
from scaffold.workspace.engine.data.transformations import steps_of
from scaffold.workspace.store.datastores import OWN, OWN_ARTIFACTS

READABLE = (OWN, OWN_ARTIFACTS)
DIRECT, MOUNT, DOWNLOAD, UPLOAD, LINK = "direct", "mount", "download", "upload", "link"
_DEFAULT_DESTINATION = "dataset/{run-id}/{output-name}"
_NAME = re.compile(r"\w[\w-]{0,199}")  # a folder's name, and an environment variable's
_MAX_NAME_BYTES = 255
ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")


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


class OutputAsset(_Camel):
    """What a run's output is for azure-ai-ml.

    Attributes:
        asset_type: ``uri_folder``, ``uri_file``, ``mltable`` or a kind of model.
        file: the name of the file that the script writes, where the output is one.
        name: what to register it as when the run has completed, or None.
        version: the version of that, or None for the next one.
    """

    asset_type: str
    file: str | None = None
    name: str | None = None
    version: str | None = None
    description: str | None = None

    @property
    def is_model(self) -> bool:
        return self.asset_type.endswith("_model")


class _OutputOptions(_Camel):
    path_on_compute: str | None = None
    asset: OutputAsset | None = None
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
        asset: what it is for azure-ai-ml, whose it is, or None.
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
    asset: OutputAsset | None = None

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
    for section in (sections.data, sections.output_data, sections.data_references):
        for name in section or {}:
            if not _NAME.fullmatch(name):
                raise DataError(f"{name!r} is no name for data of a run: letters, digits, '_' and '-' only.")
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
    check_datastore(what, path.datastore_name)
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
        asset=options.asset,
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
    check_datastore(what, data.data_store_name)
    if mode == UPLOAD and not data.path_on_compute:
        raise DataError(
            f"{what} misses the path on the compute that is uploaded (as_upload(path_on_compute))."
        )
    path = (data.path_on_data_store or "").strip("/")
    _check_parts(what, path)
    return Reference(name, mode, path, _place(what, data.path_on_compute), bool(data.overwrite))


def check_datastore(what: str, name: str | None, among: tuple[str, ...] = (OWN,)) -> None:
    """Refuses a datastore that is not the workspace's own.

    Args:
        what: whose it is.
        name: of the datastore.
        among: those that can be had; for reading, :data:`READABLE`.

    Raises:
        DataError: see there.
    """
    if name and name.lower() not in among:
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
    if any(is_too_long(part) for part in re.split(r"[/\\]", path)):
        raise DataError(
            f"{what}: the path {path[:50]!r}… has a part that is longer than a file's name can be."
        )
    if ABSOLUTE.match(path):
        return path
    normal = os.path.normpath(path)
    if normal == os.pardir or normal.startswith(os.pardir + os.sep) or "\x00" in normal:
        raise DataError(f"{what}: the path {path!r} leads out of the run's working directory.")
    return normal


def is_too_long(name: str) -> bool:
    """True when no file can be called so, on any of the systems that we know."""
    return len(os.fsencode(name)) > _MAX_NAME_BYTES
