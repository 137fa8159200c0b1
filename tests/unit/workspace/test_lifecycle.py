"""Which process it is that runs for a state folder."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from scaffold.workspace import identity, lifecycle
from scaffold.workspace.paths import Home


def write_record(home: Home, pid: int, port: int) -> None:
    record = {"pid": pid, "https_port": port, "http_port": 1, "version": "1"}
    home.service_record.write_text(json.dumps(record), encoding="utf-8")


@contextmanager
def beginning(home: Home, pid: int) -> Iterator[int]:
    """A service that says who it is once somebody has come to its port, and answers then; yields its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(home.server_certificate)

    def serve(listener: socket.socket, port: int) -> None:
        plain, _ = listener.accept()
        write_record(home, pid, port)
        context.wrap_socket(plain, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = Thread(target=serve, args=(listener, port))
        thread.start()
        yield port
        thread.join()


def test_a_service_that_takes_the_port_of_the_one_before_it_is_told_from_it(tmp_path: Path):
    home = Home(tmp_path)
    identity.prepare(home)
    with beginning(home, pid=22) as port:
        write_record(home, 11, port)

        found = lifecycle.find(home)

    assert found is not None
    assert found.pid == 22
