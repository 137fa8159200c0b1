"""Files kept under the SHA-256 of what is in them: written once, never changed, shared by all who need them."""

import hashlib
import os
import shutil
import uuid
from pathlib import Path

_CHUNK = 1024 * 1024


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

    def keep(self) -> str:
        """Puts the file in its place and returns its SHA-256 in hexadecimal."""
        self._stream.close()
        sha256 = self._digest.hexdigest()
        self._store.adopt(self._path, sha256)
        return sha256

    def discard(self) -> None:
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

    def path(self, sha256: str) -> Path:
        """Where the content with this SHA-256 is, or would be."""
        return self.folder / sha256[:2] / sha256

    def writer(self) -> ContentWriter:
        return ContentWriter(self)

    def put(self, data: bytes) -> str:
        """Keeps the bytes and returns their SHA-256."""
        writer = self.writer()
        writer.write(data)
        return writer.keep()

    def adopt(self, file: Path, sha256: str) -> None:
        """Moves a file whose SHA-256 is known into the store."""
        target = self.path(sha256)
        if target.exists():
            file.unlink()
            return
        target.parent.mkdir(exist_ok=True, mode=0o700)
        if os.name == "posix":
            file.chmod(0o400)
        file.replace(target)

    def take(self, file: Path) -> tuple[str, int]:
        """Copies a file that something else may still write to, and returns its SHA-256 and size (bytes)."""
        writer = self.writer()
        try:
            with file.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    writer.write(chunk)
            return writer.keep(), writer.size
        except BaseException:
            writer.discard()
            raise

    def restore(self, sha256: str, target: Path) -> None:
        """Writes the content to a new file that its owner may change."""
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.path(sha256), target)

    def clear_staging(self) -> None:
        """Removes what uploads left behind when the service died."""
        for leftover in self.staging.iterdir():
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)
