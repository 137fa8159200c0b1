"""What a client trusts: real handshakes with the server's certificate, through the bundle and through the folder."""

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
import requests
import trustme
from OpenSSL import crypto

from scaffold.workspace import identity, trust
from scaffold.workspace.paths import Home


class Server:
    """Answers every HTTPS request on a free port with 200, with a given certificate."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(connection, server_side=True) as tls:
                    tls.recv(65536)
                    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            except OSError:
                connection.close()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def prepared(home: Home) -> Home:
    identity.prepare(home)
    return home


@pytest.fixture
def server(prepared: Home) -> Iterator[Server]:
    """A server with the workspace's own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(prepared.server_certificate)
    server = Server(context)
    yield server
    server.close()


@pytest.fixture
def company(tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """A server of the user's company, and the bundle by which the user trusts it."""
    authority = trustme.CA(organization_name="the user's company")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    bundle = tmp_path / "company.pem"
    authority.cert_pem.write_to_path(str(bundle))
    server = Server(context)
    yield server, bundle
    server.close()


def get(server: Server, verify: Path | str) -> int:
    """A request by requests, as the SDK makes it, and the status of the answer."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(server.url, verify=str(verify), timeout=20).status_code


def test_without_us_nobody_trusts_the_server(server: Server):
    with pytest.raises(requests.exceptions.SSLError):
        get(server, certifi.where())


def test_requests_trusts_it_through_the_folder_and_through_the_bundle(prepared: Home, server: Server):
    certificates = trust.prepare(prepared, {})

    assert get(server, certificates.folder) == 200
    assert get(server, certificates.bundle) == 200


def test_the_standard_library_trusts_it_through_ssl_cert_file(
    prepared: Home, server: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(trust.prepare(prepared, {}).bundle))

    context = ssl.create_default_context()

    connection = socket.create_connection(("127.0.0.1", server.port))
    with connection, context.wrap_socket(connection, server_hostname="127.0.0.1") as tls:
        assert tls.version() in ("TLSv1.2", "TLSv1.3")


def test_the_certificate_is_for_this_machine_alone(prepared: Home, server: Server):
    context = ssl.create_default_context(cafile=str(trust.prepare(prepared, {}).bundle))

    refused = pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch")
    with socket.create_connection(("127.0.0.1", server.port)) as connection, refused:
        context.wrap_socket(connection, server_hostname="management.azure.com")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_what_the_user_trusted_before_is_trusted_still(
    prepared: Home, server: Server, company: tuple[Server, Path], variable: str
):
    theirs, bundle = company
    certificates = trust.prepare(prepared, {variable: str(bundle)})

    for verify in (certificates.folder, certificates.bundle):
        assert get(server, verify) == 200
        assert get(theirs, verify) == 200


def test_what_the_user_trusted_as_a_folder_is_trusted_still(
    prepared: Home, company: tuple[Server, Path], tmp_path: Path
):
    theirs, bundle = company
    folder = tmp_path / "certificates"
    folder.mkdir()
    certificate = crypto.load_certificate(crypto.FILETYPE_PEM, bundle.read_bytes())
    (folder / f"{certificate.subject_name_hash():08x}.0").write_bytes(bundle.read_bytes())
    assert get(theirs, folder) == 200

    assert get(theirs, trust.prepare(prepared, {"REQUESTS_CA_BUNDLE": str(folder)}).folder) == 200


def test_without_a_bundle_of_the_users_the_usual_authorities_are_trusted(prepared: Home):
    certificates = trust.prepare(prepared, {"REQUESTS_CA_BUNDLE": "/no/such/file"})

    usual = Path(certifi.where()).read_text(encoding="utf-8").count("BEGIN CERTIFICATE")
    assert certificates.bundle.read_text(encoding="utf-8").count("BEGIN CERTIFICATE") == usual + 1
    assert len(list(certificates.folder.iterdir())) == usual + 1


def test_the_second_time_nothing_is_made(prepared: Home):
    first = trust.prepare(prepared, {})
    made = {path: path.stat().st_mtime_ns for path in (first.bundle, *first.folder.iterdir())}

    second = trust.prepare(prepared, {})

    assert second == first
    assert {path: path.stat().st_mtime_ns for path in (second.bundle, *second.folder.iterdir())} == made


def test_a_process_with_our_variables_gets_the_same_again_and_not_more(prepared: Home):
    first = trust.prepare(prepared, {})

    ours = {"REQUESTS_CA_BUNDLE": str(first.folder), "SSL_CERT_FILE": str(first.bundle)}

    assert trust.prepare(prepared, ours) == first


def test_many_processes_at_once_make_it_once(prepared: Home):
    made, threads = [], []
    for _ in range(4):
        threads.append(threading.Thread(target=lambda: made.append(trust.prepare(prepared, {}))))
        threads[-1].start()
    for thread in threads:
        thread.join()

    assert len(made) == 4
    assert len(set(map(str, made))) == 1
    assert [path.name for path in (prepared.client / "trust").iterdir()] == [made[0].bundle.parent.name]


def test_clients_that_were_set_up_before_trust_new_certificates_too(prepared: Home):
    """Runs under way and shells know the folder and the bundle by their paths."""
    before = trust.prepare(prepared, {})
    prepared.server_certificate.write_bytes(b"damaged")
    identity.prepare(prepared)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(prepared.server_certificate)
    renewed = Server(context)
    try:
        assert get(renewed, before.folder) == 200
        assert get(renewed, before.bundle) == 200
        assert get(renewed, trust.prepare(prepared, {}).folder) == 200
    finally:
        renewed.close()


def test_old_bundles_are_forgotten_but_not_the_newest(prepared: Home, tmp_path: Path):
    usual = Path(certifi.where()).read_bytes()
    first = usual[: usual.index(b"-----END CERTIFICATE-----")] + b"-----END CERTIFICATE-----\n"
    for number in range(8):
        bundle = tmp_path / f"{number}.pem"
        bundle.write_bytes(first + b"# another\n" * number)
        certificates = trust.prepare(prepared, {"SSL_CERT_FILE": str(bundle)})
        assert certificates.bundle.exists()

    assert len(list((prepared.client / "trust").iterdir())) < 8


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_the_sdks_cache_of_our_addresses_is_closed_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    cache = tmp_path / ".azureml" / ".discovery"
    cache.parent.mkdir()
    cache.write_text("{}")
    cache.chmod(0o644)

    trust.protect_sdk_cache()

    assert cache.stat().st_mode & 0o777 == 0o600
    assert cache.read_text() == "{}"
