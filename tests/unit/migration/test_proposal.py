"""The whole of a migration."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from scaffold.errors import ProjectError
from scaffold.generate import Answers, generate
from scaffold.migration.proposal import Proposal, propose, write
from scaffold.project.check import examine
from scaffold.project.subject import Subject
from tests.conftest import write_tree

SUBMIT = """\
from azureml.core import Dataset, Environment, Experiment, ScriptRunConfig, Workspace
ws = Workspace.from_config()
data = Dataset.get_by_name(ws, 'd').as_named_input('d')
env = Environment.from_conda_specification('e', 'env.yml')
config = ScriptRunConfig('src', 'train.py', compute_target='cpu', environment=env)
run = Experiment(ws, 'trial').submit(config)
run.wait_for_completion(show_output=True)
run.register_model('m', 'outputs/m.pkl')
"""
TRAIN = "from azureml.core import Run\nrun = Run.get_context()\nrun.log('a', 1)\n"
CONDA = "name: e\ndependencies:\n- python=3.11  # why\n- numpy\n"


def proposal(root: Path, **files: str) -> Proposal:
    write_tree(root, {"submit.py": SUBMIT, "src/train.py": TRAIN, "env.yml": CONDA, **files})
    return propose(Subject(root, root / "submit.py"))


def after(found: Proposal) -> dict[str, str]:
    return {change.shown: change.after for change in found.changes}


def test_the_files_of_a_project_that_somebody_else_made(tmp_path):
    files = after(proposal(tmp_path))
    assert set(files) == {"src/train.py", "env.yml", "job.yml", "run_experiment_v2.py"}
    assert "mlflow.log_metric('a', 1)" in files["src/train.py"]
    assert files["env.yml"] == CONDA + "- pip\n- pip:\n    - mlflow-skinny<4\n    - azureml-mlflow<2\n"
    job = yaml.safe_load(files["job.yml"])
    assert (job["experiment_name"], job["environment"]["conda_file"]) == ("trial", "env.yml")
    assert "client.jobs.stream(job.name)" in files["run_experiment_v2.py"]
    compile(files["run_experiment_v2.py"], "run_experiment_v2.py", "exec")


def test_what_the_submitting_script_does_beyond_is_listed_with_its_line(tmp_path):
    left = {
        (note.line, note.what.partition("(")[0]) for note in proposal(tmp_path).notes if note.kind == "left"
    }
    assert left == {(3, "Dataset.get_by_name"), (3, "as_named_input"), (8, "run.register_model")}


@pytest.mark.parametrize(("imports", "path"), [("from pkg.mod import f\n", True), ("import os\n", False)])
def test_an_import_that_sdk_v1_finds_at_the_root_is_found_by_the_job(tmp_path, imports, path):
    files = {
        "submit.py": SUBMIT.replace("'train.py'", "'scripts/train.py'"),
        "src/scripts/train.py": imports + TRAIN,
        "src/pkg/mod.py": "f = 1\n",
    }
    job = next(change for change in proposal(tmp_path, **files).changes if change.path.name == "job.yml")
    assert ('"PYTHONPATH": "."' in job.after) is path


def test_what_is_of_a_compute_target_is_told_from_what_is_of_a_run(tmp_path):
    more = "cluster = ComputeTarget(ws, 'c')\ncluster.get_status()\nrun.get_status()\n"
    hints = {note.line: note.hint for note in proposal(tmp_path, **{"submit.py": SUBMIT + more}).notes}
    assert hints[10] == "client.compute.get(name)"
    assert hints[11] == "client.jobs.get(job.name).status"


def test_a_name_that_is_bound_twice_to_the_same_text_is_known(tmp_path):
    submit = (
        SUBMIT.replace("'cpu'", "target").replace("data =", "target = 'gpu'\ndata =") + "target = 'gpu'\n"
    )
    found = proposal(tmp_path, **{"submit.py": submit})
    assert yaml.safe_load(after(found)["job.yml"])["compute"] == "azureml:gpu"


def test_what_cannot_be_told_is_listed_and_the_rest_is_done(tmp_path):
    found = proposal(
        tmp_path, **{"submit.py": SUBMIT.replace("environment=env", "environment=env, arguments=ask()")}
    )
    assert ("submit.py", 5) in {(note.file, note.line) for note in found.notes}
    assert yaml.safe_load(after(found)["job.yml"])["command"] == "python train.py ${{inputs.arguments}}"


def test_an_argument_that_cannot_be_told_is_one_that_the_job_lacks(tmp_path):
    given = "['--rate', ask(), '--data', data.as_mount(), '--by', 2, *more]"
    found = proposal(
        tmp_path, **{"submit.py": SUBMIT.replace("environment=env", f"environment=env, arguments={given}")}
    )
    job = yaml.safe_load(after(found)["job.yml"])
    words = "--rate ${{inputs.rate}} --data ${{inputs.d}} --by 2 ${{inputs.arguments}}"
    assert job["command"] == f"python train.py {words}"
    assert job["inputs"] == {"d": {"type": "uri_folder", "path": "azureml:d@latest", "mode": "ro_mount"}}
    told = {note.what: note.hint for note in found.notes if note.file == "submit.py" and note.line == 5}
    hint = "Write it into job.yml, where ${{inputs.rate}} stands in its place."
    assert told["the value of --rate is computed, so that only running the script tells it"] == hint
    assert not any("as_mount" in what or "get_by_name" in what for what in told)


def test_an_environment_that_cannot_be_told_is_none_and_not_a_bare_image(tmp_path):
    submit = SUBMIT.replace("Environment.from_conda_specification('e', 'env.yml')", "make()")
    found = proposal(tmp_path, **{"submit.py": submit})
    assert "environment" not in yaml.safe_load(after(found)["job.yml"])
    why = (
        "# environment: submit.py:5: the environment is described in a way that only running the script tells"
    )
    assert why in after(found)["job.yml"].splitlines()


def test_a_compute_target_that_cannot_be_told_is_not_serverless_compute(tmp_path):
    found = proposal(tmp_path, **{"submit.py": SUBMIT.replace("'cpu'", "pick()")})
    assert yaml.safe_load(after(found)["job.yml"])["compute"] == "azureml:NAME-OF-THE-COMPUTE-TARGET"


def test_numbers_among_the_arguments_may_have_names(tmp_path):
    submit = SUBMIT.replace("environment=env", "environment=env, arguments=['--rate', rate, '--by', -1]")
    found = proposal(tmp_path, **{"submit.py": "rate = 0.8\n" + submit})
    assert yaml.safe_load(after(found)["job.yml"])["command"] == "python train.py --rate 0.8 --by -1"


def test_files_that_the_script_does_not_import_are_listed_and_stay(tmp_path):
    found = proposal(
        tmp_path, **{"src/train.py": "import helper\n", "src/helper.py": TRAIN, "src/other.py": TRAIN}
    )
    assert "src/helper.py" in after(found)
    assert "src/other.py" not in after(found)
    assert ("left", "src/other.py") in {(note.kind, note.file) for note in found.notes}


def test_a_project_without_a_configuration_is_an_error(tmp_path):
    with pytest.raises(ProjectError, match="it makes no ScriptRunConfig"):
        proposal(tmp_path, **{"submit.py": "print('nothing')\n"})


@pytest.mark.parametrize(
    "made", ["Estimator(source_directory='src')", "Pipeline(ws, steps)", "AutoMLConfig()"]
)
def test_what_else_is_submitted_is_named_with_its_line(tmp_path, made):
    name = made.partition("(")[0]
    with pytest.raises(ProjectError, match=f"submit.py:2: it makes no ScriptRunConfig but {name}"):
        proposal(tmp_path, **{"submit.py": f"x = 1\nexperiment.submit({made})\n"})


TWO = """\
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
ws = Workspace.from_config()
env = Environment.from_conda_specification('e', 'env.yml')
folder = 'first'
config = ScriptRunConfig(folder, 'train.py', environment=env, arguments=['--rate', 1])
run = Experiment(ws, 'one').submit(config)
print(run.get_metrics())
folder = 'second'
config = ScriptRunConfig(folder, 'train.py', environment=env)
config.run_config.target = 'cpu'
run = Experiment(ws, 'two').submit(config)
run.wait_for_completion()
run.register_model('m')
"""


@pytest.mark.parametrize(
    ("line", "keys", "left"),
    [
        (5, ("one", "first", "python train.py --rate 1", "local"), [7]),
        (9, ("two", "second", "python train.py", "azureml:cpu"), [13]),
    ],
)
def test_of_several_submissions_one_is_taken_by_its_line(tmp_path, line, keys, left):
    tree = {"submit.py": TWO, "first/train.py": TRAIN, "second/train.py": TRAIN, "env.yml": CONDA}
    write_tree(tmp_path, tree)
    found = propose(Subject(tmp_path, tmp_path / "submit.py", line=line))
    job = yaml.safe_load(after(found)["job.yml"])
    assert (job["experiment_name"], job["code"], job["command"], job.get("compute")) == keys
    assert [note.line for note in found.notes if note.file == "submit.py"] == left
    assert ("stream" in after(found)["run_experiment_v2.py"]) == (line == 9)


def test_several_submissions_say_how_one_is_taken(tmp_path):
    with pytest.raises(ProjectError, match="it makes 2 ScriptRunConfigs") as raised:
        proposal(tmp_path, **{"submit.py": TWO})
    assert "'scaffold migrate submit.py:5'" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("conda", "end"),
    [
        (
            "dependencies:\n  - python=3.11\n  - pip:\n      - a==1\n  - numpy",
            "  - pip:\n      - a==1\n      - mlflow-skinny<4\n      - azureml-mlflow<2\n  - numpy",
        ),
        (
            "dependencies:\n  - python=3.11\n  - pip:\n    - mlflow\n    - azureml-mlflow\n",
            "    - azureml-mlflow\n",
        ),
    ],
)
def test_conda_files_keep_their_form(tmp_path, conda, end):
    found = after(proposal(tmp_path, **{"env.yml": conda})).get("env.yml", conda)
    assert found.endswith(end)


def test_a_conda_file_in_one_line_is_left_to_the_person(tmp_path):
    found = proposal(tmp_path, **{"env.yml": "dependencies: [python=3.11]\n"})
    assert "env.yml" not in after(found)
    assert ("left", "env.yml", 1) in {(note.kind, note.file, note.line) for note in found.notes}


def test_a_new_project_has_nothing_against_it_afterwards(tmp_path):
    root = generate(Answers(), tmp_path).path
    write(propose(Subject(root)))
    assert examine(Subject(root)).findings == ()
    assert propose(Subject(root)).changes == ()


# Writing


def test_what_git_does_not_have_is_kept_beside(tmp_path):
    copies = write(proposal(tmp_path))
    assert copies == {"src/train.py": "src/train.py.bak", "env.yml": "env.yml.bak"}
    assert (tmp_path / "src" / "train.py.bak").read_text() == TRAIN


def test_what_git_has_needs_no_copy(tmp_path):
    found = proposal(tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.email=a@b", "-c", "user.name=a"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], check=True)
    assert write(found) == {}
    assert not list(tmp_path.rglob("*.bak"))


def test_a_script_that_is_a_link_out_of_the_project_stops_all_of_it(tmp_path):
    root = tmp_path / "project"
    write_tree(tmp_path, {"shared.py": TRAIN, "project/src/none": ""})
    write_tree(root, {"submit.py": SUBMIT, "env.yml": CONDA})
    (root / "src" / "train.py").symlink_to("../../shared.py")
    with pytest.raises(ProjectError, match=r"src/train\.py is a link that leads out of the project"):
        write(propose(Subject(root, root / "submit.py")))
    assert (tmp_path / "shared.py").read_text() == TRAIN
    assert sorted(path.name for path in root.iterdir()) == ["env.yml", "src", "submit.py"]


def test_a_file_that_has_changed_meanwhile_is_not_overwritten(tmp_path):
    found = proposal(tmp_path)
    (tmp_path / "src" / "train.py").write_text("changed\n")
    with pytest.raises(ProjectError, match="has changed meanwhile"):
        write(found)
    assert not (tmp_path / "job.yml").exists()


def test_the_difference_is_one_that_git_takes(tmp_path):
    found = proposal(tmp_path)
    patch = "\n".join(found.diff()) + "\n"
    done = subprocess.run(
        ["git", "apply"], cwd=tmp_path, input=patch, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {path: (tmp_path / path).read_text() for path in after(found)} == after(found)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TRAIN.replace("\n", "\r\n").encode(), b"import mlflow\r\nrun = mlflow.active_run() or"),
        (b"\xef\xbb\xbf" + TRAIN.encode(), b"\xef\xbb\xbfimport mlflow\nrun = mlflow.active_run() or"),
    ],
)
def test_line_ends_and_a_byte_order_mark_stay_as_they_are(tmp_path, before, after):
    write_tree(tmp_path, {"submit.py": SUBMIT, "src/train.py": "", "env.yml": CONDA})
    (tmp_path / "src" / "train.py").write_bytes(before)
    write(propose(Subject(tmp_path, tmp_path / "submit.py")))
    written = (tmp_path / "src" / "train.py").read_bytes()
    assert written.startswith(after)
    assert written.count(b"\n") - written.count(b"\r\n") in (0, written.count(b"\n"))


@pytest.mark.parametrize("name", ["env.yml", "requirements.txt"])
def test_a_specification_of_windows_stays_one(tmp_path, name):
    submit = SUBMIT.replace(
        "from_conda_specification('e', 'env.yml')", f"from_pip_requirements('e', '{name}')"
    )
    texts = {"env.yml": CONDA, "requirements.txt": "numpy\npandas"}
    write_tree(tmp_path, {"submit.py": SUBMIT if name == "env.yml" else submit, "src/train.py": TRAIN})
    (tmp_path / name).write_bytes(texts[name].replace("\n", "\r\n").encode())
    write(propose(Subject(tmp_path, tmp_path / "submit.py")))
    data = (tmp_path / name).read_bytes()
    assert b"mlflow-skinny<4\r\n" in data
    assert data.count(b"\n") == data.count(b"\r\n")


def test_a_job_with_line_ends_of_windows_is_replaced_like_any_other(tmp_path):
    write(proposal(tmp_path))
    job = tmp_path / "job.yml"
    job.write_bytes(job.read_bytes().replace(b"\n", b"\r\n"))
    (tmp_path / "submit.py").write_text(SUBMIT.replace("'trial'", "'another'"))
    write(propose(Subject(tmp_path, tmp_path / "submit.py")))
    assert yaml.safe_load(job.read_text())["experiment_name"] == "another"


def test_the_difference_of_a_file_without_a_last_newline_is_one_that_git_takes(tmp_path):
    found = proposal(tmp_path, **{"src/train.py": TRAIN.rstrip("\n")})
    patch = "\n".join(found.diff()) + "\n"
    git = ["git", "apply", "--check"]
    done = subprocess.run(git, cwd=tmp_path, input=patch, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_script_that_is_not_there_yet_is_listed(tmp_path):
    found = proposal(tmp_path, **{"submit.py": SUBMIT.replace("train.py", "made.py")})
    [note] = [note for note in found.notes if "made.py" in note.what]
    assert (note.kind, note.file, note.line, note.what) == ("left", "submit.py", 5, "there is no src/made.py")


def test_a_folder_that_is_not_there_yet_stops_and_says_what_to_do(tmp_path):
    submit = "import os\nos.makedirs('made')\n" + SUBMIT.replace("'src'", "'made'")
    with pytest.raises(ProjectError, match="there is no folder made") as raised:
        proposal(tmp_path, **{"submit.py": submit})
    assert raised.value.hint == "Run what makes it, or mend its name."


def test_classes_of_sdk_v1_that_the_run_imports_are_listed_however_they_are_imported(tmp_path):
    code = "from azureml.core import (\n    Dataset,\n    Run,\n)\nimport azureml.data as d\n"
    found = proposal(tmp_path, **{"src/train.py": code + "Run.get_context().log('a', 1)\n"})
    told = {note.what for note in found.notes if note.file == "src/train.py"}
    assert told == {"the run uses Dataset of SDK v1", "the run uses azureml.data of SDK v1"}


# Notebooks


def notebook(*cells: str) -> str:
    found = [
        {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": cell.splitlines(True),
        }
        for cell in cells
    ]
    return json.dumps({"cells": found, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def test_a_notebook_submits_as_a_script_does(tmp_path):
    text = notebook(
        "%load_ext watermark\n!pip list",
        "%%writefile src/train.py\n" + TRAIN,
        SUBMIT,
        "%%time\nrun.get_metrics()",
    )
    write_tree(tmp_path, {"nb.ipynb": text, "src/train.py": TRAIN, "env.yml": CONDA})
    found = propose(Subject(tmp_path, tmp_path / "nb.ipynb"))
    assert "mlflow.log_metric('a', 1)" in after(found)["src/train.py"]
    assert yaml.safe_load(after(found)["job.yml"])["experiment_name"] == "trial"
    lines = text.splitlines()
    told = {
        note.what.partition("(")[0]: lines[note.line - 1].strip()
        for note in found.notes
        if note.file == "nb.ipynb"
    }
    assert told["run.get_metrics"] == '"run.get_metrics()"'
    assert told["this cell writes train.py as it was before, over the one that is migrated"].startswith(
        '"%%writefile'
    )
