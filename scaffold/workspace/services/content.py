"""Snapshots: trees of hashes, of which only the files that changed travel.

Source: ``azureml._restclient.snapshots_client`` and ``azureml._base_sdk_common.merkle_tree``. Each file's
hash is SHA-512 over its content, its name and the word ``File``.
"""

import asyncio
import hashlib
import re
import sqlite3
import uuid
from typing import IO, Any, cast
from urllib.parse import unquote, urlparse

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as, caller_of, context_of
from scaffold.workspace.services.history import texts
from scaffold.workspace.store.blobs import SNAPSHOTS
from scaffold.workspace.store.content import ContentWriter
from scaffold.workspace.store.pathnames import is_safe
from scaffold.workspace.store.snapshots import Snapshot, SnapshotFile, write_zip

EMPTY_ID = "00000000-0000-0000-0000-000000000000"
_SNAPSHOT_ID = re.compile(r"[0-9a-fA-F-]{32,36}")
_MAX_NAME, _MAX_PATH = 255, 3000  # bytes; a folder of this program's own stands in front of the path


async def get_latest(request: Request) -> Any:
    """The last snapshot's tree, which a client without a cache compares its folder with."""
    store = context_of(request).store
    latest = store.snapshots.latest()
    # One whose content is lost would be built on, and never sent again.
    if latest is None or store.missing_content(latest.snapshot_id):
        empty = hashlib.sha512().hexdigest()
        root = {
            "name": "",
            "hash": empty,
            "type": "Directory",
            "timestamp": "0001-01-01T00:00:00",
            "children": {},
        }
        return {"id": EMPTY_ID, "root": root}
    return {"id": latest.snapshot_id, "root": latest.root}


class FileNames(msgspec.Struct, rename="pascal"):
    """The body of ``POST …/snapshots/getblob``."""

    file_names: list[str]


async def get_blob_urls(request: Request) -> Any:
    """A writable URL for every file that is about to be uploaded."""
    context, body = context_of(request), await body_as(request, FileNames)
    upload = uuid.uuid4().hex
    nodes = []
    for number, name in enumerate(body.file_names):
        blob = f"{upload}/{number}"
        nodes.append({"fullName": name, "blobUri": context.blob_url(SNAPSHOTS, blob, "rw")})
    return {"fileNodes": nodes}


class FileNode(msgspec.Struct, rename="pascal"):
    """A file that was uploaded for a snapshot."""

    full_name: str
    blob_uri: str


class FileRevisionList(msgspec.Struct, rename="pascal"):
    """The files that were uploaded for a snapshot."""

    file_nodes: list[FileNode] = []


class NewSnapshot(msgspec.Struct, rename="pascal"):
    """The body of ``POST …/snapshots/{id}``."""

    dir_tree_node: dict[str, Any]
    parent_snapshot_id: str | None = None
    file_revision_list: FileRevisionList | None = None
    tags: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None


async def create_snapshot(request: Request) -> Any:
    """Keeps a snapshot: its tree, the files uploaded for it, and those unchanged since its parent."""
    context, body = context_of(request), await body_as(request, NewSnapshot)
    snapshot_id = request.path_params["snapshot_id"]
    if not _SNAPSHOT_ID.fullmatch(snapshot_id):
        raise faults.bad_request(f"Snapshot id {snapshot_id!r} is not a GUID.")
    root, parent_id = body.dir_tree_node, body.parent_snapshot_id or EMPTY_ID
    nodes = body.file_revision_list.file_nodes if body.file_revision_list else []
    uploaded, names = _uploaded(context, nodes)
    files = _files(context, root, uploaded, parent_id)
    snapshot = Snapshot(
        snapshot_id=snapshot_id,
        created="",
        root=_whole(root),
        parent_id=None if parent_id == EMPTY_ID else parent_id,
        tags=texts(body.tags),
        properties=texts(body.properties),
    )
    try:
        with context.store.database.transaction():
            context.store.snapshots.add(snapshot, files)
            for name in names:
                context.store.blobs.remove(SNAPSHOTS, name)
    except sqlite3.IntegrityError:
        raise faults.conflict(f"There is a snapshot {snapshot_id} already.") from None
    context.submissions.tell(
        caller_of(request).submission,
        "snapshot",
        files=len(files),
        bytes=sum(file.size for file in files),
        uploaded=len(nodes),
    )
    return {"id": snapshot_id, "root": snapshot.root}


def _uploaded(context: Context, nodes: list[FileNode]) -> tuple[dict[str, tuple[str, int]], list[str]]:
    """SHA-256 and size of every uploaded file by its path with forward slashes, and the blobs' names."""
    uploaded, names = {}, []
    for node in nodes:
        path = unquote(urlparse(node.blob_uri).path)
        container, _, name = path.lstrip("/").partition("/")
        blob = context.store.blobs.get(SNAPSHOTS, name) if container == SNAPSHOTS else None
        if blob is None or blob.sha256 is None:
            raise faults.bad_request(f"{node.full_name} was not uploaded.")
        uploaded[node.full_name.replace("\\", "/").removeprefix("./")] = (blob.sha256, blob.size)
        names.append(name)
    return uploaded, names


def _files(
    context: Context, root: dict[str, Any], uploaded: dict[str, tuple[str, int]], parent_id: str
) -> list[SnapshotFile]:
    """Every file of the tree with its content: uploaded now, or unchanged in the parent.

    Raises:
        Fault: the content of a file is known nowhere. The client then forgets its cached parent and
            sends everything, so a stale cache can never run other code than its folder's.
    """
    tree = _walk(root, "")
    paths = {path for path, _ in tree}
    if len(paths) < len(tree) or _folders(paths) & paths:
        raise faults.bad_request("The tree has two entries of one path.")
    known = {file.path: file for file in context.store.snapshots.files(parent_id)}
    files = []
    for path, tree_hash in tree:
        if path in uploaded:
            sha256, size = uploaded[path]
            files.append(SnapshotFile(path, tree_hash, sha256, size))
        elif (
            path in known
            and known[path].tree_hash == tree_hash
            and context.store.content.path(known[path].sha256).exists()
        ):
            files.append(known[path])
        else:
            raise faults.bad_request(
                f"{path} was neither uploaded nor is it in the parent snapshot {parent_id}."
            )
    return files


def _folders(paths: set[str]) -> set[str]:
    """All folders that files of these paths are in, however deep."""
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders


def _walk(node: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    """Path and hash of every file below a directory node.

    Raises:
        Fault: a name that is no file name; nothing is ever written for it.
    """
    found: list[tuple[str, str]] = []
    children = node.get("children") or {}
    if not isinstance(children, (dict, list)):
        raise faults.bad_request("The children of a tree's node must be a mapping or a list.")
    names = [child.get("name") for child in _entries(children) if isinstance(child, dict)]
    if len({str(name) for name in names}) < len(names):
        raise faults.bad_request("The tree has two entries of one path.")
    for child in _entries(children):
        name = child.get("name") if isinstance(child, dict) else None
        if not isinstance(name, str) or "/" in name or not is_safe(name, _MAX_PATH):
            raise faults.bad_request(f"The tree holds {name!r}, which is no file name.")
        path = f"{prefix}{name}"
        if len(name.encode()) > _MAX_NAME or len(path.encode()) > _MAX_PATH:
            raise faults.bad_request(
                f"The tree holds {name[:50]!r}…, which is longer than a file's name can be."
            )
        if child.get("type") == "File":
            if not isinstance(child.get("hash"), str):
                raise faults.bad_request(f"{path} has no hash.")
            found.append((path, child["hash"]))
        else:
            found += _walk(child, f"{path}/")
    return found


def _whole(node: dict[str, Any]) -> dict[str, Any]:
    """A node that was found to be right, with every field of ``DirTreeNode``.

    The next client without a cache is given this tree, and reads each field without asking.
    """
    children = [_whole(child) for child in _entries(node.get("children") or {})]
    return {
        "name": node.get("name") or "",
        "hash": node.get("hash"),
        "type": node.get("type") or "Directory",
        "timestamp": node.get("timestamp") or "0001-01-01T00:00:00",
        "sasUrl": None,
        "sizeBytes": None,
        "children": {child["name"]: child for child in children},
    }


def _entries(children: dict[str, Any] | list[Any]) -> list[Any]:
    return list(children.values()) if isinstance(children, dict) else children


async def get_snapshot(request: Request) -> Any:
    """A snapshot's tree."""
    snapshot_id = request.path_params["snapshot_id"]
    snapshot = context_of(request).store.snapshots.get(snapshot_id)
    if snapshot is None:
        raise faults.not_found(f"Snapshot {snapshot_id}")
    return {"id": snapshot.snapshot_id, "root": snapshot.root}


async def zip_snapshot(request: Request) -> Any:
    """Where a snapshot can be read as a zip, which is made once, when it is first asked for."""
    context, snapshot_id = context_of(request), request.path_params["snapshot_id"]
    if snapshot_id != EMPTY_ID and context.store.snapshots.get(snapshot_id) is None:
        raise faults.not_found(f"Snapshot {snapshot_id}")
    return {"zipSasUri": context.blob_url(SNAPSHOTS, await zipped(context, snapshot_id), "r")}


async def zipped(context: Context, snapshot_id: str) -> str:
    """The name of the blob that holds a snapshot as a zip."""
    name = f"zip/{snapshot_id}.zip"
    made = context.store.blobs.get(SNAPSHOTS, name)
    if made is None or made.sha256 is None or not context.store.content.path(made.sha256).exists():
        sha256, size = await asyncio.to_thread(_zip, context, snapshot_id)
        context.store.blobs.put(SNAPSHOTS, name, sha256=sha256, size=size, content_type="application/zip")
    return name


class _Sink:
    """What a zip is written to: it can be neither sought nor read, so a zip of any size needs no memory."""

    def __init__(self, writer: ContentWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> int:
        self._writer.write(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Everything is on its way already."""


def _zip(context: Context, snapshot_id: str) -> tuple[str, int]:
    """Writes a snapshot's zip, the same bytes for the same files, and returns its SHA-256 and size."""
    writer = context.store.content.writer()
    try:
        files = context.store.snapshots.files(snapshot_id)
        write_zip(cast("IO[bytes]", _Sink(writer)), files, context.store.content)
        return writer.keep(), writer.size
    except BaseException:
        writer.discard()
        raise
