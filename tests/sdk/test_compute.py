"""``ComputeTarget``, ``AmlCompute`` and ``ComputeInstance``: records of this machine."""

from tests.conftest import Machine, Project
from tests.sdk.calls import finished, given


def test_clusters_are_created_found_listed_changed_and_deleted(machine: Machine, project: Project):
    seen = given(
        machine,
        """
        from azureml.core.compute import AksCompute, AmlCompute, ComputeInstance, ComputeTarget
        from azureml.core.compute_target import ComputeTargetException
        seen['at first'] = sorted(ws.compute_targets)
        seen['never made'] = ComputeTarget(ws, 'cpu-cluster').type

        configuration = AmlCompute.provisioning_configuration(
            vm_size='STANDARD_D2_V2', vm_priority='lowpriority', min_nodes=2, max_nodes=4,
            idle_seconds_before_scaledown=2400, tags={'team': 'blue'}, description='of the team',
            admin_username='me', admin_user_password='Passw0rd!')
        made = ComputeTarget.create(ws, 'Team-Cluster', configuration)
        made.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=1)
        found = ComputeTarget(ws, 'team-cluster')
        seen['found'] = [found.name, found.vm_size, found.vm_priority, found.tags['team'], found.description,
                         found.scale_settings.maximum_node_count,
                         found.scale_settings.idle_seconds_before_scaledown,
                         found.provisioning_state, found.admin_user_password]
        status = AmlCompute(ws, 'Team-Cluster').get_status()
        seen['status'] = [status.current_node_count, status.allocation_state, status.vm_size,
                          status.node_state_counts.idle_node_count]
        seen['serialized'] = status.serialize()['currentNodeCount']
        seen['nodes'] = [node['nodeState'] for node in made.list_nodes()]
        made.update(max_nodes=7)
        made.wait_for_completion()
        seen['updated'] = ComputeTarget(ws, 'Team-Cluster').scale_settings.maximum_node_count
        seen['listed'] = {target.name: target.type for target in ComputeTarget.list(ws)}

        ComputeTarget.create(ws, 'my-instance', ComputeInstance.provisioning_configuration(
            vm_size='STANDARD_D3_V2')).wait_for_completion()
        instance = ComputeInstance(ws, 'my-instance')
        seen['instance'] = [instance.type, instance.vm_size, instance.get_status().state]
        seen['sizes'] = {size['name']: size['vCPUs'] for size in AmlCompute.supported_vmsizes(ws)}
        seen['usages'] = [(usage['name']['localizedValue'], usage['currentValue'])
                          for usage in AmlCompute.list_usages(ws)]
        seen['all usages'] = len(AmlCompute.list_usages(ws, show_all=True))
        seen['name taken'] = failure(ComputeTarget.create, ws, 'my-instance',
                                     ComputeInstance.provisioning_configuration(vm_size='STANDARD_D3_V2'))
        seen['kinds'] = {name: target.type for name, target in ws.compute_targets.items()}

        made.delete()
        made.wait_for_completion(is_delete_operation=True)
        seen['deleted'] = failure(ComputeTarget, ws, 'Team-Cluster')
        seen['left'] = sorted(ws.compute_targets)
        try:
            target = ComputeTarget(ws, 'team-cluster')
        except ComputeTargetException:
            small = AmlCompute.provisioning_configuration('STANDARD_A1', max_nodes=1)
            target = ComputeTarget.create(ws, 'team-cluster', small)
        target.wait_for_completion(show_output=False)
        seen['made again'] = ws.compute_targets['Team-Cluster'].vm_size
        seen['no name'] = failure(ComputeTarget, ws, '1st')
        seen['kubernetes'] = failure(
            ComputeTarget.create, ws, 'my-aks', AksCompute.provisioning_configuration())
        ComputeTarget(ws, 'cpu-cluster').delete()
        """,
    )

    assert seen["at first"] == ["cpu-cluster"]
    assert seen["never made"] == "AmlCompute"
    assert seen["found"] == [
        "Team-Cluster", "STANDARD_D2_V2", "lowpriority", "blue", "of the team", 4, 2400, "Succeeded", None,
    ]  # fmt: skip
    assert seen["status"] == [1, "Steady", "STANDARD_D2_V2", 1]
    assert seen["serialized"] == 1
    assert seen["nodes"] == ["idle"]
    assert seen["updated"] == 7
    assert seen["listed"] == {"Team-Cluster": "AmlCompute", "cpu-cluster": "AmlCompute"}
    assert seen["instance"] == ["ComputeInstance", "STANDARD_D3_V2", "Running"]
    assert seen["sizes"]["Standard_D3_v2"] == 4
    assert seen["usages"] == [["Total Cluster vCPUs", 0], ["Total Cluster Dedicated Regional vCPUs", 0]]
    assert seen["all usages"] == 3
    assert "AlreadyExists" in seen["name taken"]
    assert seen["kinds"] == {
        "Team-Cluster": "AmlCompute",
        "cpu-cluster": "AmlCompute",
        "my-instance": "ComputeInstance",
    }
    assert "ComputeTargetNotFound" in seen["deleted"]
    assert seen["left"] == ["cpu-cluster", "my-instance"]
    assert seen["made again"] == "STANDARD_A1"
    assert "not found" in seen["no name"]
    assert "does not have other kinds of compute targets (AKS)" in seen["kubernetes"]

    # A run goes to any name, and does not bring back one that was deleted.
    assert finished(machine, project()) == "Experiment Executed!\n"
    folder = project(
        "other", **{"constants.py": 'TARGET_NAME = "another"\nEXPERIMENT_NAME = "Experiment_1"\n'}
    )
    assert finished(machine, folder) == "Experiment Executed!\n"
    after = given(machine, "seen['names'] = sorted(ws.compute_targets)")
    assert after["names"] == ["Team-Cluster", "another", "my-instance"]
