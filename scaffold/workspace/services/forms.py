"""Files in forms (``multipart/form-data``), as the SDK sends what it would rather not have in a body of its own."""

from email import message_from_bytes
from typing import Any

from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import MAX_JSON_BYTES, decoded, read_body


async def json_file(request: Request, name: str) -> Any:
    """The JSON in a file of a form.

    Args:
        request: has the form.
        name: of the file.

    Raises:
        Fault: it is too large, no form with such a file, or the file is not JSON.
    """
    body = await read_body(request, MAX_JSON_BYTES)
    content_type = request.headers.get("content-type", "").encode("latin-1")
    try:
        form = message_from_bytes(b"Content-Type: " + content_type + b"\r\n\r\n" + body)
        contents = [part.get_payload(decode=True) for part in form.walk() if part.get_filename() == name]
        return decoded(contents[0] if contents and isinstance(contents[0], bytes) else b"")
    except (faults.Fault, ValueError, LookupError, RecursionError) as error:
        raise faults.bad_request(f"The request is not a form with {name}: {error}") from None
