"""Which files of a folder azure-ai-ml would send, where that is not what azureml-core would.

Says exactly what azure-ai-ml does (``azure/ai/ml/_utils/_asset_utils.py``): the same ignore file, but every file is
judged by itself, by the last pattern that matches, and folders are not judged at all; a folder behind a link is judged
by where it really is; a line's end is cut off with the spaces before it; folders without files do not travel.
"""

import os
from pathlib import Path, PurePosixPath
from typing import Any

from scaffold.project.snapshot import Snapshot


def differences(snapshot: Snapshot) -> tuple[list[str], list[str]]:
    """What the two SDKs do not both send.

    Args:
        snapshot: what azureml-core would send.

    Returns:
        Files that azure-ai-ml would send alone; files, and folders without files (with a slash at their end), that
        azureml-core would. Both sorted.
    """
    files = {file.path for file in snapshot.sent}
    theirs = sent(snapshot)
    holding = {f"{parent.as_posix()}/" for path in theirs for parent in PurePosixPath(path).parents}
    empty = {f"{folder}/" for folder in snapshot.folders} - holding
    lost = {path for path in files - theirs if not path.startswith(tuple(empty))}
    return sorted(theirs - files), sorted(lost | _outermost(empty))


def sent(snapshot: Snapshot) -> set[str]:
    """The files that azure-ai-ml would send, by their paths from the folder with forward slashes.

    Args:
        snapshot: what azureml-core would send.
    """
    return _judged(snapshot) if _may_differ(snapshot) else {file.path for file in snapshot.sent}


def _may_differ(snapshot: Snapshot) -> bool:
    lines = snapshot.ignore.file.decoded().splitlines() if snapshot.ignore.file else []
    spaces = any(line != line.rstrip() for line in lines)
    return bool(snapshot.ignore.has_exceptions or snapshot.links or spaces)


def _outermost(folders: set[str]) -> set[str]:
    """Those that are in none of the others."""
    return {one for one in folders if not any(one != other and one.startswith(other) for other in folders)}


def _judged(snapshot: Snapshot) -> set[str]:
    patterns = _patterns(snapshot)
    base = snapshot.folder.resolve()
    found: set[str] = set()
    for where, folders, names in os.walk(snapshot.folder, followlinks=True):
        real = os.path.realpath(where)
        below = Path(where).relative_to(snapshot.folder)
        above = [snapshot.folder / one for one in below.parents] if below.parts else []
        if any(os.path.realpath(one) == real for one in above):  # a link in a circle, which is told elsewhere
            folders.clear()
            continue
        for name in names:
            judged = Path(os.path.relpath(Path(real, name), base)).as_posix()
            if not _excludes(patterns, judged) and Path(where, name).is_file():
                found.add((below / name).as_posix())
    return found


def _patterns(snapshot: Snapshot) -> list[Any]:
    from pathspec.patterns.gitwildmatch import GitWildMatchPattern

    file = snapshot.ignore.file
    return [GitWildMatchPattern(line.rstrip()) for line in file.decoded().splitlines()] if file else []


def _excludes(patterns: list[Any], path: str) -> bool:
    decided = False
    for pattern in patterns:
        if pattern.include is not None and pattern.match_file(path) is not None:
            decided = bool(pattern.include)
    return decided
