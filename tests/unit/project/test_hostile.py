"""Whatever stands in the place of a project's file: it is told in two lines, and nothing hangs or breaks."""

import contextlib
import os
import re
import socket
from pathlib import Path

import pytest

from scaffold.errors import ScaffoldError
from scaffold.project.check import examine
from scaffold.project.documents import report_document, sarif, snapshot_document, snapshot_of
from scaffold.project.files import FileError, ProjectFile
from scaffold.project.ignore import IgnoreFile
from scaffold.project.job_reader import read_job
from scaffold.project.named import find_subject
from scaffold.project.reading import TooLargeError, read
from scaffold.project.rules import RULES
from scaffold.project.subject import Subject
from tests.unit.project.trees import CONDA_RUNNER, PROJECT, RUNNER, TODAY, write

FILES = [
    *("run_experiment.py", "constants.py", "requirements.txt", "environment.yml", ".azureml/config.json"),
    *("Experiment_1/train.py", "Experiment_1/helper.py", "Experiment_1/.amlignore", "job.yml"),
]
DIGITS = "1" * 6000
DOUBLING = "n0 = 'a'\n" + "".join(f"n{count} = n{count - 1} + n{count - 1}\n" for count in range(1, 40))
ALIASES = "a: &a [x, x, x]\n" + "".join(
    f"{chr(98 + count)}: &{chr(98 + count)} [{', '.join([f'*{chr(97 + count)}'] * 9)}]\n"
    for count in range(9)
)

CONTENTS: dict[str, str | bytes] = {
    "nothing": "",
    "a null": b"a = 1\0\n",
    "bytes": bytes(range(256)) * 20,
    "UTF-16": "numpy==1.26.4\n".encode("utf-16"),
    "half a pair": "TARGET_NAME = '\\ud800'\nEXPERIMENT_NAME = '\\ud800\\n'\n",
    "a number of 6,000 digits": DIGITS,
    "such a number in JSON": f'{{"subscription_id": {DIGITS}, "resource_group": -{DIGITS}}}',
    "such a number in hexadecimal": f"TARGET_NAME = 0x{'f' * 6000}\nARGUMENTS = [TARGET_NAME]\n",
    "deep JSON": "[" * 100_000,
    "deep objects": '{"a":' * 50_000,
    "deep brackets": f"TARGET_NAME = {'(' * 150}1{')' * 150}\n",
    "a long sum": f"TARGET_NAME = {' + '.join(['1'] * 3000)}\n",
    "a long chain": f"TARGET_NAME = a{'.b()[0]' * 1500}\n",
    "many signs": f"TARGET_NAME = {'-' * 2500}1\n",
    "doubled texts": f"{DOUBLING}TARGET_NAME = n59\n",
    "wide formats": "TARGET_NAME = '{:>999999999}'.format('a') + f'{1:>999999999}' + '%999999999d' % 1\n",
    "many stars": "*" * 5000,
    "many double stars": "**/" * 3000 + "x\n",
    "many lines of stars": "*a*b*c\n" * 1000,
    "many lines": "".join(f"d{number}/*.x\n" for number in range(2000)),
    "a range the wrong way round": "[z-a]\n",
    "open brackets": "a;((((",
    "deep markers": f"a; {'(' * 3000}",
    "long markers": "numpy==1; python_version < '3'" + " and python_version < '3'" * 3000,
    "the same line": "numpy==1.0.0\n" * 5000,
    "itself": "-r requirements.txt\n",
    "YAML that grows": f"{ALIASES}dependencies: *j\n",
    "YAML in a circle": "&a {dependencies: [*a], channels: *a, name: *a}\n",
    "YAML of other kinds": "name: 2020-01-01\nchannels: 3\ndependencies: [1, 2.0, ~, true]\nprefix: [1]\n",
    "YAML with odd keys": "? [a]\n: b\n? {c: d}\n: e\ndependencies: []\n",
    "odd Pythons": "dependencies: ['python=', 'python[', 'python=x.y', 'python=3.99999999999999999999', '=']\n",
    "JSON with odd values": '{"subscription_id": {"a": 1}, "resource_group": [], "workspace_name": 1e999}',
    "a short scope": '{"Scope": "////////"}',
    "control characters": "\x1b[31mx = 1\n\x0c\x1c\n",
    "lone line ends": "a = 1\rb = 2\r",
    "an unknown encoding": "# coding: nonsense\nx = 1\n",
    "a folder of the system": RUNNER.replace("os.path.join(here, 'Experiment_1')", "'/dev'"),
    "a device for a specification": RUNNER.replace("os.path.join(here, 'requirements.txt')", "'/dev/zero'"),
    "nulls in paths": RUNNER.replace("'Experiment_1'", "'a\\0b'").replace("'requirements.txt'", "'\\0'"),
    "long paths": RUNNER.replace("'Experiment_1'", repr("b" * 5000)).replace("requirements.txt", "a" * 5000),
    "an endless command": RUNNER.replace("script='train.py'", f"command='{'( ' * 3000}python train.py \"'"),
}


def made(root: Path, name: str, what: str) -> None:
    """Puts something that is no regular file, or one that is too large, in the place of a file."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if what == "pipe":
        os.mkfifo(path)
    elif what == "socket":
        with contextlib.chdir(path.parent) if hasattr(contextlib, "chdir") else contextlib.nullcontext():
            socket.socket(socket.AF_UNIX).bind(path.name if hasattr(contextlib, "chdir") else str(path))
    elif what == "folder":
        path.mkdir()
    elif what == "too large":
        with path.open("wb") as file:
            os.truncate(file.fileno(), 50_000_000_000)
    else:
        path.symlink_to({"device": "/dev/zero", "circle": path.name, "nowhere": "gone"}[what])


def everything(root: Path) -> None:
    """All that reads a project; whatever is wrong is one of our own errors, of two lines."""
    subject = Subject(root, None, TODAY)
    report = examine(subject)
    for finding in report.findings:
        assert not re.search(r"[\x00-\x1f\ud800-\udfff]", finding.message + finding.hint)
    report_document(report, [])
    sarif(report, list(RULES))
    snapshot = snapshot_of(subject)
    if snapshot is not None:
        snapshot_document(subject, snapshot)
    for read_it in (lambda: find_subject(root, "scaffold check"), subject.project, lambda: read_job(subject)):
        with contextlib.suppress(ScaffoldError):
            read_it()


def tree(root: Path, name: str) -> Path:
    changes = {"Experiment_1/train.py": "import helper\n", "Experiment_1/helper.py": "", "job.yml": "a: b\n"}
    if name == "environment.yml":
        changes |= {"run_experiment.py": CONDA_RUNNER}
    return write(root / "project", {**changes, name: None} if name in PROJECT else changes)


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file_is_told_and_never_waited_for(tmp_path, name):
    for what in ("pipe", "socket", "device", "folder", "circle", "nowhere", "too large"):
        root = tree(tmp_path / what.replace(" ", "-"), name)
        made(root, name, what)
        everything(root)


@pytest.mark.parametrize("content", CONTENTS)
def test_hostile_contents_are_told(tmp_path, content):
    text = CONTENTS[content]
    for number, name in enumerate(FILES):
        root = tree(tmp_path / str(number), name)
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        everything(root)


@pytest.mark.parametrize("what", ["pipe", "device", "socket"])
def test_only_regular_files_are_read(tmp_path, what):
    made(tmp_path, "file", what)
    with pytest.raises(FileError, match=r"^file: cannot be read: (it is no file but a pipe|No such device)"):
        ProjectFile.within(tmp_path, tmp_path / "file").data()


def test_a_file_is_read_up_to_its_limit(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read(path, 5) == b"12345"
    with pytest.raises(TooLargeError):
        read(path, 4)


@pytest.mark.parametrize("line", ["*" * 3000, "*a" * 7 + "*", "**/" * 7 + "x"])
def test_a_pattern_with_too_many_stars_is_refused(tmp_path, line):
    path = tmp_path / ".amlignore"
    path.write_text(f"*.csv\n{line}\n")
    with pytest.raises(
        FileError, match=r"^\.amlignore:2: .* has so many stars that the SDK does not come to an end"
    ):
        IgnoreFile(ProjectFile.within(tmp_path, path))


def test_stars_of_a_comment_and_a_few_in_a_row_are_taken(tmp_path):
    path = tmp_path / ".amlignore"
    path.write_text(f"# {'*' * 60}\nd***x\n**/e/**\n")
    ignore = IgnoreFile(ProjectFile.within(tmp_path, path))
    assert [ignore.excludes(name) is not None for name in ("dax", "dx", "a/d1x", "e/f", "dxy", "*")] == [
        *(True, True, True, True, False, False)
    ]


def test_a_module_that_is_too_large_to_be_looked_at_is_no_error(tmp_path):
    root = tree(tmp_path, "Experiment_1/helper.py")
    (root / "Experiment_1/helper.py").write_text("x = 1\n" * 500_000)
    assert [one.rule for one in examine(Subject(root, None, TODAY)).errors] == []
