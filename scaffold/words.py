"""Numbers as people say them, commands as they type them, and text that nothing obeys; imports next to nothing."""

import re

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
