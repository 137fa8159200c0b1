"""What azure-ai-ml asks of the run history and of the services of data and models beside it.

Sources: ``azure.ai.ml._restclient.{runhistory,dataset_dataplane,model_dataplane}``.
"""

import re
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.services.dto import run_dto
from scaffold.workspace.services.history import run_of
from scaffold.workspace.services.v2.places import output_address, place_of
from scaffold.workspace.store.runs import Run

_ASSET = re.compile(
    r"azureml://locations/[^/]+/workspaces/[^/]+/(?:data|models)/(?P<run>[^/]+)/versions/(?P<output>\w+)"
)
_MODELS = {"custom_model": "CustomModel", "mlflow_model": "MLFlowModel", "triton_model": "TritonModel"}


class RunDataRequest(msgspec.Struct, rename="camel"):
    """``GetRunDataRequest``."""

    run_id: str
    select_run_metadata: bool | None = None
    select_run_definition: bool | None = None
    select_job_specification: bool | None = None


class ResolvedUrisRequest(msgspec.Struct):
    """``BatchGetResolvedUrisDto``."""

    values: list[str]


async def get_run_data(request: Request) -> Any:
    """A run with the ids of its outputs (``GetRunDataResult``)."""
    context, body = context_of(request), await body_as(request, RunDataRequest)
    run = context.store.runs.get(body.run_id)
    if run is None:
        raise faults.not_found(f"Run {body.run_id}")
    metadata = msgspec.to_builtins(run_dto(context, run)) | {
        "runDefinition": None,
        "inputs": {},
        "outputs": outputs_of(context, run),
    }
    definition = run.definition or {}
    return {
        "runMetadata": metadata,
        "runDefinition": definition if body.select_run_definition else None,
        "jobSpecification": {"properties": run.job} if body.select_job_specification else None,
        "systemSettings": None,
    }


def outputs_of(context: Context, run: Run) -> dict[str, Any]:
    """The outputs of a run by name (``TypedAssetReference``), its own files among them."""
    asked = run.job.get("outputs") or {}
    kinds = {name: str(output.get("jobOutputType") or "uri_folder") for name, output in asked.items()}
    kinds.setdefault("default", "uri_folder")
    return {
        name: {
            "assetId": (
                f"azureml://locations/local/workspaces/{context.store.workspace_id}"
                f"/{'models' if kind in _MODELS else 'data'}/{run.run_id}/versions/{name}"
            ),
            "type": _MODELS.get(kind, kind),
        }
        for name, kind in kinds.items()
    }


async def resolve_data(request: Request) -> Any:
    """Where the outputs of runs are, by their ids (``BatchDataUriResponse``)."""
    return {"values": {key: {"uri": uri, "type": None} for key, uri in (await _resolved(request)).items()}}


async def resolve_models(request: Request) -> Any:
    """Where the models are that runs wrote, by their ids (``BatchModelPathResponseDto``)."""
    return {"values": {key: {"path": uri, "type": None} for key, uri in (await _resolved(request)).items()}}


async def _resolved(request: Request) -> dict[str, str]:
    context, body = context_of(request), await body_as(request, ResolvedUrisRequest)
    return {asset_id: uri for asset_id in body.values if (uri := _address(context, asset_id)) is not None}


def _address(context: Context, asset_id: str) -> str | None:
    found = _ASSET.fullmatch(asset_id)
    run = context.store.runs.get(found["run"]) if found else None
    if found is None or run is None:
        return None
    address = output_address(context, run, found["output"])
    place = place_of(context, address) if address else None
    return place.address if place else address


async def get_service_instances(request: Request) -> Any:
    """The services inside a run, such as an editor: none, since it is a process of this machine."""
    run_of(request)
    return {"instances": {}}
