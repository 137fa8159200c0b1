"""The rows of experiments and runs: history, snapshots, execution, artifacts and metrics."""

from scaffold.workspace.routes.operation import DELETE, EXPERIMENT, EXPERIMENT_ID, GET, PATCH, POST, Operation
from scaffold.workspace.services import (
    artifacts,
    content,
    events,
    execution,
    experiments,
    hyperdrive,
    localrun,
    metrics,
    mlflow_artifacts,
    queries,
    runs,
)

_ARTIFACTS = "/artifact/v2.0/{S}/artifacts"
_HYPERDRIVE = "/hyperdrive/v1.0/{S}/experiments/{experiment}"

OPERATIONS: tuple[Operation, ...] = (
    # Run history
    Operation(GET, EXPERIMENT, experiments.get_experiment, ("Experiment",)),
    Operation(POST, EXPERIMENT, experiments.create_experiment, ("Experiment",)),
    Operation(GET, EXPERIMENT_ID, experiments.get_experiment, ("Experiment.refresh", "Run.get")),
    Operation(
        PATCH,
        EXPERIMENT_ID,
        experiments.update_experiment,
        ("Experiment.tag", "Experiment.set_tags", "Experiment.archive", "Experiment.reactivate"),
    ),
    Operation(DELETE, EXPERIMENT_ID, experiments.delete_experiment, ("Experiment.delete",)),
    Operation(
        POST,
        EXPERIMENT_ID + "/tags:delete",
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
        EXPERIMENT + "/runs:query",
        queries.query_runs,
        ("Run.list", "Experiment.get_runs", "Run.get_children", "Run.get_metrics"),
    ),
    Operation(POST, EXPERIMENT + "/metrics:query", queries.query_metrics, ("RunDetails.show",)),
    Operation(GET, EXPERIMENT + "/runcounts", queries.count_runs),
    Operation(
        GET, "/history/v1.0/{S}/computes/{name}/runs", queries.list_runs_of_compute, ("Run.list_by_compute",)
    ),
    Operation(PATCH, EXPERIMENT + "/batch/runs", runs.patch_runs, ("Run.create_children",)),
    Operation(POST, EXPERIMENT + "/batch/events", events.post_events, ("Run.create_children",)),
    Operation(
        GET,
        EXPERIMENT + "/runs/{run_id}",
        runs.get_run,
        ("Run", "Run.get_status", "Run.get_context", "Run.get_tags", "Run.get_properties", "Run.parent"),
    ),
    Operation(
        PATCH,
        EXPERIMENT + "/runs/{run_id}",
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
        EXPERIMENT + "/runs/{run_id}/events",
        events.post_event,
        ("Run.start", "Run.complete", "Run.fail", "Run.cancel", "Experiment.start_logging", "Run.child_run"),
    ),
    Operation(DELETE, EXPERIMENT + "/runs/{run_id}/tags", runs.delete_run_tags, ("Run.remove_tags",)),
    Operation(GET, EXPERIMENT + "/runs/{run_id}/token", runs.get_run_token, ("Run.get_context",)),
    Operation(GET, EXPERIMENT_ID + "/runs/{run_id}/token", runs.get_run_token, ("Run.get_context",)),
    Operation(
        GET,
        EXPERIMENT + "/runs/{run_id}/details",
        runs.get_run_details,
        ("Run.get_details", "Run.get_details_with_logs", "Run.get_all_logs", "Run.wait_for_completion"),
    ),
    Operation(GET, EXPERIMENT + "/runs/{run_id}/children", queries.list_children, ("Run.get_children",)),
    Operation(GET, EXPERIMENT_ID + "/runs/{run_id}", runs.get_run, ("Run",)),
    Operation(
        PATCH,
        EXPERIMENT_ID + "/runs/{run_id}",
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
        (
            "Experiment.submit",
            "Dataset.as_named_input",
            "Dataset.as_mount",
            "Dataset.as_download",
            "DatasetConsumptionConfig",
            "DatasetConsumptionConfig.as_mount",
            "DatasetConsumptionConfig.as_download",
            "OutputFileDatasetConfig",
            "OutputFileDatasetConfig.as_mount",
            "OutputFileDatasetConfig.as_upload",
            "OutputFileDatasetConfig.register_on_complete",
            "OutputFileDatasetConfig.read_delimited_files",
            "OutputFileDatasetConfig.read_parquet_files",
            "DataReference",
            "DataReference.as_mount",
            "DataReference.as_download",
            "DataReference.as_upload",
            "Run.input_datasets",
            "Run.output_datasets",
        ),
    ),
    Operation(
        POST,
        "/execution/v1.0/{S}/experiments/{experiment}/localrun",
        localrun.start_local_run,
        ("Experiment.submit",),
    ),
    Operation(
        POST,
        "/execution/v1.0/{S}/experiments/{experiment}/runId/{run_id}/cancel",
        execution.cancel_run,
        ("Run.cancel",),
    ),
    # Sweeps: HyperDrive has an address of its own for a run whose id its client has chosen.
    Operation(POST, _HYPERDRIVE + "/runs", hyperdrive.create_sweep, ("HyperDriveConfig",)),
    Operation(POST, _HYPERDRIVE + "/runs/{parent_run_id}", hyperdrive.create_sweep, ("Run.submit_child",)),
    Operation(POST, _HYPERDRIVE + "/hdruns/{run_id}", hyperdrive.create_sweep, ("HyperDriveConfig",)),
    Operation(
        POST, _HYPERDRIVE + "/runs/{run_id}/cancel", hyperdrive.cancel_sweep, ("HyperDriveRun.cancel",)
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
    # azureml-mlflow has addresses of its own for the same.
    Operation(POST, _ARTIFACTS + "/{origin}/{container}/batch/metadata", artifacts.create_empty_artifacts),
    Operation(
        GET,
        _ARTIFACTS + "/{origin}/{container}/contentinfo",
        mlflow_artifacts.get_container_content_information,
    ),
    Operation(GET, _ARTIFACTS + "/{origin}/{container}", artifacts.list_artifacts, ("Run.get_file_names",)),
    Operation(GET, _ARTIFACTS + "/{origin}/{container}/{path:any}", artifacts.list_artifacts),
    Operation(
        GET, EXPERIMENT + "/runs/{run_id}/metricsingest/wait", metrics.wait_for_metrics, ("Run.flush",)
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
)
