"""Kills at random moments, one process of a pair or both: no run is stuck or lost, and nothing stays behind."""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.conftest import FUZZ_SEED, Machine, Project
from tests.sdk.fire import running_state
from tests.waiting import PATIENCE_SECONDS, until
from tests.workspace.client import Workspace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed with POSIX signals")

# Kept by the service and passed on to all that it starts (see ``inherited``): so all of a storm's are found.
MARK = "OMP_STORM"
IN_FLIGHT = 6
OVER = {"Completed", "Failed", "Canceled"}

# Says when it begins and ends, and whether it is executed while it still is; has a child that would stay.
SCRIPT = """
import os, pathlib, subprocess, sys, time
where = pathlib.Path({where!r}, os.environ['AZUREML_RUN_ID'])
where.mkdir(exist_ok=True)
for other in where.iterdir():
    try:
        os.kill(int(other.name), 0)
        (where.parent / 'twice').touch()
    except (ValueError, ProcessLookupError):
        pass
(where / str(os.getpid())).touch()
stays = 'import os, time; os.setsid(); time.sleep(600)'
subprocess.Popen([sys.executable, '-c', stays])
print('begun', flush=True)
time.sleep({seconds})
print('ended')
(where / 'ended').touch()
"""
# In the place of micromamba: works for a moment, with a child that would stay, and finds no packages.
TOOL = f"""#!{sys.executable}
import subprocess, sys, time
subprocess.Popen([sys.executable, '-c', 'import os, time; os.setsid(); time.sleep(600)'])
time.sleep(0.4)
sys.exit('error: no such packages')
"""
# Which process of whose command line is what; the first that fits.
ROLES = {
    "watchman": "watchman.py",
    "supervisor": "supervisor.py",
    "service": "scaffold.workspace.server",
    "builder": "micromamba",
    "child": "child/__main__.py",
    "submitter": "-m scaffold submit",
    "script": "train.py",
    "script of a project": "experiment_1.py",
}
PAIRS = [
    ("service", "supervisor"), ("service", "builder"), ("service", "watchman"), ("supervisor", "script"),
    ("supervisor", "watchman"), ("submitter", "child"), ("submitter", "watchman"), ("service", "submitter"),
    ("builder", "watchman"), ("service", "script"),
]  # fmt: skip


class Storm:
    """A machine on which runs are submitted, and processes killed.

    Attributes:
        accepted: the runs that were acknowledged.
        kills: how many of each kind of process were killed.
    """

    def __init__(self, machine: Machine, project: Callable[..., Path], where: Path) -> None:
        self._machine, self._where = machine, where
        self._moments = random.Random(FUZZ_SEED)
        self._token = uuid.uuid4().hex
        self._submitter: subprocess.Popen[str] | None = None
        tool = machine.root / "micromamba"
        tool.write_text(TOOL)
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        machine.environment |= {MARK: self._token, "SCAFFOLD_WIDTH": "4", "SCAFFOLD_CONDA": str(tool)}
        self._project = project(script=SCRIPT.format(where=str(where), seconds=0.2))
        self.accepted: list[str] = []
        self.kills: Counter[str] = Counter()

    def processes(self) -> dict[str, list[psutil.Process]]:
        """All living processes of the storm, by what they are."""
        found: dict[str, list[psutil.Process]] = {}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(MARK) == self._token and process.status() != psutil.STATUS_ZOMBIE:
                    line = " ".join(process.cmdline())
                    role = next((role for role, words in ROLES.items() if words in line), "other")
                    found.setdefault(role, []).append(process)
        return found

    def workspace(self) -> Workspace:
        """The running service, started where it was killed."""
        if "service" not in self.processes():
            assert self._machine.run("workspace", "start").returncode == 0
        return Workspace(self._machine.state)

    def feed(self) -> None:
        """Sees to it that there is always something that can be killed."""
        if self._submitter is None or self._submitter.poll() is not None:
            self._submitter = self._machine.popen(
                "submit", self._project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        with contextlib.suppress(OSError, http.client.HTTPException, AssertionError, KeyError, ValueError):
            workspace = self.workspace()
            runs = workspace.control("GET", "/status").json()["runs"]
            for _ in range(IN_FLIGHT - sum(count for status, count in runs.items() if status not in OVER)):
                self._submit(workspace)

    def _submit(self, workspace: Workspace) -> None:
        seconds = self._moments.uniform(0.1, 0.8)
        options = {}
        if self._moments.random() < 0.3:
            packages = ["python=3.11", f"p{self._moments.randrange(10**6)}"]
            conda = {"channels": [(self._machine.root / "channel").as_uri()], "dependencies": packages}
            options["environment"] = {"name": "e", "python": {"condaDependencies": conda}}
        script = SCRIPT.format(where=str(self._where), seconds=seconds)
        run_id = f"storm-{len(self.accepted)}-{uuid.uuid4().hex[:8]}"
        # An answer that was lost acknowledges nothing.
        assert workspace.submit(script, run_id=run_id, **options).status == 200
        self.accepted.append(run_id)

    def strike(self) -> None:
        """Kills one process of a pair, or both at once."""
        present = self.processes()
        pairs = [pair for pair in PAIRS if all(role in present for role in pair)]
        if not pairs:
            return
        # The pair that was struck least, of those that there are.
        fewest = min(sum(self.kills[role] for role in pair) for pair in pairs)
        pair = self._moments.choice([p for p in pairs if sum(self.kills[role] for role in p) == fewest])
        roles = self._moments.choice([pair, pair[:1], pair[1:]])
        victims = [(role, self._moments.choice(present[role])) for role in roles]
        with contextlib.suppress(psutil.Error):
            for _, victim in victims:
                victim.suspend()  # so that none sees the other's end
        for role, victim in victims:
            with contextlib.suppress(psutil.Error):
                victim.send_signal(signal.SIGKILL)
                self.kills[role] += 1

    def end(self) -> None:
        """Lets everything come to its end."""
        if self._submitter is not None:
            self._submitter.kill()
            self._submitter.wait()


@pytest.mark.slow
@pytest.mark.parametrize("count", [int(os.environ.get("STORM", "500"))])
def test_a_storm_of_kills(machine: Machine, project: Project, tmp_path: Path, count: int):
    where = tmp_path / "where"
    where.mkdir()
    storm = Storm(machine, project, where)
    began, last = time.monotonic(), 0
    while (done := storm.kills.total()) < count:
        storm.feed()
        for _ in range(4):
            storm.strike()
        if storm.kills.total() > done:
            last, began = storm.kills.total(), time.monotonic()
        assert time.monotonic() < began + PATIENCE_SECONDS, f"nothing to kill after {last}"
    storm.end()
    workspace = storm.workspace()

    states = {run_id: workspace.wait(run_id) for run_id in storm.accepted}
    until(lambda: set(running_state(machine)["runs"]) <= OVER)
    for run_id, state in states.items():
        ended = (where / run_id / "ended").exists()
        assert (state["status"], bool(state["error"])) in (("Completed", False), ("Failed", True)), state
        assert "ServiceError" not in json.dumps(state), state
        if state["status"] == "Completed":
            assert ended, state
            assert workspace.log(run_id) == b"begun\nended\n"
    assert not (where / "twice").exists()
    assert {"service", "supervisor", "watchman", "script", "builder", "submitter", "child"} <= set(
        storm.kills
    )
    assert {state["status"] for state in states.values()} == {"Completed", "Failed"}

    folders = [machine.state / name for name in ("runs", "supervision", "staging")]
    until(lambda: not [path for folder in folders for path in folder.iterdir()])
    assert machine.run("workspace", "stop").returncode == 0
    until(lambda: not storm.processes())
    for port in (workspace.https_port, workspace.http_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
    assert {path.suffix for path in (machine.state / "environments").iterdir()} <= {".log"}
    assert list(machine.state.rglob(".*")) == []
