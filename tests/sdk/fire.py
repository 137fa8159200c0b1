"""What tests under fire share: scripts that wait, and asking what became of a run whatever happened to the service."""

import json
import os
import signal
import sys
from typing import Any

from tests.conftest import Machine

WAITS_FOR_GATE = """
import pathlib, sys, time
print('started', flush=True)
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.02)
print('ended')
pathlib.Path('outputs', 'result.txt').write_text('kept')
"""

_ASK = """
import json
from azureml.core import Workspace
ws = Workspace(subscription_id='00000000-0000-0000-0000-000000000000', resource_group='local', workspace_name='local')
run = ws.get_run({run_id!r})
run.wait_for_completion(raise_on_error=False)
details = run.get_details_with_logs()
print(json.dumps({{
    'status': details['status'], 'log': details['logFiles'].get('user_logs/std_log.txt'),
    'error': details.get('error'), 'files': run.get_file_names(),
}}, default=str))
"""


def state(machine: Machine, run_id: str) -> dict[str, Any]:
    """A run's state once it is over, asked of whichever service runs now (started if none does)."""
    done = machine.run("exec", "--", sys.executable, "-c", _ASK.format(run_id=run_id))
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def running_state(machine: Machine) -> dict[str, Any]:
    """What ``scaffold workspace status`` says."""
    status: dict[str, Any] = machine.json("workspace", "status")
    return status


def kill_service(machine: Machine) -> None:
    """Kills the service, as the machine's lack of memory would."""
    os.kill(running_state(machine)["pid"], signal.SIGKILL)
