"""The steps of an environment's build: programs with their output in the build log, ended as whole process trees.

A build belongs to the service, unlike a run: when the service stops, the step under way ends with it. A
service that was killed cannot see to that, so each step is written down beside its log, and the next service
ends what is still there before anything else is built.
"""

import asyncio
import contextlib
import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import IO, Any

import psutil

from scaffold.words import secrets_in
from scaffold.workspace.logs import last_lines

_REASON_LINES = 12
_HEAD_LINES = 12
_READ_LINES = 400
# How uv, micromamba, conda and we begin an error; what they quote of others is indented.
_ERROR = re.compile(r"(error|critical)\b|\s*× |\w+(Error|NotFound):", re.IGNORECASE)
_REASON_BYTES = 16 * 1024
_LOOKS = 200
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
    options: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined,unused-ignore]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=variables,
        cwd=folder,
        **options,
    )
    record = Path(log.name).with_suffix(_RECORD)
    try:
        _write_down(record, process.pid)
        code = await process.wait()
    except BaseException:
        await asyncio.to_thread(end_tree, process.pid)
        await process.wait()
        raise
    finally:
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


def _write_down(record: Path, pid: int) -> None:
    with contextlib.suppress(psutil.Error):  # it is over already
        record.write_text(json.dumps({"pid": pid, "created": psutil.Process(pid).create_time()}))


def end_leftovers(folder: Path) -> list[str]:
    """Ends the steps that a service which was killed left running.

    Args:
        folder: where the build logs are.

    Returns:
        The names (without suffix) of the builds that they belonged to.
    """
    names = []
    for record in sorted(folder.glob(f"*{_RECORD}")):
        with contextlib.suppress(psutil.Error, OSError, ValueError, KeyError, TypeError):
            document = json.loads(record.read_bytes())
            # The number may be another process's by now; when it began tells.
            if psutil.Process(document["pid"]).create_time() == document["created"]:
                end_tree(document["pid"])
        record.unlink(missing_ok=True)
        names.append(record.stem)
    return names


def end_tree(pid: int) -> None:
    """Ends a process that was started in a session of its own, with all its descendants and their orphans."""
    known: set[psutil.Process] = set()
    for _ in range(_LOOKS):  # processes can start others while they are being ended
        known |= _family(pid)
        left = [process for process in known if _alive(process)]
        if not left:
            return
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.02)


def _family(pid: int) -> set[psutil.Process]:
    found: set[psutil.Process] = set()
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        found |= {root, *root.children(recursive=True)}
    if os.name == "posix":
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if os.getsid(process.pid) == pid:
                    found |= {process, *process.children(recursive=True)}
    return found


def _alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False
