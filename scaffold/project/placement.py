"""Puts a folder that was made aside into its place: wholly or not at all, and losing nothing.

A project is rendered into a hidden folder beside its target, so that the last step is a rename on one
file system. A target that is there already takes the files one by one; whatever a file replaces is
kept beside it, and a failure (or Ctrl-C) half-way puts everything back. Knows nothing of templates.

A project that is told its own path while it is made (a template's scripts write it into files) cannot be moved
afterwards: :func:`in_place` makes it where it stays, in a folder that was not there before or was empty.
"""

import contextlib
import errno
import filecmp
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from scaffold.errors import UsageError
from scaffold.project.scratch import abandoned, folder_in, remove_abandoned, remove_tree

_PREFIX = ".scaffold-"
_MAKING = ".scaffold-making"  # in a hidden folder: the path of the project that is made in place


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
    """Checks that a project can be written there, before anything is; removes what a killed process left there.

    Args:
        target: the project's folder.
        force: whether a folder that holds something is fine.

    Raises:
        UsageError: it is a file, a link or (without ``force``) a folder that is not empty, or the
            folder to write in is none or not writable.
    """
    with translated(target):
        remove_abandoned(_nearest(target), _PREFIX, _names_a_project)
        remove_abandoned(target.absolute().parent, _PREFIX, _names_a_project)
        if target.is_symlink():
            raise UsageError(
                f"{target} is a symbolic link.", "Remove the link, or name the folder it points to."
            )
        if target.exists() and not target.is_dir():
            raise UsageError(f"{target} is a file.", "Remove the file, or give the project another name.")
        if target.exists() and not force and any(target.iterdir()):
            if _is_half_made(target):
                wrong = f"{target} is half-made: the scaffold process that made it was killed."
                raise UsageError(wrong, "See that it holds nothing of yours, remove it, and run this again.")
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


def _names_a_project(folder: Path) -> bool:
    """Whether a hidden folder still says of a project that is there that it is half-made."""
    project = _project_of(folder)
    return project is not None and os.path.lexists(project)


def _project_of(folder: Path) -> Path | None:
    """The project that was made in place by the owner of a hidden folder."""
    try:
        return Path((folder / _MAKING).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _is_half_made(target: Path) -> bool:
    parent = target.absolute().parent
    return any(_project_of(folder) == parent / target.name for folder in abandoned(parent, _PREFIX))


def _nearest(target: Path) -> Path:
    """The target, or the nearest folder above it that is there."""
    for folder in (target, *target.absolute().parents):
        if os.path.lexists(folder):
            return folder
    return target


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder among the system's temporary ones; it is gone when the block is left."""
    parent = Path(tempfile.gettempdir())
    remove_abandoned(parent, "scaffold-")
    with folder_in(parent, "scaffold-") as folder:
        yield folder


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
    with contextlib.ExitStack() as stack:
        with translated(target):
            folder = stack.enter_context(folder_in(_nearest(target), _PREFIX))
        yield folder


@contextlib.contextmanager
def in_place(target: Path) -> Iterator[Path]:
    """The project's own folder, to be filled in the block; when that fails, all that was made is removed.

    A hidden folder beside it names it meanwhile, so that after a kill the half-made project can be told from one
    that is whole. It is not removed then: nothing proves that nobody has used it since.

    Args:
        target: the project's folder, which is not there or is empty.

    Raises:
        UsageError: it cannot be made, or holds something.
    """
    target = target.absolute()
    made: list[Callable[[], object]] = []
    try:
        with contextlib.ExitStack() as stack:
            with translated(target):
                _make_folders(target.parent, made)
                marker = stack.enter_context(folder_in(target.parent, _PREFIX))
                (marker / _MAKING).write_text(str(target), encoding="utf-8")
                stack.enter_context(_taken(target))
            yield target
    except BaseException:
        for undo in reversed(made):
            with contextlib.suppress(OSError):
                undo()
        raise


@contextlib.contextmanager
def _taken(target: Path) -> Iterator[None]:
    """The folder, made or taken empty; as it was before when the block fails."""
    was_there = target.exists()
    if was_there and any(target.iterdir()):
        raise UsageError(
            f"The template's hooks run in the project's folder, and {target} holds other files.",
            "Name a folder that is not there yet, or leave out --trust: the hooks do not run then.",
        )
    if not was_there:
        target.mkdir()
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            if was_there:
                _empty(target)
            else:
                remove_tree(target)
        raise


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            remove_tree(path)
        else:
            path.unlink()


def files_of(project: Path) -> tuple[str, ...]:
    """Every file of a folder, relative with forward slashes, sorted."""
    return tuple(sorted(_files(project)))


@contextlib.contextmanager
def translated(target: Path) -> Iterator[None]:
    """What the system raises while a project is written, as our error."""
    try:
        yield
    except OSError as error:
        hint = "Make it writable, or name another folder with --output-dir."
        if error.errno == errno.ENAMETOOLONG:
            hint = "Use a shorter name."
        raise UsageError(
            f"{error.filename or target} cannot be written: {error.strerror or error}.", hint
        ) from error


def plan(rendered: Path, target: Path) -> Plan:
    """What :func:`place` would do; changes nothing.

    Raises:
        UsageError: the target has a folder where a file goes, a file where a folder goes, or a link that
            leads out of it.
    """
    files = files_of(rendered)
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
