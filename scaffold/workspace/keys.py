"""The workspace's secrets as a command reads them; imports next to nothing, since every command does."""

import hmac
import re
from dataclasses import dataclass, fields

from scaffold.workspace.files import StateFileError, read_object
from scaffold.workspace.paths import Home

_TEXT = re.compile(r"[A-Za-z0-9_-]{16,128}")
_HINT = "Stop the workspace ('scaffold workspace stop --force' if it does not answer): the next start makes new keys."


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
            StateFileError: the file holds something else.
        """
        names = [field.name for field in fields(cls)]
        document = read_object(home.secret_keys, _HINT, **dict.fromkeys(names, str))
        keys = {name: document[name] for name in names}
        secret = [text for name, text in keys.items() if not name.endswith("_id")]
        # One that is short would open the workspace to everybody.
        if not all(map(_TEXT.fullmatch, secret)) or not all(keys.values()):
            raise StateFileError(f"The state file {home.secret_keys} is damaged: it holds no keys.", _HINT)
        return cls(**keys)
