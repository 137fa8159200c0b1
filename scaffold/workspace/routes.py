"""The whole wire surface as one table.

Every row is an operation: what is asked, who may ask, who answers, and the SDK calls that it serves (from
which the README's coverage table is made). What is not in the table is answered with 501 by ``app``.
"""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import addresses  # noqa: F401  (makes {…:any} known)
from scaffold.workspace.services import (
    arm,
    artifacts,
    blobs,
    computes,
    content,
    control,
    environments,
    execution,
    history,
    metrics,
    models,
    secrets,
)

Handler = Callable[[Request], Awaitable[Any]]


class Access(Enum):
    """Who may ask."""

    BEARER = "a bearer token that this workspace issued"
    SECRET = "a secret in the path, checked by the handler"  # noqa: S105
    SIGNATURE = "a signature in the query, checked by the handler"
    OPEN = "everybody on this machine; the answer holds nothing of the owner's"


class Operation(msgspec.Struct, frozen=True):
    """One row.

    Attributes:
        methods: HTTP methods.
        path: Starlette's path template; ``{S}`` stands for the workspace's scope.
        handler: answers the request.
        serves: the SDK calls that come to this operation.
        access: who may ask.
    """

    methods: tuple[str, ...]
    path: str
    handler: Handler
    serves: tuple[str, ...] = ()
    access: Access = Access.BEARER

    @property
    def template(self) -> str:
        """The path with the scope written out."""
        return self.path.replace("{S}", SCOPE)

    @property
    def name(self) -> str:
        """``service.operation``, for the log."""
        return f"{self.handler.__module__.rpartition('.')[2]}.{self.handler.__name__}"


SCOPE = (
    "subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
)
_EXPERIMENT = "/history/v1.0/{S}/experiments/{experiment}"
_EXPERIMENT_ID = "/history/v1.0/{S}/experimentids/{experiment_id}"
_ARTIFACTS = "/artifact/v2.0/{S}/artifacts"
_ENVIRONMENTS = "/environment/v1.0/{S}/environments"
_BUILDS = "/environment/v2.0/{S}/environments/{name}/versions/{version}/image"
_MANAGEMENT = "/modelmanagement/v1.0/{S}"
_SECRETS = "/credential/v2.0/{S}/secrets"
_CONTROL = "/control/{secret}"

GET, POST, PUT, PATCH, DELETE = ("GET",), ("POST",), ("PUT",), ("PATCH",), ("DELETE",)

OPERATIONS = (
    # The resource manager, identity and discovery
    Operation(GET, "/metadata/endpoints", arm.get_metadata, access=Access.OPEN),
    Operation(
        ("GET", "POST"),
        "/identity/{secret}/token",
        arm.get_token,
        ("InteractiveLoginAuthentication", "MsiAuthentication"),
        Access.SECRET,
    ),
    Operation(("GET", "POST"), "/identity/{secret}/{submission}/token", arm.get_token, access=Access.SECRET),
    Operation(GET, "/discovery/{secret}/workspaces/{workspace_id}", arm.get_discovery, access=Access.SECRET),
    Operation(GET, "/subscriptions", arm.list_subscriptions, ("Workspace.from_config",)),
    Operation(GET, "/subscriptions/{subscription}", arm.get_subscription),
    Operation(GET, "/tenants", arm.list_tenants),
    Operation(GET, "/subscriptions/{subscription}/resourceGroups/{group}", arm.get_resource_group),
    Operation(GET, "/subscriptions/{subscription}/resources", arm.list_resources, ("Workspace.list",)),
    Operation(
        GET,
        "/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices",
        arm.get_provider,
        ("Workspace.create",),
    ),
    Operation(
        GET,
        "/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/workspaces",
        arm.list_workspaces,
    ),
    Operation(
        GET,
        "/subscriptions/{subscription}/resourceGroups/{group}"
        "/providers/Microsoft.MachineLearningServices/workspaces",
        arm.list_workspaces,
        ("Workspace.list",),
    ),
    Operation(
        GET,
        "/{S}",
        arm.get_workspace,
        ("Workspace.from_config", "Workspace.get", "Workspace.get_details", "Workspace.create"),
    ),
    Operation(DELETE, "/{S}", arm.delete_workspace),
    # Computes
    Operation(
        GET,
        "/rp/workspaces/{S}/computes/{name}",
        computes.get_compute,
        ("ScriptRunConfig", "ComputeTarget", "ComputeTarget.get_status", "AmlCompute", "ComputeInstance"),
    ),
    Operation(
        GET,
        "/rp/workspaces/{S}/computes",
        computes.list_computes,
        ("ComputeTarget.list", "Workspace.compute_targets"),
    ),
    Operation(GET, "/{S}/computes/{name}", computes.get_compute),
    Operation(
        PUT,
        "/{S}/computes/{name}",
        computes.create_compute,
        ("ComputeTarget.create", "AmlCompute.provisioning_configuration"),
    ),
    Operation(PATCH, "/{S}/computes/{name}", computes.update_compute, ("AmlCompute.update",)),
    Operation(DELETE, "/{S}/computes/{name}", computes.delete_compute, ("ComputeTarget.delete",)),
    Operation(
        GET,
        "/{S}/computes/{name}/operations/{operation}",
        computes.get_operation,
        ("ComputeTarget.wait_for_completion",),
    ),
    Operation(
        GET,
        "/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{location}/vmSizes",
        computes.list_sizes,
        ("AmlCompute.supported_vmsizes", "ComputeInstance.supported_vmsizes"),
    ),
    Operation(POST, "/{S}/checkComputeNameAvailability", computes.check_name, ("ComputeTarget.create",)),
    Operation(POST, "/{S}/computes/{name}/listNodes", computes.list_nodes, ("AmlCompute.list_nodes",)),
    # Run history
    Operation(GET, _EXPERIMENT, history.get_experiment, ("Experiment",)),
    Operation(POST, _EXPERIMENT, history.create_experiment, ("Experiment",)),
    Operation(GET, _EXPERIMENT_ID, history.get_experiment, ("Experiment",)),
    Operation(GET, _EXPERIMENT + "/runs/{run_id}", history.get_run, ("Run.get_status", "Run.get_context")),
    Operation(
        PATCH,
        _EXPERIMENT + "/runs/{run_id}",
        history.patch_run,
        ("Run.tag", "Run.set_tags", "Run.add_properties"),
    ),
    Operation(
        GET,
        _EXPERIMENT + "/runs/{run_id}/details",
        history.get_run_details,
        ("Run.get_details", "Run.wait_for_completion"),
    ),
    Operation(GET, _EXPERIMENT + "/runs/{run_id}/children", history.list_children),
    Operation(GET, _EXPERIMENT_ID + "/runs/{run_id}", history.get_run),
    Operation(PATCH, _EXPERIMENT_ID + "/runs/{run_id}", history.patch_run),
    Operation(GET, "/history/v1.0/{S}/runs/{run_id}", history.get_run, ("Workspace.get_run",)),
    # Snapshots
    Operation(GET, "/content/v1.0/{S}/snapshots/latest/metadata", content.get_latest, ("Experiment.submit",)),
    Operation(GET, "/content/v1.0/{S}/snapshots/{snapshot_id}/metadata", content.get_snapshot),
    Operation(POST, "/content/v2.0/{S}/snapshots/getblob", content.get_blob_urls, ("Experiment.submit",)),
    Operation(
        POST, "/content/v2.0/{S}/snapshots/{snapshot_id}", content.create_snapshot, ("Experiment.submit",)
    ),
    # Execution
    Operation(
        POST,
        "/execution/v1.0/{S}/experiments/{experiment}/snapshotrun",
        execution.submit_snapshot_run,
        ("Experiment.submit",),
    ),
    Operation(
        POST,
        "/execution/v1.0/{S}/experiments/{experiment}/runId/{run_id}/cancel",
        execution.cancel_run,
        ("Run.cancel",),
    ),
    # Artifacts and metrics
    Operation(GET, _ARTIFACTS + "/metadata/{origin}/{container}/{path:any}", artifacts.get_artifact),
    Operation(
        GET,
        _ARTIFACTS + "/contentinfo/{origin}/{container}/{path:any}",
        artifacts.get_content_information,
        ("Run.download_file",),
    ),
    Operation(
        GET,
        _ARTIFACTS + "/prefix/contentinfo/{origin}/{container}/{path:any}",
        artifacts.list_content_information,
        ("Run.download_files",),
    ),
    Operation(
        POST,
        _ARTIFACTS + "/batch/metadata/{origin}/{container}",
        artifacts.create_empty_artifacts,
        ("Run.upload_file",),
    ),
    Operation(GET, _ARTIFACTS + "/{origin}/{container}", artifacts.list_artifacts, ("Run.get_file_names",)),
    Operation(GET, _ARTIFACTS + "/{origin}/{container}/{path:any}", artifacts.list_artifacts),
    Operation(
        GET, _EXPERIMENT + "/runs/{run_id}/metricsingest/wait", metrics.wait_for_metrics, ("Run.flush",)
    ),
    Operation(
        POST,
        "/metric/v2.0/{S}/runs/{run_id}/batch",
        metrics.post_metrics,
        ("Run.log", "Run.log_list", "Run.log_row", "Run.log_table"),
    ),
    Operation(POST, "/metric/v2.0/{S}/runs/{run_id}/list", metrics.list_metrics, ("Run.get_metrics",)),
    Operation(POST, "/metric/v2.0/{S}/runs/{run_id}/full", metrics.get_full_metric, ("Run.get_metrics",)),
    # Environments
    Operation(
        GET,
        _ENVIRONMENTS + "/",
        environments.list_environments,
        ("Environment.list", "Workspace.environments"),
    ),
    Operation(GET, _ENVIRONMENTS + "/{name}", environments.get_environment, ("Environment.get",)),
    Operation(PUT, _ENVIRONMENTS + "/{name}", environments.register_environment, ("Environment.register",)),
    Operation(
        GET, _ENVIRONMENTS + "/{name}/labels/{label}", environments.get_environment, ("Environment.get",)
    ),
    Operation(
        GET, _ENVIRONMENTS + "/{name}/versions/{version}", environments.get_environment, ("Environment.get",)
    ),
    Operation(
        PUT,
        _ENVIRONMENTS + "/{name}/versions/{version}",
        environments.register_environment,
        ("Environment.register",),
    ),
    Operation(
        PUT,
        _ENVIRONMENTS + "/{name}/versions/{version}/metadata",
        environments.label_environment,
        ("Environment.label",),
    ),
    Operation(POST, _BUILDS, environments.build_environment, ("Environment.build",)),
    Operation(
        GET,
        _BUILDS + "/status",
        environments.get_build,
        ("ImageBuildDetails.status", "ImageBuildDetails.get_log", "ImageBuildDetails.wait_for_completion"),
    ),
    # Models and assets
    Operation(POST, _MANAGEMENT + "/assets", models.create_asset, ("Model.register", "Run.register_model")),
    Operation(GET, _MANAGEMENT + "/assets", models.list_assets),
    Operation(
        GET, _MANAGEMENT + "/assets/{id}", models.get_asset, ("Model.download", "Model.get_model_path")
    ),
    Operation(DELETE, _MANAGEMENT + "/assets/{id}", models.delete_asset),
    Operation(POST, _MANAGEMENT + "/models", models.register_model, ("Model.register", "Run.register_model")),
    Operation(
        GET,
        _MANAGEMENT + "/models",
        models.list_models,
        ("Model", "Model.list", "Model.get_model_path", "Workspace.models"),
    ),
    Operation(GET, _MANAGEMENT + "/models/{id}", models.get_model, ("Model", "Model.get_model_path")),
    Operation(
        PATCH,
        _MANAGEMENT + "/models/{id}",
        models.patch_model,
        ("Model.update", "Model.add_tags", "Model.remove_tags", "Model.add_properties"),
    ),
    Operation(DELETE, _MANAGEMENT + "/models/{id}", models.delete_model, ("Model.delete",)),
    # Secrets
    Operation(PUT, _SECRETS, secrets.set_secret, ("Keyvault.set_secret",)),
    Operation(GET, _SECRETS, secrets.list_secrets, ("Keyvault.list_secrets",)),
    Operation(PUT, _SECRETS + ":putbatch", secrets.set_secrets, ("Keyvault.set_secrets",)),
    Operation(POST, _SECRETS + ":getbatch", secrets.get_secrets, ("Keyvault.get_secrets", "Run.get_secrets")),
    Operation(POST, _SECRETS + ":deletebatch", secrets.delete_secrets),
    Operation(
        GET,
        _SECRETS + "/{name}",
        secrets.get_secret,
        ("Keyvault.get_secret", "Keyvault.get_secret_content_type", "Run.get_secret"),
    ),
    Operation(
        DELETE,
        _SECRETS + "/{name}",
        secrets.delete_secret,
        ("Keyvault.delete_secret", "Keyvault.delete_secrets"),
    ),
    # Datastores and datasets
    # MLflow
    # This program's own commands
    Operation(GET, _CONTROL + "/status", control.get_status, access=Access.SECRET),
    Operation(POST, _CONTROL + "/stop", control.stop, access=Access.SECRET),
    Operation(GET, _CONTROL + "/submissions/{submission}/events", control.get_events, access=Access.SECRET),
    Operation(
        POST, _CONTROL + "/submissions/{submission}/over", control.end_submission, access=Access.SECRET
    ),
    Operation(GET, _CONTROL + "/runs/{run_id}", control.get_run, access=Access.SECRET),
    Operation(GET, _CONTROL + "/runs/{run_id}/log", control.get_log, access=Access.SECRET),
    Operation(POST, _CONTROL + "/runs/{run_id}/cancel", control.cancel_run, access=Access.SECRET),
    # Blobs
    *(
        operation
        for container in blobs.CONTAINERS
        for operation in (
            Operation(("GET", "HEAD"), f"/{container}/{{name:any}}", blobs.get_blob, access=Access.SIGNATURE),
            Operation(PUT, f"/{container}/{{name:any}}", blobs.put_blob, access=Access.SIGNATURE),
        )
    ),
)
