"""The shapes of refusals: each family of addresses has clients of its own, and those read the reason in their own.

What a client does not find in its shape it does not show: of a refused pipeline people would see "Operation
returned an invalid status code", and no reason.
"""

import re
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from scaffold.workspace.faults import Fault
from scaffold.workspace.store.blobs import ARTIFACTS, DATASTORE, SNAPSHOTS

_NOT_OF_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
JSON = "application/json; charset=utf-8"
_MLFLOW_CODES = {
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    409: "RESOURCE_ALREADY_EXISTS",
    413: "INVALID_PARAMETER_VALUE",
    429: "REQUEST_LIMIT_EXCEEDED",
    501: "NOT_IMPLEMENTED",
}


def mlflow_code(status: int) -> str:
    """MLflow's error code of a status."""
    return _MLFLOW_CODES.get(status, "INTERNAL_ERROR")


def _mlflow(fault: Fault) -> dict[str, Any]:
    """What ``mlflow.exceptions.RestException`` reads."""
    return {"error_code": mlflow_code(fault.status), "message": fault.message}


def _pipelines(fault: Fault) -> dict[str, Any]:
    """``ErrorResponse`` of ``azureml.pipeline.core._restclients.aeva.models``, beside the usual one."""
    error: dict[str, Any] = {
        "Code": fault.code,
        "Message": fault.message,
        "Target": None,
        "Details": [],
        "InnerError": None,
        "DebugInfo": None,
    }
    usual = fault.envelope()
    return {**usual, "Error": error, "Correlation": usual["correlation"]}


def _hyperdrive(fault: Fault) -> dict[str, Any]:
    """HyperDrive's own ``ErrorResponse``, whose ``code`` is a number, and that of the others."""
    return fault.envelope() | {"code": fault.status}


def _storage(fault: Fault) -> bytes:
    """What Azure Storage answers, and every client of it reads."""
    message = escape(_NOT_OF_XML.sub("\ufffd", fault.message))
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{escape(fault.code)}</Code><Message>{message}</Message></Error>"
    ).encode()


# The first part of an address → the shape of its family; all others read the usual one.
_FAMILIES: dict[str, Callable[[Fault], dict[str, Any]]] = {
    "hyperdrive": _hyperdrive,
    "mlflow": _mlflow,
    "pipelines": _pipelines,
    "studioservice": _pipelines,
}
_CONTAINERS = (ARTIFACTS, DATASTORE, SNAPSHOTS)


def written(fault: Fault, path: str) -> tuple[bytes, str]:
    """The body of a refusal and its type.

    Args:
        fault: the refusal; one of a kind with an envelope of its own keeps that.
        path: of the request.
    """
    family = path.lstrip("/").partition("/")[0]
    if family in _CONTAINERS:
        return _storage(fault), "application/xml"
    shape = _FAMILIES.get(family)
    if shape is None or type(fault).envelope is not Fault.envelope:
        return msgspec.json.encode(fault.envelope()), JSON
    return msgspec.json.encode(shape(fault)), JSON
