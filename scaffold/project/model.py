"""What is known of a project on disk, as plain frozen records.

Knows neither how they are read (``reader``) nor what is done with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

RUNNER = "run_experiment.py"
CONSTANTS = "constants.py"
LOCAL_SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class WorkspaceConfig:
    """The workspace that a config.json names.

    Attributes:
        subscription_id: a GUID.
        resource_group: its name in that subscription.
        workspace_name: its name in that resource group.
        tenant_id: the tenant to log in to, or None for the default one.
        path: the file that says so.
    """

    subscription_id: str
    resource_group: str
    workspace_name: str
    tenant_id: str | None
    path: Path

    @property
    def is_local(self) -> bool:
        """True when it is the local workspace: no subscription of Azure's has the id of zeros."""
        return self.subscription_id == LOCAL_SUBSCRIPTION_ID

    @property
    def document(self) -> dict[str, Any]:
        """What commands print of it with ``--json``."""
        return {
            "local": self.is_local,
            "subscription_id": self.subscription_id,
            "resource_group": self.resource_group,
            "workspace_name": self.workspace_name,
            "tenant_id": self.tenant_id,
        }


@dataclass(frozen=True)
class Constants:
    """The names that constants.py binds, as far as they can be known without running it.

    Attributes:
        values: name → value, for literals.
        lines: name → line (from 1) that binds it.
        unknown: names whose value is computed by code.
        path: the file, or None when the project has none.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    path: Path | None = None

    def text(self, name: str) -> str | None:
        """The value of a constant that is text; None when it is absent, computed or something else."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    @property
    def target_name(self) -> str | None:
        return self.text("TARGET_NAME")

    @property
    def experiment_name(self) -> str | None:
        return self.text("EXPERIMENT_NAME")

    @property
    def python_version(self) -> str | None:
        return self.text("PYTHON_VERSION")


@dataclass(frozen=True)
class Project:
    """A project whose files are there and well-formed.

    What run_experiment.py computes by code too clever to follow is None, and was not checked.

    Attributes:
        root: the project's folder, absolute.
        config: the workspace it points at.
        constants: what constants.py says.
        runner: run_experiment.py.
        source_directory: the folder that is sent.
        script: the script in it that is run.
        specification: the file that describes the environment.
        specification_kind: how that file is read.
    """

    root: Path
    config: WorkspaceConfig
    constants: Constants
    runner: Path
    source_directory: Path | None
    script: Path | None
    specification: Path | None
    specification_kind: Literal["pip", "conda"] | None
