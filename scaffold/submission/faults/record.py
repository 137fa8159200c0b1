"""What can be read off the record of an exception (see ``child.errors``); knows no sentence."""

import re
from typing import Any

Record = dict[str, Any]


def first_line(text: str) -> str:
    """The first line that says something, without the SDK's own headings."""
    for line in text.splitlines():
        plain = re.sub(r"^\s*Message:\s*", "", line).strip()
        if plain and not re.fullmatch(r"\w*Exception:?", plain):
            return plain
    return text.strip()


def said(record: Record) -> str:
    return first_line(record["service_message"] or record["message"]).rstrip(".")


def says(record: Record, *patterns: str) -> bool:
    texts = [record["message"], record["service_message"] or "", *record["texts"]]
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns for text in texts)


def is_from(record: Record, *names: str) -> bool:
    return any(kind.rpartition(".")[2] in names for kind in record["types"])


def is_preemption(text: str) -> bool:
    """True for what a service says of a run whose low-priority node was taken away."""
    return any(
        word in text.lower() for word in ("preempt", "pre-empt", "lowpri", "low priority node", "evict")
    )


def is_passing(record: Record | None) -> bool:
    """True for a fault that may be gone when the same is tried again."""
    if record is None:
        return False
    status = record["status"]
    if isinstance(status, int):
        return status in (408, 429) or (status >= 500 and status != 501)
    return bool(record["network"]) and not is_certificate(record)


def is_certificate(record: Record) -> bool:
    return says(record, "CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError")
