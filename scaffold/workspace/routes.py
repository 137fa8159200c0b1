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
    events,
    execution,
    experiments,
    metrics,
    queries,
    runs,
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
    Operation(GET, "/{S}", arm.get_workspace, ("Workspace.from_config", "Workspace.get")),
    # Computes
    Operation(GET, "/rp/workspaces/{S}/computes/{name}", computes.get_compute, ("ScriptRunConfig",)),
    Operation(GET, "/{S}/computes/{name}", computes.get_compute, ("ComputeTarget",)),
    # Run history
    Operation(GET, _EXPERIMENT, experiments.get_experiment, ("Experiment",)),
    Operation(POST, _EXPERIMENT, experiments.create_experiment, ("Experiment",)),
    Operation(GET, _EXPERIMENT_ID, experiments.get_experiment, ("Experiment.refresh", "Run.get")),
    Operation(
        PATCH,
        _EXPERIMENT_ID,
        experiments.update_experiment,
        ("Experiment.tag", "Experiment.set_tags", "Experiment.archive", "Experiment.reactivate"),
    ),
    Operation(DELETE, _EXPERIMENT_ID, experiments.delete_experiment, ("Experiment.delete",)),
    Operation(
        POST,
        _EXPERIMENT_ID + "/tags:delete",
        experiments.delete_experiment_tags,
        ("Experiment.remove_tags",),
    ),
    Operation(
        POST,
        "/history/v1.0/{S}/experiments:query",
        queries.query_experiments,
        ("Experiment.list", "Workspace.experiments"),
    ),
    Operation(
        POST,
        _EXPERIMENT + "/runs:query",
        queries.query_runs,
        ("Run.list", "Experiment.get_runs", "Run.get_children", "Run.get_metrics"),
    ),
    Operation(GET, _EXPERIMENT + "/runcounts", queries.count_runs),
    Operation(
        GET, "/history/v1.0/{S}/computes/{name}/runs", queries.list_runs_of_compute, ("Run.list_by_compute",)
    ),
    Operation(PATCH, _EXPERIMENT + "/batch/runs", runs.patch_runs, ("Run.create_children",)),
    Operation(POST, _EXPERIMENT + "/batch/events", events.post_events, ("Run.create_children",)),
    Operation(
        GET,
        _EXPERIMENT + "/runs/{run_id}",
        runs.get_run,
        ("Run", "Run.get_status", "Run.get_context", "Run.get_tags", "Run.get_properties", "Run.parent"),
    ),
    Operation(
        PATCH,
        _EXPERIMENT + "/runs/{run_id}",
        runs.patch_run,
        (
            "Experiment.start_logging",
            "Run.child_run",
            "Run.tag",
            "Run.set_tags",
            "Run.add_properties",
            "Run.display_name",
            "Run.description",
            "Run.take_snapshot",
        ),
    ),
    Operation(
        POST,
        _EXPERIMENT + "/runs/{run_id}/events",
        events.post_event,
        ("Run.start", "Run.complete", "Run.fail", "Run.cancel", "Experiment.start_logging", "Run.child_run"),
    ),
    Operation(DELETE, _EXPERIMENT + "/runs/{run_id}/tags", runs.delete_run_tags, ("Run.remove_tags",)),
    Operation(GET, _EXPERIMENT + "/runs/{run_id}/token", runs.get_run_token, ("Run.get_context",)),
    Operation(GET, _EXPERIMENT_ID + "/runs/{run_id}/token", runs.get_run_token, ("Run.get_context",)),
    Operation(
        GET,
        _EXPERIMENT + "/runs/{run_id}/details",
        runs.get_run_details,
        ("Run.get_details", "Run.get_details_with_logs", "Run.get_all_logs", "Run.wait_for_completion"),
    ),
    Operation(GET, _EXPERIMENT + "/runs/{run_id}/children", queries.list_children, ("Run.get_children",)),
    Operation(GET, _EXPERIMENT_ID + "/runs/{run_id}", runs.get_run, ("Run",)),
    Operation(
        PATCH,
        _EXPERIMENT_ID + "/runs/{run_id}",
        runs.patch_run,
        ("Run.child_run", "Run.tag", "Run.set_tags", "Run.add_properties"),
    ),
    Operation(GET, "/history/v1.0/{S}/runs/{run_id}", runs.get_run, ("Workspace.get_run", "Run.get")),
    # Snapshots
    Operation(GET, "/content/v1.0/{S}/snapshots/latest/metadata", content.get_latest, ("Experiment.submit",)),
    Operation(GET, "/content/v1.0/{S}/snapshots/{snapshot_id}/metadata", content.get_snapshot),
    Operation(POST, "/content/v2.0/{S}/snapshots/getblob", content.get_blob_urls, ("Experiment.submit",)),
    Operation(
        POST, "/content/v2.0/{S}/snapshots/{snapshot_id}", content.create_snapshot, ("Experiment.submit",)
    ),
    Operation(
        POST,
        "/content/v2.0/{S}/snapshots/{snapshot_id}/zip",
        content.zip_snapshot,
        ("Run.restore_snapshot",),
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
    Operation(DELETE, _ARTIFACTS + "/metadata/{origin}/{container}/{path:any}", artifacts.delete_artifact),
    Operation(
        GET,
        _ARTIFACTS + "/contentinfo/{origin}/{container}/{path:any}",
        artifacts.get_content_information,
        ("Run.download_file", "Run.get_metrics"),
    ),
    Operation(
        GET,
        _ARTIFACTS + "/prefix/contentinfo/{origin}/{container}/{path:any}",
        artifacts.list_content_information,
        ("Run.download_files", "Run.get_details"),
    ),
    Operation(GET, _ARTIFACTS + "/write/{origin}/{container}/{path:any}", artifacts.get_write_address),
    Operation(GET, _ARTIFACTS + "/content/{origin}/{container}/{path:any}", artifacts.get_content),
    Operation(POST, _ARTIFACTS + "/content/{origin}/{container}/{path:any}", artifacts.put_content),
    Operation(
        POST,
        _ARTIFACTS + "/batch/metadata/{origin}/{container}",
        artifacts.create_empty_artifacts,
        (
            "Run.upload_file",
            "Run.upload_files",
            "Run.upload_folder",
            "Run.log_image",
            "Run.log_confusion_matrix",
            "Run.log_accuracy_table",
            "Run.log_residuals",
            "Run.log_predictions",
        ),
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
        (
            "Run.log",
            "Run.log_list",
            "Run.log_row",
            "Run.log_table",
            "Run.log_image",
            "Run.log_confusion_matrix",
            "Run.log_accuracy_table",
            "Run.log_residuals",
            "Run.log_predictions",
        ),
    ),
    Operation(POST, "/metric/v2.0/{S}/runs/{run_id}/list", metrics.list_metrics, ("Run.get_metrics",)),
    Operation(POST, "/metric/v2.0/{S}/runs/{run_id}/full", metrics.get_full_metric, ("Run.get_metrics",)),
    # Environments
    # Models and assets
    # Secrets
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
