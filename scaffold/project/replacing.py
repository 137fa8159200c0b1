"""Writes files of a project: all of them or none, in one step each, and never through a link that leads out of it."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scaffold.errors import ProjectError
from scaffold.project.reading import read

_UNCHANGED = "Nothing was written."


@dataclass(frozen=True)
class New:
    """What a file is to hold.

    Attributes:
        path: the file; a link stays one.
        data: its bytes.
        shown: what messages call it.
    """

    path: Path
    data: bytes
    shown: str


def write(files: Sequence[New], root: Path, *, copies: Sequence[tuple[Path, Path]] = ()) -> None:
    """Writes files with the permissions that they have.

    Args:
        files: what they are to hold.
        root: the project's folder.
        copies: files that are kept before that: from where, to where.

    Raises:
        ProjectError: one cannot be written, or is a link that leads out of the project; none was changed.
    """
    targets = [_target(new, root) for new in files]
    with contextlib.ExitStack() as undo, contextlib.ExitStack() as temporaries:
        for source, copy in copies:
            undo.callback(copy.unlink, missing_ok=True)
            with _told(copy.name):
                shutil.copy2(source, copy)
        staged = []
        for new, target in zip(files, targets, strict=True):
            with _told(new.shown):
                staged.append(_staged(new, target))
            temporaries.callback(staged[-1].unlink, missing_ok=True)
        for new, target, temporary in zip(files, targets, staged, strict=True):
            before = read(target) if target.exists() else None
            with _told(new.shown):
                temporary.replace(target)
            undo.callback(_put_back, target, before)
        undo.pop_all()


def _put_back(target: Path, before: bytes | None) -> None:
    """A file as it was: one after it could not be written."""
    if before is None:
        target.unlink(missing_ok=True)
    else:
        target.write_bytes(before)


def with_ends_of(path: Path, data: bytes) -> bytes:
    """Text with the line ends that a file has, where it is there."""
    present = read(path) if path.is_file() else b""
    if b"\r\n" in present and b"\r" not in data:
        return data.replace(b"\n", b"\r\n")
    return data


def _target(new: New, root: Path) -> Path:
    """The file behind links.

    Raises:
        ProjectError: it is none of the project's, or not to be written.
    """
    path, root = (Path(os.path.abspath(one)) for one in (new.path, root))  # noqa: PTH100  (links are looked at next)
    within = root if path.is_relative_to(root) else path.parent
    target = Path(os.path.realpath(path))
    if not target.is_relative_to(os.path.realpath(within)):
        raise ProjectError(
            f"{new.shown} is a link that leads out of the project, to {target}.",
            f"Put the file itself in its place, or write there yourself. {_UNCHANGED}",
        )
    if target.is_dir() or (target.exists() and not os.access(target, os.W_OK)):
        what = "a folder" if target.is_dir() else "not to be written (read-only)"
        raise ProjectError(f"{new.shown} is {what}.", f"Make it a file that you may write. {_UNCHANGED}")
    return target


def _staged(new: New, target: Path) -> Path:
    """A file beside the target that holds what that is to hold."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(new.data)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        elif os.name == "posix":
            temporary.chmod(0o666 & ~_umask())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def _told(shown: str) -> Iterator[None]:
    """What the system raises, as our error."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProjectError(
            f"{shown} cannot be written: {reason}.", f"Make room for it. {_UNCHANGED}"
        ) from error
