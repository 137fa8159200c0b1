"""The secrets of the workspace's key vault: a JSON file that only its owner can read (mode 0600).

The database may be copied and shown around; what is in here may not, so it is a file of its own.
"""

import json
import threading
from pathlib import Path

import msgspec

from scaffold.workspace.files import StateFileError, write_atomically
from scaffold.workspace.store.database import timestamp


class Secret(msgspec.Struct, frozen=True):
    """One secret.

    Attributes:
        name: as it was first written; looked up whatever the case, as in Azure's key vaults.
        content_type: what the value is, in the client's words.
        created, modified: ISO 8601 in UTC.
    """

    name: str
    value: str
    content_type: str | None
    created: str
    modified: str


class Vault:
    """The secrets by name.

    Args:
        path: the file; made with the first secret.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def _read(self) -> dict[str, Secret]:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        try:
            return msgspec.json.decode(content, type=dict[str, Secret])
        except msgspec.DecodeError as error:
            raise StateFileError(
                f"The state file {self._path} is damaged: {error}.", "Put the right file back, or remove it."
            ) from None

    def _write(self, secrets: dict[str, Secret]) -> None:
        write_atomically(self._path, json.dumps(msgspec.to_builtins(secrets), indent=1).encode())

    def all(self) -> list[Secret]:
        """By name."""
        return [secret for _, secret in sorted(self._read().items())]

    def get(self, name: str) -> Secret | None:
        return self._read().get(name.lower())

    def set(self, values: dict[str, tuple[str, str | None]]) -> None:
        """Keeps values with their content types, all or none; those that were there are replaced."""
        moment = timestamp()
        with self._lock:
            secrets = self._read()
            for name, (value, content_type) in values.items():
                known = secrets.get(name.lower())
                secrets[name.lower()] = Secret(
                    name=known.name if known else name,
                    value=value,
                    content_type=content_type,
                    created=known.created if known else moment,
                    modified=moment,
                )
            self._write(secrets)

    def remove(self, names: list[str]) -> list[str]:
        """Forgets secrets and returns the names of those that were there."""
        with self._lock:
            secrets = self._read()
            removed = [name for name in names if secrets.pop(name.lower(), None) is not None]
            if removed:
                self._write(secrets)
        return removed
