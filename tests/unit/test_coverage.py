"""Every call of the SDKs that is said to work is made by a test with the real SDK, in the module of its class."""

import re

import pytest

from scaffold.workspace.routes import OPERATIONS
from tests.conftest import REPOSITORY

# Of each public class, the modules of tests/sdk that call it, and what of it people call (also what the SDK
# does by itself, before or after it asks the service).
CLASSES = {
    "Workspace": (
        "workspace authentication datastore dataset environment model compute keyvault refused mlflow",
        "Workspace from_config get list create get_details write_config name location resource_group subscription_id"
        " sku experiments compute_targets environments datastores datasets models webservices images get_run"
        " get_default_datastore set_default_datastore get_default_keyvault get_mlflow_tracking_uri delete",
    ),
    "Experiment": (
        "experiment run",
        "Experiment submit start_logging list get_runs tag set_tags remove_tags archive reactivate delete refresh"
        " get_portal_url name workspace",
    ),
    "Run": (
        "run metrics experiment environment model keyvault inputs hyperdrive",
        "get_context get list list_by_compute wait_for_completion get_status status get_details"
        " get_details_with_logs get_all_logs get_file_names download_file download_files upload_file upload_files"
        " upload_folder get_snapshot_id take_snapshot restore_snapshot cancel complete fail start flush"
        " get_environment get_portal_url get_children child_run create_children submit_child parent id number type"
        " tag set_tags get_tags remove_tags add_properties get_properties display_name description"
        " log log_list log_row log_table log_image log_confusion_matrix log_accuracy_table log_residuals"
        " log_predictions get_metrics register_model get_secret get_secrets experiment input_datasets"
        " get_children_sorted_by_primary_metric",
    ),
    "ScriptRunConfig": (
        "script_run_config run_configuration distributed",
        "ScriptRunConfig script arguments command compute_target environment run_config distributed_job_config"
        " docker_runtime_config max_run_duration_seconds source_directory DockerConfiguration MpiConfiguration"
        " PyTorchConfiguration TensorflowConfiguration",
    ),
    "RunConfiguration": (
        "run_configuration",
        "RunConfiguration load save target environment environment_variables arguments script",
    ),
    "Environment": (
        "environment conda pip tutorial",
        "Environment get list register build build_local label save_to_directory load_from_directory clone"
        " from_conda_specification from_pip_requirements from_dockerfile from_existing_conda_environment"
        " add_private_pip_wheel environment_variables get_image_details",
    ),
    "CondaDependencies": (
        "environment run_configuration conda pip",
        "CondaDependencies create add_pip_package add_conda_package set_python_version serialize_to_string"
        " pip_packages conda_packages",
    ),
    "ImageBuildDetails": ("environment", "status get_log wait_for_completion"),
    "Model": (
        "model",
        "Model register list get_model_path download delete update add_tags remove_tags add_properties id name"
        " version tags properties description run_id child_paths get_sas_urls serialize",
    ),
    "Datastore": (
        "datastore data_reference",
        "Datastore get register_azure_blob_container upload upload_files download unregister set_as_default path"
        " name container_name account_name datastore_type",
    ),
    "Dataset": (
        "dataset inputs outputs",
        "from_files upload_directory from_delimited_files from_json_lines_files from_parquet_files"
        " register_pandas_dataframe register get_by_name get_by_id get_all to_pandas_dataframe to_path download take"
        " skip random_split keep_columns drop_columns as_named_input as_mount as_download add_tags remove_tags update"
        " unregister_all_versions with_timestamp_columns time_before",
    ),
    "DatasetConsumptionConfig": ("inputs", "DatasetConsumptionConfig as_mount as_download"),
    "OutputFileDatasetConfig": (
        "outputs inputs",
        "OutputFileDatasetConfig as_mount as_upload register_on_complete read_delimited_files read_parquet_files",
    ),
    "DataReference": ("data_reference", "DataReference as_mount as_download as_upload"),
    "ComputeTarget": (
        "compute",
        "ComputeTarget create list delete get_status wait_for_completion serialize provisioning_state type name",
    ),
    "AmlCompute": (
        "compute",
        "AmlCompute provisioning_configuration list_nodes update supported_vmsizes",
    ),
    "ComputeInstance": ("compute", "ComputeInstance provisioning_configuration supported_vmsizes"),
    "Keyvault": (
        "keyvault",
        "set_secret set_secrets get_secret get_secrets get_secret_content_type list_secrets delete_secret"
        " delete_secrets",
    ),
    "InteractiveLoginAuthentication": (
        "authentication",
        "InteractiveLoginAuthentication get_authentication_header tenant_id",
    ),
    "ServicePrincipalAuthentication": ("authentication", "ServicePrincipalAuthentication"),
    "MsiAuthentication": ("authentication", "MsiAuthentication"),
    "HyperDriveConfig": ("hyperdrive", "HyperDriveConfig"),
    "HyperDriveRun": (
        "hyperdrive",
        "get_children_sorted_by_primary_metric get_best_run_by_primary_metric get_hyperparameters get_metrics cancel",
    ),
    "Webservice": ("workspace refused", "Webservice list"),
    "Image": ("workspace refused", "Image list"),
    "RunDetails": ("widgets", "RunDetails show get_widget_data"),
    "MLClient": (
        "v2/workspace v2/command v2/environment v2/assets v2/sweep v2/pipeline",
        "MLClient from_config workspaces.get workspaces.list compute.get compute.list compute.begin_create_or_update"
        " compute.begin_delete datastores.get datastores.get_default jobs.stream jobs.begin_cancel studio_url",
    ),
    "mlflow": (
        "mlflow mlflow_registry mlflow_packages",
        "set_tracking_uri get_tracking_uri set_experiment start_run end_run log_metric log_metrics log_param"
        " log_params set_tag set_tags log_artifact log_artifacts log_figure log_dict log_text log_image log_table"
        " log_input log_model save_model load_model autolog search_runs register_model projects get_run",
    ),
}  # fmt: skip


def source(modules: str) -> str:
    """The text of tests, in which their calls stand as code or as text that is run."""
    folder = REPOSITORY / "tests" / "sdk"
    paths = (folder / "/test_".join(f"/{name}".rsplit("/", 1)).strip("/") for name in modules.split())
    return "\n".join(path.with_suffix(".py").read_text(encoding="utf-8") for path in paths)


def missing(modules: str, names: set[str]) -> list[str]:
    text = source(modules)
    return sorted(name for name in names if not re.search(rf"\b{name}\b", text))


@pytest.mark.parametrize("owner", CLASSES)
def test_what_people_call_is_called_in_a_test(owner: str):
    modules, names = CLASSES[owner]

    assert missing(modules, set(names.split())) == []


def test_what_the_readme_says_works_is_called_in_a_test():
    served = {call for operation in OPERATIONS for call in operation.serves}
    owners = {call.partition(".")[0] for call in served}

    assert owners - {*CLASSES} == set()
    for owner in owners:
        calls = [call for call in served if call.partition(".")[0] == owner]
        # Of a client that has everything, what is called says which part of it is meant.
        names = {call.partition(".")[2] if owner == "MLClient" else call.rpartition(".")[2] for call in calls}
        assert missing(CLASSES[owner][0], names) == [], owner
