"""What this program's own commands ask of the service; no part of the Azure ML protocol.

Every address carries the control secret, which only the owner's processes can read.
"""

import asyncio
import hmac
import os
import shutil
import signal
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from scaffold import __version__
from scaffold.workspace import faults
from scaffold.workspace.context import Context, context_of
from scaffold.workspace.doors import vouch
from scaffold.workspace.engine.environments import BusyError
from scaffold.workspace.logs import USER_LOGS
from scaffold.workspace.services.execution import tell_queued
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.database import now, timestamp
from scaffold.workspace.store.pruning import prune_content
from scaffold.workspace.store.runs import Run

_LONGEST_WAIT_SECONDS = 30.0
_CHUNK = 1024 * 1024
_UPLOADS_TAKE = timedelta(days=1)


def admitted(request: Request) -> Context:
    """The context, for a request that carries the control secret.

    Raises:
        Fault: it does not.
    """
    context = context_of(request)
    expected = context.authority.keys.control
    if not hmac.compare_digest(expected.encode(), request.path_params["secret"].encode()):
        raise faults.forbidden("The address is not one that this workspace gave out.")
    vouch(request.scope)
    return context


async def get_status(request: Request) -> Any:
    """What the service is and what it is doing."""
    context = admitted(request)
    import psutil

    return {
        "version": __version__,
        "pid": os.getpid(),
        "workspace_id": context.store.workspace_id,
        "scope": context.scope,
        "portal": context.portal,
        "runs": context.store.runs.count_by_status(),
        "width": context.engine.queue.width,
        "environments": len(context.store.environments.all()),
        "memory_bytes": psutil.Process().memory_info().rss,
        "disk_free_bytes": shutil.disk_usage(context.home.root).free,
        "set_aside": context.store.set_aside,
        "faults": [msgspec.structs.asdict(fault) for fault in context.store.injected.all()],
    }


async def get_usage(request: Request) -> Any:
    """What is kept on disk for environments (bytes)."""
    return await asyncio.to_thread(admitted(request).engine.environments.usage)


async def prune(request: Request) -> Any:
    """Removes environments that no run has used for ``days``, and none that a run may be using now.

    With ``cache=1`` the packages go too that are kept for the next build; and in any case the files that nothing
    refers to for a day.
    """
    context = admitted(request)
    store, environments = context.store, context.engine.environments
    before = now() - timedelta(days=min(_number(request, "days"), 36500.0))
    unfinished = [run.created for run in store.runs.unfinished()]
    removed = await asyncio.to_thread(environments.prune, min([timestamp(before), *unfinished]))
    settled = datetime.fromisoformat(min([timestamp(now() - _UPLOADS_TAKE), *unfinished]))
    content = await asyncio.to_thread(prune_content, store.database, store.content, settled)
    cached = 0
    if _number(request, "cache"):
        try:
            cached = await asyncio.to_thread(environments.empty_caches)
        except BusyError as error:
            raise faults.conflict(f"{error} Empty the package cache once that is over.") from None
    return {
        "cache_bytes": cached,
        "files": {"removed": content.files, "bytes_before": content.before, "bytes_after": content.after},
        "removed": [
            {"key": built.key, "name": built.name, "used": built.used, "bytes": size}
            for built, size in removed
        ],
    }


async def stop(request: Request) -> Any:
    """Ends the service; runs that are under way go on without it."""
    admitted(request)
    asyncio.get_running_loop().call_later(0.05, signal.raise_signal, signal.SIGTERM)
    return {"stopping": True}


async def get_events(request: Request) -> Any:
    """The events of a submission after the first ``seen``; waits for the next one up to ``wait`` seconds."""
    context = admitted(request)
    submission = request.path_params["submission"]
    seen, wait = _number(request, "seen"), _number(request, "wait")
    if not seen:
        _recall(context, submission)
    events = await context.submissions.after(submission, int(seen), min(wait, _LONGEST_WAIT_SECONDS))
    return {"events": events}


async def end_submission(request: Request) -> Any:
    """Notes that the submitting program has ended, which wakes those who follow the submission."""
    context = admitted(request)
    code = int(_number(request, "exit_code", lowest=-(2**31)))
    submission = request.path_params["submission"]
    runs = [run.run_id for run in _recall(context, submission)]
    context.submissions.tell(submission, "over", exit_code=code, runs=runs)
    return {"runs": runs}


def _recall(context: Context, submission: str) -> list[Run]:
    """The submission's runs; those are told of that an earlier process of the service had accepted."""
    runs = context.store.runs.of_submission(submission)
    told = context.submissions.queued(submission)
    for run in runs:
        if run.run_id not in told:
            tell_queued(context, run)
    return runs


def _number(request: Request, name: str, *, lowest: float = 0.0) -> float:
    try:
        number = float(request.query_params.get(name, "0"))
    except ValueError:
        raise faults.bad_request(f"{name} is not a number.") from None
    if not -(2.0**53) < number < 2.0**53:
        raise faults.bad_request(f"{name} is out of all bounds.")
    return max(lowest, number)


async def get_run(request: Request) -> Any:
    """The state of a run, for those who follow it."""
    context = admitted(request)
    run = context.store.runs.get(request.path_params["run_id"])
    if run is None:
        raise faults.not_found(f"Run {request.path_params['run_id']}")
    return {
        "run_id": run.run_id,
        "status": run.status.value,
        "terminal": run.status.terminal,
        "exit_code": run.exit_code,
        "error": run.error["message"] if run.error else None,
        "started": run.started,
        "ended": run.ended,
        "created": run.created,
        "warnings": run.warnings,
        "url": f"{context.portal}/runs/{run.run_id}",
    }


async def get_log(request: Request) -> Response:
    """The bytes of a run's log from ``offset`` on, at most a megabyte: of what it prints, or of the log ``name``.

    With ``wait``, a request at the present end is answered when there is more, or when the run is over
    (header ``x-scaffold-over: 1``: nothing follows what is in this answer, if that is less than a megabyte).
    A run that was begun again has a new log (header ``x-scaffold-attempt``): whoever read the one of an earlier
    ``attempt`` is given the new one from its start. Whoever names the ``status`` that the run had is answered too
    when it has another (header ``x-scaffold-status``).
    """
    context = admitted(request)
    run_id = request.path_params["run_id"]
    offset, wait = int(_number(request, "offset")), min(_number(request, "wait"), _LONGEST_WAIT_SECONDS)
    known = int(_number(request, "attempt"))
    named = request.query_params.get("name", "")
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        run = context.store.runs.get(run_id)
        if run is None:
            raise faults.not_found(f"Run {run_id}")
        attempt = context.store.runs.attempts(run_id)
        if attempt > known > 0:
            offset, known = 0, attempt
        # The order matters: once the run is over its log does not grow any more.
        over = run.status.terminal
        # Of several processes, the first one's log is the one to follow.
        logs = context.store.blobs.under(ARTIFACTS, artifact_prefix(run_id) + (named or USER_LOGS), limit=1)
        blob = logs[0] if logs and (not named or logs[0].name.endswith(f"/{named}")) else None
        file = context.store.blobs.require_file(blob) if blob else None
        data = await asyncio.to_thread(_tail, file, offset) if file else b""
        moved = request.query_params.get("status", run.status.value) != run.status.value
        if data or over or moved or asyncio.get_running_loop().time() >= deadline:
            headers = {
                "x-scaffold-over": str(int(over)),
                "x-scaffold-attempt": str(attempt),
                "x-scaffold-status": run.status.value,
            }
            return Response(data, media_type="application/octet-stream", headers=headers)
        await asyncio.sleep(0.05)


def _tail(file: Path, offset: int) -> bytes:
    try:
        with file.open("rb") as stream:
            stream.seek(offset)
            return stream.read(_CHUNK)
    except FileNotFoundError:  # between its folder's removal and its entry in the store
        return b""


async def cancel_run(request: Request) -> Any:
    """Asks for the end of a run."""
    context = admitted(request)
    run_id = request.path_params["run_id"]
    if context.store.runs.get(run_id) is None:
        raise faults.not_found(f"Run {run_id}")
    return {"canceled": context.engine.cancel(run_id)}
