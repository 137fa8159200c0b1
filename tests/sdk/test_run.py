"""``azureml.core.Run`` against the local workspace: each call by its effect as seen through another."""

from pathlib import Path

from tests.conftest import Machine
from tests.sdk.scripts import say


def test_the_life_of_interactive_runs(shared_machine: Machine, tmp_path: Path):
    said = say(
        shared_machine,
        tmp_path,
        """
        experiment = Experiment(ws, "life")
        seen = lambda run: Run.get(ws, run.id)
        run = experiment.start_logging(snapshot_directory=None, display_name="The first")
        said["started"] = (run.get_status(), seen(run).display_name, run.id == ws.get_run(run.id).id)
        run.display_name = "Renamed"
        run.description = "What it is"
        run.tag("plain"); run.tag("n", 3); run.set_tags({"a": "1", "b": "2"}); run.remove_tags(["b", "none"])
        run.add_properties({"p": "q"})
        again = seen(run)
        said["changed"] = (again.display_name, again.description, again.get_tags(), again.get_properties())
        run.complete()
        run.fail("too late")
        details = run.get_details()
        said["completed"] = (details["status"], details["startTimeUtc"] < details["endTimeUtc"], details["target"])

        failed = experiment.start_logging(snapshot_directory=None)
        try:
            raise ValueError("no data")
        except ValueError as error:
            failed.fail(error_details=error, error_code="BadData")
        said["failed"] = (failed.get_status(), seen(failed).get_details()["error"]["error"])
        try:
            failed.wait_for_completion()
        except Exception as error:
            said["raises"] = "no data" in str(error)

        canceled = experiment.start_logging(snapshot_directory=None)
        canceled.cancel()
        said["canceled"] = seen(canceled).get_status()
        asked = experiment.start_logging(snapshot_directory=None)
        asked._client.run.post_event_cancel_requested()
        said["asked"] = seen(asked).get_status()
        asked._client.run.post_event_warning("disk", "nearly full")
        asked._client.run.post_event_heartbeat(30)
        said["warned"] = seen(asked).get_details()["warnings"]
        asked.cancel()
        said["asked and gone"] = seen(asked).get_status()

        with experiment.start_logging(snapshot_directory=None) as well:
            pass
        said["with"] = seen(well).get_status()
        token = well._client.run.get_token()
        by_id = well._client.run._execute_with_run_expid_arguments(well._client.run._client.run.get_token_by_exp_id)
        import requests
        context = ws.service_context
        url = context._get_run_history_url() + "/history/v1.0" + context._get_workspace_scope() + "/runs/" + well.id
        ask = lambda token: requests.get(url, headers={"Authorization": "Bearer " + token.token}).status_code
        said["tokens"] = [ask(token), ask(by_id)]
        """,
    )

    assert said["started"] == ["Running", "The first", True]
    tags = {"plain": "", "n": "3", "a": "1"}
    assert said["changed"][:3] == ["Renamed", "What it is", tags]
    assert said["changed"][3]["p"] == "q"
    assert said["completed"] == ["Completed", True, "local"]
    status, error = said["failed"]
    assert (status, error["code"]) == ("Failed", "BadData")
    assert "no data" in error["message"]
    assert said["raises"]
    assert (said["canceled"], said["asked"], said["asked and gone"]) == (
        "Canceled",
        "CancelRequested",
        "Canceled",
    )
    assert said["warned"] == [{"source": "disk", "message": "nearly full"}]
    assert said["with"] == "Completed"
    assert said["tokens"] == [200, 200]


def test_children_and_their_children(shared_machine: Machine, tmp_path: Path):
    said = say(
        shared_machine,
        tmp_path,
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
        said["batch"] = [(c.get_status(), c.get_tags()["azureml.batch_child_number"]) for c in more]
        for number, child in enumerate(more):
            named[child.id] = f"batch {number}"
        names = lambda runs: sorted(named[run.id] for run in runs)
        said["direct"] = names(root.get_children())
        said["all"] = names(root.get_children(recursive=True))
        said["below left"] = names(left.get_children(recursive=True))
        said["with tag"] = names(root.get_children(tags={"fold": "2"}))
        said["with key, all"] = names(root.get_children(recursive=True, tags="fold"))
        said["running"] = names(root.get_children(status="Running"))
        again = Run.get(ws, leaf.id)
        said["up"] = (again.parent.id == left.id, again.parent.parent.id == root.id, again._root_run_id == root.id)
        said["statuses"] = (left.get_status(), leaf.get_status())
        root.flush()
        said["metrics"] = {named[k]: v for k, v in root.get_metrics(recursive=True).items()}
        said["one metric"] = {named[k]: v for k, v in left.get_metrics("depth", recursive=True).items()}
        for child in more:
            child.cancel()
        submitted = submit(experiment, "print(1)")
        submitted.wait_for_completion()
        env = Environment("here"); env.python.user_managed_dependencies = True
        below = root.submit_child(ScriptRunConfig("source", script="train.py", compute_target="c1", environment=env))
        below.wait_for_completion()
        scripts = [child.id for child in root.get_children(type="azureml.scriptrun")]
        said["submitted"] = (Run.get(ws, below.id).parent.id == root.id, below.get_status(), scripts == [below.id])
        root.complete()
        """,
    )

    assert said["batch"] == [["Running", "0"], ["Running", "1"]]
    direct = ["batch 0", "batch 1", "fold 1", "fold 2", "left"]
    assert said["direct"] == direct
    assert said["all"] == sorted([*direct, "leaf"])
    assert said["below left"] == ["leaf"]
    assert said["with tag"] == ["fold 2"]
    assert said["with key, all"] == ["fold 1", "fold 2"]
    assert said["running"] == ["batch 0", "batch 1"]
    assert said["up"] == [True, True, True]
    assert said["statuses"] == ["Completed", "Completed"]
    assert said["metrics"] == {"root": {"depth": 0}, "left": {"depth": 1}, "leaf": {"depth": 2}}
    assert said["one metric"] == {"left": {"depth": 1}, "leaf": {"depth": 2}}
    assert said["submitted"] == [True, "Completed", True]


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
    said = say(
        shared_machine,
        tmp_path,
        f"""
        script = {script!r}
        experiment = Experiment(ws, "inside")
        run = submit(experiment, script)
        run.wait_for_completion()
        said["status"] = run.get_status()
        said["metrics"] = run.get_metrics()
        said["tags"] = run.get_tags()
        said["seen"] = run.get_properties()["seen"]
        said["children"] = [(c.name, c.get_status(), c.get_metrics()) for c in run.get_children()]
        logs = run.get_details_with_logs()["logFiles"]
        said["log"] = logs["user_logs/std_log.txt"]
        said["files"] = run.get_file_names()
        said["saved"] = [os.path.relpath(p, "logs") for p in run.get_all_logs(destination="logs")]
        said["on disk"] = open("logs/user_logs/std_log.txt").read() == said["log"]

        code = "from azureml.core import Run\\nRun.get_context().complete()\\nraise SystemExit(3)\\n"
        ending = submit(experiment, code)
        ending.wait_for_completion(raise_on_error=False)
        said["ending"] = ending.get_status()
        slow = submit(experiment, "import time\\ntime.sleep(300)\\n")
        while slow.get_status() != "Running":
            time.sleep(0.1)
        slow._client.run.post_event_completed()
        said["not the client's"] = slow.get_status()
        Run.get(ws, slow.id).cancel()
        slow.wait_for_completion()
        said["canceled"] = slow.get_status()
        said["started"] = sorted(r.get_status() for r in Run.list(experiment, type="azureml.scriptrun"))
        """,
    )

    assert said["status"] == "Completed", said["log"]
    assert said["metrics"] == {"loss": [1, 0.5]}
    assert said["tags"]["from"] == "inside"
    assert said["seen"] == "inside local"
    assert [child[1:] for child in said["children"]] == [["Completed", {"fold": 1}]]
    assert "parent None files ['kept/a.txt'" in said["log"]
    assert 'metrics {"loss": [1, 0.5]}' in said["log"]
    assert said["log"].endswith("still here\n")
    assert "kept/a.txt" in said["files"]
    assert "user_logs/std_log.txt" in said["saved"]
    assert said["on disk"]
    assert said["ending"] == "Failed"
    assert (said["not the client's"], said["canceled"]) == ("Running", "Canceled")
    assert said["started"] == ["Canceled", "Completed", "Failed"]


def test_files_of_a_run(shared_machine: Machine, tmp_path: Path):
    said = say(
        shared_machine,
        tmp_path,
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
        said["names"] = sorted(run.get_file_names())
        run.download_file("two/y.txt", "got/y.txt")
        said["y"] = open("got/y.txt").read()
        run.download_file("one/file.txt", "got")
        said["file"] = open("got/file.txt").read()
        walk = lambda top: sorted(
            os.path.relpath(os.path.join(folder, name), top) for folder, _, names in os.walk(top) for name in names)
        run.download_files(prefix="three", output_directory="three")
        said["three"] = walk("three")
        run.download_files(prefix="three/deep", output_directory="flat", append_prefix=False)
        said["flat"] = walk("flat")
        run.download_files(output_directory="every")
        said["every"] = walk("every") == said["names"]
        run.download_files(prefix="nothing", output_directory="nothing")
        said["nothing"] = walk("nothing")
        try:
            run.download_file("two/none.txt")
        except Exception as error:
            said["missing"] = str(error)
        try:
            run.upload_file("one/file.txt", "folder/deep/b.txt")
        except Exception as error:
            said["twice"] = str(error)
        many = [f"many/{number:04}.txt" for number in range(1203)]
        client, origin = run._client.artifacts, "ExperimentRun"
        for start in range(0, len(many), 400):
            client.create_empty_artifacts(origin, run._container, many[start:start + 400])
        said["announced"] = len(run.get_file_names())
        uri = client.get_writeable_artifact_sas_uri(origin, run._container, "written.txt")
        import requests
        requests.put(uri, data=b"w", headers={"x-ms-blob-type": "BlockBlob"}).raise_for_status()
        said["written"] = run._download_artifact_contents_to_string("written.txt")
        os.makedirs("outputs", exist_ok=True)
        open("outputs/model.txt", "w").write("m")
        run.complete()
        said["outputs"] = "outputs/model.txt" in run.get_file_names()
        """,
    )

    three = ["a.txt", "deep/b.txt", "deep/größe 数.txt"]
    assert "Resource Conflict: ArtifactId" in said["twice"]
    assert said["names"] == sorted(
        ["one/file.txt", "one/stream.txt", "two/x.txt", "two/y.txt", *(f"three/{name}" for name in three)]
    )
    assert (said["y"], said["file"]) == ("deep/b.txt", "a.txt")
    assert said["three"] == [f"three/{name}" for name in three]
    assert said["flat"] == ["b.txt", "größe 数.txt"]
    assert said["every"]
    assert said["nothing"] == []
    assert "two/none.txt was not found" in said["missing"]
    assert "two/x.txt" in said["missing"]
    assert said["announced"] == 7
    assert said["written"] == "w"
    assert said["outputs"]


def test_snapshots_are_taken_and_restored(shared_machine: Machine, tmp_path: Path):
    said = say(
        shared_machine,
        tmp_path,
        """
        import hashlib, zipfile
        os.makedirs("code/deep")
        open("code/train.py", "w").write("print(1)")
        open("code/deep/größe.txt", "w").write("x" * 100_000)
        experiment = Experiment(ws, "snapshots")
        run = experiment.start_logging(snapshot_directory="code")
        said["id"] = run.get_snapshot_id() == run.get_properties()["ContentSnapshotId"]
        os.makedirs("restored")
        path = run.restore_snapshot(path="restored")
        with zipfile.ZipFile(path) as archive:
            said["names"] = sorted(archive.namelist())
            said["content"] = archive.read("train.py").decode()
            said["whole"] = archive.testzip() is None and len(archive.read("deep/größe.txt"))
        digest = hashlib.sha256(open(path, "rb").read()).hexdigest()
        path = run.restore_snapshot(snapshot_id=run.get_snapshot_id(), path="restored")
        said["same"] = hashlib.sha256(open(path, "rb").read()).hexdigest() == digest
        try:
            run.take_snapshot("code")
        except Exception as error:
            said["twice"] = str(error)
        run.complete()
        later = experiment.start_logging(snapshot_directory=None)
        said["none"] = later.get_snapshot_id()
        said["taken"] = later.take_snapshot("code") == later.get_snapshot_id() == run.get_snapshot_id()
        later.complete()
        submitted = submit(experiment, "print('hello')")
        submitted.wait_for_completion()
        with zipfile.ZipFile(submitted.restore_snapshot(path="restored")) as archive:
            said["submitted"] = archive.read("train.py").decode()
        try:
            run.restore_snapshot("11111111-1111-1111-1111-111111111111", "restored")
        except Exception as error:
            said["unknown"] = "404" in str(error)
        """,
    )

    assert said["id"]
    assert said["names"] == ["deep/größe.txt", "train.py"]
    assert (said["content"], said["whole"]) == ("print(1)", 100_000)
    assert said["same"]
    assert "already has one" in said["twice"]
    assert (said["none"], said["taken"]) == (None, True)
    assert said["submitted"] == "print('hello')"
    assert said["unknown"]


def test_a_submitted_run_that_its_submitter_declares_failed_is_ended_and_failed(
    shared_machine: Machine, tmp_path: Path
):
    said = say(
        shared_machine,
        tmp_path,
        """
        run = submit(Experiment(ws, "declared"), "import time\\nprint('on')\\ntime.sleep(600)\\n")
        while run.get_status() != "Running":
            time.sleep(0.1)
        run.fail("the loss is NaN", error_code="Diverged")
        said["raised"] = run.wait_for_completion(raise_on_error=False)["error"]["error"]["message"]
        said["status"] = run.get_status()
        said["files"] = run.get_file_names()
        """,
    )

    assert (said["status"], said["raised"]) == ("Failed", "the loss is NaN")
    assert said["files"] == ["user_logs/std_log.txt"]


def test_what_a_run_says_of_itself_and_where_it_ran(shared_machine: Machine, tmp_path: Path):
    said = say(
        shared_machine,
        tmp_path,
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
        said["waited"] = [details["status"], "from the run" in shown.getvalue(), run.id in shown.getvalue(),
                          run.get_portal_url() in shown.getvalue()]
        said["itself"] = [run.name, run.display_name == run.id, run.number, run.type, run.status, run.parent,
                          run.experiment.name, run.description, run.get_detailed_status()["status"]]
        said["definition"] = [details["target"], details["runDefinition"]["script"],
                              details["runDefinition"]["maxRunDurationSeconds"], details["submittedBy"]]
        there = Run.list_by_compute(ComputeTarget(ws, "cpu-cluster"))
        said["on the compute"] = run.id in [other.run_id for other in there]
        second = submit(experiment, "raise ValueError('no data')")
        try:
            second.wait_for_completion(show_output=False)
        except Exception as error:
            said["raised"] = [type(error).__name__, "ValueError: no data" in str(error)]
        quiet = second.wait_for_completion(raise_on_error=False)
        said["failed"] = [quiet["status"], second.get_status(), second.number,
                          "no data" in quiet["error"]["error"]["message"]]
        constructed = Run(experiment, run.id)
        said["constructed"] = [constructed.id == run.id, constructed.get_status(),
                               [r.number for r in Run.list(experiment)]]
        try:
            Run(experiment, "never-made")
        except Exception as error:
            said["none"] = "never-made was not found" in str(error)
        """,
    )

    assert said["waited"] == ["Completed", True, True, True]
    assert said["itself"] == [
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
    assert said["definition"] == ["cpu-cluster", "train.py", 600, "local user"]
    assert said["on the compute"]
    assert said["raised"] == ["ActivityFailedException", True]
    assert said["failed"] == ["Failed", "Failed", 2, True]
    assert said["constructed"] == [True, "Completed", [2, 1]]
    assert said["none"]


def test_files_are_kept_once_and_downloaded_in_every_way(shared_machine: Machine, tmp_path: Path):
    said = say(
        shared_machine,
        tmp_path,
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
        said["twice"] = failed(run.upload_file, "x/a.txt", "b.txt")
        said["nothing"] = [failed(run.upload_file, "y", "none"), failed(run.upload_folder, "y", "none")]
        artifacts, _ = run.upload_files(["x/b.txt", "x2/b.txt"], ["b.txt", "b.txt"], return_artifacts=True)
        said["artifacts"] = sorted(artifacts)
        run.upload_file("stored.txt", "a.txt", datastore_name="workspaceblobstore")
        run.download_file("x/a.txt")
        run.download_file("x/a.txt", "to/file.txt", _validate_checksum=True)
        run.download_files(prefix="x/", output_paths=["one", "two"])
        run.download_files(prefix="x", output_directory="batch", batch_size=1, timeout_seconds=60)
        read = lambda path: open(path).read()
        said["read"] = [read("a.txt"), read("to/file.txt"), sorted([read("one"), read("two")])]
        said["by prefix"] = sorted(os.path.relpath(os.path.join(folder, name), "batch")
                                   for folder, _, names in os.walk("batch") for name in names)
        said["names"] = run.get_file_names()
        run.complete()
        run.log("after", 1)
        run.flush()
        said["after the end"] = [run.get_metrics("after"), run.get_status()]
        """,
    )

    assert "already exists" in said["twice"]
    assert "FileNotFoundError" in said["nothing"][0] and "not a valid directory" in said["nothing"][1]
    assert said["artifacts"] == ["x/b.txt", "x2/b.txt"]
    assert said["read"] == ["a.txt", "a.txt", ["a.txt", "b.txt"]]
    assert said["by prefix"] == ["x/a.txt", "x/b.txt"]
    assert said["names"] == ["stored.txt", "x/a.txt", "x/b.txt", "x2/b.txt"]
    assert said["after the end"] == [{"after": 1}, "Completed"]
