"""The rows of what a workspace keeps beside runs: environments, models, secrets, datastores and datasets."""

from scaffold.workspace.routes.operation import DELETE, GET, PATCH, POST, PUT, Operation
from scaffold.workspace.services import builds, datasets, datastores, environments, models, secrets

_DATASTORES = "/datastore/v1.0/{S}"
_DATASETS = "/dataset/v1.0/{S}"
_ENVIRONMENTS = "/environment/v1.0/{S}/environments"
_BUILDS = "/environment/v2.0/{S}/environments/{name}/versions/{version}"
_MANAGEMENT = "/modelmanagement/v1.0/{S}"
_SECRETS = "/credential/v2.0/{S}/secrets"

OPERATIONS: tuple[Operation, ...] = (
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
    Operation(POST, _BUILDS + "/image", builds.build_environment, ("Environment.build",)),
    Operation(POST, _BUILDS + "/imageoncompute/{compute}", builds.build_environment, ("Environment.build",)),
    Operation(
        GET,
        _BUILDS + "/image/status",
        builds.get_build,
        ("ImageBuildDetails.status", "ImageBuildDetails.get_log", "ImageBuildDetails.wait_for_completion"),
    ),
    Operation(
        GET, _ENVIRONMENTS + "/{name}/image", builds.get_image_details, ("Environment.get_image_details",)
    ),
    Operation(
        GET,
        _ENVIRONMENTS + "/{name}/versions/{version}/image",
        builds.get_image_details,
        ("Environment.get_image_details",),
    ),
    Operation(POST, _ENVIRONMENTS + "/{name}/recipe", builds.get_recipe, ("Environment.build_local",)),
    Operation(
        POST,
        _ENVIRONMENTS + "/{name}/versions/{version}/recipe",
        builds.get_recipe,
        ("Environment.build_local",),
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
    Operation(
        GET, _MANAGEMENT + "/services", models.list_deployed, ("Webservice.list", "Workspace.webservices")
    ),
    Operation(GET, _MANAGEMENT + "/images", models.list_deployed, ("Image.list", "Workspace.images")),
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
        (
            "Dataset.File.from_files",
            "Dataset.File.upload_directory",
            "Dataset.Tabular.from_delimited_files",
            "Dataset.Tabular.from_json_lines_files",
            "Dataset.Tabular.from_parquet_files",
        ),
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
)
