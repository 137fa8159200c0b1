"""The log of a run on its way to a terminal: its text and colours, and nothing that a terminal would do for it.

A log can hold sequences that set the clipboard or the title, move the cursor over what was said before, or turn the
direction of text. It may end in a file that somebody shows on a terminal later, so that a pipe gets the same.
"""

import codecs
import re
from typing import BinaryIO

from scaffold.words import inert

_LONGEST = 8192
_ESCAPE = re.compile(
    r"""(?P<colour>\x1b\[[0-9;:]*m)
    | \x1b\[[\x20-\x3f]*[\x40-\x7e]                           # moves the cursor, erases, asks, changes modes
    | \x1b[\]PX^_][^\x07\x1b\n\x9c]*(?:\x07|\x1b\\|\x9c)      # the title, the clipboard, links, pictures, programs
    | \x1b[\x20-\x2f]*[\x30-\x4f\x51-\x57\x59\x5a\x60-\x7e]   # character sets, the cursor, a reset
    | [\x07\x08]                                              # rings, steps back
    """,
    re.VERBOSE,
)
_BEGUN = re.compile(r"\x1b(?:\[[\x20-\x3f]*|[\]PX^_][^\x07\x1b\n\x9c]*\x1b?|[\x20-\x2f]*)\Z")
# What is no text comes back as the bytes that it was, but for those that some terminals obey.
_RAW_CONTROL = re.compile("[\udc80-\udc9f]")

_PARTS = re.compile("(\r|[\udc80-\udcff]+)")
_NO_TEXT = re.compile("[\udc80-\udcff]")


class LogText:
    """Writes pieces of a log, which may be cut anywhere.

    Args:
        stream: where they are written to.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._rest = ""
        self._coloured = False

    def write(self, piece: bytes) -> None:
        """Writes what can be said of a piece yet."""
        text = self._rest + self._decoder.decode(piece)
        begun = _BEGUN.search(text, max(0, len(text) - _LONGEST))
        end = begun.start() if begun else len(text)
        self._rest = text[end:]
        self._write(text[:end])

    def close(self) -> None:
        """Writes the rest, and ends a colour that the log has left on."""
        text, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        self._write(text)
        if self._coloured and self._stream.isatty():
            self._stream.write(b"\x1b[0m")
            self._stream.flush()

    def _write(self, text: str) -> None:
        self._stream.write("".join(self._parts(text)).encode("utf-8", "surrogateescape"))
        self._stream.flush()

    def _parts(self, text: str) -> list[str]:
        parts, at = [], 0
        for found in _ESCAPE.finditer(text):
            parts.append(_plain(text[at : found.start()]))
            if found["colour"]:
                self._coloured = True
                parts.append(found["colour"])
            at = found.end()
        return [*parts, _plain(text[at:])]


def _plain(text: str) -> str:
    """The text with what is no text shown; a carriage return is a progress bar's."""
    shown = _RAW_CONTROL.sub(lambda match: f"\\x{ord(match[0]) & 0xFF:02x}", text)
    # Bytes that are no text go through as they are: a terminal may read another encoding.
    return "".join(
        part if part == "\r" or _NO_TEXT.match(part) else inert(part) for part in _PARTS.split(shown)
    )
