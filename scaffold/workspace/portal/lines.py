"""The lines of a log, any of them, however long the log is and while it is still growing.

A log is never read whole: an index of how many lines end before each block of the file finds a line, and only
the blocks around it are read.
"""

import threading
from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

_BLOCK = 256 * 1024
_READ = 1024 * 1024
_LINE_BYTES = 64 * 1024
_SHOWN = 4000
_KEPT = 32


@dataclass
class _Index:
    """How many lines end before the block of each number; ``size`` is how far the file was read (bytes)."""

    ends: list[int]
    size: int = 0
    total: int = 0


class LogLines:
    """The lines of the log files of one workspace."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._indexes: OrderedDict[Path, _Index] = OrderedDict()

    def _index(self, file: Path, stream: BinaryIO) -> _Index:
        with self._lock:
            index = self._indexes.setdefault(file, _Index([0]))
            self._indexes.move_to_end(file)
            while len(self._indexes) > _KEPT:
                self._indexes.popitem(last=False)
            size = stream.seek(0, 2)
            if size < index.size:
                index.ends, index.size = [0], 0
            if size != index.size or not index.size:
                # The last block was not full when it was counted.
                stream.seek((len(index.ends) - 1) * _BLOCK)
                count, at, last = index.ends[-1], stream.tell(), b""
                while at < size and (block := stream.read(min(_BLOCK, size - at))):
                    count += block.count(b"\n")
                    at += len(block)
                    last = block[-1:]
                    if at % _BLOCK == 0:
                        index.ends.append(count)
                index.size = at
                index.total = count + (last not in (b"\n", b""))
            return index

    def window(self, file: Path, first: int, count: int) -> dict[str, Any]:
        """Lines of a log.

        Args:
            file: the log.
            first: number of the first line, from 0; a negative one counts from the end.
            count: how many at most.

        Returns:
            ``first``, ``lines``, and of the whole log ``total`` lines and ``size`` bytes.
        """
        with file.open("rb") as stream:
            index = self._index(file, stream)
            first = max(0, index.total + first) if first < 0 else min(first, index.total)
            self._seek(stream, index, first)
            lines = []
            for _ in range(min(count, index.total - first)):
                lines.append(_line(stream))
            return {"first": first, "lines": lines, "total": index.total, "size": index.size}

    def _seek(self, stream: BinaryIO, index: _Index, line: int) -> None:
        """Goes to where a line begins."""
        block = max(0, bisect_left(index.ends, line) - 1)
        stream.seek(block * _BLOCK)
        for _ in range(line - index.ends[block]):
            while (part := stream.readline(_READ)) and not part.endswith(b"\n"):
                pass

    def search(self, file: Path, text: str, after: int, limit: int) -> dict[str, Any]:
        """The numbers of the lines that hold a text, from line ``after`` on, whatever the case of its ASCII letters.

        Returns:
            ``matches``, at most ``limit``, and ``more``: whether there are others.
        """
        needle = text.encode().lower()
        matches: list[int] = []
        with file.open("rb") as stream:
            index = self._index(file, stream)
            self._seek(stream, index, min(after, index.total))
            number, rest = after, b""
            while needle and (chunk := stream.read(_READ)):
                chunk = rest + chunk
                whole, end, rest = chunk.rpartition(b"\n")
                if not end and len(rest) < 8 * _READ:
                    continue
                block, rest = (whole + end, rest) if end else (rest, b"")
                number = _matches_in(block.lower(), needle, number, matches)
                if len(matches) > limit:
                    break
            _matches_in(rest.lower(), needle, number, matches)
        return {"matches": matches[:limit], "more": len(matches) > limit}


def _matches_in(block: bytes, needle: bytes, number: int, matches: list[int]) -> int:
    """Adds the numbers of the block's lines with the needle, and returns the number of the line after it."""
    counted = 0
    at = block.find(needle) if needle else -1
    while at >= 0:
        number += block.count(b"\n", counted, at)
        counted = at
        if not matches or matches[-1] != number:
            matches.append(number)
        end = block.find(b"\n", at)
        at = block.find(needle, end) if end >= 0 else -1
    return number + block.count(b"\n", counted)


def _line(stream: BinaryIO) -> str:
    """The next line as it is shown: what the last carriage return left of it, and no more than can be read."""
    line = tail = stream.readline(_LINE_BYTES)
    cut = 0
    while tail and not tail.endswith(b"\n") and (more := stream.readline(_LINE_BYTES)):
        cut += len(more.rstrip(b"\r\n"))
        tail = more
    if b"\r" in tail.rstrip(b"\r\n"):  # a progress bar: only its last state can be seen
        line, cut = tail, 0
    text = line.rstrip(b"\r\n").rpartition(b"\r")[2].decode(errors="replace")
    cut += max(0, len(text) - _SHOWN)
    return f"{text[:_SHOWN]} … ({cut} more)" if cut else text
