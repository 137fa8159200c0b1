"""Headers that decide who is let in, and where a request ends, stand in it once."""

import http.client

import pytest

from tests.workspace.client import Workspace


@pytest.mark.parametrize("name", ["Host", "Origin", "Content-Length", "Authorization"])
@pytest.mark.parametrize("page", [False, True], ids=["wire", "page"])
def test_a_header_that_decides_may_stand_there_once(workspace: Workspace, name: str, page: bool):
    """Of two, each reader could take another; also two that say the same."""
    port = workspace.http_port if page else workspace.https_port
    own = {
        "Host": f"127.0.0.1:{port}",
        "Origin": f"http://127.0.0.1:{port}",
        "Content-Length": "0",
        "Authorization": f"Bearer {workspace.token}",
    }
    for second in (own[name], {"Content-Length": "1"}.get(name, "evil.example")):
        for values in ((own[name], second), (second, own[name])):
            heads = [(key, value) for key, value in own.items() if key not in (name, "Origin")]
            heads += [(name, value) for value in values]
            assert raw_status(workspace, page, heads) == 400, values


def raw_status(workspace: Workspace, page: bool, headers: list[tuple[str, str]]) -> int:
    """The status of an answer to a request with exactly these headers."""
    path = workspace.inside("/runs") if page else "/subscriptions"
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    connection = (
        http.client.HTTPConnection("127.0.0.1", workspace.http_port, timeout=60)
        if page
        else workspace.connect()
    )
    connection.connect()
    try:
        assert connection.sock is not None
        connection.sock.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        response = http.client.HTTPResponse(connection.sock)
        response.begin()
        return response.status
    finally:
        connection.close()
