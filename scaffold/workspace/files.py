"""The state folder's own small files, read and written; measuring folders.

A file is written so that a kill at any point leaves the old content or the new, never a part. What is read may have
been damaged by anybody, or be something else that was put in its place, so each is looked at before it is believed.
"""

import contextlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scaffold.errors import WorkspaceError


class StateFileError(WorkspaceError, ValueError):
    """A file of the state folder holds something else than was written to it, or cannot be read."""


def read_object(path: Path, hint: str, **fields: type) -> dict[str, Any]:
    """The JSON object in a file of the state folder.

    Args:
        path: the file.
        hint: what a person can do when it is damaged.
        fields: the fields that have to be there, each with its type; others are not looked at.

    Raises:
        FileNotFoundError: it is not there.
        StateFileError: it cannot be read, or holds something else.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StateFileError(f"The state file {path} cannot be read: {error.strerror}.", hint) from None
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise StateFileError(f"The state file {path} is damaged: it holds no JSON.", hint) from None
    if not isinstance(document, dict):
        raise StateFileError(f"The state file {path} is damaged: it holds no JSON object.", hint)
    for name, kind in fields.items():
        if type(document.get(name)) is not kind:
            raise StateFileError(f"The state file {path} is damaged: its {name!r} is missing or wrong.", hint)
    return document


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replaces the file's content in one step.

    Args:
        path: the file; its folder must be there.
        content: the new bytes.
        mode: POSIX permissions of the new file.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if os.name == "posix":
            temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def place_of(error: OSError, otherwise: Path) -> Path:
    """The file or folder that an error is about: where something was to be put, rather than what."""
    for name in (error.filename2, error.filename):
        if isinstance(name, str | os.PathLike):
            return Path(name)
    return otherwise


def is_plain(path: Path) -> bool:
    """True for a file that is in its place itself: neither it nor its folder nor the one above that is a link.

    A hard link counts as the file: it is no more than its maker could have copied, and we keep logs by one.
    """
    with contextlib.suppress(OSError):
        status = path.lstat()
        links = any(folder.is_symlink() for folder in list(path.parents)[:2])
        return stat.S_ISREG(status.st_mode) and not links
    return False


def read_plain(path: Path, limit: int) -> bytes | None:
    """The content of a file, or None where there is none, or what there is is no plain file or longer.

    Args:
        path: the file; a link, a folder or a pipe in its place is not read.
        limit: how long it may be (bytes).
    """
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    if not is_plain(path):
        return None
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        content = stream.read(limit + 1)
    return content if len(content) <= limit else None


def files_below(folder: Path) -> Iterator[os.stat_result]:
    """What is known of every file below a folder; links are not followed, and what vanishes is passed over."""
    folders = [os.fspath(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        yield Path(entry.path).lstat()
        except OSError:
            continue


def sizes(folders: list[Path]) -> list[int]:
    """What each folder takes (bytes); a file that several share by hard links is counted in the first alone."""
    seen: set[tuple[int, int]] = set()
    totals = []
    for folder in folders:
        total = 0
        for file in files_below(folder):
            if file.st_nlink > 1:
                if (file.st_dev, file.st_ino) in seen:
                    continue
                seen.add((file.st_dev, file.st_ino))
            total += file.st_size
        totals.append(total)
    return totals


def size_of_its_own(folder: Path) -> int:
    """What removing a folder frees (bytes): the files in it that are nowhere else."""
    return sum(file.st_size for file in files_below(folder) if file.st_nlink == 1)
