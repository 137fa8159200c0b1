"""A run's folder: what is laid out before its process starts, and what is collected after it."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from scaffold.workspace.engine import jobs
from scaffold.workspace.engine.finishing import Artifacts
from scaffold.workspace.engine.jobs import (
    JobFolder,
    Outcome,
    command_line,
    lay_out,
    process_environment,
    write_job,
)
from scaffold.workspace.engine.specification import Specification
from scaffold.workspace.logs import last_lines
from scaffold.workspace.paths import Home
from scaffold.workspace.runs import Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.runs import Run
from scaffold.workspace.store.snapshots import Snapshot, SnapshotFile

links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")


@pytest.fixture
def run(store: Store) -> Run:
    """A run that has the files ``train.py`` and ``data/größe.txt``."""
    files = [
        SnapshotFile(path, "hash", store.content.put(text), len(text))
        for path, text in (("train.py", b"print(1)"), ("data/größe.txt", b"42"))
    ]
    snapshot_id = str(uuid.uuid4())
    store.snapshots.add(Snapshot(snapshot_id, "", {}), files)
    experiment = store.experiments.ensure("e")
    return store.runs.create(
        "r", experiment.experiment_id, status=Status.NOT_STARTED, snapshot_id=snapshot_id
    )


@pytest.fixture
def folder(home: Home, store: Store, run: Run) -> JobFolder:
    """The run's folder, laid out."""
    folder = JobFolder(home, run)
    lay_out(store, folder, run)
    write_job(folder, job_of(folder))
    return folder


def collect(store: Store, folder: JobFolder, run: Run, *, settled: bool = False) -> list[str]:
    return Artifacts(store, folder, run, settled=settled).keep(lambda: False)


def collected(store: Store) -> dict[str, bytes]:
    """The run's artifacts by path."""
    prefix = artifact_prefix("r")
    found = {}
    for blob in store.blobs.under(ARTIFACTS, prefix):
        assert blob.sha256 is not None
        found[blob.name.removeprefix(prefix)] = store.content.path(blob.sha256).read_bytes()
    return found


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


# Laying out


def job_of(folder: JobFolder) -> dict[str, Any]:
    return {"processes": [{"log": str(folder.log("user_logs/std_log.txt"))}]}


def test_the_snapshot_is_there_with_outputs_and_logs_ready(folder: JobFolder):
    assert files(folder.work) == {"train.py", "data", "data/größe.txt", "outputs", "logs"}
    assert (folder.work / "data/größe.txt").read_bytes() == b"42"


def test_a_run_may_change_its_files_without_changing_the_snapshot(store: Store, folder: JobFolder, run: Run):
    (folder.work / "train.py").write_text("changed")

    lay_out(store, folder, run)
    write_job(folder, job_of(folder))

    assert (folder.work / "train.py").read_bytes() == b"print(1)"


def test_what_an_earlier_attempt_left_is_gone(store: Store, folder: JobFolder, run: Run):
    (folder.work / "outputs" / "half").write_text("half")
    folder.request_stop()

    lay_out(store, folder, run)
    write_job(folder, job_of(folder))

    assert files(folder.work / "outputs") == set()
    assert not (folder.records / "stop").exists()


def test_the_variables_of_a_job_are_for_its_owner_alone(folder: JobFolder):
    if os.name != "posix":
        pytest.skip("modes are POSIX's")
    assert (folder.records / "job.json").stat().st_mode & 0o777 == 0o600
    assert folder.log("user_logs/std_log.txt").stat().st_mode & 0o777 == 0o600


def test_a_folder_tells_how_far_its_run_is(folder: JobFolder):
    assert not folder.was_started()
    assert folder.outcome() is None

    at = "2026-11-24T10:00:00.000001+00:00"
    record = {"exit_code": 3, "reason": "exited", "at": at, "message": None, "log": None}
    (folder.records / "exit.json").write_text(json.dumps(record).ljust(8192))
    assert folder.was_started()
    assert folder.outcome() == Outcome("exited", 3, at)

    folder.clear()
    assert folder.outcome() is None
    folder.request_stop()
    assert not folder.path.exists()
    assert not folder.records.exists()


AT = "2026-11-24T10:00:00.000001+00:00"
TRUE = {"exit_code": 0, "reason": "exited", "at": AT, "message": None, "log": None}


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "Completed"}, {"reason": "lost"}, {"reason": 1}, {"reason": None},
        {"exit_code": "0"}, {"exit_code": 0.5}, {"exit_code": 2**40}, {"exit_code": -1000}, {"exit_code": None},
        {"reason": "not-started"}, {"at": "now"}, {"at": 3}, {"at": "2026-13-24T10:00:00Z"}, {"message": "x" * 5000},
        {"message": ["x"]}, {"log": "/etc/passwd"}, {"log": "user_logs/std_log.txt"}, {"log": 7},
    ],
    ids=str,
)  # fmt: skip
def test_a_record_that_no_supervisor_writes_is_told_as_such(folder: JobFolder, changes: dict[str, Any]):
    (folder.records / "exit.json").write_text(json.dumps(TRUE | changes))

    assert folder.outcome() == Outcome(jobs.UNREADABLE)


@pytest.mark.parametrize(
    "content", [b"", b" " * 8192, b"{", b"\xff\xfe", b"[]", b"null", b"0", b"{}", b"[" * 100_000]
)
def test_a_record_that_is_garbage_is_told_as_such(folder: JobFolder, content: bytes):
    (folder.records / "exit.json").write_bytes(content)

    assert folder.outcome() == Outcome(jobs.UNREADABLE)


@links
@pytest.mark.parametrize("kind", ["a folder", "a link", "a dangling link", "a loop", "a pipe"])
def test_a_record_that_is_no_file_is_told_as_such(folder: JobFolder, tmp_path: Path, kind: str):
    (tmp_path / "true").write_text(json.dumps(TRUE))
    path = folder.records / "exit.json"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to({"a link": tmp_path / "true", "a loop": path}.get(kind, tmp_path / "nothing"))

    assert folder.outcome() == Outcome(jobs.UNREADABLE)
    assert folder.was_started()


def test_a_lie_about_the_log_names_no_other_file(folder: JobFolder):
    lie = f"{folder.logs}/../../../../../../etc/passwd"
    (folder.records / "exit.json").write_text(json.dumps(TRUE | {"log": lie}))

    assert folder.outcome() == Outcome(jobs.UNREADABLE)


@links
@pytest.mark.parametrize("what", ["log", "folder"])
def test_a_link_in_the_place_of_a_log_is_not_read(
    store: Store, folder: JobFolder, run: Run, tmp_path: Path, what: str
):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "std_log.txt").write_text("secret")
    log = folder.log("user_logs/std_log.txt")
    store.blobs.put(ARTIFACTS, "x", live_path=log, content_type="text/plain")
    blob = store.blobs.get(ARTIFACTS, "x")
    assert store.blobs.file(blob) == log

    if what == "log":
        log.unlink()
        log.symlink_to(secret / "std_log.txt")
    else:
        shutil.rmtree(folder.logs)
        folder.logs.symlink_to(secret, target_is_directory=True)

    assert store.blobs.file(blob) is None
    assert folder.log_names() == []
    assert last_lines(log, lines=5, limit=100) == ""
    collect(store, folder, run)
    assert b"secret" not in collected(store).values()


# The command line


def test_a_script_runs_in_the_environments_python_with_its_arguments_as_text():
    line = command_line({"script": "train.py", "arguments": ["--rate", 0.1, "a b", True]}, "/env/bin/python")

    assert line == ["/env/bin/python", "train.py", "--rate", "0.1", "a b", "True"]


@pytest.mark.parametrize("command", ["echo one && echo two", ["echo one", "&&", "echo two"]], ids=type)
def test_a_command_is_the_shells(command: Any):
    line = command_line({"command": command, "script": "", "arguments": []}, "/env/bin/python")

    assert subprocess.run(line, capture_output=True, text=True, check=True).stdout.split() == ["one", "two"]


@pytest.mark.parametrize("configuration", [{}, {"script": "", "command": ""}, {"arguments": ["a"]}], ids=str)
def test_a_run_with_nothing_to_run_is_refused(configuration: dict[str, Any]):
    with pytest.raises(ValueError, match="neither a script nor a command"):
        command_line(configuration, "python")


# The environment variables


def variables(
    specification: dict[str, str] | None = None,
    configuration: dict[str, Any] | None = None,
    run: dict[str, str] | None = None,
    interpreter: str = "/env/bin/python",
) -> dict[str, str]:
    return process_environment(
        Specification("e", None, (), variables=specification or {}),
        {"environmentVariables": configuration or {}},
        interpreter,
        run or {},
    )


def test_the_run_wins_over_the_environment_and_the_workspace_over_both(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_ONE", "machine")
    assert variables()["OMP_ONE"] == "machine"
    assert variables({"OMP_ONE": "environment"})["OMP_ONE"] == "environment"
    assert variables({"OMP_ONE": "environment"}, {"OMP_ONE": "run"})["OMP_ONE"] == "run"
    assert variables({"OMP_ONE": "e"}, {"OMP_ONE": "run"}, {"OMP_ONE": "workspace"})["OMP_ONE"] == "workspace"


def test_a_run_cannot_pass_for_another():
    assert (
        variables({"AZUREML_RUN_ID": "x"}, {"AZUREML_RUN_ID": "y"}, {"AZUREML_RUN_ID": "r"})["AZUREML_RUN_ID"]
        == "r"
    )


def test_values_that_are_no_text_become_text():
    assert variables(configuration={"N": 3, "F": 0.5}).items() >= {"N": "3", "F": "0.5"}.items()


@pytest.mark.parametrize(
    "name",
    ["PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "VIRTUAL_ENV", "CONDA_PREFIX", "AZUREML_RUN_ID",
     "MLFLOW_TRACKING_URI", "MSI_ENDPOINT", "IDENTITY_ENDPOINT", "SCAFFOLD_HOME"],
)  # fmt: skip
def test_what_the_starting_shell_had_set_does_not_reach_the_script(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(name, "/the/shells/own")

    assert "/the/shells/own" not in variables().get(name, "")


def test_our_hooks_come_in_front_of_the_runs_own_python_path():
    hooks = str(Path(jobs.__file__).parent / "run_hooks")

    assert variables()["PYTHONPATH"] == hooks
    assert variables({"PYTHONPATH": "/own"})["PYTHONPATH"] == os.pathsep.join((hooks, "/own"))
    assert variables({"PYTHONPATH": "/own"}, {"PYTHONPATH": "/run"})["PYTHONPATH"] == os.pathsep.join(
        (hooks, "/run")
    )


def test_the_interpreters_folder_is_first_on_the_path_and_a_virtual_environment_is_active(tmp_path: Path):
    (tmp_path / "bin").mkdir()
    interpreter = str(tmp_path / "bin" / "python")
    assert "VIRTUAL_ENV" not in variables(interpreter=interpreter)

    (tmp_path / "pyvenv.cfg").touch()
    active = variables(interpreter=interpreter)

    assert active["PATH"].split(os.pathsep)[0] == str(tmp_path / "bin")
    assert active["VIRTUAL_ENV"] == str(tmp_path)


def test_output_is_utf_8_at_once_whatever_the_machines_locale():
    done = subprocess.run(
        [sys.executable, "-c", "import sys; print(sys.stdout.encoding, 'größe')"],
        env=variables(interpreter=sys.executable) | {"LC_ALL": "C"},
        capture_output=True,
        check=True,
    )

    assert done.stdout.decode("utf-8").split() == ["utf-8", "größe"]
    assert variables()["PYTHONUNBUFFERED"] == "1"


# Collecting


def test_outputs_logs_and_the_log_are_kept_and_nothing_else(store: Store, folder: JobFolder, run: Run):
    (folder.work / "outputs/models").mkdir()
    (folder.work / "outputs/models/model.pkl").write_bytes(b"\0\1")
    (folder.work / "logs/größe ü.txt").write_text("g")
    (folder.work / "outputs/empty").touch()
    (folder.work / "elsewhere.txt").write_text("not kept")
    folder.log("user_logs/std_log.txt").write_text("printed")

    collect(store, folder, run)

    assert collected(store) == {
        "outputs/models/model.pkl": b"\0\1",
        "logs/größe ü.txt": b"g",
        "outputs/empty": b"",
        "user_logs/std_log.txt": b"printed",
    }


@links
def test_links_that_leave_the_runs_folder_are_not_followed(
    store: Store, folder: JobFolder, run: Run, tmp_path: Path, home: Home
):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret")
    outputs = folder.work / "outputs"
    (outputs / "absolute").symlink_to(secret / "key")
    (outputs / "relative").symlink_to(folder.records / "job.json")  # it holds the run's token
    (outputs / "folder").symlink_to(secret, target_is_directory=True)
    (outputs / "dangling").symlink_to(tmp_path / "nothing")
    (outputs / "loop").symlink_to(outputs / "loop")

    collect(store, folder, run)

    assert set(collected(store)) == {"user_logs/std_log.txt"}


@links
def test_a_link_to_another_file_of_the_run_is_that_file(store: Store, folder: JobFolder, run: Run):
    (folder.work / "weights").write_text("w")
    (folder.work / "outputs/best").symlink_to(folder.work / "weights")

    collect(store, folder, run)

    assert collected(store)["outputs/best"] == b"w"


@links
@pytest.mark.parametrize("inside", [True, False])
def test_outputs_that_became_a_link_are_not_collected(
    store: Store, folder: JobFolder, run: Run, tmp_path: Path, inside: bool
):
    target = (folder.work if inside else tmp_path) / "elsewhere"
    target.mkdir()
    (target / "file").write_text("f")
    shutil.rmtree(folder.work / "outputs")
    (folder.work / "outputs").symlink_to(target, target_is_directory=True)

    collect(store, folder, run)

    assert set(collected(store)) == {"user_logs/std_log.txt"}


def test_outputs_that_were_removed_or_became_a_file_are_no_failure(store: Store, folder: JobFolder, run: Run):
    shutil.rmtree(folder.work / "outputs")
    shutil.rmtree(folder.work / "logs")
    (folder.work / "logs").write_text("a file")

    collect(store, folder, run)

    assert set(collected(store)) == {"user_logs/std_log.txt"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX's")
def test_what_is_no_regular_file_is_passed_over(store: Store, folder: JobFolder, run: Run):
    os.mkfifo(folder.work / "outputs/pipe")

    collect(store, folder, run)

    assert set(collected(store)) == {"user_logs/std_log.txt"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are no text")
def test_a_file_name_that_is_no_text_does_not_cost_the_other_files(store: Store, folder: JobFolder, run: Run):
    (folder.work / "outputs/model").write_text("m")
    Path(os.fsdecode(bytes(folder.work / "outputs") + b"/caf\xe9")).write_text("latin-1")

    collect(store, folder, run)

    assert collected(store).items() >= {"outputs/model": b"m", "user_logs/std_log.txt": b""}.items()


def test_the_folders_of_runs_that_are_over_are_removed_and_no_others(
    home: Home, store: Store, folder: JobFolder, run: Run
):
    (home.runs / "of-nobody").mkdir()

    jobs.clear_over(home, store)
    assert folder.path.exists()

    store.database.execute("UPDATE runs SET status = 'Completed'")
    jobs.clear_over(home, store)
    assert not folder.path.exists()
    assert not folder.records.exists()
    assert (home.runs / "of-nobody").exists()
