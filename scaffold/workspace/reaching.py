"""The running service as commands reach it: found, asked, and told from one that does not answer.

Imports nothing of the service's own (no starlette, no store): a command that only asks whether it runs
should not pay for what runs it.
"""

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.errors import WorkspaceError
from scaffold.workspace import service_lock
from scaffold.workspace.files import StateFileError
from scaffold.workspace.keys import Keys
from scaffold.workspace.paths import Home
from scaffold.workspace.record import ServiceRecord

if TYPE_CHECKING:
    import http.client

ANSWER_SECONDS = 15.0
"""How long a command waits for a service that lives and does not answer."""

_QUICK_SECONDS = 3.0
_POLL_SECONDS = 0.05
_SAVE_SECONDS = 60.0


class NotAnsweringError(WorkspaceError):
    """A service lives for the home, and does not answer.

    Attributes:
        pid: its process, where that can be told.
    """

    def __init__(self, home: Home, seconds: float) -> None:
        process = service_lock.holder(home)
        self.pid = process.pid if process is not None else None
        named = f" (process {self.pid})" if self.pid is not None else ""
        super().__init__(
            f"The local workspace{named} runs, but does not answer: {seconds:.0f} s were not enough.",
            "It may be busy, so wait and run the command again; 'scaffold workspace stop --force' ends it "
            "(runs under way go on).",
        )


class LostError(WorkspaceError, ConnectionError):
    """A service that was found did not answer a request, or went away during it.

    Attributes:
        pid: its process.
    """

    def __init__(self, message: str, hint: str, pid: int) -> None:
        super().__init__(message, hint)
        self.pid = pid


@dataclass(frozen=True)
class Service:
    """A running service, as a command reaches it.

    Attributes:
        home: its state folder.
        https_port, http_port: where it speaks the wire protocol and where its pages are.
        pid: its process.
        version: of the program that it runs.
        start: what tells this start of it from every other.
    """

    home: Home
    https_port: int
    http_port: int
    pid: int
    version: str
    start: str

    @property
    def portal(self) -> str:
        """The address of its pages, until it ends."""
        return f"http://127.0.0.1:{self.http_port}/{Keys.load(self.home).pages(self.start)}"

    def status(self) -> dict[str, Any]:
        """What it says of itself (see ``services.control.get_status``)."""
        status: dict[str, Any] = self.json("GET", "/status", timeout=ANSWER_SECONDS)
        return status

    def usage(self) -> dict[str, int]:
        """What it keeps on disk for environments (bytes; see ``services.control.get_usage``)."""
        usage: dict[str, int] = self.json("GET", "/usage", timeout=600)
        return usage

    def request(self, method: str, path: str, *, body: Any = None, timeout: float = 60.0) -> "Answer":
        """One control request.

        Args:
            method: HTTP method.
            path: below the control address, such as ``/status``.
            body: sent as JSON.
            timeout: seconds.

        Raises:
            LostError: the service cannot be reached (any more).
            WorkspaceError: it is another version's, and knows no such request.
        """
        with self._asked(method, path, body, timeout) as response:
            headers = {name.lower(): value for name, value in response.getheaders()}
            with self._losing(timeout):
                return Answer(response.status, headers, response.read())

    @contextlib.contextmanager
    def _asked(
        self, method: str, path: str, body: Any, timeout: float
    ) -> "Iterator[http.client.HTTPResponse]":
        """The answer to a request, of which nothing but the head was read.

        Raises:
            LostError: the service cannot be reached (any more).
            WorkspaceError: it is another version's, and knows no such request.
        """
        with self._connection(timeout) as connection:
            yield self._asked_over(connection, method, path, body, timeout)

    @contextlib.contextmanager
    def _connection(self, timeout: float) -> "Iterator[http.client.HTTPSConnection]":
        """A connection for one request or, one after another, for many."""
        import http.client

        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.https_port, timeout=timeout, context=_tls(self.home)
        )
        try:
            yield connection
        finally:
            connection.close()

    def _asked_over(
        self, connection: "http.client.HTTPSConnection", method: str, path: str, body: Any, timeout: float
    ) -> "http.client.HTTPResponse":
        """As :meth:`_asked`, over a connection that is there."""
        address = f"/control/{Keys.load(self.home).control}{path}"
        with self._losing(timeout):
            connection.request(method, address, None if body is None else json.dumps(body))
            response = connection.getresponse()
        if response.status == 501:  # its own service knows whatever this program asks it
            raise WorkspaceError(
                "The local workspace that runs here was started by another version of scaffold.",
                "Restart it (runs under way go on): 'scaffold workspace stop', then this command again.",
            )
        return response

    @contextlib.contextmanager
    def _losing(self, timeout: float) -> Iterator[None]:
        """Tells of a service that goes away, or does not answer in time, while it is spoken to in this block."""
        import http.client

        try:
            yield
        except TimeoutError as error:
            raise LostError(
                f"The local workspace (process {self.pid}) did not answer within {timeout:.0f} s.",
                "It may be busy, so run the command again; 'scaffold workspace status' tells how it is.",
                self.pid,
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise LostError(
                f"The local workspace (process {self.pid}) went away: {error}.",
                "Run the command again: what needs the workspace starts it.",
                self.pid,
            ) from error

    def json(self, method: str, path: str, *, body: Any = None, timeout: float = 60.0) -> Any:
        """The answer to a control request, decoded.

        Raises:
            LostError: the service cannot be reached (any more).
            WorkspaceError: it refuses.
        """
        answer = self.request(method, path, body=body, timeout=timeout)
        document = json.loads(answer.body)
        if answer.status >= 400:
            raise _refusal(document)
        return document

    def save(
        self, targets: Iterable[tuple[str, Path]], done: Callable[[Path], None] = lambda _: None
    ) -> None:
        """Writes the answers to control requests to files, a piece at a time, over one connection.

        Args:
            targets: the path of each request, and the file that is written.
            done: called with each file once it is whole.

        Raises:
            OSError: the service cannot be reached (any more), or a file cannot be written.
            WorkspaceError: it refuses.
        """
        with self._connection(_SAVE_SECONDS) as connection:
            for path, target in targets:
                response = self._asked_over(connection, "GET", path, None, _SAVE_SECONDS)
                if response.status >= 400:
                    with self._losing(_SAVE_SECONDS):
                        raise Answer(response.status, {}, response.read()).refusal()
                with target.open("wb") as stream:
                    while piece := self._piece(response):
                        stream.write(piece)
                done(target)

    def _piece(self, response: "http.client.HTTPResponse") -> bytes:
        with self._losing(_SAVE_SECONDS):
            piece = response.read(1024 * 1024)
            if not piece and response.length:  # which http.client keeps to itself
                raise ConnectionError(f"{response.length} bytes are missing")
            return piece


@dataclass(frozen=True)
class Answer:
    """An answer to a control request."""

    status: int
    headers: dict[str, str]
    body: bytes

    def refusal(self) -> WorkspaceError:
        """The error of an answer that is a refusal."""
        try:
            return _refusal(json.loads(self.body))
        except (ValueError, KeyError, TypeError):
            return WorkspaceError(
                f"The local workspace refuses (status {self.status}).",
                "See its state with 'scaffold workspace status'.",
            )


def _refusal(document: dict[str, Any]) -> WorkspaceError:
    return WorkspaceError(
        f"The local workspace refuses: {document['error']['message']}",
        "See its state with 'scaffold workspace status'.",
    )


def _tls(home: Home) -> ssl.SSLContext:
    # Not create_default_context, which would also read everything that the machine trusts.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=str(home.ca_certificate))
    return context


def find(home: Home, *, seconds: float = ANSWER_SECONDS) -> Service | None:
    """The service that runs for this home, or None when none lives.

    That it can show the certificate of this home's own authority is the proof: nobody else has its key. One that is
    only slow holds its lock, and is waited for: it is never taken for one that is stopped.

    Args:
        home: the state folder.
        seconds: how long to wait for one that lives and does not answer.

    Raises:
        NotAnsweringError: it has not answered by then.
    """
    deadline = time.monotonic() + seconds
    service = reach(home, min(_QUICK_SECONDS, seconds))
    while service is None and service_lock.is_held(home):
        left = deadline - time.monotonic()
        if left <= 0:
            raise NotAnsweringError(home, seconds)
        time.sleep(min(_POLL_SECONDS, left))
        service = reach(home, left)  # one long wait: who tries again joins the end of the queue
    return service


def reach(home: Home, seconds: float) -> Service | None:
    """The service that answers for this home within so long, or None."""
    try:
        port = ServiceRecord.load(home).https_port
        with (
            socket.create_connection(("127.0.0.1", port), timeout=seconds) as plain,
            _tls(home).wrap_socket(plain, server_hostname="127.0.0.1"),
        ):
            # Read again: one that has just been started takes the port of the one before it, and says who it is
            # before it answers.
            record = ServiceRecord.load(home)
    except (OSError, StateFileError):
        return None
    if record.https_port != port:
        return None
    return Service(home, record.https_port, record.http_port, record.pid, record.version, record.start)
