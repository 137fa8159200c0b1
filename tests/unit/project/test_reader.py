"""What is read of a project without running it, and the one line that says what cannot be read."""

from pathlib import Path
from textwrap import dedent

import pytest

from scaffold import words
from scaffold.errors import ProjectError
from scaffold.generate import Answers, generate
from scaffold.project.config import find_workspace_config, read_workspace_config
from scaffold.project.model import Constants
from scaffold.project.reader import find_project
from scaffold.project.subject import Subject

CONFIG = """\
{
  "subscription_id": "11111111-2222-3333-4444-555555555555",
  "resource_group": "rg",
  "workspace_name": "ws"
}
"""

# The tutorial's script, as people have it; the constants file names the target and the experiment only.
TUTORIAL = """\
import os
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
import constants

def run_experiment():
    config_path = os.path.join(os.path.dirname(os.path.realpath(__file__)), '.azureml')
    ws = Workspace.from_config(path=config_path)
    here = os.path.dirname(os.path.realpath(__file__))
    config = ScriptRunConfig(source_directory=os.path.join(here, 'Experiment_1'), script='experiment_1.py',
                             compute_target=constants.TARGET_NAME)
    requirements = os.path.join(here, 'requirements.txt')
    env = Environment.from_pip_requirements(name='env-2', file_path=requirements)
    config.run_config.environment = env
    run = Experiment(ws, constants.EXPERIMENT_NAME).submit(config)
    print(run.get_portal_url())

if __name__ == '__main__':
    run_experiment()
"""

PROJECT = {
    ".azureml/config.json": CONFIG,
    "Experiment_1/experiment_1.py": "print('hello')\n",
    "constants.py": "TARGET_NAME = 'cpu'\nEXPERIMENT_NAME = 'Experiment_1'\n",
    "requirements.txt": "numpy\n",
    "run_experiment.py": TUTORIAL,
}


def write(root: Path, changes: dict[str, str | bytes | None] | None = None) -> Path:
    """The tutorial's project with some files changed, or left out where the text is None."""
    for name, text in {**PROJECT, **(changes or {})}.items():
        if text is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def wrong(root: Path) -> tuple[str, str]:
    with pytest.raises(ProjectError) as caught:
        Subject(root).project()
    assert "\n" not in caught.value.message + caught.value.hint
    assert caught.value.hint.endswith(".")
    return caught.value.message, caught.value.hint


def runner(lines: str) -> str:
    head = "import os\nfrom pathlib import Path\nimport constants\nfrom azureml.core import *\n"
    return head + dedent(lines)


# Finding it


@pytest.mark.parametrize(
    "start", [".", "Experiment_1", "Experiment_1/deep/er", ".azureml", "run_experiment.py", "Experiment_1/.."]
)
def test_found_from_anywhere_inside(tmp_path, start):
    write(tmp_path)
    (tmp_path / "Experiment_1/deep/er").mkdir(parents=True)
    assert find_project(tmp_path / start) == tmp_path


def test_found_from_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(write(tmp_path) / "Experiment_1")
    assert find_project(Path()) == tmp_path


@pytest.mark.parametrize("missing", [".azureml/config.json", "constants.py"])
def test_one_file_beside_the_runner_is_enough_to_be_found(tmp_path, missing):
    assert find_project(write(tmp_path, {missing: None})) == tmp_path


def test_nothing_to_find(tmp_path):
    write(tmp_path / "no", {"run_experiment.py": None})
    with pytest.raises(ProjectError) as caught:
        find_project(tmp_path / "no" / "Experiment_1")
    assert caught.value.message == (
        f"{tmp_path / 'no' / 'Experiment_1'}: no project here or above "
        "(run_experiment.py beside .azureml/config.json or constants.py)."
    )
    assert "scaffold new" in caught.value.hint
    assert caught.value.exit_code == 3
    with pytest.raises(ProjectError, match="there is no such folder"):
        find_project(tmp_path / "gone")


@pytest.mark.parametrize("connected", [True, False])
def test_a_script_of_another_name_is_told_how_to_be_submitted(tmp_path, connected):
    script = "from azureml.core import ScriptRunConfig\nScriptRunConfig('src')\n"
    write(tmp_path, {"run_experiment.py": None, "constants.py": None, "my submit.py": script})
    if not connected:
        (tmp_path / ".azureml" / "config.json").unlink()

    with pytest.raises(ProjectError) as caught:
        find_project(tmp_path)

    assert words.typed("scaffold", "submit", str(tmp_path / "my submit.py")) in caught.value.hint
    assert ("workspace connect --local" in caught.value.hint) is not connected


# What is read


def test_the_tutorials_project(tmp_path):
    project = Subject(write(tmp_path)).project()
    assert project.root == tmp_path
    assert project.runner == tmp_path / "run_experiment.py"
    assert project.source_directory == tmp_path / "Experiment_1"
    assert project.script == tmp_path / "Experiment_1/experiment_1.py"
    assert project.specification == tmp_path / "requirements.txt"
    assert project.specification_kind == "pip"
    assert project.constants.target_name == "cpu"
    assert project.constants.experiment_name == "Experiment_1"
    assert project.constants.python_version is None
    assert project.config.resource_group == "rg"
    assert project.config.tenant_id is None
    assert not project.config.is_local


def test_the_tutorials_conda_project(tmp_path):
    text = TUTORIAL.replace("from_pip_requirements", "from_conda_specification")
    text = text.replace("'requirements.txt'", "'conda.txt'")
    spec = "name: x\ndependencies: [python=3.11, {pip: [numpy]}]\n"
    project = Subject(write(tmp_path, {"run_experiment.py": text, "conda.txt": spec})).project()
    assert (project.specification, project.specification_kind) == (tmp_path / "conda.txt", "conda")


@pytest.mark.parametrize("kind, file", [("pip", "requirements.txt"), ("conda", "environment.yml")])
def test_a_new_project(tmp_path, kind, file):
    root = generate(Answers(environment_kind=kind), tmp_path).path
    project = Subject(root).project()
    assert project.script == root / "Experiment_1/experiment_1.py"
    assert (project.specification, project.specification_kind) == (root / file, kind)
    assert project.constants.python_version == "3.11"
    assert project.constants.values["ARGUMENTS"] == ["--steps", "20", "--learning-rate", "0.1"]
    assert project.config.is_local
    assert project.config.path == root / ".azureml/config.json"


def test_nothing_is_executed(tmp_path):
    bomb = "raise SystemExit('executed')\n"
    changes = {
        "constants.py": bomb + PROJECT["constants.py"],
        "run_experiment.py": bomb + TUTORIAL,
        "Experiment_1/experiment_1.py": bomb,
    }
    assert Subject(write(tmp_path, changes)).project().script is not None


def test_constants_as_people_write_them(tmp_path):
    text = """\
        import os
        A = "a"
        B: str = A
        C = D = "c"
        E = A + "-" + C
        F = f"{A}/{E}"
        G = ["--n", 1, -2.5, *[]]
        H = ["--n", 1, -2.5] + [A]
        I = os.environ["HOME"]
        J = ("x", None, True, {"k": [A]})
        K = "k"
        if os.name == "nt":
            K = "windows"
        L, M = "l", "m"
        N = f"{A:>10}"
        K2 = K
        O = "first"
        O = "second"
    """
    files = {"constants.py": PROJECT["constants.py"] + dedent(text)}
    constants = Subject(write(tmp_path, files)).project().constants
    assert dict(constants.values) == {
        "TARGET_NAME": "cpu",
        "EXPERIMENT_NAME": "Experiment_1",
        "A": "a",
        "B": "a",
        "C": "c",
        "D": "c",
        "E": "a-c",
        "F": "a/a-c",
        "H": ["--n", 1, -2.5, "a"],
        "J": ("x", None, True, {"k": ["a"]}),
        "O": "second",
    }
    assert constants.unknown == {"os", "G", "I", "K", "K2", "L", "M", "N"}
    assert constants.lines["O"] == 20


@pytest.mark.parametrize(
    "lines",
    [
        "ScriptRunConfig('Experiment_1', 'experiment_1.py')",
        "ScriptRunConfig(source_directory='./Experiment_1', script='experiment_1.py')",
        "ScriptRunConfig(Path(__file__).parent / 'Experiment_1', script='experiment_1.py')",
        "ScriptRunConfig(str(Path(__file__).resolve().parent.joinpath('Experiment_1')), 'experiment_1.py')",
        "HERE = Path(__file__).parent\nScriptRunConfig(HERE / constants.EXPERIMENT_NAME, 'experiment_1.py')",
        "from os.path import join\nScriptRunConfig(join(Path(__file__).parent, 'Experiment_1'), 'experiment_1.py')",
        "import constants as c\nScriptRunConfig(c.EXPERIMENT_NAME, c.EXPERIMENT_NAME + '/../experiment_1.py')",
        "from constants import EXPERIMENT_NAME as E\nScriptRunConfig(f'{E}', 'experiment_1.py')",
        "from constants import *\nScriptRunConfig(EXPERIMENT_NAME, 'experiment_1.py')",
        "import azureml.core as a\na.ScriptRunConfig('Experiment_1', 'experiment_1.py')",
    ],
)
def test_ways_to_name_the_script(tmp_path, lines):
    project = Subject(write(tmp_path, {"run_experiment.py": runner(lines)})).project()
    assert project.source_directory == tmp_path / "Experiment_1"
    assert project.script == tmp_path / "Experiment_1/experiment_1.py"
    assert (project.specification, project.specification_kind) == (None, None)


@pytest.mark.parametrize(
    "lines",
    [
        "ScriptRunConfig(os.environ['SOURCE'], 'gone.py')",
        "def go(folder):\n    ScriptRunConfig(folder, 'gone.py')",
        "for folder in 'ab':\n    ScriptRunConfig(folder, 'gone.py')",
        "folder = 'gone'\nfolder = folder + 'x'\nScriptRunConfig(folder, 'gone.py')",
        "ScriptRunConfig(*arguments)",
        "ScriptRunConfig(**arguments)",
        "ScriptRunConfig(source_directory=folder())",
        "folder = folder\nScriptRunConfig(folder, 'gone.py')",
        "ScriptRunConfig(os.path.join(1), 'gone.py')",
        "ScriptRunConfig('gone', 'gone.py')\nScriptRunConfig('gone2', 'gone.py')",
        "Estimator('gone')",
        "pass",
    ],
)
def test_what_is_computed_is_not_checked(tmp_path, lines):
    project = Subject(write(tmp_path, {"run_experiment.py": runner(lines)})).project()
    assert (project.source_directory, project.script) == (None, None)


def test_a_command_has_no_script(tmp_path):
    text = runner("ScriptRunConfig('Experiment_1', command=['echo', 'hi'])")
    project = Subject(write(tmp_path, {"run_experiment.py": text})).project()
    assert (project.source_directory, project.script) == (tmp_path / "Experiment_1", None)


def test_two_specifications_to_choose_from_are_not_checked(tmp_path):
    text = runner(
        "Environment.from_pip_requirements('a', 'a.txt')\nEnvironment.from_pip_requirements('b', 'b.txt')"
    )
    assert Subject(write(tmp_path, {"run_experiment.py": text})).project().specification is None


def test_without_constants_when_nothing_imports_them(tmp_path):
    text = "ScriptRunConfig('Experiment_1', 'experiment_1.py')\n"
    project = Subject(write(tmp_path, {"constants.py": None, "run_experiment.py": text})).project()
    assert project.constants == Constants()


def test_constants_that_come_from_elsewhere_are_unknown(tmp_path):
    changes = {"constants.py": "from settings import *\nEXPERIMENT_NAME = 'Experiment_1'\n"}
    assert Subject(write(tmp_path, changes)).project().constants.target_name is None


def test_warnings_about_the_projects_code_are_not_ours_to_print(tmp_path, recwarn):
    write(tmp_path, {"Experiment_1/experiment_1.py": "x = '\\d'\nassert (x, 'always')\n"})
    Subject(tmp_path).project()
    assert list(recwarn) == []


# What cannot be read


def test_what_is_wrong_elsewhere_is_for_the_rules(tmp_path):
    changes = {"constants.py": "TARGET_NAME = 3\nEXPERIMENT_NAME = ''\n", "requirements.txt": "numpy=1\n"}
    assert Subject(write(tmp_path, changes)).project().constants.target_name is None


UNREADABLE = {
    "no runner": ({"run_experiment.py": None}, "run_experiment.py: there is no such file."),
    "runner is a folder": (
        {"run_experiment.py": None, "run_experiment.py/x": ""},
        "run_experiment.py: cannot be read: Is a directory.",
    ),
    "constants do not parse": (
        {"constants.py": "A = 1\n B = 2\n"},
        "constants.py:2: not valid Python: unexpected indent.",
    ),
    "no config": (
        {".azureml/config.json": None},
        ".azureml/config.json: there is no such file, so the project points at no workspace.",
    ),
}


@pytest.mark.parametrize("changes, message", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read(tmp_path, changes, message):
    assert wrong(write(tmp_path, changes))[0] == message


def test_constants_that_are_not_utf8(tmp_path):
    message, _ = wrong(write(tmp_path, {"constants.py": b"A = 1\nB = '\xe9'\n"}))
    assert message.startswith("constants.py:")
    assert "not valid Python: (unicode error) 'utf-8' codec can't decode byte 0xe9" in message


# config.json where the SDK looks


@pytest.mark.parametrize("place", ["aml_config/config.json", "config.json", ".azureml/project.json"])
def test_config_in_the_other_places(tmp_path, place):
    write(tmp_path, {".azureml/config.json": None, place: CONFIG})
    assert Subject(tmp_path).project().config.path == tmp_path / place


def test_config_in_a_folder_above(tmp_path):
    write(tmp_path / "projects" / "exp", {".azureml/config.json": None})
    write(tmp_path)
    assert Subject(tmp_path / "projects" / "exp").project().config.path == tmp_path / ".azureml/config.json"
    (tmp_path / ".azureml/config.json").write_text("{")
    assert wrong(tmp_path / "projects" / "exp")[0].startswith("../../.azureml/config.json:1: not JSON")


def test_the_nearer_kind_of_place_wins_as_in_the_sdk(tmp_path):
    root = write(tmp_path / "exp", {".azureml/config.json": None, "config.json": CONFIG})
    write(tmp_path)
    assert find_workspace_config(root).path == tmp_path / ".azureml/config.json"


def test_the_older_form_of_config(tmp_path):
    scope = (
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg2/providers"
        "/Microsoft.MachineLearningServices/workspaces/ws2"
    )
    write(tmp_path, {".azureml/config.json": f'{{"Id": null, "Scope": "{scope}"}}'})
    config = Subject(tmp_path).project().config
    assert (config.resource_group, config.workspace_name) == ("rg2", "ws2")


def test_a_tenant_that_is_named(tmp_path):
    write(tmp_path, {".azureml/config.json": CONFIG.replace('"ws"', '"ws", "tenant_id": "t"')})
    assert Subject(tmp_path).project().config.tenant_id == "t"


def test_a_config_read_by_itself_is_named_as_it_was_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError) as caught:
        read_workspace_config(Path("down/config.json"))
    assert caught.value.message == f"{Path('down/config.json')}: there is no such file."
