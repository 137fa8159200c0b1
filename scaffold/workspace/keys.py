"""The workspace's secrets as a command reads them; imports next to nothing, since every command does."""

import hmac
import json
from dataclasses import dataclass

from scaffold.workspace.paths import Home


@dataclass(frozen=True)
class Keys:
    """The workspace's secrets, all URL-safe text.

    Attributes:
        signing: the key of tokens and SAS signatures.
        identity: path element of the identity endpoint, known to client processes.
        control: path element of the control operations, known to this program.
        portal: path element of the first page a browser opens.
        discovery: path element of the discovery document.
        tenant_id, user_id: GUIDs of the made-up tenant and its one user.
    """

    signing: str
    identity: str
    control: str
    portal: str
    discovery: str
    tenant_id: str
    user_id: str

    @property
    def login(self) -> str:
        """Path element of the login endpoint, known to client processes; the SDK writes it in small letters."""
        return hmac.new(self.signing.encode(), b"login", "sha256").hexdigest()[:48]

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown to anybody."""
        return self.signing, self.identity, self.control, self.portal, self.discovery, self.login

    @classmethod
    def load(cls, home: Home) -> "Keys":
        """Reads the keys of a home that :func:`prepare` has prepared.

        Raises:
            FileNotFoundError: there is no prepared workspace in this home.
        """
        return cls(**json.loads(home.secret_keys.read_bytes()))
