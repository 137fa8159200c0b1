"""Data that both SDKs know: the first one's datasets as inputs of jobs, the second one's data assets as datasets."""

from pathlib import Path

import pytest

from tests.conftest import SDK, Machine, write_tree
from tests.sdk import calls
from tests.sdk.conftest import Interpreter
from tests.sdk.v2.calls import given

pytestmark = pytest.mark.slow  # an environment with the readers of data is put together first

CSV = "x,y\n1,a\n2,b\n"
TABLE = """\
paths:
  - file: ./t.csv
transformations:
  - read_delimited: {delimiter: ',', header: all_files_same_headers}
"""
SHOWN = """\
        def shown(type, path, mode=None, command_line='cd ${{inputs.data}} && find . -type f | sort'):
            job = ml.jobs.create_or_update(command(
                command=command_line, environment=here, inputs={'data': Input(type=type, path=path, mode=mode)}))
            over(job.name)
            ml.jobs.download(job.name, download_path=job.name)
            return pathlib.Path(job.name, 'artifacts/user_logs/std_log.txt').read_text().split()
        read = 'import mltable, sys; print(mltable.load(sys.argv[1]).to_pandas_dataframe().values.tolist())'
        table = f'python -c "{read}" '
"""


@pytest.fixture(scope="session")
def both(python_with: Interpreter) -> Path:
    """Both SDKs with the readers of datasets and of tables."""
    return python_with(
        SDK, "setuptools<81", "azureml-dataset-runtime", "mltable", "azure-ai-ml", "azure-identity", "pandas"
    )


def test_the_first_sdk_reads_data_assets_as_datasets(machine: Machine, tmp_path: Path, both: Path):
    write_tree(
        tmp_path,
        {"folder/a.txt": "A", "folder/sub/b.txt": "B", "newer/c.txt": "C", "t.csv": CSV}
        | {"table/t.csv": CSV, "table/MLTable": TABLE, "files/a.txt": "A", "files/n.csv": CSV}
        | {"files/MLTable": "paths:\n  - pattern: ./*.txt\n"},
    )
    given(
        machine,
        """
        for name, path, kind in (('folder', 'folder', 'uri_folder'), ('folder', 'newer', 'uri_folder'),
                                 ('file', 't.csv', 'uri_file'), ('table', 'table', 'mltable'),
                                 ('files', 'files', 'mltable')):
            ml.data.create_or_update(Data(name=name, path=path, type=kind))
        """,
        cwd=tmp_path,
        python=both,
    )

    seen = calls.given(
        machine,
        """
        from azureml.core import Dataset
        get = lambda name, *version: Dataset.get_by_name(ws, name, *version)
        seen['latest'], seen['first'] = get('folder').to_path(), sorted(get('folder', 1).to_path())
        seen['file'], seen['files'] = get('file').to_path(), get('files').to_path()
        seen['table'] = get('table').to_pandas_dataframe().values.tolist()
        seen['content'] = [open(path).read() for path in get('folder', 1).download('down')]
        seen['registered'] = list(ws.datasets)
        seen['by key'] = type(ws.datasets['folder']).__name__
        seen['nothing'] = failure(get, 'nothing')
        seen['no such version'] = failure(get, 'folder', 9)
        run = submit(Experiment(ws, 'reads'), 'import os, sys; print(sorted(os.listdir(sys.argv[1])))',
                     arguments=[get('folder', 1).as_named_input('data').as_mount()])
        run.wait_for_completion()
        run.download_file('user_logs/std_log.txt', 'log.txt')
        seen['in a run'] = open('log.txt').read().strip()
        """,
        cwd=tmp_path,
        python=both,
    )

    assert (seen["latest"], seen["first"]) == (["/c.txt"], ["/a.txt", "/sub/b.txt"])
    assert (seen["file"], seen["files"]) == (["/t.csv"], ["/a.txt"])
    assert seen["table"] == [[1, "a"], [2, "b"]]
    assert seen["content"] == ["A", "B"]
    assert (seen["registered"], seen["by key"]) == ([], "FileDataset")
    assert 'Cannot find dataset registered with name "nothing"' in seen["nothing"]
    assert "(version: 9)" in seen["no such version"]
    assert seen["in a run"] == "['a.txt', 'sub']"


def test_jobs_read_datasets_of_the_first_sdk(machine: Machine, tmp_path: Path, both: Path):
    write_tree(tmp_path, {"up/one.txt": "1", "up/t.csv": CSV})
    calls.given(
        machine,
        """
        from azureml.core import Dataset
        store = ws.get_default_datastore()
        store.upload('up', 'data', show_progress=False)
        Dataset.File.from_files((store, 'data/*.txt')).register(ws, 'files', tags={'of': 'v1'})
        Dataset.File.from_files((store, 'data')).register(ws, 'files', create_new_version=True)
        Dataset.Tabular.from_delimited_files((store, 'data/t.csv')).register(ws, 'rows')
        """,
        cwd=tmp_path,
        python=both,
    )

    seen = given(
        machine,
        SHOWN
        + """
        found = ml.data.get('files', '1')
        seen['found'] = [found.type, found.version, found.tags, ml.data.get('files', label='latest').version]
        seen['version'] = shown('uri_folder', 'azureml:files:1')
        seen['latest'] = shown('uri_folder', 'files@latest')
        seen['evaluated'] = shown('mltable', found.id, 'eval_mount')
        seen['rows'] = shown('mltable', 'azureml:rows:1', 'direct', table + '${{inputs.data}}')
        seen['by address'] = shown('mltable', 'azureml:files:1', None, table + 'azureml://subscriptions/'
            '00000000-0000-0000-0000-000000000000/resourcegroups/local/workspaces/local/data/rows/versions/1')
        seen['mounted'] = failure(shown, 'mltable', 'azureml:rows:1', 'eval_mount')
        """,
        cwd=tmp_path,
        python=both,
    )

    assert seen["found"] == ["mltable", "1", {"of": "v1"}, "2"]
    assert (seen["version"], seen["latest"]) == (["./one.txt"], ["./one.txt", "./t.csv"])
    assert seen["evaluated"] == ["./one.txt"]
    assert "".join(seen["rows"]) == "".join(seen["by address"]) == "[[1,'a'],[2,'b']]"
    assert "unable to mount a tabular dataset" in seen["mounted"]


def test_tables_are_mounted_evaluated_and_read(machine: Machine, tmp_path: Path, both: Path):
    write_tree(
        tmp_path,
        {"table/t.csv": CSV, "table/MLTable": TABLE, "files/a.txt": "A", "files/sub/b.txt": "B"}
        | {"files/n.csv": CSV, "files/MLTable": "paths:\n  - pattern: ./**/*.txt\n", "folder/a.txt": "A"},
    )

    seen = given(
        machine,
        SHOWN
        + """
        for name, kind in (('table', 'mltable'), ('files', 'mltable'), ('folder', 'uri_folder')):
            ml.data.create_or_update(Data(name=name, path=name, type=kind))
        for mode in ('ro_mount', 'direct'):
            seen[mode] = shown('mltable', 'azureml:table:1', mode, table + '${{inputs.data}}')
        for mode in ('eval_mount', 'eval_download', 'download'):
            seen[mode] = shown('mltable', 'azureml:files:1', mode)
        seen['rows'] = failure(shown, 'mltable', 'azureml:table:1', 'eval_mount')
        seen['none'] = failure(shown, 'mltable', 'azureml:folder:1', 'eval_mount')
        seen['folder'] = failure(shown, 'uri_folder', 'azureml:folder:1', 'eval_mount')
        """,
        cwd=tmp_path,
        python=both,
    )

    assert "".join(seen["ro_mount"]) == "".join(seen["direct"]) == "[[1,'a'],[2,'b']]"
    assert seen["eval_mount"] == seen["eval_download"] == ["./a.txt", "./sub/b.txt"]
    assert seen["download"] == ["./MLTable", "./a.txt", "./n.csv", "./sub/b.txt"]
    assert "is a table of rows (read_delimited)" in seen["rows"]
    assert "MLTable is not there" in seen["none"]
    assert "for mltable alone" in seen["folder"]
