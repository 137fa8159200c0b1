"""What starting the command loads: the list is exact, so that nothing heavy slips in."""

import json
import subprocess
import sys

import pytest

ALLOWED = {"scaffold", "typer", "shellingham", "annotated_doc"}
# typer draws its help with rich, which looks at attrs where that is installed
FOR_HELP = {"rich", "pygments", "markdown_it", "mdurl", "attr"}


def loaded_by(*arguments: str) -> set[str]:
    """Top-level names of the modules outside the standard library that a command line loads."""
    code = f"""
import json, sys
from scaffold.cli.app import run
run({list(arguments)!r})
names = {{name.partition(".")[0] for name in sys.modules}} - sys.stdlib_module_names
print("LOADED", json.dumps(sorted(names)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("LOADED ")]
    ours = {name for name in json.loads(line.removeprefix("LOADED ")) if not name.startswith("_")}
    return ours - {"sitecustomize", "usercustomize"}


def test_the_version_loads_nothing_heavy():
    assert loaded_by("--version") <= ALLOWED


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("new", "--help"),
        ("submit", "--help"),
        ("sweep", "--help"),
        ("check", "--help"),
        ("export", "--help"),
        ("migrate", "--help"),
        ("workspace", "--help"),
        ("runs", "--help"),
        ("runs", "metrics", "--help"),
        ("exec", "--help"),
        ("doctor", "--help"),
    ],
    ids=" ".join,
)
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]):
    assert loaded_by(*arguments) <= ALLOWED | FOR_HELP


def test_looking_for_the_workspace_loads_none_of_the_service(tmp_path, monkeypatch):
    monkeypatch.setenv("SCAFFOLD_HOME", str(tmp_path))

    assert not loaded_by("workspace", "status") & {
        "starlette",
        "uvicorn",
        "sqlite3",
        "azureml",
        "jinja2",
        "msgspec",
    }
