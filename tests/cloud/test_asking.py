"""Questions to a workspace on Azure, asked through the real SDK in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.cloud.azure import CLIENT_ID, CONFIG, MANAGER, Azure, Fault
from tests.conftest import Machine

CloudProject = Callable[..., Path]

ASK = """
import json, sys
from pathlib import Path
from scaffold.errors import ScaffoldError
from scaffold.project.model import WorkspaceConfig
from scaffold.submission.asking import Asking

config, questions = json.loads(sys.argv[1])
answers = []
said = []
with Asking(WorkspaceConfig(**config, path=Path(".azureml/config.json")), show=said.append) as asking:
    for operation, arguments in questions:
        try:
            answers.append(asking.ask(operation, **arguments))
        except ScaffoldError as error:
            answers.append([error.exit_code, error.message, error.hint])
print(json.dumps([answers, said]))
"""


def ask(user: Machine, *questions: tuple[str, dict], **changes: str) -> tuple[list, list[str]]:
    """The answers to questions in one process (or exit code and lines of an error), and what a person was told."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps([CONFIG | changes, questions])],
        env=user.environment, capture_output=True, text=True, check=True, cwd=user.root,
    )  # fmt: skip
    answers, said = json.loads(done.stdout.splitlines()[-1])
    return answers, said


def test_one_login_serves_many_questions(azure: Azure, user: Machine, cloud_project: CloudProject):
    run_id = user.json("submit", cloud_project())["run_id"]
    azure.requests.clear()

    answers, said = ask(
        user,
        ("runs.get", {"run_id": run_id}),
        ("runs.get", {"run_id": "none"}),
        ("runs.url", {"run_id": run_id}),
    )

    assert answers[0]["experimentName"] == "Experiment_1"
    assert (answers[0]["runId"], answers[1]) == (run_id, None)
    assert run_id in answers[2]
    assert said == [f"forecasts: service principal {CLIENT_ID}"]


def test_a_fault_ends_its_question_alone(azure: Azure, user: Machine):
    answers, _ = ask(user, ("runs.url", {"run_id": "none"}), ("runs.get", {"run_id": "none"}))

    (code, message, hint), other = answers
    assert (code, "(404)" in message, "names" in hint) == (4, True, True)
    assert other is None


def test_what_passes_is_asked_again(azure: Azure, user: Machine):
    user.environment["SCAFFOLD_RETRY_SECONDS"] = "0"
    azure.faults.append(Fault(MANAGER, "/workspaces/forecasts", 403, times=1))

    (refused, answered), _ = ask(user, ("runs.get", {"run_id": "none"}), ("runs.get", {"run_id": "none"}))

    assert (refused[0], "(403)" in refused[1]) == (4, True)
    assert answered is None
