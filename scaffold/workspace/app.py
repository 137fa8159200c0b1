"""The application that answers the wire protocol: lets requests in, finds their operation, tells the faults."""

import asyncio
import base64
import contextlib
import logging
import re
import time
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from scaffold.workspace import faults, refusals, request_faults, shapes
from scaffold.workspace.context import Context, caller_of, context_of
from scaffold.workspace.doors import vouch
from scaffold.workspace.faults import Fault
from scaffold.workspace.headers import repeated
from scaffold.workspace.identity import Caller
from scaffold.workspace.room import is_lack_of_room
from scaffold.workspace.routes import OPERATIONS, Access, Operation
from scaffold.workspace.services.datastores import refusal_of_foreign_blob
from scaffold.workspace.store.pathnames import UnsafeNameError

_LOG = logging.getLogger("scaffold.workspace.requests")
_LOCK_SECONDS, _LOCK_POLL_SECONDS = 10.0, 0.05
_GROUPS = re.compile(r"/resource[gG]roups/")
_SCOPED = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+"
)


def wire_app(context: Context) -> ASGIApp:
    """The application of the HTTPS port."""
    routes = [
        Route(operation.template, _endpoint(operation), methods=list(operation.methods))
        for operation in OPERATIONS
    ]
    app = Starlette(routes=routes, exception_handlers={405: _unknown_method})
    app.router.default = _unknown
    app.router.redirect_slashes = False
    app.state.context = context
    return _Gate(app, context)


class _Gate:
    """What holds for every request: only our own host names, and never from another web page."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        port = context.endpoints.https_port
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        twice = repeated(scope["headers"])
        if twice is not None:
            fault = faults.bad_request(f"The request has the header {twice} more than once.")
            await _refusal(fault, scope["path"])(scope, receive, send)
            return
        headers = {name: value for name, value in scope["headers"] if name in (b"host", b"origin")}
        # A browser that was told that some name is this address (DNS rebinding) sends that name.
        if headers.get(b"host", b"").decode("latin-1") not in self._hosts or b"origin" in headers:
            fault = faults.forbidden("This service answers only to this machine's own programs.")
            response = _refusal(fault, scope["path"])
            await response(scope, receive, send)
            return
        # Clients do not agree on the case of this one word.
        scope = {**scope, "path": _GROUPS.sub("/resourceGroups/", scope["path"])}
        await self._app(scope, receive, send)


def _endpoint(operation: Operation) -> Any:
    async def answer(request: Request) -> Response:
        try:
            _admit(operation, request)
            await _await_lock(operation, request)
            request_faults.strike(operation, request)
            result = await operation.handler(request)
            return result if isinstance(result, Response) else _json(result)
        except Fault as fault:
            _LOG.info("%s refused: %d %s", operation.name, fault.status, fault.message)
            return _refusal(fault, request.url.path)
        except UnsafeNameError as error:
            return _refusal(faults.bad_request(str(error)), request.url.path)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:
            _LOG.exception("%s failed", operation.name)
            if is_lack_of_room(error) and operation.access is Access.BEARER:
                context_of(request).submissions.tell(caller_of(request).submission, "full")
            failure = faults.of_failure(error, storage=operation.access is Access.SIGNATURE)
            return _refusal(failure, request.url.path)

    return answer


async def _await_lock(operation: Operation, request: Request) -> None:
    """Waits while another program has the database locked, so that nothing is begun that cannot be kept.

    Others are answered meanwhile. This program's own commands do not wait: some only read, or stop the service.

    Raises:
        Fault: it is locked for too long.
    """
    if request.method in ("GET", "HEAD") or operation.access is Access.SECRET:
        return
    database = context_of(request).store.database
    deadline = time.monotonic() + _LOCK_SECONDS
    while not database.is_free():
        if time.monotonic() > deadline:
            raise faults.locked()
        await asyncio.sleep(_LOCK_POLL_SECONDS)


def _admit(operation: Operation, request: Request) -> None:
    """Lets a request in, and notes whose it is.

    Raises:
        Fault: it has no valid token, or is for another workspace.
    """
    context = context_of(request)
    if operation.access is not Access.BEARER:
        return
    caller = _identified(operation, request)
    if caller is None:
        raise faults.unauthenticated()
    vouch(request.scope)
    request.state.caller = caller
    params = request.path_params
    if "{S}" in operation.path and not context.named.is_at(
        params["subscription"], params["group"], params["workspace"]
    ):
        raise faults.not_found(f"Workspace {params['workspace']} in resource group {params['group']}")


def _identified(operation: Operation, request: Request) -> Caller | None:
    """Whose request it is, or None when it brings no token that opens this operation.

    A token that stands in an address may be printed, and is remembered by a browser: it opens the files of one run.
    """
    authority = context_of(request).authority
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        caller = authority.verify(given.strip())
        if caller is None or caller.files_of is not None:
            return None
        if caller.run_id is None or caller.expiry > time.time():
            return caller
        # The clock may have been set while the run is under way.
        return caller if context_of(request).store.runs.goes_on(caller.run_id) else None
    if scheme.lower() != "basic" or operation.files_of is None:
        return None
    with contextlib.suppress(ValueError):
        caller = authority.verify(base64.b64decode(given, validate=True).decode().partition(":")[2])
        return caller if caller is not None and caller.files_of == operation.files_of(request) else None
    return None


async def _unknown(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what the table does not know: 501, by name."""
    await _not_implemented(Request(scope, receive))(scope, receive, send)


def _not_implemented(request: Request) -> Response:
    foreign = refusal_of_foreign_blob(request)
    if foreign is not None:
        return _refusal(foreign, request.url.path)
    path = _SCOPED.sub("…", request.url.path)
    for secret in context_of(request).authority.secrets:  # neither the log nor the answer repeats one
        path = path.replace(secret, "…")
    operation = f"{request.method} {path}"
    _LOG.warning("not implemented: %s", operation)
    known = refusals.find(operation)
    fault = known.fault(operation) if known else faults.not_implemented(operation)
    return _refusal(fault, request.url.path)


async def _unknown_method(request: Request, _: Exception) -> Response:
    return _not_implemented(request)


def _refusal(fault: Fault, path: str) -> Response:
    """A refusal in the shape that the clients of that address read."""
    headers = {"x-ms-error-code": fault.code, **fault.headers}  # the code where storage clients look for it
    if fault.status == 401:
        headers["www-authenticate"] = 'Bearer realm="azureml-scaffold"'
    content, media_type = shapes.written(fault, path)
    return Response(content, status_code=fault.status, headers=headers, media_type=media_type)


def _json(result: Any) -> Response:
    return Response(msgspec.json.encode(result), media_type=shapes.JSON)
