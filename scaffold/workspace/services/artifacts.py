"""Artifacts of runs. Source: ``azureml._restclient.operations.artifact_operations`` (artifact/v2.0).

An artifact is a blob in the container ``azureml`` named ``origin/container/path``; its bytes travel
through the blob service.
"""

from typing import Annotated, Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import body_as, context_of
from scaffold.workspace.services.dto import artifact_dto, content_information
from scaffold.workspace.store.blobs import ARTIFACTS, Blob

_MAX_PATH = 1024


def _prefix(request: Request) -> str:
    return f"{request.path_params['origin']}/{request.path_params['container']}/"


def _written(request: Request, prefix: str) -> list[Blob]:
    return [blob for blob in context_of(request).store.blobs.under(ARTIFACTS, prefix) if blob.written]


def _one(request: Request) -> Blob:
    path = request.path_params["path"]
    blob = context_of(request).store.blobs.get(ARTIFACTS, _prefix(request) + path)
    if blob is None or not blob.written:
        raise faults.not_found(f"Artifact {path!r}")
    return blob


async def list_artifacts(request: Request) -> Any:
    """The artifacts of a container, or below a path in it."""
    prefix = _prefix(request) + request.path_params.get("path", "")
    return {"value": [artifact_dto(blob) for blob in _written(request, prefix)], "continuationToken": None}


async def get_artifact(request: Request) -> Any:
    """One artifact's record."""
    return artifact_dto(_one(request))


async def get_content_information(request: Request) -> Any:
    """Where one artifact can be read."""
    return content_information(context_of(request), ARTIFACTS, _one(request).name, "r")


async def list_content_information(request: Request) -> Any:
    """Where the artifacts whose paths start with a prefix can be read."""
    context = context_of(request)
    prefix = _prefix(request) + request.path_params.get("path", "")
    blobs = _written(request, prefix)
    return {
        "value": [content_information(context, ARTIFACTS, blob.name, "r") for blob in blobs],
        "continuationToken": None,
    }


class ArtifactPath(msgspec.Struct):
    """``ArtifactPathDto``."""

    path: Annotated[str, msgspec.Meta(min_length=1, max_length=_MAX_PATH, pattern=r"^[^\x00]*$")]


class NewArtifacts(msgspec.Struct):
    """``BatchArtifactCreateCommand``."""

    paths: list[ArtifactPath]


async def create_empty_artifacts(request: Request) -> Any:
    """Announces artifacts and says where to write them (``BatchArtifactContentInformationDto``)."""
    context, body = context_of(request), await body_as(request, NewArtifacts)
    artifacts, information = {}, {}
    for entry in body.paths:
        name = _prefix(request) + entry.path
        context.store.blobs.announce(ARTIFACTS, name)
        blob = context.store.blobs.get(ARTIFACTS, name)
        if blob is not None:
            artifacts[entry.path] = artifact_dto(blob)
        information[entry.path] = content_information(context, ARTIFACTS, name, "rw")
    return {"artifacts": artifacts, "artifactContentInformation": information, "errors": {}}
