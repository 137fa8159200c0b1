"""A user's machine that is used for one benchmark alone, and the projects on it."""

import compileall
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parent.parent
TEMPLATE = REPOSITORY / "template"
BIN = Path(sys.executable).parent  # not resolved: a link in a virtual environment
TERMINAL = {"Completed", "Failed", "Canceled"}
IDLE_SECONDS = 120.0
# What would lead the SDK or scaffold elsewhere, and what would make them slower than users see them.
_DROPPED = (
    *("SCAFFOLD_", "AZUREML_", "AZURE_", "MLFLOW_", "MSI_", "IDENTITY_", "ARM_"),
    *("PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME", "PYTHONUNBUFFERED", "VIRTUAL_ENV"),
)


class BrokenError(Exception):
    """A benchmark could not be carried out."""


class Machine:
    """Home folder, state folder and working folder in one temporary folder, and commands that run there.

    Attributes:
        root: everything is in here.
        environment: the environment variables of all processes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        home = root / "home"
        home.mkdir()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_DROPPED)}
        self.environment = kept | {
            "HOME": str(home),
            "USERPROFILE": str(home),
            "SCAFFOLD_HOME": str(root / "state"),
            "SCAFFOLD_PORT": "0",
            "UV_CACHE_DIR": str(REPOSITORY / ".cache" / "uv"),
            "PYENV_ROOT": os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv")),
            "PATH": os.pathsep.join((str(BIN), os.environ.get("PATH", os.defpath))),
        }
        pip_config = Path.home() / ".config" / "pip" / "pip.conf"
        if pip_config.exists():
            self.environment.setdefault("PIP_CONFIG_FILE", str(pip_config))

    def timed(self, *command: str | Path, cwd: Path | None = None) -> float:
        """Runs a command to its end and returns the seconds that it took."""
        started = time.perf_counter()
        self.output(*command, cwd=cwd)
        return time.perf_counter() - started

    def output(self, *command: str | Path, cwd: Path | None = None) -> str:
        """Runs a command to its end and returns its stdout.

        Raises:
            BrokenError: it failed.
        """
        done = subprocess.run(
            [self.find(command[0]), *map(str, command[1:])],
            cwd=cwd or self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            words = " ".join(map(str, command))
            raise BrokenError(f"'{words}' ended with exit code {done.returncode}:\n{done.stderr}")
        return done.stdout

    def find(self, program: str | Path) -> str:
        """The full path of a program of this virtual environment."""
        found = shutil.which(program, path=self.environment["PATH"])
        if found is None:
            raise BrokenError(f"There is no program {str(program)!r} beside {sys.executable}.")
        return found

    def status(self) -> dict[str, Any]:
        """What the local workspace says of itself."""
        status: dict[str, Any] = json.loads(self.output("scaffold", "workspace", "status", "--json"))
        return status

    def settle(self) -> dict[str, Any]:
        """Waits until no run is under way, so that none takes part in what is measured next.

        Raises:
            BrokenError: a run did not complete.
        """
        deadline = time.monotonic() + IDLE_SECONDS
        while time.monotonic() < deadline:
            status = self.status()
            runs = status.get("runs", {})
            if set(runs) <= TERMINAL:
                if set(runs) - {"Completed"}:
                    raise BrokenError(f"Not every run completed: {runs}")
                return status
            time.sleep(0.1)
        raise BrokenError(f"The runs are not over after {IDLE_SECONDS:.0f} s.")


@contextlib.contextmanager
def machine() -> Iterator[Machine]:
    """A new machine; its workspace is stopped and its folder removed at the end, after Ctrl-C as well."""
    folder = Path(tempfile.mkdtemp(prefix="scaffold-bench-")).resolve()
    try:
        made = Machine(folder)
        try:
            yield made
        finally:
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
            try:
                made.output("scaffold", "workspace", "stop")
            finally:
                signal.signal(signal.SIGINT, before)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def warm_bytecode() -> None:
    """Compiles what is not compiled yet: an installed scaffold is started more than once."""
    for folder in (REPOSITORY / "scaffold", sysconfig.get_paths()["purelib"]):
        compileall.compile_dir(folder, quiet=2, workers=0)
