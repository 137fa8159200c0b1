"""``azureml.core.Run`` against the local workspace: each call by its effect as seen through another."""

from pathlib import Path

from tests.conftest import Machine
from tests.sdk.calls import given


def test_the_life_of_interactive_runs(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        """
        experiment = Experiment(ws, "life")
        found = lambda run: Run.get(ws, run.id)
        run = experiment.start_logging(snapshot_directory=None, display_name="The first")
        seen["started"] = (run.get_status(), found(run).display_name, run.id == ws.get_run(run.id).id)
        run.display_name = "Renamed"
        run.description = "What it is"
        run.tag("plain"); run.tag("n", 3); run.set_tags({"a": "1", "b": "2"}); run.remove_tags(["b", "none"])
        run.add_properties({"p": "q"})
        again = found(run)
        seen["changed"] = (again.display_name, again.description, again.get_tags(), again.get_properties())
        run.complete()
        run.fail("too late")
        details = run.get_details()
        seen["completed"] = (details["status"], details["startTimeUtc"] < details["endTimeUtc"], details["target"])

        failed = experiment.start_logging(snapshot_directory=None)
        try:
            raise ValueError("no data")
        except ValueError as error:
            failed.fail(error_details=error, error_code="BadData")
        seen["failed"] = (failed.get_status(), found(failed).get_details()["error"]["error"])
        try:
            failed.wait_for_completion()
        except Exception as error:
            seen["raises"] = "no data" in str(error)

        canceled = experiment.start_logging(snapshot_directory=None)
        canceled.cancel()
        seen["canceled"] = found(canceled).get_status()
        asked = experiment.start_logging(snapshot_directory=None)
        asked._client.run.post_event_cancel_requested()
        seen["asked"] = found(asked).get_status()
        asked._client.run.post_event_warning("disk", "nearly full")
        asked._client.run.post_event_heartbeat(30)
        seen["warned"] = found(asked).get_details()["warnings"]
        asked.cancel()
        seen["asked and gone"] = found(asked).get_status()

        with experiment.start_logging(snapshot_directory=None) as well:
            pass
        seen["with"] = found(well).get_status()
        token = well._client.run.get_token()
        by_id = well._client.run._execute_with_run_expid_arguments(well._client.run._client.run.get_token_by_exp_id)
        import requests
        context = ws.service_context
        url = context._get_run_history_url() + "/history/v1.0" + context._get_workspace_scope() + "/runs/" + well.id
        ask = lambda token: requests.get(url, headers={"Authorization": "Bearer " + token.token}).status_code
        seen["tokens"] = [ask(token), ask(by_id)]
        """,
        cwd=tmp_path,
    )

    assert seen["started"] == ["Running", "The first", True]
    tags = {"plain": "", "n": "3", "a": "1"}
    assert seen["changed"][:3] == ["Renamed", "What it is", tags]
    assert seen["changed"][3]["p"] == "q"
    assert seen["completed"] == ["Completed", True, "local"]
    status, error = seen["failed"]
    assert (status, error["code"]) == ("Failed", "BadData")
    assert "no data" in error["message"]
    assert seen["raises"]
    assert (seen["canceled"], seen["asked"], seen["asked and gone"]) == (
        "Canceled",
        "CancelRequested",
        "Canceled",
    )
    assert seen["warned"] == [{"source": "disk", "message": "nearly full"}]
    assert seen["with"] == "Completed"
    assert seen["tokens"] == [200, 200]


def test_children_and_their_children(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        """
        experiment = Experiment(ws, "family")
        root = experiment.start_logging(snapshot_directory=None)
        named = {root.id: "root"}
        with root.child_run("left") as left:
            named[left.id] = "left"
            with left.child_run("leaf") as leaf:
                named[leaf.id] = "leaf"
                leaf.log("depth", 2)
            left.log("depth", 1)
        root.log("depth", 0)
        made = root.create_children(tag_key="fold", tag_values=["1", "2"])
        for child in made:
            named[child.id] = "fold " + child.get_tags()["fold"]
            child.complete()
        more = root.create_children(count=2)
        seen["batch"] = [(c.get_status(), c.get_tags()["azureml.batch_child_number"]) for c in more]
        for number, child in enumerate(more):
            named[child.id] = f"batch {number}"
        names = lambda runs: sorted(named[run.id] for run in runs)
        seen["direct"] = names(root.get_children())
        seen["all"] = names(root.get_children(recursive=True))
        seen["below left"] = names(left.get_children(recursive=True))
        seen["with tag"] = names(root.get_children(tags={"fold": "2"}))
        seen["with key, all"] = names(root.get_children(recursive=True, tags="fold"))
        seen["running"] = names(root.get_children(status="Running"))
        again = Run.get(ws, leaf.id)
        seen["up"] = (again.parent.id == left.id, again.parent.parent.id == root.id, again._root_run_id == root.id)
        seen["statuses"] = (left.get_status(), leaf.get_status())
        root.flush()
        seen["metrics"] = {named[k]: v for k, v in root.get_metrics(recursive=True).items()}
        seen["one metric"] = {named[k]: v for k, v in left.get_metrics("depth", recursive=True).items()}
        for child in more:
            child.cancel()
        submitted = submit(experiment, "print(1)")
        submitted.wait_for_completion()
        env = Environment("here"); env.python.user_managed_dependencies = True
        below = root.submit_child(ScriptRunConfig("source", script="train.py", compute_target="c1", environment=env))
        below.wait_for_completion()
        scripts = [child.id for child in root.get_children(type="azureml.scriptrun")]
        seen["submitted"] = (Run.get(ws, below.id).parent.id == root.id, below.get_status(), scripts == [below.id])
        root.complete()
        """,
        cwd=tmp_path,
    )

    assert seen["batch"] == [["Running", "0"], ["Running", "1"]]
    direct = ["batch 0", "batch 1", "fold 1", "fold 2", "left"]
    assert seen["direct"] == direct
    assert seen["all"] == sorted([*direct, "leaf"])
    assert seen["below left"] == ["leaf"]
    assert seen["with tag"] == ["fold 2"]
    assert seen["with key, all"] == ["fold 1", "fold 2"]
    assert seen["running"] == ["batch 0", "batch 1"]
    assert seen["up"] == [True, True, True]
    assert seen["statuses"] == ["Completed", "Completed"]
    assert seen["metrics"] == {"root": {"depth": 0}, "left": {"depth": 1}, "leaf": {"depth": 2}}
    assert seen["one metric"] == {"left": {"depth": 1}, "leaf": {"depth": 2}}
    assert seen["submitted"] == [True, "Completed", True]


def test_a_script_that_uses_its_run(shared_machine: Machine, tmp_path: Path):
    script = """
import os, json
from azureml.core import Run
run = Run.get_context()
run.log("loss", 1); run.log("loss", 0.5)
run.tag("from", "inside")
run.upload_file("kept/a.txt", "train.py")
with run.child_run("fold") as child:
    child.log("fold", 1)
run.add_properties({"seen": run.experiment.name + " " + run.experiment.workspace.name})
auth = run.experiment.workspace._auth
auth._update_auth()
print("parent", run.parent, "files", run.get_file_names())
run.flush()
print("metrics", json.dumps(run.get_metrics()))
run.fail("only said")
run.complete()
run.cancel()
print("still here")
"""
    seen = given(
        shared_machine,
        f"""
        script = {script!r}
        experiment = Experiment(ws, "inside")
        run = submit(experiment, script)
        run.wait_for_completion()
        seen["status"] = run.get_status()
        seen["metrics"] = run.get_metrics()
        seen["tags"] = run.get_tags()
        seen["seen"] = run.get_properties()["seen"]
        seen["children"] = [(c.name, c.get_status(), c.get_metrics()) for c in run.get_children()]
        logs = run.get_details_with_logs()["logFiles"]
        seen["log"] = logs["user_logs/std_log.txt"]
        seen["files"] = run.get_file_names()
        seen["saved"] = [os.path.relpath(p, "logs") for p in run.get_all_logs(destination="logs")]
        seen["on disk"] = open("logs/user_logs/std_log.txt").read() == seen["log"]

        code = "from azureml.core import Run\\nRun.get_context().complete()\\nraise SystemExit(3)\\n"
        ending = submit(experiment, code)
        ending.wait_for_completion(raise_on_error=False)
        seen["ending"] = ending.get_status()
        slow = submit(experiment, "import time\\ntime.sleep(300)\\n")
        while slow.get_status() != "Running":
            time.sleep(0.1)
        slow._client.run.post_event_completed()
        seen["not the client's"] = slow.get_status()
        Run.get(ws, slow.id).cancel()
        slow.wait_for_completion()
        seen["canceled"] = slow.get_status()
        seen["started"] = sorted(r.get_status() for r in Run.list(experiment, type="azureml.scriptrun"))
        """,
        cwd=tmp_path,
    )

    assert seen["status"] == "Completed", seen["log"]
    assert seen["metrics"] == {"loss": [1, 0.5]}
    assert seen["tags"]["from"] == "inside"
    assert seen["seen"] == "inside local"
    assert [child[1:] for child in seen["children"]] == [["Completed", {"fold": 1}]]
    assert "parent None files ['kept/a.txt'" in seen["log"]
    assert 'metrics {"loss": [1, 0.5]}' in seen["log"]
    assert seen["log"].endswith("still here\n")
    assert "kept/a.txt" in seen["files"]
    assert "user_logs/std_log.txt" in seen["saved"]
    assert seen["on disk"]
    assert seen["ending"] == "Failed"
    assert (seen["not the client's"], seen["canceled"]) == ("Running", "Canceled")
    assert seen["started"] == ["Canceled", "Completed", "Failed"]


def test_files_of_a_run(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        """
        run = Experiment(ws, "files").start_logging(snapshot_directory=None)
        os.makedirs("folder/deep")
        for name in ("a.txt", "deep/b.txt", "deep/größe 数.txt"):
            open(f"folder/{name}", "w").write(name)
        run.upload_file("one/file.txt", "folder/a.txt")
        with open("folder/a.txt", "rb") as stream:
            run.upload_file("one/stream.txt", stream)
        run.upload_files(["two/x.txt", "two/y.txt"], ["folder/a.txt", "folder/deep/b.txt"])
        run.upload_folder("three", "folder")
        seen["names"] = sorted(run.get_file_names())
        run.download_file("two/y.txt", "got/y.txt")
        seen["y"] = open("got/y.txt").read()
        run.download_file("one/file.txt", "got")
        seen["file"] = open("got/file.txt").read()
        walk = lambda top: sorted(
            os.path.relpath(os.path.join(folder, name), top) for folder, _, names in os.walk(top) for name in names)
        run.download_files(prefix="three", output_directory="three")
        seen["three"] = walk("three")
        run.download_files(prefix="three/deep", output_directory="flat", append_prefix=False)
        seen["flat"] = walk("flat")
        run.download_files(output_directory="every")
        seen["every"] = walk("every") == seen["names"]
        run.download_files(prefix="nothing", output_directory="nothing")
        seen["nothing"] = walk("nothing")
        try:
            run.download_file("two/none.txt")
        except Exception as error:
            seen["missing"] = str(error)
        try:
            run.upload_file("one/file.txt", "folder/deep/b.txt")
        except Exception as error:
            seen["twice"] = str(error)
        many = [f"many/{number:04}.txt" for number in range(1203)]
        client, origin = run._client.artifacts, "ExperimentRun"
        for start in range(0, len(many), 400):
            client.create_empty_artifacts(origin, run._container, many[start:start + 400])
        seen["announced"] = len(run.get_file_names())
        uri = client.get_writeable_artifact_sas_uri(origin, run._container, "written.txt")
        import requests
        requests.put(uri, data=b"w", headers={"x-ms-blob-type": "BlockBlob"}).raise_for_status()
        seen["written"] = run._download_artifact_contents_to_string("written.txt")
        os.makedirs("outputs", exist_ok=True)
        open("outputs/model.txt", "w").write("m")
        run.complete()
        seen["outputs"] = "outputs/model.txt" in run.get_file_names()
        """,
        cwd=tmp_path,
    )

    three = ["a.txt", "deep/b.txt", "deep/größe 数.txt"]
    assert "Resource Conflict: ArtifactId" in seen["twice"]
    assert seen["names"] == sorted(
        ["one/file.txt", "one/stream.txt", "two/x.txt", "two/y.txt", *(f"three/{name}" for name in three)]
    )
    assert (seen["y"], seen["file"]) == ("deep/b.txt", "a.txt")
    assert seen["three"] == [f"three/{name}" for name in three]
    assert seen["flat"] == ["b.txt", "größe 数.txt"]
    assert seen["every"]
    assert seen["nothing"] == []
    assert "two/none.txt was not found" in seen["missing"]
    assert "two/x.txt" in seen["missing"]
    assert seen["announced"] == 7
    assert seen["written"] == "w"
    assert seen["outputs"]


def test_snapshots_are_taken_and_restored(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        """
        import hashlib, zipfile
        os.makedirs("code/deep")
        open("code/train.py", "w").write("print(1)")
        open("code/deep/größe.txt", "w").write("x" * 100_000)
        experiment = Experiment(ws, "snapshots")
        run = experiment.start_logging(snapshot_directory="code")
        seen["id"] = run.get_snapshot_id() == run.get_properties()["ContentSnapshotId"]
        os.makedirs("restored")
        path = run.restore_snapshot(path="restored")
        with zipfile.ZipFile(path) as archive:
            seen["names"] = sorted(archive.namelist())
            seen["content"] = archive.read("train.py").decode()
            seen["whole"] = archive.testzip() is None and len(archive.read("deep/größe.txt"))
        digest = hashlib.sha256(open(path, "rb").read()).hexdigest()
        path = run.restore_snapshot(snapshot_id=run.get_snapshot_id(), path="restored")
        seen["same"] = hashlib.sha256(open(path, "rb").read()).hexdigest() == digest
        try:
            run.take_snapshot("code")
        except Exception as error:
            seen["twice"] = str(error)
        run.complete()
        later = experiment.start_logging(snapshot_directory=None)
        seen["none"] = later.get_snapshot_id()
        seen["taken"] = later.take_snapshot("code") == later.get_snapshot_id() == run.get_snapshot_id()
        later.complete()
        submitted = submit(experiment, "print('hello')")
        submitted.wait_for_completion()
        with zipfile.ZipFile(submitted.restore_snapshot(path="restored")) as archive:
            seen["submitted"] = archive.read("train.py").decode()
        try:
            run.restore_snapshot("11111111-1111-1111-1111-111111111111", "restored")
        except Exception as error:
            seen["unknown"] = "404" in str(error)
        """,
        cwd=tmp_path,
    )

    assert seen["id"]
    assert seen["names"] == ["deep/größe.txt", "train.py"]
    assert (seen["content"], seen["whole"]) == ("print(1)", 100_000)
    assert seen["same"]
    assert "already has one" in seen["twice"]
    assert (seen["none"], seen["taken"]) == (None, True)
    assert seen["submitted"] == "print('hello')"
    assert seen["unknown"]


def test_a_submitted_run_that_its_submitter_declares_failed_is_ended_and_failed(
    shared_machine: Machine, tmp_path: Path
):
    seen = given(
        shared_machine,
        """
        run = submit(Experiment(ws, "declared"), "import time\\nprint('on')\\ntime.sleep(600)\\n")
        while run.get_status() != "Running":
            time.sleep(0.1)
        run.fail("the loss is NaN", error_code="Diverged")
        seen["raised"] = run.wait_for_completion(raise_on_error=False)["error"]["error"]["message"]
        seen["status"] = run.get_status()
        seen["files"] = run.get_file_names()
        """,
        cwd=tmp_path,
    )

    assert (seen["status"], seen["raised"]) == ("Failed", "the loss is NaN")
    assert seen["files"] == ["user_logs/std_log.txt"]


def test_what_a_run_says_of_itself_and_where_it_ran(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        """
        import io, pathlib, threading, time
        from contextlib import redirect_stdout
        from azureml.core.compute import ComputeTarget
        experiment = Experiment(ws, "itself")
        # The SDK shows nothing of a run that is over before it looks at it a second time.
        gate = pathlib.Path("gate").absolute()
        script = "import pathlib, time\\nprint('from the run', flush=True)\\n"
        script += f"while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.05)"
        run = submit(experiment, script, max_run_duration_seconds=600)
        shown = io.StringIO()

        def open_gate():
            while "from the run" not in shown.getvalue():
                time.sleep(0.05)
            gate.touch()

        threading.Thread(target=open_gate, daemon=True).start()
        with redirect_stdout(shown):
            details = run.wait_for_completion(show_output=True, wait_post_processing=True, raise_on_error=True)
        seen["waited"] = [details["status"], "from the run" in shown.getvalue(), run.id in shown.getvalue(),
                          run.get_portal_url() in shown.getvalue()]
        seen["itself"] = [run.name, run.display_name == run.id, run.number, run.type, run.status, run.parent,
                          run.experiment.name, run.description, run.get_detailed_status()["status"]]
        seen["definition"] = [details["target"], details["runDefinition"]["script"],
                              details["runDefinition"]["maxRunDurationSeconds"], details["submittedBy"]]
        there = Run.list_by_compute(ComputeTarget(ws, "cpu-cluster"))
        seen["on the compute"] = run.id in [other.run_id for other in there]
        second = submit(experiment, "raise ValueError('no data')")
        try:
            second.wait_for_completion(show_output=False)
        except Exception as error:
            seen["raised"] = [type(error).__name__, "ValueError: no data" in str(error)]
        quiet = second.wait_for_completion(raise_on_error=False)
        seen["failed"] = [quiet["status"], second.get_status(), second.number,
                          "no data" in quiet["error"]["error"]["message"]]
        constructed = Run(experiment, run.id)
        seen["constructed"] = [constructed.id == run.id, constructed.get_status(),
                               [r.number for r in Run.list(experiment)]]
        try:
            Run(experiment, "never-made")
        except Exception as error:
            seen["none"] = "never-made was not found" in str(error)
        """,
        cwd=tmp_path,
    )

    assert seen["waited"] == ["Completed", True, True, True]
    assert seen["itself"] == [
        None,
        True,
        1,
        "azureml.scriptrun",
        "Completed",
        None,
        "itself",
        None,
        "Completed",
    ]
    assert seen["definition"] == ["cpu-cluster", "train.py", 600, "local user"]
    assert seen["on the compute"]
    assert seen["raised"] == ["ActivityFailedException", True]
    assert seen["failed"] == ["Failed", "Failed", 2, True]
    assert seen["constructed"] == [True, "Completed", [2, 1]]
    assert seen["none"]


def test_files_are_kept_once_and_downloaded_in_every_way(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        """
        run = Experiment(ws, "ways").start_logging(snapshot_directory=None)
        for name in ("a.txt", "b.txt"):
            open(name, "w").write(name)
        run.upload_file("x/a.txt", "a.txt")
        def failed(call, *arguments, **keywords):
            try:
                call(*arguments, **keywords)
            except Exception as error:
                return f"{type(error).__name__}: {error}"
        seen["twice"] = failed(run.upload_file, "x/a.txt", "b.txt")
        seen["nothing"] = [failed(run.upload_file, "y", "none"), failed(run.upload_folder, "y", "none")]
        artifacts, _ = run.upload_files(["x/b.txt", "x2/b.txt"], ["b.txt", "b.txt"], return_artifacts=True)
        seen["artifacts"] = sorted(artifacts)
        run.upload_file("stored.txt", "a.txt", datastore_name="workspaceblobstore")
        run.download_file("x/a.txt")
        run.download_file("x/a.txt", "to/file.txt", _validate_checksum=True)
        run.download_files(prefix="x/", output_paths=["one", "two"])
        run.download_files(prefix="x", output_directory="batch", batch_size=1, timeout_seconds=60)
        read = lambda path: open(path).read()
        seen["read"] = [read("a.txt"), read("to/file.txt"), sorted([read("one"), read("two")])]
        seen["by prefix"] = sorted(os.path.relpath(os.path.join(folder, name), "batch")
                                   for folder, _, names in os.walk("batch") for name in names)
        seen["names"] = run.get_file_names()
        run.complete()
        run.log("after", 1)
        run.flush()
        seen["after the end"] = [run.get_metrics("after"), run.get_status()]
        """,
        cwd=tmp_path,
    )

    assert "already exists" in seen["twice"]
    assert "FileNotFoundError" in seen["nothing"][0] and "not a valid directory" in seen["nothing"][1]
    assert seen["artifacts"] == ["x/b.txt", "x2/b.txt"]
    assert seen["read"] == ["a.txt", "a.txt", ["a.txt", "b.txt"]]
    assert seen["by prefix"] == ["x/a.txt", "x/b.txt"]
    assert seen["names"] == ["stored.txt", "x/a.txt", "x/b.txt", "x2/b.txt"]
    assert seen["after the end"] == [{"after": 1}, "Completed"]
