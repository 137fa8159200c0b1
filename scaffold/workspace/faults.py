"""Refusals, in the service's own error envelope.

The shape is ``ErrorResponse`` of azureml-core's ``_restclient.models`` (``error``: a ``RootError`` with
``code``, ``severity``, ``message``, …, then ``correlation``, ``environment``, ``location``, ``time``,
``componentName``), which is what the SDK shows a person. The clients of models and assets read a
``ModelErrorResponse`` (``code``, ``statusCode``, ``message``, ``details``) instead, so its fields stand beside
them. Each refusal has a constructor of its own.
"""

import sqlite3
import uuid
from datetime import datetime, timezone
from typing import Any

from scaffold.workspace.files import StateFileError
from scaffold.workspace.room import is_lack_of_room, is_locked
from scaffold.workspace.store.content import ContentMissingError
from scaffold.workspace.store.damage import is_damage


class Fault(Exception):
    """A request that is refused.

    Args:
        status: the HTTP status code.
        code: the service's error code, such as ``UserError``.
        message: for a person.
        inner: codes from the general to the special, for ``innerError``.

    Attributes:
        headers: more headers of the answer.
    """

    def __init__(self, status: int, code: str, message: str, *inner: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner
        self.headers: dict[str, str] = {}

    def envelope(self) -> dict[str, Any]:
        """The ``ErrorResponse`` and ``ModelErrorResponse``."""
        inner: dict[str, Any] | None = None
        for code in reversed(self.inner):
            inner = {"code": code, "innerError": inner}
        request_id = uuid.uuid4().hex
        return {
            "error": root_error(self.code, self.message) | {"innerError": inner},
            "code": self.code,
            "statusCode": self.status,
            "message": self.message,
            "details": [{"code": self.code, "message": self.message}],
            "correlation": {"operation": request_id, "request": request_id[:16]},
            "environment": "local",
            "location": "local",
            "time": datetime.now(timezone.utc).isoformat(),
            "componentName": "azureml-scaffold",
        }


def root_error(code: str, message: str) -> dict[str, Any]:
    """A ``RootError`` with every field of the model."""
    return {
        "code": code,
        "severity": None,
        "message": message,
        "messageFormat": None,
        "messageParameters": {},
        "referenceCode": None,
        "detailsUri": None,
        "target": None,
        "details": [],
        "innerError": None,
        "debugInfo": None,
        "additionalInfo": [],  # azure-core goes through it without asking
    }


def error_response(error: dict[str, Any]) -> dict[str, Any]:
    """The ``ErrorResponse`` of a run from what the store keeps of it (``code``, ``message``)."""
    return {
        "error": root_error(error["code"], error["message"]),
        "correlation": None,
        "environment": "local",
        "location": "local",
        "time": "0001-01-01T00:00:00+00:00",
        "componentName": None,
    }


def unauthenticated() -> Fault:
    """No token, or one that is not ours or has expired."""
    return Fault(
        401, "UserError", "The request has no valid bearer token of this workspace.", "AuthenticationFailed"
    )


def forbidden(reason: str) -> Fault:
    """A known caller, or an unknown host, that may not do this."""
    return Fault(403, "UserError", reason, "Forbidden")


def not_found(what: str) -> Fault:
    """A thing that is not in this workspace."""
    return Fault(404, "UserError", f"{what} was not found.", "NotFound")


def bad_request(reason: str) -> Fault:
    """A request that this service understands and cannot carry out as it stands."""
    return Fault(400, "UserError", reason, "BadArgument")


def conflict(reason: str) -> Fault:
    """Something of that name is there already, or has moved on."""
    return Fault(409, "UserError", reason, "Conflict")


def too_large(limit: int) -> Fault:
    """A body larger than any that the SDKs send."""
    return Fault(413, "UserError", f"The request is larger than {limit} bytes.", "RequestTooLarge")


def not_implemented(operation: str) -> Fault:
    """An operation that the local workspace does not know."""
    return Fault(
        501,
        "NotImplemented",
        f"The local workspace does not implement {operation}; the README lists what it does.",
        "OperationNotSupported",
    )


def no_room(*, storage: bool = False) -> Fault:
    """The disk is full; nothing of the request was kept.

    Args:
        storage: whether it was the content of a file. Storage clients ask four times within 80 seconds after a
            5xx, while somebody waits for them; the others, such as those of metrics, do well to ask again.
    """
    return Fault(
        413 if storage else 507,
        "ServiceError",
        "The disk that holds the local workspace is full: nothing of this request was kept. Make room and try again.",
        "InsufficientStorage",
    )


def locked() -> Fault:
    """Another program has the database locked; who asks again later is served."""
    fault = Fault(
        503,
        "ServiceError",
        "Another program has the local workspace's database locked, so the request was not carried out: try again.",
        "DatabaseLocked",
    )
    fault.headers["retry-after"] = "2"
    return fault


def content_missing(error: ContentMissingError) -> Fault:
    """A file that the workspace has acknowledged is not there any more."""
    return Fault(410, "ServiceError", f"{error}.", "ContentMissing")


def snapshot_missing(paths: list[str]) -> Fault:
    """A snapshot that the client believes is here, and of which files are lost."""
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return Fault(
        410,
        "ServiceError",
        f"The content of {paths[0]}{more} is missing from the local workspace's store, where it was kept for an "
        "earlier submission: change a file of the project and submit again, and all of it is sent anew.",
        "ContentMissing",
    )


def of_failure(error: Exception, *, storage: bool = False) -> Fault:
    """What a client is told of a request that failed for no reason of its own; ``storage``: see :func:`no_room`."""
    if is_lack_of_room(error):
        return no_room(storage=storage)
    if is_locked(error):
        return locked()
    if isinstance(error, StateFileError):  # nor would it be another one the next time
        return Fault(410, "ServiceError", f"{error.message} {error.hint}")
    if isinstance(error, ContentMissingError):  # nor would it be there the next time
        return content_missing(error)
    if isinstance(error, sqlite3.DatabaseError) and is_damage(error):
        # Clients ask again after a 5xx, and the service is about to stop: they would never see the reason.
        return Fault(
            410,
            "ServiceError",
            f"The local workspace's database is damaged ({error}); the next start looks at it and says what became "
            "of it.",
        )
    return Fault(500, "ServiceError", "The local workspace failed; see its service.log.")
