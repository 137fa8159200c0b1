"""Which Python ``scaffold exec`` takes a command for, and what comes first on its PATH."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from scaffold.cli import interpreter
from scaffold.workspace import interpreters
from scaffold.workspace.paths import Home

OWN = os.path.dirname(sys.executable)  # noqa: PTH120

pytestmark = pytest.mark.skipif(os.name != "posix", reason="makes Pythons of links and scripts")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment of the person's own, which is not active."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin"


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A folder of programs with a Python that is in no environment and has no SDK, under two names."""
    folder = tmp_path / "system" / "bin"
    folder.mkdir(parents=True)
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    for name in ("python", "python3.99"):
        (folder / name).symlink_to(base)
    return folder


def chosen(*command: str, path: list[Path], **variables: str) -> interpreter.Chosen:
    return interpreter.choose(command, {"PATH": os.pathsep.join(map(str, path)), **variables})


def first(path: str) -> str:
    return path.partition(os.pathsep)[0]


def test_a_python_that_is_named_comes_first(environment: Path, system: Path):
    for name in ("python", "python3"):
        found = chosen(str(environment / name), path=[system])
        assert found.program == found.python == str(environment / name)
        assert first(found.path) == str(environment)


def test_an_environment_that_is_first_on_the_path_is_taken(environment: Path, system: Path):
    found = chosen("python", path=[environment, system])

    assert (found.python, first(found.path)) == (str(environment / "python"), str(environment))


def test_an_environment_of_condas_is_one_too(system: Path):
    (system.parent / "conda-meta").mkdir()

    assert chosen("python", path=[system]).python == str(system / "python")


def test_a_plain_python_gives_way_to_the_one_that_has_the_sdk(system: Path):
    found = chosen("python", path=[system])

    assert (found.python, first(found.path)) == (os.path.join(OWN, "python"), OWN)  # noqa: PTH118


def test_a_plain_python_is_taken_where_there_is_no_other_with_the_sdk(
    system: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(interpreter, "_has_sdk", lambda: False)

    assert chosen("python", path=[system]).python == str(system / "python")


def test_what_is_active_is_the_persons_own_choice(system: Path):
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        assert chosen("python", path=[system], **{variable: "/anywhere"}).python == str(system / "python")


def test_a_shim_is_asked_which_python_it_starts(environment: Path, tmp_path: Path):
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "python").write_text(f'#!/bin/sh\nexec {environment / "python"} "$@"\n')
    (shims / "python").chmod(0o755)

    found = chosen("python", path=[shims, Path("/usr/bin"), Path("/bin")])

    assert (found.program, found.python) == (str(shims / "python"), str(environment / "python"))
    assert first(found.path) == str(environment)


def test_the_script_of_an_environments_package_belongs_to_it(environment: Path, system: Path, tmp_path: Path):
    script = environment / "tool"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    (tmp_path / "tool").symlink_to(script)

    for named in (script, tmp_path / "tool"):
        found = chosen(str(named), path=[system])
        assert (found.python, first(found.path)) == (str(environment / "python"), str(environment))


def test_a_python_of_another_name_stands_in_for_python(system: Path, tmp_path: Path):
    (system / "python").unlink()
    (system / "python").symlink_to(shutil.which("true") or "/bin/true")
    found = chosen("python3.99", path=[system], VIRTUAL_ENV="/anywhere")
    assert found.python == str(system / "python3.99")
    assert not interpreter.leads_to(found.path, found.python)
    home = Home(tmp_path / "home")

    folder = interpreters.stand_in(home, found.python)

    for name in ("python", "python3"):
        done = subprocess.run(
            [folder / name, "-c", "print('it is')"], capture_output=True, text=True, check=True
        )
        assert done.stdout == "it is\n"
    assert interpreters.recall(home, folder.name.removesuffix(".bin")) == found.python


def test_a_program_that_is_not_there(system: Path):
    assert chosen("no-such-program", path=[system]).program is None
