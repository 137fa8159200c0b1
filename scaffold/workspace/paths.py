"""Where the local workspace keeps what: the one place that knows the folder's layout.

Knows nothing of what is inside the files.
"""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """The state folder of one local workspace.

    Attributes:
        root: the folder itself; ``SCAFFOLD_HOME``, or the platform's data folder. One folder has one name here,
            whatever links lead to it.
    """

    root: Path

    @classmethod
    def default(cls) -> "Home":
        """The home that this process was told to use, or the platform's data folder for ``scaffold``."""
        asked = os.environ.get("SCAFFOLD_HOME")
        if asked:
            return cls(Path(asked).expanduser().resolve())
        import platformdirs

        return cls(Path(platformdirs.user_data_dir("scaffold", appauthor=False)).resolve())

    def create(self) -> None:
        """Makes the folder, closed to other users of the machine (POSIX mode 0700)."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.name == "posix":
            self.root.chmod(0o700)
        folders = (self.secrets, self.blobs, self.staging, self.environments, self.runs, self.client)
        for folder in (*folders, self.supervision):
            folder.mkdir(exist_ok=True, mode=0o700)

    @property
    def database(self) -> Path:
        return self.root / "workspace.db"

    @property
    def blobs(self) -> Path:
        """Content-addressed files, named by the SHA-256 of what is in them."""
        return self.root / "blobs"

    @property
    def staging(self) -> Path:
        """Uploads under way; emptied at every start."""
        return self.root / "staging"

    @property
    def environments(self) -> Path:
        return self.root / "environments"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def supervision(self) -> Path:
        """What runs' supervisors are told and write down, apart from the folders that runs work in."""
        return self.root / "supervision"

    @property
    def temporary(self) -> Path:
        """For temporary files of those who submit and of runs; see ``temporary``."""
        return self.root / "tmp"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def vault(self) -> Path:
        """The secrets that people keep in the workspace's key vault, for their runs."""
        return self.secrets / "vault.json"

    @property
    def client(self) -> Path:
        """What client processes (the SDKs) need beside their environment variables."""
        return self.root / "client"

    @property
    def ca_certificate(self) -> Path:
        return self.secrets / "ca.pem"

    @property
    def server_certificate(self) -> Path:
        return self.secrets / "server.pem"

    @property
    def secret_keys(self) -> Path:
        return self.secrets / "keys.json"

    @property
    def workspace_name(self) -> Path:
        """JSON of what the workspace is called, where it is not the local one; see ``naming``."""
        return self.root / "workspace.json"

    @property
    def service_record(self) -> Path:
        """JSON of the running service: pid, ports, version; the last one's ports when it is stopped."""
        return self.root / "service.json"

    @property
    def service_log(self) -> Path:
        return self.root / "service.log"

    @property
    def set_aside(self) -> Path:
        """States that were set aside, a folder each."""
        return self.root / "set-aside"

    @property
    def damage(self) -> Path:
        """Says why a service stopped that found its database damaged; the next one looks closely."""
        return self.root / "damage.txt"

    @property
    def notice(self) -> Path:
        """What the next command has to tell the person, once."""
        return self.root / "notice.txt"

    @property
    def service_lock(self) -> Path:
        """Held by the service for as long as it lives, so that there is never a second one."""
        return self.root / "service.lock"

    @property
    def start_lock(self) -> Path:
        """Held by a command while it starts or stops the service."""
        return self.root / "start.lock"
