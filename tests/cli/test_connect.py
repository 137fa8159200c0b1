"""``scaffold workspace connect``: what it writes, what it leaves alone, and how it says to go back."""

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_check import schema
from tests.cli.test_submit import assert_refused
from tests.conftest import TUTORIAL_CONFIG, Machine, Project, write_tree

CLOUD = {
    "subscription_id": "5e1d0c1a-3c50-4c11-9d33-1a1d4f1b7a11",
    "resource_group": "Team",
    "workspace_name": "forecasts",
}
TENANT = "7a1d0c1a-3c50-4c11-9d33-1a1d4f1b7a22"
NAMES = (
    "--subscription-id",
    CLOUD["subscription_id"],
    "--resource-group",
    "Team",
    "--workspace-name",
    "forecasts",
)


EMPTY_NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
SUBMITTING = "ws = Workspace.from_config()\nScriptRunConfig('src')\n"


@pytest.fixture
def downloaded(tmp_path: Path):
    """Writes a config.json as the studio offers it for download."""

    def write(content: Any) -> Path:
        path = tmp_path / "downloads" / "config.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


@pytest.fixture
def user(tmp_path: Path) -> Machine:
    """A machine on which no service is ever started."""
    machine = Machine(tmp_path / "machine")
    yield machine
    assert not machine.state.exists()


def config_of(folder: Path) -> dict[str, str]:
    return json.loads((folder / ".azureml" / "config.json").read_text(encoding="utf-8"))


def test_a_downloaded_file_and_the_way_back(user: Machine, project: Project, downloaded):
    folder = project()

    there = user.run("workspace", "connect", downloaded(CLOUD | {"tenant_id": TENANT}), cwd=folder)

    assert (there.returncode, config_of(folder)) == (0, CLOUD | {"tenant_id": TENANT}), there.stderr
    assert there.stdout.splitlines() == [
        f"now     workspace forecasts in resource group Team (subscription {NAMES[1]}, tenant {TENANT})",
        "file    .azureml/config.json",
        "before  the local workspace",
        "to go back: scaffold workspace connect --local",
    ]
    assert user.json("check", folder)["workspace"]["local"] is False

    back = user.run(*shlex.split(there.stdout.splitlines()[-1].split("scaffold ")[1]), cwd=folder)
    again = user.run(*shlex.split(back.stdout.splitlines()[-1].split("scaffold ")[1]), cwd=folder)

    assert back.returncode == 0
    assert "before  workspace forecasts in resource group Team" in back.stdout
    assert (again.returncode, config_of(folder)) == (0, CLOUD | {"tenant_id": TENANT}), again.stderr


def test_names_from_any_folder_of_the_project_or_from_elsewhere(user: Machine, project: Project):
    folder = project()

    inside = user.run("workspace", "connect", *NAMES, cwd=folder / "Experiment_1")
    outside = user.run("workspace", "connect", "--local", "--project", folder)

    assert (inside.returncode, outside.returncode) == (0, 0), inside.stderr
    assert config_of(folder) == TUTORIAL_CONFIG


@pytest.mark.parametrize("asked", [[], ["--project", "submit.py"]], ids=["here", "by its script"])
def test_a_folder_whose_script_has_another_name_is_connected(user: Machine, tmp_path: Path, asked: list[str]):
    (tmp_path / "submit.py").write_text("ws = Workspace.from_config()\nScriptRunConfig('src')\n")

    done = user.run("workspace", "connect", "--local", *asked, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert config_of(tmp_path)["workspace_name"] == "local"


@pytest.mark.parametrize(
    "command",
    ["check", "submit", "migrate", "export --project", "workspace connect --project"],
    ids=lambda c: c.split()[0],
)
def test_of_several_scripts_one_has_to_be_named(user: Machine, tmp_path: Path, command: str):
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(f"ws = Workspace.from_config('{name}.json')\nScriptRunConfig('src')\n")
    local = ["--local"] if "connect" in command else []

    refused = user.run(*command.split(), tmp_path, *local, cwd=tmp_path)

    assert (refused.returncode, (tmp_path / ".azureml").exists()) == (2, False)
    assert refused.stderr.splitlines() == [
        f"Error: {tmp_path}: several scripts submit an experiment: a.py, b.py.",
        f"→ Name the one to take: scaffold {command} a.py",
    ]


@pytest.mark.parametrize(
    ("files", "asked"),
    [
        ({}, "."),
        ({"a.ipynb": EMPTY_NOTEBOOK}, "."),
        ({"a.ipynb": EMPTY_NOTEBOOK, "b.ipynb": "no notebook"}, "a.ipynb"),
        ({"a.py": SUBMITTING, "b.py": SUBMITTING}, "."),
        ({"src/submit.py": SUBMITTING, "README.md": ""}, "."),
    ],
    ids=["empty", "a notebook", "by a notebook", "several scripts that read one file", "scripts below"],
)
def test_a_folder_that_is_no_project_gets_a_config_whatever_is_in_it(
    user: Machine, tmp_path: Path, files: dict[str, str], asked: str
):
    folder = tmp_path / "folder"
    folder.mkdir()
    write_tree(folder, files)

    document = user.json("workspace", "connect", "--local", "--project", folder / asked, cwd=tmp_path)

    assert (document["project"], document["file"]) == (str(folder), ".azureml/config.json")
    assert config_of(folder) == TUTORIAL_CONFIG
    assert document["way_back"] == "remove .azureml/config.json"


def test_a_folder_that_is_not_there_is_not_made(user: Machine, tmp_path: Path):
    done = user.run("workspace", "connect", "--local", "--project", tmp_path / "gone")

    assert_refused(done, 3, "no such folder")
    assert not (tmp_path / "gone").exists()


def test_a_tenant_is_kept_while_the_subscription_is_the_same(user: Machine, project: Project):
    folder = project(**{".azureml/config.json": json.dumps(CLOUD | {"tenant_id": TENANT})})
    other = NAMES[1].replace("5e1d", "6e1d")

    assert (
        user.run("workspace", "connect", *NAMES[:4], "--workspace-name", "second", cwd=folder).returncode == 0
    )
    assert config_of(folder) == CLOUD | {"workspace_name": "second", "tenant_id": TENANT}
    assert user.run("workspace", "connect", NAMES[0], other, *NAMES[2:], cwd=folder).returncode == 0
    assert config_of(folder) == CLOUD | {"subscription_id": other}


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        pytest.param("{", ["config.json:1: not JSON"], id="no JSON"),
        pytest.param([], ["must be a JSON object"], id="no object"),
        pytest.param({"subscription_id": NAMES[1]}, ["resource_group is missing"], id="a key is missing"),
        pytest.param(CLOUD | {"subscription_id": "me"}, ["subscription_id is not a GUID"], id="no GUID"),
        pytest.param(CLOUD | {"resource_group": "a/b"}, ["resource_group 'a/b' cannot be right"], id="a name"),
        pytest.param(CLOUD | {"workspace_name": "<my-workspace>"}, ["the placeholder"], id="a placeholder"),
        pytest.param(CLOUD | {"tenant_id": "a b"}, ["neither a GUID nor a domain"], id="a tenant"),
        pytest.param(TUTORIAL_CONFIG | {"tenant_id": TENANT}, ["local workspace is not in"], id="a local tenant"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_right_changes_nothing(
    user: Machine, project: Project, downloaded, content: Any, parts: list[str]
):
    folder = project()
    path = downloaded(content)

    done = user.run("workspace", "connect", path, cwd=folder)

    assert_refused(done, 2, str(path), *parts)
    assert config_of(folder) == TUTORIAL_CONFIG
    assert [file.name for file in (folder / ".azureml").iterdir()] == ["config.json"]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        pytest.param((), ["no terminal", "--local"], id="nothing"),
        pytest.param(("no-such.json",), ["no-such.json", "no such file"], id="a file that is not there"),
        pytest.param(("--workspace-name", "x"), ["--subscription-id is missing"], id="half"),
        pytest.param((*NAMES, "--local"), ["--subscription-id and --local"], id="two ways"),
        pytest.param(("some.json", "--tenant-id", TENANT), ["--tenant-id", "CONFIG"], id="tenant of a file"),
        pytest.param((*NAMES[2:], "--subscription-id", "x"), ["--subscription-id 'x'", "GUID"], id="no GUID"),
        pytest.param((*NAMES[:4], "--workspace-name", "x"), ["--workspace-name 'x'"], id="a name"),
        pytest.param(("--local", "--tenant-id", TENANT), ["--tenant-id", "--local"], id="a local tenant"),
    ],
)
def test_flags_that_are_not_right_change_nothing(
    user: Machine, project: Project, arguments: tuple[str, ...], parts: list[str]
):
    folder = project()

    assert_refused(user.run("workspace", "connect", *arguments, cwd=folder), 2, *parts)

    assert config_of(folder) == TUTORIAL_CONFIG


def test_a_dry_run_writes_nothing(user: Machine, project: Project):
    folder = project()

    document = user.json("workspace", "connect", *NAMES, "--dry-run", cwd=folder)

    schema("workspace-connect")(document)
    assert (document["dry_run"], document["changed"], document["workspace"]["workspace_name"]) == (
        True, False, "forecasts",
    )  # fmt: skip
    assert config_of(folder) == TUTORIAL_CONFIG


def test_what_goes_there_already_is_left_as_it_is(user: Machine, project: Project):
    folder = project()
    before = (folder / ".azureml" / "config.json").read_bytes()

    done = user.run("workspace", "connect", "--local", cwd=folder)

    assert (done.returncode, "connected already" in done.stderr) == (0, True)
    assert "to go back" not in done.stdout
    assert (folder / ".azureml" / "config.json").read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [
        '{"subscription_id": \n',
        json.dumps(TUTORIAL_CONFIG | {"note": "ours"}),
        json.dumps(CLOUD | {"resource_group": "<x>"}),
    ],
    ids=["malformed", "with more keys", "a placeholder"],
)  # fmt: skip
def test_what_no_flag_can_say_again_is_kept(user: Machine, project: Project, content: str):
    folder = project(**{".azureml/config.json": content, ".azureml/config.json.bak": "an older one"})

    document = user.json("workspace", "connect", *NAMES, cwd=folder)

    schema("workspace-connect")(document)
    kept = folder / ".azureml" / "config.json.bak1"
    assert (document["kept"], kept.read_text()) == (str(kept), content)
    assert document["way_back"] == "rename .azureml/config.json.bak1 to config.json"
    assert (folder / ".azureml" / "config.json.bak").read_text() == "an older one"
    assert config_of(folder) == CLOUD


def test_a_project_that_goes_by_a_file_above_it_gets_one_of_its_own(
    user: Machine, project: Project, tmp_path: Path
):
    above = tmp_path / ".azureml" / "config.json"
    above.parent.mkdir()
    above.write_text(json.dumps(TUTORIAL_CONFIG))
    folder = project()
    (folder / ".azureml" / "config.json").unlink()

    document = user.json("workspace", "connect", *NAMES, cwd=folder)

    assert (document["before"]["local"], document["way_back"]) == (True, "remove .azureml/config.json")
    assert config_of(folder) == CLOUD
    assert json.loads(above.read_text()) == TUTORIAL_CONFIG


def test_the_file_that_the_script_names_is_the_one_that_is_written(user: Machine, project: Project):
    folder = project(**{"conf/ws.json": json.dumps(TUTORIAL_CONFIG)})
    runner = folder / "run_experiment.py"
    runner.write_text(runner.read_text().replace('".azureml")', '"conf", "ws.json")'))

    document = user.json("workspace", "connect", *NAMES, cwd=folder)

    assert document["file"] == "conf/ws.json"
    assert json.loads((folder / "conf" / "ws.json").read_text()) == CLOUD
    assert config_of(folder) == TUTORIAL_CONFIG


def test_a_file_outside_the_project_is_never_written(user: Machine, project: Project, tmp_path: Path):
    shared = tmp_path / "shared.json"
    shared.write_text(json.dumps(TUTORIAL_CONFIG))
    folder = project()
    runner = folder / "run_experiment.py"
    runner.write_text(runner.read_text().replace('".azureml")', '"..", "shared.json")'))

    assert_refused(
        user.run("workspace", "connect", *NAMES, cwd=folder), 3, "shared.json", "outside the project"
    )

    assert json.loads(shared.read_text()) == TUTORIAL_CONFIG


def test_a_script_that_reads_no_config_is_told_of(user: Machine, project: Project):
    folder = project()
    runner = folder / "run_experiment.py"
    runner.write_text(
        runner.read_text().replace("Workspace.from_config(", "Workspace.get(").replace("path=", "name=")
    )

    done = user.run("workspace", "connect", *NAMES, cwd=folder)

    assert (done.returncode, "has no effect" in done.stderr) == (0, True)


def test_a_file_that_cannot_be_written(user: Machine, project: Project):
    folder = project()
    (folder / ".azureml" / "config.json").unlink()
    (folder / ".azureml").rmdir()
    (folder / ".azureml").write_text("a file where the folder belongs")
    runner = folder / "run_experiment.py"
    runner.write_text(runner.read_text().replace('path=os.path.join(here, ".azureml")', ""))

    assert_refused(
        user.run("workspace", "connect", *NAMES, cwd=folder), 2, ".azureml/config.json", "cannot be written"
    )

    assert (folder / ".azureml").read_text() == "a file where the folder belongs"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_the_permissions_of_the_file_stay(user: Machine, project: Project):
    folder = project()
    (folder / ".azureml" / "config.json").chmod(0o640)

    user.run("workspace", "connect", *NAMES, cwd=folder)

    assert (folder / ".azureml" / "config.json").stat().st_mode & 0o777 == 0o640
