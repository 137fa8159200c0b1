"""Who may speak to the local workspace: its CA, its secrets, the tokens and signatures it issues.

One workspace has one owner, the user whose files these are. Everything secret lives in
``Home.secrets`` with mode 0600. The CA's private key is thrown away after it has signed the server's
certificate: whoever reads the folder later can still not sign for another host.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from scaffold.workspace.files import write_atomically
from scaffold.workspace.keys import Keys
from scaffold.workspace.naming import WorkspaceName
from scaffold.workspace.paths import Home

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
    """Makes the keys and the certificates where there are none yet, and returns the keys.

    Called by the service alone, under its lock.
    """
    home.create()
    if not home.secret_keys.exists():
        names = ("signing", "identity", "control", "portal", "discovery")
        keys = {name: secrets.token_urlsafe(24) for name in names}
        tenant_id = WorkspaceName.load(home).tenant_id or str(uuid.uuid4())
        keys |= {"tenant_id": tenant_id, "user_id": str(uuid.uuid4())}
        write_atomically(home.secret_keys, json.dumps(keys).encode())
    if not (home.ca_certificate.exists() and home.server_certificate.exists()):
        _issue_certificates(home)
    return Keys.load(home)


def _issue_certificates(home: Home) -> None:
    import trustme

    authority = trustme.CA(
        organization_name="azureml-scaffold", organization_unit_name="local workspace on this machine"
    )
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
    """

    submission: str | None = None
    run_id: str | None = None
    python: str | None = None
    files_of: str | None = None


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
        if expiry - now < TOKEN_SECONDS / 2:
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
        """The caller that a token was issued to, or None when it is not one of ours or has expired."""
        import jwt

        known = self._verified.get(token)
        if known is not None and known[0] > time.time():
            return known[1]
        try:
            claims = jwt.decode(
                token,
                self.keys.signing,
                algorithms=["HS256"],
                options={"require": ["exp", "aud"], "verify_aud": False},
            )
        except (jwt.InvalidTokenError, RecursionError):  # its header is read before its signature is checked
            return None
        if not is_audience(claims["aud"]):
            return None
        submission, _, python = (claims.get("sid") or "").partition("~")
        caller = Caller(submission or None, claims.get("run"), python or None, claims.get("files"))
        self._verified[token] = (float(claims["exp"]), caller)
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


def _expiry() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + SAS_SECONDS))


def _sas(resource: str, signature: str, expiry: str, permissions: str) -> str:
    fields = {"sv": "2021-08-06", "sr": resource, "sig": signature, "se": expiry, "sp": permissions}
    return urlencode(fields, quote_via=quote)
