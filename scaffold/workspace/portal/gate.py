"""Who may see the pages, and what no answer goes out without.

The first visit carries a secret in the path (it is in the URL that the SDK prints); it becomes a cookie and
leaves the address bar. Everything else asks for the cookie. What changes something also carries a token
that only our own pages know, so that no other page can have a browser send it.
"""

import hashlib
import hmac

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from scaffold.workspace.context import Context, context_of

_COOKIE = "scaffold"
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with none at all, browsers hide the origin of our own forms as well
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Gate:
    """Lets in who carries the secret, from this machine's own address and from no other page."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._secret = context.authority.keys.portal
        port = context.endpoints.http_port
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if not self._admits(request):
            response = PlainTextResponse(
                "403: open the address that 'scaffold workspace open' or a submission printed.\n"
                "'scaffold workspace status' tells it again.\n",
                status_code=403,
                headers=HEADERS,
            )
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _admits(self, request: Request) -> bool:
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if host not in self._hosts or (origin is not None and origin != f"http://{host}"):
            return False
        first = request.url.path.split("/")[1]
        # A browser keeps one jar for all ports, so another workspace's cookie may come along.
        offered = [value for name, value in request.cookies.items() if name.startswith(_COOKIE)]
        return any(hmac.compare_digest(self._secret.encode(), text.encode()) for text in (first, *offered))


async def enter(request: Request) -> Response:
    """Turns the secret in the address into a cookie and goes on to the page without it."""
    # Two slashes would name another site.
    rest = request.path_params.get("rest", "").lstrip("/\\")
    query = "?format=json" if request.query_params.get("format") == "json" else ""
    response = RedirectResponse(f"/{rest}{query}", status_code=303, headers=HEADERS)
    context = context_of(request)
    response.set_cookie(
        f"{_COOKIE}-{context.endpoints.http_port}",
        context.authority.keys.portal,
        httponly=True,
        samesite="lax",
        path="/",
        max_age=365 * 24 * 3600,
    )
    return response


def form_token(context: Context) -> str:
    """What a form of ours carries; it opens nothing by itself."""
    return hmac.new(context.authority.keys.portal.encode(), b"form", hashlib.sha256).hexdigest()


def is_ours(request: Request, token: str) -> bool:
    """True for a form that one of our own pages sent."""
    expected = form_token(context_of(request))
    return hmac.compare_digest(expected.encode(), token.encode())
