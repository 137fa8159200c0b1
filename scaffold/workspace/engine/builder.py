"""The steps of an environment's build: programs with their output in the build log, ended as whole process trees.

A build belongs to the service, unlike a run: when the service stops, the step under way ends with it. A
service that was killed has its watchman do that. Should that be killed too, each step is written down beside its
log, and the next service ends what is still there before anything else is built.
"""

import asyncio
import contextlib
import json
import os
import re
from pathlib import Path
from typing import IO

from scaffold import watchman
from scaffold.tether import SESSION, Tether
from scaffold.words import secrets_in
from scaffold.workspace.logs import last_lines

_REASON_LINES = 12
_HEAD_LINES = 12
_READ_LINES = 400
# How uv, micromamba, conda and we begin an error; what they quote of others is indented.
_ERROR = re.compile(r"(error|critical)\b|\s*× |\w+(Error|NotFound):", re.IGNORECASE)
_REASON_BYTES = 16 * 1024
_RECORD = ".builder"


class BuildError(Exception):
    """An environment could not be built.

    Attributes:
        reason: what the resolver or installer said, some lines.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


async def run(log: IO[str], command: list[str], variables: dict[str, str], folder: Path) -> None:
    """Runs one step of a build with its output in the log.

    Raises:
        BuildError: it ended with an error.
        asyncio.CancelledError: the build was given up; every process of the step has ended.
    """
    log.flush()
    start = os.fstat(log.fileno()).st_size
    record = Path(log.name).with_suffix(_RECORD)
    tether = Tether()
    process = None
    try:
        record.write_text(json.dumps({"mark": tether.name}))
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=tether.mark(variables),
            cwd=folder,
            **SESSION,
        )
        tether.leads(process.pid)
        code = await process.wait()
    finally:
        # Also what a step leaves running that has ended by itself, which nobody else would ever end.
        await asyncio.shield(asyncio.to_thread(tether.end))
        if process is not None:
            await process.wait()
        record.unlink(missing_ok=True)
        await asyncio.to_thread(_mask, Path(log.name), start)
    if code != 0:
        size = os.fstat(log.fileno()).st_size - start
        said = last_lines(Path(log.name), lines=_READ_LINES, limit=min(size, _REASON_BYTES))
        raise BuildError("The environment could not be built.", _reason(said.strip()))


def _mask(log: Path, start: int) -> None:
    """Makes secrets in addresses unreadable that a step has written; the log stays as long, for those who follow it."""
    with log.open("r+b") as stream:
        stream.seek(start)
        text = stream.read().decode("latin-1")  # a letter is a byte
        for first, end in secrets_in(text):
            stream.seek(start + first)
            stream.write(b"*" * (end - first))


def _reason(said: str) -> str:
    """The part of a failed step's output that tells why: from its error on, shortened in the middle."""
    lines = said.splitlines()
    errors = [number for number, line in enumerate(lines) if _ERROR.match(line)]
    told = lines[errors[0] :] if errors else lines[-_REASON_LINES:]
    if len(told) > _HEAD_LINES + _REASON_LINES:
        told = [*told[:_HEAD_LINES], "…", *told[-_REASON_LINES:]]
    return "\n".join(told)


def end_leftovers(folder: Path) -> list[str]:
    """Ends the steps that a service which was killed left running.

    Args:
        folder: where the build logs are.

    Returns:
        The names (without suffix) of the builds that they belonged to.
    """
    names = []
    for record in sorted(folder.glob(f"*{_RECORD}")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            watchman.end({str(json.loads(record.read_bytes())["mark"]): {}})
        record.unlink(missing_ok=True)
        names.append(record.stem)
    return names
