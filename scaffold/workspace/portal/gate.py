"""Who may see the pages, and what no answer goes out without.

The secret stands in front of every address of a page: ``/SECRET/runs/…``. It is not a cookie, which a browser
would send to every port of this machine's address, whoever listens there. Each start of the service has another
one, so that whoever takes the port of a service that has ended, and is sent the old one by a page that is still
open, can open nothing with it. What changes something also carries a token that only our own pages know.

The pages' scripts send the secret to nobody who has not proved first to be the service that made the page: see
``/proof``, the one address without the secret, and ``static/page.js``.
"""

import hashlib
import hmac
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from scaffold.workspace import doors
from scaffold.workspace.context import Context, context_of
from scaffold.workspace.headers import repeated

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with none at all, browsers hide the origin of our own forms as well
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_PROOF = "/proof"
_CHALLENGE = re.compile(r"[0-9a-f]{32,128}")
_CLOSED = """403: this address opens nothing. It is incomplete, or from an earlier start of the local workspace.
Run 'scaffold workspace open' (or 'scaffold runs open RUN') for one that does.
"""


class Gate:
    """Lets in who carries the secret, from this machine's own address and from no other page."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._secret = context.authority.pages
        self._proof_key = proof_key(context)
        port = context.endpoints.http_port
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        response = self._refusal(request)
        if response is None and scope["path"] == _PROOF:
            response = self._proof(request)
        if response is None:
            secret, _, rest = scope["path"][1:].partition("/")
            if hmac.compare_digest(self._secret.encode(), secret.encode("utf-8", "replace")):
                doors.vouch(scope)
                # From here on nothing knows the secret, so that nothing writes it down.
                scope = {**scope, "path": f"/{rest}", "raw_path": b"", "scaffold.base": f"/{secret}"}
                await self._app(scope, receive, send)
                return
            response = PlainTextResponse(_CLOSED, 403, headers=HEADERS)
        await response(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        twice = repeated(request.scope["headers"])
        if twice is not None:
            return PlainTextResponse(
                f"400: the request has the header {twice} more than once.\nSend it once.\n",
                400,
                headers=HEADERS,
            )
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if host not in self._hosts or (origin is not None and origin != f"http://{host}"):
            return PlainTextResponse(_CLOSED, 403, headers=HEADERS)
        return None

    def _proof(self, request: Request) -> Response:
        """What only the service can say that made a page; it tells nothing of the secret."""
        challenge = request.query_params.get("challenge", "")
        if request.method != "GET" or not _CHALLENGE.fullmatch(challenge):
            return PlainTextResponse(
                "400: a challenge is 32 to 128 hexadecimal digits.\n", 400, headers=HEADERS
            )
        proof = hmac.new(bytes.fromhex(self._proof_key), challenge.encode(), hashlib.sha256).hexdigest()
        return JSONResponse({"proof": proof}, headers=HEADERS)


def base_of(request: Request) -> str:
    """What stands in front of the addresses of pages: the secret, after a slash."""
    base: str = request.scope["scaffold.base"]
    return base


def proof_key(context: Context) -> str:
    """What a page of ours asks a proof of; it opens nothing, and is another one at each start of the service."""
    return _derived(context, b"proof")


def form_token(context: Context) -> str:
    """What a form of ours carries; it opens nothing by itself."""
    return _derived(context, b"form")


def _derived(context: Context, purpose: bytes) -> str:
    return hmac.new(context.authority.pages.encode(), purpose, hashlib.sha256).hexdigest()


def is_ours(request: Request, token: str) -> bool:
    """True for a form that one of our own pages sent."""
    expected = form_token(context_of(request))
    return hmac.compare_digest(expected.encode(), token.encode())
