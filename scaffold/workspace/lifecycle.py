"""Starting, finding and stopping the service, from a command's side.

Imports nothing of the service's own (no starlette, no store): a command that only asks whether it runs
should not pay for what runs it.
"""

import contextlib
import json
import os
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold import __version__
from scaffold.errors import WorkspaceError
from scaffold.workspace.keys import Keys
from scaffold.workspace.paths import Home

if TYPE_CHECKING:
    import http.client

START_SECONDS = 60.0
STOP_SECONDS = 20.0


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
        status: dict[str, Any] = self.json("GET", "/status")
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
            OSError: the service cannot be reached (any more).
            WorkspaceError: it is another version's, and knows no such request.
        """
        with self._asked(method, path, body, timeout) as response:
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())

    @contextlib.contextmanager
    def _asked(
        self, method: str, path: str, body: Any, timeout: float
    ) -> "Iterator[http.client.HTTPResponse]":
        """The answer to a request, of which nothing but the head was read.

        Raises:
            OSError: the service cannot be reached (any more).
            WorkspaceError: it is another version's, and knows no such request.
        """
        import http.client

        context = _tls(self.home)
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.https_port, timeout=timeout, context=context
        )
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, f"/control/{Keys.load(self.home).control}{path}", sent)
            response = connection.getresponse()
            if response.status == 501:  # its own service knows whatever this program asks it
                raise WorkspaceError(
                    "The local workspace that runs here was started by another version of scaffold.",
                    "Restart it (runs under way go on): 'scaffold workspace stop', then this command again.",
                )
            yield response
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    def json(self, method: str, path: str, *, body: Any = None, timeout: float = 60.0) -> Any:
        """The answer to a control request, decoded.

        Raises:
            OSError: the service cannot be reached (any more).
            WorkspaceError: it refuses.
        """
        answer = self.request(method, path, body=body, timeout=timeout)
        document = json.loads(answer.body)
        if answer.status >= 400:
            raise _refusal(document)
        return document

    def save(self, path: str, target: Path) -> None:
        """Writes the answer to a control request to a file, a piece at a time.

        Raises:
            OSError: the service cannot be reached (any more), or the file cannot be written.
            WorkspaceError: it refuses.
        """
        import shutil

        with self._asked("GET", path, None, 60.0) as response:
            if response.status >= 400:
                raise _refusal(json.loads(response.read()))
            with target.open("wb") as stream:
                shutil.copyfileobj(response, stream, 1024 * 1024)


@dataclass(frozen=True)
class Answer:
    """An answer to a control request."""

    status: int
    headers: dict[str, str]
    body: bytes


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


def find(home: Home) -> Service | None:
    """The service that runs for this home, or None.

    That it can show the certificate of this home's own authority is the proof: nobody else has its key.
    """
    try:
        port = _recorded(home).https_port
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5.0) as plain,
            _tls(home).wrap_socket(plain, server_hostname="127.0.0.1"),
        ):
            # Read again: one that has just been started takes the port of the one before it, and says who it is
            # before it answers.
            service = _recorded(home)
        return service if service.https_port == port else None
    except (OSError, ValueError, KeyError):
        return None


def _recorded(home: Home) -> Service:
    """The service that was written down for this home, running or not."""
    record = json.loads(home.service_record.read_bytes())
    return Service(
        home,
        https_port=int(record["https_port"]),
        http_port=int(record["http_port"]),
        pid=int(record["pid"]),
        version=str(record["version"]),
        start=str(record.get("start", "")),  # an older version's has none
    )


def ensure(home: Home) -> Service:
    """The service of this home, started when it does not run; restarted when it is of another version.

    Raises:
        WorkspaceError: it could not be started; the message gives its own last words.
    """
    service = find(home)
    if service is not None and service.version == __version__:
        return service
    import filelock

    try:
        home.create()
    except OSError as error:
        raise WorkspaceError(
            f"The state folder {home.root} cannot be made: {error.strerror}.",
            "Set SCAFFOLD_HOME to a folder that you can write to.",
        ) from error
    with filelock.FileLock(home.start_lock):
        service = find(home)
        if service is not None and service.version == __version__:
            return service
        if service is not None:  # runs go on while it is replaced
            _stop(service)
        return _start(home)


def take_notice(home: Home) -> str | None:
    """What a person has to be told of the workspace, for the one command that asks first; else None."""
    try:
        notice = home.notice.read_text(encoding="utf-8")
        home.notice.unlink()
    except OSError:
        return None
    return notice


def _start(home: Home) -> Service:
    import subprocess

    mark = home.service_log.stat().st_size if home.service_log.exists() else 0
    environment = dict(os.environ) | {"SCAFFOLD_HOME": str(home.root)}
    options: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined,unused-ignore]
        options = {"creationflags": flags}
    with home.service_log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "scaffold.workspace.server"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=home.root,
            close_fds=True,
            **options,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        service = find(home)
        if service is not None:
            return service
        if process.poll() is not None:
            break
        time.sleep(0.02)
    from scaffold.workspace.room import EXIT_CODE

    if process.returncode == EXIT_CODE:
        raise WorkspaceError(
            f"The local workspace did not start: the disk that holds {home.root} is full.",
            "Make room there, and run the command again.",
        )
    raise WorkspaceError(
        f"The local workspace did not start: {_last_words(home.service_log, mark)}",
        f"See {home.service_log}, or set SCAFFOLD_HOME to another folder; "
        "'scaffold workspace reset' sets the state aside.",
    )


def _last_words(log: Path, mark: int) -> str:
    try:
        with log.open("rb") as stream:
            stream.seek(mark)
            lines = stream.read().decode(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    fatal = [line for line in lines if " FATAL " in line]
    if fatal:
        return fatal[-1].partition(" FATAL ")[2]
    return lines[-1].strip() if lines else "it said nothing"


def _stop(service: Service) -> None:
    service.request("POST", "/stop", timeout=5.0)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if find(service.home) is None and _gone(service.pid):
            return
        time.sleep(0.02)
    raise WorkspaceError(
        f"The local workspace (process {service.pid}) does not stop.",
        f"End that process by hand; its log is {service.home.service_log}.",
    )


def _gone(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return True


def stop(home: Home) -> bool:
    """Stops the service of this home; what it is running goes on.

    Returns:
        False when none was running.

    Raises:
        WorkspaceError: it does not stop.
    """
    service = find(home)
    if service is None:
        return False
    _stop(service)
    return True


def reset(home: Home) -> Path | None:
    """Begins anew: stops the service and sets its state aside, ending runs. Environments and secrets stay.

    Returns:
        The folder that the old state is in now, or None when there was none.

    Raises:
        WorkspaceError: the service does not stop.
    """
    from scaffold.workspace import aside

    stop(home)
    _forget_workspace(home)
    return aside.set_aside(home)


def _forget_workspace(home: Home) -> None:
    """Keeps the ports alone of what was written down of the service, so that no state is looked for."""
    from scaffold.workspace.files import write_atomically

    with contextlib.suppress(OSError, ValueError):
        record = json.loads(home.service_record.read_bytes())
        record.pop("workspace_id", None)
        write_atomically(home.service_record, json.dumps(record).encode())
