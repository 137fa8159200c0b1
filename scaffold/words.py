"""Numbers as people say them, commands as they type them, and text that nothing obeys; imports next to nothing."""

import re
from typing import Any

# Those of the last range are bytes of a file name that is no UTF-8, as Python has them.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def inert(text: str) -> str:
    """The text with control characters and direction marks shown as ``\\xNN``, never obeyed."""
    return _CONTROL.sub(_shown, text)


def on_one_line(text: str) -> str:
    """As :func:`inert`, with line breaks and tabs shown too: a name, or a sentence with names in it."""
    return inert(text).replace("\n", "\\n").replace("\t", "\\t")


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code:02x}"


_SECRETS = (
    # The user of an address, up to the last @ before its path.
    re.compile(r"://(?P<secret>[^/\s?#'\"<>]+)@"),
    # A token of a conda channel, in an address or as conda names it.
    re.compile(r"(?:(?<!file)://[^\s?#'\"<>]*?/t/|(?<![\w-])t/(?=tk-))(?P<secret>[^/\s'\"<>)]+)"),
    # A signature or token in a query.
    re.compile(
        r"[?&](?:sig|signature|x-amz-signature|(?:[\w-]*[_-])?(?:token|key|secret|password)|apikey|pw)="
        r"(?P<secret>[^&\s#'\"<>)]+)",
        re.IGNORECASE,
    ),
    re.compile(r"--proxy[\s=]+(?P<secret>[^/\s@:]+:[^\s@]+)@"),
)


def secrets_in(text: str) -> list[tuple[int, int]]:
    """Where the passwords, tokens and signatures of the addresses in a text are, from the first to the last."""
    if "://" not in text and "t/tk-" not in text and "--proxy" not in text:
        return []
    return sorted({found.span("secret") for pattern in _SECRETS for found in pattern.finditer(text)})


def masked(text: str) -> str:
    """The text without the passwords, tokens and signatures of the addresses in it: each is shown as ``…``."""
    parts, at = [], 0
    for start, end in secrets_in(text):
        if start >= at:
            parts += [text[at:start], "…"]
        at = max(at, end)
    return "".join([*parts, text[at:]])


def masked_document(value: Any) -> Any:
    """A document in whose texts, and names of texts, the same is left out."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {
            masked(name) if isinstance(name, str) else name: masked_document(one)
            for name, one in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [masked_document(one) for one in value]
    return value


def duration(seconds: float) -> str:
    """A length of time: ``1.9 s``, ``3 min 05 s``, ``2 h 10 min``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def size(count: int) -> str:
    """A number of bytes in decimal units: ``812 B``, ``1.2 kB``, ``3.4 MB``."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def typed(*words: str) -> str:
    """A command as it is typed, quoted for the shell of this system."""
    import os

    if os.name == "nt":
        import subprocess

        return subprocess.list2cmdline(words)
    import shlex

    return shlex.join(words)
