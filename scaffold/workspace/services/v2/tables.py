"""Tables (``mltable``) that are to be evaluated: the files that one names in its file ``MLTable`` are delivered.

Datasets of the first SDK are tables too, and need no such file. Those of rows cannot be delivered as files.
"""

import posixpath
from typing import Any

import yaml

from scaffold.workspace import faults
from scaffold.workspace.context import Context
from scaffold.workspace.engine.data.dataflow import dataset_definition, datastore_address
from scaffold.workspace.faults import Fault
from scaffold.workspace.services.v2.places import of_first_sdk, place_of
from scaffold.workspace.store.blobs import DATASTORE
from scaffold.workspace.store.datasets import SavedDataset
from scaffold.workspace.store.datastores import OWN, OWN_ARTIFACTS
from scaffold.workspace.store.registration import Place

_FILE, _MOST_BYTES = "MLTable", 1024 * 1024
_ROWS = ("read_files", "read_delimited", "read_delta_lake", "read_parquet", "read_json_lines")


def evaluated(context: Context, name: str, address: str) -> SavedDataset:
    """The dataset of the files that a table names.

    Args:
        context: of the request.
        name: of the input, for the errors.
        address: of the table.

    Raises:
        Fault: there is no table, or it is one of rows.
    """
    registered = of_first_sdk(context, address)
    if registered is not None:
        return registered.saved
    place = place_of(context, address)
    if place is None:
        raise faults.bad_request(f"Input {name!r} is on the web ({address}), where no table is evaluated.")
    table = _read(context, name, place)
    steps = [step if isinstance(step, str) else next(iter(step), "") for step in table["transformations"]]
    if rows := [step for step in steps if step in _ROWS]:
        raise Fault(
            501,
            "NotImplemented",
            f"Input {name!r} is a table of rows ({rows[0]}), which is not delivered as files. Ask for it in the mode "
            "ro_mount, download or direct, and read it with mltable.load().",
            "OperationNotSupported",
        )
    paths = [{kind: _whole(context, place, path) for kind, path in entry.items()} for entry in table["paths"]]
    return context.store.datasets.save("file", dataset_definition(paths, table["transformations"]), {})


def _read(context: Context, name: str, place: Place) -> dict[str, Any]:
    """The paths and transformations of a table."""
    what = f"Input {name!r} is to be evaluated, but {place.address.rstrip('/')}/{_FILE}"
    blob = context.store.blobs.get(place.container, f"{place.path.strip('/')}/{_FILE}".lstrip("/"))
    file = context.store.blobs.file(blob) if blob else None
    if file is None:
        raise faults.bad_request(f"{what} is not there.")
    with file.open("rb") as stream:
        text = stream.read(_MOST_BYTES)
    try:
        document = yaml.safe_load(text)
        paths, steps = document["paths"], document.get("transformations") or []
        entries = [{str(kind): str(path) for kind, path in entry.items()} for entry in paths]
        good = all(len(entry) == 1 for entry in entries) and all(
            isinstance(step, str | dict) for step in steps
        )
    except (yaml.YAMLError, RecursionError, KeyError, TypeError, AttributeError, ValueError):
        good = False
    if not good:
        raise faults.bad_request(f"{what} is no table with 'paths' in it.")
    return {"paths": entries, "transformations": steps}


def _whole(context: Context, place: Place, path: str) -> str:
    """A path of a table as an address; what is relative begins at the table."""
    if "://" in path:
        found = place_of(context, path)
        return found.address if found else path
    inside = posixpath.normpath(posixpath.join("/", place.path, path)).lstrip("/")
    store = OWN if place.container == DATASTORE else OWN_ARTIFACTS
    return datastore_address(context.named, store, inside).replace("%2A", "*")
