"""The form of pip's requirements files: logical lines, options, local paths. Imports nothing."""

import re
from collections.abc import Iterator

# What pip takes on a line of its own in a requirements file.
OPTIONS = {
    *("-r", "--requirement", "-c", "--constraint", "-e", "--editable"),
    *("-i", "--index-url", "--extra-index-url", "--no-index", "-f", "--find-links"),
    *("--pre", "--no-binary", "--only-binary", "--prefer-binary", "--require-hashes"),
    *("--trusted-host", "--use-feature"),
}
NEED_VALUE = OPTIONS - {"--no-index", "--pre", "--prefer-binary", "--require-hashes"}
FILES = {"-r", "--requirement", "-c", "--constraint"}

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_LOCAL = re.compile(r"(\.{1,2}|~)?[/\\]|[A-Za-z]:[/\\]|\.{1,2}$|.*\.(whl|zip|tar\.gz|tar\.bz2)(\[|$)")


def logical_lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Lines without comments, continued ones joined, each with the numbers of its first and last line."""
    start, parts = 0, []
    # pip ends a line at form feeds and the like too, where nobody counts one.
    counted = enumerate(re.split(r"\r\n|\r|\n", text), 1)
    lines = [(number, piece) for number, line in counted for piece in line.splitlines() or [""]]
    for place, (number, line) in enumerate(lines, 1):
        start = start or number
        comment = re.match(r"\s*#", line)
        continued = line.endswith("\\") and not comment
        # pip ends a continued line at a comment line.
        parts.append("" if comment else line.removesuffix("\\") if continued else line)
        if continued and place < len(lines):
            continue
        joined = re.sub(r"(^|\s)#.*$", "", " ".join(parts)).strip()
        if joined:
            yield start, number, joined
        start, parts = 0, []


def option_of(line: str) -> tuple[str, str] | None:
    """Option and value of a line that is one (``-r other.txt``, ``--index-url=URL``); None for a requirement."""
    if not line.startswith("-"):
        return None
    match = re.match(r"(--[\w-]+|-\w)[\s=]*(.*)", line)
    return (match[1], match[2].strip()) if match else (line, "")


def is_url(text: str) -> bool:
    """True for an address with a scheme, version control's (``git+https://…``) among them."""
    return _URL.match(text) is not None


def is_local(text: str) -> bool:
    """True for what pip takes for a path on this machine and not for the name of a package."""
    return _LOCAL.match(text) is not None
