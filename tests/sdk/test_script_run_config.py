"""``ScriptRunConfig``: what it says is what runs, and what cannot be kept of it is said on the run."""

import os
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest

from tests.conftest import Machine
from tests.sdk.calls import given

_SCRIPT = """
import json, os, sys
open("outputs/seen.json", "w").write(json.dumps({
    "arguments": sys.argv[1:], "here": sorted(os.listdir(".")), "mine": os.environ.get("MINE"),
    "environment's": os.environ.get("OF_ENVIRONMENT")}))
"""
_HEAD = f"""
from azureml.core.runconfig import DockerConfiguration, MpiConfiguration, RunConfiguration
experiment = Experiment(ws, "configured")
os.makedirs("source/package", exist_ok=True)
open("source/train.py", "w").write({_SCRIPT!r})
open("source/package/__init__.py", "w").write("")
def environment(**docker):
    here = Environment("here")
    here.python.user_managed_dependencies = True
    here.environment_variables = {{"OF_ENVIRONMENT": "set"}}
    for name, value in docker.items():
        setattr(here.docker, name, value)
    return here
def ended(run):
    run.wait_for_completion(raise_on_error=False)
    return run
def outcome(run):
    ended(run).download_file("outputs/seen.json", "seen.json")
    return json.load(open("seen.json"))
"""


def code(body: str) -> str:
    return _HEAD + body


def test_arguments_and_commands_arrive_as_they_were_written(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        code("""
def started(script="train.py", **options):
    return experiment.submit(ScriptRunConfig(
        source_directory="source", script=script, compute_target="cpu-cluster", environment=environment(), **options))
listed = started(arguments=["--lr", 0.1, "--epochs", 3, "--flag", True, "--none", None, "--text", "a b", '"q" $HOME'])
bare = started()
text = started(arguments='--text "a b" --n=2')
command = started(None, command='MINE=yes python train.py "a b" && echo "and $OF_ENVIRONMENT"')
parts = started(None, command=["python", "train.py", "--x", "1", "&&", "echo", "done"])
nested = started("package/__init__.py")
made = outcome(listed)
seen["list"] = made["arguments"]
seen["definition"] = [listed.get_details()["runDefinition"][key] for key in ("script", "target", "arguments")]
seen["files"] = made["here"]
seen["variables"] = made["environment's"]
seen["none"] = outcome(bare)["arguments"]
seen["text"] = [outcome(text)["arguments"], text.get_details()["runDefinition"]["arguments"]]
seen["no end"] = failure(started, arguments='--text "a b')
seen["command list"] = outcome(parts)["arguments"]
made, logs = outcome(command), command.get_details_with_logs()["logFiles"]
seen["command"] = [made["arguments"], made["mine"], logs["user_logs/std_log.txt"]]
seen["in a folder"] = ended(nested).get_status()
try:
    experiment.submit(ScriptRunConfig("source", script="none.py", compute_target="c1", environment=environment()))
except Exception as error:
    seen["no script"] = "none.py script path doesn't exist" in str(error)
"""),
        cwd=tmp_path,
    )

    arguments = [
        "--lr",
        "0.1",
        "--epochs",
        "3",
        "--flag",
        "True",
        "--none",
        "None",
        "--text",
        "a b",
        '"q" $HOME',
    ]
    assert seen["list"] == arguments
    assert seen["definition"][:2] == ["train.py", "cpu-cluster"]
    assert [str(argument) for argument in seen["definition"][2]] == arguments
    assert seen["files"] == ["logs", "outputs", "package", "train.py"]
    assert seen["variables"] == "set"
    assert seen["none"] == []
    assert seen["text"] == [["--text", "a b", "--n=2"], ["--text", "a b", "--n=2"]]
    assert "cannot be split: No closing quotation." in seen["no end"]
    assert seen["command list"] == ["--x", "1"]
    assert seen["command"] == [["a b"], "yes", "and set\n"]
    assert seen["in a folder"] == "Completed"
    assert seen["no script"]


@pytest.mark.slow
def test_limits_are_kept_and_containers_are_said_to_be_none(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        code("""
open("source/slow.py", "w").write("import time\\ntime.sleep(600)\\n")
slow = experiment.submit(ScriptRunConfig(
    "source", script="slow.py", compute_target="c1", environment=environment(), max_run_duration_seconds=1))
def started(environment, **options):
    return experiment.submit(ScriptRunConfig(
        "source", script="train.py", compute_target="c1", environment=environment, **options))
docker = DockerConfiguration(use_docker=True, arguments=["--cpus", "2"], shm_size="4g")
runs = {
    "docker": started(environment(), docker_runtime_config=docker),
    "older docker": started(environment(enabled=True)),
    "image": started(environment(base_image="somebody/image:1")),
    "dockerfile": started(environment(base_image=None, base_dockerfile="FROM scratch")),
    "no docker": started(environment(), docker_runtime_config=DockerConfiguration(use_docker=False)),
}
for name, run in runs.items():
    assert ended(run).get_status() == "Completed"
    seen[name] = [warning["message"] for warning in run.get_details()["warnings"]]
seen["slow"] = [ended(slow).get_status(), slow.get_details()["error"]["error"]["message"]]

nodes = ScriptRunConfig("source", script="train.py", compute_target="c1", environment=environment(),
                        distributed_job_config=MpiConfiguration(node_count=2))
try:
    experiment.submit(nodes)
except Exception as error:
    seen["nodes"] = "the local workspace is one machine" in str(error)
"""),
        cwd=tmp_path,
    )

    assert seen["slow"] == ["Canceled", "The run was ended: it took longer than its limit of 1 seconds."]
    asked = "Docker was asked for; the run is a process of this machine, in no container."
    assert seen["docker"] == seen["older docker"] == [asked]
    assert "Docker image somebody/image:1 is not used" in seen["image"][0]
    assert "Dockerfile of the environment is not built" in seen["dockerfile"][0]
    assert seen["no docker"] == []
    assert seen["nodes"]


def test_a_run_of_just_python_is_executed_by_the_python_that_submitted_it(
    shared_machine: Machine, tmp_path: Path
):
    """The service runs in another one, which knows nothing of what is installed there."""
    own = tmp_path / "own"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", own], check=True)
    python = own / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    Path(packages, "sdk.pth").write_text(sysconfig.get_path("purelib"))
    Path(packages, "mine.py").write_text("")
    script = textwrap.dedent("""
        import sys, mine
        from azureml.core import Environment, Run, ScriptRunConfig
        run = Run.get_context()
        if run.parent is None:
            here = Environment('here')
            here.python.user_managed_dependencies = True
            run.submit_child(ScriptRunConfig('.', script='train.py', environment=here, compute_target='cpu-cluster'))
        print(sys.prefix)
        """)

    seen = given(
        shared_machine,
        f"""
        run = submit(Experiment(ws, 'own-python'), {script!r})
        run.wait_for_completion()
        (child,) = run.get_children()
        child.wait_for_completion()
        seen['logs'] = [one.get_details_with_logs()['logFiles']['user_logs/std_log.txt'] for one in (run, child)]
        """,
        cwd=tmp_path,
        python=python,
    )

    assert [log.splitlines()[-1] for log in seen["logs"]] == [str(own)] * 2
