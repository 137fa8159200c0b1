"""Programs of a user's that call the SDK and tell, as JSON on their last line, how long that took them."""

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.machine import BrokenError, Machine

_HEAD = """\
import json, os, sys, time
from azureml.core import Environment, Experiment, Run, ScriptRunConfig, Workspace
ws = Workspace.get(name="local", subscription_id="00000000-0000-0000-0000-000000000000", resource_group="local")
here = Environment("here")
here.python.user_managed_dependencies = True
def config(folder, **more):
    return ScriptRunConfig(source_directory=folder, compute_target="cpu", environment=here, **more)
def timed(work):
    started = time.perf_counter()
    done = work()
    return time.perf_counter() - started, done
"""


def told(machine: Machine, program: str, *arguments: str | Path) -> Any:
    """Runs a program under ``scaffold exec`` and returns what it told.

    The program finds the workspace as ``ws``, ``config(folder, …)`` for a run in the interpreter that is here,
    and ``timed(work)``, which gives seconds and the work's result.
    """
    words = ("scaffold", "exec", "--", sys.executable, "-c", _HEAD + program, *arguments)
    return last_line(machine.output(*words))


def last_line(output: str) -> Any:
    """The JSON document on the last line of an output.

    Raises:
        BrokenError: there is none.
    """
    lines = output.strip().splitlines()
    try:
        return json.loads(lines[-1])
    except (IndexError, ValueError):
        raise BrokenError(f"The program told nothing:\n{output}") from None
