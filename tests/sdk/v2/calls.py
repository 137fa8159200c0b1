"""Calls of the real second SDK (azure-ai-ml) in a process of its own, with what they gave as data."""

from pathlib import Path
from typing import Any

from tests.conftest import Machine
from tests.sdk.calls import seen_by

PREAMBLE = """\
import contextlib, io, json, os, pathlib, sys, time
import requests
from azure.ai.ml import Input, MLClient, Output, command, load_component, load_job
from azure.ai.ml.entities import AmlCompute, Data, Environment, Model
from azure.identity import DefaultAzureCredential
ml = MLClient(DefaultAzureCredential(), '00000000-0000-0000-0000-000000000000', 'local', 'local')
here = Environment(image='library/python:3.11')
def ended(job):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        ml.jobs.stream(job.name)
    if 'Streaming ' in said.getvalue():
        return said.getvalue()
    # It prints no log of a job that was over before it looked.
    logs = ml.jobs._runs_operations.get_run_details(job.name).log_files
    texts = [requests.get(url).text for name, url in sorted(logs.items()) if name.startswith('user_logs/')]
    return said.getvalue() + ''.join(texts)
def over(name):
    while (job := ml.jobs.get(name)).status not in ('Completed', 'Failed', 'Canceled'):
        time.sleep(0.2)
    return job
def submitted(job):
    job = ml.jobs.create_or_update(job)
    ended(job)
    return ml.jobs.get(job.name)
"""


def given(machine: Machine, code: str, cwd: Path | None = None, python: Path | None = None) -> dict[str, Any]:
    """Runs code that fills ``seen``, with a client ``ml`` at hand, and returns what it put there."""
    return seen_by(machine, PREAMBLE, code, cwd=cwd, python=python)
