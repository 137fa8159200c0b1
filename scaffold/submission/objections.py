"""What azure-ai-ml has to say against a job, out of messages that hold it as JSON, and that in messages again."""

import json
from collections.abc import Iterator
from typing import Any


def objections(message: str, key: str = "") -> Iterator[str]:
    """Each objection, as ``KEY: sentence`` without its full stop.

    Args:
        message: of the SDK's ValidationError.
        key: what it is about, where that is known.
    """
    try:
        document, _ = json.JSONDecoder().raw_decode(message, max(message.find("{"), 0))
    except ValueError:
        if key:
            yield f"{key}: {message.strip().rstrip('.')}"
        return
    yield from _in_document(document, key)


def _in_document(document: Any, key: str) -> Iterator[str]:
    if isinstance(document, dict):
        for error in document.get("errors") or ():
            path = str(error.get("path") or "")
            yield from objections(str(error.get("message", "")), path if path != "*" else "job")
        for name, value in document.items():
            if name not in ("errors", "result"):
                yield from _in_document(value, str(name))
    elif isinstance(document, list):
        for one in document:
            yield from _in_document(one, key)
    else:
        yield f"{key}: {str(document).strip().rstrip('.')}"
