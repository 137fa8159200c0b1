"""``scaffold doctor`` on a machine without Azure: what is printed where, and how it ends."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_check import on_a_terminal, schema
from tests.cli.test_submit import assert_refused
from tests.conftest import Machine, Project


def test_a_machine_on_which_nothing_is_wrong(shared_machine: Machine, project: Project):
    shared_machine.environment.pop("MSI_ENDPOINT", None)

    done = shared_machine.run("doctor", project())

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    topics = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert topics[:5] == ["installation", "local workspace", "network", "login", "project"]
    assert "✓ service: It runs (process " in done.stdout
    assert "✓ destination: It goes to the local workspace on compute target cpu-cluster" in done.stdout
    assert "\x1b" not in done.stdout


def test_nothing_is_started_and_nothing_written(machine: Machine, project: Project):
    folder = project()
    before = sorted(path for path in folder.rglob("*"))

    document = machine.json("doctor", folder)

    schema("doctor")(document)
    assert document["problems"] == 0
    assert not machine.state.exists()
    assert sorted(path for path in folder.rglob("*")) == before


def test_outside_a_project_the_machine_is_looked_at(shared_machine: Machine, tmp_path: Path):
    document = shared_machine.json("doctor", "--offline", cwd=tmp_path)

    assert (document["project"], document["offline"]) == (None, True)
    assert "project" not in {finding["topic"] for finding in document["findings"]}
    assert_refused(shared_machine.run("doctor", tmp_path / "nowhere"), 3, "no such folder")


def test_a_project_that_is_not_right_ends_with_3(shared_machine: Machine, project: Project):
    done = shared_machine.run("doctor", project(script="x = = 1\n"))

    assert done.returncode == 3
    assert "✗ project: " in done.stdout
    assert "Experiment_1/experiment_1.py:1: not valid Python" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 problem")


def test_a_machine_that_is_not_right_ends_with_4(machine: Machine, tmp_path: Path):
    (tmp_path / "file").write_text("")

    done = machine.run(
        "doctor",
        cwd=tmp_path,
        env={"SCAFFOLD_HOME": str(tmp_path / "file" / "home"), "REQUESTS_CA_BUNDLE": "/nowhere.pem"},
    )

    assert done.returncode == 4
    assert "✗ state folder: " in done.stdout
    assert "✗ certificates: REQUESTS_CA_BUNDLE is /nowhere.pem, which is not there" in done.stdout
    assert "      → Correct it, or unset REQUESTS_CA_BUNDLE." in done.stdout


def test_a_service_of_another_version_and_faults_on_demand_are_told(machine: Machine, tmp_path: Path):
    machine.run("workspace", "start")
    assert machine.run("workspace", "fault", "throttle").returncode == 0

    faulty = machine.run("doctor", cwd=tmp_path)
    record = json.loads((machine.state / "service.json").read_text())
    (machine.state / "service.json").write_text(json.dumps(record | {"version": "0.0.1"}))
    older = machine.run("doctor", cwd=tmp_path)
    (machine.state / "service.json").write_text(json.dumps(record))

    assert "! service: It was told to fail on demand (1 still to come)" in faulty.stdout, faulty.stdout
    assert "! service: It runs in version 0.0.1" in older.stdout


def test_flags_that_exclude_each_other(shared_machine: Machine):
    assert_refused(shared_machine.run("doctor", "--offline", "--auth", "auto"), 2, "--offline", "--auth")
    assert_refused(shared_machine.run("doctor", "--auth", "magic"), 2, "'magic'")


def test_the_local_workspace_survives_a_proxy_that_leads_nowhere(
    shared_machine: Machine, project: Project, monkeypatch: pytest.MonkeyPatch
):
    nowhere = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    for name, value in nowhere.items():
        monkeypatch.setitem(shared_machine.environment, name, value)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delitem(shared_machine.environment, name, raising=False)

    examined = shared_machine.run("doctor", "--offline", project())
    submitted = shared_machine.run("submit", project("other"), "--follow")

    assert (examined.returncode, "scaffold keeps 127.0.0.1 out of it" in examined.stdout) == (0, True)
    assert (submitted.returncode, submitted.stdout) == (0, "Experiment Executed!\n"), submitted.stderr


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")
@pytest.mark.parametrize("columns", [60, 80])
def test_lines_are_as_wide_as_the_terminal_and_no_word_is_broken(
    shared_machine: Machine, project: Project, columns: int
):
    said = on_a_terminal(shared_machine, columns, "doctor", project(), "--offline")

    plain = re.sub(r"\x1b\[[0-9;]*m", "", re.sub(r"[^\n]*\x1b\[2K", "", said))
    for line in plain.splitlines():
        assert len(line) <= columns or len(line.split()[-1]) > columns / 2, line
    assert "builds environments from conda specifications" in " ".join(plain.split())
    assert "\x1b[32m✓" in said


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_ends_it_and_says_what_that_means(
    shared_machine: Machine, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """git does not answer here."""
    (tmp_path / "bin").mkdir()
    slow = tmp_path / "bin" / "git"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    path = f"{slow.parent}{os.pathsep}{shared_machine.environment['PATH']}"
    monkeypatch.setitem(shared_machine.environment, "PATH", path)
    process = shared_machine.popen("doctor", project(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout.readline() == "installation\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()

    assert (process.returncode, said.splitlines()) == (130, [
        "Error: Stopped before everything was looked at.", "→ Nothing was changed; run it again.",
    ])  # fmt: skip
