"""Runs of ``compute_target="local"``: the SDK asks for a script, and starts it in a copy of the project.

Source: ``azureml._execution._commands._start_internal_local_cloud``. It posts a form with ``definition.json``
and the project's configuration folder, unpacks the answer beside the copied project, and starts
``azureml-setup/Invocation.sh`` (or ``.bat``) there, which hands the run to the engine (see ``engine.submitter``).
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from scaffold.workspace import faults
from scaffold.workspace.context import context_of
from scaffold.workspace.engine import submitter
from scaffold.workspace.engine.jobs import JobFolder
from scaffold.workspace.services.execution import NewRun, accept
from scaffold.workspace.services.forms import json_file

_DEFINITION = "definition.json"


async def start_local_run(request: Request) -> Any:
    """Accepts a run, and answers with what its submitter has to start."""
    context = context_of(request)
    run = accept(request, await _definition(request))
    folder = JobFolder(context.home, run).path
    submitter.expect(folder)
    context.engine.submit(run.run_id)
    return Response(submitter.invocation(folder), media_type="application/zip")


async def _definition(request: Request) -> NewRun:
    """``definition.json`` of the form.

    Raises:
        Fault: there is none, or it has another shape.
    """
    # The SDK refuses configuration folders of more than 25 MB before it sends one.
    try:
        return msgspec.convert(await json_file(request, _DEFINITION), NewRun)
    except msgspec.ValidationError as error:
        raise faults.bad_request(f"The request is not a form with {_DEFINITION}: {error}") from None
