"""The README says what the code does."""

import re
import subprocess
import sys

from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_the_coverage_table_is_the_one_of_the_routes():
    done = subprocess.run([sys.executable, REPOSITORY / "scripts" / "coverage.py", "--check"], check=False)

    assert done.returncode == 0, "run: python scripts/coverage.py"


def test_the_page_about_check_is_the_one_of_the_rules():
    done = subprocess.run([sys.executable, REPOSITORY / "scripts" / "rules.py", "--check"], check=False)

    assert done.returncode == 0, "run: python scripts/rules.py"


def test_the_table_of_exit_codes_is_the_one_of_the_errors():
    from scaffold import errors

    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    families = [value for value in vars(errors).values() if isinstance(value, type)]

    assert told == {0, 130, 141} | {family.exit_code for family in families}


def test_every_command_there_is_is_named_and_there(shared_machine):
    from typer.main import get_command

    from scaffold.cli.app import app

    named = set(re.findall(r"^\| `scaffold (\w+)", README, re.MULTILINE))

    for command in named:
        assert shared_machine.run(command, "--help").returncode == 0, command
    assert set(get_command(app).commands) == named


def test_what_check_is_shown_to_say_is_what_it_says(shared_machine, tmp_path):
    shared_machine.run("new", "my-exp", "--no-input", cwd=tmp_path)
    project = tmp_path / "my-exp"
    script = project / "Experiment_1" / "experiment_1.py"
    script.write_text(script.read_text().replace("from azureml", "import pandas\nfrom azureml"))
    (project / "requirements.txt").write_text("azureml-core==1.61.0.post4\npython==3.8.10\n")
    (project / "environment.yml").unlink()

    done = shared_machine.run("check", cwd=project)

    assert f"```console\n$ scaffold check\n{done.stdout}```" in README


def test_the_table_of_public_examples_is_the_one_of_their_list():
    command = [sys.executable, REPOSITORY / "scripts" / "examples", "--table"]
    table = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout

    assert table in (REPOSITORY / "docs" / "examples.md").read_text(encoding="utf-8")


def test_the_list_of_runs_is_the_one_of_the_page_about_runs():
    """Which is run, see ``tests/cli/test_docs.py``."""
    (shown,) = re.findall(r"^```console\n(\$ scaffold runs list.*?)^```$", README, re.DOTALL | re.MULTILINE)

    assert shown in (REPOSITORY / "docs" / "runs.md").read_text(encoding="utf-8")


def test_the_table_of_migrated_projects_is_the_one_of_their_list():
    command = [sys.executable, REPOSITORY / "scripts" / "migrations", "--table"]
    table = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout

    assert table in (REPOSITORY / "docs" / "migrate.md").read_text(encoding="utf-8")
