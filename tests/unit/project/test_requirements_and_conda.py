"""Which lines of requirements.txt and environment.yml are refused, and which only look odd."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from scaffold.project.conda import read_conda
from scaffold.project.files import FileError, ProjectFile
from scaffold.project.requirements import read_requirements


def check(read, folder: Path, name: str, text: str | bytes) -> str | None:
    """The first message about a file of that text, or None when it is fine."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        faults = read(ProjectFile.within(folder, path)).faults
    except FileError as error:
        faults = (error,)
    for error in faults:
        assert error.hint and "\n" not in error.message + error.hint
    return faults[0].message if faults else None


FINE_REQUIREMENTS = """\
# comment
   # indented comment

numpy
Pandas >= 2, < 3   # why
scikit-learn[extra1,extra2]==1.4.*; python_version < "3.12"
package @ https://example.com/package.zip
https://example.com/x-1.0-py3-none-any.whl#sha256=00
git+https://github.com/a/b.git@main#egg=b
./local/package
wheels/x-1.0-py3-none-any.whl
requests==2.31.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
one==1 --global-option="x"
python-dateutil
pythonnet
token @ https://${TOKEN}@example.com/x.zip
--index-url https://example.com/simple
--extra-index-url=https://example.com/simple
-i https://example.com/simple
--pre
--no-binary :all:
-e .
-e git+https://github.com/a/b.git#egg=b
-r other.txt
-c https://example.com/constraints.txt
trailing \\
"""


def test_requirements_that_are_fine(tmp_path):
    (tmp_path / "other.txt").write_text("x\n")
    assert check(read_requirements, tmp_path, "requirements.txt", FINE_REQUIREMENTS) is None
    assert check(read_requirements, tmp_path, "requirements.txt", "") is None
    assert check(read_requirements, tmp_path, "requirements.txt", "numpy\r\npandas\r\n") is None


WRONG_REQUIREMENTS = {
    "numpy\nscikit learn\n": "requirements.txt:2: 'scikit learn' is not a requirement that pip can read (",
    "numpy=1.26\n": "requirements.txt:1: 'numpy=1.26' is not a requirement that pip can read (",
    "numpy==\n": "requirements.txt:1: 'numpy==' is not a requirement that pip can read (",
    "a\n\n\nb \\\n c\n": "requirements.txt:4: 'b   c' is not a requirement that pip can read (",
    "x\n--hash=sha256:aa\n": "requirements.txt:2: --hash is not an option that a requirements file takes.",
    "--index-url\n": "requirements.txt:1: --index-url lacks its value.",
    "-r gone.txt\n": "requirements.txt:1: there is no file gone.txt.",
    "--requirement=gone.txt\n": "requirements.txt:1: there is no file gone.txt.",
    "- numpy\n": "requirements.txt:1: - numpy is not an option that a requirements file takes.",
}


@pytest.mark.parametrize("text, message", WRONG_REQUIREMENTS.items())
def test_requirements_that_are_wrong(tmp_path, text, message):
    assert check(read_requirements, tmp_path, "requirements.txt", text).startswith(message)


@pytest.mark.parametrize("line", ["python==3.8", "Python>=3.8 # the version", "python"])
def test_python_is_no_package(tmp_path, line):
    path = tmp_path / "requirements.txt"
    path.write_text(f"numpy\n{line}\npython-dateutil\n")
    read = read_requirements(ProjectFile.within(tmp_path, path))
    assert [one.number for one in read.pythons] == [2]
    assert [one.name for one in read.named] == ["numpy", "python-dateutil"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_file_that_powershell_wrote(tmp_path, encoding):
    message = check(read_requirements, tmp_path, "requirements.txt", "numpy\n".encode(encoding))
    assert message == "requirements.txt:1: starts with a byte order mark, which the SDK takes for text."


def test_a_file_in_another_encoding(tmp_path):
    message = check(read_requirements, tmp_path, "requirements.txt", "numpy\n# für\n".encode("latin-1"))
    assert message == "requirements.txt:2: not UTF-8 text."


FINE_CONDA = """\
    # comment
    name: env
    channels:
      - conda-forge
      - https://example.com/channel
    dependencies:
      - python=3.11
      - conda-forge::numpy>=1.26
      - 1.5
      - pip
      - pip:
          - "# comment"
          - azureml-core==1.61.0.post4
          - --extra-index-url https://example.com/simple
          - git+https://github.com/a/b.git
    prefix: /somewhere
"""

WRONG_CONDA = {
    "": ":1: the file must be a mapping with dependencies.",
    "- a\n": ":1: the file must be a mapping with dependencies.",
    "name: x\n": ":1: dependencies is missing.",
    "\ndependencies:\n": ":2: dependencies is empty.",
    "dependencies: numpy\n": ":1: dependencies must be a list.",
    "name: [x]\ndependencies: []\n": ":1: name must be a text.",
    "channels: defaults\ndependencies: []\n": ":1: channels must be a list.",
    "channels:\n - x\n - [y]\ndependencies: []\n": ":3: a channel must be a text.",
    "dependencies:\n  - a\n  - [b]\n": ":3: a dependency must be a text such as numpy=1.26, or a pip: list.",
    "dependencies:\n  - a\n  -\n": ":3: a dependency must be a text such as numpy=1.26, or a pip: list.",
    "dependencies:\n  - a\n  - conda: [b]\n": ":3: only pip: can hold a list here, not conda:.",
    "dependencies:\n  - pip: [a]\n  - pip: [b]\n": ":2: dependencies has more than one pip: list.",
    "dependencies:\n  - pip: a\n": ":2: pip: must hold a list.",
    "dependencies:\n  - pip:\n": ":2: pip: must hold a list.",
    "dependencies:\n  - pip:\n    - a\n    - {b: c}\n": ":4: a pip requirement must be a text.",
    "dependencies:\n  - pip:\n    - a=1\n": ":3: 'a=1' is not a requirement that pip can read (",
    "dependencies:\n  - pip:\n    - -r gone.txt\n": ":3: there is no file gone.txt.",
    "a: 'x\n": ":2: not YAML: found unexpected end of stream.",
    "dependencies:\n  - a\n - b\n": ":3: not YAML: expected <block end>, but found '<block sequence start>'.",
    "a: b\n\tc: d\n": ":2: not YAML: found character '\\t' that cannot start any token.",
    "a: 1\n---\nb: 2\n": ":2: not YAML: but found another document.",
    "a: *b\n": ":1: not YAML: found undefined alias 'b'.",
    "a: \x07\n": ":1: not YAML:",
}


def test_conda_specification_that_is_fine(tmp_path):
    assert check(read_conda, tmp_path, "environment.yml", dedent(FINE_CONDA)) is None


@pytest.mark.parametrize("text, message", WRONG_CONDA.items())
def test_conda_specifications_that_are_wrong(tmp_path, text, message):
    found = check(read_conda, tmp_path, "environment.yml", text)
    assert found.startswith("environment.yml" + message)


def test_only_a_conda_specification_loads_yaml(tmp_path):
    (tmp_path / "requirements.txt").write_text("numpy\n")
    code = (
        "import sys; from pathlib import Path\n"
        "import scaffold.project.reader\n"
        "from scaffold.project.files import ProjectFile\n"
        "from scaffold.project.requirements import read_requirements\n"
        "read_requirements(ProjectFile.within(Path(), Path('requirements.txt')))\n"
        "print({'yaml', 'azureml', 'cookiecutter', 'typer', 'jinja2'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
