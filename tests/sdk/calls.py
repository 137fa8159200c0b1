"""Calls of the real SDK in a process of its own, with what they gave as data."""

import json
import textwrap
from pathlib import Path
from typing import Any

from tests.conftest import Machine

_AT_HAND = """\
def failure(call, *arguments, **keywords):
    try:
        call(*arguments, **keywords)
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    return None
seen = {}
"""
_PREAMBLE = """\
import json, os, sys, tempfile, time
from azureml.core import Environment, Experiment, Run, ScriptRunConfig, Workspace
ws = Workspace.get('local', subscription_id='00000000-0000-0000-0000-000000000000', resource_group='local')
def submit(experiment, script, **options):
    os.makedirs('source', exist_ok=True)
    open('source/train.py', 'w').write(script)
    env = Environment('the-one-that-is-here')
    env.python.user_managed_dependencies = True
    config = ScriptRunConfig('source', script='train.py', compute_target='cpu-cluster', environment=env, **options)
    return experiment.submit(config)
"""


def given(machine: Machine, code: str, cwd: Path | None = None, python: Path | None = None) -> dict[str, Any]:
    """Runs code that fills ``seen``, and returns what it put there.

    At hand are a workspace ``ws``; ``failure``, the words of a call's exception; and ``submit``, which submits a script
    that runs in the interpreter that is here.
    """
    return seen_by(machine, _PREAMBLE, code, cwd=cwd, python=python)


def seen_by(machine: Machine, preamble: str, code: str, **options: Path | None) -> dict[str, Any]:
    """Runs the preamble, which imports json, and then the code, and returns what that has put into ``seen``."""
    ending = "\nprint('\\nSEEN', json.dumps(seen, default=str))\n"
    script = preamble + _AT_HAND + textwrap.dedent(code) + ending
    done = machine.sdk(script, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("SEEN ")]
    return json.loads(line.removeprefix("SEEN "))


def finished(machine: Machine, folder: Path) -> str:
    """Submits a project, and returns the output of its run, which must end well."""
    done = machine.run("submit", folder, "--follow")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
