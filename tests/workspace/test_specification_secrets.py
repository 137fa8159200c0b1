"""The passwords and tokens that a specification's addresses hold stand on no page, in no log and in no message."""

import json
from typing import Any

import pytest

from tests.conftest import Machine
from tests.workspace.client import HERE, SCOPE, Workspace

SECRETS = ("hunter2pw", "chantok99", "sasSIG77", "ghptok55", "at@sign3")
CONDA = {
    "name": "private",
    "channels": ["https://conda.example/t/chantok99/private", "conda-forge"],
    "dependencies": [
        "python=3.11",
        "pip",
        {
            "pip": [
                "--extra-index-url https://reader:hunter2pw@127.0.0.1:9/simple",
                "--find-links=https://reader:at@sign3@127.0.0.1:9/links",
                "one @ https://127.0.0.1:9/one-1.0-py3-none-any.whl?sv=1&sig=sasSIG77&se=2",
                "two @ git+https://ghptok55@127.0.0.1:9/x/two.git",
            ]
        },
    ],
}
VARIABLES = {"PIP_INDEX_URL": "https://reader:hunter2pw@127.0.0.1:9/simple"}


def told(text: str | bytes) -> list[str]:
    whole = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return [secret for secret in SECRETS if secret in whole]


@pytest.fixture(scope="module")
def run(workspace: Workspace) -> str:
    """A run in the interpreter that is here, which was submitted with a specification all the same."""
    environment: dict[str, Any] = {
        **HERE, "name": "private", "version": "1", "environmentVariables": VARIABLES,
        "python": {**HERE["python"], "condaDependencies": CONDA},
    }  # fmt: skip
    answer = workspace.request("PUT", f"/environment/v1.0{SCOPE}/environments/private", environment)
    assert answer.status == 200, answer.body
    return workspace.finished(experiment="private", environment=environment, environmentVariables=VARIABLES)


def test_no_page_tells_a_secret_of_a_specification(workspace: Workspace, run: str):
    for path in (
        f"/runs/{run}", f"/runs/{run}/environment", f"/runs/{run}/code", f"/compare?runs={run}&runs={run}",
        "/environments", "/environments/private",
    ):  # fmt: skip
        for accept in ("text/html", "application/json"):
            answer = workspace.own_page(path, Accept=accept)
            assert answer.status == 200
            assert told(answer.body) == [], (path, accept)
    shown = workspace.own_page(f"/runs/{run}/environment.json").json()
    assert "https://…@127.0.0.1:9/simple" in shown["specification"]
    assert (
        "https://conda.example/t/…/private" in shown["definition"]["python"]["condaDependencies"]["channels"]
    )
    assert b"\xe2\x80\xa6@127.0.0.1:9/simple" in workspace.own_page("/environments/private").body


def test_no_command_tells_a_secret_of_a_specification(
    workspace: Workspace, shared_machine: Machine, run: str
):
    other = workspace.finished(experiment="other")
    for command in (("show", run), ("compare", run, other), ("list", "--all")):
        for more in ((), ("--json",)):
            done = shared_machine.run("runs", *command, *more)
            assert done.returncode == 0, done.stderr
            assert told(done.stdout + done.stderr) == [], command


def test_no_log_or_message_of_a_build_tells_a_secret(workspace: Workspace, shared_machine: Machine):
    pip = {"dependencies": ["python", *CONDA["dependencies"][1:]]}
    environment = {"name": "private-built", "python": {"condaDependencies": pip}}
    run_id = workspace.accepted(environment=environment, experiment="private")

    state = workspace.wait(run_id)

    names = workspace.get(f"/artifact/v2.0{SCOPE}/artifacts/ExperimentRun/dcid.{run_id}").json()["value"]
    logs = {entry["path"]: workspace.artifact(run_id, entry["path"]) for entry in names}
    assert "Failed" in json.dumps(state)
    assert any(b"127.0.0.1:9" in log for log in logs.values())
    for path, log in logs.items():
        assert told(log) == [], path
    assert told(json.dumps(state)) == []
    shown = shared_machine.run("runs", "show", run_id)
    assert "Failed" in shown.stdout
    assert told(shown.stdout + shown.stderr) == []
    for path in (f"/runs/{run_id}", f"/runs/{run_id}/environment", f"/runs/{run_id}/logs"):
        assert told(workspace.own_page(path).body) == []
    assert told((workspace.state / "service.log").read_bytes()) == []
