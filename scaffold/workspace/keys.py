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
        portal: what the secret of the pages' address is made of, which is another one at each start of the service.
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

    def pages(self, start: str) -> str:
        """Path element of the pages' addresses, for one start of the service.

        A browser sends it over plain HTTP to whoever has the port. So it opens nothing once that service has ended.
        """
        return hmac.new(self.portal.encode(), f"pages {start}".encode(), "sha256").hexdigest()[:48]

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
