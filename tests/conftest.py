"""What the tests share: homes of their own, a running local workspace, and the real command as a process.

Nothing here reaches into the product: tests talk to it through its command line, its ports and its files.
"""

import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from scaffold.workspace import temporary
from scaffold.workspace.paths import Home
from tests.waiting import PROCESS_SECONDS

# Tests that are started in the background, or by nohup, ignore these signals, and so would all that they start.
for _name, _handler in (
    ("SIGINT", signal.default_int_handler),
    ("SIGTERM", signal.SIG_DFL),
    ("SIGHUP", signal.SIG_DFL),
):
    if signal.getsignal(getattr(signal, _name, None) or signal.SIGINT) is signal.SIG_IGN:
        signal.signal(getattr(signal, _name), _handler)
FUZZ_SEED = int(os.environ.get("FUZZ_SEED", "2026"))
# The same cases each time, so that a change is judged by what it did; others where a seed is given.
settings.register_profile("scaffold", derandomize="FUZZ_SEED" not in os.environ, database=None)
settings.load_profile("scaffold")
REPOSITORY = Path(__file__).parent.parent
# The SDK that is tested is the one beside the tests: `make test-old-sdk` runs them with an older one.
SDK = f"azureml-core=={importlib.metadata.version('azureml-core')}"
TUTORIAL_CONFIG = {
    "subscription_id": "00000000-0000-0000-0000-000000000000",
    "resource_group": "local",
    "workspace_name": "local",
}
_DROPPED = (
    "SCAFFOLD_",
    "AZUREML_",
    "AZURE_",
    "MLFLOW_",
    "MSI_",
    "IDENTITY_",
    "ARM_",
    "PYTHONDONTWRITE",
    "NO_COLOR",
)


def pytest_report_header() -> str:
    return f"fuzz tests: FUZZ_SEED={FUZZ_SEED}"


class Machine:
    """A user's machine: a home folder, a state folder, and the ``scaffold`` command with both.

    Attributes:
        root: everything of it is in here.
        environment: the environment variables of its processes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.user_home = root / "user"
        self.state = root / "state"
        self.user_home.mkdir(parents=True)
        self.environment = _environment(self.user_home, self.state)

    def run(
        self, *arguments: str | Path, cwd: Path | None = None, **options
    ) -> subprocess.CompletedProcess[str]:
        """Runs ``scaffold`` with the arguments and returns when it has ended, whatever its exit code."""
        options = {"timeout": PROCESS_SECONDS, **options}
        environment = self.environment | options.pop("env", {})
        return subprocess.run(
            [sys.executable, "-m", "scaffold", *map(str, arguments)],
            cwd=cwd or self.root,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            check=False,
            **options,
        )

    def json(self, *arguments: str | Path, **options):
        """Runs ``scaffold`` with ``--json`` and returns the document; fails the test when it fails."""
        done = self.run(*arguments, "--json", **options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def popen(self, *arguments: str | Path, cwd: Path | None = None, **options) -> subprocess.Popen[str]:
        """Starts ``scaffold`` with the arguments."""
        return subprocess.Popen(
            [sys.executable, "-m", "scaffold", *map(str, arguments)],
            cwd=cwd or self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            **options,
        )

    def sdk(
        self,
        script: str,
        *,
        cwd: Path | None = None,
        timeout: float = PROCESS_SECONDS,
        python: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs Python code with the real SDK against this machine's workspace, in a process of its own."""
        return self.run("exec", "--", python or sys.executable, "-c", script, cwd=cwd, timeout=timeout)

    def stop(self) -> None:
        """Ends the workspace, so that nothing of the test is left running, or in the folder for temporary files."""
        self.run("workspace", "stop")
        if os.name == "posix":
            shutil.rmtree(temporary.short(Home(self.state.resolve())), ignore_errors=True)


def _environment(user_home: Path, state: Path) -> dict[str, str]:
    real_home = Path.home()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_DROPPED)}
    environment |= {
        "HOME": str(user_home),
        "USERPROFILE": str(user_home),
        "SCAFFOLD_HOME": str(state),
        "SCAFFOLD_PORT": "0",
        "UV_CACHE_DIR": str(REPOSITORY / ".cache" / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        "PYENV_ROOT": os.environ.get("PYENV_ROOT", str(real_home / ".pyenv")),
    }
    pip_config = real_home / ".config" / "pip" / "pip.conf"
    if pip_config.exists():
        environment.setdefault("PIP_CONFIG_FILE", str(pip_config))
    return environment


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine of the test's own, on which nothing has been done yet."""
    machine = Machine(tmp_path / "machine")
    yield machine
    machine.stop()


@pytest.fixture(scope="session")
def shared_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with a running workspace, shared by the tests of one worker that leave it as they find it."""
    machine = Machine(tmp_path_factory.mktemp("shared") / "machine")
    started = machine.run("workspace", "start")
    assert started.returncode == 0, started.stderr
    yield machine
    machine.stop()


@pytest.fixture(scope="session")
def hyperdrive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with azureml-train-core: beside the SDK always, it would make each use of it slow."""
    folder = tmp_path_factory.mktemp("hyperdrive")
    packages = (
        "azureml-train-core", "azureml-train-restclients-hyperdrive", "azureml-telemetry", "applicationinsights",
    )  # fmt: skip
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "-q", "--no-deps", "--target", str(folder), *packages],
        env=os.environ | {"UV_CACHE_DIR": str(REPOSITORY / ".cache" / "uv")},
        check=True,
    )
    return folder


Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Makes tutorial-like projects: ``project("name", script="print(1)")`` returns the folder."""

    def make(name: str = "my-exp", *, script: str = "print('Experiment Executed!')\n", **files: str) -> Path:
        root = tmp_path / name
        write_tree(
            root,
            {
                ".azureml/config.json": json.dumps(TUTORIAL_CONFIG),
                "constants.py": 'TARGET_NAME = "cpu-cluster"\nEXPERIMENT_NAME = "Experiment_1"\n',
                "Experiment_1/experiment_1.py": script,
                "requirements.txt": "",
                "run_experiment.py": RUN_EXPERIMENT,
                **{path.replace("__", "/"): text for path, text in files.items()},
            },
        )
        return root

    return make


def write_tree(root: Path, files: dict[str, str]) -> None:
    """Writes files with the given texts below a folder."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


# The tutorial's script with the interpreter that scaffold runs in, so that no environment has to be built:
# what is tested with it is everything else.
RUN_EXPERIMENT = """\
import os
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace

import constants

here = os.path.dirname(os.path.realpath(__file__))
ws = Workspace.from_config(path=os.path.join(here, ".azureml"))
env = Environment(name="the-one-that-is-here")
env.python.user_managed_dependencies = True
config = ScriptRunConfig(
    source_directory=os.path.join(here, "Experiment_1"),
    script="experiment_1.py",
    compute_target=constants.TARGET_NAME,
    environment=env,
)
run = Experiment(ws, constants.EXPERIMENT_NAME).submit(config)
print(run.get_portal_url())
"""
