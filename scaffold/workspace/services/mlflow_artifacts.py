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
from scaffold.workspace.services.artifacts import NewArtifacts, announced, conflict, is_written, new_path
from scaffold.workspace.services.blobs import MAX_BLOB_BYTES
from scaffold.workspace.services.dto import artifact_dto, content_information
from scaffold.workspace.services.history import run_of
from scaffold.workspace.services.mlflow_records import (
    artifact_root,
    asked_as,
    invalid,
    missing,
    mlflow,
    run_for,
)
from scaffold.workspace.services.mlflow_runs import OfRun
from scaffold.workspace.services.uploads import received
from scaffold.workspace.store.blobs import ARTIFACTS, RUN_ORIGIN, Blob, artifact_prefix
from scaffold.workspace.store.pathnames import UnsafeNameError, is_safe
from scaffold.workspace.streaming import part_of


class Listing(OfRun):
    """``ListArtifacts``."""

    path: str = ""


def checked_path(path: str) -> str:
    """A path of an artifact below its run.

    Raises:
        Fault: a client that downloads it would be led out of its folder, or no file can be called so.
    """
    path = path.strip("/")
    if path and not is_safe(path):
        raise invalid(str(UnsafeNameError(path)))
    return path


LOGGED_MODELS = "LoggedModel"
"""The origin of the artifacts that are models logged by MLflow 3; the container is the model's id."""


def _place(context: Context, head: str, *, writable: bool = False) -> str:
    """The prefix of artifacts that the first part of a path names: a run, or ``origin:container`` of others.

    Raises:
        Fault: there is no such run, or the place is to be written to and is not a logged model's.
    """
    origin, colon, container = head.partition(":")
    if not colon:
        return artifact_prefix(run_for(context, head).run_id)
    if writable and (origin != LOGGED_MODELS or context.store.logged_models.get(container) is None):
        raise missing(f"A run or a logged model {head!r}")
    return f"{origin}/{container}/"


def _written(context: Context, place: str, path: str = "") -> list[Blob]:
    prefix = place + (f"{path}/" if path else "")
    return [blob for blob in context.store.blobs.under(ARTIFACTS, prefix) if blob.written]


def _directory(context: Context, place: str, path: str) -> list[dict[str, Any]]:
    """``FileInfo`` of everything directly below a path, with paths relative to the place."""
    start = len(place) + (len(path) + 1 if path else 0)
    found: dict[str, dict[str, Any]] = {}
    for blob in _written(context, place, path):
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
    files = _directory(context, artifact_prefix(run.run_id), checked_path(asked.path))
    return {"root_uri": artifact_root(request, run), "files": files}


@mlflow
async def list_proxied(request: Request) -> Any:
    """The same for a client that goes through this service, with names relative to the path asked for."""
    context = context_of(request)
    head = run_in_query(request)
    path = checked_path(request.query_params.get("path", "").strip("/").removeprefix(head))
    files = _directory(context, _place(context, head), path)
    return {"files": [file | {"path": posixpath.basename(file["path"])} for file in files]}


def run_in_path(request: Request) -> str:
    """The run whose files a request is about, of one that names a file."""
    return str(request.path_params["run_id"])


def run_in_query(request: Request) -> str:
    """The same, of one that asks for a list."""
    return request.query_params.get("path", "").strip("/").partition("/")[0]


def _target(request: Request) -> tuple[Context, str, str]:
    context, params = context_of(request), request.path_params
    path = checked_path(params["path"])
    return context, _place(context, params["run_id"], writable=True), path


@mlflow
async def upload(request: Request) -> Any:
    """Keeps a file as an artifact, piece by piece as it comes.

    A run's artifact is written once, as on Azure ML. A logged model of MLflow 3, which Azure ML has not, is
    MLflow's own, whose clients write into it again.
    """
    context, place, path = _target(request)
    if not path:
        raise invalid("The artifact has no name.")
    if place.startswith(f"{RUN_ORIGIN}/") and is_written(context, place + path):
        async for _ in request.stream():  # a client that is still sending would not read the answer
            pass
        raise conflict(place + path)
    writer = await received(request, MAX_BLOB_BYTES)
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    size = writer.size
    context.store.blobs.put(ARTIFACTS, place + path, sha256=writer.keep(), size=size, content_type=kind)
    return {}


@mlflow
async def download(request: Request) -> Any:
    """An artifact's bytes, as many as there are now."""
    context, head = context_of(request), request.path_params["run_id"]
    path = checked_path(request.path_params["path"])
    blob = context.store.blobs.get(ARTIFACTS, _place(context, head) + path)
    file = context.store.blobs.require_file(blob) if blob is not None else None
    if blob is None or file is None or not file.exists():
        raise missing(f"Artifact {path!r} of {head}")
    size = file.stat().st_size
    headers = {
        "content-length": str(size),
        "content-type": blob.content_type,
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",  # a browser may be given this address, too
    }
    return StreamingResponse(part_of(file, 0, size), headers=headers)


@mlflow
async def delete(request: Request) -> Any:
    """Takes an artifact, or everything below a path, from a run."""
    context, place, path = _target(request)
    names = [blob.name for blob in _written(context, place, path)]
    for name in [*names, place + path]:
        context.store.blobs.remove(ARTIFACTS, name)
    return Response(status_code=200)


async def list_run_artifacts(request: Request) -> Any:
    """All artifacts of a run (``PaginatedArtifactDto``)."""
    blobs = _written(
        context_of(request),
        artifact_prefix(run_of(request).run_id),
        checked_path(request.query_params.get("path", "")),
    )
    return {"value": [artifact_dto(blob) for blob in blobs], "continuationToken": None, "nextLink": None}


async def get_run_content_information(request: Request) -> Any:
    """Where one artifact of a run can be read."""
    return _content_information(request, artifact_prefix(run_of(request).run_id))


async def get_container_content_information(request: Request) -> Any:
    """Where one artifact of a container can be read, asked for at azureml-mlflow's address."""
    params = request.path_params
    return _content_information(request, f"{params['origin']}/{params['container']}/")


def _content_information(request: Request, place: str) -> Any:
    context, path = context_of(request), request.query_params.get("path", "")
    blob = context.store.blobs.get(ARTIFACTS, place + path)
    if blob is None or not blob.written:
        raise faults.not_found(f"Artifact {path!r}")
    information = content_information(context, ARTIFACTS, blob.name, "r")
    # azureml-mlflow downloads silently nothing from an address in which it finds no host of the cloud's storage
    # with a path and a query behind it; a parameter that the storage client drops shows it one.
    information.content_uri += f"&host=local.blob.{context.endpoints.blob_endpoint}/azureml/?"
    return information


async def create_run_artifacts(request: Request) -> Any:
    """Announces artifacts of a run and says where to write them (``BatchArtifactContentInformationDto``)."""
    context, run, body = context_of(request), run_of(request), await body_as(request, NewArtifacts)
    prefix = artifact_prefix(run.run_id)
    return announced(context, {entry.path: prefix + new_path(entry.path) for entry in body.paths})
