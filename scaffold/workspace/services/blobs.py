"""The blob service: what Azure Storage's block blob clients ask for, on signed URLs.

Source: the ``x-ms-…`` headers and status codes of the Blob service REST interface as
``azureml._vendor.azure_storage`` reads them.
"""

import asyncio
import base64
import binascii
import hashlib
import re
import shutil
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from scaffold.workspace import faults
from scaffold.workspace.context import Context, context_of, read_body
from scaffold.workspace.doors import vouch
from scaffold.workspace.services.uploads import received
from scaffold.workspace.store.blobs import ARTIFACTS, CODE, DATASTORE, SNAPSHOTS, Blob
from scaffold.workspace.store.content import ContentWriter
from scaffold.workspace.store.database import from_json
from scaffold.workspace.store.pathnames import LONGEST, is_safe
from scaffold.workspace.streaming import part_of

MAX_BLOB_BYTES = 5000 * 1024 * 1024
MAX_BLOCK_BYTES = 100 * 1024 * 1024
CONTAINERS = (ARTIFACTS, SNAPSHOTS, CODE + "{upload}", DATASTORE)
_METADATA = "x-ms-meta-"
_MAX_METADATA = 8 * 1024
SERVES = {
    DATASTORE: (
        "Datastore.upload",
        "Datastore.upload_files",
        "Datastore.download",
        "Dataset.download",
        "Dataset.mount",
        "Dataset.partition_by",
        "Dataset.random_split",
        "Dataset.skip",
        "Dataset.take",
        "Dataset.take_sample",
        "Dataset.time_after",
        "Dataset.time_before",
        "Dataset.time_between",
        "Dataset.time_recent",
        "Dataset.to_pandas_dataframe",
        "Dataset.to_path",
    )
}
"""The SDK calls that come to a container itself."""

VERSION = {"x-ms-version": "2021-08-06"}


def _target(request: Request, wanted: str) -> tuple[Context, str, str]:
    """The blob that the path names, once the query's signature has been found to permit ``wanted``.

    The SDK's uploader quotes the path that it was given once more, so that a name with a space or an umlaut
    arrives quoted; which name is meant, the signature tells.

    Raises:
        Fault: it does not, or there is no such container.
    """
    context, sent = context_of(request), request.path_params["name"]
    container = request.url.path.split("/")[1]
    for name in dict.fromkeys((sent, unquote(sent))):
        if context.authority.permits(
            container, name, request.scope["query_string"].decode("latin-1"), wanted
        ):
            vouch(request.scope)
            if wanted == "w":
                _check_name(container, name)
            return context, container, name
    raise faults.forbidden("The address has no valid signature of this workspace for this.")


def _check_name(container: str, name: str) -> None:
    """Refuses a name that no blob may have (see ``pathnames``).

    Raises:
        Fault: see above.
    """
    # In front of an artifact's own path, there is where it belongs.
    if not is_safe(name, LONGEST if container != ARTIFACTS else 4 * LONGEST):
        raise faults.Fault(400, "InvalidResourceName", "The blob's name contains parts that are not allowed.")


def _etag(blob: Blob) -> str:
    return f'"0x{hashlib.sha256(f"{blob.sha256}{blob.modified}".encode()).hexdigest()[:15].upper()}"'


def properties_of(blob: Blob, size: int) -> dict[str, str]:
    """The headers that tell of a blob.

    Args:
        blob: the blob.
        size: how long it is now (bytes).
    """
    modified = datetime.fromisoformat(blob.modified)
    return VERSION | {
        "etag": _etag(blob),
        "last-modified": format_datetime(modified, usegmt=True),
        "content-type": blob.content_type,
        "accept-ranges": "bytes",
        "x-ms-blob-type": "AppendBlob" if blob.live_path and blob.container == DATASTORE else "BlockBlob",
        "x-ms-creation-time": format_datetime(datetime.fromisoformat(blob.created), usegmt=True),
        "x-ms-lease-state": "available",
        "x-ms-lease-status": "unlocked",
        "x-ms-server-encrypted": "true",
        "content-length": str(size),
        **{_METADATA + name: value for name, value in from_json(blob.metadata).items()},
    }


async def put_blob(request: Request) -> Response:
    """Put Blob, Put Block, Put Block List or Append Block, as the query's ``comp`` says."""
    context, container, name = _target(request, "w")
    comp = request.query_params.get("comp")
    if comp != "block" and request.headers.get("if-none-match") == "*":
        there = context.store.blobs.get(container, name)
        if there is not None and there.written:
            raise faults.Fault(409, "BlobAlreadyExists", "The specified blob already exists.")
    if comp == "block":
        return await _put_block(request, context, container, name)
    if comp == "blocklist":
        return await _put_block_list(request, context, container, name)
    if comp == "appendblock":
        return await _append_block(request, context, container, name)
    if comp == "metadata":
        blob, _ = _existing(context, container, name)
        context.store.blobs.note(container, name, _metadata(request))
        return Response(headers=VERSION | {"etag": _etag(blob), "x-ms-request-server-encrypted": "true"})
    if comp is not None:
        raise faults.not_implemented(f"blob operation comp={comp}")
    kind = request.headers.get("x-ms-blob-type", "BlockBlob")
    if kind == "AppendBlob" and container == DATASTORE:
        return await _put_append_blob(request, context, container, name)
    if kind != "BlockBlob":
        raise faults.not_implemented(f"{kind} (the workspace's store has block blobs)")
    writer = await received(request, MAX_BLOB_BYTES)
    return _created(request, context, container, name, writer)


def _metadata(request: Request) -> dict[str, str]:
    """What the client notes of the blob, by names in small letters (headers have no others).

    Raises:
        Fault: it is more than storage keeps.
    """
    noted = {
        name.removeprefix(_METADATA): value
        for name, value in request.headers.items()
        if name.startswith(_METADATA)
    }
    if sum(len(name) + len(value) for name, value in noted.items()) > _MAX_METADATA:
        raise faults.Fault(400, "MetadataTooLarge", "The metadata of a blob has 8 kB at most.")
    return noted


def _content_type(request: Request) -> str:
    named = request.headers.get("x-ms-blob-content-type") or request.headers.get("content-type")
    return named if named and len(named) < 200 else "application/octet-stream"


def _created(
    request: Request, context: Context, container: str, name: str, writer: ContentWriter
) -> Response:
    try:
        metadata = _metadata(request)
    except faults.Fault:
        writer.discard()
        raise
    kind = _content_type(request)
    context.store.blobs.put(
        container, name, sha256=writer.keep(), size=writer.size, content_type=kind, metadata=metadata
    )
    blob = context.store.blobs.get(container, name)
    headers = {"x-ms-request-server-encrypted": "true"}
    if blob is not None:
        properties = properties_of(blob, writer.size)
        headers |= {key: properties[key] for key in ("etag", "last-modified", "x-ms-version")}
    return Response(status_code=201, headers=headers)


def _blocks(context: Context, container: str, name: str) -> Path:
    """The staging folder of a blob that arrives in blocks."""
    digest = hashlib.sha256(f"{container}/{name}".encode()).hexdigest()[:32]
    return context.store.content.staging / f"blocks-{digest}"


def _block_file(folder: Path, block_id: str) -> Path:
    try:
        decoded = base64.b64decode(block_id, validate=True)
    except (binascii.Error, ValueError):
        raise faults.bad_request("The block id is not base64.") from None
    if not 1 <= len(decoded) <= 64:
        raise faults.bad_request("A block id is the base64 of 1 to 64 bytes.")
    return folder / decoded.hex()


async def _put_block(request: Request, context: Context, container: str, name: str) -> Response:
    folder = _blocks(context, container, name)
    target = _block_file(folder, request.query_params.get("blockid", ""))
    writer = await received(request, MAX_BLOCK_BYTES)
    folder.mkdir(exist_ok=True, mode=0o700)
    writer.move(target)
    return Response(status_code=201, headers=VERSION | {"x-ms-request-server-encrypted": "true"})


async def _put_block_list(request: Request, context: Context, container: str, name: str) -> Response:
    body = await read_body(request, 8 * 1024 * 1024)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise faults.bad_request("The block list is not UTF-8.") from None
    if "<!" in text:
        raise faults.bad_request("The block list may define nothing.")
    try:
        identifiers = [element.text or "" for element in ElementTree.fromstring(text)]  # noqa: S314  (see above)
    except ElementTree.ParseError as error:
        raise faults.bad_request(f"The block list is not XML: {error}") from None
    folder = _blocks(context, container, name)
    files = [(_block_file(folder, identifier), identifier) for identifier in identifiers]
    writer = await asyncio.to_thread(_assemble, context.store.content.writer(), files)
    shutil.rmtree(folder, ignore_errors=True)
    return _created(request, context, container, name, writer)


def _assemble(writer: ContentWriter, files: list[tuple[Path, str]]) -> ContentWriter:
    """Writes blocks one after the other.

    Raises:
        Fault: one is not there, or all together are too large.
    """
    try:
        for file, identifier in files:
            if not file.exists():
                raise faults.Fault(400, "InvalidBlockList", f"Block {identifier} was not uploaded.")
            writer.append(file)
            if writer.size > MAX_BLOB_BYTES:
                raise faults.too_large(MAX_BLOB_BYTES)
    except BaseException:
        writer.discard()
        raise
    return writer


async def _put_append_blob(request: Request, context: Context, container: str, name: str) -> Response:
    if await read_body(request, 1):
        raise faults.bad_request("An append blob is empty when it is made.")
    context.store.blobs.put(
        container, name, live_path=context.store.content.growing(), content_type=_content_type(request)
    )
    return Response(status_code=201, headers=VERSION | {"x-ms-request-server-encrypted": "true"})


async def _append_block(request: Request, context: Context, container: str, name: str) -> Response:
    writer = await received(request, MAX_BLOCK_BYTES)
    try:
        blob, file = _existing(context, container, name)
        if blob.live_path is None or container != DATASTORE:
            raise faults.Fault(409, "InvalidBlobType", "The blob is no append blob.")
        offset = file.stat().st_size
        expected = request.headers.get("x-ms-blob-condition-appendpos")
        if expected is not None and expected != str(offset):
            raise faults.Fault(412, "AppendPositionConditionNotMet", f"The blob is {offset} bytes long.")
        writer.pour(file)
    finally:
        writer.discard()
    context.store.blobs.put(
        container, name, live_path=file, size=offset + writer.size, content_type=blob.content_type
    )
    headers = {"x-ms-blob-append-offset": str(offset), "x-ms-request-server-encrypted": "true"}
    return Response(status_code=201, headers=VERSION | headers)


def _existing(context: Context, container: str, name: str) -> tuple[Blob, Path]:
    blob = context.store.blobs.get(container, name)
    file = context.store.blobs.file(blob) if blob is not None else None
    if blob is None or file is None or not file.exists():
        raise faults.Fault(404, "BlobNotFound", "The specified blob does not exist.")
    return blob, file


async def get_blob(request: Request) -> Response:
    """Get Blob or Get Blob Properties, whole or a range; a growing log up to its present end."""
    context, container, name = _target(request, "r")
    if request.method == "GET" and (known := context.store.blobs.get(container, name)) is not None:
        context.store.blobs.require_file(known)  # to who would write it again it just is not there
    blob, file = _existing(context, container, name)
    size = file.stat().st_size
    headers = properties_of(blob, size)
    if request.method == "HEAD":
        return Response(status_code=200, headers=headers)
    wanted = request.headers.get("x-ms-range") or request.headers.get("range")
    first, last = _range(wanted, size) if wanted else (0, size - 1)
    headers["content-length"] = str(last - first + 1)
    status = 200
    if wanted:
        status = 206
        headers["content-range"] = f"bytes {first}-{last}/{size}"
    return StreamingResponse(part_of(file, first, last - first + 1), status_code=status, headers=headers)


async def delete_blob(request: Request) -> Response:
    """Delete Blob; only a container's signature ever permits it."""
    context, container, name = _target(request, "d")
    if not context.store.blobs.remove(container, name):
        raise faults.Fault(404, "BlobNotFound", "The specified blob does not exist.")
    return Response(status_code=202, headers=VERSION | {"x-ms-delete-type-permanent": "true"})


def _range(text: str, size: int) -> tuple[int, int]:
    """First and last byte of ``bytes=first-last`` or ``bytes=first-``.

    Raises:
        Fault: the range is none, or begins after the end.
    """
    match = re.fullmatch(r"bytes=(\d{1,18})\d*-(\d{0,18})\d*", text.strip())
    if match is None:
        raise faults.bad_request(f"The range {text!r} is not bytes=FIRST-LAST.")
    first = int(match[1])
    last = min(int(match[2]) if match[2] else size - 1, size - 1)
    if first > last:
        raise faults.Fault(416, "InvalidRange", "The range begins after the blob's end.")
    return first, last
