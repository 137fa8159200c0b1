"""Runs over the wire: accepted, carried out, cancelled, found again."""

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.waiting import until
from tests.workspace.client import EMPTY_SNAPSHOT, HERE, SCOPE, Workspace

WAITING = "import time\nprint('here', flush=True)\nwhile True: time.sleep(0.1)\n"


def cancel(workspace: Workspace, run_id: str) -> None:
    """As the SDK does it: at the address in the run's own record."""
    uri = workspace.run(run_id)["cancelUri"]
    answer = workspace.post(uri.partition(str(workspace.https_port))[2])
    assert answer.status == 200, answer.body


def test_a_run_that_was_accepted_runs_to_its_end(workspace: Workspace):
    run_id = workspace.finished("import sys; print(sys.argv[1:])", arguments=["--rate", 0.5, "größe"])

    run = workspace.run(run_id)
    assert workspace.log(run_id).decode() == "['--rate', '0.5', 'größe']\n"
    assert (run["status"], run["error"]) == ("Completed", None)
    assert run["runDefinition"]["script"] == "train.py"
    assert run["properties"]["_azureml.ComputeTargetType"] == "local"
    assert run["properties"]["ContentSnapshotId"]


def test_the_script_finds_itself_in_its_snapshot_as_the_run_that_it_is(workspace: Workspace):
    files = {
        "train.py": b"import json, os, helper\nprint(json.dumps([sorted(os.listdir()), dict(os.environ)]))",
        "helper.py": b"",
        "data/d.csv": b"1",
    }
    run_id = workspace.accepted(snapshot_id=workspace.snapshot(files), environmentVariables={"MINE": "1"})

    listed, environment = json.loads(workspace.log(run_id))

    assert set(listed) - {"__pycache__"} == {"train.py", "helper.py", "data", "outputs", "logs"}
    run = workspace.run(run_id)
    assert environment["AZUREML_RUN_ID"] == run_id
    assert environment["AZUREML_EXPERIMENT_ID"] == run["experimentId"]
    assert environment["AZUREML_ARM_PROJECT_NAME"] == "wire"
    assert environment["MINE"] == "1"
    values = set(environment.values())
    for name in ("signing", "control"):
        assert workspace.keys[name] not in values


def test_runs_are_numbered_within_their_experiment_and_of_one_submission_none_is_mixed_up(
    workspace: Workspace,
):
    ids = [workspace.accepted(f"print({number})", experiment="several") for number in range(4)]

    assert [workspace.log(run_id) for run_id in ids] == [f"{number}\n".encode() for number in range(4)]
    assert [workspace.run(run_id)["runNumber"] for run_id in ids] == [1, 2, 3, 4]


def test_a_child_knows_its_parent_and_is_found_by_it(workspace: Workspace):
    parent = workspace.finished(experiment="family")
    body = {
        "SnapshotId": EMPTY_SNAPSHOT,
        "ParentRunId": parent,
        "Configuration": {"command": "echo child", "environment": HERE},
    }
    child = workspace.post(f"/execution/v1.0{SCOPE}/experiments/family/snapshotrun", body).json()["runId"]
    workspace.wait(child)

    record = workspace.run(child)
    assert (record["parentRunId"], record["rootRunId"]) == (parent, parent)
    assert record["rootRunUuid"] == record["parentRunUuid"] == workspace.run(parent)["runUuid"]
    children = workspace.get(f"/history/v1.0{SCOPE}/experiments/family/runs/{parent}/children").json()
    assert [entry["runId"] for entry in children["value"]] == [child]


@pytest.mark.parametrize("token", ["$continuationToken", "$continuationtoken"])
def test_children_come_in_pages_however_an_sdk_spells_the_token(workspace: Workspace, token: str):
    parent = f"paged_{token[-5:]}"
    batch = [{"runId": parent}, *({"runId": f"{parent}_{n}", "parentRunId": parent} for n in range(2))]
    workspace.request("PATCH", f"/history/v1.0{SCOPE}/experiments/paged/batch/runs", {"runs": batch})
    address = f"/history/v1.0{SCOPE}/runs/{parent}/children?$top=1"

    first = workspace.get(address).json()
    second = workspace.get(f"{address}&{urlencode({token: first['continuationToken']})}").json()

    assert [run["runId"] for run in first["value"] + second["value"]] == [f"{parent}_0", f"{parent}_1"]
    assert second["continuationToken"] is None


def test_a_run_that_fails_says_how_and_with_which_last_words(workspace: Workspace):
    state = workspace.wait(workspace.accepted("import sys\nprint('last words')\nsys.exit(3)"))

    assert (state["status"], state["exit_code"]) == ("Failed", 3)
    assert "exited with status code 3" in state["error"]
    assert state["error"].endswith("last words")


def test_a_script_that_is_not_in_the_snapshot_fails_with_pythons_own_words(workspace: Workspace):
    state = workspace.wait(
        workspace.accepted(script="print(1)", snapshot_id=workspace.snapshot({"other.py": b""}))
    )

    assert state["status"] == "Failed"
    assert "train.py" in state["error"]
    assert "No such file" in state["error"]


def test_a_run_beyond_its_time_limit_is_canceled_and_says_why(workspace: Workspace):
    for limit in (1, 5, 25):  # the first within which Python is there: that is a matter of the machine
        run_id = workspace.accepted(WAITING, maxRunDurationSeconds=limit)
        state = workspace.wait(run_id)
        if workspace.log(run_id):
            break

    assert state["status"] == "Canceled"
    assert state["error"] == f"The run was ended: it took longer than its limit of {limit} seconds."
    assert workspace.log(run_id) == b"here\n"


def test_a_running_run_can_be_cancelled_and_keeps_what_it_wrote(workspace: Workspace):
    run_id = workspace.accepted("open('outputs/half', 'w').write('half')\n" + WAITING)
    workspace.wait_for_output(run_id)

    cancel(workspace, run_id)
    state = workspace.wait(run_id)

    assert (state["status"], state["error"]) == ("Canceled", None)
    assert workspace.log(run_id) == b"here\n"
    assert workspace.artifact(run_id, "outputs/half") == b"half"


def test_a_cancelled_run_did_not_exit_with_zero(workspace: Workspace):
    ids = [workspace.accepted(WAITING) for _ in range(6)]
    codes = []
    for run_id in ids:  # as many run at once as there are cores, so one after the other
        workspace.wait_for_output(run_id)
        cancel(workspace, run_id)
        codes.append(workspace.wait(run_id)["exit_code"])

    assert 0 not in codes


def test_cancelling_a_run_that_is_over_changes_nothing(workspace: Workspace, finished_run: str):
    before = workspace.run(finished_run)

    cancel(workspace, finished_run)
    answer = workspace.control("POST", f"/runs/{finished_run}/cancel")

    assert answer.json() == {"canceled": False}
    assert workspace.run(finished_run) == before


def test_cancelling_twice_is_cancelling_once(workspace: Workspace):
    run_id = workspace.accepted(WAITING)
    workspace.wait_for_output(run_id)
    cancel(workspace, run_id)
    cancel(workspace, run_id)

    assert workspace.wait(run_id)["status"] == "Canceled"


def test_cancelling_what_is_not_there_is_not_found(workspace: Workspace):
    assert workspace.post(f"/execution/v1.0{SCOPE}/experiments/wire/runId/none/cancel").status == 404
    assert workspace.control("POST", "/runs/none/cancel").status == 404


def test_tags_and_properties_are_added_and_names_replaced(workspace: Workspace):
    run_id = workspace.finished()
    address = f"/history/v1.0{SCOPE}/experiments/wire/runs/{run_id}"

    workspace.request(
        "PATCH", address, {"tags": {"a": "1", "λ": "2"}, "properties": {"p": "1"}, "displayName": "first"}
    )
    changed = workspace.request(
        "PATCH", address, {"tags": {"a": "3", "b": None}, "displayName": "second"}
    ).json()

    assert changed["tags"] == {"a": "3", "λ": "2", "b": ""}
    assert changed["properties"]["p"] == "1"
    assert changed["displayName"] == "second"
    assert workspace.run(run_id) == changed


def test_a_client_cannot_give_a_run_a_status_or_another_id(workspace: Workspace):
    run_id = workspace.finished()
    address = f"/history/v1.0{SCOPE}/experiments/wire/runs/{run_id}"

    changed = workspace.request(
        "PATCH", address, {"status": "Running", "runId": "other", "runNumber": 99}
    ).json()

    assert (changed["runId"], changed["status"], changed["runNumber"]) != ("other", "Running", 99)
    assert workspace.run(run_id)["status"] == "Completed"


def test_an_uploaded_artifact_is_beside_those_that_were_collected(workspace: Workspace):
    run_id = workspace.finished("open('outputs/own', 'w').write('own')")
    url = workspace.new_artifact(run_id, "outputs/größe.txt")
    where = f"/artifact/v2.0{SCOPE}/artifacts/prefix/contentinfo/ExperimentRun/dcid.{run_id}/outputs/"
    assert len(workspace.get(where).json()["value"]) == 1  # announced is not written

    workspace.blob("PUT", url, b"uploaded")

    found = {
        entry["path"]: workspace.blob("GET", entry["contentUri"]).body
        for entry in workspace.get(where).json()["value"]
    }
    assert found == {"outputs/own": b"own", "outputs/größe.txt": b"uploaded"}


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_an_output_that_is_a_link_out_of_the_run_is_not_shown(workspace: Workspace):
    """A script that is somebody else's must not make the owner publish files of the owner's."""
    run_id = workspace.finished(
        "import glob, os\nos.symlink('/etc/passwd', 'outputs/passwd')\n"
        "os.symlink(glob.glob('../../../supervision/*/job.json')[0], 'outputs/job')\n"
        "os.symlink('/etc', 'outputs/etc')\nopen('outputs/own', 'w').close()"
    )

    listed = workspace.get(f"/artifact/v2.0{SCOPE}/artifacts/ExperimentRun/dcid.{run_id}").json()

    assert {entry["path"] for entry in listed["value"]} == {"outputs/own", "user_logs/std_log.txt"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are no text")
def test_an_output_whose_name_is_no_text_does_not_make_the_run_fail(workspace: Workspace):
    state = workspace.wait(workspace.accepted("open(b'outputs/caf\\xe9', 'w').close()\nprint('done')"))

    assert (state["status"], state["error"]) == ("Completed", None)
    assert workspace.log(state["run_id"]) == b"done\n"


def test_the_folder_of_a_run_that_is_over_is_removed(workspace: Workspace, finished_run: str):
    folder = workspace.state / "runs" / workspace.run(finished_run)["runUuid"]

    until(lambda: not folder.exists())  # its last step, after the run is told to be over
    assert workspace.log(finished_run) == b"Experiment Executed!\n"


def test_the_log_is_read_from_any_place_on(workspace: Workspace, finished_run: str):
    for offset, text in ((0, b"Experiment Executed!\n"), (11, b"Executed!\n"), (21, b""), (1000, b"")):
        answer = workspace.control("GET", f"/runs/{finished_run}/log?offset={offset}")
        assert (answer.status, answer.body) == (200, text)
        assert answer.headers["x-scaffold-over"] == "1"
    assert workspace.control("GET", "/runs/none/log").status == 404


def test_a_long_log_comes_in_pieces_that_join_without_a_seam(workspace: Workspace):
    run_id = workspace.accepted("for number in range(200_000): print(f'{number:010d}')")

    assert workspace.log(run_id) == b"".join(b"%010d\n" % number for number in range(200_000))


def test_news_of_a_submission_come_in_order_with_what_a_person_wants_to_know(workspace: Workspace):
    token = workspace.get(f"/identity/{workspace.keys['identity']}/news/token", token=None).json()[
        "access_token"
    ]
    owner, workspace.token = workspace.token, token
    try:
        run_id = workspace.accepted(experiment="news")
    finally:
        workspace.token = owner
    workspace.wait(run_id)
    over = workspace.control("POST", "/submissions/news/over?exit_code=3").json()

    events = workspace.control("GET", "/submissions/news/events?seen=0&wait=0").json()["events"]

    assert over == {"runs": [run_id]}
    told = [event.get("status", event["event"]) for event in events]
    stages = ["Preparing", "Queued", "Starting", "Running", "Finalizing", "Completed"]
    assert [name for name in told if name in stages] == stages
    assert told[:2] == ["snapshot", "queued"]
    assert told[-1] == "over"
    queued = events[1]
    assert (queued["run_id"], queued["files"], queued["environment"]) == (run_id, 1, "e")
    assert queued["url"] == f"http://127.0.0.1:{workspace.http_port}/{workspace.pages}/runs/{run_id}"
    later = workspace.control("GET", f"/submissions/news/events?seen={len(events) - 1}&wait=0").json()[
        "events"
    ]
    assert later == events[-1:]


def test_the_state_of_the_service_is_told_to_its_owner(workspace: Workspace, finished_run: str):
    status = workspace.control("GET", "/status").json()

    assert status["runs"]["Completed"] >= 1
    assert status["portal"] == f"http://127.0.0.1:{workspace.http_port}/{workspace.pages}"
    assert Path(f"/proc/{status['pid']}").exists() or not Path("/proc").exists()
    assert status["workspace_id"] == workspace.get(SCOPE).json()["properties"]["workspaceId"]


def test_runs_of_one_request_are_taken_each_for_itself(workspace: Workspace):
    """A wrong one among them takes none of the others with it."""
    batch = [
        {"runId": "of_many_1", "status": "Running"},
        {"runId": "no name", "status": "Running"},
        {"runId": "of_many_2", "parentRunId": "of_many_1", "tags": {"k": "v"}},
        {"runId": "of_many_1", "status": "Completed"},
        {"runId": "of_many_1", "status": "Running"},
    ]

    answer = workspace.request(
        "PATCH", f"/history/v1.0{SCOPE}/experiments/many/batch/runs", {"runs": batch}
    ).json()

    assert set(answer["runs"]) == {"of_many_1", "of_many_2"}
    assert set(answer["errors"]) == {"no name", "of_many_1"}
    assert workspace.run("of_many_1")["status"] == "Completed"
    assert (workspace.run("of_many_2")["parentRunId"], workspace.run("of_many_2")["tags"]) == (
        "of_many_1",
        {"k": "v"},
    )
    assert [workspace.run(run)["runNumber"] for run in ("of_many_1", "of_many_2")] == [1, 2]


def test_a_script_of_the_first_sdk_finds_what_is_in_the_snapshots_root_and_a_command_does_not(
    workspace: Workspace,
):
    snapshot = workspace.snapshot(
        {
            "scripts/train.py": b"import both\ntry:\n    import pkg\n    print(both.where, pkg.where)\n"
            b"except ImportError:\n    print(both.where, 'no pkg')\n",
            "pkg.py": b"where = 'root'\n",
            "both.py": b"where = 'root'\n",
            "given/both.py": b"where = 'given'\n",
        }
    )
    own = {"snapshot_id": snapshot, "environmentVariables": {"PYTHONPATH": "given"}, "experiment": "root"}
    runs = [
        {"script": "scripts/train.py"},
        {"script": None, "command": "python scripts/train.py"},
    ]
    printed = [workspace.log(submitted(workspace, one, **own)).decode().strip() for one in runs]

    assert printed == ["given root", "given no pkg"]


def submitted(
    workspace: Workspace, started: dict[str, Any], *, snapshot_id: str, experiment: str, **more: Any
) -> str:
    """The id of a run of a snapshot that is started in that way."""
    configuration = {"target": "cpu-cluster", "environment": HERE, **started, **more}
    answer = workspace.post(
        f"/execution/v1.0{SCOPE}/experiments/{experiment}/snapshotrun",
        {"SnapshotId": snapshot_id, "Configuration": configuration},
    )
    assert answer.status == 200, answer.body
    return str(answer.json()["runId"])
