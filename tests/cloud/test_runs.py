"""``scaffold runs`` on the side of Azure, through the real SDK, and what must be equal on both sides."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.azure import CONFIG, MANAGER, Azure, Fault
from tests.conftest import Machine, write_tree
from tests.logged import FILES, Logged, submitted


@pytest.fixture(scope="module")
def on_azure(azure_of_the_worker: Azure, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    """Two runs on Azure, of a user's project."""
    folder = tmp_path_factory.mktemp("logged")
    machine = Machine(folder / "user-machine")
    machine.environment |= azure_of_the_worker.user_variables()

    def project(**files: str) -> Path:
        config = json.dumps(CONFIG)
        constants = 'TARGET_NAME = "cpu-cluster"\nEXPERIMENT_NAME = "Experiment_1"\n'
        write_tree(
            folder / "my-exp",
            {".azureml/config.json": config, "constants.py": constants, "requirements.txt": "", **files},
        )
        return folder / "my-exp"

    return submitted(machine, project)


@pytest.fixture(scope="module")
def here(azure_of_the_worker: Azure, on_azure: Logged, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    """The same runs, asked of the service itself as the local workspace that it is."""
    outside = tmp_path_factory.mktemp("outside")
    return Logged(outside, on_azure.first, on_azure.second, azure_of_the_worker.machine)


def without(document: Any, *keys: str) -> Any:
    """A document without what each side has of its own."""
    return {key: value for key, value in document.items() if key not in keys}


QUICK = [
    ("-c", "metrics.loss", "-c", "tags.kind", "-c", "params.none"),
    (
        "--status", "completed", "--tag", "kind=linear", "--compute-target", "CPU-cluster", "--since", "2020-01-01",
        "--sort", "metrics.loss", "--ascending", "--limit", "1",
    ),
]  # fmt: skip
ALL = [
    ("--sort", "name"),
    ("--tag", "kind=other"),
    ("--tag", "evil\x1b[31m"),
    ("--status", "failed", "--status", "active"),
    ("--since", "2099-01-01"),
    ("--experiment", "there-is-none"),
]


def assert_equal_lists(on_azure: Logged, here: Logged, *arguments: str) -> None:
    named = () if "--experiment" in arguments else ("--experiment", "Experiment_1")
    assert on_azure.json("list", *arguments) == here.json("list", *named, *arguments)


@pytest.mark.parametrize("arguments", QUICK, ids=" ".join)
def test_lists_are_equal_on_both_sides(on_azure: Logged, here: Logged, arguments: tuple[str, ...]):
    assert_equal_lists(on_azure, here, *arguments)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", ALL, ids=ascii)
def test_other_lists_are_equal_on_both_sides(on_azure: Logged, here: Logged, arguments: tuple[str, ...]):
    assert_equal_lists(on_azure, here, *arguments)


def test_children_are_equal_on_both_sides(on_azure: Logged, here: Logged):
    theirs, ours = (side.json("list", "--all", "--parent", on_azure.first) for side in (on_azure, here))

    assert theirs == ours
    assert [run["parent"] for run in theirs["runs"]] == [on_azure.first]


def test_a_list_of_all_experiments(on_azure: Logged, here: Logged):
    theirs, ours = on_azure.json("list", "--all", "--limit", "100"), here.json("list", "--limit", "100")

    assert theirs == ours
    assert {on_azure.first, on_azure.second} <= {run["run_id"] for run in theirs["runs"]}


def test_a_run_is_shown_equally_on_both_sides(on_azure: Logged, here: Logged):
    theirs, ours = on_azure.json("show", on_azure.first), here.json("show", on_azure.first)

    assert without(theirs, "exit_code", "url") == without(ours, "exit_code", "url")
    assert (theirs["arguments"], theirs["children"]) == (["--lr", "0.1"], 1)
    assert f"wsid=/subscriptions/{CONFIG['subscription_id']}/" in theirs["url"]


@pytest.mark.slow
def test_metrics_comparisons_and_logs_are_equal_on_both_sides(on_azure: Logged, here: Logged):
    first, second = on_azure.first, on_azure.second
    assert on_azure.json("metrics", first) == here.json("metrics", first)
    assert on_azure.json("compare", first, second) == here.json("compare", first, second)
    assert on_azure.json("logs", second) == here.json("logs", second)
    assert on_azure.printed("logs", "--follow") == here.printed("logs", "--follow") == "rate 0.5\n"


@pytest.mark.slow
def test_latest_and_beginnings_of_ids_are_found(on_azure: Logged):
    assert on_azure.json("show")["run_id"] == on_azure.second
    assert on_azure.json("show", on_azure.first[:-1])["run_id"] == on_azure.first
    several, none = on_azure.runs("show", "Experiment_1_"), on_azure.runs("show", "nothing-like-it")
    assert (several.returncode, "is the beginning of several runs" in several.stderr) == (2, True)
    assert (
        none.returncode,
        "There is no run 'nothing-like-it' in the workspace 'forecasts'" in none.stderr,
    ) == (4, True)


@pytest.mark.slow
def test_files_and_the_snapshot_are_brought_equally(on_azure: Logged, here: Logged, tmp_path: Path):
    trees = []
    for name, side in (("theirs", on_azure), ("ours", here)):
        side.json("download", on_azure.second, "--to", tmp_path / name / "files", schema="runs-files")
        side.json("restore", on_azure.second, "--to", tmp_path / name / "snapshot", schema="runs-files")
        tree = sorted((tmp_path / name).rglob("*"))
        trees.append(
            {str(path.relative_to(tmp_path / name)): path.read_bytes() for path in tree if path.is_file()}
        )

    assert trees[0] == trees[1]
    assert trees[0]["snapshot/experiment_1.py"] == FILES["Experiment_1/experiment_1.py"].encode()
    assert trees[0]["files/notes/a b.txt"] == b"notes.txt of 0.5\n"


def test_tags_are_set_and_taken_away(on_azure: Logged):
    set_tags = on_azure.json("tag", on_azure.first, "stage=draft", "good", "odd key='x y'")
    left = on_azure.json(
        "tag", on_azure.first, "--remove", "stage", "--remove", "good", "--remove", "odd key"
    )

    assert set_tags["tags"].items() >= {"stage": "draft", "good": "", "odd key": "'x y'"}.items()
    assert "kind" in left["tags"]
    assert not {"stage", "good", "odd key"} & left["tags"].keys()


def test_a_page_of_the_studio_is_opened(on_azure: Logged):
    done = on_azure.runs("open", on_azure.first, env={"BROWSER": "true"})

    assert (done.returncode, on_azure.first in done.stdout) == (0, True), done.stderr


@pytest.fixture
def waiting(azure: Azure, on_azure: Logged, tmp_path: Path) -> Iterator[str]:
    """A run on Azure that goes on until it is canceled."""
    script = "import time\nprint('started', flush=True)\nwhile True: time.sleep(0.1)\n"
    write_tree(on_azure.folder, {"Experiment_1/experiment_1.py": script})
    single = (
        FILES["run_experiment.py"]
        .replace("(0.1, 0.5)", "(0.3,)")
        .replace("    run.wait_for_completion()\n", "")
    )
    write_tree(on_azure.folder, {"run_experiment.py": single})
    yield on_azure.machine.json("submit", on_azure.folder, "--no-check")["run_id"]
    write_tree(on_azure.folder, FILES)


@pytest.mark.slow
def test_a_run_is_followed_left_and_canceled(on_azure: Logged, waiting: str):
    process = on_azure.machine.popen(
        "runs",
        "logs",
        waiting,
        "--follow",
        cwd=on_azure.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert f"scaffold runs cancel {waiting}" in said
    assert on_azure.json("cancel", waiting) == {"run_id": waiting, "canceled": True}
    followed = on_azure.runs("logs", waiting, "--follow")
    assert (followed.returncode, followed.stdout) == (6, "started\n"), followed.stderr
    assert on_azure.json("cancel", waiting) == {"run_id": waiting, "canceled": False}


def test_a_fault_is_told_in_two_lines(azure: Azure, on_azure: Logged):
    azure.faults.append(
        Fault(MANAGER, "/workspaces/forecasts", 403, "AuthorizationFailed", "The client may not read.")
    )

    done = on_azure.runs("list", "--debug")
    error, hint = [line for line in done.stderr.splitlines() if line.startswith(("Error: ", "→ "))]

    assert (done.returncode, "may not do this in the workspace 'forecasts' (403)" in error) == (4, True), (
        done.stderr
    )
    assert "AzureML Data Scientist" in hint
    assert "request id: " in done.stderr
