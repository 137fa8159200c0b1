"""``scaffold workspace`` and ``scaffold exec``."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.conftest import REPOSITORY, Machine, Project
from tests.waiting import until


def test_a_workspace_is_started_once_found_and_stopped(machine: Machine):
    assert machine.json("workspace", "status") == {"running": False, "home": str(machine.state)}
    first = machine.json("workspace", "start")
    second = machine.json("workspace", "start")
    assert first["pid"] == second["pid"]
    assert machine.json("workspace", "stop") == {"stopped": True}
    assert machine.json("workspace", "stop") == {"stopped": False}


def test_many_commands_that_need_it_at_once_start_one(machine: Machine):
    started = [machine.popen("workspace", "start", "--json", stdout=subprocess.PIPE) for _ in range(5)]

    pids = {json.loads(process.communicate()[0])["pid"] for process in started}

    assert len(pids) == 1


def test_two_homes_have_two_workspaces(machine: Machine, tmp_path: Path):
    other = Machine(tmp_path / "other")
    try:
        one, two = machine.json("workspace", "start"), other.json("workspace", "start")
        assert one["workspace_id"] != two["workspace_id"]
        assert one["portal"] != two["portal"]
    finally:
        other.stop()


def test_a_state_folder_that_cannot_be_made(machine: Machine, tmp_path: Path):
    (tmp_path / "file").write_text("")

    done = machine.run("workspace", "start", env={"SCAFFOLD_HOME": str(tmp_path / "file" / "state")})

    assert done.returncode == 4
    assert "SCAFFOLD_HOME" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_reset_wants_a_yes(machine: Machine):
    done = machine.run("workspace", "reset")

    assert done.returncode == 2
    assert "--yes" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell")
def test_the_variables_make_a_plain_python_submit(machine: Machine, project: Project):
    folder = project()
    machine.environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{machine.environment['PATH']}"

    done = subprocess.run(
        ["sh", "-c", f'eval "$("{sys.executable}" -m scaffold workspace env)" && python run_experiment.py'],
        cwd=folder,
        env=machine.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "/runs/Experiment_1_" in done.stdout


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        ("posix", "export AZUREML_CURRENT_CLOUD="),
        ("fish", "set -gx "),
        ("powershell", "$env:"),
        ("cmd", 'set "'),
    ],
)
def test_the_variables_for_other_shells(shared_machine: Machine, shell: str, expected: str):
    lines = shared_machine.run("workspace", "env", "--shell", shell).stdout.splitlines()

    assert any(line.startswith(expected) for line in lines)


def test_an_unknown_shell(shared_machine: Machine):
    assert shared_machine.run("workspace", "env", "--shell", "tcl").returncode == 2


def test_exec_hands_on_arguments_and_exit_code(shared_machine: Machine):
    code = "import sys; print(sys.argv[1:]); sys.exit(7)"

    done = shared_machine.run("exec", "--", "python", "-c", code, "--help", "--debug", "-q", "a b")

    assert done.returncode == 7
    assert done.stdout == "['--help', '--debug', '-q', 'a b']\n"


def test_exec_of_nothing_and_of_a_program_that_is_not_there(shared_machine: Machine):
    assert shared_machine.run("exec").returncode == 2
    missing = shared_machine.run("exec", "--", "no-such-program")
    assert missing.returncode == 2
    assert "no-such-program" in missing.stderr


def test_a_workspace_whose_folder_is_gone_ends_by_itself(machine: Machine):
    pid = machine.json("workspace", "start")["pid"]

    shutil.rmtree(machine.state)

    until(lambda: not psutil.pid_exists(pid))


def test_canceling_a_run_that_is_not_there(shared_machine: Machine):
    done = shared_machine.run("runs", "cancel", "nobody")

    assert done.returncode == 4
    assert "'nobody'" in done.stderr


def test_nothing_is_written_outside_the_state_folder_but_the_sdks_caches(machine: Machine, project: Project):
    folder = project()
    before = tree(folder)

    assert machine.run("submit", folder, "--follow").returncode == 0
    assert machine.run("exec", "--", "python", "run_experiment.py", cwd=folder).returncode == 0

    assert tree(folder) - before <= {
        "__pycache__",
        f"__pycache__/constants.{sys.implementation.cache_tag}.pyc",
    }
    written = tree(machine.user_home)
    assert not any(name.startswith(".azure/") or name == ".azure" for name in written)
    assert all(name == ".azureml" or name.startswith(".azureml/") for name in written), written
    if os.name == "posix":
        assert (machine.user_home / ".azureml" / ".discovery").stat().st_mode & 0o077 == 0


def tree(folder: Path) -> set[str]:
    """Everything below a folder, by relative path."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


REHEARSED = {
    "subscription_id": "5e1d0c1a-3c50-4c11-9d33-1a1d4f1b7a11",
    "resource_group": "Team",
    "workspace_name": "forecasts",
    "tenant_id": "7a1d0c1a-3c50-4c11-9d33-1a1d4f1b7a22",
}


def test_a_workspace_stands_in_for_the_one_that_a_config_json_names(machine: Machine, tmp_path: Path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps(REHEARSED))

    started = machine.json("workspace", "start", "--rehearse", config)
    there = machine.sdk(
        f"from azureml.core import Workspace\nfrom azureml.core.authentication import MsiAuthentication\n"
        f"ws = Workspace.from_config({str(config)!r})\n"
        "tenant = MsiAuthentication()._get_all_subscription_ids()[1]\n"
        "print(ws.get_details()['id'], tenant, [s.name for s in ws.datastores.values()])"
    )
    local = machine.sdk(
        "from azureml.core import Workspace\n"
        "Workspace('00000000-0000-0000-0000-000000000000', 'local', 'local')"
    )

    assert started["scope"].endswith(
        "/resourceGroups/Team/providers/Microsoft.MachineLearningServices/workspaces/forecasts"
    )
    assert there.stdout.split()[:2] == [started["scope"], REHEARSED["tenant_id"]], there.stderr
    assert local.returncode != 0
    assert "00000000-0000-0000-0000-000000000000" in local.stderr


def test_a_state_folder_does_not_become_another_workspace(machine: Machine, tmp_path: Path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps(REHEARSED))
    machine.run("workspace", "start")

    refused = machine.run("workspace", "start", "--rehearse", config)

    assert refused.returncode == 2
    assert "is the workspace 'local' already" in refused.stderr
    assert "SCAFFOLD_HOME" in refused.stderr


def test_the_pages_are_opened_in_the_browser(machine: Machine, project: Project):
    opened = machine.root / "opened.txt"
    program = f"import sys; open({str(opened)!r}, chr(97)).write(sys.argv[1] + chr(10))"
    secret = r"\b[0-9a-f]{48}\b"
    browser = f'"{sys.executable}" -c "{program}" %s'

    done = machine.run("workspace", "open", env={"BROWSER": browser})

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == machine.json("workspace", "status")["portal"]
    (first,) = opened.read_text().splitlines()
    assert led_to(first) == done.stdout.strip()
    assert re.search(secret, done.stdout)
    assert not re.search(secret, first)  # everybody can read the command line that it stands on
    submitted = machine.run("submit", project(), "--follow", "--json")
    run_id = re.findall(r'"run_id": "([^"]+)"', submitted.stdout)[-1]
    shown = machine.run("runs", "show", run_id, "--open", env={"BROWSER": browser})
    assert shown.returncode == 0, shown.stderr
    facts = dict(line.split(None, 1) for line in shown.stdout.splitlines() if " " in line)
    assert (facts["run"], facts["status"]) == (run_id, "Completed")
    assert (
        led_to(opened.read_text().splitlines()[1])
        == facts["page"]
        == machine.json("runs", "show", run_id)["url"]
    )


def led_to(address: str) -> str:
    """Where the file leads that a browser was given, which only its owner can read."""
    file = Path(urllib.request.url2pathname(urlsplit(address).path))
    assert address.startswith("file:")
    if os.name == "posix":
        assert file.stat().st_mode & 0o077 == 0
    (found,) = re.findall(r'http-equiv="refresh" content="0; url=([^"]+)"', file.read_text(encoding="utf-8"))
    return html.unescape(found)


def test_without_a_browser_the_address_is_told(machine: Machine):
    done = machine.run("workspace", "open", env={"BROWSER": "/nowhere/browser", "PATH": "", "DISPLAY": ""})

    assert done.returncode == 0
    assert "by hand" in done.stderr
    assert done.stdout.startswith("http://127.0.0.1:")


def test_a_run_that_there_is_not_is_not_shown(machine: Machine):
    done = machine.run("runs", "show", "nothing")

    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.slow
def test_a_service_of_other_code_is_told_to_be_restarted(machine: Machine, tmp_path: Path):
    """Its number is the same, and it lacks a request that this program makes."""
    shutil.copytree(REPOSITORY / "scaffold", tmp_path / "older" / "scaffold")
    routes = tmp_path / "older" / "scaffold" / "workspace" / "routes" / "own.py"
    routes.write_text(routes.read_text().replace("/faults", "/named-otherwise"))
    started = machine.run("workspace", "start", env={"PYTHONPATH": str(tmp_path / "older")}, cwd=tmp_path)
    assert started.returncode == 0, started.stderr

    done = machine.run("workspace", "fault", "--list")

    assert done.returncode == 4
    said, advice = done.stderr.splitlines()
    assert said.startswith(
        "Error: The local workspace that runs here was started by another version of scaffold"
    )
    assert advice.startswith("→ Restart it (runs under way go on): 'scaffold workspace stop'")
    machine.run("workspace", "stop")
    assert machine.run("workspace", "fault", "--list").returncode == 0
