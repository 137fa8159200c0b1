"""Settles at submission which datasets a run reads, so that what is registered later does not matter."""

from typing import Any

from scaffold.workspace.engine.data.configuration import DIRECT, READABLE, Input, check_datastore, read_data
from scaffold.workspace.engine.data.dataflow import DataError, definition_text, read_definition
from scaffold.workspace.store import Store
from scaffold.workspace.store.datasets import DatasetVersion, SavedDataset


def resolve(store: Store, configuration: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The definitions that a run reads.

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
            check_datastore(what, source.datastore, READABLE)


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
