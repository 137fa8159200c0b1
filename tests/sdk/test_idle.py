"""A service that nobody needs ends by itself, and the next command has it again; runs that are left are ended."""

import json
import time
from pathlib import Path

import psutil
import pytest

from tests.conftest import Machine, Project
from tests.sdk.calls import given
from tests.sdk.fire import WAITS_FOR_GATE, running_state, state
from tests.waiting import until


@pytest.mark.slow
def test_an_idle_service_ends_and_comes_back_on_its_ports_but_not_while_a_run_is_under_way(
    machine: Machine, project: Project, tmp_path: Path
):
    gate, record = tmp_path / "gate", machine.state / "service.json"
    run_id = machine.json("submit", project(script=WAITS_FOR_GATE.format(gate=str(gate))))["run_id"]
    machine.stop()  # what goes on with the run has little patience, and would not wait for the SDK to be loaded
    machine.environment["SCAFFOLD_IDLE_MINUTES"] = "0.03"
    assert machine.run("workspace", "start").returncode == 0
    before = json.loads(record.read_bytes())

    time.sleep(5)  # nearly three times as long as it may be idle
    assert psutil.pid_exists(before["pid"])
    gate.touch()
    until(lambda: not psutil.pid_exists(before["pid"]))
    del machine.environment["SCAFFOLD_IDLE_MINUTES"]  # what asks now takes longer to begin

    assert state(machine, run_id)["log"] == "started\nended\n"
    after = json.loads(record.read_bytes())
    assert after["pid"] != before["pid"]
    assert (after["https_port"], after["http_port"]) == (before["https_port"], before["http_port"])


def test_a_setting_that_cannot_be_is_told_in_two_lines(machine: Machine):
    machine.environment["SCAFFOLD_WIDTH"] = "many"

    done = machine.run("workspace", "start")

    assert done.returncode == 4
    assert "SCAFFOLD_WIDTH is 'many'" in done.stderr.splitlines()[0]
    assert len(done.stderr.splitlines()) == 2


DIES = """
from azureml.core import Run
run = Run.get_context()
child = run.child_run('left')
child.child_run('grandchild')
done = run.child_run('done')
done.complete()
raise SystemExit(3)
"""


def test_the_children_of_a_script_that_dies_do_not_stay_running(machine: Machine, project: Project):
    assert machine.run("submit", project(script=DIES), "--follow").returncode == 5

    seen = given(
        machine,
        """
        from azureml.core import Experiment
        (run,) = Experiment(ws, 'Experiment_1').get_runs()
        children = list(run.get_children())
        seen['children'] = sorted((child.name.strip('>'), child.get_status()) for child in children)
        """,
    )

    assert seen["children"] == [["done", "Completed"], ["left", "Failed"]]
    # The run, the child that it left, and that one's own child.
    assert running_state(machine)["runs"] == {"Completed": 1, "Failed": 3}
