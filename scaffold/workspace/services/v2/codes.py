"""Code assets: folders that a client uploads, known by the hash of their content.

What was uploaded becomes a snapshot, the same as the first SDK makes, so that every page and every client shows it.
"""

import uuid
from typing import Any
from urllib.parse import unquote, urlparse

from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.services.v2.resources import (
    AssetProperties,
    check_name,
    document_of,
    listed,
    path_of,
    read_id,
    version_resource,
)
from scaffold.workspace.store.blobs import CODE, Blob
from scaffold.workspace.store.pathnames import is_safe
from scaffold.workspace.store.snapshots import Snapshot, SnapshotFile
from scaffold.workspace.store.versioned import CODES, VersionedAsset

_MAX_FILES, _MAX_NAME = 20000, 255


class CodeProperties(AssetProperties):
    """``CodeVersionProperties``."""

    code_uri: str | None = None
    provisioning_state: str | None = "Succeeded"


class CodeVersion(Dto):
    """``CodeVersion``, as a client sends it."""

    properties: CodeProperties


class PendingUpload(Dto):
    """``PendingUploadRequestDto``."""

    pending_upload_id: str | None = None
    pending_upload_type: str | None = None


def _resource(context: Context, asset: VersionedAsset) -> dict[str, Any]:
    return version_resource(context, asset, {k: v for k, v in asset.document.items() if k != "snapshotId"})


async def list_versions(request: Request) -> Any:
    """The versions of a code asset; with a hash in the query, those of that content, whatever they are called.

    Clients make up a new name for every upload, and ask by it whether the content is there already.
    """
    context, name, _ = path_of(request)
    digest, versions = request.query_params.get("hash"), context.store.versioned
    found = versions.versions(CODES, name) if digest is None else versions.of_content(CODES, digest)
    return listed(request, [_resource(context, asset) for asset in found])


async def start_upload(request: Request) -> Any:
    """A folder of its own for an upload, with a signature for it (``PendingUploadResponseDto``)."""
    context, name, version = path_of(request)
    body = await body_as(request, PendingUpload)
    check_name("Code", name, version)
    if body.pending_upload_type not in (None, "None", "TemporaryBlobReference"):
        raise faults.not_implemented(f"pending uploads of the type {body.pending_upload_type!r}")
    upload = CODE + uuid.uuid4().hex
    address = f"{context.endpoints.blob_base}/{upload}"
    return {
        "pendingUploadId": upload,
        "pendingUploadType": "TemporaryBlobReference",
        "blobReferenceForConsumption": {
            "blobUri": address,
            "storageAccountArmId": f"{context.named.group_scope}/providers/Microsoft.Storage/storageAccounts/local",
            "credential": {
                "credentialType": "SAS",
                "sasUri": f"{address}?{context.authority.sign_container(upload, 'rw')}",
            },
        },
    }


async def put_version(request: Request) -> Any:
    """Keeps what was uploaded as a version, which is never changed afterwards."""
    context, name, version = path_of(request)
    body = await body_as(request, CodeVersion)
    check_name("Code", name, version)
    present = context.store.versioned.get(CODES, name, version)
    if present is not None:
        return _resource(context, present)
    upload, folder = _uploaded_to(context, body.properties.code_uri or "")
    snapshot_id = str(uuid.uuid4())
    with context.store.database.transaction():
        _keep_snapshot(context, snapshot_id, _files(context, upload, folder))
        document = document_of(body.properties) | {"snapshotId": snapshot_id}
        asset = context.store.versioned.put(CODES, name, version, document)
        for blob in context.store.blobs.under(upload, ""):
            context.store.blobs.remove(upload, blob.name)
    return _resource(context, asset)


async def get_version(request: Request) -> Any:
    """One version."""
    context, name, version = path_of(request)
    found = context.store.versioned.get(CODES, name, version)
    if found is None:
        raise faults.not_found(f"Code {name} version {version}")
    return _resource(context, found)


def snapshot_of(context: Context, code_id: str) -> str:
    """The snapshot that a code asset is.

    Raises:
        Fault: there is no such asset.
    """
    reference = read_id(context, CODES, code_id)
    found = context.store.versioned.get(CODES, reference.name, reference.version)
    if found is None:
        raise faults.not_found(f"Code {code_id}")
    return str(found.document["snapshotId"])


def _uploaded_to(context: Context, address: str) -> tuple[str, str]:
    """The upload, and the folder in it that is the code."""
    parts = unquote(urlparse(address).path).strip("/").split("/")
    if not parts[0].startswith(CODE) or not context.store.blobs.under(parts[0], "", limit=1):
        raise faults.bad_request(f"The code's address {address!r} is none that something was uploaded to.")
    return parts[0], "/".join(parts[1:])


def _files(context: Context, upload: str, folder: str) -> list[tuple[str, Blob]]:
    prefix = f"{folder}/" if folder else ""
    files = [
        (blob.name[len(prefix) :], blob)
        for blob in context.store.blobs.under(upload, prefix, limit=_MAX_FILES + 1)
        if blob.sha256 is not None
    ]
    if not files:
        raise faults.bad_request(f"Nothing was uploaded to the code's folder {folder!r}.")
    if not all(is_safe(path) for path, _ in files):  # of one that an older version took
        raise faults.bad_request("The code has a file whose name leads out of its folder.")
    if any(len(part.encode()) > _MAX_NAME for path, _ in files for part in path.split("/")):
        raise faults.bad_request("The code has a file whose name is longer than a file's name can be.")
    if len(files) > _MAX_FILES:
        raise faults.bad_request(f"The code has more than {_MAX_FILES} files.")
    return files


def _keep_snapshot(context: Context, snapshot_id: str, files: list[tuple[str, Blob]]) -> None:
    """Keeps files as a snapshot; its tree is one of content hashes, which no client compares with a folder's."""
    root: dict[str, Any] = _node("", "Directory", None)
    for path, blob in files:
        node = root
        *folders, name = path.split("/")
        for folder in folders:
            node = node["children"].setdefault(folder, _node(folder, "Directory", None))
        if name in node["children"] or node["type"] == "File":
            raise faults.bad_request(f"{path} is a file and a folder at once.")
        node["children"][name] = _node(name, "File", blob.sha256)
    rows = [SnapshotFile(path, blob.sha256 or "", blob.sha256 or "", blob.size) for path, blob in files]
    context.store.snapshots.add(Snapshot(snapshot_id=snapshot_id, created="", root=root), rows)


def _node(name: str, kind: str, digest: str | None) -> dict[str, Any]:
    return {
        "name": name, "hash": digest, "type": kind, "timestamp": "0001-01-01T00:00:00", "sasUrl": None,
        "sizeBytes": None, "children": {},
    }  # fmt: skip
