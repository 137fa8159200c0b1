"""``Dataset`` with the real reader (azureml-dataset-runtime), in an environment that is built once."""

import pytest

from tests.conftest import write_tree
from tests.sdk.conftest import Sdk

pytestmark = pytest.mark.slow  # an environment of 500 MB is put together first

CSV = "x,y\n1,a\n2,b\n3,c\n4,d\n"


def test_tables_are_read_from_the_datastore(sdk: Sdk):
    write_tree(sdk.cwd / "src", {"a.csv": CSV, "more.csv": "x,y\n5,e\n", "b.jsonl": '{"x": 1}\n{"x": 2}\n'})

    shown = sdk(
        "store.upload('src', 'tables', overwrite=True, show_progress=False)\n"
        "import pandas; pandas.DataFrame({'q': [1.5, 2.5]}).to_parquet('p.parquet')\n"
        "store.upload_files(['p.parquet'], target_path='tables', relative_root='/', overwrite=True)\n"
        "table = Dataset.Tabular.from_delimited_files((store, 'tables/a.csv'))\n"
        "show(rows(table))\n"
        "show(len(rows(Dataset.Tabular.from_delimited_files((store, 'tables/*.csv')))))\n"
        "show(rows(Dataset.Tabular.from_json_lines_files((store, 'tables/b.jsonl'))))\n"
        "show(rows(Dataset.Tabular.from_parquet_files((store, 'tables/**/*.parquet'))))\n"
        "show(rows(table.take(2)), rows(table.skip(3)))\n"
        "show(rows(table.keep_columns('y')), rows(table.drop_columns('y')))\n"
        "one, two = table.random_split(0.5, seed=1)\n"
        "show(sorted(rows(one) + rows(two)) == rows(table))\n",
    )

    assert shown == [
        "[[1, 'a'], [2, 'b'], [3, 'c'], [4, 'd']]",
        "5",
        "[[1], [2]]",
        "[[1.5], [2.5]]",
        "[[1, 'a'], [2, 'b']] [[4, 'd']]",
        "[['a'], ['b'], ['c'], ['d']] [[1], [2], [3], [4]]",
        "True",
    ]


def test_tables_are_read_from_an_address(sdk: Sdk):
    write_tree(sdk.cwd / "src", {"a.csv": CSV})

    shown = sdk(
        "import functools, http.server, threading\n"
        "handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=os.path.abspath('src'))\n"
        "server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)\n"
        "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
        "url = f'http://127.0.0.1:{server.server_port}/a.csv'\n"
        "show(rows(Dataset.Tabular.from_delimited_files(url)))\n"
        "path, = Dataset.File.from_files(url).download('down')\n"
        "show(pathlib.Path(path).read_text() == pathlib.Path('src/a.csv').read_text())\n",
    )

    assert shown == ["[[1, 'a'], [2, 'b'], [3, 'c'], [4, 'd']]", "True"]


def test_files_go_up_and_come_down(sdk: Sdk):
    write_tree(sdk.cwd / "src", {"a.txt": "A", "sub/b.txt": "B"})
    (sdk.cwd / "src" / "big.bin").write_bytes(bytes(range(256)) * 40_000)

    shown = sdk(
        "files = Dataset.File.upload_directory('src', (store, 'files'), overwrite=True)\n"
        "show(sorted(files.to_path()))\n"
        "files.download('down')\n"
        "for file in ('a.txt', 'sub/b.txt', 'big.bin'):\n"
        "    show(pathlib.Path('down', file).read_bytes() == pathlib.Path('src', file).read_bytes())\n"
        "show(store.download('old way', prefix='files', show_progress=False))\n"
        "show(Dataset.File.from_files((store, 'files/**/*.txt')).take(5).to_path())\n",
    )

    assert shown[:5] == ["['/a.txt', '/big.bin', '/sub/b.txt']", "True", "True", "True", "3"]
    assert "b.txt" in shown[5]


def test_names_have_versions(sdk: Sdk):
    write_tree(sdk.cwd / "src", {"a.csv": CSV, "b.csv": "x,y\n9,z\n"})

    shown = sdk(
        "store.upload('src', 'versions', overwrite=True, show_progress=False)\n"
        "first = Dataset.Tabular.from_delimited_files((store, 'versions/a.csv'))\n"
        "first = first.register(ws, 'numbers', description='four', tags={'k': 'v'})\n"
        "second = Dataset.Tabular.from_delimited_files((store, 'versions/b.csv'))\n"
        "try:\n"
        "    second.register(ws, 'numbers')\n"
        "except Exception as error:\n"
        "    show('already a dataset registered' in str(error))\n"
        "second = second.register(ws, 'numbers', create_new_version=True)\n"
        "show(first.version, second.version, rows(Dataset.get_by_name(ws, 'numbers')))\n"
        "old = Dataset.get_by_name(ws, 'numbers', version=1)\n"
        "show(old.version, old.description, old.tags, len(rows(old)), old.id == first.id)\n"
        "by_id = Dataset.get_by_id(ws, second.id)\n"
        "show(by_id.name, by_id.version, rows(by_id))\n"
        "show('numbers' in dict(Dataset.get_all(ws)), ws.datasets['numbers'].version)\n"
        "old.add_tags({'more': '1', 'gone': '2'}); old.remove_tags(['gone'])\n"
        "show(Dataset.get_by_name(ws, 'numbers', version=1).tags)\n"
        "second.update(description='new'); show(Dataset.get_by_name(ws, 'numbers').description)\n"
        "second.unregister_all_versions()\n"
        "try:\n"
        "    Dataset.get_by_name(ws, 'numbers')\n"
        "except Exception as error:\n"
        "    show('Cannot find dataset registered with name' in str(error))\n"
        "show(len(rows(Dataset.get_by_id(ws, first.id))))\n",
    )

    assert shown == [
        "True",
        "1 2 [[9, 'z']]",
        "1 four {'k': 'v'} 4 True",
        "numbers 2 [[9, 'z']]",
        "True 2",
        "{'k': 'v', 'more': '1'}",
        "new",
        "True",
        "4",
    ]


def test_a_data_frame_becomes_a_dataset(sdk: Sdk):
    shown = sdk(
        "import pandas\n"
        "frame = pandas.DataFrame({'q': [1, 2], 'name': ['ä', 'b']})\n"
        "Dataset.Tabular.register_pandas_dataframe(frame, (store, 'frames'), 'frame')\n"
        "show(rows(Dataset.get_by_name(ws, 'frame')))\n",
    )

    assert shown == ["[[1, 'ä'], [2, 'b']]"]


def test_times_filters_and_partitions_of_a_table(sdk: Sdk):
    write_tree(sdk.cwd / "src", {"t.csv": "d,x,k\n2020-01-01,1,a\n2020-01-02,2,b\n2020-01-03,3,a\n"})

    shown = sdk(
        "from datetime import datetime, timedelta\n"
        "def xs(dataset):\n"
        "    return sorted(dataset.to_pandas_dataframe()['x'])\n"
        "store.upload('src', 'times', overwrite=True, show_progress=False)\n"
        "table = Dataset.Tabular.from_delimited_files((store, 'times/t.csv'))\n"
        "table.with_timestamp_columns('d').register(ws, 'timed')\n"
        "timed = Dataset.get_by_name(ws, 'timed')\n"
        "show(timed.timestamp_columns[0], xs(timed.time_before(datetime(2020, 1, 2))))\n"
        "show(xs(timed.time_after(datetime(2020, 1, 2), include_boundary=False)))\n"
        "show(xs(timed.time_between(datetime(2020, 1, 2), datetime(2020, 1, 3))))\n"
        "show(len(rows(timed.time_recent(timedelta(1)))), len(rows(timed.time_recent(timedelta(99999)))))\n"
        "show(xs(table.filter(table['x'] > 1)), xs(table.skip(1)))\n"
        "show(type(table.data_changed_time).__name__)\n"
        "parted = table.partition_by(['k'], (store, 'parted'), name='parted')\n"
        "show(Dataset.get_by_name(ws, 'parted').partition_keys, xs(parted))\n"
        "show(sorted(values['k'] for values in parted.get_partition_key_values()))\n"
        "show(xs(parted.filter(parted['k'] == 'a')))\n"
        "show(table.to_csv_files().to_path(), table.to_parquet_files().to_path())\n",
    )

    assert shown == [
        "d [1, 2]",
        "[3]",
        "[2, 3]",
        "0 3",
        "[2, 3] [2, 3]",
        "datetime",
        "['k'] [1, 2, 3]",
        "['a', 'b']",
        "[1, 3]",
        "['/part-0.csv'] ['/part-0.parquet']",
    ]


def test_columns_are_typed_and_come_from_paths(sdk: Sdk):
    write_tree(sdk.cwd / "src", {"2020/a.csv": "x;y\n1;2\n", "2021/b.csv": "x;y\n3;4\n"})

    shown = sdk(
        "from azureml.data import DataType\n"
        "store.upload('src', 'typed', overwrite=True, show_progress=False)\n"
        "table = Dataset.Tabular.from_delimited_files(\n"
        "    (store, 'typed/*/*.csv'), separator=';', include_path=True, partition_format='/{year}/{name}.csv',\n"
        "    set_column_types={'x': DataType.to_string(), 'y': DataType.to_float()})\n"
        "frame = table.to_pandas_dataframe()\n"
        "show(frame[['year', 'name', 'x', 'y']].values.tolist())\n"
        "show([path.split('/')[-1] for path in frame['Path']])\n",
    )

    assert shown == [
        "[[2020, 'a', '1', 2.0], [2021, 'b', '3', 4.0]]",
        "['a.csv', 'b.csv']",
    ]


def test_a_directory_goes_up_by_a_pattern_and_comes_down_over_what_is_there(sdk: Sdk):
    write_tree(sdk.cwd / "src", {"a.csv": CSV, "b.txt": "B", "sub/c.csv": CSV})

    shown = sdk(
        "up = Dataset.File.upload_directory('src', (store, 'chosen'), pattern='*.csv')\n"
        "show(sorted(up.to_path()))\n"
        "os.makedirs('down'); pathlib.Path('down/a.csv').write_text('mine')\n"
        "try:\n"
        "    up.download('down')\n"
        "except Exception as error:\n"
        "    show('already exists' in str(error), pathlib.Path('down/a.csv').read_text())\n"
        "show(len(up.download('down', overwrite=True)))\n"
        "show(pathlib.Path('down/a.csv').read_text() == pathlib.Path('src/a.csv').read_text())\n"
        "first, second = up.random_split(0.5, seed=3)\n"
        "show(sorted(first.to_path() + second.to_path()) == sorted(up.to_path()))\n"
        "table = Dataset.Tabular.from_delimited_files((store, 'chosen/a.csv'))\n"
        "try:\n"
        "    table.get_profile(workspace=ws)\n"
        "except Exception as error:\n"
        "    show('Not Implemented' in str(error))\n",
    )

    assert shown == ["['/a.csv', '/sub/c.csv']", "True mine", "2", "True", "True", "True"]
