"""JSON that came from outside, read so that all of it can be kept and sent again.

Knows nothing of requests: the services read bodies with it, the engine what is inside them.
"""

import json
from typing import Any

import msgspec

_MAX_DEPTH = 200


class NotReadableError(ValueError):
    """It is no JSON, or more than any client writes; the message says which."""


def decoded(text: bytes) -> Any:
    """What a JSON text says.

    Raises:
        NotReadableError: it is not JSON, or nested deeper than any SDK writes it, or it holds a number or a part
            of a letter that there is no way to write.
    """
    document = _decode(text)
    level = [document]
    for _ in range(_MAX_DEPTH):
        level = [
            entry
            for node in level
            for entry in (node.values() if type(node) is dict else node if type(node) is list else ())
            if type(entry) is dict or type(entry) is list
        ]
        if not level:
            break
    else:
        raise NotReadableError(f"it is nested deeper than {_MAX_DEPTH} levels")
    try:
        msgspec.json.encode(document)
    except UnicodeEncodeError:
        raise NotReadableError("it holds a text with half of a surrogate pair") from None
    except OverflowError:
        raise NotReadableError("it holds a whole number of more than 64 bits") from None
    return document


def _decode(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # The SDK writes numbers that are none as Python does: NaN, Infinity.
        if b"NaN" not in text and b"Infinity" not in text:
            raise NotReadableError(str(error)) from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotReadableError(str(error)) from None
