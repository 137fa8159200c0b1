"""Runs code with the real SDK in a process of its own, and reads what it says as JSON."""

import json
import textwrap
from pathlib import Path
from typing import Any

from tests.conftest import Machine

_BEFORE = """\
import json, os, sys, tempfile, time
from azureml.core import Environment, Experiment, Run, ScriptRunConfig, Workspace
os.chdir({folder!r})
ws = Workspace.from_config()
said = {{}}
"""
_AFTER = """
print("\\n" + json.dumps(said, default=str))
"""
_SUBMIT = """
def submit(experiment, script, **options):
    os.makedirs("source", exist_ok=True)
    open("source/train.py", "w").write(script)
    env = Environment("the-one-that-is-here")
    env.python.user_managed_dependencies = True
    config = ScriptRunConfig(
        "source", script="train.py", compute_target="cpu-cluster", environment=env, **options)
    return experiment.submit(config)
"""


def say(machine: Machine, folder: Path, code: str) -> Any:
    """What the code put into ``said``; ``ws`` is the workspace and ``submit`` submits a script."""
    config = folder / ".azureml" / "config.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(
        '{"subscription_id": "00000000-0000-0000-0000-000000000000", "resource_group": "local",'
        ' "workspace_name": "local"}'
    )
    program = _BEFORE.format(folder=str(folder)) + _SUBMIT + textwrap.dedent(code) + _AFTER
    done = machine.sdk(program, cwd=folder)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout.splitlines()[-1])
