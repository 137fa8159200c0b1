"""Writes what a run has left, and what it was submitted with, into a folder: nothing outside, nothing over others.

Paths come from whoever ran the script, on whatever system; what cannot be a file here, or would lead elsewhere,
is left out and named.
"""

import contextlib
import os
import re
import shutil
import sys
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scaffold.errors import UsageError

_NAMED = 3
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?$")
_HALF_A_LETTER = re.compile("[\ud800-\udfff]")
_CASE_IS_NOTHING = os.name == "nt" or sys.platform == "darwin"
_WINDOWS = re.compile(r'[<>:"|?*\\]|[ .]$')

Fetch = Callable[[Sequence[tuple[str, Path]], Callable[[str], None]], None]
"""Writes files of a run to the files behind their paths, and says the path of each that is whole."""


@dataclass(frozen=True)
class Written:
    """One file that was written: its path in the run, where it is now, and how many bytes it has."""

    path: str
    file: Path
    size: int


@dataclass(frozen=True)
class Plan:
    """What is to be written where.

    Attributes:
        folder: the folder.
        targets: path in the run → file.
        left_out: paths that cannot be files here.
    """

    folder: Path
    targets: dict[str, Path]
    left_out: tuple[str, ...]


def plan(folder: Path, paths: Sequence[str], *, force: bool) -> Plan:
    """Where files of these paths go.

    Args:
        folder: where; made when there is something to write.
        paths: with forward slashes.
        force: overwrite files that are there.

    Raises:
        UsageError: a file is there already, and may not be overwritten; or a link in the folder leads elsewhere.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file.", "Name a folder with --to.")
    targets: dict[str, Path] = {}
    seen: set[str] = set()
    folders = {parent for path in paths for parent in _parents(path)}
    for path in paths:
        name = path.lower() if _CASE_IS_NOTHING else path
        if is_file_path(path) and path not in folders and name not in seen:
            targets[path] = folder.joinpath(*path.split("/"))
            seen.add(name)
    _check_links(folder, targets.values())
    there = [target for target in targets.values() if os.path.lexists(target)]
    if there and not force:
        more = f" and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
        raise UsageError(
            f"There already: {', '.join(map(str, there[:_NAMED]))}{more}.",
            "--force overwrites; --to names another folder.",
        )
    return Plan(folder, targets, tuple(path for path in paths if path not in targets))


def _check_links(folder: Path, targets: Iterable[Path]) -> None:
    """Refuses to write through a link that leads out of the folder.

    Raises:
        UsageError: there is one.
    """
    inside = folder.resolve()
    for parent in dict.fromkeys(target.parent for target in targets):
        if not parent.resolve().is_relative_to(inside):
            raise UsageError(
                f"{parent} leads out of {folder}, by a link.",
                "Name another folder with --to, or remove the link.",
            )


def is_file_path(path: str, *, windows: bool = os.name == "nt") -> bool:
    """False for a path that leads out of the folder it is put in, or that no file here can have."""
    parts = path.split("/")
    if _HALF_A_LETTER.search(path):
        return False
    if any(part in ("", ".", "..") or "\0" in part or len(part.encode()) > 255 for part in parts):
        return False
    return not windows or not any(
        _WINDOWS.search(part) or _RESERVED.match(part) or min(part) < " " for part in parts
    )


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def write(todo: Plan, fetch: Fetch) -> list[Written]:
    """Has files written beside where they belong, and puts each in its place when it is whole.

    Args:
        todo: which.
        fetch: writes files, and says the path of each that is whole.
    """
    parts = {path: _beside(target) for path, target in todo.targets.items()}
    written: list[Written] = []

    def whole(path: str) -> None:
        target = todo.targets[path]
        parts[path].replace(target)
        written.append(Written(path, target, target.stat().st_size))

    try:
        for target in todo.targets.values():
            target.parent.mkdir(parents=True, exist_ok=True)
        fetch(list(parts.items()), whole)
        return written
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    return target.parent / f".{uuid.uuid4().hex[:12]}.part"


def unpack(archive: Path) -> tuple[list[str], Fetch]:
    """The paths of the files in a zip, and what :func:`write` needs to write them."""
    with zipfile.ZipFile(archive) as opened:
        paths = [entry.filename.replace("\\", "/") for entry in opened.infolist() if not entry.is_dir()]

    def fetch(targets: Sequence[tuple[str, Path]], done: Callable[[str], None]) -> None:
        with zipfile.ZipFile(archive) as opened:
            entries = {entry.filename.replace("\\", "/"): entry for entry in opened.infolist()}
            for path, target in targets:
                with opened.open(entries[path]) as source, target.open("wb") as stream:
                    shutil.copyfileobj(source, stream, 1024 * 1024)
                mode = entries[path].external_attr >> 16
                if mode & 0o111:
                    with contextlib.suppress(OSError):
                        target.chmod(target.stat().st_mode | 0o111)
                done(path)

    return paths, fetch
