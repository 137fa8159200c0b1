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
    datasets,
    datastores,
    environments,
    events,
    execution,
    experiments,
    metrics,
    mlflow,
    mlflow_artifacts,
    mlflow_runs,
    models,
    queries,
    runs,
    secrets,
)
from scaffold.workspace.store.blobs import DATASTORE

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
_DATASTORES = "/datastore/v1.0/{S}"
_DATASETS = "/dataset/v1.0/{S}"
_ENVIRONMENTS = "/environment/v1.0/{S}/environments"
_BUILDS = "/environment/v2.0/{S}/environments/{name}/versions/{version}/image"
_MANAGEMENT = "/modelmanagement/v1.0/{S}"
_SECRETS = "/credential/v2.0/{S}/secrets"
_CONTROL = "/control/{secret}"
_MLFLOW = "/mlflow/{version}/{S}/api/2.0/mlflow"
_MLFLOW_FILES = "/mlflow/{version}/{S}/api/2.0/mlflow-artifacts/artifacts"

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
    Operation(GET, _DATASTORES + "/datastores", datastores.list_datastores, ("Workspace.datastores",)),
    Operation(
        POST,
        _DATASTORES + "/datastores",
        datastores.create_datastore,
        ("Datastore.register_azure_blob_container",),
    ),
    Operation(
        GET, _DATASTORES + "/datastores/{name}", datastores.get_datastore, ("Datastore", "Datastore.get")
    ),
    Operation(PUT, _DATASTORES + "/datastores/{name}", datastores.update_datastore),
    Operation(
        DELETE, _DATASTORES + "/datastores/{name}", datastores.delete_datastore, ("Datastore.unregister",)
    ),
    Operation(
        GET, _DATASTORES + "/default", datastores.get_default_datastore, ("Workspace.get_default_datastore",)
    ),
    Operation(
        PUT,
        _DATASTORES + "/default/{name}",
        datastores.set_default_datastore,
        ("Workspace.set_default_datastore", "Datastore.set_as_default"),
    ),
    Operation(
        POST,
        _DATASETS + "/saveddatasets",
        datasets.save_dataset,
        ("Dataset.File.from_files", "Dataset.Tabular.from_delimited_files"),
    ),
    Operation(
        GET, _DATASETS + "/saveddatasets/{saved_id}", datasets.get_saved_dataset, ("Dataset.get_by_id",)
    ),
    Operation(
        GET, _DATASETS + "/datasets", datasets.list_datasets, ("Dataset.get_all", "Workspace.datasets")
    ),
    Operation(
        POST,
        _DATASETS + "/datasets",
        datasets.register_dataset,
        ("Dataset.register", "Dataset.Tabular.register_pandas_dataframe"),
    ),
    Operation(
        GET, _DATASETS + "/datasets/query/name={name}", datasets.get_dataset_by_name, ("Dataset.get_by_name",)
    ),
    Operation(
        GET,
        _DATASETS + "/datasets/query/savedDatasetId={saved_id}",
        datasets.list_datasets_by_saved_id,
        ("Dataset.get_by_id",),
    ),
    Operation(GET, _DATASETS + "/datasets/{dataset_id}", datasets.get_dataset),
    Operation(
        PUT,
        _DATASETS + "/datasets/{dataset_id}",
        datasets.update_dataset,
        ("Dataset.update", "Dataset.add_tags", "Dataset.remove_tags"),
    ),
    Operation(
        DELETE,
        _DATASETS + "/datasets/{dataset_id}",
        datasets.unregister_dataset,
        ("Dataset.unregister_all_versions",),
    ),
    Operation(
        GET,
        "/data/v1.0/{S}/dataversion/{name}/versions/{version}",
        datasets.get_data_version,
        ("Dataset.get_by_name", "Dataset.get_by_id"),
    ),
    # MLflow
    Operation(POST, _MLFLOW + "/experiments/create", mlflow.create_experiment, ("mlflow.create_experiment",)),
    Operation(GET, _MLFLOW + "/experiments/get", mlflow.get_experiment, ("mlflow.get_experiment",)),
    Operation(
        GET,
        _MLFLOW + "/experiments/get-by-name",
        mlflow.get_experiment_by_name,
        ("mlflow.get_experiment_by_name", "mlflow.set_experiment"),
    ),
    Operation(
        POST, _MLFLOW + "/experiments/search", mlflow.search_experiments, ("mlflow.search_experiments",)
    ),
    Operation(
        POST,
        _MLFLOW + "/experiments/update",
        mlflow.update_experiment,
        ("mlflow.MlflowClient.rename_experiment",),
    ),
    Operation(POST, _MLFLOW + "/experiments/delete", mlflow.delete_experiment, ("mlflow.delete_experiment",)),
    Operation(
        POST,
        _MLFLOW + "/experiments/restore",
        mlflow.restore_experiment,
        ("mlflow.MlflowClient.restore_experiment",),
    ),
    Operation(
        POST,
        _MLFLOW + "/experiments/set-experiment-tag",
        mlflow.set_experiment_tag,
        ("mlflow.set_experiment_tag",),
    ),
    Operation(
        POST,
        _MLFLOW + "/experiments/delete-experiment-tag",
        mlflow.delete_experiment_tag,
        ("mlflow.MlflowClient.delete_experiment_tag",),
    ),
    Operation(POST, _MLFLOW + "/runs/create", mlflow_runs.create_run, ("mlflow.start_run",)),
    Operation(GET, _MLFLOW + "/runs/get", mlflow_runs.get_run, ("mlflow.start_run", "mlflow.get_run")),
    Operation(POST, _MLFLOW + "/runs/update", mlflow_runs.update_run, ("mlflow.start_run", "mlflow.end_run")),
    Operation(POST, _MLFLOW + "/runs/delete", mlflow_runs.delete_run, ("mlflow.delete_run",)),
    Operation(POST, _MLFLOW + "/runs/restore", mlflow_runs.restore_run, ("mlflow.MlflowClient.restore_run",)),
    Operation(POST, _MLFLOW + "/runs/search", mlflow_runs.search_runs, ("mlflow.search_runs",)),
    Operation(POST, _MLFLOW + "/runs/log-metric", mlflow_runs.log_metric, ("mlflow.log_metric",)),
    Operation(POST, _MLFLOW + "/runs/log-parameter", mlflow_runs.log_parameter, ("mlflow.log_param",)),
    Operation(
        POST,
        _MLFLOW + "/runs/log-batch",
        mlflow_runs.log_batch,
        ("mlflow.log_metrics", "mlflow.log_params", "mlflow.set_tags", "mlflow.autolog"),
    ),
    Operation(
        POST,
        "/mlflow/{version}/{S}/api/2.0/preview/mlflow/runs/log-batch-async",
        mlflow_runs.log_batch_async,
        ("mlflow.log_metrics",),
    ),
    Operation(POST, _MLFLOW + "/runs/set-tag", mlflow_runs.set_tag, ("mlflow.set_tag",)),
    Operation(POST, _MLFLOW + "/runs/delete-tag", mlflow_runs.delete_tag, ("mlflow.delete_tag",)),
    Operation(
        GET,
        _MLFLOW + "/metrics/get-history",
        mlflow_runs.get_metric_history,
        ("mlflow.MlflowClient.get_metric_history",),
    ),
    Operation(POST, _MLFLOW + "/runs/log-model", mlflow_runs.log_model, ("mlflow.log_model",)),
    Operation(
        POST, _MLFLOW + "/runs/log-inputs", mlflow_runs.log_inputs, ("mlflow.log_input", "mlflow.autolog")
    ),
    Operation(POST, _MLFLOW + "/runs/outputs", mlflow_runs.log_outputs, ("mlflow.log_model",)),
    Operation(POST, _MLFLOW + "/logged-models", mlflow.create_logged_model, ("mlflow.log_model",)),
    Operation(
        POST,
        _MLFLOW + "/logged-models/search",
        mlflow.search_logged_models,
        ("mlflow.search_logged_models",),
    ),
    Operation(GET, _MLFLOW + "/logged-models/{model_id}", mlflow.get_logged_model, ("mlflow.load_model",)),
    Operation(
        PATCH, _MLFLOW + "/logged-models/{model_id}", mlflow.change_logged_model, ("mlflow.log_model",)
    ),
    Operation(PATCH, _MLFLOW + "/logged-models/{model_id}/tags", mlflow.change_logged_model),
    Operation(POST, _MLFLOW + "/logged-models/{model_id}/params", mlflow.change_logged_model),
    Operation(
        GET,
        _MLFLOW + "/artifacts/list",
        mlflow_artifacts.list_artifacts,
        ("mlflow.artifacts.list_artifacts",),
    ),
    Operation(GET, _MLFLOW_FILES, mlflow_artifacts.list_proxied, ("mlflow.artifacts.list_artifacts",)),
    Operation(
        PUT,
        _MLFLOW_FILES + "/{run_id}/{path:any}",
        mlflow_artifacts.upload,
        (
            "mlflow.log_artifact",
            "mlflow.log_artifacts",
            "mlflow.log_dict",
            "mlflow.log_figure",
            "mlflow.log_text",
        ),
    ),
    Operation(
        GET,
        _MLFLOW_FILES + "/{run_id}/{path:any}",
        mlflow_artifacts.download,
        ("mlflow.artifacts.download_artifacts",),
    ),
    Operation(("DELETE",), _MLFLOW_FILES + "/{run_id}/{path:any}", mlflow_artifacts.delete),
    *(
        operation
        for experiment in (_EXPERIMENT, _EXPERIMENT_ID)
        for operation in (
            Operation(
                GET,
                experiment + "/runs/{run_id}/artifacts",
                mlflow_artifacts.list_run_artifacts,
                ("mlflow.artifacts.list_artifacts",),
            ),
            Operation(GET, experiment + "/runs/{run_id}/artifacts/path", mlflow_artifacts.list_run_artifacts),
            Operation(
                GET,
                experiment + "/runs/{run_id}/artifacts/contentinfo",
                mlflow_artifacts.get_run_content_information,
                ("mlflow.artifacts.download_artifacts",),
            ),
            Operation(
                POST,
                experiment + "/runs/{run_id}/artifacts/batch/metadata",
                mlflow_artifacts.create_run_artifacts,
                ("mlflow.log_artifact", "mlflow.log_artifacts"),
            ),
        )
    ),
    Operation(("GET", "POST", "PUT", "PATCH", "DELETE"), "/mlflow/{version}/{S}/{rest:any}", mlflow.refuse),
    # This program's own commands
    Operation(GET, _CONTROL + "/status", control.get_status, access=Access.SECRET),
    Operation(POST, _CONTROL + "/prune", control.prune, access=Access.SECRET),
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
            Operation(
                ("GET", "HEAD"),
                f"/{container}/{{name:any}}",
                blobs.get_blob,
                blobs.SERVES.get(container, ()),
                Access.SIGNATURE,
            ),
            Operation(PUT, f"/{container}/{{name:any}}", blobs.put_blob, access=Access.SIGNATURE),
        )
    ),
    Operation(DELETE, f"/{DATASTORE}/{{name:any}}", blobs.delete_blob, access=Access.SIGNATURE),
    Operation(
        ("GET", "HEAD"), f"/{DATASTORE}", blobs.get_container, ("Datastore.download",), Access.SIGNATURE
    ),
)
