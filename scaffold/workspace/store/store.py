"""The store of one workspace, opened."""

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scaffold.workspace.paths import Home
from scaffold.workspace.store.blobs import Blobs
from scaffold.workspace.store.computes import Computes
from scaffold.workspace.store.content import ContentStore
from scaffold.workspace.store.database import Database, from_json, now, timestamp, to_json
from scaffold.workspace.store.datasets import Datasets
from scaffold.workspace.store.datastores import Datastores
from scaffold.workspace.store.definitions import Definitions
from scaffold.workspace.store.environments import BuiltEnvironments
from scaffold.workspace.store.experiments import Experiments
from scaffold.workspace.store.injected import InjectedFaults
from scaffold.workspace.store.listing import RunLists
from scaffold.workspace.store.logged_models import LoggedModels
from scaffold.workspace.store.metrics import Metrics
from scaffold.workspace.store.model_names import ModelNames
from scaffold.workspace.store.models import Assets, Models
from scaffold.workspace.store.pipelines import Pipelines
from scaffold.workspace.store.runs import Runs
from scaffold.workspace.store.snapshots import Snapshots
from scaffold.workspace.store.sweeps import Sweeps
from scaffold.workspace.store.vault import Vault
from scaffold.workspace.store.versioned import VersionedAssets

_TOLD_FOR = timedelta(days=7)


class Store:
    """Everything that is kept, by kind.

    Attributes:
        workspace_id: a GUID; a new one with every new state folder, since the SDK caches snapshots by it.
        created: ISO 8601 in UTC.
    """

    def __init__(self, home: Home) -> None:
        self.database = Database(home.database)
        self.content = ContentStore(home.blobs, home.staging)
        self.experiments = Experiments(self.database)
        self.runs = Runs(self.database)
        self.sweeps = Sweeps(self.database)
        self.pipelines = Pipelines(self.database)
        self.run_lists = RunLists(self.database)
        self.snapshots = Snapshots(self.database)
        self.blobs = Blobs(self.database, self.content)
        self.metrics = Metrics(self.database)
        self.logged_models = LoggedModels(self.database)
        self.datastores = Datastores(self.database)
        self.datasets = Datasets(self.database)
        self.environments = BuiltEnvironments(self.database)
        self.definitions = Definitions(self.database)
        self.assets = Assets(self.database)
        self.models = Models(self.database)
        self.model_names = ModelNames(self.database)
        self.computes = Computes(self.database)
        self.versioned = VersionedAssets(self.database)
        self.injected = InjectedFaults(self.database)
        self.vault = Vault(home.vault)
        self.workspace_id = self._remembered("workspace_id", str(uuid.uuid4()))
        self.created = self._remembered("created", timestamp())

    def _remembered(self, key: str, first: str) -> str:
        self.database.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING", key, first)
        row = self.database.one("SELECT value FROM meta WHERE key = ?", key)
        return str(row["value"]) if row else first

    def mark(self) -> int:
        """Writes a number that grows, and returns it: a database that has a lower one has lost what came since."""
        self.database.execute(
            "INSERT INTO meta VALUES ('mark', '1') ON CONFLICT DO UPDATE SET value = CAST(value AS INTEGER) + 1"
        )
        row = self.database.one("SELECT value FROM meta WHERE key = 'mark'")
        return int(row["value"]) if row else 0

    def remember_set_aside(self, folder: Path, reason: str) -> None:
        """Notes that this workspace began because the one before it was damaged, and where that one is."""
        note = {"folder": str(folder), "reason": reason, "at": timestamp()}
        self.database.execute("INSERT OR REPLACE INTO meta VALUES ('set_aside', ?)", to_json(note))

    @property
    def set_aside(self) -> dict[str, Any] | None:
        """``folder``, ``reason`` and ``at`` (ISO 8601) of a damaged state, for a week after it was set aside."""
        row = self.database.one("SELECT value FROM meta WHERE key = 'set_aside'")
        note: dict[str, Any] | None = from_json(row["value"]) if row else None
        return note if note and datetime.fromisoformat(note["at"]) > now() - _TOLD_FOR else None

    def missing_content(self, snapshot_id: str) -> list[str]:
        """The files of a snapshot whose content is not there any more."""
        files = self.snapshots.files(snapshot_id)
        return [file.path for file in files if not self.content.path(file.sha256).exists()]

    def close(self) -> None:
        self.database.close()
