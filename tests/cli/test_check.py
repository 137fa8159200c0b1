"""``scaffold check``: what is printed where, and how it ends."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from tests.cli.test_startup import loaded_by
from tests.cli.test_submit import assert_refused
from tests.conftest import REPOSITORY, TUTORIAL_CONFIG, Machine, Project, write_tree
from tests.terminal import on_a_terminal

WARNED = {"requirements.txt": "numpy\n"}
WRONG = {"requirements.txt": "numpy\npython==3.8\n", "Experiment_1/experiment_1.py": "x = 1\nx = = 2\n"}
# Reads the specification, which the tests' usual script does not.
RUNNER = """\
import os
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
import constants
here = os.path.dirname(os.path.realpath(__file__))
ws = Workspace.from_config(path=os.path.join(here, ".azureml"))
env = Environment.from_pip_requirements("e", os.path.join(here, "requirements.txt"))
env.python.conda_dependencies.set_python_version("3.11")
config = ScriptRunConfig(os.path.join(here, "Experiment_1"), "experiment_1.py", environment=env,
                         compute_target=constants.TARGET_NAME)
Experiment(ws, constants.EXPERIMENT_NAME).submit(config)
"""


@pytest.fixture
def checked(project: Project):
    """Makes a project whose specification is read, with some files changed."""

    def make(files: dict[str, str] | None = None) -> Path:
        folder = project()
        write_tree(
            folder, {"requirements.txt": "numpy==1.26.4\n", "run_experiment.py": RUNNER, **(files or {})}
        )
        return folder

    return make


def schema(name: str):
    return fastjsonschema.compile(json.loads((REPOSITORY / "docs" / "schemas" / f"{name}.json").read_text()))


def test_nothing_found(shared_machine: Machine, checked):
    done = shared_machine.run("check", checked())

    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(
        r"Nothing found; 1 file, \d+ B would travel to the local workspace \(\.azureml/config\.json\)\.\n",
        done.stdout,
    )


def test_an_error_ends_with_3_and_each_finding_says_where_why_and_what_to_do(
    shared_machine: Machine, checked
):
    done = shared_machine.run("check", checked(WRONG))

    assert done.returncode == 3
    assert done.stdout.splitlines()[:4] == [
        "✗ Experiment_1/experiment_1.py:2: not valid Python: invalid syntax. [script-syntax]",
        "    When the script runs: Python refuses the file before its first line runs.",
        "    → Mend the line.",
        "",
    ]
    assert "✗ requirements.txt:2: 'python==3.8': Python is not a package" in done.stdout
    assert "! requirements.txt:1: numpy has no upper limit. [environment-unpinned]" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("2 errors and 1 warning; 1 file, ")
    assert "scaffold check --fix mends 1 of them" in done.stderr
    assert "\x1b" not in done.stdout


def test_warnings_end_with_0_unless_asked_otherwise(shared_machine: Machine, checked):
    folder = checked(WARNED)

    assert shared_machine.run("check", folder).returncode == 0
    assert shared_machine.run("check", folder, "--strict").returncode == 3


def test_outside_a_project_and_in_any_folder_of_one(shared_machine: Machine, checked, tmp_path: Path):
    assert shared_machine.run("check", cwd=shared_machine.root).returncode == 3
    folder = checked()
    deep = folder / "Experiment_1" / "deep"
    deep.mkdir()
    assert shared_machine.run("check", cwd=deep).returncode == 0


def test_the_experiments_folder_and_the_submitting_script_stand_for_a_project(
    shared_machine: Machine, checked
):
    root = checked({"requirements.txt": "python==3.8\n"})
    for name in ("Experiment_1", "run_experiment.py"):
        done = shared_machine.run("check", root / name)
        assert (done.returncode, "environment-python-line" in done.stdout) == (3, True), done.stdout


@pytest.mark.parametrize("name", ["Experiment_1/experiment_1.py", "constants.py", "requirements.txt", "data"])
def test_what_is_no_experiment_is_not_said_to_be_right(shared_machine: Machine, checked, name: str):
    root = checked()
    (root / "data").mkdir()

    done = shared_machine.run("check", root / name)

    assert_refused(
        done, 3, f"To take the project{'' if name == 'data' else ' that it is in'}: scaffold check"
    )
    assert done.stdout == ""


def test_a_notebook_is_read_as_a_script_is(shared_machine: Machine, tmp_path: Path):
    source = [
        "from azureml.core import Experiment, ScriptRunConfig, Workspace\n",
        "ws = Workspace.from_config()\n",
        "config = ScriptRunConfig(source_directory='src', script='train.py', compute_target='cpu')\n",
        "run = Experiment(ws, 'demo').submit(config)\n",
    ]
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    write_tree(
        tmp_path,
        {".azureml/config.json": json.dumps(TUTORIAL_CONFIG), "job.ipynb": json.dumps(notebook, indent=1)},
    )
    before = (tmp_path / "job.ipynb").read_bytes()

    for named in ([], ["job.ipynb"]):
        done = shared_machine.run("check", *named, "--fix", cwd=tmp_path)
        assert done.returncode == 3, done.stderr
        assert "job.ipynb:11: there is no folder src" in " ".join(done.stdout.split())
    assert (tmp_path / "job.ipynb").read_bytes() == before


def test_only_some_rules(shared_machine: Machine, checked):
    folder = checked(WRONG)

    def rules(*arguments: str) -> list[str]:
        found = json.loads(shared_machine.run("check", folder, "--json", *arguments).stdout)["findings"]
        return sorted(finding["rule"] for finding in found)

    every = ["environment-python-line", "environment-unpinned", "script-syntax"]
    assert rules() == every
    assert rules("--select", "script") == ["script-syntax"]
    assert rules("--select", "environment", "--ignore", "environment-unpinned") == ["environment-python-line"]
    assert rules("--ignore", "script", "--ignore", "environment") == []
    done = shared_machine.run("check", folder, "--select", "nothing")
    assert done.returncode == 2
    assert "'nothing'" in done.stderr and len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    "files", [{}, WARNED, WRONG, {".azureml/config.json": "{"}], ids=["none", "some", "more", "no config"]
)
def test_json_is_all_there_is_and_of_the_form_in_the_repository(shared_machine: Machine, checked, files):
    done = shared_machine.run("check", checked(files), "--json", "--quiet")

    document = json.loads(done.stdout)
    schema("check")(document)
    assert done.stderr == ""
    severities = [finding["severity"] for finding in document["findings"]]
    assert (document["errors"], document["warnings"]) == (
        severities.count("error"),
        severities.count("warning"),
    )
    assert done.returncode == (3 if document["errors"] else 0)


def test_the_schema_refuses_what_is_not_of_the_form(shared_machine: Machine, checked):
    document = json.loads(shared_machine.run("check", checked(WARNED), "--json").stdout)
    for change in ({"errors": -1}, {"more": 1}, {"findings": [{}]}, {"workspace": {}}):
        with pytest.raises(fastjsonschema.JsonSchemaException):
            schema("check")({**document, **change})


def test_the_snapshot_is_listed(shared_machine: Machine, checked):
    folder = checked(
        {"Experiment_1/.amlignore": "# c\n*.csv\n", "Experiment_1/a.csv": "", "Experiment_1/b/c.txt": "123"}
    )

    done = shared_machine.run("check", folder, "--snapshot")
    document = shared_machine.json("check", folder, "--snapshot")

    assert done.returncode == 0
    assert "       3 B  b/c.txt\n" in done.stdout
    assert "kept here by .amlignore:2  *.csv\n            a.csv\n" in done.stdout
    schema("check-snapshot")(document)
    assert [file["path"] for file in document["files"]] == [".amlignore", "b/c.txt", "experiment_1.py"]
    assert document["kept"] == [{"path": "a.csv", "file": ".amlignore", "line": 2, "pattern": "*.csv"}]


def test_a_snapshot_that_is_not_known_is_an_error(shared_machine: Machine, checked):
    folder = checked({"run_experiment.py": "from azureml.core import *\nScriptRunConfig(folder(), 'x.py')\n"})

    done = shared_machine.run("check", folder, "--snapshot")

    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 2


def test_the_rules_are_listed_and_explained(shared_machine: Machine):
    from scaffold.project.rules import RULES

    done = shared_machine.run("check", "--rules")
    document = shared_machine.json("check", "--rules")

    schema("check-rules")(document)
    assert [rule["id"] for rule in document] == [rule.id for rule in RULES]
    for rule in RULES:
        assert f"{rule.id}\n" in done.stdout
        assert " ".join(rule.explanation.split()) in done.stdout


def test_fix_mends_and_tells(shared_machine: Machine, checked):
    folder = checked({"requirements.txt": "numpy==1.26.4\npython==3.8\n"})

    done = shared_machine.run("check", folder, "--fix")

    assert (done.returncode, done.stderr) == (
        0,
        "  ✓ requirements.txt:2: remove the line (environment-python-line)\n",
    )
    assert (folder / "requirements.txt").read_text() == "numpy==1.26.4\n"
    again = shared_machine.json("check", folder, "--fix")
    assert again["fixed"] == []
    assert "--fix changed nothing" in shared_machine.run("check", folder, "--fix").stderr


def test_what_was_fixed_is_in_the_document(shared_machine: Machine, checked):
    document = shared_machine.json(
        "check", checked({"requirements.txt": "numpy==1.26.4\npython==3.8\n"}), "--fix"
    )

    schema("check")(document)
    assert [finding["rule"] for finding in document["fixed"]] == ["environment-python-line"]
    assert document["findings"] == []


# SARIF


def test_sarif_is_what_code_hosts_read(shared_machine: Machine, checked):
    folder = checked(WRONG)
    (folder.parent / ".git").mkdir()

    done = shared_machine.run("check", folder, "--sarif")

    document = json.loads(done.stdout)
    assert done.returncode == 3
    assert (document["version"], len(document["runs"])) == ("2.1.0", 1)
    run = document["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        check_result(result, rules, folder.parent)
    [fix] = [fix for result in run["results"] for fix in result.get("fixes", [])]
    [replacement] = fix["artifactChanges"][0]["replacements"]
    assert replacement == {
        "deletedRegion": {"startLine": 2, "startColumn": 1, "endLine": 3, "endColumn": 1},
        "insertedContent": {"text": ""},
    }


def check_result(result: dict[str, Any], rules: list[dict[str, Any]], repository: Path) -> None:
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["level"] in ("error", "warning")
    assert result["message"]["text"]
    [location] = result["locations"]
    place = location["physicalLocation"]
    # From the repository's folder, and on a line of the file.
    file = repository / place["artifactLocation"]["uri"]
    assert 1 <= place["region"]["startLine"] <= len(file.read_text().splitlines())
    assert re.fullmatch("[0-9a-f]{32}", result["partialFingerprints"]["primaryLocationLineHash"])


def test_a_fingerprint_stays_when_lines_are_added_above(shared_machine: Machine, checked):
    folder = checked(WARNED)

    def fingerprints() -> list[str]:
        document = json.loads(shared_machine.run("check", folder, "--sarif").stdout)
        return [
            result["partialFingerprints"]["primaryLocationLineHash"]
            for result in document["runs"][0]["results"]
        ]

    before = fingerprints()
    (folder / "requirements.txt").write_text("# one more line\nnumpy\n")
    assert fingerprints() == before


@pytest.mark.parametrize(
    "flags", [("--json", "--sarif"), ("--rules", "--snapshot"), ("--snapshot", "--sarif")]
)
def test_flags_that_exclude_each_other(shared_machine: Machine, flags):
    done = shared_machine.run("check", *flags)

    assert done.returncode == 2
    assert all(flag in done.stderr for flag in flags)


# The terminal


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")
@pytest.mark.parametrize("columns", [40, 80, 120])
def test_lines_are_as_wide_as_the_terminal(shared_machine: Machine, checked, columns: int):
    said = on_a_terminal(shared_machine, columns, "check", checked(WARNED | {"constants.py": "X = 1\n"}))

    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
    assert "\x1b[31m✗" in said
    assert max(len(line) for line in plain.splitlines()) <= columns
    assert "requirements.txt:1: numpy has no upper limit." in " ".join(plain.split())


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")
def test_no_color_means_none(shared_machine: Machine, checked):
    assert "\x1b" not in on_a_terminal(shared_machine, 80, "check", checked(WARNED), NO_COLOR="1")


def test_names_with_escape_sequences_are_shown_and_not_obeyed(shared_machine: Machine, checked):
    folder = checked({"requirements.txt": "x \x1b[31m y\n"})

    done = shared_machine.run("check", folder)

    assert "\\x1b[31m" in done.stdout and "\x1b" not in done.stdout


# What it costs


def test_a_project_without_secrets_loads_neither_the_detectors_nor_anything_of_the_workspace(checked):
    loaded = loaded_by("check", str(checked()))

    assert not loaded & {
        "detect_secrets",
        "requests",
        "azureml",
        "starlette",
        "cookiecutter",
        "rich",
        "msgspec",
    }


# Asking the resolver


@pytest.mark.slow
def test_the_resolver_says_what_cannot_be_fulfilled_together(shared_machine: Machine, checked):
    folder = checked({"requirements.txt": "six==1.16.0\npython-dateutil==2.8.2\n"})
    done = shared_machine.run("check", folder, "--resolve")
    assert done.returncode == 0, done.stderr
    assert "  ✓ resolved: 2 packages for Python 3.11\n" in done.stderr

    (folder / "requirements.txt").write_text("six<1.5\npython-dateutil==2.8.2\n")
    document = json.loads(shared_machine.run("check", folder, "--resolve", "--json").stdout)
    [finding] = [one for one in document["findings"] if one["rule"] == "environment-resolve"]
    assert finding["severity"] == "error"
    assert "six" in finding["what"] and "\n" not in finding["what"]
    # Without being asked it finds nothing.
    assert shared_machine.run("check", folder).returncode == 0


def test_a_resolver_without_a_network_finds_nothing(shared_machine: Machine, checked):
    nowhere = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(shared_machine.root / "empty-cache")}
    nowhere |= {"UV_DEFAULT_INDEX": "https://127.0.0.1:9/simple", "UV_INDEX": "", "UV_FIND_LINKS": ""}
    folder = checked({"requirements.txt": "six==1.16.0\n"})

    done = shared_machine.run("check", folder, "--resolve", env=nowhere)

    assert done.returncode == 0
    assert "the resolver gave no answer" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="its pipes end in another way")
def test_a_reader_that_goes_away_is_no_fault(shared_machine: Machine):
    reader, writer = os.pipe()
    os.close(reader)
    process = shared_machine.popen("check", "--rules", stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, said = process.communicate(timeout=60)

    assert (process.returncode, said) == (141, "")
