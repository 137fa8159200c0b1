"""``Keyvault``: what is set can be read, by its owner and by runs, and by nobody else."""

import json
import os
import stat

import pytest

from tests.conftest import Machine, Project
from tests.sdk.calls import finished, given


def test_secrets_are_set_read_listed_replaced_and_deleted(machine: Machine):
    seen = given(
        machine,
        """
        vault = ws.get_default_keyvault()
        seen['none'] = failure(vault.get_secret, 'first')
        seen['nothing'] = vault.list_secrets()
        vault.set_secret('first', 'value one')
        vault.set_secrets({'second': 'zwei ü', 'third': '3'})
        seen['first'] = vault.get_secret('first')
        seen['any case'] = vault.get_secret('FIRST')
        seen['some'] = vault.get_secrets(['second', 'unheard-of'])
        seen['type'] = vault.get_secret_content_type('first')
        seen['listed'] = vault.list_secrets()
        vault.set_secret('first', 'another')
        seen['replaced'] = vault.get_secret('first')
        vault.delete_secret('first')
        vault.delete_secrets(['second'])
        seen['left'] = vault.list_secrets()
        seen['deleted'] = failure(vault.get_secret, 'first')
        seen['refused'] = failure(vault.set_secret, 'no_underscore', 'x')
        """,
    )

    assert "'first' was not found" in seen["none"]
    assert seen["nothing"] == []
    assert seen["first"] == seen["any case"] == "value one"
    assert seen["some"] == {"second": "zwei ü", "unheard-of": None}
    assert seen["type"] == "application/NotProvided"
    assert seen["listed"] == [{"name": "first"}, {"name": "second"}, {"name": "third"}]
    assert seen["replaced"] == "another"
    assert seen["left"] == [{"name": "third"}]
    assert "'first' was not found" in seen["deleted"]
    assert "no_underscore" in seen["refused"]


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_a_run_reads_secrets_and_only_their_owner_can_read_the_file(machine: Machine, project: Project):
    given(machine, "ws.get_default_keyvault().set_secrets({'db': 'hunter2', 'api': 'key'})")
    script = """\
import json
from azureml.core import Run
run = Run.get_context()
print(json.dumps([run.get_secret('db'), run.get_secrets(['api', 'none'])]))
"""

    output = finished(machine, project(script=script))

    assert json.loads(output) == ["hunter2", {"api": "key", "none": None}]
    file = machine.state / "secrets" / "vault.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    others = [p for p in machine.state.rglob("*") if p.is_file() and p != file]
    keepers = [path for path in others if b"hunter2" in path.read_bytes()]
    assert all(path.name == "std_log.txt" or path.parent.parent.name == "blobs" for path in keepers), keepers
