"""The service's process: ``python -m scaffold.workspace.server``, started by ``lifecycle``.

Two listeners on 127.0.0.1: the wire protocol over TLS, and the pages over http (a browser would not know
our CA). The ports of the last time are taken again where they are free, so that processes of runs that
outlived the service find it again.
"""

import asyncio
import logging
import logging.handlers
import os
import secrets
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import filelock
import uvicorn

from scaffold import __version__
from scaffold.errors import WorkspaceError
from scaffold.workspace import client, identity, opening, room, settings, temporary
from scaffold.workspace.app import wire_app
from scaffold.workspace.context import Context, Endpoints
from scaffold.workspace.controls import WorkspaceControls
from scaffold.workspace.doors import BACKLOG, Doors
from scaffold.workspace.engine.engine import Engine
from scaffold.workspace.engine.patience import patiently
from scaffold.workspace.files import StateFileError, write_atomically
from scaffold.workspace.identity import Authority
from scaffold.workspace.idleness import Activity, stop_when_idle
from scaffold.workspace.naming import WorkspaceName
from scaffold.workspace.paths import Home
from scaffold.workspace.portal.app import portal_app
from scaffold.workspace.record import ServiceRecord
from scaffold.workspace.store import Store
from scaffold.workspace.store.database import DatabaseTooNewError
from scaffold.workspace.submissions import Submissions

_LOG = logging.getLogger("scaffold.workspace")
_LEAVING_SECONDS = 15.0
_LOOK_SECONDS = 2.0
DEFAULT_HTTPS_PORT, DEFAULT_HTTP_PORT = 8765, 8766


def main() -> int:
    """Serves the home that ``SCAFFOLD_HOME`` names until it is told to stop."""
    home = Home.default()
    try:
        home.create()
        _log_to(home)
        return _serve_alone(home)
    except DatabaseTooNewError as error:
        _LOG.error("FATAL the state folder was written by a newer version of scaffold: %s", error)
    except WorkspaceError as error:
        _tell(error)
    except (sqlite3.Error, OSError) as error:
        _LOG.exception("the service ends")
        if room.is_lack_of_room(error) or room.lack_of_files(home.root):
            return room.EXIT_CODE
        _tell(opening.refusal(home, error))
    return 1


def _serve_alone(home: Home) -> int:
    lock = filelock.FileLock(home.service_lock)
    try:
        lock.acquire(timeout=_LEAVING_SECONDS)  # one that is just ending still has it
    except filelock.Timeout:
        _LOG.warning("another service has this home already")
        return 0
    with lock:
        asyncio.run(_serve(home))
    return 0


def _tell(error: WorkspaceError) -> None:
    """Leaves the two lines of an error for the command that waits (see ``lifecycle``), or for standard error."""
    if not logging.getLogger().handlers:  # the log could not be opened
        sys.stderr.write(f"service FATAL {error.message}\nservice ADVICE {error.hint}\n")
        return
    _LOG.error("FATAL %s", error.message)
    _LOG.error("ADVICE %s", error.hint)


class _OneLine(logging.Formatter):
    """A message is one line, whatever names of a client's it holds; only a traceback has more."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in record.message)
        return super().formatMessage(record)


def _log_to(home: Home) -> None:
    handler = logging.handlers.RotatingFileHandler(
        home.service_log, maxBytes=5_000_000, backupCount=2, encoding="utf-8"
    )
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # A handshake that a client breaks off is its own affair.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def _bind(doors: Doors, wanted: int) -> socket.socket:
    """A listening socket on the wanted port, or on any free one."""
    for port in dict.fromkeys((wanted, 0)):
        with suppress(OSError):
            return doors.listener(port)
    raise OSError("no free port on 127.0.0.1")


def _wanted_ports(home: Home) -> tuple[int, int]:
    """The ports of the last time; at first the default ones, or what ``SCAFFOLD_PORT`` says (0: any)."""
    with suppress(FileNotFoundError, StateFileError):
        record = ServiceRecord.load(home)
        return record.https_port, record.http_port
    asked = settings.port()
    if asked is not None:
        return asked, asked + 1 if asked else 0
    return DEFAULT_HTTPS_PORT, DEFAULT_HTTP_PORT


async def _serve(home: Home) -> None:
    settings.check()
    idle, width = settings.idle_seconds(), settings.width()
    keys = identity.prepare(home)
    store = opening.open_store(home)
    store.content.clear_staging()
    wanted = _wanted_ports(home)
    doors = Doors()
    https, http = _bind(doors, wanted[0]), _bind(doors, wanted[1])
    endpoints = Endpoints(https.getsockname()[1], http.getsockname()[1])
    authority = Authority(keys, secrets.token_hex(8))
    context = _assemble(home, store, authority, endpoints, width)
    # Before it answers: whoever finds the port answering reads here which process that is.
    record = _record(endpoints, store, authority.start)
    record.save(home)
    servers: list[uvicorn.Server] = []
    controls = WorkspaceControls(context, lambda: any(server.should_exit for server in servers))
    activity = Activity(doors)
    servers += [
        _server(doors.before(wire_app(context)), home, activity),
        _server(doors.before(portal_app(context, controls)), None, activity),
    ]
    tasks = [
        asyncio.create_task(server.serve(sockets=[listener]))
        for server, listener in zip(servers, (https, http), strict=True)
    ]
    while not all(server.started or server.should_exit for server in servers):
        for task in tasks:
            if task.done():
                task.result()  # raises why it could not begin
        await asyncio.sleep(0.005)
    stop = _stopper(servers)
    opening.watch_for_damage(home, store, stop)
    temporary.clear_old(home, {run.run_id for run in store.runs.unfinished()})
    await patiently(context.engine.recover, lambda reason: _LOG.warning("taking up runs: %s", reason))
    _LOG.info("serving %s on ports %d and %d", home.root, endpoints.https_port, endpoints.http_port)
    watches = [
        asyncio.create_task(_keep_files(home, store, record, stop)),
        asyncio.create_task(doors.watch()),
    ]
    if idle is not None:
        idling = stop_when_idle(activity, context.engine, store, idle, stop)
        watches.append(asyncio.create_task(idling))
    await asyncio.gather(*tasks)
    for watch in watches:
        watch.cancel()
    await context.engine.stop()
    with suppress(sqlite3.Error):  # damaged
        store.close()
    _LOG.info("stopped")


def _assemble(
    home: Home, store: Store, authority: Authority, endpoints: Endpoints, width: int | None
) -> Context:
    submissions = Submissions()
    context: Context

    def tell(run: Any, event: str, details: dict[str, Any]) -> None:
        submissions.tell(run.submission, event, run_id=run.run_id, **details)

    def variables(run: Any) -> dict[str, str]:
        return client.run_variables(context, run)

    engine = Engine(home, store, variables, tell, width)
    context = Context(
        home=home,
        named=WorkspaceName.load(home),
        store=store,
        engine=engine,
        authority=authority,
        endpoints=endpoints,
        submissions=submissions,
    )
    return context


def _server(app: Any, home: Home | None, activity: Activity) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        http=activity.protocol,
        ws="none",
        loop="asyncio",
        server_header=False,
        proxy_headers=False,  # there is none in front of it, and nobody is to say what it would have said
        backlog=BACKLOG,
        timeout_graceful_shutdown=3,
        ssl_certfile=str(home.server_certificate) if home else None,
    )
    return uvicorn.Server(config)


def _stopper(servers: list[uvicorn.Server]) -> Callable[..., None]:
    """What stops both servers, from any thread, and at a signal: each would catch that for itself alone."""

    def stop(*_: Any) -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return stop


async def _keep_files(home: Home, store: Store, record: ServiceRecord, stop: Callable[[], None]) -> None:
    """Keeps the files by which commands find this service and prove who they are, whatever becomes of them.

    Notes in the record how far the database has come, too, so that the next start knows what is to be in it. Ends the
    service when its state folder was removed: nobody can find it, or stop it, any more.
    """
    kept = {path: path.read_bytes() for path in (home.secret_keys, home.ca_certificate)}
    kept[home.service_record] = record.encoded()
    changes = 0
    while home.service_record.exists():
        with suppress(sqlite3.OperationalError):  # a full disk or a lock; the next look tries again
            if store.database.changes != changes:
                record = replace(record, mark=store.mark())
                kept[home.service_record] = record.encoded()
                changes = store.database.changes
        for path, content in kept.items():
            with suppress(OSError):  # likewise
                if not path.exists() or path.read_bytes() != content:
                    await asyncio.to_thread(write_atomically, path, content)
        await asyncio.sleep(_LOOK_SECONDS)
    _LOG.warning("the state folder is gone")
    stop()


def _record(endpoints: Endpoints, store: Store, start: str) -> ServiceRecord:
    return ServiceRecord(
        os.getpid(),
        endpoints.https_port,
        endpoints.http_port,
        __version__,
        start,
        store.workspace_id,
        opening.boot(),
    )


if __name__ == "__main__":
    sys.exit(main())
