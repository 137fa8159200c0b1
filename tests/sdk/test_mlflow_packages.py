"""MLflow as it is used with scikit-learn, matplotlib and pandas: in a submitted run, from outside, and by projects."""

import json
from pathlib import Path

import pytest

from tests.conftest import Machine, Project, write_tree
from tests.sdk.calls import given
from tests.sdk.conftest import Interpreter
from tests.sdk.test_mlflow import WITH_WORKSPACE, lines, outside

pytestmark = pytest.mark.slow  # an environment with scikit-learn is put together first

IN_RUN = """
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
import mlflow, numpy, pandas
from azureml.core import Run
from sklearn.linear_model import LinearRegression

run = Run.get_context()
mlflow.autolog(log_datasets=False)
x = numpy.arange(10.0).reshape(-1, 1)
with mlflow.start_run():
    model = LinearRegression().fit(x, 2 * x.ravel())
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3])
    mlflow.log_figure(figure, "drawn/figure.png")
    mlflow.log_image(numpy.zeros((4, 4, 3), dtype="uint8"), "drawn/black.png")
    mlflow.log_table({"x": [1, 2], "y": ["a", "b"]}, "tables/one.json")
    mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"x": [1]}), name="training"), context="training")
    open("one.txt", "w").write("1")
    mlflow.log_artifacts(".", "everything")
run.log("of numpy", numpy.float64(0.5)); run.log("small", numpy.float32(0.25)); run.log("whole", numpy.int32(3))
run.log("true", numpy.bool_(True)); run.log("text", numpy.str_("t")); run.log("array", numpy.array([1, 2]))
run.log_list("list", [numpy.float64(1.5), numpy.float32(2.5)])
run.log_row("row", a=float(numpy.float64(1)), b="x")
run.log_image("figure", plot=plt)
run.log_image("axes", plot=figure)
mlflow.sklearn.save_model(model, "saved")
print("loaded", mlflow.sklearn.load_model("saved").predict([[21.0]]).round(6))
model = run.register_model("of-autolog", model_path="model")
print("registered", model.id)
"""


@pytest.fixture(scope="session")
def science(python_with: Interpreter) -> Path:
    packages = (
        "mlflow-skinny>=3",
        "azureml-mlflow",
        "azureml-core",
        "scikit-learn",
        "skops",
        "matplotlib",
        "pandas",
    )
    return python_with(*packages, "pillow", "setuptools<80")


def test_a_run_with_autolog_figures_tables_and_numbers_of_numpy(
    shared_machine: Machine, science: Path, tmp_path: Path
):
    seen = given(
        shared_machine,
        f"""
        os.makedirs("source")
        open("source/train.py", "w").write({IN_RUN!r})
        here = Environment("science")
        here.python.user_managed_dependencies = True
        here.python.interpreter_path = {str(science)!r}
        run = Experiment(ws, "autolog").submit(ScriptRunConfig(
            "source", script="train.py", compute_target="cpu-cluster", environment=here))
        run.wait_for_completion(raise_on_error=False)
        seen["log"] = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
        seen["status"], seen["metrics"] = run.get_status(), run.get_metrics()
        seen["images"] = [run.get_metrics(populate=True)[name].data[:4].hex() for name in ("figure", "axes")]
        seen["files"] = run.get_file_names()
        seen["params"] = run.get_properties()["mlflow.param.fit_intercept"]
        from azureml.core import Model
        path = Model(ws, "of-autolog").download("model")
        seen["model"] = [path, "MLmodel" in os.listdir(path), Model(ws, "of-autolog").run_id == run.id]
        seen["id"] = run.id
        """,
        cwd=tmp_path,
    )

    assert seen["status"] == "Completed", seen["log"]
    assert "loaded [42.]" in seen["log"]
    assert "registered of-autolog:1" in seen["log"]
    metrics = seen["metrics"]
    assert metrics["training_r2_score"] == pytest.approx(1.0)
    assert {name: metrics[name] for name in ("of numpy", "small", "whole", "true", "text", "array", "list", "row")} == {
        "of numpy": 0.5, "small": 0.25, "whole": 3, "true": True, "text": "t", "array": "array([1, 2])",
        "list": [1.5, 2.5], "row": {"a": 1.0, "b": "x"},
    }  # fmt: skip
    assert seen["images"] == ["89504e47"] * 2
    wanted = {"drawn/figure.png", "drawn/black.png", "tables/one.json", "everything/one.txt", "model/MLmodel"}
    assert wanted <= set(seen["files"])
    assert seen["params"] == "True"
    assert seen["model"] == ["model/model", True, True]


OUTSIDE = f"""
import json, mlflow, numpy
{WITH_WORKSPACE}
from sklearn.linear_model import LinearRegression
client, seen = mlflow.MlflowClient(), {{}}
assert mlflow.get_tracking_uri().startswith("azureml://")
mlflow.set_experiment("outside")
mlflow.sklearn.autolog()
x = numpy.arange(10.0).reshape(-1, 1)
with mlflow.start_run(run_name="fitted") as run:
    LinearRegression().fit(x, x.ravel())
registered = mlflow.register_model(f"runs:/{{run.info.run_id}}/model", "outside")
seen["predicted"] = [mlflow.pyfunc.load_model(uri).predict(numpy.array([[7.0]])).round(6).tolist()
                     for uri in (f"runs:/{{run.info.run_id}}/model", "models:/outside/1")]
experiment = client.get_experiment_by_name("outside")
(logged,) = mlflow.search_logged_models([experiment.experiment_id], output_format="list")
seen["logged"] = [logged.source_run_id == run.info.run_id, logged.name]
again = mlflow.get_run(run.info.run_id)
seen["inputs"] = [len(again.inputs.dataset_inputs) > 0, again.data.params["fit_intercept"]]
frame = mlflow.search_runs(experiment_names=["outside"], filter_string="metrics.training_score > 0.5")
seen["frame"] = [len(frame), frame["tags.mlflow.runName"][0], "params.fit_intercept" in frame.columns]
made = client.create_experiment("to-be-renamed", tags={{"kept": "1", "gone": "2"}})
client.delete_experiment_tag(made, "gone")
client.rename_experiment(made, "renamed")
client.delete_experiment(made)
client.restore_experiment(made)
found = client.get_experiment(made)
seen["renamed"] = [found.name, found.tags, found.lifecycle_stage]
print("SEEN", json.dumps(seen))
"""


def test_models_of_scikit_learn_from_outside(shared_machine: Machine, project: Project, science: Path):
    done = outside(shared_machine, science, OUTSIDE, project())

    assert json.loads(lines(done, "SEEN")[0]) == {
        "predicted": [[7.0], [7.0]],
        "logged": [True, "model"],
        "inputs": [True, "True"],
        "frame": [1, "fitted", True],
        "renamed": ["renamed", {"kept": "1"}, "active"],
    }


PROJECT = {
    "MLproject": "name: mine\nconda_env: conda.yaml\nentry_points:\n  main:\n    parameters:\n"
    "      rate: {type: float, default: 0.1}\n    command: 'python train.py {rate}'\n",
    "conda.yaml": "channels: [conda-forge]\ndependencies:\n  - python=3.11\n  - pip\n  - pip: [azureml-mlflow]\n",
    "train.py": "import mlflow, sys\nwith mlflow.start_run():\n    mlflow.log_metric('rate', float(sys.argv[1]))\n",
}


def test_a_project_of_mlflow_is_submitted_built_and_run(
    shared_machine: Machine, project: Project, science: Path
):
    folder = project()
    write_tree(folder / "work", PROJECT)
    script = f"""
import json, mlflow
{WITH_WORKSPACE}
mlflow.set_experiment("projects")
submitted = mlflow.projects.run("work", backend="azureml", parameters={{"rate": 0.25}},
                                backend_config={{"COMPUTE": "local", "USE_CONDA": True}})
submitted.wait()
run = mlflow.get_run(submitted.run_id)
print()
print("SEEN", json.dumps([submitted.get_status(), run.info.status, run.data.metrics["rate"]]))
"""
    done = outside(shared_machine, science, script, folder)

    assert json.loads(lines(done, "SEEN")[0]) == ["Completed", "FINISHED", 0.25]
