"""What an exception of the SDK says, as a record that another process can make sentences of.

The SDK wraps exceptions in exceptions and puts bodies of answers into messages, so everything that hangs
together is searched, and the answer of a service says the most. Source: ``azureml._restclient.exceptions``,
``azureml._common.exceptions``, ``azure.core.exceptions``, ``requests.exceptions``.
"""

import json
import re
import traceback
from collections.abc import Iterator
from typing import Any

_IDS = ("x-ms-client-request-id", "x-ms-request-id", "x-ms-correlation-request-id", "request-id")
_STATUS_IN_TEXT = re.compile(r"\b(?:Code|Status[ _]?[Cc]ode|Response Code|HTTP Error):\s*(\d{3})\b")
_ID_IN_TEXT = re.compile(
    r"['\"]?(?:x-ms-client-request-id|x-ms-request-id)['\"]?\s*:\s*['\"]?([0-9A-Za-z-]{8,})"
)


def record_of(error: BaseException, script: str) -> dict[str, Any]:
    """What an exception says, with all that it was made of.

    Args:
        error: the exception.
        script: the file whose line is wanted.

    Returns:
        ``type``, ``message``, ``line`` (in the script, or None), ``status``, ``code`` and ``service_message`` (of
        the answer), ``request_id``, ``url`` (that was asked), ``network`` (True when no answer came at all), and
        ``missing`` (the module that could not be imported, or None), ``types`` and ``texts`` of all exceptions that
        hang together.
    """
    chain = list(_chain(error))
    record: dict[str, Any] = {
        "type": type(error).__name__,
        "message": str(error) or type(error).__name__,
        "line": _line_in(error, script),
        "status": None,
        "code": None,
        "service_message": None,
        "request_id": None,
        "url": None,
        "missing": _missing(error),
        "types": [f"{type(one).__module__}.{type(one).__name__}" for one in chain],
        "texts": [str(one)[:2000] for one in chain],
    }
    # What the service answered itself comes before what the SDK makes of it.
    for one in sorted(chain, key=lambda one: getattr(one, "response", None) is None):
        for key, value in _facts(one).items():
            if record[key] is None:
                record[key] = value
    record["network"] = record["status"] is None and any(map(_is_network, chain))
    return record


def _missing(error: BaseException) -> str | None:
    """The module for whose want an import failed; whoever missed it may have said so in other words."""
    seen: BaseException | None = error
    while isinstance(seen, ImportError):
        if isinstance(seen, ModuleNotFoundError) and seen.name:
            return seen.name
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it was made of."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [getattr(one, "inner_exception", None), getattr(one, "_inner_exception", None)]
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _facts(error: BaseException) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    url = getattr(getattr(error, "request", None), "url", None)
    if isinstance(url, str):
        facts["url"] = url.partition("?")[0]
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None) or getattr(error, "status_code", None)
    text = str(error)
    if status is None and (found := _STATUS_IN_TEXT.search(text)):
        status = int(found[1])
    if isinstance(status, int) and status >= 400:
        facts["status"] = status
    headers = getattr(response, "headers", None) or {}
    for name in _IDS:
        if headers.get(name):
            facts["request_id"] = headers[name]
            break
    else:
        if found := _ID_IN_TEXT.search(text):
            facts["request_id"] = found[1]
    body = _body(response) or _json_in(text)
    if body:
        facts |= _envelope(body)
    return facts


def _body(response: Any) -> dict[str, Any] | None:
    text = getattr(response, "text", None)
    if callable(text):  # azure.core's responses
        try:
            text = text()
        except Exception:
            return None
    return _json_in(text) if isinstance(text, str) else None


def _json_in(text: str) -> dict[str, Any] | None:
    """The first JSON object in a text that has an error in it."""
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            document, _ = decoder.raw_decode(text, match.start())
        except ValueError:
            continue
        if isinstance(document, dict) and document.keys() & {"error", "message", "error_details"}:
            return document
    return None


def _envelope(body: dict[str, Any]) -> dict[str, Any]:
    """Code and message of an error envelope: Azure's (``error``), or the login service's (``error_description``)."""
    if isinstance(body.get("error_details"), dict):  # as the SDK writes answers of the execution service
        return {"status": body.get("status_code"), **_envelope(body["error_details"])}
    facts: dict[str, Any] = {}
    inner: Any = body.get("error", body)
    if isinstance(inner, str):
        return {"code": inner, "service_message": body.get("error_description") or inner}
    while isinstance(inner, dict):
        facts["code"] = inner.get("code") or facts.get("code")
        inner = inner.get("innerError") or inner.get("innererror")
    message = body["error"].get("message") if isinstance(body.get("error"), dict) else body.get("message")
    facts["service_message"] = message
    correlation = body.get("correlation")
    if isinstance(correlation, dict) and correlation.get("request"):
        facts["request_id"] = correlation["request"]
    return {key: value for key, value in facts.items() if value}


_NETWORK = (
    "ConnectionError", "ConnectTimeout", "ReadTimeout", "Timeout", "ProxyError", "SSLError", "NewConnectionError",
    "MaxRetryError", "NameResolutionError", "ServiceRequestError", "ServiceResponseError", "gaierror",
    "ConnectionRefusedError", "ConnectionResetError", "SSLCertVerificationError",
)  # fmt: skip


def _is_network(error: BaseException) -> bool:
    return any(kind.__name__ in _NETWORK for kind in type(error).__mro__)


def _line_in(error: BaseException, script: str) -> int | None:
    """The line of the script that the exception went through last."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == script]
    return lines[-1] if lines else None
