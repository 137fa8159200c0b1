"""What the service writes down of itself, so that commands find it and the next one takes the same ports.

Imports next to nothing, since every command reads it.
"""

import json
from dataclasses import asdict, dataclass, replace

from scaffold.workspace.files import StateFileError, read_object, write_atomically
from scaffold.workspace.paths import Home

_HINT = "Remove that file: the service writes it again."


@dataclass(frozen=True)
class ServiceRecord:
    """The record of a service, running or not.

    Attributes:
        pid: its process.
        https_port, http_port: where it speaks the wire protocol and where its pages are.
        version: of the program that it runs.
        start: what tells this start of it from every other; empty in the record of an older version.
        workspace_id: of the state that it serves; None where no state is to be looked for.
        mark: what was written to the state last, see ``store.Store.mark``.
        boot: which start of the machine it ran in, see ``opening``; None when that is not known.
    """

    pid: int
    https_port: int
    http_port: int
    version: str
    start: str = ""
    workspace_id: str | None = None
    boot: str | None = None
    mark: int = 0

    @classmethod
    def load(cls, home: Home) -> "ServiceRecord":
        """The record of a home.

        Raises:
            FileNotFoundError: no service has ever run here.
            StateFileError: the file holds something else.
        """
        path = home.service_record
        fields = read_object(path, _HINT, pid=int, https_port=int, http_port=int, version=str)
        start, workspace_id, boot, mark = map(fields.get, ("start", "workspace_id", "boot", "mark"))
        ports = (fields["https_port"], fields["http_port"])
        if fields["pid"] <= 0 or not all(0 < port < 65536 for port in ports):
            raise StateFileError(f"The state file {path} names no process and ports.", _HINT)
        return cls(
            fields["pid"],
            *ports,
            fields["version"],
            start if isinstance(start, str) else "",
            workspace_id if isinstance(workspace_id, str) else None,
            boot if isinstance(boot, str) else None,
            mark if isinstance(mark, int) else 0,
        )

    def encoded(self) -> bytes:
        """As it is written down."""
        return json.dumps({k: v for k, v in asdict(self).items() if v is not None}).encode()

    def save(self, home: Home) -> None:
        """Writes it down.

        Raises:
            OSError: the home cannot be written.
        """
        write_atomically(home.service_record, self.encoded())

    def without_workspace(self) -> "ServiceRecord":
        """The ports alone, so that no state is looked for."""
        return replace(self, workspace_id=None, boot=None, mark=0)
