"""A run of ``compute_target="local"``: the submitting machine's own folder and variables, handed to the engine.

The SDK copies the project into a folder of its own and starts the script that the service sent it there
(``azureml._execution._commands._start_internal_local_cloud``). That script is ``hand_over``: it writes where it
was started, and with which environment variables, into ``submitter.json`` of the run's folder. From then on the
run is carried out like every other one, in that folder and beneath those variables.
"""

import asyncio
import io
import os
import shlex
import shutil
import sys
import time
import zipfile
from pathlib import Path

import msgspec

from scaffold.workspace.engine import hand_over
from scaffold.workspace.files import read_plain, write_atomically
from scaffold.workspace.ownership import why_not_ours

RECORD = "submitter.json"
PATIENCE_SECONDS = 120.0
_POLL_SECONDS = 0.1
_MOST_BYTES = 16 * 1024 * 1024


class NotHandedOverError(Exception):
    """The submitting process never started the script that it was sent, or started it where others may write."""


class Submitter(msgspec.Struct, frozen=True):
    """Who submitted a run to itself.

    Attributes:
        folder: the copy of the project that the run works in.
        environment: the environment variables of the submitting process.
    """

    folder: str
    environment: dict[str, str]

    def find(self, program: str) -> str:
        """A program as the submitting process would find it, or its name where it would find none."""
        found = shutil.which(program, path=self.environment.get("PATH", os.defpath))
        return found or program


def expect(folder: Path) -> None:
    """Notes that a run waits for its submitter.

    Args:
        folder: the run's folder, which is made.
    """
    folder.mkdir(parents=True, mode=0o700)
    write_atomically(folder / RECORD, b"null")


def submitter_of(folder: Path) -> Submitter | None:
    """Who handed the run over; None when nobody has, or nobody is to.

    Args:
        folder: of the run's records, or the one that it is handed over in.
    """
    content = read_plain(folder / RECORD, _MOST_BYTES)
    try:
        return msgspec.json.decode(content, type=Submitter | None) if content else None
    except msgspec.DecodeError:
        return None


async def handed_over(folder: Path, records: Path) -> None:
    """Returns once the run has its submitter, at once when it needs none.

    From then on what the submitter has written is kept among the run's records: the run's code knows of the first.

    Args:
        folder: the run's folder, in which it is handed over.
        records: of the run.

    Raises:
        NotHandedOverError: see there.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (folder / RECORD).exists():
        submitter = submitter_of(folder)
        if submitter is not None:
            _check_place(Path(submitter.folder))
            records.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(records / RECORD, msgspec.json.encode(submitter))
            (folder / RECORD).unlink(missing_ok=True)
            return
        if time.monotonic() > deadline:
            raise NotHandedOverError(
                "The run was to be started by the program that submitted it, which has not done so in "
                f"{PATIENCE_SECONDS:.0f} seconds: it was probably interrupted."
            )
        await asyncio.sleep(_POLL_SECONDS)


def _check_place(folder: Path) -> None:
    """Refuses a folder in which another user may have written what would be executed.

    Raises:
        NotHandedOverError: it is one.
    """
    reason = why_not_ours(folder)
    if reason is not None:
        raise NotHandedOverError(
            f"The run was not started, since others may have written what is in its folder: {reason}.\n"
            "Set TMPDIR to a folder that is yours alone, or submit with 'scaffold exec', which does so."
        )


def invocation(folder: Path) -> bytes:
    """The zip file that the SDK unpacks into its copy of the project and starts.

    It holds no secret, since other users of the machine may read that copy: what may be done is decided by
    who may write into the run's folder.

    Args:
        folder: the run's folder.
    """
    command = [sys.executable, "-I", hand_over.__file__, str(folder / RECORD)]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("azureml-setup/Invocation.sh", f"#!/bin/sh\nexec {shlex.join(command)}\n")
        archive.writestr("azureml-setup/Invocation.bat", _batch(command))
    return stream.getvalue()


def _batch(command: list[str]) -> str:
    quoted = " ".join(f'"{word}"' for word in command).replace("%", "%%")
    return f"@chcp 65001 >nul\r\n@{quoted}\r\n"
