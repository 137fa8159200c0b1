"""Which command job of SDK v2 a project of SDK v1 is."""

from pathlib import Path

import pytest

from scaffold.generate import Answers, generate
from scaffold.project.files import FileError
from scaffold.project.job import CommandJob
from scaffold.project.job_environment import IMAGE
from scaffold.project.job_reader import read_job
from scaffold.project.subject import Subject
from tests.conftest import write_tree

HEAD = """\
from azureml.core import *
from azureml.core.conda_dependencies import CondaDependencies
ws = Workspace.from_config()
"""
TAIL = """
Experiment(ws, "trial").submit(config)
"""


def job_of(tmp_path: Path, body: str, *, tail: str = TAIL, **files: str) -> CommandJob:
    write_tree(
        tmp_path, {"src/train.py": "", **{name.replace("__", "."): text for name, text in files.items()}}
    )
    (tmp_path / "submit.py").write_text(HEAD + body + tail)
    return read_job(Subject(tmp_path, tmp_path / "submit.py"))


def refusal(tmp_path: Path, body: str, **files: str) -> str:
    with pytest.raises(FileError) as caught:
        job_of(tmp_path, body, **files)
    return caught.value.message


PLAIN = "config = ScriptRunConfig('src', 'train.py', compute_target='cpu'{})\n"


@pytest.mark.parametrize("kind", ["pip", "conda"])
def test_a_new_project(tmp_path, kind):
    root = generate(Answers(environment_kind=kind, python_version="3.12"), tmp_path).path

    job = read_job(Subject(root))

    document = job.document(root)
    environment = document.pop("environment")
    assert document == {
        "$schema": "https://azuremlschemas.azureedge.net/latest/commandJob.schema.json",
        "type": "command",
        "experiment_name": "Experiment_1",
        "code": "Experiment_1",
        "command": "python experiment_1.py --steps 20 --learning-rate 0.1",
        "compute": "azureml:cpu-cluster",
    }
    pip = {"pip": ["azureml-core==1.61.0.post4"]}
    inline = {"name": "my-exp-env", "channels": ["conda-forge"], "dependencies": ["python=3.12", "pip", pip]}
    assert environment == {"image": IMAGE, "conda_file": "environment.yml" if kind == "conda" else inline}
    assert job.sources["compute"] == "TARGET_NAME in constants.py"


def test_paths_are_told_from_where_the_file_stands(tmp_path):
    root = generate(Answers(environment_kind="conda"), tmp_path).path
    document = read_job(Subject(root)).document(root / "jobs")
    assert (document["code"], document["environment"]["conda_file"]) == (
        "../Experiment_1",
        "../environment.yml",
    )


def test_arguments_are_quoted_for_bash_but_for_places_of_data(tmp_path):
    data = "$AZUREML_DATAREFERENCE_words/x"
    job = job_of(
        tmp_path, PLAIN.format(f", arguments=['--text', 'a $b', '--rate', 0.1, '--data', '{data}', \"it's\"]")
    )
    assert job.command_line == f"""python train.py --text 'a $b' --rate 0.1 --data "{data}" 'it'"'"'s'"""


def test_a_command_in_place_of_a_script(tmp_path):
    job = job_of(
        tmp_path, "config = ScriptRunConfig('src', command='python train.py && ls', compute_target='cpu')\n"
    )
    assert (job.command_line, job.script) == ("python train.py && ls", None)


@pytest.mark.parametrize(
    ("configuration", "distribution", "instances"),
    [
        ("MpiConfiguration(2, 3)", {"type": "mpi", "process_count_per_instance": 2}, 3),
        (
            "PyTorchConfiguration(process_count=8, node_count=2)",
            {"type": "pytorch", "process_count_per_instance": 4},
            2,
        ),
        (
            "TensorflowConfiguration(worker_count=2, parameter_server_count=1)",
            {"type": "tensorflow", "worker_count": 2, "parameter_server_count": 1},
            3,
        ),
    ],
)
def test_distributions(tmp_path, configuration, distribution, instances):
    job = job_of(tmp_path, PLAIN.format(f", distributed_job_config={configuration}"))
    assert (job.distribution, job.instances) == (distribution, instances)


def test_variables_of_the_environment_and_of_the_run_configuration_however_they_are_set(tmp_path):
    body = "env = Environment('e')\nenv.environment_variables = {'A': '1', 'B': 'env'}\n"
    body += PLAIN.format(", environment=env") + "config.run_config.environment_variables['B'] = 2\n"
    body += "config.run_config.environment_variables.update({'C': 'c'})\n"
    body += "env.environment_variables['B'] = 'env again'\n"

    assert job_of(tmp_path, body).variables == {"A": "1", "B": "2", "C": "c"}


def test_tags_that_are_given_one_by_one_but_for_those_that_only_the_run_tells(tmp_path):
    tail = "run = Experiment(ws, 'trial').submit(config, tags={'kind': 'a'})\nrun.tag('team', 'blue')\n"
    tail += "run.tag('seen')\nrun.tag('score', run.get_metrics()['score'])\n"

    job = job_of(tmp_path, PLAIN.format(""), tail=tail)

    assert job.tags == {"kind": "a", "team": "blue", "seen": ""}
    assert [left.what for left in job.left] == ["a tag that only the run tells is not one of the job"]


def test_limits_variables_and_tags(tmp_path):
    body = PLAIN.format(", max_run_duration_seconds=600")
    body += "config.run_config.environment_variables = {'A': '1', 'B': 2}\n"
    job = job_of(tmp_path, body, tail="Experiment(ws, 'trial').submit(config, tags={'kind': 'a'})\n")
    document = job.document(tmp_path)
    assert document["limits"] == {"timeout": 600}
    assert document["environment_variables"] == {"A": "1", "B": "2"}
    assert document["tags"] == {"kind": "a"}


@pytest.mark.parametrize(
    "target",
    [
        "'gpu'",
        "ComputeTarget(workspace=ws, name='gpu')",
        "ws.compute_targets['gpu']",
        "AmlCompute(ws, 'gpu')",
    ],
)
def test_compute_targets_however_they_are_looked_up(tmp_path, target):
    job = job_of(
        tmp_path, f"target = {target}\nconfig = ScriptRunConfig('src', 'train.py', compute_target=target)\n"
    )
    assert job.document(tmp_path)["compute"] == "azureml:gpu"


def test_a_local_run_stays_one(tmp_path):
    job = job_of(tmp_path, "config = ScriptRunConfig('src', 'train.py', compute_target='local')\n")
    assert job.document(tmp_path)["compute"] == "local"


def test_no_compute_target_is_sdk_v1s_own(tmp_path):
    job = job_of(tmp_path, "config = ScriptRunConfig('src', 'train.py')\n")
    assert job.document(tmp_path)["compute"] == "local"
    assert job.sources["compute"] == "submit.py names no compute target: SDK v1's own, this machine"


@pytest.mark.parametrize(
    "made",
    [
        "rc = RunConfiguration()\nrc.target = 'real'\n",
        "rc = RunConfiguration()\nrc.target = ws.compute_targets['real']\n",
    ],
)
def test_a_run_configuration_counts_and_not_what_the_sdk_ignores_beside_it(tmp_path, made):
    given = "run_config=rc, compute_target='no', environment=Environment('no'), "
    given += "distributed_job_config=MpiConfiguration(node_count=2), max_run_duration_seconds=60"
    job = job_of(tmp_path, f"{made}config = ScriptRunConfig('src', 'train.py', {given})\n")
    assert (job.compute, job.distribution, job.instances, job.timeout) == ("real", {}, None, None)
    assert job.environment["conda_file"]["dependencies"] == [
        "python=3.8.13",
        "pip",
        {"pip": ["azureml-defaults"]},
    ]


def test_a_run_configuration_has_an_environment_script_and_arguments(tmp_path):
    body = "rc = RunConfiguration(script='train.py', arguments=['--a', 1])\nrc.target = 'cpu'\n"
    body += "rc.environment = Environment.get(ws, 'mine')\nconfig = ScriptRunConfig('src', run_config=rc)\n"
    job = job_of(tmp_path, body)
    assert (job.command_line, job.environment, job.compute) == (
        "python train.py --a 1",
        "azureml:mine@latest",
        "cpu",
    )


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("rc = RunConfiguration.load('.')\n", "the distribution"),
        ("rc = make()\nrc.target = 'cpu'\n", "the distribution"),
        (
            "rc = RunConfiguration(communicator='Mpi')\nrc.target = 'c'\n",
            "the distribution of the run configuration",
        ),
        (
            "rc = RunConfiguration()\nif big:\n    rc.target = 'a'\nelse:\n    rc.target = 'b'\n",
            "the compute target",
        ),
    ],
)
def test_a_run_configuration_that_may_say_anything_is_refused(tmp_path, body, what):
    said = refusal(tmp_path, f"{body}config = ScriptRunConfig('src', 'train.py', run_config=rc)\n")
    assert said.endswith(f": {what} is computed, so that only running the script tells it.")


def test_a_script_of_a_folder_that_imports_from_the_top_finds_it_as_with_sdk_v1(tmp_path):
    body = "config = ScriptRunConfig('src', 'jobs/train.py', compute_target='cpu')\n"
    write_tree(
        tmp_path,
        {"src/jobs/train.py": "from tools.mod import f\nimport helper\n", "src/tools/mod.py": "f = 1\n"},
    )
    assert job_of(tmp_path, body).variables == {"PYTHONPATH": "."}
    write_tree(
        tmp_path, {"src/jobs/train.py": "import helper, os\n", "src/jobs/helper.py": "", "src/helper.py": ""}
    )
    assert job_of(tmp_path, body).variables == {}
    write_tree(tmp_path, {"src/jobs/helper.py": "import tools.mod\n"})
    own = body + "config.run_config.environment_variables['PYTHONPATH'] = 'lib'\n"
    job = job_of(tmp_path, own)
    assert job.variables == {"PYTHONPATH": "lib"}
    assert [left.hint for left in job.left] == ["Add . to PYTHONPATH in job.yml."]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("names.append('b')\n", "environment_variables"),
        ("names['B'] = 'b'\n", "environment_variables"),
    ],
)
def test_what_is_changed_once_it_is_made_is_refused(tmp_path, more, said):
    body = PLAIN.format("") + f"names = {{'A': '1'}}\n{more}config.run_config.environment_variables = names\n"
    assert said in refusal(tmp_path, body)


# Environments


def environment_of(tmp_path: Path, made: str, **files: str):
    return job_of(tmp_path, made + PLAIN.format(", environment=env"), **files).environment


def test_registered_environments(tmp_path):
    assert environment_of(tmp_path, "env = Environment.get(ws, 'mine')\n") == "azureml:mine@latest"
    assert (
        environment_of(tmp_path, "env = Environment.get(ws, name='mine', version='3')\n") == "azureml:mine:3"
    )
    assert environment_of(tmp_path, "env = ws.environments['mine']\n") == "azureml:mine@latest"


@pytest.mark.parametrize(
    ("given", "tail"),
    [
        ("'mine', 1", ":1"),
        ("'mine', '1.2'", ":1.2"),
        ("name='mine', version=3", ":3"),
        ("'mine', None", "@latest"),
        ("'mine', label='tested'", "@tested"),
    ],
)
def test_the_version_of_a_registered_environment(tmp_path, given, tail):
    assert environment_of(tmp_path, f"env = Environment.get(ws, {given})\n") == f"azureml:mine{tail}"


def test_a_version_that_is_computed_is_not_taken_for_the_latest(tmp_path):
    made = "env = Environment.get(ws, 'mine', pick())\n" + PLAIN.format(", environment=env")
    assert "only running the script tells" in refusal(tmp_path, made)


def test_user_managed_dependencies_of_false_change_nothing(tmp_path):
    made = "env = Environment.from_conda_specification('e', 'e.yml')\nenv.python.user_managed_dependencies = {}\n"
    found = environment_of(tmp_path, made.format(False), e__yml="dependencies: [python=3.11]\n")
    assert found == {"image": IMAGE, "conda_file": tmp_path / "e.yml"}
    assert "only running" in refusal(tmp_path, made.format("pick()") + PLAIN.format(", environment=env"))


def test_an_environment_put_together_by_calls(tmp_path):
    made = (
        "env = Environment('e')\n"
        "packages = CondaDependencies.create(\n"
        "    conda_packages=['numpy=1.26'], pip_packages=['a==1'], python_version='3.10')\n"
        "packages.add_pip_package('b')\n"
        "env.python.conda_dependencies = packages\n"
    )
    assert environment_of(tmp_path, made) == {
        "image": IMAGE,
        "conda_file": {
            "name": "e",
            "channels": ["conda-forge"],
            "dependencies": ["python=3.10", "numpy=1.26", "pip", {"pip": ["a==1", "b"]}],
        },
    }


def test_what_the_sdk_puts_in_when_nobody_says_otherwise(tmp_path):
    made = "env = Environment('e')\nenv.python.conda_dependencies = CondaDependencies{}\n"
    found = environment_of(tmp_path, made.format(".create(conda_packages=['numpy'])"))["conda_file"]
    assert found["dependencies"] == ["python=3.10.18", "numpy", "pip", {"pip": ["azureml-defaults"]}]
    found = environment_of(tmp_path, made.format("()"))["conda_file"]
    assert found["dependencies"] == ["python=3.8.13", "pip", {"pip": ["azureml-defaults"]}]


def test_what_the_user_manages_is_the_image_alone(tmp_path):
    made = "env = Environment('e')\nenv.docker.base_image = 'me/image:1'\nenv.python.user_managed_dependencies = True\n"
    assert environment_of(tmp_path, made) == {"image": "me/image:1"}


def test_an_image_beside_a_specification(tmp_path):
    made = "env = Environment.from_conda_specification('e', 'e.yml')\nenv.docker.base_image = 'me/image:1'\n"
    found = environment_of(tmp_path, made, e__yml="dependencies: [python=3.11]\n")
    assert found == {"image": "me/image:1", "conda_file": tmp_path / "e.yml"}


def test_files_that_requirements_name_are_written_in_their_place(tmp_path):
    made = "env = Environment.from_pip_requirements('e', 'r.txt')\n"
    found = environment_of(
        tmp_path, made, r__txt="a==1  # why\n-r more.txt\nc==3\n", more__txt="-r r.txt\nb==2\n"
    )
    assert found["conda_file"]["dependencies"][-1] == {"pip": ["a==1", "b==2", "c==3"]}
    assert found["conda_file"]["dependencies"][0] == "python=3.8.13"  # what SDK v1 takes when nobody says


# What cannot be told without running the script is said, with its line


def test_what_is_computed_is_refused_by_its_line(tmp_path):
    said = "is computed, so that only running the script tells it."
    assert refusal(tmp_path, PLAIN.format(", arguments=make()")) == f"submit.py:4: arguments {said}"
    assert (
        refusal(tmp_path, "config = ScriptRunConfig(pick(), 'train.py')\n")
        == f"submit.py:4: source_directory {said}"
    )
    assert "only running the script tells" in refusal(
        tmp_path, "env = make()\n" + PLAIN.format(", environment=env")
    )


def test_several_configurations_are_refused(tmp_path):
    assert (
        refusal(tmp_path, PLAIN.format("") * 2)
        == "submit.py:5: it makes 2 ScriptRunConfigs, and a job is made from one."
    )
    assert (
        refusal(tmp_path, "config = 1\n")
        == "submit.py: it makes no ScriptRunConfig, and a job is made from one."
    )


def test_files_of_this_machine_do_not_travel_with_an_environment(tmp_path):
    made = "env = Environment.from_pip_requirements('e', 'r.txt')\n" + PLAIN.format(", environment=env")
    assert refusal(tmp_path, made, r__txt="-c limits.txt\n", limits__txt="").startswith(
        "r.txt:1: -c limits.txt names"
    )
