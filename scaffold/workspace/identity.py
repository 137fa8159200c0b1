"""Who may speak to the local workspace: its CA, its secrets, the tokens and signatures it issues.

One workspace has one owner, the user whose files these are. Everything secret lives in
``Home.secrets`` with mode 0600. The CA's private key is thrown away after it has signed the server's
certificate: whoever reads the folder later can still not sign for another host.
"""

import base64
import hashlib
import hmac
import json
import logging
import math
import re
import secrets
import ssl
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from scaffold.workspace import supervision, trust
from scaffold.workspace.files import StateFileError, write_atomically
from scaffold.workspace.keys import Keys
from scaffold.workspace.naming import WorkspaceName
from scaffold.workspace.paths import Home

_LOG = logging.getLogger("scaffold.workspace")
_MOST_FLIGHTS = 10
USER_NAME = "local user"
AUDIENCE = "https://management.azure.com/"
# What azure-ai-ml asks tokens for besides: this service, and Azure ML's own name in the cloud that it is.
_AUDIENCES = re.compile(
    r"https://(management\.azure\.com|ml\.azure\.com|127\.0\.0\.1:\d{1,5}|ml\.azure\.0\.1:\d{1,5})/?"
)

TOKEN_SECONDS = 24 * 3600
RUN_TOKEN_SECONDS = 30 * 24 * 3600
SAS_SECONDS = 7 * 24 * 3600
_VERIFIED_TOKENS_KEPT = 512


def prepare(home: Home) -> Keys:
    """Makes the keys and the certificates where there are none that can be used, and returns the keys.

    Called by the service alone, under its lock.

    Raises:
        StateFileError: the keys are damaged, and runs under way hold tokens that were made with them.
    """
    home.create()
    if (reason := _keys_missing(home)) is not None:
        if reason:
            _replace_keys(home, reason)
        _make_keys(home)
    if (reason := certificate_fault(home)) is not None:
        _LOG.log(
            logging.WARNING if reason else logging.INFO, "new certificates: %s", reason or "there are none"
        )
        _issue_certificates(home)
        trust.add(home)  # runs under way and shells go on with the folders that they know
    return Keys.load(home)


def _keys_missing(home: Home) -> str | None:
    """Why there are no keys that can be used; an empty text when there are none at all."""
    try:
        Keys.load(home)
    except FileNotFoundError:
        return ""
    except StateFileError as error:
        return error.message
    return None


def _replace_keys(home: Home, reason: str) -> None:
    """Puts damaged keys out of the way, unless runs under way would be locked out."""
    if any(supervision.living(folder) for folder in home.runs.iterdir()):
        raise StateFileError(
            f"{reason.rstrip('.')}, and runs under way hold tokens that were made with it.",
            "Put the right file back, or end those runs and begin anew with 'scaffold workspace reset'.",
        )
    _LOG.error("new keys: %s", reason)
    home.secret_keys.replace(home.secret_keys.with_name(f"keys.damaged-{time.strftime('%Y%m%d-%H%M%S')}"))


def _make_keys(home: Home) -> None:
    names = ("signing", "identity", "control", "portal", "discovery")
    keys = {name: secrets.token_urlsafe(24) for name in names}
    tenant_id = WorkspaceName.load(home).tenant_id or str(uuid.uuid4())
    keys |= {"tenant_id": tenant_id, "user_id": str(uuid.uuid4())}
    write_atomically(home.secret_keys, json.dumps(keys).encode())


def certificate_fault(home: Home) -> str | None:
    """Why clients cannot know the service by its certificate; an empty text when there is none yet, None when they can.

    The file has to hold a key and a certificate that belong together, and the authority has to have signed it.
    """
    if not (home.ca_certificate.exists() and home.server_certificate.exists()):
        return ""
    try:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(home.server_certificate, password=lambda: b"")
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.load_verify_locations(home.ca_certificate)
        _shake_hands(server, client)
    except (OSError, ValueError) as error:
        return f"{home.server_certificate} and {home.ca_certificate} do not serve: {error}"
    return None


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    """Has a client meet the server in memory.

    Raises:
        ssl.SSLError: the client does not accept what the server shows.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(_MOST_FLIGHTS):
        for side in list(sides):
            try:
                side.do_handshake()
                sides.remove(side)
            except ssl.SSLWantReadError:
                continue
        if not sides:
            return
    raise ssl.SSLError("the handshake does not come to an end")


def _issue_certificates(home: Home) -> None:
    import trustme

    # A name of its own, so that a client that trusts an earlier one, too, does not take the one for the other.
    unit = f"local workspace on this machine, {secrets.token_hex(4)}"
    authority = trustme.CA(organization_name="azureml-scaffold", organization_unit_name=unit)
    leaf = authority.issue_cert("127.0.0.1", "localhost")
    chain = leaf.private_key_pem.bytes() + b"".join(pem.bytes() for pem in leaf.cert_chain_pems)
    write_atomically(home.server_certificate, chain)
    write_atomically(home.ca_certificate, authority.cert_pem.bytes())


@dataclass(frozen=True)
class Caller:
    """Whose request it is, as its token says.

    Attributes:
        submission: the submission that the token was issued to, or None.
        run_id: the run that the token was issued to, or None for a person's token.
        python: the key of the Python that the token was issued to (see ``interpreters``), or None.
        files_of: the run whose files are all that the token opens, or None for one that opens everything.
        expiry: when a run's token ends (seconds since the epoch) if the run is over by then.
    """

    submission: str | None = None
    run_id: str | None = None
    python: str | None = None
    files_of: str | None = None
    expiry: float = field(default=math.inf, compare=False)


class Authority:
    """Issues and checks bearer tokens (JWT, HS256) and SAS signatures with the workspace's own key.

    Args:
        keys: the workspace's secrets.
        start: what tells this start of the service from every other; no secret.
    """

    def __init__(self, keys: Keys, start: str = "") -> None:
        self.keys = keys
        self.start = start
        self.pages = keys.pages(start)
        self.secrets = (*keys.secrets, self.pages)
        self._verified: OrderedDict[str, tuple[float, Caller]] = OrderedDict()
        self._issued: dict[tuple[str | None, str | None, str], tuple[float, str]] = {}

    def token(
        self, *, submission: str | None = None, tenant: str | None = None, audience: str = AUDIENCE
    ) -> tuple[str, int]:
        """A person's token and its expiry (seconds since the epoch); in whichever tenant, it is the same person.

        Azure ML's second SDK looks which service a token is for; each of them is this one.

        The SDK asks for one about ten times a submission and never caches it, so the same token is
        handed out until half of its life is over.
        """
        now = time.time()
        expiry, token = self._issued.get((submission, tenant, audience), (0.0, ""))
        if not TOKEN_SECONDS / 2 <= expiry - now <= TOKEN_SECONDS:  # or the clock was set
            expiry = float(int(now) + TOKEN_SECONDS)
            claims = {"sid": submission, "tid": tenant or self.keys.tenant_id, "aud": audience}
            token = self._encode(claims, int(expiry))
            if len(self._issued) > _VERIFIED_TOKENS_KEPT:
                self._issued.clear()
            self._issued[submission, tenant, audience] = (expiry, token)
        return token, int(expiry)

    def run_token(self, run_id: str) -> tuple[str, int]:
        """The token that a run's own process uses, and its expiry (seconds since the epoch)."""
        expiry = int(time.time()) + RUN_TOKEN_SECONDS
        return self._encode({"run": run_id}, expiry), expiry

    def files_token(self, run_id: str) -> str:
        """A token for the files of one run as MLflow's clients reach them, which may stand in an address."""
        return self._encode({"files": run_id}, int(time.time()) + RUN_TOKEN_SECONDS)

    def _encode(self, claims: dict[str, Any], expiry: int) -> str:
        import jwt

        standard = {
            "aud": AUDIENCE,
            "iss": f"https://127.0.0.1/{self.keys.tenant_id}/",
            "tid": self.keys.tenant_id,
            "oid": self.keys.user_id,
            "sub": self.keys.user_id,
            "name": USER_NAME,
            "iat": int(time.time()),
            "exp": expiry,
        }
        return jwt.encode(standard | claims, self.keys.signing, algorithm="HS256")

    def verify(self, token: str) -> Caller | None:
        """The caller that a token was issued to, or None when it is not one of ours or has expired.

        When it was issued does not matter: it is ours by its signature, and the machine's clock may have been set
        back since. A run's token lives as long as the run does, and until its ``expiry``: who is asked looks that up.
        """
        import jwt

        known = self._verified.get(token)
        if known is not None and known[0] > time.time():
            return known[1]
        try:
            claims = jwt.decode(
                token,
                self.keys.signing,
                algorithms=["HS256"],
                # The first two are looked at below.
                options={
                    "require": ["exp", "aud"],
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except (jwt.InvalidTokenError, RecursionError):  # its header is read before its signature is checked
            return None
        if not is_audience(claims["aud"]):
            return None
        expiry = math.inf if claims.get("run") else _moment(claims["exp"])
        if expiry <= time.time():
            return None
        submission, _, python = (claims.get("sid") or "").partition("~")
        caller = Caller(
            submission or None, claims.get("run"), python or None, claims.get("files"), _moment(claims["exp"])
        )
        self._verified[token] = (expiry, caller)
        if len(self._verified) > _VERIFIED_TOKENS_KEPT:
            self._verified.popitem(last=False)
        return caller

    @staticmethod
    def opens(secret: str, offered: str) -> bool:
        """True when what a path offers is the secret."""
        return hmac.compare_digest(secret.encode(), offered.encode())

    def _signature(self, *signed: str) -> str:
        # JSON, so that no part can be taken for another.
        message = json.dumps(signed).encode()
        digest = hmac.new(self.keys.signing.encode(), message, hashlib.sha256).digest()
        return base64.b64encode(digest).decode()

    def sign_blob(self, container: str, name: str, permissions: str) -> str:
        """The SAS query string that permits reading ("r") or reading and writing ("rw") one blob.

        Same parameters as Azure Storage's service SAS, which the SDK's blob client looks for; what is
        signed (blob, permissions, expiry) is this workspace's own.
        """
        expiry = _expiry()
        return _sas("b", self._signature(f"{container}/{name}", permissions, expiry), expiry, permissions)

    def sign_container(self, container: str, permissions: str) -> str:
        """The SAS query string for every blob of one container, and for listing them.

        Args:
            container: the container.
            permissions: any of ``r`` (read), ``w`` (write), ``d`` (delete) and ``l`` (list).
        """
        expiry = _expiry()
        return _sas("c", self._signature("container", container, permissions, expiry), expiry, permissions)

    def permits(self, container: str, name: str, query: str, wanted: str) -> bool:
        """True when the query string is a signature of ours that permits ``wanted``.

        Args:
            container: the container that is asked about.
            name: the blob in it; an empty one for the container itself, which a blob's signature never permits.
            query: the query string.
            wanted: the permission needed, one letter.
        """
        fields = {key: values[0] for key, values in parse_qs(query).items()}
        permissions, expiry = fields.get("sp", ""), fields.get("se", "")
        if fields.get("sr") == "c":
            expected = self._signature("container", container, permissions, expiry)
        elif name:
            expected = self._signature(f"{container}/{name}", permissions, expiry)
        else:
            return False
        if not hmac.compare_digest(expected.encode(), fields.get("sig", "").encode("utf-8", "replace")):
            return False
        return wanted in permissions and expiry > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def is_audience(name: Any) -> bool:
    """True for the name of a service that this one is, or stands in for."""
    return isinstance(name, str) and _AUDIENCES.fullmatch(name) is not None


def _moment(claim: Any) -> float:
    return float(claim) if type(claim) in (int, float) else -math.inf


def _expiry() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + SAS_SECONDS))


def _sas(resource: str, signature: str, expiry: str, permissions: str) -> str:
    fields = {"sv": "2021-08-06", "sr": resource, "sig": signature, "se": expiry, "sp": permissions}
    return urlencode(fields, quote_via=quote)
