"""The one way to read a file of a project: never one that has no end, and never more than it should hold.

A pipe, a device or a folder in a file's place is refused before anything is read of it.
"""

import errno
import os
import stat
from pathlib import Path

MB = 1024 * 1024
MOST = 64 * MB  # a notebook holds its pictures
# What people write by hand: specifications, ignore files, config.json.
MOST_BY_HAND = 2 * MB
_CHUNK = MB


class TooLargeError(OSError):
    """The file is larger than what is read of one."""


def read(path: Path, most: int = MOST) -> bytes:
    """The bytes of a regular file.

    Raises:
        TooLargeError: it is larger than ``most``.
        OSError: it is not there, is no regular file, or may not be read.
    """
    try:
        # Without O_NONBLOCK the opening of a pipe waits for somebody to write into it.
        flags = (
            os.O_RDONLY
            | getattr(os, "O_NONBLOCK", 0)
            | getattr(os, "O_BINARY", 0)
            | getattr(os, "O_CLOEXEC", 0)
        )
        descriptor = os.open(path, flags)
    except ValueError as error:  # a name with a null in it
        raise OSError(errno.EINVAL, "no file has such a name", str(path)) from error
    with open(descriptor, "rb") as stream:  # noqa: PTH123  (of a descriptor)
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no file but a pipe, a socket or a device", str(path))
        parts, size = [], 0
        while data := stream.read(_CHUNK):
            parts.append(data)
            size += len(data)
            if size > most:
                raise TooLargeError(errno.EFBIG, f"it is larger than {most // MB or 1} MB", str(path))
    return b"".join(parts)


def read_or_nothing(path: Path, most: int = MOST) -> bytes:
    """The bytes of a file, and none where it cannot be read."""
    try:
        return read(path, most)
    except OSError:
        return b""


def is_readable(path: Path, most: int = MOST_BY_HAND) -> bool:
    """Whether a path is that of a regular file of at most that many bytes, which others may be given to read."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size <= most


def is_file(path: Path) -> bool:
    """Whether a file is there; no for a name that no file can have, of which ``Path.is_file`` raises."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path) -> bool:
    """Whether a folder is there; as :func:`is_file`."""
    return os.path.isdir(path)  # noqa: PTH112
