"""Calls and arguments of ``MLClient`` that few people's code has: filters, labels, other ways to write an address."""

from pathlib import Path

import pytest

from scaffold.workspace.refusals import FEATURES, MODEL_PACKAGES, OTHER_WORKSPACES, POWER, REGISTRIES
from tests.conftest import Machine, write_tree
from tests.sdk.v2.calls import given

SCOPE = "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/local/workspaces/local"


def test_a_model_is_registered_from_a_job_by_either_way_to_write_its_path(machine: Machine, tmp_path: Path):
    seen = given(
        machine,
        """
        job = submitted(command(
            command='mkdir -p outputs/model && echo own > outputs/model/a.txt && echo named > ${{outputs.made}}/b.txt',
            environment=here, outputs={'made': Output(type='uri_folder')}))
        jobs = f'azureml://jobs/{job.name}/outputs'
        places = [f'{jobs}/artifacts/outputs/model', f'{jobs}/artifacts/paths/outputs/model/', f'{jobs}/made/b.txt',
                  f'{jobs}/made']
        for place in places:
            ml.models.create_or_update(Model(name='mine', type='custom_model', path=place))
        for version in '1234':
            ml.models.download('mine', version, download_path=version)
        seen['files'] = [[path.read_text() for path in pathlib.Path(version).rglob('*') if path.is_file()]
                         for version in '1234']
        seen['jobs'] = {ml.models.get('mine', version).job_name for version in '1234'} == {job.name}
        model = ml.models.get('mine', '2')
        model.stage = 'Production'
        ml.models.create_or_update(model)
        seen['stages'] = [[found.version for found in ml.models.list('mine', stage=stage)]
                          for stage in ('Production', 'Archived')]
        seen['missing'] = failure(ml.models.create_or_update, Model(name='mine', path=f'{jobs}/made/none'))
        """,
        cwd=tmp_path,
    )

    assert seen["files"] == [["own\n"], ["own\n"], ["named\n"], ["named\n"]]
    assert seen["jobs"] is True
    assert seen["stages"] == [["2"], []]
    assert "ResourceNotFoundError" in seen["missing"]


@pytest.mark.slow
def test_the_path_of_a_data_asset_is_one_that_peoples_code_goes_on_from(machine: Machine, tmp_path: Path):
    write_tree(
        tmp_path, {"folder/a b.txt": "A", "MLTable": "type: mltable\npaths: [{file: ./folder/a b.txt}]\n"}
    )

    seen = given(
        machine,
        """
        made = {'file': ml.data.create_or_update(Data(name='file', path='folder/a b.txt', type='uri_file')),
                'folder': ml.data.create_or_update(Data(name='folder', path='folder', type='uri_folder')),
                'table': ml.data.create_or_update(Data(name='table', path='.', type='mltable')),
                'web': ml.data.create_or_update(Data(name='web', path='https://localhost/a', type='uri_folder'))}
        seen['paths'] = {name: ml.data.get(name, '1').path for name in made}
        seen['same'] = seen['paths'] == {name: asset.path for name, asset in made.items()}
        made['folder'].description = 'another'
        seen['changed'] = ml.data.create_or_update(made['folder']).description
        again = Data(name='folder', version='1', path='folder', type='uri_folder')
        seen['again'] = ml.data.create_or_update(again).path == made['folder'].path
        read = command(command='cat "${{inputs.file}}"', environment=here, inputs={
            'file': Input(type='uri_file', path=seen['paths']['folder'] + 'a b.txt')})
        seen['read'] = ended(ml.jobs.create_or_update(read))
        """,
        cwd=tmp_path,
    )

    whole = f"azureml:/{SCOPE}/datastores/workspaceblobstore/paths/LocalUpload/"
    paths = seen["paths"]
    assert all(paths[name].startswith(whole) for name in ("file", "folder", "table"))
    assert paths["file"].endswith("/a b.txt")
    assert paths["folder"].endswith("/folder/")
    assert paths["table"].endswith("/")
    assert paths["web"] == "https://localhost/a"
    assert (seen["same"], seen["changed"], seen["again"]) == (True, "another", True)
    assert "A" in seen["read"]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["rw_mount", "upload"])
def test_an_output_may_go_to_the_datastore_itself(machine: Machine, tmp_path: Path, mode: str):
    seen = given(
        machine,
        f"\n        mode = {mode!r}"
        + """
        root = 'azureml://datastores/workspaceblobstore/paths/'
        job = submitted(command(
            command='echo folder > ${{outputs.folder}}/a.txt && echo file > ${{outputs.file}}', environment=here,
            outputs={'folder': Output(type='uri_folder', path=root, mode=mode),
                     'file': Output(type='uri_file', path=root + 'b.txt', mode=mode)}))
        seen['status'] = job.status
        read = command(command='cat ${{inputs.a}} ${{inputs.b}}', environment=here, inputs={
            name: Input(type='uri_file', path=f'{root}{name}.txt') for name in 'ab'})
        seen['read'] = ended(ml.jobs.create_or_update(read))
        nameless = command(command='ls', environment=here, outputs={'out': Output(type='uri_file', path=root)})
        seen['nameless'] = failure(ml.jobs.create_or_update, nameless)
        """,
        cwd=tmp_path,
    )

    assert seen["status"] == "Completed"
    assert "folder\nfile\n" in seen["read"]
    assert "name the file" in seen["nameless"]


@pytest.mark.slow
def test_what_is_said_of_a_job_can_be_changed_and_lists_have_filters(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, {"a.txt": "A", "b.txt": "B"})

    seen = given(
        machine,
        """
        from azure.ai.ml.constants import ListViewType
        views = (ListViewType.ACTIVE_ONLY, ListViewType.ARCHIVED_ONLY, ListViewType.ALL)
        one, two = (ml.jobs.create_or_update(
            command(command='echo said', environment=here, name=name), tags={'a': 'b'}, experiment_name='given',
            description='given too') for name in ('one', 'two'))
        ended(two)
        job = over('one')
        seen['given'] = [job.experiment_name, job.description, job.tags]
        ml.jobs.update('one', display_name='shown', description='another', tags={'c': 'd'}, properties={'p': 'q'})
        job = ml.jobs.get('one')
        seen['updated'] = [job.display_name, job.description, job.tags, job.properties['p']]
        ml.jobs.archive('two')
        seen['jobs'] = [[job.name for job in ml.jobs.list(list_view_type=view)] for view in views]
        seen['valid'] = ml.jobs.validate(command(command='ls', environment=here)).passed
        ml.jobs.download('one', download_path='default', output_name='default')
        seen['default'] = [path.read_text() for path in pathlib.Path('default').rglob('std_log.txt')]
        for path in ('a.txt', 'b.txt'):
            ml.data.create_or_update(Data(name='words', path=path, type='uri_file'))
        ml.data.archive('words', label='latest')
        seen['data'] = [[found.version for found in ml.data.list('words', list_view_type=view)] for view in views]
        """,
        cwd=tmp_path,
    )

    assert seen["given"] == ["given", "given too", {"a": "b"}]
    assert seen["updated"] == ["shown", "another", {"a": "b", "c": "d"}, "q"]
    assert seen["jobs"] == [["one"], ["two"], ["two", "one"]]
    assert seen["valid"] is True
    assert seen["default"] == ["said\n"]
    assert seen["data"] == [["1"], ["2"], ["2", "1"]]


@pytest.mark.slow
def test_computes_and_curated_environments_are_asked_for_in_every_way(machine: Machine):
    seen = given(
        machine,
        """
        from azure.ai.ml.entities import ComputeInstance
        kinds = {kind: [size.name for size in ml.compute.list_sizes(location='westeurope', compute_type=kind)]
                 for kind in ('amlcompute', 'ComputeInstance', 'AKS')}
        seen['sizes'] = ['Standard_DS3_v2' in kinds['amlcompute'], kinds['amlcompute'] == kinds['ComputeInstance'],
                         kinds['AKS']]
        ml.compute.begin_create_or_update(AmlCompute(name='team', size='STANDARD_D2_V2', max_instances=3)).result()
        ml.compute.begin_create_or_update(ComputeInstance(name='own', size='STANDARD_D2_V2')).result()
        seen['kinds'] = [[found.name for found in ml.compute.list(compute_type=kind)]
                         for kind in ('amlcompute', 'computeinstance')]
        seen['nodes'] = [node.node_state for node in ml.compute.list_nodes('team')]
        team = ml.compute.get('team')
        team.max_instances = 7
        ml.compute.begin_update(team).result()
        seen['updated'] = ml.compute.get('team').max_instances
        name = 'AzureML-sklearn-1.0-ubuntu20.04-py38-cpu'
        seen['curated'] = (ml.environments.get(name, version='44').conda_file
                           == ml.environments.get(name, label='latest').conda_file)
        seen['none'] = failure(ml.environments.get, name, 'mine')
        """,
    )

    assert seen["sizes"] == [True, True, []]
    assert seen["kinds"] == [["cpu-cluster", "team"], ["own"]]
    assert len(seen["nodes"]) == 1
    assert seen["updated"] == 7
    assert seen["curated"] is True
    assert "ResourceNotFoundError" in seen["none"]


@pytest.mark.slow
def test_calls_for_what_there_is_not_are_refused_by_name(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, {"model.pkl": "m"})

    seen = given(
        machine,
        """
        from azure.ai.ml.entities import ModelPackage, Workspace
        ml.models.create_or_update(Model(name='mine', path='model.pkl'))
        registry = dict(share_with_name='mine', share_with_version='1', registry_name='ours')
        other = Workspace(name='other', location='westeurope')
        calls = {
            'share': lambda: ml.models.share('mine', '1', **registry),
            'client': lambda: MLClient(DefaultAzureCredential(), registry_name='ours'),
            'package': lambda: ml.models.package(
                'mine', '1', ModelPackage(target_environment='e', inferencing_server=None)),
            'create': lambda: ml.workspaces.begin_create(other).result(),
            'update': lambda: ml.workspaces.begin_update(Workspace(name='local', description='x')).result(),
            'network': lambda: ml.workspaces.begin_provision_network(workspace_name='local').result(),
            'features': lambda: list(ml.feature_sets.list()),
            'indexes': lambda: list(ml.indexes.list()),
            'sso': lambda: ml.compute.enable_sso(name='own'),
        }
        for name, call in calls.items():
            seen[name] = failure(call)
        """,
        cwd=tmp_path,
    )

    for refusal, names in (
        (REGISTRIES, ("share", "client")),
        (MODEL_PACKAGES, ("package",)),
        (OTHER_WORKSPACES, ("create", "update", "network")),
        (FEATURES, ("features", "indexes")),
        (POWER, ("sso",)),
    ):
        for name in names:
            assert refusal.reason in seen[name], (name, seen[name])
