"""What a submission costs beside the SDK's own floor, and how soon its log is seen."""

import json
import subprocess
import time
from datetime import datetime
from pathlib import Path

from benchmarks import projects
from benchmarks.machine import BrokenError, Machine
from benchmarks.measure import Result, Samples, compared, in_turns


def submit(machine: Machine, runs: int) -> list[Result]:
    """``scaffold submit`` until it says that the run is queued, and until it has ended.

    Both against the import that no script of the SDK gets around. The command ends when the script does,
    which takes its time to leave: an interpreter with the SDK in it is slow to go.
    """
    project = projects.generated(machine)
    accepted: list[float] = []

    def scaffold() -> float:
        queued, ended = _submitted(machine, project)
        accepted.append(queued)
        machine.settle()
        return ended

    scaffold()  # starts the service and builds the environment
    ended, baseline = in_turns(scaffold, lambda: _floor(machine), runs)
    queued = Samples(accepted[-runs:])
    return [
        compared("submit until queued | import azureml.core", queued, baseline, most=1.6),
        compared("submit until its exit | import azureml.core", ended, baseline, most=1.6),
    ]


def tutorial(machine: Machine, runs: int) -> list[Result]:
    """The tutorial's script, unmodified, against the same import."""
    project = projects.tutorial(machine)

    def scaffold() -> float:
        seconds = machine.timed("scaffold", "exec", "--", "python", "run_experiment.py", cwd=project)
        machine.settle()
        return seconds

    scaffold()  # starts the service and builds the environment
    measured, baseline = in_turns(scaffold, lambda: _floor(machine), runs)
    return [compared("exec -- python … | import azureml.core", measured, baseline, most=1.4)]


def _floor(machine: Machine) -> float:
    return machine.timed("python", "-c", "from azureml.core import Workspace")


def submit_v2(machine: Machine, runs: int) -> list[Result]:
    """``scaffold submit --sdk v2`` until it says that the job is queued, against the bare script until it says so."""
    project = projects.generated(machine, "--sdk", "both")

    def scaffold() -> float:
        queued, _ = _submitted(machine, project, "--sdk", "v2")
        machine.settle()
        return queued

    def bare() -> float:
        seconds = _first_line(machine, project, "run_experiment_v2.py", variables)
        machine.settle()
        return seconds

    scaffold()  # starts the service and builds the environment
    variables = json.loads(machine.output("scaffold", "workspace", "env", "--json"))
    measured, baseline = in_turns(scaffold, bare, runs)
    return [compared("submit --sdk v2 until queued | bare azure-ai-ml", measured, baseline, most=1.1)]


def _first_line(machine: Machine, project: Path, script: str, variables: dict[str, str]) -> float:
    """Seconds until a submitting script prints the address of what it has submitted."""
    started = time.perf_counter()
    with subprocess.Popen(
        [machine.find("python"), script],
        cwd=project,
        env=machine.environment | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - started
        process.stdout.read()
    if not line.startswith("http"):
        raise BrokenError(f"{script} did not submit.")
    return seconds


def _submitted(machine: Machine, project: Path, *flags: str) -> tuple[float, float]:
    """Seconds until ``scaffold submit`` says that the run is queued, and until it has ended."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [machine.find("scaffold"), "submit", *flags],
        cwd=project,
        env=machine.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    with process:
        queued, lines = 0.0, []
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)
            if not queued and " queued " in line:
                queued = time.perf_counter() - started
    ended = time.perf_counter() - started
    if process.returncode != 0 or not queued:
        raise BrokenError(f"'scaffold submit' did not submit:\n{''.join(lines)}")
    return queued, ended


def first_line(machine: Machine, runs: int) -> list[Result]:
    """From the run's acceptance to its first line on the screen, against the same script started by hand."""
    project = projects.generated(machine)
    machine.output("scaffold", "submit", "--follow", cwd=project)
    interpreter = ""

    def followed() -> float:
        nonlocal interpreter
        seconds, interpreter = _followed(machine, project)
        machine.settle()
        return seconds

    def bare() -> float:
        return _bare(machine, interpreter, projects.script_of(project))

    measured, baseline = in_turns(followed, bare, runs)
    beyond = measured.median - baseline.median
    name = "accepted to first log line | bare script"
    return [Result(name, measured, baseline, "< 1 s beyond", beyond < 1.0)]


def _followed(machine: Machine, project: Path) -> tuple[float, str]:
    """Seconds from the service's acceptance of a run to its first line, and the interpreter that it names."""
    # With --json the log goes to stderr, and stdout tells when the run was accepted.
    process = subprocess.Popen(
        [machine.find("scaffold"), "submit", "--follow", "--json"],
        cwd=project,
        env=machine.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    with process:
        seen, interpreter, lines = 0.0, "", []
        assert process.stdout is not None and process.stderr is not None
        for line in process.stderr:
            lines.append(line)
            if not seen and line.startswith(projects.MARK):
                seen, interpreter = time.time(), line.removeprefix(projects.MARK).strip()
        document = process.stdout.read()
    if process.returncode != 0 or not seen:
        raise BrokenError(f"'scaffold submit --follow' showed no line of the script:\n{''.join(lines)}")
    return seen - datetime.fromisoformat(json.loads(document)["created"]).timestamp(), interpreter


def _bare(machine: Machine, interpreter: str, script: Path) -> float:
    """Seconds from the start of the interpreter to the script's first line."""
    started = time.perf_counter()
    with subprocess.Popen(
        [interpreter, str(script)],
        cwd=script.parent,
        env=machine.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - started
    if not line:
        raise BrokenError(f"{script.name} printed nothing.")
    return seconds
