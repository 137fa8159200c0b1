"""What the workspace of a home is called: the local workspace, or the name of one on Azure that it rehearses.

Imports next to nothing, since commands ask too.
"""

import json
from dataclasses import asdict, dataclass

from scaffold.workspace.files import StateFileError, read_object, write_atomically
from scaffold.workspace.paths import Home

_HINT = "Correct that file, or remove it: without it, this is the workspace 'local'."


@dataclass(frozen=True)
class WorkspaceName:
    """The workspace as a config.json names it.

    Attributes:
        subscription_id: a GUID; that of zeros is the local workspace's.
        resource_group, workspace_name: as Azure's resource manager compares them, without regard to case.
        tenant_id: a GUID, or None for one that is made up.
    """

    subscription_id: str = "00000000-0000-0000-0000-000000000000"
    resource_group: str = "local"
    workspace_name: str = "local"
    tenant_id: str | None = None

    @property
    def scope(self) -> str:
        """The ARM resource id."""
        return (
            f"{self.group_scope}/providers/Microsoft.MachineLearningServices/workspaces/{self.workspace_name}"
        )

    @property
    def group_scope(self) -> str:
        """The ARM resource id of the resource group."""
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"

    def has_subscription(self, subscription_id: str) -> bool:
        return subscription_id.lower() == self.subscription_id.lower()

    def has_group(self, subscription_id: str, resource_group: str) -> bool:
        return (
            self.has_subscription(subscription_id) and resource_group.lower() == self.resource_group.lower()
        )

    def is_at(self, subscription_id: str, resource_group: str, workspace_name: str) -> bool:
        """True when these parts of an address mean this workspace."""
        named = workspace_name.lower() == self.workspace_name.lower()
        return named and self.has_group(subscription_id, resource_group)

    @classmethod
    def load(cls, home: Home) -> "WorkspaceName":
        """The name of a home's workspace; the local workspace's where nothing else was said.

        Raises:
            StateFileError: the file of the name holds something else.
        """
        names = ("subscription_id", "resource_group", "workspace_name")
        try:
            read = read_object(home.workspace_name, _HINT, **dict.fromkeys(names, str))
        except FileNotFoundError:
            return cls()
        tenant_id = read.get("tenant_id")
        if not all(read[name] for name in names) or not isinstance(tenant_id, str | None):
            raise StateFileError(f"The state file {home.workspace_name} names no workspace.", _HINT)
        return cls(**{name: read[name] for name in names}, tenant_id=tenant_id)

    def save(self, home: Home) -> None:
        """Gives a home's workspace this name, from its next start on."""
        write_atomically(home.workspace_name, json.dumps(asdict(self)).encode())
