"""The rows of MLflow's model registry."""

from scaffold.workspace.routes.operation import DELETE, GET, MLFLOW, PATCH, POST, Operation
from scaffold.workspace.services import mlflow_registry, mlflow_versions

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        POST,
        MLFLOW + "/registered-models/create",
        mlflow_registry.create_registered_model,
        ("mlflow.register_model", "mlflow.MlflowClient.create_registered_model"),
    ),
    Operation(
        GET,
        MLFLOW + "/registered-models/get",
        mlflow_registry.get_registered_model,
        ("mlflow.MlflowClient.get_registered_model",),
    ),
    Operation(
        GET,
        MLFLOW + "/registered-models/search",
        mlflow_registry.search_registered_models,
        ("mlflow.search_registered_models",),
    ),
    Operation(
        POST,
        MLFLOW + "/registered-models/rename",
        mlflow_registry.rename_registered_model,
        ("mlflow.MlflowClient.rename_registered_model",),
    ),
    Operation(
        PATCH,
        MLFLOW + "/registered-models/update",
        mlflow_registry.update_registered_model,
        ("mlflow.MlflowClient.update_registered_model",),
    ),
    Operation(
        DELETE,
        MLFLOW + "/registered-models/delete",
        mlflow_registry.delete_registered_model,
        ("mlflow.MlflowClient.delete_registered_model",),
    ),
    Operation(
        ("GET", "POST"),
        MLFLOW + "/registered-models/get-latest-versions",
        mlflow_registry.get_latest_versions,
        ("mlflow.MlflowClient.get_latest_versions",),
    ),
    Operation(
        POST,
        MLFLOW + "/registered-models/set-tag",
        mlflow_registry.set_tag,
        ("mlflow.MlflowClient.set_registered_model_tag",),
    ),
    Operation(
        DELETE,
        MLFLOW + "/registered-models/delete-tag",
        mlflow_registry.delete_tag,
        ("mlflow.MlflowClient.delete_registered_model_tag",),
    ),
    Operation(
        POST,
        MLFLOW + "/registered-models/alias",
        mlflow_registry.set_alias,
        ("mlflow.MlflowClient.set_registered_model_alias",),
    ),
    Operation(
        DELETE,
        MLFLOW + "/registered-models/alias",
        mlflow_registry.delete_alias,
        ("mlflow.MlflowClient.delete_registered_model_alias",),
    ),
    Operation(
        GET,
        MLFLOW + "/registered-models/alias",
        mlflow_registry.get_version_by_alias,
        ("mlflow.MlflowClient.get_model_version_by_alias",),
    ),
    Operation(
        POST,
        MLFLOW + "/model-versions/create",
        mlflow_versions.create_version,
        ("mlflow.register_model", "mlflow.MlflowClient.create_model_version"),
    ),
    Operation(
        GET,
        MLFLOW + "/model-versions/get",
        mlflow_versions.get_version,
        ("mlflow.MlflowClient.get_model_version",),
    ),
    Operation(
        GET,
        MLFLOW + "/model-versions/search",
        mlflow_versions.search_versions,
        ("mlflow.search_model_versions",),
    ),
    Operation(
        GET,
        MLFLOW + "/model-versions/get-download-uri",
        mlflow_versions.get_download_uri,
        ("mlflow.pyfunc.load_model", "mlflow.artifacts.download_artifacts"),
    ),
    Operation(
        PATCH,
        MLFLOW + "/model-versions/update",
        mlflow_versions.update_version,
        ("mlflow.MlflowClient.update_model_version",),
    ),
    Operation(
        POST,
        MLFLOW + "/model-versions/transition-stage",
        mlflow_versions.transition_stage,
        ("mlflow.MlflowClient.transition_model_version_stage",),
    ),
    Operation(
        DELETE,
        MLFLOW + "/model-versions/delete",
        mlflow_versions.delete_version,
        ("mlflow.MlflowClient.delete_model_version",),
    ),
    Operation(
        POST,
        MLFLOW + "/model-versions/set-tag",
        mlflow_versions.set_tag,
        ("mlflow.MlflowClient.set_model_version_tag",),
    ),
    Operation(
        DELETE,
        MLFLOW + "/model-versions/delete-tag",
        mlflow_versions.delete_tag,
        ("mlflow.MlflowClient.delete_model_version_tag",),
    ),
)
