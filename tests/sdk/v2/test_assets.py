"""Data assets and models: versions, labels, archives, and what the first SDK and MLflow see of them."""

from pathlib import Path

import pytest

from tests.conftest import Machine, write_tree
from tests.sdk import calls
from tests.sdk.v2.calls import given


def test_data_assets_have_versions_from_files_jobs_and_paths(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, {"words.txt": "la", "folder/a.txt": "A"})
    seen = given(
        machine,
        """
        made = ml.data.create_or_update(
            Data(name='words', path='words.txt', type='uri_file', description='some', tags={'a': 'b'}))
        seen['made'] = [made.name, made.version, made.type, made.description, made.tags]
        again = ml.data.create_or_update(Data(name='words', path='words.txt', type='uri_file'))
        seen['latest'] = [ml.data.get('words', label='latest').version, ml.data._get_latest_version('words').version]
        seen['versions'] = [found.version for found in ml.data.list('words')]
        seen['names'] = [[found.name, found.latest_version] for found in ml.data.list()]
        moved = Data(name='words', version='1', path='folder', type='uri_folder')
        seen['moved'] = failure(ml.data.create_or_update, moved)
        ml.data.archive('words', version='2')
        seen['left'] = [found.version for found in ml.data.list('words')]
        ml.data.restore('words', version='2')
        ml.data.archive('words')
        seen['away'] = [found.name for found in ml.data.list()]
        ml.data.restore('words')

        job = submitted(command(
            command='cat ${{inputs.words}} > ${{outputs.copied}}/copy.txt', environment=here,
            inputs={'words': Input(type='uri_file', path='azureml:words:1')},
            outputs={'copied': Output(type='uri_folder', name='copied', version='7')}))
        seen['registered'] = [ml.data.get('copied', '7').type, ml.data.get('copied', '7').path]
        of_job = ml.data.create_or_update(
            Data(name='of-job', type='uri_folder', path=f'azureml://jobs/{job.name}/outputs/copied/paths/'))
        of_path = ml.data.create_or_update(Data(
            name='of-path', type='uri_file', path=of_job.path.rstrip('/') + '/copy.txt'))
        read = command(command='cat ${{inputs.a}}/copy.txt ${{inputs.b}}', environment=here, inputs={
            'a': Input(type='uri_folder', path='of-job@latest'), 'b': Input(type='uri_file', path='azureml:of-path:1')})
        seen['read'] = ended(ml.jobs.create_or_update(read))
        unknown = command(command='ls ${{inputs.a}}', environment=here,
                          inputs={'a': Input(type='uri_folder', path='azureml:nothing:1')})
        seen['unknown'] = failure(ml.jobs.create_or_update, unknown)
        """,
        cwd=tmp_path,
    )

    assert seen["made"] == ["words", "1", "uri_file", "some", {"a": "b"}]
    assert seen["latest"] == ["2", "2"]
    assert (seen["versions"], seen["left"]) == (["2", "1"], ["1"])
    assert seen["names"] == [["words", "2"]]
    assert seen["away"] == []
    assert "AssetPathException" in seen["moved"] or "another version" in seen["moved"]
    assert seen["registered"][0] == "uri_folder"
    assert "lala" in seen["read"]
    assert "nothing" in seen["unknown"]


@pytest.mark.slow
def test_models_are_the_first_sdks_and_mlflows_too(machine: Machine, tmp_path: Path, azure: Path):
    write_tree(tmp_path, {"model.pkl": "a model", "mlflow-model/MLmodel": "flavors: {python_function: {}}\n"})

    seen = given(
        machine,
        """
        made = ml.models.create_or_update(
            Model(name='mine', path='model.pkl', description='some', tags={'a': 'b'}, properties={'p': 'q'}))
        seen['made'] = [made.name, made.version, made.type, made.description, dict(made.tags), made.properties]
        ml.models.create_or_update(Model(name='mine', path='mlflow-model', type='mlflow_model'))
        seen['latest'] = [ml.models.get('mine', label='latest').version, ml.models.get('mine', label='latest').type]
        seen['versions'] = [found.version for found in ml.models.list('mine')]
        seen['names'] = [[found.name, found.latest_version] for found in ml.models.list()]
        ml.models.download('mine', '1', download_path='got')
        seen['got'] = [str(path) for path in pathlib.Path('got').rglob('*') if path.is_file()]
        made.tags['a'] = 'c'
        seen['changed'] = ml.models.create_or_update(made).tags
        ml.models.archive('mine', version='2')
        seen['left'] = [found.version for found in ml.models.list('mine')]
        ml.models.restore('mine', version='2')
        job = submitted(command(
            command='cat ${{inputs.model}} > ${{outputs.model}}/copy.pkl', environment=here,
            inputs={'model': Input(type='custom_model', path='azureml:mine:1')},
            outputs={'model': Output(type='custom_model', name='copied')}))
        seen['copied'] = [ml.models.get('copied', '1').type, ml.models.get('copied', '1').job_name == job.name]
        of_job = ml.models.create_or_update(
            Model(name='of-job', type='custom_model', path=f'azureml://jobs/{job.name}/outputs/model/paths/copy.pkl'))
        seen['of job'] = [of_job.version, of_job.type]
        seen['word'] = failure(ml.models.create_or_update, Model(name='mine', version='first', path='model.pkl'))
        """,
        cwd=tmp_path,
    )

    assert seen["made"] == ["mine", "1", "custom_model", "some", {"a": "b"}, {"p": "q"}]
    assert seen["latest"] == ["2", "mlflow_model"]
    assert (seen["versions"], seen["left"]) == (["2", "1"], ["1"])
    assert seen["names"] == [["mine", "2"]]
    assert seen["got"] == ["got/mine/model.pkl"]
    assert seen["changed"] == {"a": "c"}
    assert seen["copied"] == ["custom_model", True]
    assert seen["of job"] == ["1", "custom_model"]
    assert "is not a number" in seen["word"]

    first = calls.given(
        machine,
        """
        from azureml.core import Model
        seen['listed'] = sorted(f'{model.name}:{model.version}' for model in Model.list(ws))
        seen['tags'] = Model(ws, 'mine', version=1).tags
        path = Model(ws, 'of-job').download(exist_ok=True)
        seen['content'] = open(path).read()
        open('theirs.pkl', 'w').write('of the first')
        Model.register(ws, 'theirs.pkl', 'theirs', tags={'from': 'v1'})
        """,
        cwd=tmp_path,
    )
    assert first["listed"] == ["copied:1", "mine:1", "mine:2", "of-job:1"]
    assert first["tags"] == {"a": "c"}
    assert first["content"] == "a model"

    second = given(
        machine,
        """
        found = ml.models.get('theirs', '1')
        seen['theirs'] = [found.type, found.tags]
        seen['uri'] = ml.workspaces.get('local').mlflow_tracking_uri
        read = command(command='cat ${{inputs.model}}', environment=here,
                       inputs={'model': Input(type='custom_model', path='azureml:theirs:1')})
        seen['read'] = ended(ml.jobs.create_or_update(read))
        """,
    )
    assert second["theirs"] == ["custom_model", {"from": "v1"}]
    assert "of the first" in second["read"]
    mlflow = machine.run("exec", "--", azure, "-c", MLFLOW, second["uri"], cwd=tmp_path)
    assert mlflow.returncode == 0, mlflow.stderr
    assert "REGISTRY copied:1 mine:1 mine:2 of-job:1 theirs:1" in mlflow.stdout
    assert "FILES MLmodel" in mlflow.stdout


MLFLOW = """
import pathlib, sys
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
versions = [version for model in client.search_registered_models() for version in
            client.search_model_versions(f"name = '{model.name}'")]
print('REGISTRY', *sorted(f'{version.name}:{version.version}' for version in versions))
folder = mlflow.artifacts.download_artifacts('models:/mine/2')
print('FILES', *(path.name for path in pathlib.Path(folder).rglob('*') if path.is_file()))
"""


@pytest.mark.slow
def test_runs_and_metrics_are_tracked_with_the_clients_address(machine: Machine, tmp_path: Path, azure: Path):
    seen = given(machine, "seen['uri'] = ml.workspaces.get('local').mlflow_tracking_uri")
    script = f"""
import mlflow
mlflow.set_tracking_uri({seen["uri"]!r})
mlflow.set_experiment('tracked')
with mlflow.start_run(run_name='by hand'):
    mlflow.log_metric('loss', 0.5)
    mlflow.log_param('rate', 1)
"""
    done = machine.run("exec", "--", azure, "-c", script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr

    seen = given(
        machine,
        "seen['jobs'] = [[job.experiment_name, job.display_name, job.status] for job in ml.jobs.list()]",
    )

    assert seen["jobs"] == [["tracked", "by hand", "Completed"]]
