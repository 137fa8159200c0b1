"""Telling a page that there is something new: server-sent events, at most a few in a second.

An event says what changed, not how: the page then asks for just that. All writing goes through this process's one
connection to the database, so that whether anything was written at all is one number to look at; a log that a
run's own process writes is looked at by its size.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from scaffold.workspace.logs import USER_LOGS
from scaffold.workspace.portal.gate import HEADERS
from scaffold.workspace.portal.pages import Look, look_of, missing
from scaffold.workspace.portal.serving import log_size
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix

_LOOK_SECONDS = 0.08
_LIST_SECONDS = 1.0
_SIGN_OF_LIFE_SECONDS = 15.0


async def lists(request: Request) -> Response:
    """Tells a list when anything in the workspace has changed, once a second at the most."""
    look = look_of(request)

    async def events() -> AsyncIterator[str]:
        seen, waited = look.store.database.changes, 0.0
        yield "retry: 2000\n\n"
        while not look.controls.stopping:
            changes = look.store.database.changes
            if changes != seen:
                seen, waited = changes, 0.0
                yield _event({"changes": changes})
                await asyncio.sleep(_LIST_SECONDS - _LOOK_SECONDS)
            elif waited > _SIGN_OF_LIFE_SECONDS:
                waited = 0.0
                yield ":\n\n"
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS

    return _stream(events())


async def run(request: Request) -> Response:
    """Tells a run's pages what has changed of it, until it is over."""
    look, run_id, log = look_of(request), request.path_params["run_id"], request.query_params.get("log")
    if look.store.runs.get(run_id) is None:
        return missing(request)

    async def events() -> AsyncIterator[str]:
        seen, told, waited = -1, "", 0.0
        state: dict[str, Any] = {}
        yield "retry: 2000\n\n"
        while not look.controls.stopping:
            changes = look.store.database.changes
            if changes != seen:
                seen, state = changes, _state(look, run_id)
            state["log"] = log_size(request, run_id, log or str(state.get("first", "")))
            text = json.dumps(state)
            if text != told:
                told, waited = text, 0.0
                yield _event(state)
            elif waited > _SIGN_OF_LIFE_SECONDS:
                waited = 0.0
                yield ":\n\n"
            if state.get("over"):
                return
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS

    return _stream(events())


def _state(look: Look, run_id: str) -> dict[str, Any]:
    """A few words that are others whenever a page of the run would be."""
    found = look.store.runs.get(run_id)
    if found is None:
        return {"over": True}
    row = look.store.database.one(
        "SELECT (SELECT COUNT(*) || ' ' || COALESCE(MAX(modified), '') FROM blobs WHERE container = ?2 AND name >= ?3"
        " AND name < ?4), (SELECT COUNT(*) || ' ' || COALESCE(MAX(created), '') || group_concat(DISTINCT status)"
        " FROM runs WHERE parent_run_id = ?1)",
        run_id, ARTIFACTS, artifact_prefix(run_id), artifact_prefix(run_id) + "\U0010ffff",
    )  # fmt: skip
    facts = (found.status, found.ended, found.display_name, found.description, found.tags, found.warnings,
             found.hidden, found.properties, row[1] if row else "")  # fmt: skip
    return {
        "state": f"{hash(repr(facts)):x}",
        "files": row[0] if row else "",
        "first": _first_log(look, run_id),
        "metrics": look.store.metrics.newest(),
        "over": found.status.terminal,
    }


def _first_log(look: Look, run_id: str) -> str:
    prefix = artifact_prefix(run_id)
    logs = look.store.blobs.under(ARTIFACTS, prefix + USER_LOGS, limit=20)
    return next((blob.name.removeprefix(prefix) for blob in logs if blob.written), "")


def _event(document: dict[str, Any]) -> str:
    return f"data: {json.dumps(document)}\n\n"


def _stream(events: AsyncIterator[str]) -> Response:
    return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)
