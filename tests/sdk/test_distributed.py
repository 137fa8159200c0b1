"""Distributed runs with the real SDK: every process runs on this machine and has a log of its own."""

import json

import pytest

from tests.conftest import RUN_EXPERIMENT, Machine, Project

SCRIPT = """
import os, sys, time
rank = os.environ.get("RANK")
print("rank", rank, "of", os.environ.get("WORLD_SIZE"), "at", os.environ.get("MASTER_ADDR"))
if "fail" in sys.argv and rank == "1":
    sys.exit(9)
if "fail" in sys.argv:
    time.sleep(600)
"""


def runner(distribution: str, arguments: str = "[]") -> str:
    return RUN_EXPERIMENT.replace(
        "    environment=env,\n",
        f"    environment=env,\n    arguments={arguments},\n    distributed_job_config={distribution},\n",
    ).replace("import constants\n", "from azureml.core.runconfig import *\n\nimport constants\n")


def logs(machine: Machine, folder, run_id: str) -> dict[str, str]:
    asked = machine.sdk(
        f"""
import json
from azureml.core import Experiment, Run, Workspace
run = Run(Experiment(Workspace.from_config(path='.azureml'), 'Experiment_1'), {run_id!r})
print(json.dumps(run.get_details_with_logs()['logFiles']))
""",
        cwd=folder,
    )
    return json.loads(asked.stdout)


@pytest.mark.parametrize(
    "distribution", ["PyTorchConfiguration(process_count=3)", "MpiConfiguration(process_count_per_node=3)"]
)
def test_every_process_has_its_rank_and_its_log(shared_machine: Machine, project: Project, distribution: str):
    folder = project(script=SCRIPT, **{"run_experiment.py": runner(distribution)})

    done = shared_machine.run("submit", folder, "--follow")

    assert done.returncode == 0, done.stderr
    assert done.stdout == "rank 0 of 3 at 127.0.0.1\n"
    assert logs(shared_machine, folder, done.stderr.rsplit("/runs/", 1)[1].strip()) == {
        f"user_logs/std_log_process_{rank}.txt": f"rank {rank} of 3 at 127.0.0.1\n" for rank in range(3)
    }


def test_one_process_that_fails_ends_the_others_and_tells_why(shared_machine: Machine, project: Project):
    distribution = "PyTorchConfiguration(process_count=2)"
    folder = project(script=SCRIPT, **{"run_experiment.py": runner(distribution, "['fail']")})

    done = shared_machine.run("submit", folder, "--follow", "--json")

    document = json.loads(done.stdout)
    assert (done.returncode, document["status"], document["exit_code"]) == (5, "Failed", 9)
    assert "std_log_process_1.txt" in document["error"]


def test_parameter_servers_are_ended_when_the_workers_are_done(shared_machine: Machine, project: Project):
    script = """
import json, os, pathlib, time
task = json.loads(os.environ["TF_CONFIG"])["task"]
print(task["type"], task["index"])
serving = pathlib.Path("serving")
if task["type"] == "ps":
    serving.touch()
    time.sleep(600)
while not serving.exists():
    time.sleep(0.05)
"""
    distribution = "TensorflowConfiguration(worker_count=2, parameter_server_count=1)"
    folder = project(script=script, **{"run_experiment.py": runner(distribution)})

    done = shared_machine.run("submit", folder, "--follow")

    assert (done.returncode, done.stdout) == (0, "worker 0\n"), done.stderr
    assert logs(shared_machine, folder, done.stderr.rsplit("/runs/", 1)[1].strip()) == {
        "user_logs/std_log_process_0.txt": "worker 0\n",
        "user_logs/std_log_process_1.txt": "worker 1\n",
        "user_logs/std_log_process_0_ps.txt": "ps 0\n",
    }
