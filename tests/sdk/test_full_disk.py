"""A full disk at every point: what was acknowledged is kept, the rest is refused in two lines, and it goes on later.

The disk is a real one, a small tmpfs, which only root may mount; without that right these tests are skipped.
"""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import RUN_EXPERIMENT, Machine, Project
from tests.sdk.calls import given
from tests.sdk.fire import running_state, state
from tests.waiting import until
from tests.workspace.client import SCOPE, Workspace

MEGABYTE = 1024 * 1024


class SmallDisk:
    """A disk of 48 MB that can be filled."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ballast = root / "ballast"

    def fill(self, *, leave: int = 0) -> None:
        """Fills the disk but for so many bytes."""
        left = shutil.disk_usage(self.root).free - leave
        with self._ballast.open("ab", buffering=0) as stream:
            try:
                while left > 0:
                    left -= stream.write(b"x" * min(left, 65536))
            except OSError:
                pass
        assert shutil.disk_usage(self.root).free <= leave

    def make_room(self) -> None:
        self._ballast.unlink()

    def take_files(self, *, leave: int) -> None:
        """Has the disk take so many more files and no more."""
        subprocess.run(["mount", "-o", f"remount,nr_inodes={self._files() + leave}", self.root], check=True)

    def _files(self) -> int:
        disk = os.statvfs(self.root)
        return disk.f_files - disk.f_ffree

    def protect(self) -> None:
        """Has the disk take nothing at all any more."""
        subprocess.run(["mount", "-o", "remount,ro", self.root], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    root = tmp_path / "disk"
    root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m,nr_inodes=10000", "tmpfs", str(root)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs Linux and root")
    yield SmallDisk(root)
    subprocess.run(["umount", "--lazy", root], check=True)


@pytest.fixture
def machine(disk: SmallDisk, machine: Machine) -> Iterator[Machine]:
    """A machine with its state folder on the small disk."""
    machine.state = disk.root / "state"
    machine.environment["SCAFFOLD_HOME"] = str(machine.state)
    yield machine
    machine.stop()


def two_lines(done: subprocess.CompletedProcess[str]) -> tuple[str, str]:
    """The two lines of the error that a command ended with."""
    message, hint = done.stderr.splitlines()[-2:]
    assert message.startswith("Error: "), done.stderr
    assert hint.startswith("→ "), done.stderr
    assert "Traceback" not in done.stderr
    return message, hint


def test_submitting_is_refused_at_each_step_and_works_when_there_is_room(
    machine: Machine, project: Project, disk: SmallDisk
):
    small, large = project("small"), project("large", **{"Experiment_1/data.bin": "x" * 3 * MEGABYTE})
    assert machine.run("submit", small, "--follow").returncode == 0

    disk.fill(leave=2 * MEGABYTE)
    uploading = machine.run("submit", large, "--follow")
    disk.fill()
    accepting = machine.run("submit", small, "--follow")

    for refused in (uploading, accepting):
        assert refused.returncode == 4, refused.stderr
        assert "The disk that holds the local workspace is full" in two_lines(refused)[0]
    assert running_state(machine)["runs"] == {"Completed": 1}
    assert list((machine.state / "staging").iterdir()) == []
    disk.make_room()
    for folder in (large, small):
        assert machine.run("submit", folder, "--follow").returncode == 0
    assert running_state(machine)["runs"] == {"Completed": 3}


@pytest.mark.parametrize("leave", [0, 3, 8, 11])
def test_a_disk_that_takes_no_more_files_is_told_as_such(machine: Machine, disk: SmallDisk, leave: int):
    disk.take_files(leave=leave)

    message, hint = two_lines(refused := machine.run("workspace", "start"))

    assert refused.returncode == 4
    assert f"the disk that holds {machine.state} takes no more files" in message
    assert "inodes" in hint


def test_nothing_breaks_on_a_disk_that_cannot_be_written(machine: Machine, disk: SmallDisk):
    assert machine.run("workspace", "start").returncode == 0
    machine.stop()
    disk.protect()

    for arguments in (("workspace", "start"), ("workspace", "env"), ("workspace", "reset", "--yes")):
        refused = machine.run(*arguments)
        assert refused.returncode == 4, refused.stderr
        message, hint = two_lines(refused)
        assert str(machine.state) in message
        assert "Read-only file system" in message
        assert "SCAFFOLD_HOME" in hint
    for arguments in (("workspace", "status"), ("workspace", "stop")):
        assert machine.run(*arguments).returncode == 0


@pytest.mark.slow
def test_starting_the_workspace_is_refused_and_loses_nothing(
    machine: Machine, project: Project, disk: SmallDisk
):
    run_id = machine.json("submit", project(), "--follow")["run_id"]
    machine.stop()

    disk.fill()
    refused = machine.run("workspace", "start")
    disk.make_room()

    assert refused.returncode == 4
    assert f"the disk that holds {machine.state} is full" in two_lines(refused)[0]
    assert state(machine, run_id)["log"] == "Experiment Executed!\n"
    assert running_state(machine)["set_aside"] is None


FILLS = """
import pathlib, time
from azureml.core import Run
run = Run.get_context()
run.log('before', 1)
run.flush()
pathlib.Path('outputs', 'model').write_bytes(b'm' * 2000000)
print('full', flush=True)
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.02)
"""


@pytest.mark.slow
def test_a_run_that_ends_on_a_full_disk_is_finished_when_there_is_room_also_by_the_next_service(
    machine: Machine, project: Project, disk: SmallDisk, tmp_path: Path
):
    gate = tmp_path / "gate"
    run_id = machine.json("submit", project(script=FILLS.format(gate=str(gate))))["run_id"]
    until(lambda: any(machine.state.glob("runs/*/work/outputs/model")))
    until(lambda: b"full" in b"".join(path.read_bytes() for path in machine.state.glob("runs/*/user_logs/*")))

    disk.fill()
    gate.touch()
    # The supervisor has written down how it ended; nobody can write more.
    until(lambda: any(machine.state.glob("supervision/*/exit.json")))
    until(lambda: refuses(machine))
    assert not {"Completed", "Failed"} & set(shown(machine))
    machine.stop()
    disk.make_room()

    after = state(machine, run_id)
    assert after["status"] == "Completed"
    assert after["log"] == "full\n"
    seen = given(
        machine,
        f"""
        run = ws.get_run({run_id!r})
        seen['metrics'] = run.get_metrics()
        run.download_file('outputs/model', 'model')
        seen['size'] = os.path.getsize('model')
        """,
        cwd=tmp_path,
    )
    assert seen == {"metrics": {"before": 1}, "size": 2000000}


def refuses(machine: Machine) -> bool:
    """True when nothing can be kept any more."""
    answer = Workspace(machine.state).post(f"/history/v1.0{SCOPE}/experiments/probe-{uuid.uuid4().hex}")
    if answer.status == 507:
        assert "is full" in answer.message
    return answer.status == 507


def shown(machine: Machine) -> dict[str, int]:
    runs: dict[str, int] = running_state(machine)["runs"]
    return runs


@pytest.mark.slow
def test_a_run_whose_snapshot_finds_no_room_fails_and_leaves_nothing(
    machine: Machine, project: Project, disk: SmallDisk, tmp_path: Path
):
    machine.environment["SCAFFOLD_WIDTH"] = "1"
    gate = tmp_path / "gate"
    waiting = f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.02)\n"
    machine.json("submit", project("first", script=waiting))
    large = project("large", **{"Experiment_1/data.bin": "x" * 3 * MEGABYTE})
    run_id = machine.json("submit", large)["run_id"]
    until(lambda: shown(machine) == {"Running": 1, "Queued": 1})

    disk.fill(leave=2 * MEGABYTE)
    gate.touch()
    until(lambda: shown(machine) == {"Completed": 1, "Failed": 1})
    disk.make_room()

    after = state(machine, run_id)
    assert "DiskFull: there is no room on the disk" in after["error"]["error"]["message"]
    until(lambda: list((machine.state / "runs").iterdir()) == [])
    assert machine.run("submit", large, "--follow").returncode == 0


BUILT = RUN_EXPERIMENT.replace(
    "env.python.user_managed_dependencies = True",
    "from azureml.core.conda_dependencies import CondaDependencies\n"
    "env.python.conda_dependencies = CondaDependencies.create(python_version='3.11', pin_sdk_version=False)\n"
    "env.python.conda_dependencies.remove_pip_package('azureml-defaults')",
)


@pytest.mark.slow
def test_an_environment_that_finds_no_room_fails_and_is_built_when_there_is(
    machine: Machine, project: Project, disk: SmallDisk
):
    folder = project(**{"run_experiment.py": BUILT})
    assert machine.run("workspace", "start").returncode == 0
    disk.fill(leave=2 * MEGABYTE)

    failed = machine.run("submit", folder, "--follow")
    disk.make_room()
    again = machine.run("submit", folder, "--follow")

    assert failed.returncode == 5, failed.stderr
    assert "could not be built" in two_lines(failed)[0]
    assert (again.returncode, again.stdout) == (0, "Experiment Executed!\n"), again.stderr


LOGS = """
import pathlib, time
from azureml.core import Run
run = Run.get_context()
run.log('a', 1)
run.flush()
print('logged', flush=True)
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.02)
for number in range(2, 4):
    run.log('a', number)
pathlib.Path({asked!r}).touch()
run.flush()
"""


@pytest.mark.slow
def test_metrics_that_find_no_room_are_sent_again_and_none_is_lost(
    machine: Machine, project: Project, disk: SmallDisk, tmp_path: Path
):
    machine.environment["AZUREML_DEFAULT_BACKOFF"] = "2"  # of the SDK, in seconds; 32 by default
    gate, asked = tmp_path / "gate", tmp_path / "asked"
    folder = project(script=LOGS.format(gate=str(gate), asked=str(asked)))
    with_setting = RUN_EXPERIMENT.replace(
        "config = ScriptRunConfig(",
        "env.environment_variables = {'AZUREML_DEFAULT_BACKOFF': '2'}\nconfig = ScriptRunConfig(",
    )
    (folder / "run_experiment.py").write_text(with_setting)
    run_id = machine.json("submit", folder)["run_id"]
    until(
        lambda: b"logged" in b"".join(path.read_bytes() for path in machine.state.glob("runs/*/user_logs/*"))
    )

    disk.fill()
    until(lambda: refuses(machine))
    gate.touch()
    until(asked.exists)
    until(lambda: refuses(machine))
    disk.make_room()

    assert state(machine, run_id)["status"] == "Completed"
    seen = given(machine, f"seen['a'] = ws.get_run({run_id!r}).get_metrics()['a']")
    assert sorted(seen["a"]) == [1, 2, 3]
