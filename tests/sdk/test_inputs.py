"""Datasets as inputs of a run, with the real reader (azureml-dataset-runtime) at both ends."""

import os
import sys

import pytest

from tests.conftest import write_tree
from tests.sdk.conftest import Sdk

pytestmark = pytest.mark.slow  # an environment of 500 MB is put together first

HEAD = """
import json, tempfile, time
from azureml.core import Environment, Experiment, Run, ScriptRunConfig
from azureml.data import OutputFileDatasetConfig
from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
experiment = Experiment(ws, "inputs")
def submit(script, arguments=(), data=()):
    os.makedirs("source", exist_ok=True)
    pathlib.Path("source/train.py").write_text(script)
    env = Environment("this-python")
    env.python.user_managed_dependencies = True
    env.python.interpreter_path = sys.executable
    config = ScriptRunConfig(
        "source", script="train.py", arguments=list(arguments), compute_target="cpu-cluster", environment=env)
    config.run_config.data = dict(data)
    return experiment.submit(config)
def end(run):
    while run.get_status() not in ("Completed", "Failed", "Canceled"):
        time.sleep(0.1)
    return run.get_status()
def log(run):
    path = os.path.join(tempfile.mkdtemp(), "log")
    run.download_file("user_logs/std_log.txt", path)
    return open(path, encoding="utf-8").read().strip()
def gone(*paths):
    # What was put elsewhere is taken back a moment after the end of the run is told.
    while any(map(os.path.exists, paths)):
        time.sleep(0.1)
    return True
def outcome(*arguments):
    run = submit(*arguments)
    return end(run), log(run)
LIST = '''
import os, pathlib, sys
for path in map(pathlib.Path, sys.argv[1:]):
    if path.is_file():
        print("file", path.name, path.read_text(encoding="utf-8").strip())
    else:
        print("folder", *sorted(below.relative_to(path).as_posix() for below in path.rglob("*") if below.is_file()))
'''
store.upload("src", "given", overwrite=True, show_progress=False)
files = Dataset.File.from_files
"""
TREE = {"a.csv": "x,y\n1,a\n2,b\n", "sub dir/größe.csv": "x,y\n3,c\n", "c.txt": "C"}


@pytest.fixture
def sdk_with_files(sdk: Sdk) -> Sdk:
    write_tree(sdk.cwd / "src", TREE)
    return Sdk(sdk.machine, sdk.python, sdk.cwd, HEAD)


def test_the_reader_and_the_run_call_the_files_the_same(sdk_with_files: Sdk):
    shown = sdk_with_files("""
for name in ("b-1.txt", "b.txt", "b/1.txt", "b/x/2.txt", ".h", "100%.txt", "ü ü.txt"):
    path = pathlib.Path("src", "more", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)
store.upload("src", "names", show_progress=False)
datasets = [files((store, path), validate=False) for path in (
    "names", "names/", "names/**", "names/*", "names/**/*.csv", "names/*/*.txt", "na*/*.csv", "names/more/b*",
    "names/more/b**/2.txt", "names/more/**/b/*", "names/more/ü ü.txt")]
datasets += [files([(store, "names/a.csv"), (store, "names/more/b")]), files((store, "names")).take(3).skip(1)]
datasets.append(files((store, "names/**/*.csv"), partition_format="/{p}.csv"))
inputs = [dataset.as_named_input(f"i{number}").as_mount() for number, dataset in enumerate(datasets)]
status, printed = outcome(LIST, inputs)
show(status)
for dataset, line in zip(datasets, printed.splitlines()):
    kind, *names = line.split(" ", 1)
    expected = sorted(path.lstrip("/") for path in dataset.to_path())
    show(kind == "file" or names[0] == " ".join(expected), kind, len(expected))
""")

    assert shown[0] == "Completed"
    assert [line.split()[0] for line in shown[1:]] == ["True"] * 14
    assert [line.split()[1] for line in shown[1:]].count("file") == 1


def test_each_mode_reaches_arguments_variables_and_input_datasets(sdk_with_files: Sdk):
    shown = sdk_with_files("""
script = '''
import os, sys
from azureml.core import Dataset, Run
run = Run.get_context()
data, (mount, download, direct, single) = run.input_datasets, sys.argv[1:]
assert {data["m"], os.environ["m"], os.environ["AZURE_ML_INPUT_m"], os.environ["AZUREML_DATAREFERENCE_m"]} == {mount}
assert data["d"] == download == os.path.join(os.getcwd(), "put", "here")
assert data["t"].id == direct == os.environ["t"]
assert data["s"] == single and os.path.isfile(single)
print(sorted(os.listdir(mount)), sorted(os.listdir(download)))
print(data["t"].to_pandas_dataframe().values.tolist(), data["f"].to_path())
print(Dataset.get_by_name(run.experiment.workspace, "table").to_pandas_dataframe().shape)
print(open(single).read())
open(os.path.join(download, "mine"), "w").write("a download may be written to")
'''
folder = files((store, "given"))
table = Dataset.Tabular.from_delimited_files((store, "given/**/*.csv")).register(ws, "table", create_new_version=True)
one = files((store, "given/c.txt")).register(ws, "one", create_new_version=True)
inputs = [folder.as_named_input("m").as_mount(), folder.as_named_input("d").as_download("put/here"),
          table.as_named_input("t"), DatasetConsumptionConfig("s", (ws, "one")).as_download()]
run = submit(script, inputs, data={"f": folder.as_named_input("f")})
show(end(run))
print("\\n".join("= " + line for line in log(run).splitlines() if not line.startswith("{'infer")))
for lineage in run.get_details()["inputDatasets"]:
    details = lineage["consumptionDetails"]
    show(*map(details.get, ("type", "inputName", "mechanism", "pathOnCompute")), lineage["dataset"].name)
""")

    assert shown == [
        "Completed",
        "['a.csv', 'c.txt', 'sub dir'] ['a.csv', 'c.txt', 'sub dir']",
        "[[1, 'a'], [2, 'b'], [3, 'c']] ['/a.csv', '/c.txt', '/sub dir/größe.csv']",
        "(3, 2)",
        "C",
        "RunInput f Direct None None",
        "RunInput m Mount None None",
        "RunInput d Download put/here None",
        "RunInput t Direct None table",
        "RunInput s Download None one",
        "Reference None None None table",  # from get_by_name in the script
    ]


def test_what_a_script_does_to_its_input_is_done_to_its_copy(sdk_with_files: Sdk):
    shown = sdk_with_files("""
script = '''
import os, pathlib, sys
for path in map(pathlib.Path, sys.argv[1:]):
    for each in (path, *path.rglob("*")):
        each.chmod(0o777)
    (path / "a.csv").write_text("damaged")
    (path / "c.txt").unlink()
    os.truncate(path / "sub dir" / "größe.csv", 0)
    print(path)
'''
folder = files((store, "given"))
run = submit(script, [folder.as_named_input("m").as_mount(), folder.as_named_input("d").as_download(),
                      folder.as_named_input("a").as_mount(os.path.abspath("absolute"))])
show(end(run))
show(gone(*log(run).splitlines()))
folder.download("down")
for path in ("a.csv", "c.txt", "sub dir/größe.csv"):
    show(pathlib.Path("down", path).read_bytes() == pathlib.Path("src", path).read_bytes())
os.makedirs("absolute/mine")
run = submit(LIST, [folder.as_named_input("a").as_mount(os.path.abspath("absolute"))])
show(end(run), run._client.get_run().error.error.message.splitlines()[1], os.listdir("absolute"))
""")

    assert shown == [
        "Completed",
        "True",
        "True",
        "True",
        "True",
        "Failed Give it a path of its own, or none. ['mine']",
    ]


def test_what_cannot_be_an_input_is_said(sdk_with_files: Sdk):
    shown = sdk_with_files("""
def refusal(arguments):
    try:
        return end(submit(LIST, arguments))
    except Exception as error:
        return str(error).replace("\\n", " ")
folder = files((store, "given"))
Datastore.register_azure_blob_container(ws, "ourlake", "data", "ouraccount", account_key="a2V5")
lake = files((Datastore(ws, "ourlake"), "x"), validate=False)
show(refusal([folder]))
show(refusal([lake.as_named_input("x").as_mount()]))
show(refusal([files("https://127.0.0.1:1/x.csv", validate=False).as_named_input("x").as_hdfs()]))
run = submit(LIST, [files((store, "nothing/here"), validate=False).as_named_input("x").as_mount()])
show(end(run), run._client.get_run().error.error.message)
run = submit(LIST, [files("http://127.0.0.1:1/x.csv", validate=False).as_named_input("x").as_mount()])
show(end(run), run._client.get_run().error.error.message)
""")

    bare, lake, hdfs, missing, unreachable = shown
    assert "Dataset cannot be used directly in a run" in bare  # by the SDK itself
    assert (
        "501" in lake
        and "Input 'x' is in the datastore ourlake, which the local workspace does not reach" in lake
    )
    assert "501" in hdfs and "mode 'hdfs'" in hdfs
    assert (
        missing == "Failed Input 'x': there is nothing at 'nothing/here' in the datastore workspaceblobstore."
    )
    assert unreachable.startswith("Failed Input 'x': http://127.0.0.1:1/x.csv could not be read")


def test_addresses_are_downloaded(sdk_with_files: Sdk):
    shown = sdk_with_files("""
import functools, http.server, threading
# The SDK changes the working directory while it submits, and the run reads from here already.
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=os.path.abspath("src"))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
one, two = files(url + "a.csv"), files([url + "a.csv", url + "c.txt"])
status, printed = outcome(LIST, [one.as_named_input("one").as_mount(), two.as_named_input("two").as_download()])
show(status)
first, second = printed.splitlines()[0], printed.splitlines()[-1]
show(first.split()[:2], second == "folder " + " ".join(sorted(path[1:] for path in two.to_path())))
""")

    assert shown == ["Completed", "['file', 'a.csv'] True"]


def test_outputs_are_datasets_for_the_next_run(sdk_with_files: Sdk):
    shown = sdk_with_files("""
script = '''
import pathlib, sys
for folder in sys.argv[1:]:
    pathlib.Path(folder, "part-1.csv").write_text("x,y\\\\n1,a\\\\n")
    pathlib.Path(folder, "part-2.csv").write_text("x,y\\\\n2,b\\\\n")
    pathlib.Path(folder, "notes.txt").write_text("no table")
'''
plain = OutputFileDatasetConfig("plain").register_on_complete("made", "by a run", {"k": "v"})
table = OutputFileDatasetConfig("table").register_on_complete("made table")
table = table.read_delimited_files(path_glob=".*\\\\.csv$")
run = submit(script, [plain, table])
show(end(run))
made = Dataset.get_by_name(ws, "made")
show(made.version, made.description, made.tags, made.to_path())
show(rows(Dataset.get_by_name(ws, "made table")))
for output in run.get_details()["outputDatasets"]:
    show(output["outputDetails"], output["outputType"], output["dataset"].name)
again = submit(script, [OutputFileDatasetConfig("plain").as_upload().register_on_complete("made")])
show(end(again), Dataset.get_by_name(ws, "made").version, len(Dataset.get_by_name(ws, "made", 1).to_path()))
show(outcome(LIST, [made.as_named_input("made").as_mount()])[1])
failed = submit("raise SystemExit(1)", [OutputFileDatasetConfig("plain").register_on_complete("never made")])
show(end(failed), "never made" in ws.datasets)
""")

    assert shown == [
        "Completed",
        "1 by a run {'k': 'v'} ['/notes.txt', '/part-1.csv', '/part-2.csv']",
        "[['1', 'a'], ['2', 'b']]",
        "{'outputName': 'plain', 'mechanism': 'Mount'} RunOutput made",
        "{'outputName': 'table', 'mechanism': 'Mount'} RunOutput made table",
        "Completed 2 3",
        "folder notes.txt part-1.csv part-2.csv",
        "Failed False",
    ]


def test_files_that_only_the_reader_can_choose_are_chosen_by_it(sdk_with_files: Sdk):
    shown = sdk_with_files(
        f"without_reader = {sys.executable!r}"
        + """
folder = files((store, "given"))
first, second = folder.random_split(0.5, seed=3)
sample = folder.take_sample(0.5, seed=3)
status, printed = outcome(LIST, [first.as_named_input("a").as_mount(), second.as_named_input("b").as_download(),
                                 sample.as_named_input("c").as_mount(os.path.abspath("chosen"))])
show(status, gone("chosen"))
for dataset, line in zip((first, second, sample), printed.splitlines()):
    show(line == " ".join(["folder", *sorted(path[1:] for path in dataset.to_path())]))
bare = Environment("no-reader")
bare.python.user_managed_dependencies = True
bare.python.interpreter_path = without_reader
config = ScriptRunConfig("source", script="train.py", arguments=[sample.as_named_input("c").as_mount()],
                         environment=bare, compute_target="cpu-cluster")
run = experiment.submit(config)
show(end(run))
print("\\n".join("= " + line for line in run._client.get_run().error.error.message.splitlines()))
"""
    )

    assert shown == [
        "Completed True",
        "True",
        "True",
        "True",
        "Failed",
        "Input 'c': its files are chosen by 'take_random_sample', and the run's environment has no reader.",
        "Add azureml-dataset-runtime to it.",
    ]


@pytest.mark.skipif(not os.access("/dev/fuse", os.W_OK), reason="a mount inside the script is FUSE's")
def test_a_script_mounts_a_dataset_by_itself(sdk_with_files: Sdk):
    shown = sdk_with_files("""
script = '''
import os
from azureml.core import Dataset, Run
workspace = Run.get_context().experiment.workspace
with Dataset.File.from_files((workspace.get_default_datastore(), "given")).mount() as mounted:
    print(sorted(os.listdir(mounted.mount_point)), open(os.path.join(mounted.mount_point, "c.txt")).read())
'''
status, printed = outcome(script)
show(status)
show(printed.splitlines()[-1])
""")

    assert shown == ["Completed", "['a.csv', 'c.txt', 'sub dir'] C"]


def test_outputs_are_tables_and_links(sdk_with_files: Sdk):
    shown = sdk_with_files("""
from azureml.data import LinkFileOutputDatasetConfig, LinkTabularOutputDatasetConfig
script = '''
import pathlib, sys
import pandas
from azureml.core import Dataset, Run
parquet, split = map(pathlib.Path, sys.argv[1:3])
pandas.DataFrame({"x": [1, 2], "y": ["a", "b"]}).to_parquet(parquet / "p.parquet")
(split / "s.csv").write_text("x\\\\n" + "1\\\\n" * 100)
run = Run.get_context()
store = run.experiment.workspace.get_default_datastore()
run.output_datasets["files"].link(Dataset.File.from_files((store, "given")))
run.output_datasets["table"].link(Dataset.Tabular.from_delimited_files((store, "given/a.csv")))
'''
parquet = OutputFileDatasetConfig("parquet").register_on_complete("parquet table")
parquet = parquet.read_parquet_files(include_path=True).keep_columns(["x", "Path"])
split, rest = OutputFileDatasetConfig("split").read_delimited_files().random_split(0.5, seed=1)
links = [LinkFileOutputDatasetConfig("files").register_on_complete("linked files"),
         LinkTabularOutputDatasetConfig("table")]
run = submit(script, [parquet, split, *links])
show(end(run))
frame = Dataset.get_by_name(ws, "parquet table").to_pandas_dataframe()
show(frame["x"].tolist(), [path.split("/")[-1] for path in frame["Path"]])
outputs = {output["outputDetails"]["outputName"]: output for output in run.get_details()["outputDatasets"]}
show(0 < len(outputs["split_1"]["dataset"].to_pandas_dataframe()) < 100)
show(sorted(Dataset.get_by_name(ws, "linked files").to_path()), outputs["files"]["outputDetails"]["mechanism"])
show(rows(outputs["table"]["dataset"]))
try:
    submit(LIST, [OutputFileDatasetConfig("next").as_input("next")])
except AttributeError as error:
    show("_ensure_saved" in str(error))  # the SDK itself can do that in pipelines only
""")

    assert shown == [
        "Completed",
        "[1, 2] ['p.parquet', 'p.parquet']",
        "True",
        "['/a.csv', '/c.txt', '/sub dir/größe.csv'] Link",
        "[[1, 'a'], [2, 'b']]",
        "True",
    ]


def test_a_local_run_has_its_data_too(sdk_with_files: Sdk):
    shown = sdk_with_files("""
tempfile.tempdir = os.getcwd()
output = OutputFileDatasetConfig("o", (store, "local out"), source="made")
os.makedirs("source", exist_ok=True)
pathlib.Path("source/train.py").write_text(LIST + "open('made/f.txt', 'w').write('made')")
env = Environment("this-python")
env.python.user_managed_dependencies = True
env.python.interpreter_path = sys.executable
arguments = [files((store, "given")).as_named_input("x").as_mount(),
             files((store, "given")).as_named_input("y").as_download("data"), output]
run = experiment.submit(ScriptRunConfig("source", script="train.py", arguments=arguments, environment=env))
show(end(run))
print("\\n".join("= " + line for line in log(run).splitlines()))
show(Dataset.File.from_files((store, "local out")).to_path())
copy, = pathlib.Path("azureml_runs").iterdir()
show(gone(copy / "data"), (copy / "made" / "f.txt").exists())
""")

    assert shown == [
        "Completed",
        "folder a.csv c.txt sub dir/größe.csv",
        "folder a.csv c.txt sub dir/größe.csv",
        "folder",
        "['/f.txt']",
        "True True",
    ]
