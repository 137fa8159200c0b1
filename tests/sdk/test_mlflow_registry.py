"""MLflow's model registry is the workspace's models: what one client registers, the other finds and loads."""

import json

import pytest

from tests.conftest import Machine, Project
from tests.sdk.calls import given
from tests.sdk.test_mlflow import WITH_WORKSPACE, lines, outside, plain_variables

REGISTER = """
import json, mlflow, os
from mlflow.exceptions import MlflowException
{set_uri}
client, seen = mlflow.MlflowClient(), {{}}
def failure(call, *arguments, **keywords):
    try:
        call(*arguments, **keywords)
    except MlflowException as error:
        return error.error_code
def doubled(model_input: list[str]) -> list[str]:
    return [text * 2 for text in model_input]
mlflow.set_experiment({name!r})
with mlflow.start_run() as run:
    info = mlflow.pyfunc.log_model(name="model", python_model=doubled, pip_requirements=[])
    mlflow.log_text("weights", "raw/weights.txt")
first = mlflow.register_model(f"runs:/{{run.info.run_id}}/model", {name!r}, tags={{"stage": "one"}})
second = mlflow.register_model(info.model_uri, {name!r})
seen["versions"] = [first.version, second.version, first.run_id == second.run_id == run.info.run_id]
load = lambda uri: mlflow.pyfunc.load_model(uri).predict(["a", "b"])
seen["loaded"] = [load(uri) for uri in (
    f"runs:/{{run.info.run_id}}/model", "models:/{name}/1", "models:/{name}/latest", info.model_uri)]
alone = mlflow.pyfunc.log_model(name="alone", python_model=doubled, pip_requirements=[])
mlflow.register_model(alone.model_uri, "alone-{name}")
seen["of no run"] = [mlflow.active_run(), load(alone.model_uri), load("models:/alone-{name}/1")]
client.set_registered_model_alias({name!r}, "best", "1")
client.transition_model_version_stage({name!r}, "2", "Production")
client.transition_model_version_stage({name!r}, "1", "production", archive_existing_versions=True)
seen["stages"] = {{v.version: v.current_stage for v in client.search_model_versions("name = '{name}'")}}
seen["by name"] = [load("models:/{name}@best"), load("models:/{name}/Production")]
seen["alias"] = client.get_model_version_by_alias({name!r}, "best").version
seen["latest"] = {{v.version: v.current_stage for v in client.get_latest_versions({name!r})}}
client.update_model_version({name!r}, "1", "the first")
client.update_registered_model({name!r}, "of tests")
client.set_model_version_tag({name!r}, "1", "more", "x y")
client.delete_model_version_tag({name!r}, "1", "stage")
client.set_registered_model_tag({name!r}, "team", "blue")
version, model = client.get_model_version({name!r}, "1"), client.get_registered_model({name!r})
seen["version"] = [version.description, version.tags, list(version.aliases), version.status]
seen["model"] = [model.description, model.tags, model.aliases, len(model.latest_versions)]
client.delete_registered_model_tag({name!r}, "team")
client.delete_registered_model_alias({name!r}, "best")
model = client.get_registered_model({name!r})
seen["less"] = [model.tags, model.aliases, failure(client.get_model_version_by_alias, {name!r}, "best")]
copied = client.copy_model_version("models:/{name}/1", "{name}-copy")
client.rename_registered_model("{name}-copy", "{name}-moved")
seen["copy"] = [copied.version, load("models:/{name}-moved/1")]
names = lambda text: sorted(m.name for m in mlflow.search_registered_models(filter_string=text))
seen["names"] = [names("name LIKE '{name}%'"), names("name = '{name}'"), names("name ILIKE '%-MOVED'")]
found = lambda text: sorted(v.version for v in mlflow.search_model_versions(filter_string=text))
seen["found"] = [found("tags.more = 'x y' AND name = '{name}'"), found(f"run_id = '{{run.info.run_id}}'")]
pages = client.search_model_versions("name = '{name}'", max_results=1)
seen["pages"] = [len(pages), len(client.search_model_versions("name = '{name}'", 1, page_token=pages.token))]
client.delete_model_version({name!r}, "2")
client.delete_registered_model("{name}-moved")
seen["deleted"] = [failure(client.get_model_version, {name!r}, "2"),
                   failure(client.get_registered_model, "{name}-moved"), found("name = '{name}'")]
seen["there already"] = failure(client.create_registered_model, {name!r})
seen["elsewhere"] = failure(client.create_model_version, {name!r}, "s3://bucket/model")
seen["nothing"] = failure(client.create_model_version, {name!r}, f"runs:/{{run.info.run_id}}/none")
raw = client.create_model_version({name!r}, f"runs:/{{run.info.run_id}}/raw", run.info.run_id)
folder = mlflow.artifacts.download_artifacts(f"models:/{name}/{{raw.version}}")
seen["raw"] = [raw.version, open(os.path.join(folder, "weights.txt")).read()]
print("RUN", run.info.run_id)
print("SEEN", json.dumps(seen))
"""


CLIENTS = ["plain", pytest.param("azure", marks=pytest.mark.slow)]


@pytest.mark.parametrize("client", CLIENTS)
def test_models_are_registered_found_loaded_and_moved(
    client: str, shared_machine: Machine, project: Project, request: pytest.FixtureRequest
):
    python, name, folder = request.getfixturevalue(client), f"of-{client}", project()
    env = plain_variables(shared_machine) if client == "plain" else {}
    set_uri = "" if client == "plain" else WITH_WORKSPACE

    done = outside(shared_machine, python, REGISTER.format(name=name, set_uri=set_uri), folder, **env)

    (run_id,), (seen,) = lines(done, "RUN"), lines(done, "SEEN")
    doubled = ["aa", "bb"]
    assert json.loads(seen) == {
        "versions": ["1", "2", True],
        "loaded": [doubled] * 4,
        "of no run": [None, doubled, doubled],
        "stages": {"1": "Production", "2": "Archived"},
        "by name": [doubled] * 2,
        "alias": "1",
        "latest": {"1": "Production", "2": "Archived"},
        "version": ["the first", {"more": "x y"}, ["best"], "READY"],
        "model": ["of tests", {"team": "blue"}, {"best": "1"}, 2],
        "less": [{}, {}, "RESOURCE_DOES_NOT_EXIST"],
        "copy": ["1", doubled],
        "names": [[name, f"{name}-moved"], [name], [f"{name}-moved"]],
        "found": [["1"], ["1", "1", "2"]],
        "pages": [1, 1],
        "deleted": ["RESOURCE_DOES_NOT_EXIST", "RESOURCE_DOES_NOT_EXIST", ["1"]],
        "there already": "RESOURCE_ALREADY_EXISTS",
        "elsewhere": "INVALID_PARAMETER_VALUE",
        "nothing": "INVALID_PARAMETER_VALUE",
        "raw": ["3", "weights"],
    }
    as_sdk = given(
        shared_machine,
        f"""
        from azureml.core import Experiment, Model, Run
        model = Model(ws, {name!r}, version=1)
        seen['model'] = [model.description, model.tags, model.run_id, ws.models[{name!r}].version]
        path = model.download('got')
        seen['files'] = [os.path.exists(os.path.join(path, 'MLmodel')), os.path.basename(path)]
        of_run = Run.get(ws, {run_id!r}).register_model({name + "-by-sdk"!r}, model_path='model')
        seen['of the run'] = of_run.id
        """,
        cwd=folder,
    )
    assert as_sdk["model"] == ["the first", {"more": "x y"}, run_id, 3]
    assert as_sdk["files"] == [True, "model"]
    assert as_sdk["of the run"] == f"{name}-by-sdk:1"


@pytest.mark.slow
@pytest.mark.parametrize("client", CLIENTS)
def test_what_sdk_v1_registered_mlflow_finds_and_downloads(
    client: str, shared_machine: Machine, project: Project, request: pytest.FixtureRequest
):
    python, name, folder = request.getfixturevalue(client), f"sdk-for-{client}", project()
    given(
        shared_machine,
        f"""
        from pathlib import Path
        from azureml.core import Model
        os.makedirs('folder/deep')
        Path('folder/deep/a.txt').write_text('in the folder')
        Path('one.txt').write_text('alone')
        Model.register(ws, 'folder', {name!r}, tags={{'by': 'sdk'}}, description='d')
        Model.register(ws, 'one.txt', {name!r})
        """,
        cwd=folder,
    )
    script = f"""
import json, mlflow, pathlib
{"" if client == "plain" else WITH_WORKSPACE}
read = lambda version: [p.read_text() for p in sorted(pathlib.Path(
    mlflow.artifacts.download_artifacts("models:/{name}/" + version)).resolve().rglob("*")) if p.is_file()] or [
    pathlib.Path(mlflow.artifacts.download_artifacts("models:/{name}/" + version)).read_text()]
version = mlflow.MlflowClient().get_model_version({name!r}, "1")
print("SEEN", json.dumps([version.tags, version.description, version.current_stage, read("1"), read("2")]))
"""
    env = plain_variables(shared_machine) if client == "plain" else {}

    done = outside(shared_machine, python, script, folder, **env)

    assert json.loads(lines(done, "SEEN")[0]) == [{"by": "sdk"}, "d", "None", ["in the folder"], ["alone"]]
