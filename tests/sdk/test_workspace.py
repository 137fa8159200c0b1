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


def test_what_a_workspace_holds_is_found_by_its_properties(machine: Machine, tmp_path):
    seen = given(
        machine,
        """
        from azureml.core import Environment, Experiment, Model
        from azureml.core.compute import AmlCompute, ComputeTarget
        from azureml.core.webservice import Webservice
        seen['at first'] = [ws.experiments, list(ws.compute_targets), ws.models, ws.images, ws.webservices,
                            Webservice.list(ws), sorted(ws.datastores), dict(ws.datasets), ws.tags,
                            ws.private_endpoints]
        run = Experiment(ws, 'mine').start_logging(snapshot_directory=None)
        run.complete()
        open('m.txt', 'w').write('m')
        Model.register(ws, 'm.txt', 'model')
        ComputeTarget.create(ws, 'cluster', AmlCompute.provisioning_configuration('STANDARD_D2_V2', max_nodes=1))
        Environment('env').register(ws)
        ws.get_default_keyvault().set_secret('s', 'v')
        seen['then'] = [list(ws.experiments), list(ws.compute_targets), list(ws.models), 'env' in ws.environments]
        seen['secret'] = Workspace.get('local', subscription_id=ws.subscription_id, resource_group='local'
                                       ).get_default_keyvault().get_secret('s')
        seen['default'] = ws.get_default_datastore().name
        seen['run'] = [ws.get_run(run.id).experiment.name, 'not found' in failure(ws.get_run, 'none')]
        """,
        cwd=tmp_path,
    )

    stores = [
        "azureml_globaldatasets",
        "workspaceartifactstore",
        "workspaceblobstore",
        "workspacefilestore",
        "workspaceworkingdirectory",
    ]
    assert seen["at first"][:6] == [{}, ["cpu-cluster"], {}, {}, {}, []]
    assert seen["at first"][6] == stores
    assert seen["at first"][7:] == [{}, {}, {}]
    assert seen["then"] == [["mine"], ["cluster", "cpu-cluster"], ["model"], True]
    assert (seen["secret"], seen["default"]) == ("v", "workspaceblobstore")
    assert seen["run"] == ["mine", True]


def test_a_configuration_is_found_where_people_put_it(shared_machine: Machine, tmp_path):
    seen = given(
        shared_machine,
        """
        from pathlib import Path
        ids = lambda workspace: [workspace.name, workspace.resource_group, workspace.subscription_id]
        seen['constructed'] = ids(Workspace(ws.subscription_id, 'local', 'local'))
        seen['by keyword'] = ids(Workspace(
            workspace_name='local', subscription_id=ws.subscription_id, resource_group='local'))
        seen['none'] = failure(Workspace.from_config)
        ws.write_config()
        seen['written'] = [str(path) for path in Path('.').rglob('*.json')]
        seen['here'] = ids(Workspace.from_config())
        os.makedirs('below/deeper')
        os.chdir('below/deeper')
        seen['above'] = ids(Workspace.from_config())
        Path('other.json').write_text(json.dumps(
            dict(subscription_id=ws.subscription_id, resource_group='local', workspace_name='local')))
        seen['file'] = ids(Workspace.from_config(path='other.json'))
        seen['named'] = ids(Workspace.from_config(path='.', _file_name='other.json'))
        Path('wrong.json').write_text('{"subscription_id": "x"}')
        seen['wrong'] = failure(Workspace.from_config, path='wrong.json')
        """,
        cwd=tmp_path,
    )

    local = ["local", "local", "00000000-0000-0000-0000-000000000000"]
    for way in ("constructed", "by keyword", "here", "above", "file", "named"):
        assert seen[way] == local, way
    assert "config.json, could not be found" in seen["none"]
    assert seen["written"] == [".azureml/config.json"]
    assert seen["wrong"] is not None
