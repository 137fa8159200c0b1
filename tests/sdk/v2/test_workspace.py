"""``MLClient`` itself, workspaces, computes and datastores."""

import json
from pathlib import Path

import pytest

from scaffold.workspace.refusals import ENDPOINTS, REGISTRIES, SCHEDULES
from tests.conftest import TUTORIAL_CONFIG, Machine, write_tree
from tests.sdk.v2.calls import given


def test_a_client_finds_the_workspace_by_its_name_and_by_config_json(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, {".azureml/config.json": json.dumps(TUTORIAL_CONFIG)})

    seen = given(
        machine,
        """
        found = MLClient.from_config(DefaultAzureCredential())
        seen['names'] = [found.subscription_id, found.resource_group_name, found.workspace_name]
        seen['got'] = ml.workspaces.get('local').name
        seen['listed'] = [workspace.name for workspace in ml.workspaces.list()]
        seen['tracking'] = ml.workspaces.get('local').mlflow_tracking_uri
        seen['missing'] = failure(ml.workspaces.get, 'other')
        """,
        cwd=tmp_path,
    )

    assert seen["names"] == ["00000000-0000-0000-0000-000000000000", "local", "local"]
    assert seen["got"] == "local"
    assert seen["listed"] == ["local"]
    assert seen["tracking"].startswith("azureml://127.0.0.1:")
    assert "ResourceNotFoundError" in seen["missing"]


def test_computes_are_this_machine_whatever_their_names(machine: Machine):
    seen = given(
        machine,
        """
        seen['never made'] = ml.compute.get('cpu-cluster').type
        seen['at first'] = [compute.name for compute in ml.compute.list()]
        asked = AmlCompute(name='team', size='STANDARD_D2_V2', min_instances=0, max_instances=3, description='ours')
        made = ml.compute.begin_create_or_update(asked).result()
        seen['made'] = [made.name, made.size, made.max_instances, made.description, made.provisioning_state]
        seen['then'] = [compute.name for compute in ml.compute.list()]
        ml.compute.begin_delete('team').result()
        seen['deleted'] = failure(ml.compute.get, 'team')
        seen['usages'] = [vars(usage) for usage in ml.compute.list_usage()]
        seen['last'] = [compute.name for compute in ml.compute.list()]
        """,
    )

    assert seen["never made"] == "amlcompute"
    assert (seen["at first"], seen["then"], seen["last"]) == (
        ["cpu-cluster"],
        ["cpu-cluster", "team"],
        ["cpu-cluster"],
    )
    usages = {usage["name"]["localizedValue"]: usage["unit"] for usage in seen["usages"]}
    assert usages == {"Total Cluster vCPUs": "Count", "Total Cluster Dedicated Regional vCPUs": "Count"}
    assert seen["made"][:4] == ["team", "STANDARD_D2_V2", 3, "ours"]
    assert "it was deleted" in seen["deleted"]


def test_datastores_are_the_workspaces_own_and_records_of_others(machine: Machine):
    seen = given(
        machine,
        """
        from azure.ai.ml.entities import AccountKeyConfiguration, AzureBlobDatastore, AzureFileDatastore
        seen['first'] = [store.name for store in ml.datastores.list()]
        seen['default'] = [ml.datastores.get_default().name, ml.datastores.get_default().container_name]
        theirs = AzureBlobDatastore(name='theirs', account_name='theirs', container_name='data', tags={'a': 'b'},
                                    credentials=AccountKeyConfiguration(account_key='a2V5'))
        ml.datastores.create_or_update(theirs)
        found = ml.datastores.get('theirs')
        seen['theirs'] = [found.account_name, found.container_name, found.tags]
        seen['secret'] = ml.datastores.get('theirs', include_secrets=True).credentials.account_key
        seen['listed'] = [store.name for store in ml.datastores.list()]
        ml.datastores.delete('theirs')
        seen['gone'] = failure(ml.datastores.get, 'theirs')
        share = AzureFileDatastore(name='share', account_name='theirs', file_share_name='x')
        seen['share'] = failure(ml.datastores.create_or_update, share)
        seen['own'] = failure(ml.datastores.delete, 'workspaceartifactstore')
        """,
    )

    beside = [
        "workspacefilestore",
        "workspaceworkingdirectory",
        "azureml_globaldatasets",
        "workspaceartifactstore",
    ]
    assert seen["first"] == ["workspaceblobstore", *beside]
    assert seen["default"] == ["workspaceblobstore", "azureml-blobstore"]
    assert seen["theirs"] == ["theirs", "data", {"a": "b"}]
    assert seen["secret"] == "a2V5"
    assert seen["listed"] == ["workspaceblobstore", "theirs", *beside]
    assert "ResourceNotFoundError" in seen["gone"]
    assert "does not have other kinds of datastores (share is of the kind AzureFile)" in seen["share"]
    assert "the workspace's own" in seen["own"]


@pytest.mark.slow
def test_what_a_workspace_on_this_machine_does_not_have_is_refused_with_a_way_out(machine: Machine):
    seen = given(
        machine,
        """
        from azure.ai.ml.entities import ManagedOnlineEndpoint
        lists = {'online_endpoints': {}, 'batch_endpoints': {}, 'schedules': {}, 'registries': {},
                 'online_deployments': {'endpoint_name': 'e'}, 'batch_deployments': {'endpoint_name': 'e'}}
        for name, arguments in lists.items():
            seen[name] = failure(lambda: list(getattr(ml, name).list(**arguments)))
        made = ManagedOnlineEndpoint(name='credit-endpoint', auth_mode='key')
        seen['made'] = failure(lambda: ml.online_endpoints.begin_create_or_update(made).result())
        """,
    )

    for name in ("online_endpoints", "online_deployments", "batch_endpoints", "batch_deployments", "made"):
        assert ENDPOINTS.reason in seen[name], name
    assert SCHEDULES.reason in seen["schedules"]
    assert REGISTRIES.reason in seen["registries"]
