"""What forms on the pages do: cancel a run, submit it again, tag it. Everything else only reads."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from scaffold.workspace.portal.controls import RefusedError
from scaffold.workspace.portal.gate import HEADERS, base_of, is_ours
from scaffold.workspace.portal.pages import Look, look_of, missing, render

_MOST_BYTES = 64 * 1024
_MOST_TEXT = 8192
Act = Callable[[Look, str, QueryParams], str]


def action(act: Act) -> Any:
    """An endpoint for a form: does it, and goes on to the page that ``act`` names."""

    async def answer(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                return PlainTextResponse("413: that is too much.\n", 413, headers=HEADERS)
        pairs = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        form = QueryParams([(name, value) for name, values in pairs.items() for value in values])
        if not is_ours(request, form.get("token", "")):
            return PlainTextResponse(
                "403: this form was not sent by a page of this workspace.\nOpen the run's page and try again.\n",
                403,
                headers=HEADERS,
            )
        look, run_id = look_of(request), request.path_params["run_id"]
        if look.store.runs.get(run_id) is None:
            return missing(request)
        try:
            target = act(look, run_id, form)
        except RefusedError as error:
            document = {
                "title": "Not done",
                "section": "runs",
                "reason": str(error),
                "back": f"/runs/{quote(run_id)}",
            }
            return render(request, "refused.html", document, status=409)
        return RedirectResponse(base_of(request) + target, status_code=303, headers=HEADERS)

    return answer


def cancel(look: Look, run_id: str, form: QueryParams) -> str:
    """Asks for the end of the run."""
    look.controls.cancel(run_id)
    return f"/runs/{quote(run_id)}"


def resubmit(look: Look, run_id: str, form: QueryParams) -> str:
    """Submits the same again, and goes to the new run."""
    return f"/runs/{quote(look.controls.resubmit(run_id))}"


def tag(look: Look, run_id: str, form: QueryParams) -> str:
    """Sets a tag, or takes away the one that ``remove`` names (percent-encoded, since a page shows no raw names)."""
    if form.get("remove"):
        look.controls.tag(run_id, unquote(form["remove"]), None)
        return f"/runs/{quote(run_id)}"
    name, value = form.get("name", "").strip(), form.get("value", "")
    if not name:
        raise RefusedError("A tag needs a name.")
    if len(name) + len(value) > _MOST_TEXT:
        raise RefusedError(f"A tag has {_MOST_TEXT} characters at the most.")
    look.controls.tag(run_id, name, value)
    return f"/runs/{quote(run_id)}"
