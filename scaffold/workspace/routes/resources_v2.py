"""The rows of what azure-ai-ml asks: resources of the workspace, and its own ways to the run history."""

from scaffold.workspace.routes.operation import DELETE, GET, POST, PUT, Handler, Operation
from scaffold.workspace.services import computes, queries, runs
from scaffold.workspace.services.v2 import (
    codes,
    components,
    data,
    datastores,
    entities,
    environments,
    history,
    jobs,
    models,
    submission,
)
from scaffold.workspace.services.v2.assets import Assets

_HISTORY = "/history/v1.0/{S}/runs/{run_id}"


def _versioned(assets: Assets, put_version: Handler) -> tuple[Operation, ...]:
    """The rows of a kind of asset: list, get and put of its names, and of its versions."""
    path, call = f"/{{S}}/{assets.kind}", f"MLClient.{assets.kind}"
    return (
        Operation(GET, path, assets.list_names, (f"{call}.list",)),
        Operation(GET, path + "/{name}", assets.get_name, (f"{call}.create_or_update",)),
        Operation(PUT, path + "/{name}", assets.put_name, (f"{call}.archive", f"{call}.restore")),
        Operation(GET, path + "/{name}/versions", assets.list_versions, (f"{call}.list",)),
        Operation(GET, path + "/{name}/versions/{version}", assets.get_version, (f"{call}.get",)),
        Operation(PUT, path + "/{name}/versions/{version}", put_version, (f"{call}.create_or_update",)),
    )


OPERATIONS: tuple[Operation, ...] = (
    # Computes and datastores
    Operation(GET, "/{S}/computes", computes.list_computes, ("MLClient.compute.list",)),
    Operation(
        GET,
        "/{S}/datastores",
        datastores.list_datastores,
        ("MLClient.datastores.list", "MLClient.datastores.get_default"),
    ),
    Operation(GET, "/{S}/datastores/{name}", datastores.get_datastore, ("MLClient.datastores.get",)),
    Operation(
        PUT, "/{S}/datastores/{name}", datastores.put_datastore, ("MLClient.datastores.create_or_update",)
    ),
    Operation(DELETE, "/{S}/datastores/{name}", datastores.delete_datastore, ("MLClient.datastores.delete",)),
    Operation(
        POST, "/{S}/datastores/{name}/listSecrets", datastores.list_secrets, ("MLClient.jobs.download",)
    ),
    # Code and environments
    Operation(GET, "/{S}/codes/{name}/versions", codes.list_versions, ("MLClient.jobs.create_or_update",)),
    Operation(
        GET, "/{S}/codes/{name}/versions/{version}", codes.get_version, ("MLClient.jobs.create_or_update",)
    ),
    Operation(
        PUT, "/{S}/codes/{name}/versions/{version}", codes.put_version, ("MLClient.jobs.create_or_update",)
    ),
    Operation(
        POST,
        "/{S}/codes/{name}/versions/{version}/startPendingUpload",
        codes.start_upload,
        ("MLClient.jobs.create_or_update",),
    ),
    *_versioned(environments.ASSETS, environments.put_version),
    # Data, models and components
    *_versioned(data.ASSETS, data.put_version),
    *_versioned(models.ASSETS, models.put_version),
    *_versioned(components.ASSETS, components.put_version),
    Operation(
        GET,
        "/{S}/components/{name}/labels/{label}",
        components.ASSETS.get_version,
        ("MLClient.components.get",),
    ),
    # Jobs
    Operation(GET, "/{S}/jobs", jobs.list_jobs, ("MLClient.jobs.list",)),
    Operation(GET, "/{S}/jobs/{id}", jobs.get_job, ("MLClient.jobs.get",)),
    Operation(PUT, "/{S}/jobs/{id}", submission.put_job, ("MLClient.jobs.create_or_update",)),
    Operation(DELETE, "/{S}/jobs/{id}", jobs.delete_job),
    Operation(POST, "/{S}/jobs/{id}/cancel", jobs.cancel_job, ("MLClient.jobs.begin_cancel",)),
    Operation(
        GET,
        _HISTORY + "/details",
        runs.get_run_details,
        ("MLClient.jobs.stream",),
    ),
    Operation(GET, _HISTORY + "/children", queries.list_children, ("MLClient.jobs.list",)),
    Operation(
        GET,
        _HISTORY + "/serviceinstances/{node}",
        history.get_service_instances,
        ("MLClient.jobs.show_services",),
    ),
    Operation(POST, "/history/v1.0/{S}/rundata", history.get_run_data, ("MLClient.jobs.download",)),
    Operation(
        POST,
        "/data/v1.0/{S}/dataversion/batchGetResolvedUris",
        history.resolve_data,
        ("MLClient.jobs.download",),
    ),
    Operation(
        POST,
        "/data/v1.0/{S}/dataversion/getByAssetId",
        entities.get_by_asset_id,
    ),
    Operation(
        POST,
        "/modelregistry/v1.0/{S}/models/batchGetResolvedUris",
        history.resolve_models,
        ("MLClient.jobs.download",),
    ),
)
