"""Files kept under the SHA-256 of what is in them: written once, never changed, shared by all who need them."""

import contextlib
import errno
import hashlib
import os
import re
import shutil
import sys
import threading
import uuid
from collections.abc import Container, Iterator
from pathlib import Path

_CHUNK = 1024 * 1024
_GROWING = "growing"
_SHA256 = re.compile("[0-9a-f]{64}")


class ContentMissingError(FileNotFoundError):
    """A file of the store is not there, although the database names it."""

    def __init__(self, what: str, path: Path) -> None:
        super().__init__(errno.ENOENT, "missing content", str(path))
        self._said = (
            f"The content of {what} is missing from the local workspace's store: {path} was removed by something "
            "else than scaffold ('scaffold doctor' counts what is missing)"
        )

    def __str__(self) -> str:
        return self._said


class ContentWriter:
    """One file on its way into the store; nothing of it is visible before :meth:`keep`."""

    def __init__(self, store: "ContentStore") -> None:
        self._store = store
        self._path = store.staging / uuid.uuid4().hex
        self._stream = self._path.open("wb")
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self._stream.write(data)
        self._digest.update(data)
        self.size += len(data)

    def append(self, file: Path) -> None:
        """Writes what another file holds."""
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                self.write(chunk)

    def keep(self) -> str:
        """Puts the file in its place and returns its SHA-256 in hexadecimal."""
        sha256 = self._digest.hexdigest()
        try:
            self._stream.close()
            self._store.adopt(self._path, sha256)
        except BaseException:
            self.discard()
            raise
        return sha256

    def pour(self, target: Path) -> None:
        """Adds what was written to the end of another file."""
        self._stream.close()
        with self._path.open("rb") as source, target.open("ab") as stream:
            shutil.copyfileobj(source, stream, _CHUNK)

    def move(self, target: Path) -> None:
        """Puts the file elsewhere than into the store."""
        self._stream.close()
        self._path.replace(target)

    def discard(self) -> None:
        with contextlib.suppress(OSError):  # what is not written yet may not find room
            self._stream.close()
        self._path.unlink(missing_ok=True)


class ContentStore:
    """The files themselves.

    Args:
        folder: where they are kept, two levels deep by the first two digits of their names.
        staging: where they are written before they have a name; on the same file system.
    """

    def __init__(self, folder: Path, staging: Path) -> None:
        self.folder = folder
        self.staging = staging
        # Held while a file becomes part of the store or leaves it.
        self._changing = threading.Lock()

    def path(self, sha256: str) -> Path:
        """Where the content with this SHA-256 is, or would be."""
        return self.folder / sha256[:2] / sha256

    def require(self, sha256: str, what: str) -> Path:
        """The file with this SHA-256.

        Args:
            sha256: of the content.
            what: the name by which a person knows it.

        Raises:
            ContentMissingError: it is not there.
        """
        path = self.path(sha256)
        if not path.exists():
            raise ContentMissingError(what, path)
        return path

    def writer(self) -> ContentWriter:
        return ContentWriter(self)

    def put(self, data: bytes) -> str:
        """Keeps the bytes and returns their SHA-256."""
        writer = self.writer()
        try:
            writer.write(data)
        except BaseException:
            writer.discard()
            raise
        return writer.keep()

    def growing(self) -> Path:
        """A new empty file that grows where it is, for a blob that is appended to (``Blob.live_path``)."""
        folder = self.folder / _GROWING
        folder.mkdir(exist_ok=True, mode=0o700)
        path = folder / uuid.uuid4().hex
        path.touch(mode=0o600)
        return path

    def adopt(self, file: Path, sha256: str) -> None:
        """Moves a file whose SHA-256 is known into the store."""
        target = self.path(sha256)
        with self._changing:
            if target.exists():
                os.utime(target)  # as young as if it had come now
                file.unlink()
                return
            target.parent.mkdir(exist_ok=True, mode=0o700)
            if os.name == "posix":
                file.chmod(0o400)
            file.replace(target)

    def take(self, file: Path, *, settled: bool = False) -> tuple[str, int]:
        """Keeps a file that stays where it is, and returns its SHA-256 and size (bytes).

        Args:
            file: the file.
            settled: True when nothing writes to it any more, so that it need not be copied.
        """
        linked = self._link(file) if settled and sys.platform == "linux" else None
        if linked is not None:
            return linked
        writer = self.writer()
        try:
            writer.append(file)
            return writer.keep(), writer.size
        except BaseException:
            writer.discard()
            raise

    def _link(self, file: Path) -> tuple[str, int] | None:
        """Keeps the file under a second name, for which a full disk has room; None where that cannot be."""
        if file.is_symlink() or file.stat().st_nlink > 1:  # it is somebody else's too
            return None
        digest, size = hashlib.sha256(), 0
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
        target = self.path(digest.hexdigest())
        with self._changing:
            try:
                if not target.exists():
                    target.parent.mkdir(exist_ok=True, mode=0o700)
                    file.chmod(0o400)
                    target.hardlink_to(file)
                os.utime(target)  # it is young here, whatever time its maker gave it
            except OSError:
                return None
        return digest.hexdigest(), size

    def restore(self, sha256: str, target: Path) -> None:
        """Writes the content to a new file that its owner may change.

        Raises:
            ContentMissingError: it is not there.
        """
        source = self.require(sha256, target.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

    def clear_staging(self, before: float | None = None) -> None:
        """Removes what uploads left behind: all of it, or what nothing was added to since (seconds since 1970)."""
        for leftover in self.staging.iterdir():
            with contextlib.suppress(OSError):  # it has just become part of the store
                if before is not None and leftover.stat().st_mtime >= before:
                    continue
                if leftover.is_dir():
                    shutil.rmtree(leftover, ignore_errors=True)
                else:
                    leftover.unlink(missing_ok=True)

    def remove_unused(self, used: Container[bytes], growing: Container[Path], before: float) -> int:
        """Removes the files that nobody uses.

        Args:
            used: the SHA-256 of those that somebody does.
            growing: those that grow where they are (:meth:`growing`) and that somebody uses.
            before: seconds since 1970; what was kept or written to later stays.

        Returns:
            How many went.
        """
        self.clear_staging(before)
        removed = 0
        for file in self._files():
            grows = file.parent.name == _GROWING
            if file in growing if grows else bytes.fromhex(file.name) in used:
                continue
            with self._changing, contextlib.suppress(OSError):  # on Windows, somebody may be reading it
                if file.stat().st_mtime < before:
                    file.unlink()
                    removed += 1
        return removed

    def _files(self) -> Iterator[Path]:
        for folder in self.folder.iterdir():
            for file in folder.iterdir():
                if folder.name == _GROWING or _SHA256.fullmatch(file.name):
                    yield file
