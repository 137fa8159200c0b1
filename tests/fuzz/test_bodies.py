"""Requests that are broken as HTTP, bodies that break off or never end: refused, and nothing is kept or remembered."""

import json
import re
import socket
import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import strategies as st

from scaffold.workspace.routes import Access
from scaffold.workspace.services.blobs import DATASTORE
from tests.fuzz import surface
from tests.fuzz.conftest import Fuzz
from tests.fuzz.service import Watched
from tests.fuzz.test_operations import PARTS, path_of
from tests.waiting import until
from tests.workspace.client import SCOPE

MEGABYTE = 1024 * 1024
# A body that is looked at as JSON is in memory once as it came and once as it was read.
MOST_GROWTH = 100 * MEGABYTE
GETBLOB = f"/content/v2.0{SCOPE}/snapshots/getblob"


class Raw:
    """A connection on which anything may be sent."""

    def __init__(self, service: Watched) -> None:
        context = ssl.create_default_context(cafile=str(service.state / "secrets" / "ca.pem"))
        plain = socket.create_connection(("127.0.0.1", service.https_port), timeout=60)
        self._socket = context.wrap_socket(plain, server_hostname="127.0.0.1")
        self._usual = f"Host: 127.0.0.1:{service.https_port}\r\nAuthorization: Bearer {service.token}\r\n"

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> bool:
        """False when the service does not listen any more."""
        try:
            self._socket.sendall(data)
        except (ConnectionError, ssl.SSLError):
            return False
        return True

    def ask(self, line: str, *headers: str, body: bytes = b"") -> None:
        head = "".join(f"{header}\r\n" for header in headers)
        usual = self._usual
        if "Authorization:" in head:  # one of them alone: two are refused
            usual = usual.partition("Authorization:")[0]
        self.send(f"{line} HTTP/1.1\r\n{usual}{head}\r\n".encode("latin-1") + body)

    def stream(self, pieces: Iterable[bytes]) -> None:
        """Sends pieces until the service has enough."""
        for piece in pieces:
            if not self.send(piece):
                return

    def statuses(self, seconds: float = 60) -> list[int]:
        """The statuses of all answers until the service closes the connection, or says nothing for so long."""
        self._socket.settimeout(seconds)
        said = b""
        try:
            while data := self._socket.recv(65536):
                said += data
        except (OSError, ssl.SSLError):
            pass
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", said)]

    def status(self) -> int:
        """The status of the first answer."""
        self._socket.settimeout(60)
        said = b""
        while b"\r\n" not in said:
            data = self._socket.recv(65536)
            if not data:
                return 0
            said += data
        return int(said.split()[1])


@pytest.fixture
def lasting(service: Watched) -> Iterator[psutil.Process]:
    """The service's process, which lives on; nothing of an upload is left."""
    process = psutil.Process(json.loads((service.state / "service.json").read_bytes())["pid"])
    yield process
    assert process.is_running()
    assert service.get("/subscriptions").status == 200
    until(lambda: not uploads(service))


def uploads(service: Watched) -> list[Path]:
    return [path for path in (service.state / "staging").iterdir() if not path.name.startswith("blocks-")]


def json_requests(service: Watched) -> list[tuple[str, str]]:
    """Method and path of every operation that reads JSON."""
    return [
        (method, path_of(service, operation, PARTS, {}))
        for method, operation in surface.operations(Access.BEARER)
        if surface.body_type(operation) is not None and method != "GET"
    ]


def test_a_body_that_breaks_off_is_not_taken(lasting: psutil.Process, service: Watched):
    before = service.rows()
    for method, path in json_requests(service):
        with Raw(service) as raw:
            raw.ask(f"{method} {path}", "Content-Length: 1000", body=b'{"name": "br')
        with Raw(service) as raw:
            raw.ask(f"{method} {path}", "Transfer-Encoding: chunked", body=b"5\r\n{}")

    assert service.rows() == before


def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(
    lasting: psutil.Process, service: Watched
):
    for method, path in json_requests(service):
        for length in (32 * MEGABYTE + 1, 10**15):
            with Raw(service) as raw:
                raw.ask(f"{method} {path}", f"Content-Length: {length}")
                assert raw.status() in (413, 404, 409), path  # or what it is about is not there


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Length: -1"], b"{}"),
        (["Content-Length: x"], b"{}"),
        (["Content-Length: 2", "Content-Length: 3"], b"{}"),
        (["Content-Length: 99999999999999999999999"], b"{}"),
        (["Content-Length: 2", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
        (["Transfer-Encoding: chunked, x"], b"{}"),
        (["Transfer-Encoding: chunked"], b"x\r\n{}\r\n0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"-2\r\n{}\r\n0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"1\r\n{}\r\n0\r\n\r\n"),
        (["X: a\0b"], b""),
        (["X y: z"], b""),
        ([": z"], b""),
    ],
    ids=str,
)
def test_what_is_no_http_is_refused(
    lasting: psutil.Process, service: Watched, headers: list[str], body: bytes
):
    with Raw(service) as raw:
        raw.ask(f"POST {GETBLOB}", *headers, body=body)
        assert set(raw.statuses()) == {400}


@pytest.mark.parametrize(
    "said",
    [b"\0", b"\r\n" * 1000, b"\x16\x03\x01", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
     b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET //evil.example/x HTTP/1.1\r\nHost: a\r\n\r\n",
     b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", b"get / http/1.1\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_request_of_ours_gets_no_answer_of_ours(
    lasting: psutil.Process, service: Watched, said: bytes
):
    with Raw(service) as raw:
        raw.send(said)
        # It may be the beginning of a request still, whose rest the service would wait for.
        assert set(raw.statuses(1)) <= {400, 403}


def test_a_longer_body_than_announced_is_no_part_of_it(lasting: psutil.Process, service: Watched):
    """What follows is another request, or none."""
    url = service.signed(DATASTORE, "longer")
    with Raw(service) as raw:
        raw.ask(f"PUT {url}", "Content-Length: 3", body=b"abcdef")
        assert raw.statuses() in ([201, 400], [400])

    got = service.request("GET", url, token=None)
    assert got.status == 404 or got.body == b"abc"


def test_bytes_of_any_kind_are_answered_or_refused(lasting: psutil.Process, service: Watched, fuzz: Fuzz):
    request = (
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{service.https_port}\r\nContent-Length: 5\r\n\r\n12345".encode()
    )

    def send(at: int, noise: bytes, end: int) -> None:
        with Raw(service) as raw:
            raw.send(request[:at] + noise + request[at:end])

    fuzz(
        send,
        200,
        at=st.integers(0, len(request)),
        noise=st.binary(max_size=20),
        end=st.integers(0, len(request)),
    )


# Without end


def grown(process: psutil.Process, before: int) -> int:
    return int(process.memory_info().rss) - before


CHUNK = b"x" * 65536
ENDLESS = {
    "an address": [b"GET /"],
    "a header": [b"GET / HTTP/1.1\r\nHost: x\r\nX: "],
    "a header's name": [b"GET / HTTP/1.1\r\nHost: x\r\n"],
}


@pytest.mark.parametrize("what", [*ENDLESS, "headers", "requests", "trailers"])
def test_a_head_without_end_takes_no_memory(lasting: psutil.Process, service: Watched, what: str):
    before = lasting.memory_info().rss
    host = f"Host: 127.0.0.1:{service.https_port}\r\n".encode()
    with Raw(service) as raw:
        pieces = {
            "headers": [b"GET / HTTP/1.1\r\n", *[b"X: y\r\n" * 10_000] * 400],
            "requests": [(b"GET /metadata/endpoints HTTP/1.1\r\n" + host + b"\r\n") * 1000] * 400,
            "trailers": [b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
                         *[b"X: y\r\n" * 10_000] * 400],
        }.get(what) or [*ENDLESS[what], *[CHUNK] * 400]  # fmt: skip
        raw.stream(pieces)
        raw.statuses(1)
    assert grown(lasting, before) < 20 * MEGABYTE


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
@pytest.mark.parametrize("path", [GETBLOB, "/unknown", "/azureml/unsigned"])
@pytest.mark.parametrize("token", [True, False], ids=["with a token", "without"])
def test_a_body_without_end_takes_no_memory(
    lasting: psutil.Process, service: Watched, path: str, token: bool, chunked: bool
):
    before = lasting.memory_info().rss
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {10**12}"
    with Raw(service) as raw:
        authorization = [] if token else ["Authorization: none"]
        raw.ask(f"POST {path}", *authorization, length)
        raw.stream([b"10000\r\n" + CHUNK + b"\r\n" if chunked else CHUNK] * 1000)
        assert raw.status() in ((413,) if token and path == GETBLOB else (401, 403, 413, 501))
    assert grown(lasting, before) < MOST_GROWTH


@pytest.mark.parametrize(
    "comp", ["", "&comp=block&blockid=QQ==", "&comp=blocklist"], ids=["blob", "block", "list"]
)
def test_a_blob_of_any_size_takes_no_memory(lasting: psutil.Process, service: Watched, comp: str):
    """A block may have 100 MB; a blob is kept as it comes, and what breaks off is gone."""
    before = lasting.memory_info().rss
    url = service.signed(DATASTORE, "large")
    with Raw(service) as raw:
        raw.ask(f"PUT {url}{comp}", "Transfer-Encoding: chunked")
        raw.stream([b"10000\r\n" + CHUNK + b"\r\n"] * 1680)
        if comp:
            assert raw.status() == 413
        growth = grown(lasting, before)
    assert growth < 40 * MEGABYTE
    assert service.request("GET", url, token=None).status == 404


@pytest.mark.parametrize(
    ("shape", "status"),
    [
        (b"[" * 15 * MEGABYTE, 400),
        (b'{"FileNames": [' + b"1," * 5 * MEGABYTE + b"1]}", 400),
        (b" " * 32 * MEGABYTE, 400),
    ],
    ids=["deep", "long", "empty"],
)  # fmt: skip
def test_a_large_body_of_nothing_is_refused(
    lasting: psutil.Process, service: Watched, shape: bytes, status: int
):
    assert service.post(GETBLOB, shape).status == status
