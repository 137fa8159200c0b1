"""MLflow's real clients, in runs and outside, with azureml-mlflow and without."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import SDK, Machine, Project

IN_RUN = """\
import mlflow
run = mlflow.start_run()
mlflow.log_metric("loss", 0.5, step=0)
mlflow.log_metrics({"loss": 0.25, "Genauigkeit (%)": 87.5}, step=1)
mlflow.log_metric("nothing", float("nan"))
mlflow.log_param("lr", 0.1)
mlflow.log_params({"depth": 3, "name": "größe"})
mlflow.set_tag("colour", "blue")
mlflow.set_tags({"shade": "dark", "n": 3})
mlflow.log_dict({"a": [1, 2]}, "reports/summary.json")
mlflow.log_text("hello\\n", "notes/größe.txt")
open("model.bin", "wb").write(b"x" * 3_000_000)
mlflow.log_artifact("model.bin", "weights")
try:
    mlflow.log_param("lr", 0.2)
except Exception as error:
    print("REFUSED", type(error).__name__)
mlflow.end_run()
mlflow.MlflowClient().log_metric(run.info.run_id, "after", 1)
with mlflow.start_run(run_name="another"):
    with mlflow.start_run(run_name="inner", nested=True):
        mlflow.log_metric("loss", 9)
print("RUN", run.info.run_id)
"""

AS_SDK_SEES_IT = """
import json
from azureml.core import Experiment, Run, Workspace
ws = Workspace.from_config(path='.azureml')
run = Run(Experiment(ws, 'Experiment_1'), {run_id!r})
run.download_file('reports/summary.json', 'summary.json')
print(json.dumps({{
    'status': run.get_status(), 'metrics': {{k: v for k, v in run.get_metrics().items() if k != 'nothing'}},
    'nan': str(run.get_metrics()['nothing']),
    'tags': run.tags, 'properties': run.properties, 'summary': json.load(open('summary.json')),
    'files': [name for name in run.get_file_names() if name.split('/')[0] in ('reports', 'notes', 'weights')],
}}))
"""


def lines(done: "subprocess.CompletedProcess[str]", word: str) -> list[str]:
    """What a process printed behind that word at the beginning of a line."""
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.removeprefix(word + " ") for line in done.stdout.splitlines() if line.startswith(word + " ")]


@pytest.fixture(scope="session")
def first(python_with) -> Path:
    return python_with("mlflow-skinny==1.23.1", "protobuf<3.21", "setuptools<80")


def outside(machine: Machine, python: Path, script: str, folder: Path, **env: str):
    return machine.run("exec", "--", python, "-c", script, cwd=folder, env=env)


def plain_variables(machine: Machine) -> dict[str, str]:
    """What a person sets to reach the workspace with MLflow alone."""
    from tests.workspace.client import SCOPE, Workspace

    workspace = Workspace(machine.state)
    return {
        "MLFLOW_TRACKING_URI": f"https://127.0.0.1:{workspace.https_port}/mlflow/v1.0{SCOPE}",
        "MLFLOW_TRACKING_TOKEN": workspace.token,
    }


def check_run(machine: Machine, folder: Path) -> None:
    done = machine.run("submit", folder, "--follow")
    (run_id,) = lines(done, "RUN")
    assert lines(done, "REFUSED") == ["MlflowException"] or "REFUSED RestException" in done.stdout
    seen = machine.sdk(AS_SDK_SEES_IT.format(run_id=run_id), cwd=folder)
    assert seen.returncode == 0, seen.stderr
    state = json.loads(seen.stdout.splitlines()[-1])
    assert state["status"] == "Completed"
    assert state["metrics"] == {"loss": [0.5, 0.25], "Genauigkeit (%)": 87.5, "after": 1}
    assert state["nan"] == "nan"
    assert [state["tags"][name] for name in ("colour", "shade", "n")] == ["blue", "dark", "3"]
    params = {k: v for k, v in state["properties"].items() if k.startswith("mlflow.param.")}
    assert params == {"mlflow.param.lr": "0.1", "mlflow.param.depth": "3", "mlflow.param.name": "größe"}
    assert state["summary"] == {"a": [1, 2]}
    assert sorted(state["files"]) == ["notes/größe.txt", "reports/summary.json", "weights/model.bin"]


def test_plain_mlflow_in_a_run_reaches_that_run(shared_machine: Machine, project: Project, plain: Path):
    runner = (project("source") / "run_experiment.py").read_text()
    here = runner.replace(
        "config = ScriptRunConfig", f"env.python.interpreter_path = {str(plain)!r}\nconfig = ScriptRunConfig"
    )
    check_run(shared_machine, project(script=IN_RUN, **{"run_experiment.py": here}))


@pytest.mark.slow
@pytest.mark.parametrize(
    "package", ["mlflow-skinny>=3", f"azureml-mlflow\n{SDK}\nsetuptools<80", "mlflow-skinny<3"]
)
def test_mlflow_of_a_run_environment_reaches_the_run(machine: Machine, project: Project, package: str):
    runner = (project("source") / "run_experiment.py").read_text()
    built = runner.replace(
        'env = Environment(name="the-one-that-is-here")\nenv.python.user_managed_dependencies = True\n',
        'env = Environment.from_pip_requirements("mlflow", os.path.join(here, "requirements.txt"))\n'
        'env.python.conda_dependencies.set_python_version("3.11")\n',
    )
    files = {"run_experiment.py": built, "requirements.txt": package + "\n"}
    check_run(machine, project(script=IN_RUN, **files))


OUTSIDE = """
import json, mlflow
from mlflow.exceptions import MlflowException
{set_uri}
client = mlflow.MlflowClient()
mlflow.set_experiment({experiment!r})
for i in range(3):
    with mlflow.start_run(run_name=f"r{{i}}", tags={{"kind": "test"}}) as run:
        mlflow.log_param("i", i)
        for step in range(4):
            mlflow.log_metric("val loss", 1 / (i + 1) - step / 100, step=step)
        mlflow.log_text(f"text {{i}}", "notes/a.txt")
with mlflow.start_run() as parent:
    with mlflow.start_run(nested=True) as child:
        mlflow.set_tag("kind", "Child")
client.set_terminated(child.info.run_id, "KILLED")
find = lambda text, **more: [r.info.run_name for r in mlflow.search_runs(
    experiment_names=[{experiment!r}], filter_string=text, output_format="list", **more)]
print("RUN", run.info.run_id)
print("SEEN", json.dumps({{
    "metric": find('metrics."val loss" < 0.4 and tags.kind = "test"'),
    "order": find("tags.kind LIKE 'te%'", order_by=["metrics.`val loss` DESC"]),
    "case": [find("tags.kind LIKE 'child'"), len(find("tags.kind ILIKE 'child'"))],
    "param": find("params.i IN ('0', '2') AND attributes.status = 'FINISHED'", order_by=["attributes.run_name"]),
    "none": len(find("tags.kind IS NULL")),
    "killed": [r.info.run_id for r in client.search_runs([parent.info.experiment_id], "attr.status = 'KILLED'")]
        == [child.info.run_id],
    "parent": child.data.tags.get("mlflow.parentRunId") == parent.info.run_id,
    "children": find(f"tags.mlflow.parentRunId = '{{parent.info.run_id}}'") == [child.info.run_name],
    "history": [m.value for m in client.get_metric_history(run.info.run_id, "val loss")],
    "pages": len(client.search_runs([parent.info.experiment_id], max_results=2).token),
    "files": [f.path for f in client.list_artifacts(run.info.run_id, "notes")],
    "text": open(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="notes/a.txt")).read(),
}}))
for bad in ("metrics.a LIKE 'x'", "nonsense.a = 1", "tags.a = ", "tags.a = 'x' OR tags.b = 'y'"):
    try:
        find(bad)
        print("ACCEPTED", bad)
    except MlflowException as error:
        assert error.error_code == "INVALID_PARAMETER_VALUE", error
client.delete_run(child.info.run_id)
assert len(find("")) == 4, find("")
client.restore_run(child.info.run_id)
assert len(find("")) == 5
client.delete_tag(run.info.run_id, "kind")
assert "kind" not in client.get_run(run.info.run_id).data.tags
try:
    client.get_run("0" * 32)
except MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error
assert client.get_experiment_by_name("never-made") is None
made = client.create_experiment("made-" + {experiment!r}, tags={{"team": "a b"}})
client.set_experiment_tag(made, "more", "x")
(found,) = client.search_experiments(filter_string="tags.team = 'a b' AND name LIKE 'made-{experiment}'")
assert (found.experiment_id, found.tags["more"]) == (made, "x")
client.delete_experiment(made)
assert client.get_experiment(made).lifecycle_stage == "deleted"
"""


def check_outside(machine: Machine, python: Path, folder: Path, experiment: str, set_uri: str, **env: str):
    done = outside(machine, python, OUTSIDE.format(experiment=experiment, set_uri=set_uri), folder, **env)
    (run_id,), (seen,) = lines(done, "RUN"), lines(done, "SEEN")
    assert "ACCEPTED" not in done.stdout
    assert json.loads(seen) == {
        "metric": ["r2"],
        "order": ["r0", "r1", "r2"],
        "case": [[], 1],
        "param": ["r0", "r2"],
        "none": 1,
        "killed": True,
        "parent": True,
        "children": True,
        "history": [1 / 3 - step / 100 for step in range(4)],
        "pages": 1,
        "files": ["notes/a.txt"],
        "text": "text 2",
    }
    as_sdk = machine.sdk(
        f"""
import json
from azureml.core import Experiment, Run, Workspace
run = Run(Experiment(Workspace.from_config(path='.azureml'), {experiment!r}), {run_id!r})
run.log('from the SDK', 7)
run.flush()
run.tag('by', 'sdk')
print(json.dumps([run.get_status(), len(run.get_metrics()['val loss']), run.get_file_names()]))
""",
        cwd=folder,
    )
    assert as_sdk.returncode == 0, as_sdk.stderr
    assert json.loads(as_sdk.stdout.splitlines()[-1]) == ["Completed", 4, ["notes/a.txt"]]
    back = outside(
        machine,
        python,
        f"import mlflow\n{set_uri}\nrun = mlflow.get_run({run_id!r})\n"
        "print('BACK', run.data.metrics['from the SDK'], run.data.tags['by'])",
        folder,
        **env,
    )
    assert lines(back, "BACK") == ["7.0 sdk"]


WITH_WORKSPACE = (
    "from azureml.core import Workspace\n"
    "mlflow.set_tracking_uri(Workspace.from_config(path='.azureml').get_mlflow_tracking_uri())"
)


@pytest.mark.slow
def test_azureml_mlflow_from_outside(shared_machine: Machine, project: Project, azure: Path):
    check_outside(shared_machine, azure, project(), "with-azureml-mlflow", WITH_WORKSPACE)


def test_plain_mlflow_from_outside(shared_machine: Machine, project: Project, plain: Path):
    check_outside(shared_machine, plain, project(), "with-mlflow", "", **plain_variables(shared_machine))


def test_a_model_that_mlflow_logs_is_with_its_run_and_can_be_loaded(
    shared_machine: Machine, project: Project, plain: Path
):
    script = """
import mlflow
from mlflow.models import Model
class Flavor:
    @staticmethod
    def save_model(path, mlflow_model, **kwargs):
        import os
        os.makedirs(path)
        open(os.path.join(path, "weights.txt"), "w").write("1 2 3")
        mlflow_model.save(os.path.join(path, "MLmodel"))
mlflow.set_experiment("models")
with mlflow.start_run() as run:
    info = Model.log(name="mine", artifact_path=None, flavor=Flavor, flavor_name="mine")
model = mlflow.get_logged_model(info.model_id)
assert str(model.status) in ("LoggedModelStatus.READY", "READY"), model.status
path = mlflow.artifacts.download_artifacts(info.model_uri)
print("WEIGHTS", open(path.rstrip("/") + "/weights.txt").read())
print("OUTPUTS", mlflow.get_run(run.info.run_id).outputs.model_outputs[0].model_id == info.model_id)
"""
    done = outside(shared_machine, plain, script, project(), **plain_variables(shared_machine))

    assert lines(done, "WEIGHTS") == ["1 2 3"]
    assert lines(done, "OUTPUTS") == ["True"]


@pytest.mark.slow
def test_the_artifacts_of_mlflow_1(shared_machine: Machine, project: Project, first: Path):
    script = """
import mlflow
from mlflow.tracking import MlflowClient
mlflow.set_experiment("first")
with mlflow.start_run() as run:
    mlflow.log_text("1 2 3", "deep/weights.txt")
client = MlflowClient()
print("LISTED", [file.path for file in client.list_artifacts(run.info.run_id, "deep")])
print("WEIGHTS", open(client.download_artifacts(run.info.run_id, "deep/weights.txt")).read())
"""
    done = outside(shared_machine, first, script, project(), **plain_variables(shared_machine))

    assert lines(done, "LISTED") == ["['deep/weights.txt']"]
    assert lines(done, "WEIGHTS") == ["1 2 3"]


def test_what_is_not_there_is_refused_by_name_in_mlflows_form(shared_machine: Machine):
    from tests.workspace.client import Workspace

    workspace = Workspace(shared_machine.state)
    root = "/mlflow/v2.0{S}/api/2.0/mlflow"

    unknown = workspace.post(f"{root}/traces/search", {})
    shapeless = workspace.post(f"{root}/runs/log-metric", {"run_id": 1})
    outward = workspace.get("/mlflow/v1.0{S}/api/2.0/mlflow-artifacts/artifacts?path=none/../x")
    stranger = workspace.get(f"{root}/runs/get?run_id=x", token=None)

    assert (unknown.status, unknown.json()["error_code"]) == (501, "NOT_IMPLEMENTED")
    assert "POST /api/2.0/mlflow/traces/search" in unknown.json()["message"]
    assert (shapeless.status, shapeless.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert outward.status == 400
    assert stranger.status == 401


TWICE = """
import mlflow
{set_uri}
mlflow.set_experiment("twice")
with mlflow.start_run() as run:
    mlflow.log_text("first", "notes/a.txt")
    open("a.txt", "w").write("second" * 200_000)
    for log in (lambda: mlflow.log_text("second", "notes/a.txt"), lambda: mlflow.log_artifact("a.txt", "notes")):
        try:
            log()
        except Exception as error:
            print("REFUSED", "Resource Conflict: ArtifactId" in str(error))
    mlflow.log_text("other", "notes/b.txt")
print("TEXT", open(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="notes/a.txt")).read())
"""


@pytest.mark.slow
@pytest.mark.parametrize("client", ["azure", "plain"])
def test_an_artifact_that_is_logged_twice_is_refused_and_the_first_stays(
    shared_machine: Machine, project: Project, client: str, request: pytest.FixtureRequest
):
    python = request.getfixturevalue(client)
    set_uri = WITH_WORKSPACE if client == "azure" else ""
    variables = {} if client == "azure" else plain_variables(shared_machine)
    done = outside(shared_machine, python, TWICE.format(set_uri=set_uri), project(), **variables)

    assert lines(done, "REFUSED") == ["True", "True"]
    assert lines(done, "TEXT") == ["first"]
