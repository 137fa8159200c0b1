"""What the template renders to, for scaffold and for the bare cookiecutter command alike."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import scaffold
from scaffold.generate import FLAGS, Answers, generate, template_folder
from scaffold.project import job_file
from scaffold.project.check import examine
from scaffold.project.job_reader import read_job
from scaffold.project.names import CHECKS
from scaffold.project.subject import Subject
from tests.unit.project.trees import TODAY

REPOSITORY = Path(__file__).resolve().parents[2]
TEMPLATE = REPOSITORY / "template"
BIN = Path(sys.executable).parent

AZURE = {
    "subscription_id": "11111111-2222-3333-4444-555555555555",
    "resource_group": "größe_(1)",
    "workspace_name": "my-workspace",
    "tenant_id": "99999999-2222-3333-4444-555555555555",
}

# Every value of every choice at least once; not every pair.
MATRIX = [
    {},
    {"environment_kind": "conda"},
    {"sdk": "both", "python_version": "3.13"},
    {"sdk": "both", "environment_kind": "conda", "compute_target": "local"},
    {"sdk": "v2"},
    {"sdk": "v2", "environment_kind": "conda", "python_version": "3.13"},
    {"environment_kind": "conda", "python_version": "3.8", **AZURE},
    {"python_version": "3.13.1", **AZURE, "tenant_id": ""},
    {
        "project_slug": "A.b_c-1",
        "experiment_name": "0" * 255,
        "script_name": "_-.py".replace(".", "a.", 1),
        "compute_target": "local",
        "environment_name": "1.10",
    },
    {"project_slug": "AzureML-demo", "experiment_name": "null", "environment_name": "true"},
]


def tree(root: Path) -> dict[str, bytes]:
    """Every file of a folder, hidden ones too."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def rendered(tmp_path: Path, answers: dict[str, str]) -> tuple[Answers, dict[str, bytes]]:
    wanted = Answers(**answers)
    return wanted, tree(generate(wanted, tmp_path).path)


def cookiecutter(folder: Path, *answers: str, template: Path = TEMPLATE) -> subprocess.CompletedProcess[str]:
    home = folder / "home"
    (folder / "out").mkdir(parents=True)
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "USERPROFILE": str(home), "PYTHONUTF8": "1"}
    command = [BIN / "cookiecutter", template, "--no-input", "-o", folder / "out", *answers]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("answers", MATRIX)
def test_the_files_are_exactly_these(tmp_path, answers):
    wanted, files = rendered(tmp_path, answers)
    assert set(files) == {
        ".azureml/config.json",
        ".gitignore",
        ".scaffold.json",
        "README.md",
        "constants.py",
        "environment.yml",
        "requirements.txt",
        "run_experiment.py",
        f"{wanted.experiment_name}/.amlignore",
        f"{wanted.experiment_name}/{wanted.script_name}",
    } | (set() if wanted.sdk == "v1" else {"job.yml", "run_experiment_v2.py"})


@pytest.mark.parametrize("answers", MATRIX)
def test_cookiecutter_renders_the_same_bytes(tmp_path, answers):
    wanted, files = rendered(tmp_path / "ours", answers)
    done = cookiecutter(tmp_path / "theirs", *(f"{name}={value}" for name, value in answers.items()))
    assert done.returncode == 0, done.stderr
    theirs = tmp_path / "theirs" / "out"
    assert [path.name for path in theirs.iterdir()] == [wanted.project_slug]
    assert tree(theirs / wanted.project_slug) == files


@pytest.mark.parametrize("answers", MATRIX)
def test_every_file_is_text_with_unix_line_ends_and_nothing_left_to_render(tmp_path, answers):
    for name, data in rendered(tmp_path, answers)[1].items():
        text = data.decode("utf-8")
        assert not re.search(r"\{\{|\}\}|\{%|%\}|cookiecutter", text), name
        assert "\r" not in text, name
        assert text.endswith("\n") and not text.endswith("\n\n"), name
        assert not re.search(r"[ \t]$", text, re.MULTILINE), name


@pytest.mark.parametrize("answers", MATRIX)
def test_the_python_files_compile_from_3_8_on(tmp_path, answers):
    for name, data in rendered(tmp_path, answers)[1].items():
        if name.endswith(".py"):
            ast.parse(data, feature_version=(3, 8))
            compile(data, name, "exec")


@pytest.mark.parametrize("answers", MATRIX)
def test_both_specifications_describe_the_same_environment(tmp_path, answers):
    wanted, files = rendered(tmp_path, answers)
    conda = yaml.safe_load(files["environment.yml"])
    assert conda["name"] == wanted.environment_name
    assert conda["channels"] == ["conda-forge"]
    python, pip, section = conda["dependencies"]
    assert python == f"python={wanted.python_version}"
    assert pip == "pip"
    lines = files["requirements.txt"].decode("ascii").splitlines()
    assert [line for line in lines if not line.startswith("#")] == section["pip"]
    if wanted.sdk == "v2":
        assert section["pip"] == ["mlflow-skinny>=2.14,<4", "azureml-mlflow>=1.57,<2"]
        return
    extra = ["standard-imghdr==3.13.0"] if int(wanted.python_version.split(".")[1]) >= 13 else []
    assert section["pip"] == ["azureml-core==1.61.0.post4", *extra]


@pytest.mark.parametrize("answers", MATRIX)
def test_the_answers_are_where_they_belong(tmp_path, answers):
    wanted, files = rendered(tmp_path, answers)
    constants: dict[str, object] = {}
    exec(files["constants.py"], constants)
    constants.pop("__builtins__")
    constants.pop("__doc__")
    assert constants == {
        "TARGET_NAME": wanted.compute_target,
        "EXPERIMENT_NAME": wanted.experiment_name,
        "SCRIPT_NAME": wanted.script_name,
        "ARGUMENTS": ["--steps", "20", "--learning-rate", "0.1"],
        "ENVIRONMENT_FILE": "environment.yml" if wanted.environment_kind == "conda" else "requirements.txt",
        "ENVIRONMENT_NAME": wanted.environment_name,
        "PYTHON_VERSION": wanted.python_version,
        **({} if wanted.sdk == "v1" else {"SDK": "v2" if wanted.sdk == "v2" else "v1"}),
    }
    workspace = {name: getattr(wanted, name) for name in AZURE if getattr(wanted, name)}
    assert json.loads(files[".azureml/config.json"]) == workspace
    assert files[".azureml/config.json"].isascii()  # the SDK opens it in the system's encoding
    record = json.loads(files[".scaffold.json"])
    assert record == {
        "template_version": scaffold.__version__,
        "answers": {name: getattr(wanted, name) for name in FLAGS},
    }


@pytest.mark.parametrize("answers", [answers for answers in MATRIX if answers.get("sdk")])
def test_job_yml_is_what_scaffold_export_writes(tmp_path, answers):
    root = generate(Answers(**answers), tmp_path).path
    exported = job_file.plan(root / "job.yml", job_file.render(read_job(Subject(root)), root / "job.yml"))
    assert exported.outcome == "unchanged", "\n".join(exported.diff())


@pytest.mark.parametrize("answers", MATRIX)
def test_check_finds_nothing(tmp_path, answers):
    found = examine(Subject(generate(Answers(**answers), tmp_path).path, today=TODAY)).findings
    assert [finding for finding in found if finding.severity == "error"] == []
    if answers.get("python_version", "3.11") != "3.8":  # which is warned of
        assert found == ()


@pytest.mark.skipif(not (BIN / "ruff").exists(), reason="ruff is not installed")
@pytest.mark.parametrize(
    ("sdk", "installed", "run"),
    [
        ("v1", {"azureml-core"}, {"run_experiment.py"}),
        ("v2", {"azure-ai-ml azure-identity"}, {"run_experiment_v2.py"}),
        (
            "both",
            {"azureml-core", "azure-ai-ml azure-identity"},
            {"run_experiment.py", "run_experiment_v2.py"},
        ),
    ],
)
def test_the_readme_says_what_the_projects_own_sdk_needs(tmp_path, sdk, installed, run):
    text = rendered(tmp_path, {"sdk": sdk})[1]["README.md"].decode()
    assert set(re.findall(r"`pip install ([^`]+)`", text)) == installed
    assert set(re.findall(r"`python (run_\w+\.py)`", text)) == run


@pytest.mark.parametrize("sdk", ["v1", "v2", "both"])
def test_the_python_files_are_clean_and_formatted(tmp_path, sdk):
    root = generate(Answers(sdk=sdk), tmp_path).path
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [BIN / "ruff", *command, "--isolated", "--no-cache"],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_runner_stays_short_and_needs_only_the_sdk(tmp_path):
    source = rendered(tmp_path, {})[1]["run_experiment.py"].decode()
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).partition(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported == {"json", "pathlib", "azureml", "constants"}
    assert len(source.splitlines()) <= 55


def test_the_runner_of_sdk_v2_stays_short_and_needs_only_its_sdk(tmp_path):
    source = rendered(tmp_path, {"sdk": "both"})[1]["run_experiment_v2.py"].decode()
    imported = set(re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE))
    assert imported == {"shlex", "pathlib", "azure", "constants"}
    assert len(source.splitlines()) <= 55


# What the SDK makes of it, in a process of its own: it is not ours to import.

SDK = """
import json, sys
sys.path.insert(0, sys.argv[1])
import constants, run_experiment
folder = sys.argv[1] + "/Experiment_1/"
from azureml._project.ignore_file import get_project_ignore_file
described = []
for constants.ENVIRONMENT_FILE in ("requirements.txt", "environment.yml"):
    environment = run_experiment.load_environment()
    dependencies = environment.python.conda_dependencies
    packages = [line for line in dependencies.pip_packages if not line.startswith("#")]
    described.append([environment.name, dependencies.get_python_version(), packages])
ignore = get_project_ignore_file(folder)
stay = ["outputs/model.json", "logs/x", ".env", "a/__pycache__/b.pyc", "my.key", "experiment_1.py.bak"]
travel = ["experiment_1.py", "data/outputs/x", ".amlignore"]
print(json.dumps([described, [ignore.is_file_excluded(folder + name) for name in stay + travel]]))
"""


def test_the_sdk_reads_both_environments_alike_and_the_ignore_file(tmp_path):
    root = generate(Answers(python_version="3.12"), tmp_path).path
    done = subprocess.run(
        [sys.executable, "-c", SDK, root], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    described, excluded = json.loads(done.stdout.splitlines()[-1])
    assert described == [["my-exp-env", "3.12", ["azureml-core==1.61.0.post4"]]] * 2
    assert excluded == [True] * 6 + [False] * 3


def test_the_experiment_runs_by_itself(tmp_path):
    root = generate(Answers(), tmp_path).path
    script = root / "Experiment_1" / "experiment_1.py"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AZUREML")}
    done = subprocess.run(
        [sys.executable, script, "--steps", "5"],
        cwd=tmp_path,
        env={**environment, "HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "Experiment Executed!"
    losses = [float(lines[number + 1]) for number, line in enumerate(lines) if "loss" in line]
    assert len(losses) == 5
    assert losses == sorted(losses, reverse=True)
    assert set(json.loads((tmp_path / "outputs" / "model.json").read_text())) == {"slope", "intercept"}


# The template by itself


def test_the_templates_version_is_ours():
    variables = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    assert variables["_template_version"] == scaffold.__version__
    assert variables["_new_lines"] == "\n"
    visible = [name for name in variables if not name.startswith("_")]
    assert visible == list(FLAGS) == list(variables["__prompts__"]) == list(CHECKS)


def test_file_names_are_ones_that_windows_takes():
    for path in TEMPLATE.rglob("*"):
        assert not re.search(r'[<>:"\\|?*\x00-\x1f]', path.name), path
        assert not path.name.endswith((".", " ")), path


def test_the_hook_contains_our_rules_word_for_word():
    hook = (TEMPLATE / "hooks" / "pre_gen_project.py").read_text(encoding="utf-8")
    copied = re.search(r"\{% raw %\}\n(.*)\{% endraw %\}", hook, re.DOTALL)
    rules = (REPOSITORY / "scaffold" / "project" / "names.py").read_text(encoding="utf-8")
    assert copied[1] == rules


@pytest.mark.parametrize(
    "answer, why",
    [
        ("experiment_name=CON", "experiment_name 'CON' cannot be used: Windows reserves that name."),
        ("project_slug=a b", "project_slug 'a b' cannot be used: it must be 1 to 100 letters"),
        ('resource_group=a"b', "resource_group 'a\"b' cannot be used: it must be 1 to 90"),
    ],
)
def test_cookiecutter_refuses_what_scaffold_refuses(tmp_path, answer, why):
    done = cookiecutter(tmp_path, answer)
    assert done.returncode == 1
    assert why in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_found_in_the_checkout():
    assert template_folder() == TEMPLATE


@pytest.mark.slow
def test_found_in_an_installed_wheel_whose_files_were_compiled(tmp_path):
    def run(*command):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(BIN / "uv", "build", "--wheel", "--quiet", "--out-dir", tmp_path, REPOSITORY)
    [wheel] = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    run(BIN / "uv", "pip", "install", "--quiet", "--no-deps", "--compile-bytecode", "--target", site, wheel)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from scaffold.generate import *\n"
        "assert template_folder().parent == Path(sys.argv[1], 'scaffold'), template_folder()\n"
        "generate(Answers(), Path('out'))\n"
    )
    run(sys.executable, "-c", code, site)
    assert list(site.rglob("_template/**/*.pyc"))  # or this test would show nothing
    _, files = rendered(tmp_path / "checkout", {})
    assert tree(tmp_path / "out" / "my-exp") == files
