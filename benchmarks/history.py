"""Many runs: queued at once, listed, and what the service's memory is after them."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks import sdk
from benchmarks.machine import BrokenError, Machine
from benchmarks.measure import Result, Samples, compared, in_turns
from tests.workspace.client import EMPTY_SNAPSHOT, HERE, SCOPE, Workspace

_QUEUED = 100
_LISTED, _BATCH, _PAGE = 10_000, 1000, 500
_MANY = 1000
_MEMORY_AIM_BYTES = 150e6
_ROUNDS = 2


def service(machine: Machine) -> Workspace:
    """The machine's workspace as a plain HTTP client reaches it, started."""
    machine.output("scaffold", "workspace", "start")
    return Workspace(machine.root / "state")


def _accept(workspace: Workspace, count: int, **configuration: object) -> list[float]:
    """Submits so many runs one after the other and returns how long each took to be accepted (seconds)."""
    body = {
        "SnapshotId": EMPTY_SNAPSHOT,
        "Configuration": {"environment": HERE, "target": "cpu", **configuration},
    }
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        answer = workspace.post(f"/execution/v1.0{SCOPE}/experiments/many/snapshotrun", body)
        seconds.append(time.perf_counter() - started)
        if answer.status != 200:
            raise BrokenError(f"A run was not accepted: {answer.body.decode()}")
    return seconds


def queued(machine: Machine, runs: int) -> list[Result]:
    """100 runs at once: until each is accepted, and until all are over, against the processes alone.

    Beside it as many bare processes of the same, as many at a time as the service carries out.
    """
    workspace = service(machine)
    width = int(machine.status()["width"])
    accepted: list[float] = []

    def all_runs() -> float:
        started = time.perf_counter()
        accepted.extend(_accept(workspace, _QUEUED, command="python -c pass"))
        machine.settle()
        return time.perf_counter() - started

    def bare(_: int) -> None:
        subprocess.run(["python", "-c", "pass"], env=machine.environment, check=True)

    def all_processes() -> float:
        started = time.perf_counter()
        with ThreadPoolExecutor(width) as threads:
            list(threads.map(bare, range(_QUEUED)))
        return time.perf_counter() - started

    measured, baseline = in_turns(all_runs, all_processes, min(runs, _ROUNDS))
    return [
        Result(f"one of {_QUEUED} runs until accepted", Samples(accepted[_QUEUED:])),
        compared(f"{_QUEUED} runs until all are over | bare processes", measured, baseline),
    ]


_LIST = """\
experiment = Experiment(ws, "listed")
seconds, runs = timed(lambda: list(experiment.get_runs()))
print(json.dumps([seconds, len(runs)]))
"""


def listing(machine: Machine, runs: int) -> list[Result]:
    """10,000 runs of an experiment, through the SDK and page by page over HTTP."""
    workspace = service(machine)
    for first in range(0, _LISTED, _BATCH):
        batch = [
            {
                "runId": f"listed_{first + n:05d}",
                "status": "Completed",
                "tags": {"n": str(n)},
                "target": "cpu",
            }
            for n in range(_BATCH)
        ]
        made = workspace.request(
            "PATCH", f"/history/v1.0{SCOPE}/experiments/listed/batch/runs", {"runs": batch}
        )
        if made.status != 200 or made.json()["errors"]:
            raise BrokenError("The runs to list could not be made.")

    def through_sdk() -> float:
        seconds, count = sdk.told(machine, _LIST)
        if count != _LISTED:
            raise BrokenError(f"{count} runs were listed, not {_LISTED}.")
        return float(seconds)

    def over_http() -> float:
        started, token, count = time.perf_counter(), None, 0
        while count == 0 or token:
            query = {"top": _PAGE, "continuationToken": token}
            page = json.loads(
                workspace.post(f"/history/v1.0{SCOPE}/experiments/listed/runs:query", query).body
            )
            count, token = count + len(page["value"]), page["continuationToken"]
        if count != _LISTED:
            raise BrokenError(f"{count} runs were listed, not {_LISTED}.")
        return time.perf_counter() - started

    over_http()
    over_the_wire = Samples([over_http() for _ in range(runs)])
    # Once: the SDK asks for two tokens for every run that it lists, each over a connection of its own.
    return [compared(f"listing {_LISTED} runs, SDK | HTTP", Samples([through_sdk()]), over_the_wire)]


def memory_after(machine: Machine, runs: int) -> list[Result]:
    """Resident memory of the service when 1,000 runs have gone through it."""
    workspace = service(machine)
    _accept(workspace, _MANY, command="exit 0")
    machine.settle()
    values = []
    for _ in range(runs):
        time.sleep(0.2)
        values.append(float(machine.status()["memory_bytes"]))
    measured = Samples(values)
    within = measured.median < _MEMORY_AIM_BYTES
    return [Result(f"service memory, after {_MANY} runs", measured, None, "< 150 MB", within, unit="MB")]
