"""Who may speak to the local workspace: tokens, signatures, and the files that hold the secrets."""

import base64
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffold.workspace import identity, interpreters, supervision
from scaffold.workspace.files import StateFileError
from scaffold.workspace.identity import Authority, Caller, Keys
from scaffold.workspace.paths import Home


def keys() -> Keys:
    names = ("signing", "identity", "control", "portal", "discovery", "tenant_id", "user_id")
    return Keys(**{name: secrets.token_urlsafe(24) for name in names})


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority(keys())


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


# Tokens


def test_a_token_names_its_submission_or_its_run(authority: Authority):
    assert authority.verify(authority.token()[0]) == Caller()
    assert authority.verify(authority.token(submission="s")[0]) == Caller(submission="s")
    assert authority.verify(authority.run_token("r")[0]) == Caller(run_id="r")


def test_a_token_has_what_the_sdk_reads_in_it(authority: Authority):
    token, expiry = authority.token()
    claims = claims_of(token)

    assert (claims["tid"], claims["oid"]) == (authority.keys.tenant_id, authority.keys.user_id)
    assert claims["exp"] == expiry > time.time()


@pytest.mark.parametrize("hours", [-24 * 365, -2, 2, 20])
def test_tokens_outlive_a_clock_that_is_set(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, hours: float
):
    person, run, files = authority.token()[0], authority.run_token("r")[0], authority.files_token("r")
    later = time.time() + hours * 3600
    monkeypatch.setattr(time, "time", lambda: later)

    after = Authority(authority.keys)  # the service was restarted since

    assert after.verify(person) == Caller()
    assert after.verify(run) == Caller(run_id="r")
    assert after.verify(files) == Caller(files_of="r")
    for _ in range(2):  # neither is one refused that was issued after
        assert after.verify(after.token()[0]) == Caller()
    assert after.token()[1] <= later + identity.TOKEN_SECONDS


def test_a_runs_token_ends_with_the_run_and_not_by_the_clock(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
):
    token = authority.run_token("r")[0]
    monkeypatch.setattr(time, "time", lambda: time.monotonic() + 10**10)

    assert authority.verify(token) == Caller(run_id="r")
    assert authority.verify(authority.token()[0]) == Caller()


def test_the_same_token_is_handed_out_again_as_long_as_it_is_fresh(authority: Authority):
    assert authority.token(submission="a") == authority.token(submission="a")
    assert authority.token(submission="a") != authority.token(submission="b")


def _signed(
    authority: Authority, changes: dict[str, Any], key: str | None = None, algorithm: str = "HS256"
) -> str:
    claims = {k: v for k, v in (claims_of(authority.token()[0]) | changes).items() if v is not None}
    return jwt.encode(claims, authority.keys.signing if key is None else key, algorithm=algorithm)


def _tampered(authority: Authority) -> str:
    header, payload, signature = authority.run_token("r")[0].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = base64.urlsafe_b64encode(json.dumps(claims | {"run": "another"}).encode()).rstrip(b"=").decode()
    return f"{header}.{changed}.{signature}"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda a: _signed(a, {"exp": int(time.time()) - 1}), id="expired"),
        pytest.param(lambda a: _signed(a, {"exp": None}), id="without an expiry"),
        pytest.param(lambda a: _signed(a, {"aud": "https://elsewhere.example/"}), id="for another audience"),
        pytest.param(lambda a: _signed(a, {"aud": None}), id="for no audience"),
        pytest.param(lambda a: _signed(a, {"nbf": int(time.time()) + 3600}), id="not valid yet"),
        pytest.param(lambda a: _signed(a, {}, key=secrets.token_urlsafe(32)), id="of another key"),
        pytest.param(lambda a: _signed(a, {}, key="", algorithm="none"), id="with alg none"),
        pytest.param(lambda a: _signed(a, {}, algorithm="HS384"), id="of another algorithm"),
        pytest.param(_tampered, id="tampered with"),
        pytest.param(lambda a: a.token()[0].rpartition(".")[0] + ".", id="without its signature"),
        pytest.param(lambda a: a.token()[0] + "x", id="with a letter more"),
        pytest.param(lambda a: Authority(keys()).token()[0], id="of another workspace"),
        pytest.param(lambda a: "", id="empty"),
        pytest.param(lambda a: "no token at all", id="no token"),
        pytest.param(lambda a: "ü.ü.ü", id="of other letters"),
        pytest.param(lambda a: a.keys.signing, id="the key itself"),
    ],
)
@pytest.mark.filterwarnings("ignore:The HMAC key is:UserWarning")
def test_a_token_that_is_not_ours_is_nobodys(authority: Authority, make: Callable[[Authority], str]):
    token = make(authority)

    assert authority.verify(token) is None
    assert authority.verify(token) is None  # neither the second time


def test_a_token_that_was_valid_once_expires(authority: Authority):
    token = _signed(authority, {"exp": int(time.time()) + 3, "sid": "short"})
    assert authority.verify(token) == Caller(submission="short")

    while time.time() < claims_of(token)["exp"]:
        time.sleep(0.05)

    assert authority.verify(token) is None


# Signatures


def changed(query: str, **changes: str) -> str:
    return urlencode(dict(parse_qsl(query)) | changes)


def test_a_signature_permits_its_blob_and_what_it_says(authority: Authority):
    read, write = authority.sign_blob("c", "a/b", "r"), authority.sign_blob("c", "a/b", "rw")

    assert authority.permits("c", "a/b", read, "r")
    assert authority.permits("c", "a/b", write, "r")
    assert authority.permits("c", "a/b", write, "w")
    assert authority.permits("c", "a/b", f"comp=block&blockid=MDA%3D&{write}", "w")


def test_a_signature_that_permits_reading_does_not_permit_writing(authority: Authority):
    read = authority.sign_blob("c", "a/b", "r")

    assert not authority.permits("c", "a/b", read, "w")
    assert not authority.permits("c", "a/b", changed(read, sp="rw"), "w")
    assert not authority.permits("c", "a/b", changed(read, sp="rw"), "r")


@pytest.mark.parametrize(
    ("container", "name"), [("c", "a/c"), ("c", "a"), ("d", "a/b"), ("c/a", "b/"), ("c", "a/b/")]
)
def test_a_signature_is_for_no_other_blob(authority: Authority, container: str, name: str):
    assert not authority.permits(container, name, authority.sign_blob("c", "a/b", "rw"), "r")


def test_a_signature_expires_and_its_expiry_cannot_be_changed(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
):
    query = authority.sign_blob("c", "b", "r")
    assert not authority.permits("c", "b", changed(query, se="2099-01-01T00:00:00Z"), "r")

    monkeypatch.setattr(identity, "SAS_SECONDS", -1)
    assert not authority.permits("c", "b", authority.sign_blob("c", "b", "r"), "r")


def test_a_name_with_line_ends_does_not_buy_a_longer_signature(authority: Authority):
    query = dict(parse_qsl(authority.sign_blob("c", "b\nrw\n2099-01-01T00:00:00Z", "r")))
    forged = urlencode(query | {"sp": "rw", "se": f"2099-01-01T00:00:00Z\nr\n{query['se']}"})

    assert not authority.permits("c", "b", forged, "w")


@pytest.mark.parametrize(
    "query", ["", "sig=", "sig=x&se=2099-01-01T00:00:00Z&sp=rw", "sig=%C3%BC&se=2099&sp=r", "%%%", "sp=r"]
)
def test_a_query_without_a_signature_of_ours_permits_nothing(authority: Authority, query: str):
    assert authority.permits("c", "b", query, "r") is False


@given(name=st.text(min_size=1), permissions=st.sampled_from(["r", "rw"]))
def test_every_name_can_be_signed(authority: Authority, name: str, permissions: str):
    name = name.encode("utf-8", "replace").decode()

    assert authority.permits("c", name, authority.sign_blob("c", name, permissions), permissions[-1])


# The files


@pytest.fixture
def prepared(home: Home) -> Home:
    identity.prepare(home)
    return home


def test_preparing_again_changes_nothing(prepared: Home):
    before = {path.name: path.read_bytes() for path in prepared.secrets.iterdir()}

    assert identity.prepare(prepared) == Keys.load(prepared)

    assert {path.name: path.read_bytes() for path in prepared.secrets.iterdir()} == before


def test_every_secret_is_another_and_long_enough(prepared: Home):
    values = list(json.loads(prepared.secret_keys.read_bytes()).values())

    assert len(set(values)) == len(values)
    assert all(len(value) >= 32 for value in values)


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_secrets_are_for_their_owner_alone_whatever_the_umask(home: Home):
    home.root.chmod(0o777)
    before = os.umask(0)
    try:
        identity.prepare(home)
    finally:
        os.umask(before)

    files = {path.name: path.stat().st_mode & 0o777 for path in home.secrets.iterdir()}
    assert files == {"keys.json": 0o600, "ca.pem": 0o600, "server.pem": 0o600}
    assert home.root.stat().st_mode & 0o777 == 0o700
    folders = [path for path in home.root.iterdir() if path.is_dir()]
    assert {path.name for path in folders if path.stat().st_mode & 0o077} == set()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda content: b"",
    "cut off": lambda content: content[: len(content) // 2],
    "cut off within the key": lambda content: content[:100],
    "other text": lambda content: b"nothing of the kind",
    "bytes": lambda content: bytes(range(256)),
    "a list": lambda content: b"[]",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", ["ca.pem", "server.pem"])
def test_certificates_that_do_not_serve_are_made_anew(
    prepared: Home, name: str, damage: Callable[[bytes], bytes]
):
    path = prepared.secrets / name
    path.write_bytes(damage(path.read_bytes()))
    assert identity.certificate_fault(prepared)

    keys = identity.prepare(prepared)

    assert identity.certificate_fault(prepared) is None
    assert keys == Keys.load(prepared)


def test_a_key_of_another_certificate_does_not_serve(prepared: Home, tmp_path: Path):
    other = Home(tmp_path / "other")
    identity.prepare(other)
    prepared.server_certificate.write_bytes(other.server_certificate.read_bytes())

    assert identity.certificate_fault(prepared)
    identity.prepare(prepared)
    assert identity.certificate_fault(prepared) is None


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_keys_that_are_damaged_are_made_anew_and_kept_beside(
    prepared: Home, damage: Callable[[bytes], bytes]
):
    before, damaged = Keys.load(prepared), damage(prepared.secret_keys.read_bytes())
    prepared.secret_keys.write_bytes(damaged)

    assert identity.prepare(prepared) != before

    (beside,) = prepared.secrets.glob("keys.damaged-*")
    assert beside.read_bytes() == damaged


def test_keys_that_runs_under_way_need_are_not_replaced(prepared: Home, monkeypatch: pytest.MonkeyPatch):
    (prepared.runs / "one").mkdir()
    monkeypatch.setattr(supervision, "living", lambda folder: folder.name == "one")
    prepared.secret_keys.write_bytes(b"[]")

    with pytest.raises(StateFileError, match="runs under way hold tokens") as refused:
        identity.prepare(prepared)

    assert str(prepared.secret_keys) in refused.value.message
    assert prepared.secret_keys.read_bytes() == b"[]"


def test_the_key_of_the_ca_is_kept_nowhere(prepared: Home):
    kept = [path.read_bytes() for path in prepared.root.rglob("*") if path.is_file()]

    assert b"PRIVATE KEY" not in prepared.ca_certificate.read_bytes()
    assert (
        sum(text.count(b"-----BEGIN EC PRIVATE KEY") + text.count(b"-----BEGIN PRIVATE KEY") for text in kept)
        == 1
    )


def test_a_token_knows_from_which_python_it_was_asked_for(authority: Authority):
    assert authority.verify(authority.token(submission="s~0123")[0]) == Caller(submission="s", python="0123")
    assert authority.verify(authority.token(submission="~0123")[0]) == Caller(python="0123")


def test_a_python_is_found_again_by_its_key_and_nothing_else_is(home: Home):
    key = interpreters.remember(home, "/opt/größe/bin/python")

    assert interpreters.remember(home, "/opt/größe/bin/python") == key
    assert interpreters.recall(home, key) == "/opt/größe/bin/python"
    (home.client / "secret").write_text("x")
    for other in (None, "", "0" * 16, "../secret", key.upper(), f"{key}0"):
        assert interpreters.recall(home, other) is None
