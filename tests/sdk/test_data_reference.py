"""``DataReference``, the older way to name a path of a datastore in a run."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Machine
from tests.sdk.calls import given
from tests.sdk.test_outputs import HEAD

MORE = """
def with_references(script, *references, arguments=None, **options):
    os.makedirs("source", exist_ok=True)
    open("source/train.py", "w").write(script)
    env = Environment("the-one-that-is-here")
    env.python.user_managed_dependencies = True
    if "command" not in options:
        options |= {"script": "train.py", "arguments": arguments or [str(reference) for reference in references]}
    config = ScriptRunConfig("source", compute_target="cpu-cluster", environment=env, **options)
    config.run_config.data_references = {each.data_reference_name: each.to_config() for each in references}
    return experiment.submit(config)
os.makedirs("data/sub")
open("data/a b.txt", "w").write("A"); open("data/sub/ü.txt", "w").write("U")
"""


@pytest.fixture
def said(shared_machine: Machine, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """Runs code against the workspace, and returns what it put into ``seen``."""
    head = HEAD.format(experiment=request.node.name[:60]) + MORE
    return lambda code: given(shared_machine, head + code, cwd=tmp_path)


def test_mounts_and_downloads_are_paths_in_arguments_variables_and_commands(said: Any):
    seen = said(
        """
store.upload("data", "given", show_progress=False)
folder = store.path("given").as_mount()
one = store.path("given/sub/ü.txt", data_reference_name="one").as_download(path_on_compute="some where")
script = '''
import os, pathlib, sys
for name, path in zip(sys.argv[3:], map(pathlib.Path, sys.argv[1:])):
    assert str(path) == os.environ["AZUREML_DATAREFERENCE_" + name]
folder, one = map(pathlib.Path, sys.argv[1:3])
print(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.txt")), (folder / "a b.txt").read_text())
print(one.relative_to(pathlib.Path.cwd()).as_posix(), one.read_text())
'''
run = with_references(script, folder, one, arguments=[str(folder), str(one), folder.data_reference_name, "one"])
seen["script"] = [end(run), log(run)]
command = with_references("", one, command=["cat", str(one), "&&", f'cat "${{AZUREML_DATAREFERENCE_one}}"'])
seen["command"] = [end(command), log(command)]
"""
    )

    assert seen["script"] == [
        "Completed",
        "['a b.txt', 'sub/ü.txt'] A\nworkspaceblobstore/some where/given/sub/ü.txt U\n",
    ]
    assert seen["command"] == ["Completed", "UU"]


def test_what_is_written_to_a_mount_or_an_upload_is_in_the_datastore(said: Any):
    seen = said(
        """
store.upload("data", "written", show_progress=False)
mount = store.path("written/made", data_reference_name="made").as_mount()
upload = store.path("written/up", data_reference_name="up").as_upload(path_on_compute="results")
script = '''
import os, pathlib, sys
made, up = map(pathlib.Path, sys.argv[1:])
made.mkdir(parents=True)
up.mkdir(exist_ok=True)
(made / "m.txt").write_text("m")
(up / "u.txt").write_text("u")
'''
run = with_references(script, mount, upload)
seen["first"] = [end(run), kept("written")]
arguments = [str(upload) + "/more", str(upload)]
again = with_references(script.replace('"u")', '"again")'), upload, arguments=arguments)
seen["again"] = [end(again), kept("written/up"), again._client.get_run().warnings[0].message]
failing = store.path("written/failing", data_reference_name="failing").as_upload(path_on_compute="results")
failed = with_references("import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('f'); sys.exit(1)", failing)
seen["failed"] = [end(failed), kept("written/failing")]
"""
    )

    assert seen["first"] == [
        "Completed",
        {
            "written/a b.txt": "A",
            "written/sub/ü.txt": "U",
            "written/made/m.txt": "m",
            "written/up/u.txt": "u",
        },
    ]
    assert seen["again"] == [
        "Completed",
        {"written/up/u.txt": "u", "written/up/more/m.txt": "m"},
        "workspaceblobstore/written/up/u.txt is there already and was not replaced.",
    ]
    assert seen["failed"] == ["Failed", {"written/failing/results": "f"}]


def test_references_that_are_not_had_here_are_refused_by_name(said: Any):
    seen = said(
        """
from azureml.core import Datastore
from azureml.core.runconfig import DataReferenceConfiguration
def refusal(**settings):
    class Given:
        data_reference_name = "r"
        def to_config(self):
            return DataReferenceConfiguration(**settings)
    try:
        with_references("", Given())
    except Exception as error:
        return str(error)
seen["foreign"] = refusal(datastore_name="workspacefilestore")
seen["nowhere"] = refusal(datastore_name="workspaceblobstore", mode="upload", path_on_datastore="x")
"""
    )

    assert "501" in seen["foreign"]
    assert "Data reference 'r' is in the datastore workspacefilestore" in seen["foreign"]
    assert "misses the path on the compute" in seen["nowhere"]
