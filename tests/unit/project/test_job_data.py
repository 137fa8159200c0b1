"""Data among the arguments of a run, and arguments however they are put together."""

from pathlib import Path

import pytest

from tests.unit.project.test_job import PLAIN, job_of, refusal

STORE = "store = ws.get_default_datastore()\n"
FOLDER = "azureml://datastores/workspaceblobstore/paths/a/b/"


def given(tmp_path: Path, made: str, argument: str):
    return job_of(tmp_path, made + PLAIN.format(f", arguments=['--data-dir', {argument}, '--epochs', 25]"))


FILES = "d = Dataset.File.from_files({})\n"
IN_FOLDER = f"data_dir {FOLDER} ro_mount"


@pytest.mark.parametrize(
    ("made", "argument", "expected"),
    [
        ("d = Dataset.get_by_name(ws, 'n')\n", "d.as_download()", "data_dir azureml:n@latest download"),
        ("d = Dataset.get_by_name(ws, 'n', 3)\n", "d.as_mount()", "data_dir azureml:n:3 ro_mount"),
        (
            "d = Dataset.get_by_name(ws, name='n', version='latest')\n",
            "d.as_mount()",
            "data_dir azureml:n@latest ro_mount",
        ),
        (
            "d = Dataset.get_by_name(ws, 'n')\nd = d.as_download()\n",
            "d",
            "data_dir azureml:n@latest download",
        ),
        (
            "d = Dataset.get_by_name(ws, 'n')\n",
            "DatasetConsumptionConfig('x', d, 'mount')",
            "x azureml:n@latest ro_mount",
        ),
        ("d = ws.datasets.get('n')\n", "d.as_named_input('x').as_mount('/d')", "x azureml:n@latest ro_mount"),
        ("", "ws.datasets['n'].as_mount()", "data_dir azureml:n@latest ro_mount"),
        (STORE + FILES.format("(store, 'a/b')"), "d.as_mount()", IN_FOLDER),
        (STORE + FILES.format("path=[(store, '/a/b/**')]"), "d.as_mount()", IN_FOLDER),
        (STORE + FILES.format("DataPath(store, 'a/b')"), "d.as_mount()", IN_FOLDER),
        (STORE, "store.path('a/b').as_mount()", IN_FOLDER),
        (
            STORE + FILES.format("(store, 'a/b')") + "d = d.register(ws, 'n')\n",
            "d.as_mount()",
            "data_dir azureml:n@latest ro_mount",
        ),
        (
            "s = Datastore.get(ws, 's')\n",
            "s.path('a').as_download()",
            "data_dir azureml://datastores/s/paths/a/ download",
        ),
        (
            "r = DataReference(Datastore(ws, 's'), data_reference_name='r', path_on_datastore='a')\n",
            "str(r)",
            "r azureml://datastores/s/paths/a/ ro_mount",
        ),
    ],
)
def test_data_that_is_read(tmp_path, made, argument, expected):
    name, path, mode = expected.split()
    job = given(tmp_path, made, argument)
    assert job.inputs == {name: {"type": "uri_folder", "path": path, "mode": mode}}
    assert job.command_line == f"python train.py --data-dir ${{{{inputs.{name}}}}} --epochs 25"


@pytest.mark.parametrize(
    ("argument", "spec"),
    [
        ("OutputFileDatasetConfig('o')", {"mode": "rw_mount"}),
        ("OutputFileDatasetConfig(name='o').as_upload(overwrite=True)", {"mode": "upload"}),
        (
            "OutputFileDatasetConfig('o', (Datastore(ws, 's'), 'a/{run-id}')).register_on_complete('n')",
            {"path": "azureml://datastores/s/paths/a/${{name}}/", "name": "n", "mode": "rw_mount"},
        ),
    ],
)
def test_data_that_is_written(tmp_path, argument, spec):
    job = given(tmp_path, "", argument)
    assert job.outputs == {"o": {"type": "uri_folder", **spec}}
    assert job.command_line == "python train.py --data-dir ${{outputs.o}} --epochs 25"


def test_a_dataset_without_a_mode_is_a_table_and_said_to_be_read_otherwise(tmp_path):
    job = given(tmp_path, "", "Dataset.get_by_name(ws, 'n').as_named_input('x')")
    assert job.inputs == {"x": {"type": "mltable", "path": "azureml:n@latest", "mode": "direct"}}
    assert any("mltable.load" in left.hint for left in job.left)


@pytest.mark.parametrize(
    "argument",
    [
        "Dataset.get_by_id(ws, 'x').as_mount()",
        "Dataset.Tabular.from_delimited_files((store, 'a.csv')).as_named_input('x')",
        "Dataset.File.from_files((store, 'a/one.csv')).as_mount()",
        "Dataset.File.from_files((store, 'a/*.csv')).as_mount()",
        "Dataset.File.from_files('https://example.com/a.csv').as_mount()",
        "Dataset.File.from_files([(store, 'a'), (store, 'b')]).as_mount()",
        "Dataset.get_by_name(ws, pick()).as_mount()",
        "Dataset.get_by_name(ws, 'n', pick()).as_mount()",
        "Dataset.get_by_name(ws, 'n').as_hdfs()",
    ],
)
def test_data_that_no_input_stands_for_is_refused_as_one_argument(tmp_path, argument):
    made = STORE + PLAIN.format(f", arguments=['--data-dir', {argument}, '--epochs', 25]")
    assert refusal(tmp_path, made).startswith(
        "submit.py:5: the value of --data-dir is data that no input stands for: "
    )


def test_the_same_data_twice_is_one_input_and_other_data_another(tmp_path):
    body = (
        "a = Dataset.get_by_name(ws, 'n').as_named_input('x').as_mount()\nb = ws.datasets['m'].as_mount()\n"
    )
    job = job_of(tmp_path, body + PLAIN.format(", arguments=['--a', a, '--b', a, '--a', b, b]"))
    assert job.command_line.endswith("--a ${{inputs.x}} --b ${{inputs.x}} --a ${{inputs.a}} ${{inputs.data}}")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            "args = ['--a', 1]\nargs.append('--b')\nargs.extend(['x y', 2.5])\nargs += ['--c']\n",
            "--a 1 --b 'x y' 2.5 --c",
        ),
        ("rest = ['--b', 2]\nargs = ['--a', 1, *rest] + rest\n", "--a 1 --b 2 --b 2"),
        ("args = '--a 1 --b'.split()\n", "--a 1 --b"),
        ("args = ['--a', 1]\nargs = args + ['--b']\n", "--a 1 --b"),
        ("args = ['--a', True, '--b', -0.5]\n", "--a True --b -0.5"),
    ],
)
def test_arguments_however_they_are_put_together(tmp_path, made, words):
    assert (
        job_of(tmp_path, made + PLAIN.format(", arguments=args")).command_line == f"python train.py {words}"
    )


@pytest.mark.parametrize(
    "made",
    [
        "args = ['--a', 1]\nif big:\n    args.append('--b')\n",
        "args = ['--a', 1]\nargs.insert(0, '--b')\n",
        "args = ['--a', 1]\nfor x in xs:\n    args += [x]\n",
        "args = ['--a']\ndef main(args):\n    pass\n",
        "args = ['--a', 1]\nargs[1] = 2\n",
    ],
)
def test_arguments_that_depend_on_what_happens_are_refused(tmp_path, made):
    assert "arguments is computed" in refusal(tmp_path, made + PLAIN.format(", arguments=args"))


def test_arguments_that_are_changed_in_the_configuration_are_refused(tmp_path):
    body = PLAIN.format(", arguments=['--a']")
    for more in (
        "config.arguments = ['--b']\n",
        "config.arguments += ['--b']\n",
        "config.arguments.append('--b')\n",
    ):
        assert "arguments is computed" in refusal(tmp_path, body + more)


def test_a_command_in_words_may_name_data(tmp_path):
    body = "config = ScriptRunConfig('src', command=['python', 'train.py', '--d', ws.datasets['n'].as_mount()])\n"
    job = job_of(tmp_path, body)
    assert job.command_line == "python train.py --d ${{inputs.d}}"
    assert job.inputs["d"]["path"] == "azureml:n@latest"
