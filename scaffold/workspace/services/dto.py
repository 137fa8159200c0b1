"""The records that go over the wire, with every field that the SDK's models describe.

Names and types: ``azureml._restclient.models`` of azureml-core 1.61 (AutoRest's ``_attribute_map``). The
client indexes several fields without asking whether they are there, so none is ever left out: a field
without a value is null.
"""

from typing import Any

import msgspec

from scaffold.workspace import identity
from scaffold.workspace.context import Context
from scaffold.workspace.faults import error_response
from scaffold.workspace.store.blobs import Blob
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.datasets import DatasetVersion
from scaffold.workspace.store.experiments import Experiment
from scaffold.workspace.store.runs import Run


class Dto(msgspec.Struct, rename="camel", kw_only=True):
    """A record whose fields are sent in camelCase."""


class CreatedByDto(Dto):
    """``CreatedByDto``, with the fields that newer services add."""

    user_object_id: str
    user_tenant_id: str
    user_name: str
    user_pu_id: str | None = None
    user_idp: str | None = None
    user_alt_sec_id: str | None = None
    user_iss: str | None = None


class ExperimentDto(Dto):
    """``ExperimentDto``."""

    experiment_id: str
    name: str
    description: str | None
    created_utc: str
    archived_time: str | None
    tags: dict[str, str]
    latest_modified_run_utc: str | None = None
    artifact_location: str | None = None


class QueueingInfoDto(Dto):
    """``QueueingInfoDto``."""

    code: str
    message: str
    last_refresh_timestamp: str


class RunDto(Dto):
    """``RunDto``."""

    run_number: int
    root_run_id: str
    experiment_id: str
    created_utc: str
    run_id: str
    status: str
    created_by: CreatedByDto
    data_container_id: str
    tags: dict[str, str]
    properties: dict[str, str]
    user_id: str | None = None
    token: str | None = None
    token_expiry_time_utc: str | None = None
    parent_run_id: str | None = None
    start_time_utc: str | None = None
    end_time_utc: str | None = None
    heartbeat_enabled: bool = False
    options: dict[str, Any] | None = None
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    hidden: bool = False
    run_type: str | None = None
    run_type_v2: dict[str, Any] | None = msgspec.field(name="runTypeV2", default=None)
    parent_run_uuid: str | None = None
    root_run_uuid: str | None = None
    run_uuid: str | None = None
    script_name: str | None = None
    target: str | None = None
    run_definition: dict[str, Any] | None = None
    primary_metric_name: str | None = None
    created_from: dict[str, Any] | None = None
    cancel_uri: str | None = None
    complete_uri: str | None = None
    diagnostics_uri: str | None = None
    error: dict[str, Any] | None = None
    warnings: list[dict[str, str]] = []
    queueing_info: QueueingInfoDto | None = None
    input_datasets: list[Any] = []
    output_datasets: list[Any] = []
    last_modified_utc: str | None = None
    duration: str | None = None
    experiment_name: str | None = None


class RunDetailsDto(Dto):
    """``RunDetailsDto``."""

    run_id: str
    target: str | None
    status: str
    start_time_utc: str | None
    end_time_utc: str | None
    services: dict[str, Any]
    error: dict[str, Any] | None
    warnings: list[dict[str, str]]
    properties: dict[str, str]
    input_datasets: list[Any]
    output_datasets: list[Any]
    run_definition: dict[str, Any] | None
    log_files: dict[str, str]
    revision: int | None = None
    run_number: int | None = None
    parent_run_id: str | None = None
    submitted_by: str | None = None


class ArtifactDto(Dto):
    """``ArtifactDto``."""

    artifact_id: str
    origin: str
    container: str
    path: str
    etag: str | None
    created_time: str
    data_path: dict[str, Any] | None


class ArtifactContentInformationDto(Dto):
    """``ArtifactContentInformationDto``."""

    content_uri: str
    origin: str
    container: str
    path: str
    tags: dict[str, str] | None = None


def experiment_dto(experiment: Experiment) -> ExperimentDto:
    """An experiment as it is sent."""
    return ExperimentDto(
        experiment_id=experiment.experiment_id,
        name=experiment.name,
        description=experiment.description,
        created_utc=experiment.created,
        archived_time=experiment.archived,
        tags=experiment.tags,
    )


def run_dto(context: Context, run: Run, experiment: Experiment | None = None) -> RunDto:
    """A run as it is sent.

    Args:
        context: of the request.
        run: the run.
        experiment: its experiment, where that is known already.
    """
    store, keys = context.store, context.authority.keys
    experiment = experiment or store.experiments.by_id(run.experiment_id)
    experiment_name = experiment.name if experiment else None
    parent = store.runs.get(run.parent_run_id) if run.parent_run_id else None
    root = run if run.root_run_id == run.run_id else store.runs.get(run.root_run_id)
    recorded = run.recorded
    cancel_uri = None
    if run.executed:
        cancel_uri = (
            f"{context.endpoints.base}/execution/v1.0{context.scope}"
            f"/experiments/{experiment_name}/runId/{run.run_id}/cancel"
        )
    return RunDto(
        run_number=run.number,
        root_run_id=run.root_run_id,
        experiment_id=run.experiment_id,
        experiment_name=experiment_name,
        created_utc=run.created,
        run_id=run.run_id,
        parent_run_id=run.parent_run_id,
        status=run.status.value,
        start_time_utc=run.started,
        end_time_utc=run.ended,
        created_by=CreatedByDto(
            user_object_id=keys.user_id, user_tenant_id=keys.tenant_id, user_name=identity.USER_NAME
        ),
        user_id=keys.user_id,
        data_container_id=run.data_container_id,
        options={"generateDataContainerIdIfNotSpecified": True},
        name=run.name,
        display_name=run.display_name or run.run_id,
        description=run.description,
        hidden=run.hidden,
        run_type=run.run_type,
        run_type_v2=run.run_type_v2,
        run_uuid=run.uuid,
        parent_run_uuid=parent.uuid if parent else None,
        root_run_uuid=root.uuid if root else None,
        tags=run.tags,
        properties=run.properties,
        script_name=run.script_name,
        target=run.target,
        run_definition=run.definition or recorded.get("runDefinition"),
        heartbeat_enabled=bool(recorded.get("heartbeatEnabled")),
        primary_metric_name=recorded.get("primaryMetricName"),
        created_from=recorded.get("createdFrom"),
        input_datasets=recorded.get("inputDatasets", []),
        output_datasets=recorded.get("outputDatasets", []),
        cancel_uri=cancel_uri,
        error=error_response(run.error) if run.error else None,
        warnings=run.warnings,
        queueing_info=_queueing_info(context, run),
        last_modified_utc=run.ended or run.started or run.created,
    )


def _queueing_info(context: Context, run: Run) -> QueueingInfoDto | None:
    """Why a queued run does not start, where there is a reason."""
    wait = context.engine.queue.waits.get(run.run_id)
    if wait is None:
        return None
    return QueueingInfoDto(code=wait.code, message=wait.message, last_refresh_timestamp=timestamp())


def artifact_dto(blob: Blob) -> ArtifactDto:
    """An artifact of a run as it is sent; its blob's name is ``origin/container/path``."""
    origin, container, path = blob.name.split("/", 2)
    return ArtifactDto(
        artifact_id=blob.name,
        origin=origin,
        container=container,
        path=path,
        etag=blob.sha256,
        created_time=blob.created,
        data_path={"dataStoreName": "workspaceartifactstore", "relativePath": blob.name, "sqlDataPath": None},
    )


def content_information(
    context: Context, container: str, name: str, permissions: str
) -> ArtifactContentInformationDto:
    """Where an artifact's bytes are read or written."""
    origin, run_container, path = name.split("/", 2)
    return ArtifactContentInformationDto(
        content_uri=context.blob_url(container, name, permissions),
        origin=origin,
        container=run_container,
        path=path,
    )


class AzureStorageDto(Dto):
    """``AzureStorage``."""

    account_name: str
    container_name: str
    endpoint: str
    protocol: str | None = None
    credential_type: str | None = None
    credential: str | None = None
    client_credentials: dict[str, Any] | None = None
    blob_cache_timeout: int | None = None
    is_sas: bool | None = None
    account_key: str | None = None
    sas_token: str | None = None
    are_workspace_managed_identities_allowed: bool | None = None
    subscription_id: str | None = None
    resource_group: str | None = None
    service_data_access_auth_identity: str | None = msgspec.field(
        name="ServiceDataAccessAuthIdentity", default=None
    )


class DatastoreDto(Dto):
    """``DataStore``, with the fields that newer services add."""

    name: str
    data_store_type: str
    has_been_validated: bool
    azure_storage_section: AzureStorageDto
    tags: dict[str, str] = {}
    is_default: bool = False
    azure_data_lake_section: None = None
    azure_sql_database_section: None = None
    azure_postgre_sql_section: None = None
    azure_my_sql_section: None = None
    hdfs_section: None = None
    gluster_fs_section: None = None


class SavedDatasetDto(Dto):
    """``SavedDatasetDto``."""

    id: str
    dataset_type: str
    properties: dict[str, Any]
    dataflow_json: str
    data_changed: bool = False
    data_path: dict[str, Any] | None = None


class DatasetStateDto(Dto):
    """``DatasetStateDto``."""

    state: str = "active"
    deprecated_by: dict[str, Any] | None = None
    etag: str | None = None


class DatasetDefinitionDto(Dto):
    """``DatasetDefinitionDto``."""

    dataset_id: str
    version_id: str
    dataset_definition_state: DatasetStateDto
    dataflow: str
    created_time: str
    modified_time: str
    properties: dict[str, Any]
    saved_dataset_id: str
    data_path: dict[str, Any] | None = None
    partition_format_in_path: str | None = None
    profile_action_result: dict[str, Any] | None = None
    notes: str | None = None
    etag: str | None = None
    file_type: str | None = None


class DatasetDto(Dto):
    """``DatasetDto``."""

    dataset_id: str
    dataset_state: DatasetStateDto
    latest: DatasetDefinitionDto
    created_time: str
    modified_time: str
    name: str
    description: str | None
    tags: dict[str, str]
    is_visible: bool
    dataset_type: str
    etag: str | None = None
    default_compute: str | None = None


def dataset_dto(version: DatasetVersion) -> DatasetDto:
    """A registered dataset as it is sent, with that version as the ``latest`` one."""
    return DatasetDto(
        dataset_id=version.dataset_id,
        dataset_state=DatasetStateDto(),
        latest=DatasetDefinitionDto(
            dataset_id=version.dataset_id,
            version_id=str(version.version),
            dataset_definition_state=DatasetStateDto(),
            dataflow=version.saved.dataflow,
            created_time=version.created,
            modified_time=version.modified,
            properties=version.saved.properties,
            saved_dataset_id=version.saved.saved_id,
        ),
        created_time=version.first_created,
        modified_time=version.modified,
        name=version.name,
        description=version.description,
        tags=version.tags,
        is_visible=version.visible,
        dataset_type=version.saved.kind,
    )
