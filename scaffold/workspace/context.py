"""What every service needs to answer a request: the store, the engine, and where this service is reached."""

from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults, untrusted
from scaffold.workspace.engine.engine import Engine
from scaffold.workspace.identity import Authority, Caller
from scaffold.workspace.naming import WorkspaceName
from scaffold.workspace.paths import Home
from scaffold.workspace.store import Store
from scaffold.workspace.submissions import Submissions

_T = TypeVar("_T")
ACCOUNT = "local"
"""The name of the workspace's own storage account."""

MAX_JSON_BYTES = 32 * 1024 * 1024


class Endpoints(msgspec.Struct, frozen=True):
    """Where the service is reached.

    Attributes:
        https_port: the wire protocol, over TLS.
        http_port: the pages.
    """

    https_port: int
    http_port: int

    @property
    def base(self) -> str:
        return f"https://127.0.0.1:{self.https_port}"

    @property
    def blob_base(self) -> str:
        """The base of blob URLs.

        The SDK takes account and suffix from the host name by splitting at dots, which an address does
        not survive; a host with user information does, and needs no name resolution.
        """
        return f"https://{ACCOUNT}.blob.{self.blob_endpoint}"

    @property
    def blob_endpoint(self) -> str:
        """What a datastore's record calls ``endpoint``: all that follows ``https://{account}.blob.``."""
        return f"core.local@127.0.0.1:{self.https_port}"


class Context(msgspec.Struct, frozen=True):
    """The parts of one running workspace."""

    home: Home
    named: WorkspaceName
    store: Store
    engine: Engine
    authority: Authority
    endpoints: Endpoints
    submissions: Submissions

    @property
    def scope(self) -> str:
        """The ARM resource id of the workspace."""
        return self.named.scope

    @property
    def portal(self) -> str:
        """The base of page URLs, which the SDK builds ``run.get_portal_url()`` from."""
        return f"http://127.0.0.1:{self.endpoints.http_port}/{self.authority.pages}"

    @property
    def discovery_url(self) -> str:
        """The address of the discovery document.

        The SDK keeps what it was answered there, for ever: the start in it has it ask again once the pages have
        another address.
        """
        secret = f"{self.authority.keys.discovery}.{self.authority.start}"
        return f"{self.endpoints.base}/discovery/{secret}/workspaces/{self.store.workspace_id}"

    def blob_url(self, container: str, name: str, permissions: str) -> str:
        """A URL that permits reading ("r") or reading and writing ("rw") one blob.

        What is only read has a plain address, which every program can open: Python's own ``urllib`` takes
        the user information of the other form, which the blob client needs to write, for a part of the name.
        """
        from urllib.parse import quote

        signature = self.authority.sign_blob(container, name, permissions)
        base = self.endpoints.blob_base if "w" in permissions else self.endpoints.base
        return f"{base}/{container}/{quote(name)}?{signature}"


def context_of(request: Request) -> Context:
    """The context of the application that serves the request."""
    context: Context = request.app.state.context
    return context


def caller_of(request: Request) -> Caller:
    """Whose request it is; set when the request was let in."""
    caller: Caller = request.state.caller
    return caller


async def body_as(request: Request, kind: type[_T]) -> _T:
    """The request's JSON object as a record of that kind.

    Raises:
        Fault: it is too large, not JSON, or of another shape; the message says where.
    """
    body = await read_body(request, MAX_JSON_BYTES)
    try:
        return msgspec.convert(decoded(body) if body else {}, kind)
    except msgspec.ValidationError as error:
        raise faults.bad_request(f"The body has another shape: {error}") from None


def decoded(body: bytes) -> Any:
    """JSON that came from outside.

    Raises:
        Fault: it is not JSON, or not such as can be kept and sent again.
    """
    try:
        return untrusted.decoded(body)
    except untrusted.NotReadableError as error:
        raise faults.bad_request(f"The body is not JSON that can be read: {error}.") from None


def check_announced(request: Request, limit: int) -> None:
    """Refuses a body that says of itself that it is larger, before any of it is read.

    Raises:
        Fault: it does.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise faults.too_large(limit)


async def read_body(request: Request, limit: int) -> bytes:
    """The request's body.

    Raises:
        Fault: it is larger than ``limit`` (bytes).
    """
    check_announced(request, limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise faults.too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)
