"""The service's process: ``python -m scaffold.workspace.server``, started by ``lifecycle``.

Two listeners on 127.0.0.1: the wire protocol over TLS, and the pages over http (a browser would not know
our CA). The ports of the last time are taken again where they are free, so that processes of runs that
outlived the service find it again.
"""

import asyncio
import json
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
from typing import Any

import filelock
import uvicorn

from scaffold import __version__
from scaffold.workspace import client, identity, opening, room, settings
from scaffold.workspace.app import wire_app
from scaffold.workspace.context import Context, Endpoints
from scaffold.workspace.controls import WorkspaceControls
from scaffold.workspace.doors import BACKLOG, Doors
from scaffold.workspace.engine.engine import Engine
from scaffold.workspace.files import write_atomically
from scaffold.workspace.identity import Authority
from scaffold.workspace.idleness import Activity, stop_when_idle
from scaffold.workspace.naming import WorkspaceName
from scaffold.workspace.paths import Home
from scaffold.workspace.portal.app import portal_app
from scaffold.workspace.settings import SettingError
from scaffold.workspace.store import Store
from scaffold.workspace.store.database import DatabaseTooNewError
from scaffold.workspace.submissions import Submissions

_LOG = logging.getLogger("scaffold.workspace")
_LEAVING_SECONDS = 15.0
_FORGOTTEN_POLL_SECONDS = 2.0
DEFAULT_HTTPS_PORT, DEFAULT_HTTP_PORT = 8765, 8766


def main() -> int:
    """Serves the home that ``SCAFFOLD_HOME`` names until it is told to stop."""
    home = Home.default()
    home.create()
    _log_to(home)
    lock = filelock.FileLock(home.service_lock)
    try:
        lock.acquire(timeout=_LEAVING_SECONDS)  # one that is just ending still has it
    except filelock.Timeout:
        _LOG.warning("another service has this home already")
        return 0
    with lock:
        try:
            asyncio.run(_serve(home))
        except DatabaseTooNewError as error:
            _LOG.error("FATAL the state folder was written by a newer version of scaffold: %s", error)
            return 1
        except SettingError as error:
            _LOG.error("FATAL %s", error)
            return 1
        except (sqlite3.Error, OSError) as error:
            _LOG.exception("FATAL %s", error)
            return room.EXIT_CODE if room.is_lack_of_room(error) else 1
    return 0


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
    with suppress(OSError, ValueError, KeyError):
        record = json.loads(home.service_record.read_bytes())
        return int(record["https_port"]), int(record["http_port"])
    asked = os.environ.get("SCAFFOLD_PORT", "")
    if asked.isdigit():
        first = int(asked)
        return first, first + 1 if first else 0
    return DEFAULT_HTTPS_PORT, DEFAULT_HTTP_PORT


async def _serve(home: Home) -> None:
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
    _write_record(home, endpoints, store, authority.start)
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
        await asyncio.sleep(0.005)
    stop = _stopper(servers)
    opening.watch_for_damage(home, store, stop)
    context.engine.recover()
    _LOG.info("serving %s on ports %d and %d", home.root, endpoints.https_port, endpoints.http_port)
    watches = [asyncio.create_task(_stop_when_forgotten(home, servers)), asyncio.create_task(doors.watch())]
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


async def _stop_when_forgotten(home: Home, servers: list[uvicorn.Server]) -> None:
    """Ends the service when its state folder was removed: nobody can find it, or stop it, any more."""
    while home.service_record.exists():
        await asyncio.sleep(_FORGOTTEN_POLL_SECONDS)
    _LOG.warning("the state folder is gone")
    for server in servers:
        server.should_exit = True


def _write_record(home: Home, endpoints: Endpoints, store: Store, start: str) -> None:
    record = {
        "pid": os.getpid(),
        "start": start,
        "https_port": endpoints.https_port,
        "http_port": endpoints.http_port,
        "version": __version__,
        "workspace_id": store.workspace_id,
    }
    write_atomically(home.service_record, json.dumps(record).encode())


if __name__ == "__main__":
    sys.exit(main())
