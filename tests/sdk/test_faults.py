"""``scaffold workspace fault``: what the real SDK, and code that tries again, make of each fault on demand."""

import json
import subprocess
from pathlib import Path

import pytest

from scaffold.workspace.fault_kinds import FAULT_KINDS
from tests.conftest import REPOSITORY, Machine, Project
from tests.sdk.calls import given
from tests.sdk.fire import running_state
from tests.waiting import until
from tests.workspace.client import SCOPE, Workspace

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def ask(machine: Machine, *arguments: str) -> list[dict]:
    """Asks for a fault, and returns all that are still to come."""
    return machine.json("workspace", "fault", *arguments)["faults"]


def to_come(machine: Machine) -> list[str]:
    return [fault["kind"] for fault in running_state(machine)["faults"]]


def test_faults_are_kept_listed_and_taken_back(machine: Machine):
    ask(machine, "preempt", "2.5", "--count", "3", "--experiment", "exp")
    ask(machine, "build")
    machine.stop()

    kept = ask(machine, "--list")
    assert kept == [
        {"kind": "preempt", "value": 2.5, "count": 3, "experiment": "exp"},
        {"kind": "build", "value": 0.0, "count": 1, "experiment": None},
    ]
    assert machine.run("workspace", "fault", "--list").stdout == "preempt 2.5 (3 times) in exp\nbuild\n"
    shown = machine.run("workspace", "status").stdout
    assert "on demand, still to come: preempt 2.5 (3 times) in exp, build" in shown
    assert machine.json("workspace", "fault", "preempt", "--clear") == {"cleared": 1}
    assert machine.json("workspace", "fault", "--clear") == {"cleared": 1}
    assert ask(machine, "--list") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("earthquake",), "There is no fault 'earthquake'."),
        (("build", "3"), "takes no number"),
        (("error", "200"), "from 500 to 599"),
        (("preempt", "--count", "0"), "count"),
    ],
)
def test_what_is_no_fault_is_refused(shared_machine: Machine, arguments: tuple[str, ...], said: str):
    done = shared_machine.run("workspace", "fault", *arguments)

    assert done.returncode == 2
    assert said in done.stderr


def test_the_kinds_are_listed_and_the_readme_has_them_all(shared_machine: Machine):
    listed = shared_machine.run("workspace", "fault").stdout

    for kind in FAULT_KINDS:
        name = f"{kind.name} {kind.value}" if kind.value else kind.name
        assert kind.help in listed
        assert f"| `{name}` | {kind.help} |" in README


@pytest.mark.slow
def test_a_pre_empted_run_fails_as_on_azure_and_code_that_tries_again_succeeds(
    machine: Machine, tmp_path: Path
):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "train.py").write_text(
        "import pathlib, sys, time\nprint('step', flush=True)\n"
        "while sys.argv[1:] and not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.05)\n"
    )
    ask(machine, "preempt", "0.5", "--experiment", "tried-again")

    seen = given(
        machine,
        """
        from azureml.core import Environment, Experiment, ScriptRunConfig
        env = Environment('here')
        env.python.user_managed_dependencies = True
        config = ScriptRunConfig('source', script='train.py', compute_target='low', environment=env)
        other = Experiment(ws, 'other').submit(config)
        seen['other'] = other.wait_for_completion()['status']
        config.arguments = [os.path.abspath('gate')]
        seen['tries'] = []
        for _ in range(3):
            run = Experiment(ws, 'tried-again').submit(config)
            details = run.wait_for_completion(raise_on_error=False)
            seen['tries'].append(details['status'])
            if details['status'] == 'Completed':
                break
            open('gate', 'w').close()
            seen['error'] = details['error']['error']
            seen['raised'] = failure(run.wait_for_completion)
            if 'PreemptionError' not in seen['error']['message']:
                break
        """,
        cwd=tmp_path,
    )

    assert seen["other"] == "Completed"
    assert seen["tries"] == ["Failed", "Completed"]
    assert seen["error"]["code"] == "UserError"
    assert "PreemptionError: Nodes of this job got pre-empted" in seen["error"]["message"]
    assert "PreemptionError" in seen["raised"]
    assert to_come(machine) == []


RESUMES = """
import pathlib, time
checkpoint = pathlib.Path('outputs', 'checkpoint')
begun = int(checkpoint.read_text()) if checkpoint.exists() else 0
checkpoint.write_text(str(begun + 1))
print('begun', begun, sorted(path.name for path in pathlib.Path('.').iterdir()), flush=True)
from azureml.core import Run
Run.get_context().log('begun', begun)
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.1)
"""


@pytest.mark.slow
def test_a_restarted_run_finds_what_it_had_kept_and_adds_to_its_metrics(
    machine: Machine, project: Project, tmp_path: Path
):
    ask(machine, "preempt-restart", "8", "--count", "2")
    gate = tmp_path / "gate"

    following = machine.popen(
        "submit", project(script=RESUMES.format(gate=str(gate))), "--follow", stdout=subprocess.PIPE
    )
    lines = [following.stdout.readline() for _ in range(3)]
    until(lambda: to_come(machine) == [] and running_state(machine)["runs"] == {"Running": 1})
    gate.touch()

    assert following.wait(120) == 0
    assert lines == [f"begun {number} ['experiment_1.py', 'logs', 'outputs']\n" for number in range(3)]
    seen = given(
        machine,
        """
        from azureml.core import Experiment
        (run,) = Experiment(ws, 'Experiment_1').get_runs()
        seen['status'] = run.get_status()
        seen['last'] = run.get_metrics()['begun']
        seen['warnings'] = [warning['message'] for warning in run.get_details()['warnings']]
        run.download_file('outputs/checkpoint', 'checkpoint')
        seen['kept'] = open('checkpoint').read()
        """,
        cwd=machine.root,
    )
    assert seen["status"] == "Completed"
    assert (seen["last"][-1] if isinstance(seen["last"], list) else seen["last"]) == 2
    assert seen["warnings"] == ["Low priority compute preemption warning: a node has been preempted."]
    assert seen["kept"] == "3"


def test_a_build_fails_on_demand_whether_or_not_it_is_cached(machine: Machine, project: Project):
    folder = project(**{"run_experiment.py": BUILT})
    assert machine.run("submit", folder, "--follow").returncode == 0
    ask(machine, "build")
    ask(machine, "slow-build", "0.5")

    failed = machine.run("submit", folder, "--follow")
    again = machine.run("submit", folder, "--follow")

    assert failed.returncode == 5
    assert "The environment could not be built (a fault that was asked for)." in failed.stderr
    assert (again.returncode, again.stdout) == (0, "Experiment Executed!\n")
    assert running_state(machine)["environments"] == 1
    assert to_come(machine) == []


BUILT = """\
import os
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.conda_dependencies import CondaDependencies

here = os.path.dirname(os.path.realpath(__file__))
ws = Workspace.from_config(path=os.path.join(here, ".azureml"))
env = Environment(name="built")
env.python.conda_dependencies = CondaDependencies.create(python_version="3.11", pin_sdk_version=False)
env.python.conda_dependencies.remove_pip_package("azureml-defaults")
config = ScriptRunConfig(os.path.join(here, "Experiment_1"), script="experiment_1.py", environment=env)
Experiment(ws, "Experiment_1").submit(config)
"""


def test_the_sdk_comes_back_after_throttling_and_errors_and_tells_what_it_cannot_mend(machine: Machine):
    machine.environment["AZUREML_DEFAULT_BACKOFF"] = "1"  # the SDK's own setting, seconds; 32 by default
    assert machine.run("workspace", "start").returncode == 0
    seen = given(
        machine,
        f"""
        from pathlib import Path
        from azureml.core import Experiment
        from azureml.core.authentication import MsiAuthentication
        sys.path.insert(0, {str(REPOSITORY)!r})
        from tests.workspace.client import Workspace as Wire
        wire = Wire(Path({str(machine.state)!r}))
        experiment = Experiment(ws, 'asked')
        calls = {{
            'throttle': lambda: [run.id for run in experiment.get_runs()],
            'error': lambda: [run.id for run in experiment.get_runs()],
            'token': lambda: ws.get_run('nobody'),
            'role': lambda: experiment.tag('a', 'b'),
            'login': lambda: MsiAuthentication().get_authentication_header(),
        }}
        for kind, call in calls.items():
            wire.control('POST', f'/faults?kind={{kind}}')
            seen[kind] = failure(call)
        experiment.tag('a', 'b')
        seen['tags'] = Experiment(ws, 'asked').tags
        seen['header'] = list(MsiAuthentication().get_authentication_header())
        """,
    )

    assert (seen["throttle"], seen["error"]) == (None, None)  # it has come back by itself
    assert "token has expired" in seen["token"]
    assert "Forbidden" in seen["role"]
    assert "Failed to connect to MSI" in seen["login"]
    assert seen["tags"] == {"a": "b"}
    assert seen["header"] == ["Authorization"]
    assert to_come(machine) == []


def test_on_the_wire_each_fault_is_the_real_refusal(machine: Machine):
    assert machine.run("workspace", "start").returncode == 0
    workspace = Workspace(machine.state)
    address = f"/history/v1.0{SCOPE}/experiments/wire"
    assert workspace.post(address).status == 200
    ask(machine, "throttle", "7", "--count", "2", "--experiment", "wire")
    ask(machine, "error", "--experiment", "wire")
    ask(machine, "storage")

    for _ in range(2):
        throttled = workspace.get(address)
        assert (throttled.status, throttled.headers["retry-after"]) == (429, "7")
        assert workspace.post(f"/history/v1.0{SCOPE}/experiments/elsewhere").status == 200
    failed = workspace.get(address)
    assert (failed.status, failed.json()["error"]["code"]) == (500, "ServiceError")
    assert workspace.get(address).status == 200
    url = workspace.new_blob()
    busy = workspace.blob("PUT", url, b"x", x_ms_blob_type="BlockBlob")
    assert (busy.status, busy.headers["x-ms-error-code"]) == (503, "ServerBusy")
    assert workspace.blob("PUT", url, b"x", x_ms_blob_type="BlockBlob").status == 201
    assert json.loads(workspace.control("GET", "/status").body)["faults"] == []
    assert workspace.control("POST", "/faults?kind=earthquake").status == 400
    assert workspace.control("POST", "/faults?kind=build&count=0").status == 400
