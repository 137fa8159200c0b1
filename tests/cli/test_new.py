"""``scaffold new`` as a person types it: the real command, in a process of its own."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

import scaffold
from tests.cli.typed import new, refused, session, terminal_only

CONFIG = {
    "subscription_id": "11111111-2222-3333-4444-555555555555",
    "resource_group": "rg",
    "workspace_name": "my-ws",
}

TREE = """\
{name}/
  .azureml/
    config.json
  .gitignore
  .scaffold.json
  Experiment_1/
    .amlignore
    experiment_1.py
  README.md
  constants.py
  environment.yml
  requirements.txt
  run_experiment.py
"""


@pytest.fixture
def work(tmp_path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def constants(project: Path) -> dict[str, object]:
    bound: dict[str, object] = {}
    exec((project / "constants.py").read_text(encoding="utf-8"), bound)
    return {name: value for name, value in bound.items() if name.isupper()}


# What it does


def test_a_project_and_what_to_type_next(work):
    done = new(work, "my-exp", EDITOR="ed --fast")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "  cd my-exp\n  ed --fast Experiment_1/experiment_1.py\n  scaffold submit --follow\n"
    )
    assert done.stderr == f"  ✓ Created {work / 'my-exp'} with 10 files. Next:\n"
    assert [path.name for path in work.iterdir()] == ["my-exp"]
    # Nothing in the home folder: no cookiecutter replay, no cache.
    assert [path.name for path in work.parent.iterdir()] == ["work"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX quoting")
def test_the_commands_can_be_typed_where_the_path_has_a_space(work):
    done = new(work, "my-exp", "--output-dir", "my projects/it's")
    cd, edit, submit = (shlex.split(line) for line in done.stdout.splitlines())
    assert cd == ["cd", "my projects/it's/my-exp"]
    assert (work / cd[1] / edit[-1]).is_file()
    assert submit == ["scaffold", "submit", "--follow"]


def test_outside_the_working_directory_the_path_is_absolute(work):
    (work / "a").mkdir()
    done = new(work / "a", "exp", "--output-dir", "..")
    assert done.stdout.splitlines()[0] == f"  cd {work / 'exp'}"


def test_every_answer_is_a_flag(work):
    done = new(
        *(work, "exp", "--no-input", "--experiment", "Train", "--script", "main.py"),
        *("--compute-target", "gpu-1", "--environment", "conda", "--environment-name", "env-2"),
        *("--python-version", "3.12", "--subscription-id", CONFIG["subscription_id"]),
        *("--resource-group", "rg", "--workspace-name", "my-ws"),
        *("--tenant-id", "99999999-2222-3333-4444-555555555555"),
    )
    assert done.returncode == 0, done.stderr
    project = work / "exp"
    assert (project / "Train" / "main.py").is_file()
    assert constants(project) == {
        "TARGET_NAME": "gpu-1",
        "EXPERIMENT_NAME": "Train",
        "SCRIPT_NAME": "main.py",
        "ARGUMENTS": ["--steps", "20", "--learning-rate", "0.1"],
        "ENVIRONMENT_FILE": "environment.yml",
        "ENVIRONMENT_NAME": "env-2",
        "PYTHON_VERSION": "3.12",
    }
    assert json.loads((project / ".azureml/config.json").read_text()) == {
        **CONFIG,
        "tenant_id": "99999999-2222-3333-4444-555555555555",
    }


def test_the_workspace_from_a_downloaded_file(work):
    (work.parent / "config.json").write_text(json.dumps({**CONFIG, "Scope": None, "tenant_id": None}))
    done = new(work, "exp", "--workspace-config", work.parent / "config.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((work / "exp/.azureml/config.json").read_text()) == CONFIG


def test_a_dry_run_prints_the_tree_and_writes_nothing(work):
    done = new(work, "exp", "--dry-run", "--output-dir", "a")
    assert (done.returncode, done.stdout, done.stderr) == (0, TREE.format(name="exp"), "")
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("dry_run", [False, True])
def test_json_is_one_document_and_nothing_else(work, dry_run):
    (work / "exp").mkdir()
    (work / "exp" / "constants.py").write_text("mine\n")
    done = new(work, "exp", "--json", "--force", *(["--dry-run"] if dry_run else []))
    document = json.loads(done.stdout)
    answers = document.pop("answers")
    files = document.pop("files")
    local = "00000000-0000-0000-0000-000000000000"
    assert document == {
        "path": str(work / "exp"),
        "replaced": {"constants.py": "constants.py.bak"},
        "workspace": {"subscription_id": local, "resource_group": "local", "workspace_name": "local"},
        "template_version": scaffold.__version__,
        "dry_run": dry_run,
    }
    assert answers["experiment_name"] == "Experiment_1"
    assert ".azureml/config.json" in files
    if not dry_run:
        assert json.loads((work / "exp/.scaffold.json").read_text())["answers"] == answers


def test_force_says_what_it_kept(work):
    new(work, "exp")
    (work / "exp" / "notes.md").write_text("mine\n")
    (work / "exp" / "constants.py").write_text("mine\n")
    done = new(work, "exp", "--force")
    assert done.returncode == 0
    kept = "  ! constants.py differs: the file that was there is kept as constants.py.bak"
    assert done.stderr.splitlines()[0] == kept
    assert (work / "exp" / "constants.py.bak").read_text() == "mine\n"
    assert (work / "exp" / "notes.md").read_text() == "mine\n"


# What it refuses


def test_a_name_is_needed_where_nobody_can_be_asked(work):
    wanted = ["Error: NAME is missing.", "→ Name the project, for example: scaffold new my-exp"]
    assert refused(work) == wanted
    assert refused(work, "--no-input") == wanted
    assert refused(work, "--template", "anything") == wanted


def test_a_folder_that_is_not_empty(work):
    (work / "exp").mkdir()
    (work / "exp" / "mine").write_text("")
    assert refused(work, "exp") == [
        "Error: The folder exp is not empty.",
        "→ Give the project another name, or add its files to that folder with --force.",
    ]


def test_a_name_that_is_a_path(work):
    for name in ("../x", "a/b", str(work / "x")):
        assert refused(work, name) == [
            f"Error: NAME '{name}' cannot be used: it is a path.",
            "→ Give the name alone, and the folder to make the project in with --output-dir.",
        ]


USAGE = {
    "name": (["a b"], "NAME 'a b' cannot be used: it must be 1 to 100 letters, digits, '-', '_' or '.', "),
    "experiment": (
        ["x", "--experiment", "aux"],
        "--experiment 'aux' cannot be used: Windows reserves that name.",
    ),
    "script": (["x", "--script", "a.txt"], "--script 'a.txt' cannot be used: it must be a file name"),
    "target": (["x", "--compute-target", "a_b"], "--compute-target 'a_b' cannot be used: it must be 2 to 24"),
    "kind": (["x", "--environment", "poetry"], "Invalid value for '--environment': "),
    "environment": (["x", "--environment-name", ""], "--environment-name '' cannot be used: it must be"),
    "python": (
        ["x", "--python-version", "3"],
        "--python-version '3' cannot be used: it must be a version of",
    ),
    "two workspaces": (
        ["x", "--workspace-config", "c", "--tenant-id", "t"],
        "--workspace-config and --tenant-id both name the workspace.",
    ),
    "half a workspace": (
        ["x", "--subscription-id", "s"],
        "--subscription-id 's' cannot be used: it must be a GUID",
    ),
    "a third of a workspace": (
        ["x", "--subscription-id", CONFIG["subscription_id"], "--workspace-name", "ws1"],
        "--resource-group is missing.",
    ),
    "a tenant alone": (["x", "--tenant-id", CONFIG["subscription_id"]], "--subscription-id is missing."),
    "an answer without value": (["x", "--answer", "a"], "--answer 'a' is not VARIABLE=VALUE."),
    "an answer to nothing": (
        ["x", "--answer", "licence=MIT"],
        "The template has no variable 'licence'; it has: project_slug, experiment_name, ",
    ),
    "two answers": (
        ["x", "--answer", "experiment_name=a", "--experiment", "b"],
        "experiment_name is answered twice.",
    ),
    "trust in ourselves": (["x", "--trust"], "--trust is for another template."),
    "checkout of ourselves": (["x", "--checkout", "v1"], "--checkout is for another template."),
    "a folder of ourselves": (["x", "--directory", "d"], "--directory is for another template."),
    "no template": (["x", "--template", "gone"], "There is no cookiecutter template at gone."),
    "unknown flag": (["x", "--colour", "red"], "No such option: --colour"),
}


@pytest.mark.parametrize("arguments, message", USAGE.values(), ids=USAGE)
def test_wrong_usage_is_two_lines_that_name_the_flag(work, arguments, message):
    lines = refused(work, *arguments)
    assert lines[0].startswith(f"Error: {message}")
    assert lines[1].startswith("→ ")
    assert len(lines) == 2


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "config.json: there is no such file."),
        (b"{\n'a'", "config.json:2: not JSON: Expecting property name enclosed in double quotes."),
        (b"{}", "config.json:1: subscription_id is missing."),
        (b"\xff\xfe{}", "config.json:1: starts with a byte order mark, which the SDK takes for text."),
        (b'{"subscription_id": "?", "resource_group": "a", "workspace_name": "b"}', None),
    ],
)
def test_a_workspace_config_that_cannot_be_used(work, content, message):
    path = work.parent / "config.json"
    if content is not None:
        path.write_bytes(content)
    lines = refused(work, "exp", "--workspace-config", path)
    shown = path.parent / (message or "config.json:1: subscription_id is not a GUID.")
    assert lines[0] == f"Error: --workspace-config: {shown}"
    assert len(lines) == 2


# Asking, on a terminal


@terminal_only
def test_each_answer_is_asked_for_and_asked_again_when_it_cannot_be_used(work):
    (work / "taken").mkdir()
    (work / "taken" / "file").write_text("")
    (work.parent / "config.json").write_text(json.dumps(CONFIG))
    typed = [
        "a b",
        "taken",
        "exp",
        "CON",
        "Train",
        "",
        "x",
        "gpu-1",
        "poetry",
        "conda",
        "",
        "2.7",
        "3.12",
        "v3",
        "",
    ]
    typed += ["gone.json", str(work.parent / "config.json")]
    code, seen, out = session(work, [], [f"{text}\n" for text in typed])
    assert code == 0, seen
    shown = [
        "Project name, which is also its folder [my-exp]: a b",
        "  ✗ NAME 'a b' cannot be used: it must be 1 to 100 letters, digits, '-', '_' or '.', starting with a "
        "letter or a digit.",
        "Project name, which is also its folder [my-exp]: taken",
        "  ✗ The folder taken is not empty.",
        "Project name, which is also its folder [my-exp]: exp",
        "Experiment name [Experiment_1]: CON",
        "  ✗ --experiment 'CON' cannot be used: Windows reserves that name.",
        "Experiment name [Experiment_1]: Train",
        "Script that the experiment runs [train.py]: ",
        "Compute target [cpu-cluster]: x",
        "  ✗ --compute-target 'x' cannot be used: it must be 2 to 24 letters, digits or '-', starting with a "
        "letter and not ending with '-'.",
        "Compute target [cpu-cluster]: gpu-1",
        "What describes the environment (pip or conda) [pip]: poetry",
        "  ✗ --environment 'poetry' cannot be used: it must be pip or conda.",
        "What describes the environment (pip or conda) [pip]: conda",
        "Environment name [exp-env]: ",
        "Python version of the environment [3.11]: 2.7",
        "  ✗ --python-version '2.7' cannot be used: it must be a version of Python 3 such as 3.11 or 3.11.7.",
        "Python version of the environment [3.11]: 3.12",
        "SDK that submits it (v1, v2 or both) [v1]: v3",
        "  ✗ --sdk 'v3' cannot be used: it must be v1, v2 or both.",
        "SDK that submits it (v1, v2 or both) [v1]: ",
        "Workspace: local, or the path of its config.json [local]: gone.json",
        "  ✗ --workspace-config: gone.json: there is no such file.",
        f"Workspace: local, or the path of its config.json [local]: {work.parent / 'config.json'}",
        f"  ✓ Created {work / 'exp'} with 10 files. Next:",
    ]
    assert seen.splitlines() == shown
    assert out.splitlines()[0] == "  cd exp"
    assert constants(work / "exp")["TARGET_NAME"] == "gpu-1"
    assert json.loads((work / "exp/.azureml/config.json").read_text()) == CONFIG


@terminal_only
def test_what_a_flag_answers_is_not_asked(work):
    arguments = ["exp", "--experiment", "Train", "--compute-target", "gpu", "--environment-name", "e"]
    arguments += ["--python-version", "3.12", "--json"]
    code, seen, out = session(work, arguments, ["\n", "\n", "\n", "\n"])
    assert code == 0, seen
    assert re.findall(r"^(.*) \[(.*)\]: ", seen, re.MULTILINE) == [
        ("Script that the experiment runs", "train.py"),
        ("What describes the environment (pip or conda)", "pip"),
        ("SDK that submits it (v1, v2 or both)", "v1"),
        ("Workspace: local, or the path of its config.json", "local"),
    ]
    assert json.loads(out)["answers"]["script_name"] == "train.py"


@terminal_only
def test_no_input_asks_nothing_on_a_terminal_either(work):
    code, seen, _ = session(work, ["exp", "--no-input"], [])
    assert (code, seen) == (0, f"  ✓ Created {work / 'exp'} with 10 files. Next:\n")


@terminal_only
@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_giving_up_writes_nothing(work, key):
    code, seen, out = session(work, [], ["exp\n", key])
    assert (code, out) == (130, "")
    assert list(work.iterdir()) == []
    assert "Traceback" not in seen
    assert "Error: Stopped before anything was written." in seen
