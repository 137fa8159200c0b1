"""Sending a part of a file that may be growing meanwhile: exactly as much of it as was announced."""

from collections.abc import AsyncIterator
from pathlib import Path

from anyio import open_file

_CHUNK = 256 * 1024


async def part_of(file: Path, first: int, count: int) -> AsyncIterator[bytes]:
    """The ``count`` bytes of the file from ``first`` on, in pieces."""
    async with await open_file(file, "rb") as stream:
        await stream.seek(first)
        while count > 0 and (chunk := await stream.read(min(_CHUNK, count))):
            count -= len(chunk)
            yield chunk
