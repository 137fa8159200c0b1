"""What sees to it that the last metrics are sent: with every Python on this machine, in processes of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.workspace.engine import jobs
from tests.conftest import write_tree

HOOKS = Path(jobs.__file__).parent / "run_hooks"

# Stands in for the SDK, which only installs on some of these Pythons: what counts is that and when it is called.
RUN_BASE = """
import threading

class _RunBase(object):
    @classmethod
    def _kill(cls, timeout=40):
        print("Cleaning up all outstanding Run operations")
        thread = threading.Thread(target=cls._send, args=(timeout,))
        thread.start()
        thread.join()

    @staticmethod
    def _send(timeout):
        with open("killed", "a") as record:
            record.write("{}\\n".format(timeout))
"""
IMPORT = "import azureml._run_impl.run_base\n"


def _pythons() -> list[str]:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = sorted(root.glob("3.*/bin/python")) + sorted(root.glob("3.*/python.exe"))
    wanted = [str(path) for path in found if int(path.relative_to(root).parts[0].split(".")[1]) >= 6]
    return [sys.executable, *wanted]


@pytest.fixture(params=_pythons(), ids=lambda path: path)
def python(request: pytest.FixtureRequest) -> str:
    """Each Python from 3.6 on."""
    path: str = request.param
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's working directory with a stand-in of the SDK beside the script."""
    write_tree(
        tmp_path,
        {
            "azureml/__init__.py": "",
            "azureml/_run_impl/__init__.py": "",
            "azureml/_run_impl/run_base.py": RUN_BASE,
        },
    )
    return tmp_path


def run(python: str, folder: Path, script: str, *more: Path) -> "subprocess.CompletedProcess[str]":
    (folder / "script.py").write_text(script)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (HOOKS, *more)))
    version = subprocess.check_output(
        [python, "-c", "import platform; print(platform.python_version())"], text=True
    )
    return subprocess.run(
        jobs.command_line({"script": "script.py"}, python, version.strip()),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def killed(folder: Path) -> int:
    """How often the SDK was told to send what it has."""
    record = folder / "killed"
    return len(record.read_text().splitlines()) if record.exists() else 0


@pytest.mark.parametrize(
    ("ending", "code"),
    [("", 0), ("import sys; sys.exit(3)", 3), ("raise RuntimeError('no data')", 1)],
    ids=["at its end", "at sys.exit", "at an exception"],
)
def test_what_was_logged_is_sent_once_and_the_exit_code_stays(
    python: str, folder: Path, ending: str, code: int
):
    done = run(python, folder, f"{IMPORT}print('done')\n{ending}\n")

    assert (done.returncode, done.stdout) == (code, "done\n"), done.stderr
    assert killed(folder) == 1
    assert ("no data" in done.stderr) == (code == 1)


def test_a_script_without_the_sdk_notices_nothing(python: str, folder: Path):
    done = run(python, folder, "import sys\nprint('azureml' in sys.modules)\n")

    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")
    assert killed(folder) == 0


def test_another_sitecustomize_behind_it_still_runs_as_the_machine_has_it(python: str, folder: Path):
    write_tree(folder, {"mine/sitecustomize.py": "import builtins\nbuiltins.mine = __file__\n"})

    done = run(python, folder, f"{IMPORT}print(mine)\n", folder / "mine")

    assert done.stdout.strip() == str(folder / "mine" / "sitecustomize.py"), done.stderr
    assert killed(folder) == 1


def test_a_failure_to_send_is_said_and_does_not_change_how_the_run_ended(folder: Path):
    broken = RUN_BASE.replace(
        'print("Cleaning up all outstanding Run operations")', "raise ValueError('gone')"
    )
    (folder / "azureml/_run_impl/run_base.py").write_text(broken)

    done = run(sys.executable, folder, f"{IMPORT}import sys; sys.exit(3)")

    assert done.returncode == 3
    assert done.stderr == "The last metrics of this run may not have been sent: gone\n"


def test_an_import_in_a_thread_and_a_second_one_count_once(folder: Path):
    script = (
        "import threading\n"
        "def work():\n    import azureml._run_impl.run_base\n"
        "threads = [threading.Thread(target=work) for _ in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "import importlib, azureml._run_impl.run_base as module\nimportlib.reload(module)\n"
    )

    done = run(sys.executable, folder, script)

    assert (done.returncode, done.stderr) == (0, "")
    assert killed(folder) == 1


def test_the_root_is_the_last_place_of_the_first_python_alone(python: str, folder: Path):
    write_tree(
        folder,
        {
            "pkg.py": "where = 'root'\n",
            "both.py": "where = 'root'\n",
            "given/both.py": "where = 'given'\n",
            "scripts/train.py": "import both, pkg, subprocess, sys\nprint(pkg.where, both.where)\nsys.stdout.flush()\n"
            "subprocess.call([sys.executable, 'scripts/other.py'])\n",
            "scripts/other.py": "try:\n    import pkg\nexcept ImportError:\n    print('no pkg')\n",
        },
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment["PYTHONPATH"] = os.pathsep.join((str(HOOKS), str(folder / "given")))
    environment["SCAFFOLD_SNAPSHOT_ROOT"] = str(folder)
    done = subprocess.run(
        [python, "scripts/train.py"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )

    assert done.stdout.split() == ["root", "given", "no", "pkg"], done.stderr
