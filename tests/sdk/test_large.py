"""Large things: logs of more than a gigabyte, and snapshots at the limits, without the service growing with them."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Machine, Project
from tests.sdk.calls import given

pytestmark = pytest.mark.slow

MEGABYTE = 1024 * 1024
MOST_GROWTH = 80 * MEGABYTE  # of a service of about 60 MB; what it carries is many times that


def memory(machine: Machine) -> int:
    """Resident bytes of the running service."""
    return machine.json("workspace", "status")["memory_bytes"]


def test_a_log_of_more_than_a_gigabyte_is_followed_to_its_end(machine: Machine, project: Project):
    megabytes = 1200
    script = f"import sys\nline = 'x' * 1023 + '\\n'\nfor _ in range({megabytes}):\n    sys.stdout.write(line * 1024)\n"
    folder = project(script=script)
    machine.run("workspace", "start")
    before = memory(machine)

    process = machine.popen("submit", folder, "--follow", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    received = 0
    while piece := process.stdout.buffer.read(MEGABYTE):
        received += len(piece)

    assert process.wait(60) == 0
    assert received == megabytes * MEGABYTE
    assert memory(machine) - before < MOST_GROWTH


def test_a_snapshot_of_nearly_2000_files_and_300_megabytes_arrives_whole(machine: Machine, project: Project):
    files, size = 1900, 150 * 1024
    folder = project(
        script=(
            "import hashlib, pathlib\n"
            "found = sorted(pathlib.Path('data').iterdir())\n"
            "print(len(found), hashlib.sha256(b''.join(f.read_bytes() for f in found)).hexdigest())\n"
        )
    )
    data = folder / "Experiment_1" / "data"
    data.mkdir()
    whole = hashlib.sha256()
    for number in range(files):
        content = os.urandom(size)
        (data / f"{number:04d}.bin").write_bytes(content)
        whole.update(content)
    machine.run("workspace", "start")
    before = memory(machine)

    done = machine.run("submit", folder, "--follow", "--no-check", timeout=570)

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{files} {whole.hexdigest()}\n"
    assert memory(machine) - before < MOST_GROWTH


def test_more_than_2000_files_are_sent_only_when_the_sdk_is_told_to(machine: Machine, tmp_path: Path):
    seen = given(
        machine,
        """
        experiment = Experiment(ws, 'many-files')
        os.makedirs('source/data')
        for number in range(2001):
            open(f'source/data/{number}', 'w').write(str(number))
        script = "import os; print(len(os.listdir('data')))"
        seen['refused'] = failure(submit, experiment, script)
        os.environ['AML_SNAPSHOT_NO_FILE_LIMIT'] = 'true'
        run = submit(experiment, script)
        run.wait_for_completion()
        seen['log'] = run.get_details_with_logs()['logFiles']['user_logs/std_log.txt']
        """,
        cwd=tmp_path,
    )

    assert "Your project exceeds the file limit of 2000." in seen["refused"]
    assert seen["log"] == "2001\n"
