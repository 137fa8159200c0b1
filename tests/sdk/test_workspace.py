"""``Workspace``: found, listed, described and written down; not deleted."""

import json

from tests.conftest import Machine
from tests.sdk.calls import given


def test_the_workspace_is_got_listed_described_and_written(shared_machine: Machine, tmp_path):
    seen = given(
        shared_machine,
        """
        from azureml.core.authentication import InteractiveLoginAuthentication
        subscription = ws.subscription_id
        seen['ids'] = [ws.name, ws.resource_group, ws.location, ws.sku, ws._workspace_id]
        listed = Workspace.list(subscription)
        seen['listed'] = {name: [w.get_details()['id'] for w in same] for name, same in listed.items()}
        grouped = Workspace.list(subscription, resource_group='local')
        seen['grouped'] = {name: [w._workspace_id for w in same] for name, same in grouped.items()}
        created = Workspace.create('local', subscription_id=subscription, resource_group='local',
                                   location='westeurope', exist_ok=True)
        seen['created'] = created.get_details()['workspaceid']
        seen['there already'] = failure(Workspace.create, 'local', subscription_id=subscription,
                                        resource_group='local', exist_ok=False)
        seen['nowhere'] = failure(Workspace.create, 'local', subscription_id=subscription,
                                  resource_group='local', location='atlantis', exist_ok=True)
        seen['other'] = failure(Workspace.get, 'other', subscription_id=subscription, resource_group='local')
        seen['another'] = failure(Workspace.create, 'other', subscription_id=subscription, resource_group='local')
        seen['details'] = ws.get_details()
        os.mkdir('here')
        ws.write_config(path='here', file_name='config.json')
        again = Workspace.from_config(path='here')
        seen['again'] = again._workspace_id
        seen['deleted'] = failure(ws.delete)
        seen['still there'] = Workspace.from_config(path='here').get_details()['workspaceid']
        """,
        cwd=tmp_path,
    )

    workspace_id = seen["ids"][4]
    assert seen["ids"][:4] == ["local", "local", "local", "Basic"]
    assert seen["listed"] == {"local": [seen["details"]["id"]]}
    assert seen["grouped"] == {"local": [workspace_id]}
    assert seen["created"] == seen["again"] == seen["still there"] == workspace_id
    assert "already exists" in seen["there already"]
    assert "Location not available" in seen["nowhere"]
    assert "not found" in seen["other"].lower()
    assert "Unable to create the workspace" in seen["another"]
    assert seen["details"]["workspaceid"] == workspace_id
    assert seen["details"]["provisioningState"] == "Succeeded"
    assert "scaffold workspace reset" in seen["deleted"]
    (written,) = tmp_path.rglob("config.json")
    assert json.loads(written.read_text())["Scope"] == seen["details"]["id"]
