"""The rows of MLflow's tracking API."""

from scaffold.workspace.routes.operation import (
    DELETE,
    EXPERIMENT,
    EXPERIMENT_ID,
    GET,
    MLFLOW,
    PATCH,
    POST,
    PUT,
    Operation,
)
from scaffold.workspace.services import mlflow, mlflow_artifacts, mlflow_runs

_MLFLOW_FILES = "/mlflow/{version}/{S}/api/2.0/mlflow-artifacts/artifacts"

OPERATIONS: tuple[Operation, ...] = (
    Operation(POST, MLFLOW + "/experiments/create", mlflow.create_experiment, ("mlflow.create_experiment",)),
    Operation(GET, MLFLOW + "/experiments/get", mlflow.get_experiment, ("mlflow.get_experiment",)),
    Operation(
        GET,
        MLFLOW + "/experiments/get-by-name",
        mlflow.get_experiment_by_name,
        ("mlflow.get_experiment_by_name", "mlflow.set_experiment"),
    ),
    Operation(
        POST, MLFLOW + "/experiments/search", mlflow.search_experiments, ("mlflow.search_experiments",)
    ),
    Operation(
        POST,
        MLFLOW + "/experiments/update",
        mlflow.update_experiment,
        ("mlflow.MlflowClient.rename_experiment",),
    ),
    Operation(POST, MLFLOW + "/experiments/delete", mlflow.delete_experiment, ("mlflow.delete_experiment",)),
    Operation(
        POST,
        MLFLOW + "/experiments/restore",
        mlflow.restore_experiment,
        ("mlflow.MlflowClient.restore_experiment",),
    ),
    Operation(
        POST,
        MLFLOW + "/experiments/set-experiment-tag",
        mlflow.set_experiment_tag,
        ("mlflow.set_experiment_tag",),
    ),
    Operation(
        POST,
        MLFLOW + "/experiments/delete-experiment-tag",
        mlflow.delete_experiment_tag,
        ("mlflow.MlflowClient.delete_experiment_tag",),
    ),
    Operation(POST, MLFLOW + "/runs/create", mlflow_runs.create_run, ("mlflow.start_run",)),
    Operation(GET, MLFLOW + "/runs/get", mlflow_runs.get_run, ("mlflow.start_run", "mlflow.get_run")),
    Operation(POST, MLFLOW + "/runs/update", mlflow_runs.update_run, ("mlflow.start_run", "mlflow.end_run")),
    Operation(POST, MLFLOW + "/runs/delete", mlflow_runs.delete_run, ("mlflow.delete_run",)),
    Operation(POST, MLFLOW + "/runs/restore", mlflow_runs.restore_run, ("mlflow.MlflowClient.restore_run",)),
    Operation(POST, MLFLOW + "/runs/search", mlflow_runs.search_runs, ("mlflow.search_runs",)),
    Operation(POST, MLFLOW + "/runs/log-metric", mlflow_runs.log_metric, ("mlflow.log_metric",)),
    Operation(POST, MLFLOW + "/runs/log-parameter", mlflow_runs.log_parameter, ("mlflow.log_param",)),
    Operation(
        POST,
        MLFLOW + "/runs/log-batch",
        mlflow_runs.log_batch,
        ("mlflow.log_metrics", "mlflow.log_params", "mlflow.set_tags", "mlflow.autolog"),
    ),
    Operation(
        POST,
        "/mlflow/{version}/{S}/api/2.0/preview/mlflow/runs/log-batch-async",
        mlflow_runs.log_batch_async,
        ("mlflow.log_metrics",),
    ),
    Operation(POST, MLFLOW + "/runs/set-tag", mlflow_runs.set_tag, ("mlflow.set_tag",)),
    Operation(POST, MLFLOW + "/runs/delete-tag", mlflow_runs.delete_tag, ("mlflow.delete_tag",)),
    Operation(
        GET,
        MLFLOW + "/metrics/get-history",
        mlflow_runs.get_metric_history,
        ("mlflow.MlflowClient.get_metric_history",),
    ),
    Operation(POST, MLFLOW + "/runs/log-model", mlflow_runs.log_model, ("mlflow.log_model",)),
    Operation(
        POST, MLFLOW + "/runs/log-inputs", mlflow_runs.log_inputs, ("mlflow.log_input", "mlflow.autolog")
    ),
    Operation(POST, MLFLOW + "/runs/outputs", mlflow_runs.log_outputs, ("mlflow.log_model",)),
    Operation(POST, MLFLOW + "/logged-models", mlflow.create_logged_model, ("mlflow.log_model",)),
    Operation(
        POST,
        MLFLOW + "/logged-models/search",
        mlflow.search_logged_models,
        ("mlflow.search_logged_models",),
    ),
    Operation(GET, MLFLOW + "/logged-models/{model_id}", mlflow.get_logged_model, ("mlflow.load_model",)),
    Operation(PATCH, MLFLOW + "/logged-models/{model_id}", mlflow.change_logged_model, ("mlflow.log_model",)),
    Operation(PATCH, MLFLOW + "/logged-models/{model_id}/tags", mlflow.change_logged_model),
    Operation(POST, MLFLOW + "/logged-models/{model_id}/params", mlflow.change_logged_model),
    Operation(
        GET,
        MLFLOW + "/artifacts/list",
        mlflow_artifacts.list_artifacts,
        ("mlflow.artifacts.list_artifacts",),
    ),
    Operation(
        GET,
        _MLFLOW_FILES,
        mlflow_artifacts.list_proxied,
        ("mlflow.artifacts.list_artifacts",),
        files_of=mlflow_artifacts.run_in_query,
    ),
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
        files_of=mlflow_artifacts.run_in_path,
    ),
    Operation(
        GET,
        _MLFLOW_FILES + "/{run_id}/{path:any}",
        mlflow_artifacts.download,
        ("mlflow.artifacts.download_artifacts",),
        files_of=mlflow_artifacts.run_in_path,
    ),
    Operation(
        DELETE,
        _MLFLOW_FILES + "/{run_id}/{path:any}",
        mlflow_artifacts.delete,
        files_of=mlflow_artifacts.run_in_path,
    ),
    *(
        operation
        for experiment in (EXPERIMENT, EXPERIMENT_ID)
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
)
