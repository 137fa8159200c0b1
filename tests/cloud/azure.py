"""Azure as a client sees it, on this machine: its public names behind a proxy, with our workspace behind them.

The SDK is told nothing but ``HTTPS_PROXY`` and which certificates to trust, as behind a company's proxy, so
it takes the very path that it takes to Azure: the metadata of the public cloud, the login service with its
discovery and tokens, and the resource manager. The workspace that answers in the end is one that rehearses
another subscription and tenant. Faults are answers that are given in place of a service's own.
"""

import base64
import hashlib
import html
import json
import re
import ssl
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

from tests.conftest import Machine

LOGIN, MANAGER, SERVICE = "login.microsoftonline.com", "management.azure.com", "127.0.0.1"
CLIENT_ID, CLIENT_SECRET = "9c0ffee0-1111-2222-3333-444455556666", "a-secret-of-the-tests"
CONFIG = {
    "subscription_id": "5e1d0c1a-3c50-4c11-9d33-1a1d4f1b7a11",
    "resource_group": "Team",
    "workspace_name": "forecasts",
    "tenant_id": "7a1d0c1a-3c50-4c11-9d33-1a1d4f1b7a22",
}
_OF_THE_CONNECTION = ("host", "content-length", "connection", "transfer-encoding", "keep-alive")


_ASK = """
import json
from azureml.core import Workspace
config = {config}
ws = Workspace(config["subscription_id"], config["resource_group"], config["workspace_name"])
run = ws.get_run({run_id!r})
run.wait_for_completion(raise_on_error=False)
details = run.get_details_with_logs()
print(json.dumps({{
    "status": details["status"], "log": details["logFiles"].get("user_logs/std_log.txt"),
    "tags": run.get_tags(), "display_name": run.display_name,
    "limit": details["runDefinition"]["maxRunDurationSeconds"],
}}))
"""


@dataclass
class Fault:
    """An answer given in place of a service's own.

    Attributes:
        host: whose requests.
        path: a regular expression that the path must match.
        status: the HTTP status; 0 closes the connection without an answer.
        code, message: of the error envelope.
        times: how often; then the service answers by itself again.
        after: the service is asked all the same, and its answer thrown away.
        headers: more headers of the answer.
        document: its body, in place of an error envelope.
        spared: how many such requests are let through before.
    """

    host: str
    path: str
    status: int
    code: str = "Fault"
    message: str = "it was told to fail"
    times: int = 10_000
    after: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    document: Any = None
    spared: int = 0


class Azure:
    """The proxy with what is behind it.

    Args:
        machine: the machine of the rehearsing workspace, not the user's.
        folder: for certificates.
    """

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        config = folder / "rehearsed.json"
        config.write_text(json.dumps(CONFIG))
        self.status = machine.json("workspace", "start", "--rehearse", config)
        self.variables = machine.json("workspace", "env")
        self.faults: list[Fault] = []
        self.unreachable: set[str] = set()
        self.requests: list[str] = []
        self.device_codes: dict[str, bool] = {}
        self.browser_codes: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()
        self._authority = trustme.CA(organization_name="a company's proxy")
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.bundle = folder / "bundle.pem"
        service_ca = (machine.state / "secrets" / "ca.pem").read_bytes()
        self.bundle.write_bytes(self._authority.cert_pem.bytes() + service_ca)
        self._service = ssl.create_default_context(cafile=str(machine.state / "secrets" / "ca.pem"))
        handler = type("Handler", (_Handler,), {"azure": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.machine.stop()

    @property
    def https_port(self) -> int:
        return int(re.search(r":(\d+)/", self.variables["ARM_CLOUD_METADATA_URL"])[1])

    def user_variables(self, *, principal: bool = True) -> dict[str, str]:
        """What a user behind the proxy has set, with or without a service principal."""
        variables = {
            "HTTPS_PROXY": f"http://127.0.0.1:{self._server.server_port}",
            "REQUESTS_CA_BUNDLE": str(self.bundle),
            "SSL_CERT_FILE": str(self.bundle),
        }
        if principal:
            variables |= {
                "AZURE_TENANT_ID": CONFIG["tenant_id"],
                "AZURE_CLIENT_ID": CLIENT_ID,
                "AZURE_CLIENT_SECRET": CLIENT_SECRET,
            }
        return variables

    def fail(self, *fault: str) -> None:
        """Has the workspace fail on demand: a kind of fault with its number (``scaffold workspace fault``)."""
        done = self.machine.run("workspace", "fault", *fault)
        assert done.returncode == 0, done.stderr

    def run_count(self) -> int:
        """How many runs the workspace has."""
        return sum(self.machine.json("workspace", "status")["runs"].values())

    def run_of(self, run_id: str) -> dict[str, Any]:
        """A run when it is over, as somebody else sees it through the SDK."""
        done = self.machine.sdk(_ASK.format(config=json.dumps(CONFIG), run_id=run_id))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def context_for(self, host: str) -> ssl.SSLContext:
        """A server's side of TLS, with a certificate for the host."""
        with self._lock:
            if host not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._authority.issue_cert(host).configure_cert(context)
                self._contexts[host] = context
            return self._contexts[host]

    def fault_for(self, host: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.host == host and fault.times > 0 and re.search(fault.path, path):
                    if fault.spared > 0:
                        fault.spared -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def token(self) -> str:
        """A token that the rehearsing workspace takes."""
        url = urllib.parse.urlsplit(self.variables["MSI_ENDPOINT"])
        status, body, _ = self.forward("POST", url.path, b"resource=x", {})
        assert status == 200, body
        return json.loads(body)["access_token"]

    def forward(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, Any]:
        """A request to the rehearsing workspace, with its answer."""
        connection = HTTPSConnection("127.0.0.1", self.https_port, timeout=60, context=self._service)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    """One connection to the proxy: CONNECT, then requests for one host."""

    protocol_version = "HTTP/1.1"
    azure: Azure
    host = ""

    def log_message(self, *_: Any) -> None:
        pass

    def do_CONNECT(self) -> None:
        host = self.path.partition(":")[0]
        if host not in (LOGIN, MANAGER, SERVICE) or host in self.azure.unreachable:
            self.send_error(502, f"{host} cannot be reached")
            return
        self.send_response(200, "Connection Established")
        self.end_headers()
        try:
            self.connection = self.azure.context_for(host).wrap_socket(self.connection, server_side=True)
        except OSError:  # the client does not trust this certificate
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.host = host
        self.close_connection = False

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.azure.requests.append(f"{self.command} {self.host}{self.path}")
        fault = self.azure.fault_for(self.host, self.path)
        if fault is not None:
            if fault.after:
                self._forward(body)
            if fault.status == 0:
                self.close_connection = True
                return
            document = {"error": {"code": fault.code, "message": fault.message}}
            if self.host == LOGIN:
                document = {"error": fault.code, "error_description": fault.message}
            if fault.document is not None:
                document = fault.document
            self._send(fault.status, document, {"x-ms-request-id": str(uuid.uuid4()), **fault.headers})
        elif self.host == LOGIN:
            self._log_in(body)
        else:
            self._manage(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer

    def _manage(self, body: bytes) -> None:
        if self.path.startswith("/metadata/endpoints"):
            self._send(200, self._clouds())
            return
        status, answer, headers = self._forward(body)
        passed = {k: v for k, v in headers.items() if k.lower() not in _OF_THE_CONNECTION}
        self._send_bytes(
            status, answer, passed, headers["content-length"] if self.command == "HEAD" else None
        )

    def _forward(self, body: bytes) -> tuple[int, bytes, Any]:
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _OF_THE_CONNECTION}
        return self.azure.forward(self.command, self.path, body, headers)

    def _clouds(self) -> Any:
        """The rehearsing workspace's own description of a cloud, under the public names."""
        path = urllib.parse.urlsplit(self.azure.variables["ARM_CLOUD_METADATA_URL"]).path
        _, body, _ = self.azure.forward("GET", path, b"", {})
        text = body.decode().replace(f"https://127.0.0.1:{self.azure.https_port}", f"https://{MANAGER}")
        clouds = [cloud for cloud in json.loads(text) if cloud["name"] == "AzureCloud"]
        clouds[0]["authentication"]["loginEndpoint"] = f"https://{LOGIN}"
        return clouds

    def _log_in(self, body: bytes) -> None:
        path = urllib.parse.urlsplit(self.path).path
        form = dict(urllib.parse.parse_qsl(body.decode()))
        tenant = path.split("/")[1]
        base = f"https://{LOGIN}/{tenant}"
        if path.endswith("/discovery/instance"):
            self._send(
                200,
                {
                    "tenant_discovery_endpoint": f"{base}/v2.0/.well-known/openid-configuration",
                    "metadata": [],
                },
            )
        elif path.endswith("/.well-known/openid-configuration"):
            self._send(200, {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            })  # fmt: skip
        elif path.endswith("/authorize"):
            self._show_login(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query)))
        elif path.endswith("/devicecode"):
            code = uuid.uuid4().hex
            self.azure.device_codes[code] = False
            self._send(200, {
                "user_code": "ABCD-1234", "device_code": code, "verification_uri": f"https://{LOGIN}/device",
                "expires_in": 900, "interval": 1,
                "message": f"To sign in, open https://{LOGIN}/device and enter the code ABCD-1234.",
            })  # fmt: skip
        elif path.endswith("/token"):
            self._issue(form)
        else:
            self._send(404, {"error": "not_found", "error_description": path})

    def _show_login(self, asked: dict[str, str]) -> None:
        """The page of a login in a browser: a button, which takes the browser back with a code."""
        code = uuid.uuid4().hex
        self.azure.browser_codes[code] = asked
        fields = {"code": code, "state": asked["state"]}
        if asked.get("response_mode") != "form_post":  # of an older MSAL
            back = f"{asked['redirect_uri']}?{urllib.parse.urlencode(fields)}"
            self._send_bytes(302, b"", {"location": back})
            return
        inputs = "".join(
            f'<input name="{name}" value="{html.escape(value)}">' for name, value in fields.items()
        )
        page = f'<form method="post" action="{html.escape(asked["redirect_uri"])}">{inputs}<button></form>'
        self._send_bytes(200, page.encode(), {"content-type": "text/html"})

    def _issue(self, form: dict[str, str]) -> None:
        kind = form.get("grant_type", "")
        asked = self.azure.browser_codes.pop(form.get("code", ""), {})
        if kind == "authorization_code" and asked.get("code_challenge") != _challenge(form["code_verifier"]):
            self._send(400, {
                "error": "invalid_grant",
                "error_description": "AADSTS501481: The Code_Verifier does not match the code_challenge.",
            })  # fmt: skip
            return
        if kind == "client_credentials" and (form["client_id"], form.get("client_secret")) != (
            CLIENT_ID,
            CLIENT_SECRET,
        ):
            self._send(401, {
                "error": "invalid_client",
                "error_description": "AADSTS7000215: Invalid client secret provided. Trace ID: 1",
            })  # fmt: skip
            return
        token = {
            "token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "access_token": self.azure.token(),
        }  # fmt: skip
        if kind != "client_credentials":
            claims = {
                "aud": form.get("client_id"), "tid": CONFIG["tenant_id"], "oid": "1", "sub": "1", "name": "Somebody",
                "preferred_username": "somebody@example.com", "iat": int(time.time()), "exp": int(time.time()) + 3600,
                "iss": f"https://{LOGIN}/{CONFIG['tenant_id']}/v2.0", "ver": "2.0",
            }  # fmt: skip
            if "nonce" in asked:
                claims["nonce"] = asked["nonce"]
            token |= {
                "refresh_token": "r",
                "id_token": ".".join((_b64({"alg": "none"}), _b64(claims), "")),
                "client_info": _b64({"uid": "1", "utid": CONFIG["tenant_id"]}),
                "scope": form.get("scope", ""),
            }
        self._send(200, token)

    def _send(self, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
        self._send_bytes(
            status, json.dumps(document).encode(), {"content-type": "application/json", **(headers or {})}
        )

    def _send_bytes(
        self, status: int, body: bytes, headers: dict[str, str], length: str | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in {"date": self.date_time_string(), **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(length if length is not None else len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _b64(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _challenge(verifier: str) -> str:
    """What a login in a browser began with, of the secret that it ends with (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
