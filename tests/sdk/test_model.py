"""``Model`` and ``Run.register_model``: what is registered can be found and downloaded again, byte for byte."""

import json
import re

from tests.conftest import Machine, Project
from tests.sdk.calls import finished, given


def test_models_are_registered_found_changed_downloaded_and_deleted(machine: Machine, tmp_path):
    seen = given(
        machine,
        """
        from pathlib import Path
        from azureml.core import Model
        Path('model.pkl').write_bytes(bytes(range(256)) * 100)
        os.makedirs('folder/deep')
        Path('folder/one.txt').write_text('one')
        Path('folder/deep/two.txt').write_text('two')

        first = Model.register(ws, model_path='model.pkl', model_name='file-model',
                               tags={'area': 'north', 'kind': 'tree'}, properties={'auc': '0.9'},
                               description='the first', model_framework=Model.Framework.SCIKITLEARN,
                               model_framework_version='1.5')
        second = Model.register(ws, 'model.pkl', 'file-model', tags={'area': 'south'})
        whole = Model.register(ws, 'folder', 'folder-model')
        seen['registered'] = [first.id, second.version, whole.name]

        got = Model(ws, 'file-model', version=1)
        seen['got'] = [got.id, dict(got.tags), dict(got.properties), got.description, got.model_framework,
                       got.model_framework_version, got.run_id, got.created_by['userName']]
        seen['latest'] = Model(ws, 'file-model').version
        seen['by id'] = Model(ws, id='file-model:1').description
        seen['by tag'] = Model(ws, 'file-model', tags=[['area', 'north']]).version
        seen['none'] = [failure(Model, ws, 'unheard-of'), failure(Model, ws, 'file-model', version=9)]

        ids = lambda **wanted: [model.id for model in Model.list(ws, **wanted)]
        seen['listed'] = [ids(), ids(name='file-model'), ids(latest=True), ids(tags=['kind']),
                          ids(tags=[['area', 'south']]), ids(properties=[['auc', '0.9']]), ids(tags=['nothing'])]
        seen['models'] = {name: model.version for name, model in ws.models.items()}

        got.add_tags({'stage': 'live'})
        got.remove_tags('kind')
        got.add_properties({'f1': '0.8'})
        got.update(description='still the first')
        changed = Model(ws, id='file-model:1')
        seen['changed'] = [changed.tags, changed.properties, changed.description]

        path = Model(ws, 'file-model').download('down')
        seen['file'] = [path, Path(path).read_bytes() == Path('model.pkl').read_bytes()]
        path = whole.download('down', exist_ok=True)
        seen['folder'] = [path, sorted(str(p.relative_to(path)) for p in Path(path).rglob('*.txt')),
                          Path(path, 'deep/two.txt').read_text()]
        seen['twice'] = failure(whole.download, 'down')
        path = Model.get_model_path('file-model', version=1, _workspace=ws)
        seen['path'] = [path, Path(path).stat().st_size]

        second.delete()
        seen['deleted'] = [failure(Model, ws, 'file-model', version=2), failure(second.delete), ids()]
        seen['next'] = Model.register(ws, 'model.pkl', 'file-model').version
        """,
        cwd=tmp_path,
    )

    assert seen["registered"] == ["file-model:1", 2, "folder-model"]
    assert seen["got"] == [
        "file-model:1", {"area": "north", "kind": "tree"}, {"auc": "0.9"}, "the first", "ScikitLearn", "1.5",
        None, "local user",
    ]  # fmt: skip
    assert (seen["latest"], seen["by id"], seen["by tag"]) == (2, "the first", 1)
    assert all("ModelNotFound" in failed for failed in seen["none"])
    assert seen["listed"] == [
        ["folder-model:1", "file-model:2", "file-model:1"],
        ["file-model:2", "file-model:1"],
        ["folder-model:1", "file-model:2"],
        ["file-model:1"],
        ["file-model:2"],
        ["file-model:1"],
        [],
    ]
    assert seen["models"] == {"folder-model": 1, "file-model": 2}
    assert seen["changed"] == [
        {"area": "north", "stage": "live"},
        {"auc": "0.9", "f1": "0.8"},
        "still the first",
    ]
    assert seen["file"] == ["down/model.pkl", True]
    assert seen["folder"] == ["down/folder", ["deep/two.txt", "one.txt"], "two"]
    assert "already exists" in seen["twice"]
    assert seen["path"] == ["azureml-models/file-model/1/model.pkl", 25600]
    assert "ModelNotFound" in seen["deleted"][0]
    assert "ModelNotFound" in seen["deleted"][1]
    assert seen["deleted"][2] == ["folder-model:1", "file-model:1"]
    assert seen["next"] == 3


def test_a_run_registers_models_and_reads_them(machine: Machine, project: Project):
    script = """\
import json
import re
from azureml.core import Model, Run
run = Run.get_context()
with open('weights.txt', 'w') as file:
    file.write('learned')
run.upload_file('outputs/weights.txt', 'weights.txt')
model = run.register_model('from-run', model_path='outputs/weights.txt', tags={'by': 'run'})
with open(Model.get_model_path('from-run')) as file:
    read = file.read()
missing = None
try:
    run.register_model('never', model_path='outputs/nothing')
except Exception as error:
    missing = type(error).__name__
print(json.dumps([model.id, run.id, read, missing]))
with open('outputs/late.txt', 'w') as file:
    file.write('late')
"""
    model_id, run_id, read, missing = json.loads(finished(machine, project(script=script)).splitlines()[-1])

    assert (model_id, read, missing) == ("from-run:1", "learned", "ModelPathNotFoundException")
    seen = given(
        machine,
        f"""
        from azureml.core import Experiment, Model, Run
        model = Model(ws, 'from-run')
        seen['model'] = [model.run_id, model.run.id, model.experiment_name, model.tags]
        run = Run(Experiment(ws, 'Experiment_1'), {run_id!r})
        later = run.register_model(model_name='afterwards', model_path='outputs/late.txt', description='d')
        seen['of the run'] = sorted(model.id for model in Model.list(ws, run_id=run.id))
        path = later.download('later')
        seen['late'] = [path, open(path).read()]
        """,
    )
    assert seen["model"] == [run_id, run_id, "Experiment_1", {"by": "run"}]
    assert seen["of the run"] == ["afterwards:1", "from-run:1"]
    assert seen["late"] == ["later/late.txt", "late"]


def test_what_a_model_is_made_of_and_what_is_said_of_it(shared_machine: Machine, tmp_path):
    seen = given(
        shared_machine,
        """
        import urllib.request
        from pathlib import Path
        from azureml.core import Experiment, Model
        from azureml.core.resource_configuration import ResourceConfiguration
        os.makedirs('folder/deep')
        for name in ('a.txt', 'deep/b.txt', 'deep/c.txt'):
            Path('folder', name).write_text(name)
        part = Model.register(ws, 'folder', 'part', child_paths=['deep/b.txt'])
        path = Model(ws, 'part').download('down')
        seen['part'] = [path, [str(p.relative_to('down')) for p in Path('down').rglob('*') if p.is_file()]]
        seen['no part'] = failure(Model.register, ws, 'folder', 'part', child_paths=['deep/none.txt'])
        seen['no file'] = failure(Model.register, ws, 'nothing-here', 'part')
        seen['no name'] = failure(Model.register, ws, 'folder', 'no/slashes')
        model = Model.register(ws, 'folder/a.txt', 'configured', resource_configuration=ResourceConfiguration(
            cpu=1, memory_in_gb=0.5), tags={'n': 1}, properties={'p': 2.5})
        again = Model(ws, id=model.id)
        seen['configured'] = [again.resource_configuration.serialize(), dict(again.tags),
                              dict(again.properties)]
        document = again.serialize()
        seen['serialized'] = [Model.deserialize(ws, document).id, document['createdBy']['userName']]
        import requests
        seen['urls'] = {name: requests.get(url).text for name, url in again.get_sas_urls().items()}
        again.update_tags_properties(add_tags={'new': '1'}, remove_tags=['n'], add_properties={'q': '1'})
        changed = Model(ws, 'configured')
        seen['changed'] = [changed.tags, changed.properties]
        run = Experiment(ws, 'registers').start_logging(snapshot_directory=None)
        run.upload_folder('outputs/model', 'folder')
        whole = run.register_model('whole', model_path='outputs/model', model_framework=Model.Framework.PYTORCH,
                                   model_framework_version='2.0', tags={'k': 'v'}, description='of a run')
        everything = run.register_model('outputs')
        run.complete()
        seen['of the run'] = [whole.run_id == run.id, whole.model_framework, whole.description, everything.name]
        whole.download('of-run')
        seen['files'] = sorted(str(p.relative_to('of-run')) for p in Path('of-run').rglob('*.txt'))
        newest = Model.register(ws, 'folder/a.txt', 'configured')
        os.mkdir('elsewhere')
        os.chdir('elsewhere')
        seen['paths'] = [Model.get_model_path('configured', _workspace=ws),
                         Model.get_model_path('configured', version=1, _workspace=ws)]
        seen['unknown'] = 'ModelNotFound' in failure(Model.get_model_path, 'unknown', _workspace=ws)
        seen['no workspace'] = 'not found in cache' in failure(Model.get_model_path, 'unknown')
        """,
        cwd=tmp_path,
    )

    assert seen["part"] == ["down/folder/deep/b.txt", ["folder/deep/b.txt"]]
    assert "cannot be found" in seen["no part"]
    assert re.search("does not exist|cannot be found", seen["no file"])  # as the SDK's version has it
    assert "name is invalid" in seen["no name"]
    assert seen["configured"] == [
        {"cpu": 1.0, "memoryInGB": 0.5, "gpu": None}, {"n": "1"}, {"p": "2.5"},
    ]  # fmt: skip
    assert seen["serialized"] == ["configured:1", "local user"]
    assert seen["urls"] == {"a.txt": "a.txt"}
    assert seen["changed"] == [{"new": "1"}, {"p": "2.5", "q": "1"}]
    assert seen["of the run"] == [True, "PyTorch", "of a run", "outputs"]
    assert seen["files"] == ["model/a.txt", "model/deep/b.txt", "model/deep/c.txt"]
    assert seen["paths"] == ["azureml-models/configured/2/a.txt", "azureml-models/configured/1/a.txt"]
    assert seen["unknown"] and seen["no workspace"]
