"""Headers that may stand in a request once: of two that differ, each reader could take another."""

from collections import Counter
from collections.abc import Iterable

_ONCE = (b"host", b"origin", b"content-length", b"transfer-encoding", b"authorization")


def repeated(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The name of a header that stands in the request more than once and must not, or None."""
    counts = Counter(name.lower() for name, _ in headers)
    return next((name.decode().title() for name in _ONCE if counts[name] > 1), None)
