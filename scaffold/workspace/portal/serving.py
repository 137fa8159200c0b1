"""The bytes of files, and the lines of logs: never as something that a browser would run with our rights."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from scaffold.workspace.portal import text
from scaffold.workspace.portal.gate import HEADERS
from scaffold.workspace.portal.lines import LogLines
from scaffold.workspace.portal.pages import STATIC, STATIC_TYPES, VERSIONS, look_of, missing
from scaffold.workspace.portal.views.files import snapshot_files
from scaffold.workspace.portal.views.run import artifact_file
from scaffold.workspace.store.snapshots import write_zip
from scaffold.workspace.streaming import part_of

_INERT = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; sandbox"
)
"""The policy of a file that might be a page: even opened by itself it runs nothing and belongs to nobody."""

_LINES, _MATCHES = 1000, 1000
_CHUNK = 256 * 1024
_LOGS = LogLines()


def _send(file: Path, path: str, request: Request) -> Response:
    """A file as text; as an image where it is asked for as one; as a download where that is asked for."""
    size = file.stat().st_size
    headers = HEADERS | {"content-length": str(size), "content-security-policy": _INERT}
    kind = "text/plain; charset=utf-8"
    if request.query_params.get("as") == "image" and text.suffix(path) in text.IMAGES:
        kind = text.IMAGES[text.suffix(path)]
    if request.query_params.get("as") == "download":
        kind = "application/octet-stream"
        headers["content-disposition"] = _attachment(path.rpartition("/")[2])
    return StreamingResponse(part_of(file, 0, size), media_type=kind, headers=headers)


def _attachment(name: str) -> str:
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


async def artifact(request: Request) -> Response:
    """The bytes of one of the files that a run has left."""
    look, params = look_of(request), request.path_params
    file = artifact_file(look, params["run_id"], params["path"])
    return missing(request) if file is None else _send(file, params["path"], request)


async def snapshot_file(request: Request) -> Response:
    """The bytes of one file of a run's snapshot."""
    look, params = look_of(request), request.path_params
    run = look.store.runs.get(params["run_id"])
    files = snapshot_files(look, run) if run else []
    found = next((file for file in files if file.path == params["path"]), None)
    if found is None:
        return missing(request)
    return _send(look.store.content.path(found.sha256), found.path, request)


async def snapshot_zip(request: Request) -> Response:
    """A run's snapshot as one file."""
    look, run_id = look_of(request), request.path_params["run_id"]
    run = look.store.runs.get(run_id)
    if run is None or run.snapshot_id is None:
        return missing(request)
    archive = tempfile.SpooledTemporaryFile(_CHUNK * 8)  # noqa: SIM115  (closed when it is sent)
    await asyncio.to_thread(
        write_zip, archive, look.store.snapshots.files(run.snapshot_id), look.store.content
    )
    size = archive.tell()
    archive.seek(0)
    headers = HEADERS | {
        "content-length": str(size),
        "content-disposition": _attachment(f"{run_id}_snapshot.zip"),
    }
    return StreamingResponse(_chunks(archive), media_type="application/zip", headers=headers)


async def _chunks(stream: IO[bytes]) -> AsyncIterator[bytes]:
    with stream:
        while chunk := await asyncio.to_thread(stream.read, _CHUNK):
            yield chunk


async def lines(request: Request) -> Response:
    """Lines of a log: ``from`` (negative: from the end) and ``count``; with ``search``, where they are found."""
    look, params, query = look_of(request), request.path_params, request.query_params
    file = artifact_file(look, params["run_id"], params["path"])
    if file is None:
        return missing(request)
    try:
        first, count = int(query.get("from", "0")), int(query.get("count", "200"))
    except ValueError:
        return JSONResponse({"error": "'from' and 'count' are numbers."}, 400, headers=HEADERS)
    answer: dict[str, Any]
    try:
        if query.get("search"):
            answer = await asyncio.to_thread(_LOGS.search, file, query["search"], max(0, first), _MATCHES)
        else:
            answer = await asyncio.to_thread(_LOGS.window, file, first, min(max(0, count), _LINES))
    except FileNotFoundError:  # a run that ends takes its folder away
        return missing(request)
    return JSONResponse(answer, headers=HEADERS)


async def static(request: Request) -> Response:
    """Styles and scripts; a browser keeps them until their hash changes."""
    name = request.path_params["name"]
    if name not in VERSIONS:
        return missing(request)
    file = STATIC / name
    headers = HEADERS
    if request.query_params.get("v") == VERSIONS[name]:
        headers = HEADERS | {"cache-control": "private, max-age=31536000, immutable"}
    return Response(file.read_bytes(), media_type=STATIC_TYPES[file.suffix], headers=headers)


def log_size(request: Request, run_id: str, path: str) -> int | None:
    """How long a log is now (bytes), or None while there is none."""
    file = artifact_file(look_of(request), run_id, path)
    try:
        return file.stat().st_size if file else None
    except FileNotFoundError:
        return None
