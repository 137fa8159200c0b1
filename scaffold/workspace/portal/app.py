"""The application of the pages' port: who may look, and what there is to see.

The first visit carries a secret in the path (it is in the URL that the SDK prints); it becomes a cookie and
leaves the address bar. Everything else asks for the cookie. Nothing here changes anything.
"""

import hmac
import math
from pathlib import Path
from typing import Any

import jinja2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from scaffold.workspace import addresses  # noqa: F401  (makes {…:any} known)
from scaffold.workspace.context import Context, context_of
from scaffold.workspace.portal import views
from scaffold.workspace.streaming import part_of

_COOKIE = "scaffold"
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)
_TEMPLATES.filters["when"] = views.when
_TEMPLATES.filters["span"] = views.span
_STATIC = Path(__file__).parent / "static"
_STATIC_TYPES = {"style.css": "text/css", "live.js": "text/javascript"}


def portal_app(context: Context) -> ASGIApp:
    """The application of the pages' port."""
    secret = context.authority.keys.portal
    app = Starlette(
        routes=[
            Route("/", _page(views.experiments, "experiments.html")),
            Route("/experiments/id/{experiment_id}", _page(views.experiment, "experiment.html")),
            Route("/experiments/{experiment}", _page(views.experiment, "experiment.html")),
            Route("/runs/{run_id}", _page(views.run, "run.html")),
            Route("/runs/{run_id}/file/{path:any}", _file),
            Route("/static/{name}", _static),
            Route(f"/{secret}", _enter),
            Route(f"/{secret}/{{rest:path}}", _enter),
        ]
    )
    app.router.redirect_slashes = False
    app.state.context = context
    return _Gate(app, context)


class _Gate:
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
                "403: open the address that 'scaffold workspace status' or a submission printed.\n",
                status_code=403,
                headers=_HEADERS,
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


async def _enter(request: Request) -> Response:
    """Turns the secret in the address into a cookie and goes on to the page without it."""
    # Two slashes would name another site.
    rest = request.path_params.get("rest", "").lstrip("/\\")
    query = "?format=json" if request.query_params.get("format") == "json" else ""
    response = RedirectResponse(f"/{rest}{query}", status_code=303, headers=_HEADERS)
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


def _page(view: Any, template: str) -> Any:
    async def show(request: Request) -> Response:
        document = view(context_of(request), **request.path_params)
        if document is None:
            return _not_found()
        if "json" in request.headers.get("accept", "") or request.query_params.get("format") == "json":
            return JSONResponse(_plain(document), headers=_HEADERS)
        html = _TEMPLATES.get_template(template).render(**document)
        return Response(html, media_type="text/html; charset=utf-8", headers=_HEADERS)

    return show


def _plain(value: Any) -> Any:
    """The document with numbers that JSON does not have as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value


def _not_found() -> Response:
    return PlainTextResponse("404: there is nothing of that name in this workspace.\n", 404, headers=_HEADERS)


async def _file(request: Request) -> Response:
    """An artifact's bytes, never as something that a browser would run."""
    found = views.artifact_file(context_of(request), **request.path_params)
    if found is None:
        return _not_found()
    size = found.stat().st_size
    return StreamingResponse(
        part_of(found, 0, size),
        media_type="text/plain; charset=utf-8",
        headers=_HEADERS | {"content-length": str(size)},
    )


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC_TYPES:
        return _not_found()
    return Response((_STATIC / name).read_bytes(), media_type=_STATIC_TYPES[name], headers=_HEADERS)
