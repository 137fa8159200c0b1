"""What logging metrics costs a training script."""

import os
import subprocess
from pathlib import Path

from benchmarks import sdk
from benchmarks.machine import REPOSITORY, BrokenError, Machine
from benchmarks.measure import Result, compared, in_turns

_CALLS = 10_000
_ROUNDS = 2
# From the first call until everything is kept: the SDK sends in the background, `flush` waits for it.
_AZUREML = f"""\
import json, sys, time
from azureml.core import Run
run = Run.get_context()
started = time.perf_counter()
for step in range({_CALLS}):
    run.log("loss", 1 / (step + 1))
run.flush()
print(json.dumps(time.perf_counter() - started))
"""
_MLFLOW = f"""\
import json, os, sys, time
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
with mlflow.start_run():
    started = time.perf_counter()
    for step in range({_CALLS}):
        mlflow.log_metric("loss", 1 / (step + 1))
    seconds = time.perf_counter() - started
print(json.dumps(seconds))
"""
_SUBMIT = """\
run = Experiment(ws, "metrics").submit(config(sys.argv[1], script="log.py"))
run.wait_for_completion(raise_on_error=True)
count = len(run.get_metrics()["loss"])
with open(os.path.join(sys.argv[1], "..", "log.txt"), "wb") as stream:
    pass
run.download_file("user_logs/std_log.txt", os.path.join(sys.argv[1], "..", "log.txt"))
seconds = json.loads(open(os.path.join(sys.argv[1], "..", "log.txt")).read().splitlines()[-1])
print(json.dumps([seconds, count]))
"""


def metrics(machine: Machine, runs: int) -> list[Result]:
    """10,000 ``run.log`` calls of a run's script, against the same calls through MLflow's own file store."""
    python = _mlflow()
    project = machine.root / "logging" / "source"
    project.mkdir(parents=True)
    (project / "log.py").write_text(_AZUREML)
    (machine.root / "log_to_files.txt").write_text(_MLFLOW)

    def azureml() -> float:
        seconds, count = sdk.told(machine, _SUBMIT, project)
        if count != _CALLS:
            raise BrokenError(f"{count} values were kept, not {_CALLS}.")
        machine.settle()
        return float(seconds)

    def mlflow() -> float:
        store = f"file:{machine.root / 'mlruns'}"
        return float(sdk.last_line(machine.output(python, machine.root / "log_to_files.txt", store)))

    measured, baseline = in_turns(azureml, mlflow, min(runs, _ROUNDS))
    version = machine.output(python, "-c", "import mlflow; print(mlflow.__version__)").strip()
    name = f"{_CALLS} run.log | mlflow {version} to files"
    return [compared(name, measured, baseline, most=1.2)]


def _mlflow() -> Path:
    """The Python of an environment with MLflow, made once in this repository's cache."""
    import uv

    folder = REPOSITORY / ".cache" / "bench-mlflow"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        for words in (
            ["venv", "--quiet", str(folder)],
            ["pip", "install", "--quiet", "--python", str(python), "mlflow-skinny"],
        ):
            subprocess.run([uv.find_uv_bin(), *words], check=True, stdin=subprocess.DEVNULL)
    return python
