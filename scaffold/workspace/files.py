"""Writing files so that a kill at any point leaves the old content or the new, never a part; measuring folders."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


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
