"""A state that an earlier version wrote is opened by this one with everything that was in it."""

import json
import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from scaffold.workspace.paths import Home
from scaffold.workspace.runs import Status
from scaffold.workspace.store import Store, database
from scaffold.workspace.store.blobs import ARTIFACTS
from scaffold.workspace.store.migrations import MIGRATIONS

AT = "2026-01-02T03:04:05.000006+00:00"
SHA = "ab" * 32

# What each version could already keep, in the columns that it had: by the schema that made the table.
ROWS: dict[int, dict[str, list[dict[str, Any]]]] = {
    1: {
        "meta": [{"key": "workspace_id", "value": "the-workspace"}, {"key": "created", "value": AT}],
        "experiments": [
            {"experiment_id": "e1", "name": "first", "description": "d", "created": AT, "tags": '{"a": "b"}'},
            {"experiment_id": "e2", "name": "old", "created": AT, "archived": AT},
        ],
        "runs": [
            {
                "run_id": "r1", "number": 1, "uuid": "u1", "experiment_id": "e1", "root_run_id": "r1",
                "status": "Completed", "created": AT, "started": AT, "ended": AT, "display_name": "größe",
                "run_type": "azureml.scriptrun", "target": "cpu", "script_name": "s.py", "snapshot_id": "s1",
                "exit_code": 0, "tags": '{"t": "v"}', "properties": '{"p": "q"}',
                "definition": '{"script": "s.py"}', "warnings": '[{"source": "environment", "message": "m"}]',
            },
            {
                "run_id": "r2", "number": 2, "uuid": "u2", "experiment_id": "e1", "root_run_id": "r1",
                "parent_run_id": "r1", "status": "Failed", "created": AT,
                "error": '{"code": "UserError", "message": "why"}',
            },
        ],
        "status_history": [{"run_id": "r1", "status": s, "at": AT} for s in ("NotStarted", "Completed")],
        "snapshots": [{"snapshot_id": "s1", "created": AT, "root": '{"name": ""}', "properties": '{"g": "h"}'}],
        "snapshot_files": [
            {"snapshot_id": "s1", "path": "s.py", "tree_hash": "t", "sha256": SHA, "size": 3},
        ],
        "blobs": [
            {
                "container": "azureml", "name": "ExperimentRun/dcid.r1/outputs/m.bin", "sha256": SHA,
                "size": 3, "created": AT, "modified": AT,
            },
        ],
        "metrics": [
            {
                "sequence": number, "run_id": "r1", "name": "loss", "metric_id": f"m{number}", "created": AT,
                "kind": "azureml.v1.scalar", "columns": '{"loss": "Double"}', "data": f'{{"loss": {value}}}',
            }
            for number, value in ((1, "NaN"), (2, "0.5"))
        ] + [
            {
                "sequence": number, "run_id": "r2", "name": name, "metric_id": f"m{number}", "created": AT,
                "step": step, "columns": "{}", "data": data,
            }
            for number, name, step, data in (
                (3, "steps", 2, '{"steps": 7}'), (4, "steps", 1, '{"steps": 8}'), (5, "steps", 2, '{"steps": 9}'),
                (6, "inf", None, '{"inf": -Infinity}'), (7, "nan", None, '{"nan": NaN}'),
                (8, "table", None, '{"a": 1, "b": 2}'), (9, "text", None, '{"text": "3"}'),
                (10, "yes", None, '{"yes": true}'), (11, "empty", None, "{}"),
            )
        ],
        "built_environments": [
            {
                "key": "k1", "name": "env", "kind": "pip", "specification": "{}", "python_version": "3.11.2",
                "interpreter": "/no/such/python", "built": AT, "used": AT, "seconds": 1.5,
            },
        ],
    },
    2: {
        "logged_models": [
            {"model_id": "m-1", "experiment_id": "e1", "run_id": "r1", "created": 1, "record": '{"name": "n"}'}
        ],
    },
    3: {
        "datastores": [{"name": "mine", "kind": "AzureBlob", "section": '{"a": 1}', "created": AT}],
        "saved_datasets": [{"saved_id": "d1", "kind": "file", "dataflow": "{}", "created": AT}],
        "datasets": [{"dataset_id": "ds", "name": "Rows", "created": AT, "modified": AT}],
        "dataset_versions": [
            {"dataset_id": "ds", "version": 1, "saved_id": "d1", "created": AT, "modified": AT},
        ],
    },
    4: {
        "environment_versions": [
            {"name": "env", "number": 1, "version": "1", "created": AT, "definition": '{"python": {}}'},
        ],
        "environment_labels": [{"name": "env", "label": "good", "version": "1"}],
        "assets": [{"asset_id": "a1", "name": "model", "run_id": "r1", "created": AT, "document": "{}"}],
        "model_names": [{"name": "model", "last_version": 3}],
        "models": [
            {
                "name": "model", "version": 3, "run_id": "r1", "created": AT, "modified": AT,
                "document": '{"id": "model:3"}',
            },
        ],
        "computes": [{"name": "cpu", "created": AT, "modified": AT, "document": '{"sku": "x"}'}],
    },
    10: {"sweeps": [{"run_id": "r1", "document": "{}"}]},
    11: {
        "versioned_assets": [
            {
                "kind": "data", "name": "words", "version": "1", "number": 1, "created": AT, "modified": AT,
                "document": '{"dataType": "uri_file"}',
            }
        ],
        "asset_names": [{"kind": "data", "name": "words", "document": '{"isArchived": true}'}],
    },
    12: {"pipelines": [{"run_id": "r1", "document": "{}"}]},
}  # fmt: skip


def write(home: Home, version: int) -> None:
    """Writes the database as that version of the schema left it, with rows in each of its tables."""
    with closing(sqlite3.connect(home.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        for number, script in enumerate(MIGRATIONS[:version], start=1):
            connection.executescript(f"BEGIN; {script} PRAGMA user_version={number}; COMMIT;")
            for table, rows in ROWS.get(number, {}).items():
                for row in rows:
                    columns, marks = ", ".join(row), ", ".join("?" for _ in row)
                    connection.execute(
                        f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(row.values())
                    )
        violations = connection.execute("PRAGMA foreign_key_check").fetchall()
    assert violations == []


def tables(home: Home) -> dict[str, int]:
    """The number of rows of each table."""
    with closing(sqlite3.connect(home.database)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for (name,) in names
            if not name.startswith("sqlite_")
        }


VERSIONS = range(1, len(MIGRATIONS) + 1)


def test_each_table_of_the_present_schema_has_rows_to_be_brought_up_to_date(home: Home):
    write(home, len(MIGRATIONS))

    assert [table for table, count in tables(home).items() if count == 0] == [], (
        "give new tables rows in ROWS"
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_an_earlier_state_is_opened_with_everything_in_it(home: Home, version: int):
    write(home, version)
    before = tables(home)

    store = Store(home)

    assert store.database.one("PRAGMA user_version")[0] == len(MIGRATIONS)
    assert store.database.one("PRAGMA integrity_check")[0] == "ok"
    assert store.database.all("PRAGMA foreign_key_check") == []
    assert store.database.one("PRAGMA foreign_keys")[0] == 1
    assert (store.workspace_id, store.created) == ("the-workspace", AT)
    assert before.items() <= tables(home).items()
    for known, check in CHECKS.items():
        if known <= version:
            check(store)
    store.close()


def _runs(store: Store) -> None:
    run, child = store.runs.require("r1"), store.runs.require("r2")
    assert (run.status, run.display_name, run.exit_code) == (Status.COMPLETED, "größe", 0)
    assert (run.tags, run.properties, run.definition) == ({"t": "v"}, {"p": "q"}, {"script": "s.py"})
    assert run.warnings == [{"source": "environment", "message": "m"}]
    assert run.run_type_v2 is None or run.run_type_v2["traits"] == ["azureml.scriptrun"]
    assert (child.parent_run_id, child.error) == ("r1", {"code": "UserError", "message": "why"})
    assert [status for status, _ in store.runs.history("r1")] == ["NotStarted", "Completed"]
    assert store.experiments.by_name("first").tags == {"a": "b"}
    assert store.experiments.by_id("e2").archived == AT
    assert [(file.path, file.sha256) for file in store.snapshots.files("s1")] == [("s.py", SHA)]
    assert store.snapshots.get("s1").properties == {"g": "h"}
    assert store.blobs.get(ARTIFACTS, "ExperimentRun/dcid.r1/outputs/m.bin").sha256 == SHA
    assert json.dumps([value.data for value in store.metrics.values("r1", "loss")]) == (
        '[{"loss": NaN}, {"loss": 0.5}]'
    )
    assert [value.metric_id for value in store.metrics.latest("r2") if value.name == "steps"] == ["m5"]
    columns = [f"metrics.{name}" for name in ("steps", "loss", "inf", "nan", "table", "text", "yes", "empty")]
    assert store.run_lists.values(["r1", "r2"], columns) == {
        "r1": {"metrics.loss": 0.5},
        "r2": {"metrics.steps": 9, "metrics.inf": -math.inf, "metrics.yes": 1},
    }
    assert store.environments.get("k1").python_version == "3.11.2"


def _logged_models(store: Store) -> None:
    assert store.logged_models.get("m-1") == {"name": "n"}


def _datasets(store: Store) -> None:
    assert store.datastores.get("mine").section == {"a": 1}
    assert store.datasets.by_name("rows").saved.saved_id == "d1"


def _assets(store: Store) -> None:
    assert store.definitions.labeled("env", "good").content == {"python": {}}
    assert store.assets.get("a1").run_id == "r1"
    assert store.models.get("model").document == {"id": "model:3"}
    assert store.models.add("model", None, {}).version == 4
    assert store.computes.get("cpu").document == {"sku": "x"}


CHECKS: dict[int, Callable[[Store], None]] = {1: _runs, 2: _logged_models, 3: _datasets, 4: _assets}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_upgrade_that_fails_halfway_leaves_the_state_as_it_was(
    home: Home, version: int, monkeypatch: pytest.MonkeyPatch
):
    write(home, version)
    before = tables(home)
    wrong = "CREATE TABLE half (a); SELECT no_such_function();"
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS[:version], wrong))

    with pytest.raises(sqlite3.OperationalError, match="no_such_function"):
        Store(home)

    assert tables(home) == before
    monkeypatch.undo()
    store = Store(home)
    assert store.runs.require("r1").status is Status.COMPLETED
    store.close()
