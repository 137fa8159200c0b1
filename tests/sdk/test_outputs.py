"""``OutputFileDatasetConfig``: what a script writes to its outputs, and what becomes of it.

The reader of datasets is not needed to write: what was written is read through the datastore here, and as
datasets in ``test_inputs``.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Machine
from tests.sdk.calls import given

HEAD = """
from azureml.data import OutputFileDatasetConfig
store = ws.get_default_datastore()
experiment = Experiment(ws, {experiment!r})
def end(run):
    while run.get_status() not in ("Completed", "Failed", "Canceled"):
        time.sleep(0.1)
    return run.get_status()
def kept(prefix):
    folder = tempfile.mkdtemp()
    store.download(folder, prefix=prefix, show_progress=False)
    paths = [os.path.join(root, name) for root, _, names in os.walk(folder) for name in names]
    return {{os.path.relpath(path, folder).replace(os.sep, "/"): open(path, encoding="utf-8").read() for path in paths}}
def log(run, name="user_logs/std_log.txt"):
    path = os.path.join(tempfile.mkdtemp(), "log")
    run.download_file(name, path)
    return open(path, encoding="utf-8").read()
"""


@pytest.fixture
def said(shared_machine: Machine, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """Runs code against the workspace, and returns what it put into ``seen``."""
    experiment = request.node.name.replace("[", "-").replace("]", "")[:60]
    return lambda code: given(shared_machine, HEAD.format(experiment=experiment) + code, cwd=tmp_path)


def test_what_is_written_to_an_output_is_in_the_datastore(said: Any):
    seen = said(
        """
script = '''
import os, pathlib, sys
from azureml.core import Run
mounted, uploaded = map(pathlib.Path, sys.argv[1:])
outputs = Run.get_context().output_datasets
assert (outputs["m"], outputs["u"]) == (str(mounted), str(uploaded))
assert (os.environ["m"], os.environ["AZURE_ML_OUTPUT_u"]) == (str(mounted), str(uploaded))
(mounted / "sub folder").mkdir()
(mounted / "sub folder" / "grö ße.txt").write_text("mounted", encoding="utf-8")
(uploaded / "b.txt").write_text("uploaded")
print(uploaded)
'''
mounted = OutputFileDatasetConfig("m")
uploaded = OutputFileDatasetConfig("u", (store, "chosen/{run-id}/{output-name}"), source="made here").as_upload()
run = submit(experiment, script, arguments=[mounted, uploaded])
seen["status"] = end(run)
seen["id"] = run.id
seen["path"] = log(run).strip()
seen["mounted"] = kept(f"dataset/{run.id}/m")
seen["uploaded"] = kept(f"chosen/{run.id}/u")
seen["log"] = log(run, "system_logs/data_capability/data-capability.log")
"""
    )

    assert seen["status"] == "Completed"
    assert seen["mounted"] == {f"dataset/{seen['id']}/m/sub folder/grö ße.txt": "mounted"}
    assert seen["uploaded"] == {f"chosen/{seen['id']}/u/b.txt": "uploaded"}
    assert Path(seen["path"]).name == "made here"
    assert "Output 'u': 1 files to workspaceblobstore/chosen/" in seen["log"]


def test_of_a_failed_or_canceled_run_only_what_was_mounted_is_kept(said: Any):
    seen = said(
        """
script = '''
import pathlib, sys, time
for folder in sys.argv[1:3]:
    pathlib.Path(folder, "f.txt").write_text("f")
print("written", flush=True)
if sys.argv[3] == "wait":
    time.sleep(600)
sys.exit(3)
'''
for how in ("fail", "wait"):
    outputs = [OutputFileDatasetConfig(name, (store, how + "/{output-name}")) for name in "mu"]
    outputs[1] = outputs[1].as_upload()
    run = submit(experiment, script, arguments=[*outputs, how])
    if how == "wait":
        while "user_logs/std_log.txt" not in run.get_file_names() or "written" not in log(run):
            time.sleep(0.1)
        run.cancel()
    seen[how] = [end(run), kept(how)]
"""
    )

    assert seen["fail"] == ["Failed", {"fail/m/f.txt": "f"}]
    assert seen["wait"] == ["Canceled", {"wait/m/f.txt": "f"}]


def test_an_upload_replaces_files_only_when_told_to(said: Any):
    seen = said(
        """
script = '''
import pathlib, sys
pathlib.Path(sys.argv[1], sys.argv[2]).write_text(sys.argv[3])
'''
def upload(name, text, **options):
    output = OutputFileDatasetConfig("o", (store, "same")).as_upload(**options)
    run = submit(experiment, script, arguments=[output, name, text])
    return [end(run), kept("same"), run]
first = upload("f.txt", "first")
second = upload("f.txt", "second")
other = upload("g.txt", "other")
third = upload("f.txt", "third", overwrite=True)
seen["all"] = [outcome[:2] for outcome in (first, second, other, third)]
seen["why"] = second[2]._client.get_run().error.error.message
"""
    )

    assert seen["all"] == [
        ["Completed", {"same/f.txt": "first"}],
        ["Failed", {"same/f.txt": "first"}],
        ["Completed", {"same/f.txt": "first", "same/g.txt": "other"}],
        ["Completed", {"same/f.txt": "third", "same/g.txt": "other"}],
    ]
    assert seen["why"].splitlines() == [
        "Output 'o' could not be uploaded: there is a file workspaceblobstore/same/f.txt already.",
        "Pass as_upload(overwrite=True), or a destination with {run-id} in it.",
    ]


def test_a_mounted_folder_shows_what_is_in_it_and_patterns_choose_what_is_uploaded(said: Any):
    seen = said(
        """
os.makedirs("there/sub"); open("there/sub/old.txt", "w").write("old"); open("there/kept.txt", "w").write("kept")
store.upload("there", "shared", show_progress=False)
script = '''
import pathlib, sys
mounted, uploaded = map(pathlib.Path, sys.argv[1:])
print(sorted(path.relative_to(mounted).as_posix() for path in mounted.rglob("*.txt")))
(mounted / "sub/old.txt").write_text("changed")
(mounted / "new.txt").write_text("new")
(uploaded / "deep").mkdir()
for name in ("a.csv", "deep/b.csv", "deep/c.txt"):
    (uploaded / name).write_text(name)
'''
mounted = OutputFileDatasetConfig("m", (store, "shared")).as_mount()
uploaded = OutputFileDatasetConfig("u", (store, "chosen by pattern")).as_upload(source_globs=["*.csv"])
run = submit(experiment, script, arguments=[mounted, uploaded])
seen["status"] = end(run)
seen["log"] = log(run)
seen["mounted"] = kept("shared")
seen["uploaded"] = sorted(kept("chosen by pattern"))
"""
    )

    assert seen["status"] == "Completed"
    assert seen["log"] == "['kept.txt', 'sub/old.txt']\n"
    assert seen["mounted"] == {
        "shared/kept.txt": "kept",
        "shared/new.txt": "new",
        "shared/sub/old.txt": "changed",
    }
    assert seen["uploaded"] == ["chosen by pattern/a.csv", "chosen by pattern/deep/b.csv"]


def test_an_output_in_a_command_is_one_word_and_all_processes_see_the_same(said: Any):
    seen = said(
        """
from azureml.core.runconfig import MpiConfiguration
os.makedirs("source", exist_ok=True)
open("source/write.py", "w").write('''
import os, pathlib, sys
pathlib.Path(sys.argv[1], os.environ.get("RANK", "one") + ".txt").write_text(sys.argv[1])
''')
env = Environment("the-one-that-is-here")
env.python.user_managed_dependencies = True
output = OutputFileDatasetConfig("o", (store, "commanded"), source="with a space")
run = experiment.submit(ScriptRunConfig("source", command=["python", "write.py", output], environment=env))
seen["command"] = [end(run), kept("commanded")]
run = experiment.submit(ScriptRunConfig(
    "source", script="write.py", environment=env, arguments=[OutputFileDatasetConfig("p", (store, "many")).as_upload()],
    distributed_job_config=MpiConfiguration(process_count_per_node=2)))
seen["many"] = [end(run), kept("many")]
"""
    )

    status, written = seen["command"]
    assert (status, set(written)) == ("Completed", {"commanded/one.txt"})
    assert written["commanded/one.txt"].endswith("with a space")
    status, written = seen["many"]
    assert status == "Completed"
    assert set(written) == {"many/0.txt", "many/1.txt"}
    assert len(set(written.values())) == 1


def test_outputs_that_are_not_had_here_are_refused_by_name(said: Any):
    seen = said(
        """
from azureml.core import Datastore
from azureml.data.output_dataset_config import HDFSOutputDatasetConfig
Datastore.register_azure_blob_container(ws, "lake_of_ours", "data", "ouraccount", account_key="a2V5")
def refusal(output):
    try:
        submit(experiment, "", arguments=[output])
    except Exception as error:
        return str(error)
seen["hdfs"] = refusal(HDFSOutputDatasetConfig("h"))
seen["foreign"] = refusal(OutputFileDatasetConfig("f", ("lake_of_ours", "x")))
"""
    )

    assert "Output 'h' is in the mode 'hdfs', which the local workspace does not have." in seen["hdfs"]
    assert "501" in seen["hdfs"]
    assert (
        "Output 'f' is in the datastore lake_of_ours, which the local workspace does not reach"
        in seen["foreign"]
    )
