"""Artifacts of runs. Source: ``azureml._restclient.operations.artifact_operations`` (artifact/v2.0).

An artifact is a blob in the container ``azureml`` named ``origin/container/path``; its bytes travel
through the blob service.
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.services.dto import artifact_dto, content_information
from scaffold.workspace.services.uploads import received
from scaffold.workspace.store.blobs import ARTIFACTS, Blob
from scaffold.workspace.store.pathnames import UnsafeNameError, is_safe
from scaffold.workspace.streaming import part_of

_PAGE = 1000
_MAX_CONTENT = 5000 * 1024 * 1024


def new_path(path: str) -> str:
    """The path that a new artifact has, for one as it is on the client's machine.

    One that begins with a slash, or has ``.`` in it, is the same one without them.

    Raises:
        Fault: a client that downloads it would be led out of its folder, or no file can be called so.
    """
    kept = _plain(path)
    if not is_safe(kept):
        raise faults.bad_request(str(UnsafeNameError(path)))
    return kept


def _plain(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _prefix(request: Request) -> str:
    return f"{request.path_params['origin']}/{request.path_params['container']}/"


def _name(request: Request, path: str) -> str:
    """The name of the blob of an artifact's path (see :func:`new_path`), as an address says it to any client."""
    return _prefix(request) + "/".join(part for part in _plain(path).split("/") if part != "..")


def _below(request: Request) -> str:
    """The prefix that the path names; the SDK ends a folder's with one slash or with two."""
    path = request.path_params.get("path", "")
    below = _name(request, path)
    return below + "/" if path.endswith("/") and path.strip("/") else below


def _page(request: Request, prefix: str) -> tuple[list[Blob], str | None]:
    """A page of what was uploaded, and the token of the next one."""
    token = request.query_params.get("continuationToken", "")
    blobs = context_of(request).store.blobs.under(ARTIFACTS, prefix, after=token, limit=_PAGE + 1)
    more = blobs[_PAGE - 1].name if len(blobs) > _PAGE else None
    return [blob for blob in blobs[:_PAGE] if blob.written], more


def _one(request: Request) -> Blob:
    path = request.path_params["path"]
    blob = context_of(request).store.blobs.get(ARTIFACTS, _name(request, path))
    if blob is None or not blob.written:
        raise faults.not_found(f"Artifact {path!r}")
    return blob


async def list_artifacts(request: Request) -> Any:
    """The artifacts of a container, or below a path in it."""
    blobs, token = _page(request, _below(request))
    return {"value": [artifact_dto(blob) for blob in blobs], "continuationToken": token, "nextLink": None}


async def get_artifact(request: Request) -> Any:
    """One artifact's record."""
    return artifact_dto(_one(request))


async def get_content_information(request: Request) -> Any:
    """Where one artifact can be read."""
    return content_information(context_of(request), ARTIFACTS, _one(request).name, "r")


async def get_write_address(request: Request) -> Any:
    """Where one artifact can be written, which makes it known."""
    context, name = context_of(request), _prefix(request) + new_path(request.path_params["path"])
    context.store.blobs.announce(ARTIFACTS, name)
    return content_information(context, ARTIFACTS, name, "rw")


async def list_content_information(request: Request) -> Any:
    """Where the artifacts whose paths start with a prefix can be read."""
    context = context_of(request)
    blobs, token = _page(request, _below(request))
    return {
        "value": [content_information(context, ARTIFACTS, blob.name, "r") for blob in blobs],
        "continuationToken": token,
        "nextLink": None,
    }


async def get_content(request: Request) -> Response:
    """The bytes of one artifact."""
    file = context_of(request).store.blobs.require_file(blob := _one(request))
    if file is None or not file.exists():
        raise faults.not_found(f"Artifact {request.path_params['path']!r}")
    size = file.stat().st_size
    headers = {"content-type": blob.content_type, "content-length": str(size)}
    return StreamingResponse(part_of(file, 0, size), headers=headers)


async def put_content(request: Request) -> Any:
    """Takes the bytes of one artifact with the request itself."""
    path = new_path(request.path_params["path"])
    for name in ("index", "append"):
        if request.query_params.get(name, "").lower() not in ("", "false"):
            raise faults.not_implemented(f"uploading an artifact with {name}={request.query_params[name]}")
    writer = await received(request, _MAX_CONTENT)  # at first: a client that still sends reads no answer
    may_replace = request.query_params.get("allowOverwrite", "").lower() == "true"
    if not may_replace and is_written(context_of(request), _name(request, path)):
        raise conflict(_name(request, path))
    kind = request.headers.get("content-type", "application/octet-stream")
    context_of(request).store.blobs.put(
        ARTIFACTS, _prefix(request) + path, sha256=writer.keep(), size=writer.size, content_type=kind
    )
    return artifact_dto(_one(request))


async def delete_artifact(request: Request) -> Any:
    """Forgets one artifact."""
    context_of(request).store.blobs.remove(ARTIFACTS, _one(request).name)
    return {}


class ArtifactPath(msgspec.Struct):
    """``ArtifactPathDto``."""

    path: str


class NewArtifacts(msgspec.Struct):
    """``BatchArtifactCreateCommand``."""

    paths: list[ArtifactPath]


async def create_empty_artifacts(request: Request) -> Any:
    """Announces artifacts and says where to write them (``BatchArtifactContentInformationDto``)."""
    context, body = context_of(request), await body_as(request, NewArtifacts)
    return announced(context, {entry.path: _prefix(request) + new_path(entry.path) for entry in body.paths})


def announced(context: Context, names: dict[str, str]) -> dict[str, Any]:
    """Announces blobs by the paths of their artifacts; those that are there already are not written again."""
    artifacts, information, errors = {}, {}, {}
    for path, name in names.items():
        if is_written(context, name):
            errors[path] = faults.error_response({"code": "UserError", "message": conflict(name).message})
            continue
        context.store.blobs.announce(ARTIFACTS, name)
        blob = context.store.blobs.get(ARTIFACTS, name)
        if blob is not None:
            artifacts[path] = artifact_dto(blob)
        information[path] = content_information(context, ARTIFACTS, name, "rw")
    return {"artifacts": artifacts, "artifactContentInformation": information, "errors": errors}


def is_written(context: Context, name: str) -> bool:
    """True of an artifact that is there with its bytes."""
    blob = context.store.blobs.get(ARTIFACTS, name)
    return blob is not None and blob.written


def conflict(name: str) -> faults.Fault:
    """An artifact is there already; the SDKs look for the service's words where it may be."""
    return faults.conflict(f"Resource Conflict: ArtifactId {name} already exists.")
