"""Artifacts as MLflow's clients reach them; they are the run's own, whichever way they came.

Plain MLflow sends them through the service (``mlflow.store.artifact.http_artifact_repo``); azureml-mlflow asks
the run history for signed blob addresses (``azureml.mlflow._restclient.run_artifact``).
"""

import mimetypes
import posixpath
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.services.artifacts import NewArtifacts
from scaffold.workspace.services.blobs import MAX_BLOB_BYTES
from scaffold.workspace.services.dto import artifact_dto, content_information
from scaffold.workspace.services.history import run_of
from scaffold.workspace.services.mlflow_records import (
    artifact_root,
    asked_as,
    invalid,
    missing,
    mlflow,
    refusal,
    run_for,
)
from scaffold.workspace.services.mlflow_runs import OfRun
from scaffold.workspace.store.blobs import ARTIFACTS, Blob, artifact_prefix
from scaffold.workspace.store.runs import Run
from scaffold.workspace.streaming import part_of

_MAX_PATH = 1024


class Listing(OfRun):
    """``ListArtifacts``."""

    path: str = ""


def _checked(path: str) -> str:
    """A path of an artifact below its run.

    Raises:
        Fault: a client that downloads it could be led out of its folder, or it is too long.
    """
    path = path.strip("/")
    if len(path) > _MAX_PATH or "\x00" in path or ".." in path.split("/"):
        raise invalid(f"{path[:100]!r} is not the path of an artifact.")
    return path


def _written(context: Context, run: Run, path: str = "") -> list[Blob]:
    prefix = artifact_prefix(run.run_id) + (f"{path}/" if path else "")
    return [blob for blob in context.store.blobs.under(ARTIFACTS, prefix) if blob.written]


def _directory(context: Context, run: Run, path: str) -> list[dict[str, Any]]:
    """``FileInfo`` of everything directly below a path, with paths relative to the run."""
    start = len(artifact_prefix(run.run_id)) + (len(path) + 1 if path else 0)
    found: dict[str, dict[str, Any]] = {}
    for blob in _written(context, run, path):
        name, slash, _ = blob.name[start:].partition("/")
        whole = posixpath.join(path, name)
        if slash:
            found[whole] = {"path": whole, "is_dir": True}
        else:
            file = context.store.blobs.file(blob)
            size = file.stat().st_size if file is not None and file.exists() else 0
            found[whole] = {"path": whole, "is_dir": False, "file_size": size}
    return [found[name] for name in sorted(found)]


@mlflow
async def list_artifacts(request: Request) -> Any:
    """What is directly below a path of a run's artifacts."""
    context, asked = context_of(request), await asked_as(request, Listing)
    run = run_for(context, asked.run_id, asked.run_uuid)
    files = _directory(context, run, _checked(asked.path))
    return {"root_uri": artifact_root(request, run), "files": files}


@mlflow
async def list_proxied(request: Request) -> Any:
    """The same for a client that goes through this service, with names relative to the path asked for."""
    context = context_of(request)
    run_id, _, path = request.query_params.get("path", "").strip("/").partition("/")
    path = _checked(path)
    files = _directory(context, run_for(context, run_id), path)
    return {"files": [file | {"path": posixpath.basename(file["path"])} for file in files]}


def _target(request: Request) -> tuple[Context, Run, str]:
    context, params = context_of(request), request.path_params
    run = run_for(context, params["run_id"])
    return context, run, _checked(params.get("path", ""))


@mlflow
async def upload(request: Request) -> Any:
    """Keeps a file as an artifact, piece by piece as it comes."""
    context, run, path = _target(request)
    if not path:
        raise invalid("The artifact has no name.")
    writer = context.store.content.writer()
    try:
        async for chunk in request.stream():
            writer.write(chunk)
            if writer.size > MAX_BLOB_BYTES:
                raise refusal(413, f"An artifact may have {MAX_BLOB_BYTES} bytes at most.")
        announced = request.headers.get("content-length")
        if announced is not None and announced != str(writer.size):
            raise invalid("The body is shorter than it was announced.")
    except BaseException:
        writer.discard()
        raise
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    size = writer.size
    name = artifact_prefix(run.run_id) + path
    context.store.blobs.put(ARTIFACTS, name, sha256=writer.keep(), size=size, content_type=kind)
    return {}


@mlflow
async def download(request: Request) -> Any:
    """An artifact's bytes, as many as there are now."""
    context, run, path = _target(request)
    blob = context.store.blobs.get(ARTIFACTS, artifact_prefix(run.run_id) + path)
    file = context.store.blobs.file(blob) if blob is not None else None
    if blob is None or file is None or not file.exists():
        raise missing(f"Artifact {path!r} of run {run.run_id}")
    size = file.stat().st_size
    headers = {
        "content-length": str(size),
        "content-type": blob.content_type,
        "x-content-type-options": "nosniff",
    }
    return StreamingResponse(part_of(file, 0, size), headers=headers)


@mlflow
async def delete(request: Request) -> Any:
    """Takes an artifact, or everything below a path, from a run."""
    context, run, path = _target(request)
    names = [blob.name for blob in _written(context, run, path)]
    for name in [*names, artifact_prefix(run.run_id) + path]:
        context.store.blobs.remove(ARTIFACTS, name)
    return Response(status_code=200)


async def list_run_artifacts(request: Request) -> Any:
    """All artifacts of a run (``PaginatedArtifactDto``)."""
    blobs = _written(context_of(request), run_of(request), _checked(request.query_params.get("path", "")))
    return {"value": [artifact_dto(blob) for blob in blobs], "continuationToken": None, "nextLink": None}


async def get_run_content_information(request: Request) -> Any:
    """Where one artifact of a run can be read."""
    context, run = context_of(request), run_of(request)
    path = request.query_params.get("path", "")
    blob = context.store.blobs.get(ARTIFACTS, artifact_prefix(run.run_id) + path)
    if blob is None or not blob.written:
        raise faults.not_found(f"Artifact {path!r}")
    information = content_information(context, ARTIFACTS, blob.name, "r")
    # azureml-mlflow downloads silently nothing from an address in which it finds no host of the cloud's storage
    # with a path and a query behind it; a parameter that the storage client drops shows it one.
    information.content_uri += "&host=local.blob.core.local/azureml/?"
    return information


async def create_run_artifacts(request: Request) -> Any:
    """Announces artifacts of a run and says where to write them (``BatchArtifactContentInformationDto``)."""
    context, run, body = context_of(request), run_of(request), await body_as(request, NewArtifacts)
    artifacts, information = {}, {}
    for entry in body.paths:
        name = artifact_prefix(run.run_id) + entry.path
        context.store.blobs.announce(ARTIFACTS, name)
        blob = context.store.blobs.get(ARTIFACTS, name)
        if blob is not None:
            artifacts[entry.path] = artifact_dto(blob)
        information[entry.path] = content_information(context, ARTIFACTS, name, "rw")
    return {"artifacts": artifacts, "artifactContentInformation": information, "errors": {}}
