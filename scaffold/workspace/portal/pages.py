"""Answering with a page: the document that a view makes, as HTML or as its JSON twin."""

import asyncio
import hashlib
import logging
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from scaffold.words import inert, masked
from scaffold.workspace.context import Context, context_of
from scaffold.workspace.portal import words
from scaffold.workspace.portal.controls import Controls
from scaffold.workspace.portal.gate import HEADERS, base_of, form_token, proof_key
from scaffold.workspace.store import Store

_LOG = logging.getLogger("scaffold.workspace.portal")
_THEMES = ("light", "dark")
STATIC = Path(__file__).parent / "static"
STATIC_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Look:
    """What a view is asked: of which workspace, and how.

    Attributes:
        context: the workspace.
        controls: what can be done in it.
        query: the query of the address.
        cookies: what the browser remembers of this workspace (chosen columns, the theme).
    """

    context: Context
    controls: Controls
    query: QueryParams
    cookies: dict[str, str]

    @property
    def store(self) -> Store:
        return self.context.store


View = Callable[..., dict[str, Any] | None]


def _finalize(value: Any) -> Any:
    """What every value on a page goes through.

    Nothing that a run says can turn the text around it, and no page tells the passwords of a specification's addresses.
    """
    return inert(masked(value)) if type(value) is str else value


def _versions() -> dict[str, str]:
    """The static files with a hash of each, so that a browser may keep them for ever."""
    return {
        path.relative_to(STATIC).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in STATIC.rglob("*")
        if path.suffix in STATIC_TYPES
    }


VERSIONS = _versions()
# Quotes in text are escaped, so that only a template's own attribute looks like this.
_ADDRESS = re.compile(r' (href|src|action|data-(?:live|lines|source|one|files))="(?=/)')
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
    finalize=_finalize,
    auto_reload=False,
)
_TEMPLATES.filters.update(
    when=words.when, span=words.span, size=words.size, number=words.number, ago=words.ago, path=quote
)
_TEMPLATES.globals.update(
    static=lambda name: f"/static/{name}?v={VERSIONS[name]}",
    query=lambda **values: urlencode([(k, v) for k, v in values.items() if v not in (None, "")], doseq=True),
)
_TEMPLATES.globals["parts"] = _TEMPLATES.get_template("parts.html").module


def look_of(request: Request) -> Look:
    """What the request asks of its workspace."""
    return Look(context_of(request), request.app.state.controls, request.query_params, request.cookies)


def page(view: View, template: str | None, *, twin: bool = False) -> Callable[[Request], Any]:
    """An endpoint that shows what a view makes.

    Args:
        view: makes the document; None when there is no such thing. What its ``private`` holds is for the
            template alone, what its ``remember`` holds for the browser's cookies, and ``answer`` is the HTTP status.
        template: arranges it; None for what is there as JSON alone.
        twin: True for the address of the JSON twin.
    """

    async def show(request: Request) -> Response:
        try:
            return await asyncio.to_thread(_answer, request, view, template, twin)
        except Exception as error:
            return failed(request, error)

    return show


def _answer(request: Request, view: View, template: str | None, twin: bool) -> Response:
    look, params = look_of(request), dict(request.path_params)
    twin = twin or "json" in request.headers.get("accept", "") or look.query.get("format") == "json"
    document = view(look, **params)
    last = next(reversed(params), None)
    # A name may end with .json itself, so that comes first.
    if document is None and last is not None and str(params[last]).endswith(".json"):
        document, twin = view(look, **{**params, last: params[last].removesuffix(".json")}), True
    if document is None:
        return missing(request)
    remembered, private = document.pop("remember", {}), document.pop("private", {})
    status: int = document.pop("answer", 200)
    response: Response
    if twin or template is None:
        response = JSONResponse(plain(document), status, headers=HEADERS)
    else:
        response = render(request, template, document | {"private": private}, status=status)
    for name, value in remembered.items():
        # For our own addresses alone: a browser sends what is for "/" to every port of this machine.
        response.set_cookie(name, value, samesite="strict", path=base_of(request), max_age=365 * 24 * 3600)
    return response


def render(request: Request, template: str, document: dict[str, Any], *, status: int = 200) -> Response:
    """The HTML of a document."""
    theme = request.cookies.get("scaffold-theme")
    frame = {
        "theme": theme if theme in _THEMES else None,
        "token": form_token(context_of(request)),
        "proof": proof_key(context_of(request)),
        "twin": twin_of(request),
        "set_aside": context_of(request).store.set_aside,
    }
    html = _TEMPLATES.get_template(template).render(document | {"frame": frame})
    html = _ADDRESS.sub(rf' \1="{base_of(request)}', html)
    return Response(html, status_code=status, media_type="text/html; charset=utf-8", headers=HEADERS)


def twin_of(request: Request) -> str:
    """The address of the page's twin."""
    path = "/experiments" if request.scope["path"] == "/" else request.scope["path"]
    query = request.scope["query_string"].decode("latin-1")
    return f"{quote(path)}.json" + (f"?{query}" if query else "")


def failed(request: Request, error: Exception) -> Response:
    """Something that should not have happened, said in two lines; the service's log has the rest."""
    _LOG.error("page %s failed", request.scope["path"], exc_info=error)
    return PlainTextResponse(
        "500: the page could not be made.\nThe service's log says why: 'scaffold workspace status' names its folder.\n",
        500,
        headers=HEADERS,
    )


def missing(request: Request) -> Response:
    """There is nothing there."""
    return render(request, "missing.html", {"title": "Not found", "section": None}, status=404)


def plain(value: Any) -> Any:
    """The document with numbers that JSON does not have as text, and without the passwords of addresses."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {masked(str(key)): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value
