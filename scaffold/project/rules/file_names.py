"""Rules about the names of the files that travel, of the theme of the snapshot."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from scaffold.project.finding import Found
from scaffold.project.rules.snapshot import ignore_name, sent, theme
from scaffold.project.subject import Subject


@theme.rule(
    "name",
    "error",
    "now",
    "a file name that no snapshot takes",
    why="The SDK, or the workspace, refuses the snapshot because of that name.",
)
def snapshot_name(subject: Subject) -> Iterator[Found]:
    """Names with a backslash (as they come out of a zip file of Windows), with a line break, a tab or another control
    character, and names whose bytes are no UTF-8.
    """
    snapshot = subject.snapshot
    if snapshot is None:
        return
    wrong = [(file.path, what) for file in snapshot.sent if (what := _wrong_in(file.path)) is not None]
    wrong += [(path, what) for path in snapshot.folders if (what := _wrong_in(path)) and "\\" not in path]
    for path, what in wrong[:_MOST_NAMES]:
        more = f"; so do {len(wrong) - _MOST_NAMES} more" if len(wrong) > _MOST_NAMES else ""
        hint = f"Rename it, or name it in {ignore_name(snapshot)}."
        yield Found(sent(subject, snapshot, path), None, f"its name has {what}{more}", hint)


_MOST_NAMES = 5


def _wrong_in(path: str) -> str | None:
    """What a name has that is in no name of a snapshot."""
    if "\\" in path:
        return "a backslash"
    if re.search(r"[\x00-\x1f]", path):
        return "a control character"
    return "bytes that are no UTF-8" if re.search(r"[\ud800-\udfff]", path) else None


@theme.rule(
    "case",
    "warning",
    "now",
    "two names that differ by case alone",
    why="On Windows and macOS the two are one file, so that one of them is lost there.",
)
def snapshot_case(subject: Subject) -> Iterator[Found]:
    """Files or folders of one folder whose names are the same but for upper and lower case."""
    snapshot = subject.snapshot
    if snapshot is None:
        return
    seen: dict[str, str] = {}
    for path in (*snapshot.folders, *(file.path for file in snapshot.sent)):
        other = seen.setdefault(path.lower(), path)
        if other != path and str(PurePosixPath(other).parent) == str(PurePosixPath(path).parent):
            wrong = f"its name differs from {PurePosixPath(other).name} by case alone"
            yield Found(sent(subject, snapshot, path), None, wrong, "Rename one of the two.")
