"""Bodies that are files: taken piece by piece as they come, so that none of any size needs memory."""

import base64
import hashlib

from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import check_announced, context_of
from scaffold.workspace.store.content import ContentWriter


async def received(request: Request, limit: int) -> ContentWriter:
    """The request's body, whole, on its way into the store.

    Args:
        request: the request.
        limit: bytes.

    Raises:
        Fault: it is larger, shorter than it was announced, or not the one whose MD5 was sent along.
    """
    check_announced(request, limit)
    announced, expected = request.headers.get("content-length"), request.headers.get("content-md5")
    digest = hashlib.md5(usedforsecurity=False) if expected is not None else None
    writer = context_of(request).store.content.writer()
    try:
        async for chunk in request.stream():
            writer.write(chunk)
            if digest is not None:
                digest.update(chunk)
            if writer.size > limit:
                raise faults.too_large(limit)
        if announced is not None and int(announced) != writer.size:
            raise faults.bad_request("The body is shorter than it was announced.")
        if digest is not None and base64.b64encode(digest.digest()).decode() != expected:
            raise faults.Fault(400, "Md5Mismatch", "The body's MD5 is not the one in Content-MD5.")
    except BaseException:
        writer.discard()
        raise
    return writer
