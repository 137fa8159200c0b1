"""What to do about uses of the run that stay calls of SDK v1."""

from scaffold.migration.calls import RULES
from scaffold.migration.signatures import SIGNATURES

# What MLflow has for the rest, where it has something: attribute of a run → what to do.
LEFT = {
    "input_datasets": "Give the job an input (inputs: in job.yml, ${{inputs.NAME}} in its command) and read that path.",
    "output_datasets": "Give the job an output (outputs: in job.yml, ${{outputs.NAME}} in its command).",
    "experiment": "MLFLOW_EXPERIMENT_NAME has the experiment; AZUREML_ARM_SUBSCRIPTION, AZUREML_ARM_RESOURCEGROUP and "
    "AZUREML_ARM_WORKSPACE_NAME name the workspace for azure-ai-ml's MLClient.",
    "child_run": "with mlflow.start_run(nested=True): …",
    "create_children": "with mlflow.start_run(nested=True): … for each of them.",
    "start_logging": "with mlflow.start_run(nested=True): …",
    "parent": "mlflow.get_run(run_id).data.tags['mlflow.parentRunId'] is its id, for MlflowClient().log_metric(id, …)",
    "get_secret": "azure-keyvault-secrets with the job's identity reads secrets.",
    "get_secrets": "azure-keyvault-secrets with the job's identity reads secrets.",
    "download_file": "mlflow.artifacts.download_artifacts(run_id=…, artifact_path=…)",
    "download_files": "mlflow.artifacts.download_artifacts(run_id=…, artifact_path=…)",
    "get_file_names": "mlflow.artifacts.list_artifacts(run_id=…)",
    "get_details": "mlflow.get_run(run_id)",
    "get_metrics": "mlflow.get_run(run_id).data.metrics, and MlflowClient().get_metric_history(…) for all values.",
    "get_status": "mlflow.get_run(run_id).info.status",
    "status": "mlflow.get_run(run_id).info.status",
    "name": "mlflow.get_run(run_id).info.run_name",
    "get_portal_url": "The page that the job's studio_url names.",
    "get_properties": "mlflow.get_run(run_id).data.tags: MLflow has no properties.",
    "properties": "mlflow.get_run(run_id).data.tags: MLflow has no properties.",
    "_run_id": "run.info.run_id",
    "get_children": "mlflow.search_runs(filter_string=\"tags.mlflow.parentRunId = '…'\")",
    "add_properties": "mlflow.set_tags(…): MLflow has no properties.",
    "display_name": "mlflow.set_tag('mlflow.runName', …)",
    "tags": "mlflow.set_tags(…), and mlflow.get_run(run_id).data.tags",
}
METHODS = frozenset(SIGNATURES) | frozenset(LEFT)
_KEPT = "the SDK v1 call goes on working in a job whose environment has azureml-core."


def hint(name: str) -> str:
    """What to do about an attribute of the run that stays."""
    if name in LEFT:
        return LEFT[name]
    if name in RULES:
        return f"On a line of its own, with its arguments written out, it is carried over; until then {_KEPT}"
    return f"MLflow has nothing like it; {_KEPT}"
