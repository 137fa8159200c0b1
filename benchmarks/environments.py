"""What building an environment costs beside uv alone."""

import json
import subprocess
import time

from benchmarks.history import service
from benchmarks.machine import BrokenError, Machine
from benchmarks.measure import Result, compared, in_turns
from tests.workspace.client import SCOPE

_PACKAGES = ("numpy==1.26.4", "scikit-learn==1.5.2", "pandas==2.2.3", "matplotlib==3.9.2", "requests==2.32.3")
_ROUNDS = 5
_LONGEST_SECONDS = 600.0


def environment(machine: Machine, runs: int) -> list[Result]:
    """A pip specification built by the workspace, against ``uv venv`` and ``uv pip install`` of the same."""
    import uv

    workspace, program = service(machine), uv.find_uv_bin()
    turns = iter(range(1000))

    def built() -> float:
        name = f"bench{next(turns)}"
        # The same packages, but not the same environment: that one is built once.
        pip = [*_PACKAGES, f"# {name}"]
        dependencies = {"dependencies": ["python=3.11", {"pip": pip}]}
        definition = {"Name": name, "python": {"condaDependencies": dependencies}}
        workspace.request("PUT", f"/environment/v1.0{SCOPE}/environments/{name}", definition)
        image = f"/environment/v2.0{SCOPE}/environments/{name}/versions/1/image"
        started = time.perf_counter()
        status = workspace.post(image).json()
        while status["status"] == "Running":
            if time.perf_counter() - started > _LONGEST_SECONDS:
                break
            time.sleep(0.005)
            status = workspace.get(f"{image}/status").json()
        if status["status"] != "Succeeded":
            raise BrokenError(f"The environment was not built: {json.dumps(status)}")
        return time.perf_counter() - started

    def bare() -> float:
        folder = machine.root / f"bare{next(turns)}"
        requirements = machine.root / "requirements.txt"
        requirements.write_text("\n".join(("pip", *_PACKAGES)) + "\n")
        started = time.perf_counter()
        for words in (
            ["venv", "--quiet", "--python", "3.11", str(folder)],
            ["pip", "install", "--quiet", "--python", str(folder), "-r", str(requirements)],
        ):
            subprocess.run([program, *words], env=machine.environment, check=True, stdin=subprocess.DEVNULL)
        return time.perf_counter() - started

    measured, baseline = in_turns(built, bare, min(runs, _ROUNDS))
    return [compared("environment built | uv venv, uv pip install", measured, baseline, most=1.1)]
