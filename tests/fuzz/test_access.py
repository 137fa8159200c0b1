"""Every operation of the table with every credential that is none: nothing is told, and nothing is changed."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import jwt
import pytest

from scaffold.workspace.routes import Access, Operation
from scaffold.workspace.services.blobs import CONTAINERS
from tests.fuzz import surface
from tests.fuzz.service import Watched
from tests.fuzz.test_operations import PARTS, path_of
from tests.workspace.client import SCOPE

AUDIENCE = "https://management.azure.com/"
HOUR = 3600


@pytest.fixture(autouse=True)
def unchanged(service: Watched) -> Iterator[None]:
    """Not a row of the database changes during a test."""
    before = service.rows()
    yield
    assert service.rows() == before


def claims(service: Watched, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    tenant = service.keys["tenant_id"]
    usual = {
        "aud": AUDIENCE,
        "iss": f"https://127.0.0.1/{tenant}/",
        "tid": tenant,
        "iat": now,
        "exp": now + HOUR,
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def part(document: Any) -> str:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def tampered(service: Watched) -> str:
    """The owner's token with a claim added."""
    head, _, signature = service.token.split(".")
    return f"{head}.{part(claims(service, run='fuzz_run'))}.{signature}"


def forged(service: Watched, key: str | None = None, algorithm: str = "HS256", **changes: Any) -> str:
    return jwt.encode(claims(service, **changes), key or service.keys["signing"], algorithm=algorithm)


TOKENS: dict[str, Callable[[Watched], str]] = {
    "expired": lambda s: forged(s, exp=int(time.time()) - 60),
    "without an expiry": lambda s: forged(s, exp=None),
    "not valid yet": lambda s: forged(s, nbf=int(time.time()) + HOUR),
    "of another workspace": lambda s: forged(s, key="x" * 32),
    "signed with another secret of this one": lambda s: forged(s, key=s.keys["identity"]),
    "signed with nothing": lambda s: f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims(s))}.",
    "of no algorithm": lambda s: f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims(s))}.",
    "of another algorithm": lambda s: forged(s, algorithm="HS512"),
    "of several algorithms": lambda s: f"{part({'alg': ['HS256', 'none']})}.{part(claims(s))}.x",
    "for another audience": lambda s: forged(s, aud="https://storage.azure.com/"),
    "for no audience": lambda s: forged(s, aud=None),
    "tampered with": tampered,
    "cut short": lambda s: s.token[:-2],
    "with a deep head": lambda s: f"{part(b'[' * 20_000)}.{part(claims(s))}.x",
    "with a head that is no JSON": lambda s: f"{part(bytes(range(256)))}.{part(claims(s))}.x",
    "a secret": lambda s: s.keys["signing"],
    "a signature": lambda s: s.signed("azureml", "x").partition("sig=")[2].partition("&")[0],
    "of other letters": lambda s: "\xe9.\xe9.\xe9",
    "long": lambda s: "x" * 60_000,
}
HEADERS: dict[str, Callable[[Watched], dict[str, str]]] = {
    "none": lambda s: {},
    "empty": lambda s: {"Authorization": ""},
    "another scheme": lambda s: {"Authorization": f"Basic {s.token}"},
    "as a password": lambda s: {
        "Authorization": f"Basic {base64.b64encode(f':{s.token}'.encode()).decode()}"
    },
    "no scheme": lambda s: {"Authorization": s.token},
    "a cookie": lambda s: {"Cookie": f"scaffold={s.pages}; token={s.token}"},
    "another header": lambda s: {"X-MS-Token": s.token, "Proxy-Authorization": f"Bearer {s.token}"},
}


def requests_to(service: Watched, *access: Access) -> Iterator[tuple[str, Operation, str]]:
    for method, operation in surface.operations(*access, also_fatal=True):
        yield method, operation, path_of(service, operation, PARTS, {})


@pytest.mark.parametrize("kind", TOKENS)
def test_a_token_that_is_none_opens_nothing(service: Watched, kind: str):
    token = TOKENS[kind](service)
    for method, operation, path in requests_to(service, Access.BEARER):
        answer = service.request(method, path, b"{}", token=token)
        assert answer.status == 401, (method, operation.path)


@pytest.mark.parametrize("kind", HEADERS)
def test_without_a_bearer_token_nothing_opens(service: Watched, kind: str):
    headers = HEADERS[kind](service)
    for method, operation, path in requests_to(service, Access.BEARER):
        query = f"{'&' if '?' in path else '?'}access_token={service.token}"
        answer = service.request(method, path + query, b"{}", token=None, headers=headers)
        assert answer.status == 401, (method, operation.path)


@pytest.mark.parametrize(
    "secret", ["", "x", "signing", "portal", "tenant_id", "another", "the token", "longer", "cut"]
)
def test_a_secret_that_is_another_opens_nothing(service: Watched, secret: str):
    """Whatever token comes with it."""
    for method, operation, path in requests_to(service, Access.SECRET):
        own = service.secret_of(operation.path)
        others = [key for key in (service.keys["identity"], service.keys["control"]) if key != own]
        wrong = {
            "another": others[0], "the token": service.token, "longer": own + "x",
            "cut": own[:-1], **service.keys,
        }.get(secret, secret)  # fmt: skip
        answer = service.request(method, path.replace(own, quote(wrong)), b"{}")
        assert answer.status in ((403,) if secret else (403, 501)), (method, operation.path)


def signature(
    service: Watched, *signed: str, resource: str = "b", permissions: str, expiry: str, key: str = ""
) -> str:
    """A query as the service signs one, made by hand."""
    message = json.dumps(signed).encode()
    digest = hmac.new((key or service.keys["signing"]).encode(), message, hashlib.sha256).digest()
    sig = quote(base64.b64encode(digest).decode(), safe="")
    return f"sv=2021-08-06&sr={resource}&sig={sig}&se={quote(expiry)}&sp={permissions}"


SOON, PAST = "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"


def signatures(service: Watched, container: str, name: str) -> dict[str, str]:
    """Queries that look like a signature for a blob and are none."""
    blob, rights = f"{container}/{name}", "rwdl"
    other = next(one for one in CONTAINERS if one != container)
    right = signature(service, blob, rights, SOON, permissions=rights, expiry=SOON)
    return {
        "none": "",
        "of another key": signature(service, blob, rights, SOON, permissions=rights, expiry=SOON, key="x"),
        "expired": signature(service, blob, rights, PAST, permissions=rights, expiry=PAST),
        "prolonged": signature(service, blob, rights, PAST, permissions=rights, expiry=SOON),
        "without an end": signature(service, blob, rights, "", permissions=rights, expiry=""),
        "for nothing": signature(service, blob, "", SOON, permissions="", expiry=SOON),
        "with more rights": signature(service, blob, "r", SOON, permissions=rights, expiry=SOON),
        "of another blob": signature(service, f"{blob}x", rights, SOON, permissions=rights, expiry=SOON),
        "of another container": signature(
            service, f"{other}/{name}", rights, SOON, permissions=rights, expiry=SOON
        ),
        "of a whole other container": signature(
            service, "container", other, rights, SOON, resource="c", permissions=rights, expiry=SOON
        ),
        "a blob's as a container's": right.replace("sr=b", "sr=c"),
        "with other letters": right.replace("sig=", "sig=%C3%A9"),
        "twice": f"sig=x&{right}",
        "in capitals": right.replace("sig=", "SIG="),
    }


def test_a_signature_that_is_none_opens_nothing(service: Watched):
    """Nor does a token beside it."""
    for method, operation in surface.operations(Access.SIGNATURE):
        container, name = operation.path.split("/")[1], "x" if "{name" in operation.path else ""
        for kind, query in signatures(service, container, name).items():
            path = f"/{container}/{name}".rstrip("/")
            more = "" if name else "&restype=container&comp=list"
            answer = service.request(method, f"{path}?{query}{more}", b"x" if method == "PUT" else None)
            assert answer.status == 403, (method, operation.path, kind)


@pytest.mark.parametrize(
    ("permissions", "opened"), [("r", {"GET", "HEAD"}), ("w", {"PUT"}), ("d", {"DELETE"}), ("l", set())]
)
def test_a_signature_opens_what_it_is_for_alone(service: Watched, permissions: str, opened: set[str]):
    """A blob that is not there is not found, or would be written: a body that is too short is not."""
    for method, operation in surface.operations(Access.SIGNATURE):
        container = operation.path.split("/")[1]
        if "{name" in operation.path:
            address = service.signed(container, "not/there", permissions)
            body = {"Content-MD5": "AAAA"} if method == "PUT" else None
            answer = service.request(
                method, address, b"x" if method == "PUT" else None, token=None, headers=body
            )
            assert (answer.status in (400, 404)) == (method in opened), (method, operation.path, answer.body)


@pytest.mark.parametrize("foreign", ["Host", "Origin", "no Host"])
def test_another_host_or_a_web_page_opens_nothing(service: Watched, foreign: str):
    """With all that is right besides."""
    headers = {
        "Host": {"Host": f"evil.example:{service.https_port}"},
        "Origin": {"Origin": f"https://127.0.0.1:{service.https_port}"},
        "no Host": {"Host": ""},
    }[foreign]
    for method, operation, path in requests_to(service, *Access):
        answer = service.request(method, path, b"{}", headers=headers)
        assert answer.status in (400, 403), (method, operation.path)


def test_a_runs_token_is_not_the_owners_secret(service: Watched):
    """It opens what a token opens; it deletes no workspace, and finds neither the commands' addresses nor the pages."""
    token = service.get(f"/history/v1.0{SCOPE}/experiments/fuzz/runs/fuzz_run/token").json()["token"]

    assert service.get(f"/history/v1.0{SCOPE}/runs/fuzz_run", token=token).status == 200
    assert service.request("DELETE", SCOPE, token=token).status == 403
    assert service.request("POST", f"/control/{token}/stop", token=token).status == 403
    assert service.request("GET", f"/identity/{token}/token", token=token).status == 403
    assert service.page(f"/{token}").status == 403
    assert (
        service.page("/", headers={"Cookie": f"scaffold={token}", "Authorization": f"Bearer {token}"}).status
        == 403
    )
    assert service.request("GET", f"/azureml/x?sig={token}&sp=r&se={SOON}", token=token).status == 403


@pytest.mark.parametrize(
    "path", ["/", "/runs/fuzz_run", "/runs/fuzz_run/file/outputs/model.txt", "/static/style.css", "/x"]
)
def test_the_pages_open_by_their_own_secret_alone(service: Watched, path: str):
    for headers in (
        {},
        {"Cookie": f"scaffold={service.keys['control']}"},
        {"Authorization": f"Bearer {service.token}"},
        {"Cookie": f"scaffold={service.pages}"},
        {"Authorization": f"Bearer {service.pages}"},
    ):
        for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
            assert service.page(path, method=method, headers=headers).status == 403, (method, headers)
    for headers in (
        {"Host": f"evil.example:{service.http_port}"},
        {"Host": f"127.0.0.1:{service.https_port}"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ):
        for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
            answer = service.page(service.inside(path), method=method, headers=headers)
            assert answer.status == 403, (method, headers)
