"""Puts a folder that was made aside into its place: wholly or not at all, and losing nothing.

A project is rendered into a hidden folder beside its target, so that the last step is a rename on one
file system. A target that is there already takes the files one by one; whatever a file replaces is
kept beside it, and a failure (or Ctrl-C) half-way puts everything back. Knows nothing of templates.
"""

import contextlib
import filecmp
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from scaffold.errors import UsageError


@dataclass(frozen=True)
class Plan:
    """What putting a rendered folder into its place does, file by file.

    Attributes:
        rendered: the folder that was made aside.
        target: where it goes.
        files: every file of it, relative with forward slashes, sorted.
        replaced: those that differ from a file of the same name at the target → the name under which
            the old one is kept.
    """

    rendered: Path
    target: Path
    files: tuple[str, ...]
    replaced: dict[str, str] = field(default_factory=dict)


def check_target(target: Path, *, force: bool) -> None:
    """Checks that a project can be written there, before anything is.

    Args:
        target: the project's folder.
        force: whether a folder that holds something is fine.

    Raises:
        UsageError: it is a file, a link or (without ``force``) a folder that is not empty, or the
            folder to write in is none or not writable.
    """
    with translated(target):
        if target.is_symlink():
            raise UsageError(
                f"{target} is a symbolic link.", "Remove the link, or name the folder it points to."
            )
        if target.exists() and not target.is_dir():
            raise UsageError(f"{target} is a file.", "Remove the file, or give the project another name.")
        if target.exists() and not force and any(target.iterdir()):
            raise UsageError(
                f"The folder {target} is not empty.",
                "Give the project another name, or add its files to that folder with --force.",
            )
        existing = _nearest(target)
        if not existing.is_dir():
            raise UsageError(f"{existing} is not a folder.", "Name another folder with --output-dir.")
        if not os.access(existing, os.W_OK | os.X_OK):
            raise UsageError(
                f"The folder {existing} is not writable.", "Name another folder with --output-dir."
            )


def _nearest(target: Path) -> Path:
    """The target, or the nearest folder above it that is there."""
    for folder in (target, *target.absolute().parents):
        if os.path.lexists(folder):
            return folder
    return target


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder among the system's temporary ones; it is gone when the block is left."""
    with tempfile.TemporaryDirectory(prefix="scaffold-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextlib.contextmanager
def aside(target: Path, *, dry_run: bool = False) -> Iterator[Path]:
    """A hidden folder on the target's file system; it is gone when the block is left.

    Args:
        target: the project's folder.
        dry_run: leave no trace where the person looks, not even for a moment: it is elsewhere.

    Raises:
        UsageError: it cannot be made.
    """
    if dry_run:
        with scratch() as elsewhere:
            yield elsewhere
        return
    with translated(target):
        folder = Path(tempfile.mkdtemp(prefix=".scaffold-", dir=_nearest(target))).absolute()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def translated(target: Path) -> Iterator[None]:
    """What the system raises while a project is written, as our error."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{error.filename or target} cannot be written: {error.strerror or error}.",
            "Make it writable, or name another folder with --output-dir.",
        ) from error


def plan(rendered: Path, target: Path) -> Plan:
    """What :func:`place` would do; changes nothing.

    Raises:
        UsageError: the target has a folder where a file goes, a file where a folder goes, or a link that
            leads out of it.
    """
    files = tuple(sorted(_files(rendered)))
    for folder in sorted({parent for name in files for parent in PurePosixPath(name).parents}):
        there = target / folder
        if folder != PurePosixPath(".") and (there.is_symlink() or (there.exists() and not there.is_dir())):
            what = "a symbolic link" if there.is_symlink() else "a file"
            raise UsageError(f"{there} is {what}, where the project has a folder.", "Move it away first.")
    replaced = {}
    for name in files:
        there = target / name
        if there.is_dir() and not there.is_symlink():
            raise UsageError(f"{there} is a folder, where the project has a file.", "Move it away first.")
        if os.path.lexists(there) and not _same(rendered / name, there):
            replaced[name] = _backup_name(target, name)
    return Plan(rendered, target, files, replaced)


def _files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix()


def _same(new: Path, old: Path) -> bool:
    return not old.is_symlink() and not new.is_symlink() and filecmp.cmp(new, old, shallow=False)


def _backup_name(target: Path, name: str) -> str:
    """The first of ``name.bak``, ``name.bak1``, … that is free."""
    count = 0
    while os.path.lexists(target / (backup := f"{name}.bak{count or ''}")):
        count += 1
    return backup


def place(what: Plan) -> None:
    """Carries a plan out.

    Raises:
        UsageError: the system refuses; the target is then as it was before.
    """
    with translated(what.target):
        made: list[Callable[[], object]] = []
        try:
            _make_folders(what.target.absolute().parent, made)
            if what.target.exists():
                _merge(what, made)
            else:
                what.rendered.rename(what.target)
        except BaseException:
            for undo in reversed(made):
                with contextlib.suppress(OSError):
                    undo()
            raise


def _make_folders(folder: Path, made: list[Callable[[], object]]) -> None:
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        # Noted first: an interrupt may come between any two lines.
        made.append(parent.rmdir)
        parent.mkdir()


def _merge(what: Plan, made: list[Callable[[], object]]) -> None:
    for folder in sorted(
        path for path in what.rendered.rglob("*") if path.is_dir() and not path.is_symlink()
    ):
        _make_folders(what.target / folder.relative_to(what.rendered), made)
    for name in what.files:
        new, there = what.rendered / name, what.target / name
        backup = what.replaced.get(name)
        if backup:
            old = what.target / backup
            made.append(lambda old=old, there=there: os.path.lexists(old) and old.replace(there))  # type: ignore[misc]
            there.rename(old)
        elif there.exists():
            continue  # the same bytes are there
        else:
            made.append(lambda there=there: there.unlink(missing_ok=True))  # type: ignore[misc]
        new.rename(there)
