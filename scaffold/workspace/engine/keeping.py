"""Taking what a run's process wrote into the store."""

import mimetypes
import os
from collections.abc import Iterator
from pathlib import Path

from scaffold.workspace.store import Store
from scaffold.workspace.store.pathnames import marked

TEXT = "text/plain; charset=utf-8"
"""The content type of a log."""


def files_under(root: Path, *inside: Path) -> Iterator[Path]:
    """The regular files below a folder, in the order of their names.

    Args:
        root: the folder; nothing when it is a link or not there.
        inside: links are followed only where they stay within one of these folders, or the folder itself.
    """
    if root.is_symlink() or not root.is_dir():
        return
    limits = [folder.resolve() for folder in (root, *inside)]
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and (not path.is_symlink() or any(map(path.resolve().is_relative_to, limits))):
                yield path


def name_below(path: Path, root: Path) -> str:
    """The file's name from the folder on, with ``/``.

    A name that is no text, or that would lead elsewhere on another system (Linux allows both), gets marks for what
    cannot be said.
    """
    return marked(os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "replace"))


def keep(  # noqa: PLR0913  (a blob's fields)
    store: Store,
    container: str,
    name: str,
    path: Path,
    content_type: str | None = None,
    *,
    settled: bool = False,
) -> int:
    """Keeps a file as a blob, and returns its size (bytes).

    Args:
        store: where it is kept.
        container, name: of the blob.
        path: the file.
        content_type: of the blob; guessed from the name when none is given.
        settled: True when nothing writes to the file any more, so that it need not be copied.
    """
    sha256, size = store.content.take(path, settled=settled)
    guessed = content_type or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    store.blobs.put(container, name, sha256=sha256, size=size, content_type=guessed)
    return size
