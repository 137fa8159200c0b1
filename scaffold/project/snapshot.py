"""What of a folder travels: every file that the SDK would put into the snapshot, and why others stay.

Walks the folder as azureml-core does (``create_merkletree``), which follows links, and counts its size as
it does (``get_directory_size``), which does not and looks into ignored folders too. Nothing is read or sent.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.project.ignore import IgnoreFile, Pattern

MOST_BYTES = 300 * 1024 * 1024
MOST_FILES = 2000
# Of a folder that links lead into again and again, unless a pattern ends it sooner.
_MOST_IN_CIRCLES = 20_000


@dataclass(frozen=True)
class Sent:
    """A file that travels.

    Attributes:
        path: from the folder, with forward slashes.
        size: in bytes.
        link: whether it, or a folder that it is in, is a symbolic link.
    """

    path: str
    size: int
    link: bool = False


@dataclass(frozen=True)
class Kept:
    """A file or a whole folder (its path ends with a slash) that stays, and the line that says so."""

    path: str
    by: Pattern


@dataclass(frozen=True)
class Snapshot:
    """What the SDK makes of a folder.

    Attributes:
        folder: the folder.
        ignore: the ignore file that holds.
        sent: the files that travel, sorted.
        folders: the folders that travel, empty ones too.
        kept: what stays.
        links: symbolic links that travel → where each points.
        broken: paths on which the SDK fails: links to nothing, links in a circle, sockets.
        unreadable: files that the SDK leaves out because it may not read them.
        counted: what the SDK counts against its limit, some of which may not travel.
    """

    folder: Path
    ignore: IgnoreFile
    sent: tuple[Sent, ...]
    folders: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    links: dict[str, Path] = field(default_factory=dict)
    broken: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    counted: tuple[Sent, ...] = ()

    @property
    def bytes(self) -> int:
        """How much travels."""
        return sum(file.size for file in self.sent)

    @property
    def counted_bytes(self) -> int:
        """How much the SDK counts."""
        return sum(file.size for file in self.counted)


def take(folder: Path, ignore: IgnoreFile) -> Snapshot:
    """Looks what of a folder would travel.

    Args:
        folder: the folder that is sent, absolute.
        ignore: the ignore file that holds for it.
    """
    walk = _Walk(ignore)
    walk.folder(folder, "")
    # Only a line that takes files back in makes the SDK count what does not travel.
    counted = _counted(folder, ignore) if ignore.has_exceptions else walk.counted
    return Snapshot(
        folder=folder,
        ignore=ignore,
        sent=tuple(sorted(walk.sent, key=lambda file: file.path)),
        folders=tuple(sorted(walk.folders)),
        kept=tuple(sorted(walk.kept, key=lambda kept: kept.path)),
        links=walk.links,
        broken=tuple(sorted(set(walk.broken))),
        unreadable=tuple(sorted(walk.unreadable)),
        counted=tuple(counted),
    )


class _Walk:
    """One walk through a folder."""

    def __init__(self, ignore: IgnoreFile) -> None:
        self._ignore = ignore
        self._above: dict[str, str] = {}  # where the links point to that the walk is below → the link
        self._circles: list[str] = []  # of those, the ones that the walk followed again
        self._endless = False  # the outermost circle of these has no end
        self._seen_in_circles = 0
        self.sent: list[Sent] = []
        self.folders: list[str] = []
        self.kept: list[Kept] = []
        self.links: dict[str, Path] = {}
        self.broken: list[str] = []
        self.unreadable: list[str] = []
        self.counted: list[Sent] = []

    def folder(self, folder: Path | str, prefix: str) -> None:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            self._fail(prefix.rstrip("/"))
            return
        if self._circles:
            # The way down first: where the system stops it, nothing else of the circle needs a look.
            entries.sort(key=lambda entry: (not entry.is_symlink(), not _is_folder(entry)))
            self._seen_in_circles += len(entries)
        for entry in entries:
            if self._endless:
                return
            path = prefix + entry.name
            by = self._ignore.excludes(path)
            if by is not None:
                self.kept.append(Kept(path + "/" if _is_folder(entry) else path, by))
            elif entry.is_symlink():
                self._link(entry, path)
            else:
                self._entry(entry, path)

    def _entry(self, entry: "os.DirEntry[str]", path: str) -> None:
        if _is_file(entry):
            file = Sent(path, entry.stat().st_size, entry.is_symlink() or bool(self._above))
            if not self._above:
                self.counted.append(file)
            if os.access(entry.path, os.R_OK):
                self.sent.append(file)
            else:
                self.unreadable.append(path)
        elif _is_folder(entry):
            self.folders.append(path)
            # The pattern "data/" is about what is in the folder. Nothing of it travels then, so that there
            # is no need to look, unless a line takes files back in.
            by = None if self._ignore.has_exceptions else self._ignore.excludes(path + "/")
            if by is not None:
                self.kept.append(Kept(path + "/", by))
            else:
                self.folder(entry.path, path + "/")
        else:
            self._fail(path)

    def _link(self, entry: "os.DirEntry[str]", path: str) -> None:
        target = os.path.realpath(entry.path)
        if not self._circles:
            self.links.setdefault(path, Path(target))
        if not _is_folder(entry):
            self._entry(entry, path)
        elif target in self._above:
            self._again(entry, path, self._above[target])
        else:
            self._above[target] = path
            self._entry(entry, path)
            del self._above[target]

    def _again(self, entry: "os.DirEntry[str]", path: str, above: str) -> None:
        """Follows a circle as the SDK does: until a pattern ends it, or the system, which refuses some forty links."""
        self._circles.append(above)
        if self._seen_in_circles > _MOST_IN_CIRCLES:
            self._fail(path)
        else:
            self._entry(entry, path)
        self._circles.pop()
        if not self._circles:
            self._endless = False

    def _fail(self, path: str) -> None:
        """Notes what the SDK fails on: in a circle that is the link it begins with."""
        self._endless = bool(self._circles)
        self.broken.append(self._circles[0] if self._circles else path)


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _counted(folder: Path, ignore: IgnoreFile) -> list[Sent]:
    """The files of the SDK's own walk: into ignored folders, not through links to folders."""
    counted = []
    for where, _, names in os.walk(folder):
        below = os.path.relpath(where, folder).replace(os.sep, "/")
        prefix = "" if below == "." else below + "/"
        for name in names:
            path = Path(where, name)
            # A broken link is told as such.
            if ignore.excludes(prefix + name) is None and path.exists():
                counted.append(Sent(prefix + name, path.stat().st_size, path.is_symlink()))
    return counted
