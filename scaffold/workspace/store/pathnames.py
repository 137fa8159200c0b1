"""Names of files that clients write to their disks: which of them stay in the folder that they are joined to.

A client may cut any folders off the front of a name first, and may run on any system. So each part has to be a
plain name by itself, with both kinds of slash: after ``a/`` was cut off, ``a//b`` would be an absolute path.
"""

import re

LONGEST = 1024
_CONTROL = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_SLASH = re.compile(r"[/\\]")
_DRIVE = re.compile(r"[A-Za-z]:")
_MARKED = re.compile(rf"{_CONTROL.pattern}|[\\:]")
_MARK = "\N{REPLACEMENT CHARACTER}"


class UnsafeNameError(ValueError):
    """A name is none that a file of the store may have; the message says so to the client."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name[:100]!r} is not a path below a folder: its parts may not be empty, '.', '..' or begin with a "
            f"drive's letter; it has no control characters and at most {LONGEST} others."
        )


def is_safe(name: str, longest: int = LONGEST) -> bool:
    """True for a name that is a file below whichever folder it is joined to, as is each of its ends.

    Or a folder's, which storage clients name with a slash behind it.
    """
    return (
        len(name) <= longest
        and not _CONTROL.search(name)
        and all(part.strip(" .") and not _DRIVE.match(part) for part in _SLASH.split(name.removesuffix("/")))
    )


def is_safe_place(path: str) -> bool:
    """True for a path that files are looked for below: as a name, but slashes more or less do not matter."""
    parts = "/".join(filter(None, path.split("/")))
    return not parts or is_safe(parts)


def marked(name: str) -> str:
    """The name of a file that is there, with marks in place of what a client could not or must not write."""
    return "/".join(part if is_safe(part) else _marked(part) for part in name.split("/"))


def _marked(part: str) -> str:
    safe = _MARKED.sub(_MARK, part)
    return safe if safe.strip(" .") else safe + _MARK
