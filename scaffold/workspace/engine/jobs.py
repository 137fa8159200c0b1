"""A run's folder on disk: what is laid out before its process starts, and what is collected after it.

runs/<uuid>/user_logs/std_log.txt   the process's stdout and stderr
runs/<uuid>/work/                   its working directory: the snapshot, outputs/, logs/
runs/<uuid>/submitter.json          of a local run, until it is handed over: see ``submitter``
runs/<uuid>/data/                   its inputs and outputs that are no part of that (``delivery``)
supervision/<uuid>/                 job.json, started.json, exit.json, stop: see ``supervisor``; submitter.json once it
                                    was handed over

The run's code works in the first of these folders and can do there what it wants. It is told nothing of the second,
and what is read there is believed only as far as it makes sense: the code has its owner's rights and may find it.
"""

import contextlib
import json
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from scaffold.workspace import inherited, supervision
from scaffold.workspace.engine import conda, supervisor
from scaffold.workspace.engine.data.placeholders import in_argument, in_command
from scaffold.workspace.engine.data.places import NOWHERE, Places
from scaffold.workspace.engine.data.placing import PLACED, remove_tree, take_back
from scaffold.workspace.engine.distribution import Distribution, processes_of
from scaffold.workspace.engine.specification import Specification
from scaffold.workspace.engine.submitter import RECORD, Submitter, submitter_of
from scaffold.workspace.files import is_plain, read_plain, write_atomically
from scaffold.workspace.logs import DATA_LOG
from scaffold.workspace.paths import Home
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.runs import Run

RUN_HOOKS = Path(__file__).parent / "run_hooks"
COLLECTED = ("outputs", "logs")
RESTARTED = "preemption"
"""The source of the warning that says that a run lost its node and was begun again."""

# Variables that say to which workspace and run a process belongs.
_OF_THE_SERVICE = ("AZUREML_", "MLFLOW_", "MSI_", "IDENTITY_", "SCAFFOLD_")
# Further ones of a submitting shell that would change what a script does in an environment of its own. A notebook
# has MPLBACKEND draw into its own pages.
_NOT_OF_THE_SUBMITTER = (*_OF_THE_SERVICE, "PYTHON", "VIRTUAL_ENV", "CONDA_", "MPLBACKEND")


LOST, UNKNOWN, UNREADABLE, REMOVED = "lost", "unknown", "unreadable", "removed"
_MOST_BYTES = 64 * 1024
_EXIT_CODES = range(-64, 2**32)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_LONGEST_MESSAGE = 4000


class Outcome(msgspec.Struct, frozen=True):
    """How a run's process ended, as ``exit.json`` says it.

    Attributes:
        exit_code: of the process; negative for the signal that ended it; None when it never started.
        reason: one of ``supervisor.REASONS``; or ``LOST`` or ``UNKNOWN`` when nobody wrote it down (while no service
            ran, or while one did), ``REMOVED`` when there is no folder any more to write it into, ``UNREADABLE``
            when what is there cannot have been written by a supervisor.
        at: when the process ended, ISO 8601 in UTC; None when that is not known.
        seconds: how long it ran, whatever became of the machine's clock; None when that is not known.
        log: the file with the output of the process that decided it.
    """

    reason: str
    exit_code: int | None = None
    at: str | None = None
    message: str | None = None
    log: str | None = None
    seconds: float | None = None


class JobFolder:
    """The folder of one run.

    Args:
        home: the workspace's folder.
        run: the run.
    """

    def __init__(self, home: Home, run: Run) -> None:
        self.path = home.runs / run.uuid
        self.records = home.supervision / run.uuid
        if not self.records.exists() and (self.path / "job.json").exists():
            self.records = self.path  # begun by an earlier version
        self.submitter = submitter_of(self.records)
        self.work = Path(self.submitter.folder) if self.submitter else self.path / "work"
        self.data = self.path / "data"
        self.logs = self.path / "user_logs"

    def log(self, name: str) -> Path:
        """The file of a log that is named ``user_logs/…`` among the run's artifacts."""
        return self.path / name

    def log_names(self) -> list[str]:
        """The names of the logs that there are, the first process's first."""
        return sorted(f"user_logs/{path.name}" for path in self.logs.glob("*.txt") if is_plain(path))

    def request_stop(self) -> None:
        """Asks the supervisor to end the run; it ends it by itself where its records are gone."""
        with contextlib.suppress(OSError):
            (self.records / "stop").touch()

    def note_data(self, sentence: str) -> None:
        """Writes a line to the log of the run's inputs and outputs, where the run has put nothing in its place."""
        log = self.log(DATA_LOG)
        with contextlib.suppress(OSError):
            log.parent.mkdir(parents=True, exist_ok=True)
        if (os.path.lexists(log) and not is_plain(log)) or not log.parent.is_dir():
            return
        with log.open("a", encoding="utf-8") as stream:
            stream.write(f"[{timestamp()}] {sentence}\n")

    @property
    def mark(self) -> str:
        """What the run's processes carry (see ``watchman``)."""
        return supervision.mark_of(self.records)

    def was_started(self) -> bool:
        """True when its supervisor has begun, whatever became of it."""
        written = any(os.path.lexists(self.records / name) for name in supervisor.RESERVED)
        return written or supervision.living(self.records) is not None

    def outcome(self) -> Outcome | None:
        """How it ended, or None while nothing was written down of that."""
        path = self.records / "exit.json"
        if not os.path.lexists(path):
            return None
        content = read_plain(path, _MOST_BYTES)
        try:
            outcome = msgspec.json.decode(content or b"", type=Outcome, strict=True)
        except (msgspec.DecodeError, ValueError):  # also what is no text
            return Outcome(UNREADABLE)
        return outcome if self._can_be(outcome) else Outcome(UNREADABLE)

    def _can_be(self, outcome: Outcome) -> bool:
        """False for what no supervisor of this run says; another file than a log of the run is never named."""
        numbered = outcome.exit_code is None or outcome.exit_code in _EXIT_CODES
        timed = outcome.at is None or _is_time(outcome.at)
        brief = outcome.message is None or len(outcome.message) <= _LONGEST_MESSAGE
        own = {str(self.log(name)) for name in self.log_names()}
        # A log that the run has removed, or put a link in the place of, is told as none.
        logged = outcome.log is None or outcome.log in own or Path(outcome.log).parent == self.logs
        ended = (outcome.exit_code is None) == (outcome.reason == "not-started")
        return outcome.reason in supervisor.REASONS and numbered and timed and brief and logged and ended

    def restarts(self) -> bool:
        """True when the run is to be begun again after it lost its node."""
        with contextlib.suppress(ValueError):
            job = json.loads(read_plain(self.records / "job.json", _MOST_BYTES * 64) or b"null")
            return isinstance(job, dict) and job.get("restart") is True
        return False

    def clear(self) -> None:
        """Removes everything, as before the run, and what was delivered elsewhere.

        A local run's working directory is its submitter's to remove.
        """
        self.take_back()
        remove_tree(self.path)
        remove_tree(self.records)

    def take_back(self) -> None:
        """Removes what was delivered elsewhere."""
        take_back(self.path / PLACED)

    def make_again(self) -> None:
        """Removes what an earlier attempt left, but for who handed the run over."""
        for folder in (self.path, self.records):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.take_back()
        for entry in [*self.path.iterdir(), *self.records.iterdir()]:
            if entry.is_dir() and not entry.is_symlink():
                remove_tree(entry)
            elif entry != self.records / RECORD:
                entry.unlink(missing_ok=True)


def lay_out(store: Store, folder: JobFolder, run: Run, given_up: Callable[[], bool] = lambda: False) -> None:
    """Restores the snapshot into the working directory; a run that lost its node gets back what it had kept.

    Args:
        store: where the snapshot's files are.
        folder: the run's folder; what an earlier attempt left in it is removed.
        run: the run.
        given_up: asked between files whether the run is still wanted.
    """
    folder.make_again()
    supervision.reserve(folder.records)
    supervisor.reserve(folder.records)
    if folder.submitter is None:  # else the SDK has copied the project by itself
        folder.work.mkdir(mode=0o700)
        for sha256, path in _content(store, run):
            if given_up():
                return
            store.content.restore(sha256, folder.work / path)
    for name in COLLECTED:
        if not (folder.work / name).exists():  # a snapshot may hold a file of that name
            (folder.work / name).mkdir()
    folder.logs.mkdir(mode=0o700)


def clear_over(home: Home, store: Store) -> None:
    """Removes the folders of runs that are over: a service that was killed has not come to it."""
    with contextlib.suppress(OSError, sqlite3.Error):  # the next start tries again
        for folder in [*home.runs.iterdir(), *home.supervision.iterdir()]:
            if store.runs.is_over(folder.name):
                take_back(folder / PLACED)
                remove_tree(folder)


def write_job(folder: JobFolder, job: dict[str, Any]) -> None:
    """Writes the job for the supervisor, whose format it is (``job.json``), and makes its logs."""
    for process in job["processes"]:
        Path(process["log"]).touch(mode=0o600)
    job |= {"folder": str(folder.path), "mark": folder.mark}
    write_atomically(folder.records / "job.json", json.dumps(job).encode())


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None
    return False


def _content(store: Store, run: Run) -> list[tuple[str, str]]:
    """The files that a run begins with: its snapshot's, and those that it had kept when it lost its node."""
    snapshot = store.snapshots.files(run.snapshot_id) if run.snapshot_id else []
    files = {file.path: file.sha256 for file in snapshot}
    prefix = artifact_prefix(run.run_id)
    if any(warning.get("source") == RESTARTED for warning in run.warnings):
        for collected in COLLECTED:
            for blob in store.blobs.under(ARTIFACTS, f"{prefix}{collected}/"):
                if blob.sha256 is not None:
                    files[blob.name.removeprefix(prefix)] = blob.sha256
    return [(sha256, path) for path, sha256 in files.items()]


# These start no thread any more once they end; see ``run_hooks/launch.py``.
_NEEDS_LAUNCHER = ("3.12.0", "3.12.1")


def command_line(
    configuration: dict[str, Any],
    interpreter: str,
    python_version: str | None = None,
    places: Places = NOWHERE,
) -> list[str]:
    """The argument vector of a RunConfiguration: its command, or its script with arguments.

    Args:
        configuration: as the SDK sent it.
        interpreter: path of the Python to run a script in.
        python_version: its version where that is known.
        places: what the placeholders of data stand for.

    Raises:
        ValueError: it has neither.
    """
    command = configuration.get("command")
    arguments = [in_argument(str(argument), places) for argument in configuration.get("arguments") or []]
    if command:
        text = in_command(command if isinstance(command, str) else " ".join(map(str, command)), places)
        shell = ["cmd", "/d", "/s", "/c"] if os.name == "nt" else [shutil.which("bash") or "sh", "-c"]
        return [*shell, text]
    if not configuration.get("script"):
        raise ValueError("the run has neither a script nor a command")
    launcher = [str(RUN_HOOKS / "launch.py")] if python_version in _NEEDS_LAUNCHER else []
    return [interpreter, *launcher, str(configuration["script"]), *arguments]


def job_of(
    folder: JobFolder, configuration: dict[str, Any], argv: list[str], variables: dict[str, str]
) -> dict[str, Any]:
    """What the supervisor is told (``job.json``).

    Args:
        folder: the run's folder.
        configuration: as the SDK sent it.
        argv: see ``command_line``.
        variables: see ``process_environment``.
    """
    limit = configuration.get("maxRunDurationSeconds")
    processes = processes_of(msgspec.convert(configuration, Distribution))
    return {
        "argv": argv,
        "cwd": str(folder.work),
        "environment": variables | _snapshot_root(folder, configuration),
        "processes": [
            {
                "log": str(folder.log(process.log)),
                "environment": process.variables,
                "essential": process.essential,
            }
            for process in processes
        ],
        "limit_seconds": float(limit) if limit else None,
    }


def _snapshot_root(folder: JobFolder, configuration: dict[str, Any]) -> dict[str, str]:
    """What puts the snapshot's root on the path of a script of SDK v1; see ``run_hooks/sitecustomize.py``.

    A command, which all jobs of SDK v2 are, finds there what Python itself puts there.
    """
    if configuration.get("command"):
        return {}
    return {"SCAFFOLD_SNAPSHOT_ROOT": str(folder.work)}


def process_environment(
    specification: Specification,
    configuration: dict[str, Any],
    interpreter: str,
    run_variables: dict[str, str],
    submitter: Submitter | None = None,
) -> dict[str, str]:
    """The environment variables of a run's process.

    The machine's own come first (see ``inherited``), then what makes the interpreter's environment the active one,
    then the environment's and the run's variables, and last the ones by which the SDK knows the run. For a local
    run the machine's are those of its submitter, with all that makes his own Python environment what it is where
    he manages it himself.
    """
    if submitter is None:
        variables = inherited.kept(os.environ, runs=True)
    else:
        left_out = _OF_THE_SERVICE if specification.interpreter is not None else _NOT_OF_THE_SUBMITTER
        variables = {k: v for k, v in submitter.environment.items() if not k.startswith(left_out)}
    variables |= _activation(Path(interpreter), variables.get("PATH", os.defpath))
    # The log shows a line when it is printed, in UTF-8 whatever the machine's locale is.
    variables |= {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    if not any(variables.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG")) and sys.platform != "win32":
        variables["LANG"] = "C.UTF-8"
    variables |= specification.variables
    variables |= {str(k): str(v) for k, v in (configuration.get("environmentVariables") or {}).items()}
    variables |= run_variables | {
        "AZUREML_NODE_COUNT": "1",
        "AZUREML_FRAMEWORK": str(configuration.get("framework") or "Python"),
        "AZUREML_COMMUNICATOR": str(configuration.get("communicator") or "None"),
    }
    # In front of a PYTHONPATH that the run sets itself, which stays in force.
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, (str(RUN_HOOKS), variables.get("PYTHONPATH"))))
    return variables


def _activation(interpreter: Path, path: str) -> dict[str, str]:
    """What makes the interpreter's environment the active one."""
    folder = interpreter.parent
    prefix = conda.prefix_of(interpreter)
    if prefix is not None:
        return conda.activation(prefix, path)
    active = {"PATH": os.pathsep.join((str(folder), path))}
    if (folder.parent / "pyvenv.cfg").exists():
        active["VIRTUAL_ENV"] = str(folder.parent)
    return active
