"""Containers of the blob service: what Azure Storage's clients ask of one, and lists of what is in it.

Source: as of ``blobs``.
"""

import re
from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree

from starlette.requests import Request
from starlette.responses import Response

from scaffold.workspace import faults
from scaffold.workspace.context import Context, context_of
from scaffold.workspace.doors import vouch
from scaffold.workspace.services.blobs import VERSION, properties_of
from scaffold.workspace.store.blobs import ARTIFACTS, DATASTORE, NOT_XML, Blob
from scaffold.workspace.store.database import from_json

LISTED = (ARTIFACTS, DATASTORE)
_MAX_LISTED = 5000
_TAG = re.compile(r"[A-Za-z_]\w*", re.A)


async def get_container(request: Request) -> Response:
    """Get Container Properties, or List Blobs, flat or by one level of folders."""
    context, container = context_of(request), request.url.path.strip("/")
    query = request.query_params
    listing = query.get("comp") == "list"
    signed = request.scope["query_string"].decode("latin-1")
    if not context.authority.permits(container, "", signed, "l" if listing else "r"):
        raise faults.forbidden("The address has no valid signature of this workspace for this container.")
    vouch(request.scope)
    if query.get("restype") != "container" or (query.get("comp") and not listing):
        raise faults.not_implemented(f"container operation comp={query.get('comp')}")
    if not listing:
        modified = format_datetime(datetime.fromisoformat(context.store.created), usegmt=True)
        return Response(headers=VERSION | {"etag": '"0x1"', "last-modified": modified})
    if any(NOT_XML.search(query.get(name, "")) for name in ("prefix", "delimiter", "marker")):
        raise faults.bad_request("The listing is asked for with a letter that no blob's name may have.")
    wanted = query.get("maxresults", "")
    count = min(int(wanted), _MAX_LISTED) if wanted.isdecimal() and 0 < len(wanted) < 9 else _MAX_LISTED
    body = _listing(
        context, container, query.get("prefix", ""), query.get("delimiter", ""), query.get("marker", ""),
        max(count, 1),
    )  # fmt: skip
    return Response(body, headers=VERSION, media_type="application/xml")


def _listing(context: Context, container: str, prefix: str, delimiter: str, marker: str, count: int) -> bytes:  # noqa: PLR0913, PLR0917
    """``EnumerationResults``: up to ``count`` blobs and folders from the marker (a name) on."""
    root = ElementTree.Element(
        "EnumerationResults",
        ServiceEndpoint=context.endpoints.blob_base + "/",
        ContainerName=container,
    )
    ElementTree.SubElement(root, "Prefix").text = prefix
    ElementTree.SubElement(root, "MaxResults").text = str(count)
    blobs = ElementTree.SubElement(root, "Blobs")
    start, following = marker, ""
    while not following:
        page = context.store.blobs.under(container, prefix, start=start, limit=count + 1)
        for blob in page:
            if not blob.written:
                start = blob.name + "\0"
                continue
            if len(blobs) >= count:
                following = blob.name
                break
            folder, mark, _ = blob.name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            if mark:
                name = prefix + folder + mark
                ElementTree.SubElement(ElementTree.SubElement(blobs, "BlobPrefix"), "Name").text = name
                start = name + "\U0010ffff"
                break  # on to what comes after the folder, however much is in it
            _list_blob(context, blobs, blob)
            start = blob.name + "\0"
        else:
            if len(page) <= count:
                break
    ElementTree.SubElement(root, "NextMarker").text = following
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _list_blob(context: Context, blobs: ElementTree.Element, blob: Blob) -> None:
    file = context.store.blobs.file(blob)
    size = file.stat().st_size if blob.live_path and file and file.exists() else blob.size
    headers = properties_of(blob, size)
    element = ElementTree.SubElement(blobs, "Blob")
    ElementTree.SubElement(element, "Name").text = blob.name
    properties = ElementTree.SubElement(element, "Properties")
    for name, value in (
        ("Creation-Time", headers["x-ms-creation-time"]),
        ("Last-Modified", headers["last-modified"]),
        ("Etag", headers["etag"].strip('"')),
        ("Content-Length", str(size)),
        ("Content-Type", blob.content_type),
        ("Content-Encoding", ""),
        ("Content-Language", ""),
        ("Content-MD5", ""),
        ("Content-Disposition", ""),
        ("Cache-Control", ""),
        ("BlobType", "BlockBlob"),
        ("AccessTier", "Hot"),
        ("LeaseStatus", "unlocked"),
        ("LeaseState", "available"),
        ("ServerEncrypted", "true"),
    ):
        ElementTree.SubElement(properties, name).text = value
    metadata = ElementTree.SubElement(element, "Metadata")
    for name, value in from_json(blob.metadata).items():
        if _TAG.fullmatch(name) and not NOT_XML.search(value):
            ElementTree.SubElement(metadata, name).text = value
