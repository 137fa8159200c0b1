"""Every rule finds what it is for, and leaves alone what only looks like it."""

import importlib
import os
import pkgutil
import re
from itertools import zip_longest

import pytest

from scaffold.generate import Answers, generate
from scaffold.project.check import examine, mend
from scaffold.project.named import find_subject
from scaffold.project.rules import RULES, THEMES
from tests.unit.project import rules
from tests.unit.project.trees import CONDA_RUNNER, PROJECT, TODAY, Case, check, told, write

CASES: list[Case] = [
    case
    for module in pkgutil.iter_modules(rules.__path__, f"{rules.__name__}.")
    for case in importlib.import_module(module.name).CASES
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.rule}: {case.says}" for case in CASES])
def test_a_rule(tmp_path, case):
    root = write(tmp_path / "project", case.changes)
    case.prepare(root)

    report = check(root, case.today)

    places = {"@@@": str(tmp_path), "@": str(root / "Experiment_1")}
    expected = [re.sub("@@@|@", lambda match: places[match.group()], words) for words in case.finds]
    found = told(report, case.rule)
    assert [shortened(*pair) for pair in zip_longest(found, expected, fillvalue="")] == expected
    for finding in report.findings:
        words = (finding.what, finding.why, finding.hint)
        assert all(words) and not any("\n" in text for text in words)
        assert finding.hint.endswith(".") and finding.why.endswith(".") and not finding.what.endswith(".")


def shortened(found: str, expected: str) -> str:
    """What was found, without the reason in another library's words that the case ends before."""
    return found[: len(expected)] if expected.endswith("(") else found


# These have tests of their own: one asks the resolver, the other needs a file that may not be read.
ELSEWHERE = {"environment-resolve", "snapshot-unreadable"}


@pytest.mark.parametrize("rule", [rule.id for rule in RULES if rule.id not in ELSEWHERE])
def test_every_rule_has_a_case_that_it_finds_and_one_that_it_leaves_alone(rule):
    of_it = [case for case in CASES if case.rule == rule]

    assert [case for case in of_it if case.finds]
    assert [case for case in of_it if not case.finds]


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_rule_explains_itself(rule):
    assert rule.title and not rule.title.endswith(".")
    assert rule.why.endswith(".")
    assert rule.explanation.endswith(".")


def test_the_ids_are_unique_and_begin_with_their_theme():
    assert len({rule.id for rule in RULES}) == len(RULES)
    for theme in THEMES:
        assert all(rule.id.startswith(f"{theme.name}-") for rule in theme.rules)


def test_nothing_is_found_in_the_tree_that_the_cases_change(tmp_path):
    assert told(check(write(tmp_path))) == []


# A new project


AZURE = {
    "subscription_id": "11111111-2222-3333-4444-555555555555",
    "resource_group": "größe_(1)",
    "workspace_name": "my-workspace",
}
KINDS = [
    {"python_version": version, "environment_kind": kind, **workspace}
    for version in ("3.8", "3.10.4", "3.13")
    for kind in ("pip", "conda")
    for workspace in ({}, AZURE)
]
# Each other value of an answer once.
OTHERS = [
    {},
    *({"python_version": version} for version in ("3.9", "3.11", "3.12")),
    {"experiment_name": "0" * 255, "script_name": "_-a.py", "compute_target": "local"},
    {"project_slug": "AzureML-demo", "experiment_name": "null", "environment_name": "1.10", **AZURE},
    {"tenant_id": "99999999-2222-3333-4444-555555555555", **AZURE},
]


@pytest.mark.parametrize("answers", [*KINDS, *OTHERS], ids=str)
def test_a_new_project_has_no_finding_whatever_was_answered(tmp_path, answers):
    assert told(check(generate(Answers(**answers), tmp_path).path)) == []


@pytest.mark.slow
def test_a_new_project_has_no_finding_for_any_two_answers(tmp_path):
    values = [
        (name, value)
        for answers in (*KINDS, *OTHERS)
        for name, value in answers.items()
        if name not in AZURE and name != "tenant_id"
    ]
    pairs = {((one, two), workspace) for one in values for two in values for workspace in (False, True)}
    for number, (chosen, azure) in enumerate(sorted(pairs)):
        answers = {**dict(chosen), **(AZURE if azure else {})}
        assert told(check(generate(Answers(**answers), tmp_path / str(number)).path)) == [], answers


@pytest.mark.parametrize(
    "line",
    [
        "certifi @ file:///croot/certifi_1700501669400/work/certifi",
        "certifi@file:///C:/b/abs/certifi/work",
        "certifi @ file:///a.whl ; python_version > '3'",
    ],
)
def test_what_pip_freezes_in_an_environment_of_conda_is_of_this_computer(tmp_path, line):
    report = check(write(tmp_path, {"requirements.txt": f"numpy==1.26.4\n{line}\n"}))

    [found] = report.findings
    assert (found.rule, found.line) == ("environment-local", 2)
    assert found.hint == "Write certifi==VERSION; 'pip list --format=freeze' writes such lines."


# What people have who did not make their project with scaffold


FOREIGN = {
    "everything computed": {
        "run_experiment.py": "import os, sys\nsys.path.append('..')\nfrom azureml.core import *\n"
        "for name in os.listdir():\n    Experiment(ws(), name).submit(ScriptRunConfig(name, *args()))\n",
        "constants.py": None,
    },
    "an estimator": {
        "run_experiment.py": "from azureml.core import Experiment, Workspace\n"
        "from azureml.train.estimator import Estimator\n"
        "est = Estimator('Experiment_1', entry_script='train.py', compute_target='cpu', pip_packages=['x'])\n"
        "Experiment(Workspace.from_config(), 'e').submit(est)\n",
        "constants.py": None,
    },
    "packages in the code": {
        "run_experiment.py": "from azureml.core import *\n"
        "from azureml.core.conda_dependencies import CondaDependencies\n"
        "env = Environment('e')\n"
        "env.python.conda_dependencies = CondaDependencies.create(pip_packages=packages())\n"
        "src = ScriptRunConfig('Experiment_1', 'train.py', ['--epochs', '3'], environment=env)\n"
        "src.run_config.target = 'gpu'\n"
        "Experiment(Workspace.from_config(), 'e').submit(src)\n",
        "constants.py": None,
        "Experiment_1/train.py": "import torch, my_own_package.data\n",
    },
    "a curated environment": {
        "run_experiment.py": "from azureml.core import *\n"
        "ws = Workspace.from_config()\n"
        "env = Environment.get(ws, 'AzureML-sklearn-1.5')\n"
        "Experiment(ws, 'e').submit(ScriptRunConfig('.', 'Experiment_1/train.py', environment=env))\n",
        "constants.py": None,
        "Experiment_1/train.py": "import sklearn\nfrom helpers import x\n",
        "Experiment_1/helpers.py": "x = 1\n",
    },
    "a pipeline": {
        "run_experiment.py": "from azureml.core import Experiment, Workspace\n"
        "from azureml.pipeline.core import Pipeline\n"
        "from steps import steps\n"
        "ws = Workspace.from_config()\n"
        "Experiment(ws, 'p').submit(Pipeline(ws, steps=steps))\n",
        "constants.py": "from settings import *\n",
    },
    "a folder that it makes itself": {
        "run_experiment.py": "import os, shutil\nfrom azureml.core import *\n"
        "os.makedirs('made', exist_ok=True)\nshutil.copy('train.py', 'made')\n"
        "ws = Workspace.from_config()\nExperiment(ws, 'e').submit(ScriptRunConfig('made', 'train.py'))\n",
        "constants.py": None,
    },
}


@pytest.mark.parametrize("changes", FOREIGN.values(), ids=FOREIGN)
def test_projects_that_people_wrote_themselves_are_left_alone(tmp_path, changes):
    assert told(check(write(tmp_path, changes))) == []


def test_a_script_of_another_name_is_found_and_may_be_named(tmp_path):
    root = write(tmp_path, {"run_experiment.py": None, "submit.py": PROJECT["run_experiment.py"]})

    assert find_subject(root, "scaffold check").runner.shown == "submit.py"
    assert find_subject(root / "submit.py", "scaffold check").runner.shown == "submit.py"
    assert told(check(root)) == []


def test_a_script_in_a_folder_is_started_from_the_folder_one_is_in(tmp_path, monkeypatch):
    text = (
        "from azureml.core import *\nExperiment(ws, 'e').submit(ScriptRunConfig('Experiment_1', 'gone.py'))\n"
    )
    root = write(tmp_path, {"run_experiment.py": None, "scripts/submit.py": text})
    monkeypatch.chdir(root)

    found = examine(find_subject(root / "scripts" / "submit.py", "scaffold check"))

    assert told(found) == ["error scripts/submit.py:2: there is no file Experiment_1/gone.py."]


def test_nothing_of_the_project_is_executed(tmp_path):
    bomb = "raise SystemExit('executed')\n"
    files = ("constants.py", "run_experiment.py", "Experiment_1/train.py")
    changes = {name: bomb + PROJECT[name] for name in files}
    changes["Experiment_1/setup.py"] = bomb

    assert told(check(write(tmp_path, changes))) == []


def test_checking_changes_nothing(tmp_path):
    root = write(tmp_path, {"requirements.txt": "python==3.8\nnumpy\n", "Experiment_1/a/.gitignore": "*\n"})
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}

    check(root)

    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


# Fixes


def hints(root, rule):
    return [finding.hint for finding in check(root).findings if finding.rule == rule]


def test_no_hint_asks_for_what_another_rule_refuses(tmp_path):
    root = write(tmp_path, {"Experiment_1/train.py": "import sklearn, tensorflow\n"})
    assert hints(root, "import-missing") == [
        "Add scikit-learn to requirements.txt.",
        "Add tensorflow to requirements.txt.",
    ]


def test_a_constant_that_the_script_uses_already_is_not_offered_for_another(tmp_path):
    root = write(
        tmp_path, {"constants.py": "TARGET = 'c1'\nEXPERIMENT_NAME = 'e'\nPYTHON_VERSION = '3.11'\n"}
    )
    [hint] = hints(root, "constants-missing")
    assert hint == "Add TARGET_NAME to constants.py, or use TARGET, which is there."
    (root / "constants.py").write_text("EXPERIMENT_NAME = 'e'\nSCRIPT_NAME = 's'\nPYTHON_VERSION = '3.11'\n")
    runner = (root / "run_experiment.py").read_text()
    (root / "run_experiment.py").write_text(runner.replace("'train.py'", "constants.SCRIPT_NAME"))
    assert hints(root, "constants-missing") == ["Add TARGET_NAME to constants.py."]


def test_a_file_where_a_folder_is_wanted_is_told_as_one(tmp_path):
    root = write(tmp_path, {"Experiment_1/train.py": None, "Experiment_1": "no folder"})
    [hint] = hints(root, "wiring-source")
    assert hint == "What is there is a file: rename it, or mend the name."


def test_the_python_of_a_conda_file_is_not_the_pip_file_s(tmp_path):
    pip = "name: e\ndependencies:\n- python=3.11\n- pip\n- pip:\n  - python==3.8\n"
    root = write(tmp_path, {"run_experiment.py": CONDA_RUNNER, "environment.yml": pip})
    [hint] = hints(root, "environment-python-line")
    assert hint == "Remove the line; python= among the dependencies of conda says which Python."


FIXED = {
    "a line that asks for Python": (
        {"requirements.txt": "numpy==1.26.4\npython==3.8.10\npandas==2.2.2\n"},
        {"requirements.txt": "numpy==1.26.4\npandas==2.2.2\n"},
    ),
    "with the line ends of Windows": (
        {"requirements.txt": "numpy==1.26.4\r\npython==3.8.10\r\npandas==2.2.2\r\n"},
        {"requirements.txt": "numpy==1.26.4\r\npandas==2.2.2\r\n"},
    ),
    "two of them": (
        {"requirements.txt": "python==3.8\npython>=3.8\nnumpy==1.26.4\n"},
        {"requirements.txt": "numpy==1.26.4\n"},
    ),
    "a byte order mark": (
        {"requirements.txt": b"\xef\xbb\xbfnumpy==1.26.4\n# \xc3\xa9\n"},
        {"requirements.txt": "numpy==1.26.4\n# é\n"},
    ),
    "a version that is a number": (
        {"constants.py": "A = 1\nPYTHON_VERSION = 3.10  # why\nTARGET_NAME = 'c1'\nEXPERIMENT_NAME = 'e'\n"},
        {
            "constants.py": "A = 1\nPYTHON_VERSION = \"3.10\"  # why\nTARGET_NAME = 'c1'\nEXPERIMENT_NAME = 'e'\n"
        },
    ),
    "aliases that numpy dropped, two on a line": (
        {"Experiment_1/train.py": "import numpy as np\nx = np.float(1) + np.int(2)\ny = np.str\n"},
        {"Experiment_1/train.py": "import numpy as np\nx = float(1) + int(2)\ny = str\n"},
    ),
    "lines behind a form feed": (
        {"Experiment_1/train.py": "import numpy as np\n\n\f\nA = 1\nx = np.float(1)\ny = 2\n"},
        {"Experiment_1/train.py": "import numpy as np\n\n\f\nA = 1\nx = float(1)\ny = 2\n"},
    ),
    "a requirement behind a form feed": (
        {"requirements.txt": "numpy==1.26.4\n\f\npython==3.8.10\npandas==2.2.2\n"},
        {"requirements.txt": "numpy==1.26.4\n\f\npandas==2.2.2\n"},
    ),
    "a byte order mark before a form feed": (
        {"Experiment_1/.amlignore": b"\xef\xbb\xbf*.dat\f\n*.x\n"},
        {"Experiment_1/.amlignore": "*.dat\f\n*.x\n"},
    ),
    "a virtual environment with a name that is a pattern": (
        {"Experiment_1/.amlignore": "*.x\n", "Experiment_1/[my] env!/pyvenv.cfg": "home = /usr/bin\n"},
        {"Experiment_1/.amlignore": "*.x\n/\\[my\\] env\\!/\n"},
    ),
    "a virtual environment": (
        {
            "Experiment_1/.amlignore": "/outputs/",
            "Experiment_1/env/pyvenv.cfg": "home = /usr/bin\n",
            "Experiment_1/env/lib/x.py": "",
        },
        {"Experiment_1/.amlignore": "/outputs/\n/env/\n"},
    ),
}


@pytest.mark.parametrize("before, after", FIXED.values(), ids=FIXED)
def test_a_fix(tmp_path, before, after):
    root = write(tmp_path, before)
    assert [one for one in check(root).findings if one.fix]

    for _ in range(3):
        mend(check(root).findings, root)

    assert not [one for one in check(root).findings if one.fix]
    for name, text in after.items():
        assert (root / name).read_bytes() == text.encode()
    assert not list(root.rglob("*.scaffold"))


@pytest.mark.skipif(
    os.name == "nt", reason="needs a right to make links there, and knows no executable files"
)
def test_a_fix_leaves_a_link_and_permissions_as_they_are(tmp_path):
    root = write(tmp_path, {"shared.txt": "numpy==1.26.4\npython==3.8\n"})
    (root / "shared.txt").chmod(0o750)
    (root / "requirements.txt").unlink()
    (root / "requirements.txt").symlink_to("shared.txt")

    assert mend(check(root).findings, root)

    assert (root / "requirements.txt").is_symlink()
    assert (root / "shared.txt").read_text() == "numpy==1.26.4\n"
    assert (root / "shared.txt").stat().st_mode & 0o777 == 0o750


def test_only_rules_that_say_so_have_fixes(tmp_path):
    fixable = {rule.id for rule in RULES if rule.fixable}
    for number, (before, _) in enumerate(FIXED.values()):
        found = [one for one in check(write(tmp_path / str(number), before)).findings if one.fix]
        assert found and {one.rule for one in found} <= fixable


@pytest.mark.skipif(os.name == "nt", reason="names of files cannot hold these there")
def test_names_and_lines_of_any_kind_are_told_on_one_line(tmp_path):
    root = write(
        tmp_path,
        {
            "Experiment_1/a\nb.pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n",
            "requirements.txt": "x \x1b[31m y\n",
        },
    )
    for finding in check(root, TODAY).findings:
        assert "\n" not in finding.what + finding.hint
