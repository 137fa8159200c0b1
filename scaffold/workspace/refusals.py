"""What this workspace knows of and does not do, a row for each: the calls, the reason and the way out.

The answer to such a request (501) and the README's table are made of the same rows. What stands neither here nor
in the table of routes is refused by its address alone.
"""

import re
from functools import cached_property

from scaffold.workspace.faults import Fault


class Refusal:
    """One row.

    Args:
        what: what it is that is not done, in the plural or as a mass noun.
        calls: the SDK calls that end here, ``Class.method`` or ``Class``.
        reason: why, and what to do instead; sentences.
        requests: regular expressions of whole requests, ``METHOD /path`` with ``…`` for the workspace's scope;
            none when a handler decides by what is in the request.
    """

    def __init__(self, what: str, calls: tuple[str, ...], reason: str, *requests: str) -> None:
        self.what, self.calls, self.reason, self._requests = what, calls, reason, requests

    @cached_property
    def _pattern(self) -> "re.Pattern[str] | None":
        return re.compile("|".join(self._requests), re.IGNORECASE) if self._requests else None

    def matches(self, operation: str) -> bool:
        """True when the request is one of the row's."""
        return self._pattern is not None and self._pattern.fullmatch(operation) is not None

    def message(self, detail: str = "") -> str:
        """What a person is told; the detail is what exactly was asked for."""
        asked = f" ({detail})" if detail else ""
        return f"The local workspace does not have {self.what}{asked}. {self.reason}"

    def fault(self, detail: str = "") -> Fault:
        """The refusal as it is answered."""
        return Fault(501, "NotImplemented", self.message(detail), "OperationNotSupported")


WEB_SERVICES = Refusal(
    "web services",
    ("Model.deploy", "Model.package", "Webservice"),
    "It runs no containers; load the model that Model.get_model_path() gives, and call it.",
    r"\w+ /modelmanagement/v1\.0…/(services|packages|operations|images/[^/]+/profiles|profiles)\b.*",
)
IMAGES = Refusal(
    "Docker images",
    ("Image.create",),
    "It runs no containers; a Python environment is built by Environment.build().",
    r"\w+ /modelmanagement/v1\.0…/images\b.*",
)
DOCKERFILES = Refusal(
    "Docker builds",
    ("Environment.from_dockerfile",),
    "It builds the Python environment of a pip or conda specification.",
)
PIPELINES = Refusal(
    "pipelines",
    (
        "Pipeline.submit",
        "Pipeline.publish",
        "PublishedPipeline.list",
        "PipelineEndpoint.list",
        "Schedule.list",
    ),
    "Submit each step as a run of its own, which run.submit_child() keeps together, or a pipeline job of SDK v2.",
    r"\w+ /(pipelines|studioservice)/.*",
)
HYPERDRIVE = Refusal(
    "HyperDrive's Bayesian sampling",
    ("BayesianParameterSampling",),
    "Sample at random, or take a grid.",
    r"\w+ /hyperdrive/.*",
)
AUTOML = Refusal(
    "automated ML",
    ("AutoMLConfig",),
    "Submit a script that trains the models.",
    r"\w+ /jasmine/.*",
)
KINDS_OF_COMPUTE = Refusal(
    "other kinds of compute targets",
    (
        "AksCompute", "KubernetesCompute.attach_configuration", "RemoteCompute.attach_configuration",
        "HDInsightCompute.attach_configuration", "DatabricksCompute.attach_configuration",
        "DataFactoryCompute.provisioning_configuration", "BatchCompute.attach_configuration",
        "AdlaCompute.attach_configuration",
    ),
    "It has AmlCompute and ComputeInstance, which are this machine.",
)  # fmt: skip
QUOTAS = Refusal(
    "quotas of its own",
    ("AmlCompute.list_quotas", "AmlCompute.update_quotas"),
    "AmlCompute.list_usages() tells how many runs may execute at once; SCAFFOLD_WIDTH says so.",
    r"(GET|POST) /subscriptions/[^/]+/providers/Microsoft\.MachineLearningServices/locations/[^/]+/(q|updateQ)uotas",
)
POWER = Refusal(
    "a switch for compute instances",
    ("ComputeInstance.stop", "ComputeInstance.restart", "MLClient.compute.enable_sso"),
    "The instance is this machine.",
    r"POST …/computes/[^/]+/(start|stop|restart|enableSso)",
)
STORAGE = Refusal(
    "other kinds of datastores",
    (
        "Datastore.register_azure_file_share", "Datastore.register_azure_data_lake",
        "Datastore.register_azure_data_lake_gen2", "Datastore.register_azure_sql_database",
        "Datastore.register_azure_postgre_sql", "Datastore.register_azure_my_sql", "Datastore.register_dbfs",
        "Datastore.register_hdfs",
    ),
    "workspaceblobstore is the one whose data is here; of another blob container it keeps the record.",
)  # fmt: skip
NODES = Refusal(
    "several nodes",
    ("MpiConfiguration(node_count=2)", "PyTorchConfiguration(node_count=2)"),
    "It is one machine; set node_count to 1 to run it here, with as many processes as you like.",
)
FRAMEWORKS = Refusal(
    "Spark and R",
    ("RunConfiguration(framework='PySpark')",),
    "It runs Python scripts and commands.",
)
REMOTE_FILES = Refusal(
    "files of runs on other machines",
    ("Run.clean",),
    "What a run left in its folder is removed when it is over.",
    r"POST /execution/v1\.0…/experiments/[^/]+/clean",
)
RESOURCE = Refusal(
    "keys, links and connections of the workspace",
    (
        "Workspace.list_keys", "Workspace.sync_keys", "Workspace.diagnose_workspace",
        "Workspace.set_connection", "Workspace.list_connections", "Workspace.linked_services",
        "LinkedService.register",
    ),
    "It is no resource on Azure; whoever may read its files has all of it.",
    r"\w+ …/(listKeys|resyncKeys|diagnose|connections|linkedServices|privateEndpointConnections)\b.*",
)  # fmt: skip
JOB_TYPES = Refusal(
    "other kinds of jobs than command, sweep and pipeline jobs",
    ("MLClient.jobs.create_or_update(AutoMLJob)", "MLClient.jobs.create_or_update(spark job)"),
    "Write it as a command job that does the work itself.",
)
COMPONENT_TYPES = Refusal(
    "other kinds of components than commands and pipelines",
    ("parallel_run_function", "MLClient.components.create_or_update(parallel component)"),
    "A command component can do the work of a parallel, Spark or import step by itself, and that of a loop.",
)
ENDPOINTS = Refusal(
    "endpoints and deployments",
    (
        "MLClient.online_endpoints",
        "MLClient.online_deployments",
        "MLClient.batch_endpoints",
        "MLClient.batch_deployments",
    ),
    "It runs no containers; load the model that MLClient.models.download() gives, and call it.",
    r"\w+ …/(online|batch|serverless)Endpoints\b.*",
)
SCHEDULES = Refusal(
    "schedules",
    ("MLClient.schedules",),
    "Submit the job when its time has come, for example by cron.",
    r"\w+ …/schedules\b.*",
)
REGISTRIES = Refusal(
    "registries",
    ("MLClient.registries", "MLClient(registry_name=…)", "MLClient.models.share"),
    "Register models, components and environments in the workspace itself.",
    r"\w+ /subscriptions/[^/]+(/resourceGroups/[^/]+)?/providers/[^/]+/registries\b.*",
    r"\w+ /registrymanagement/.*",
)
MODEL_PACKAGES = Refusal(
    "packages of models",
    ("MLClient.models.package",),
    "It runs no containers; load the model that MLClient.models.download() gives, and call it.",
    r"\w+ …/models/[^/]+/versions/[^/]+/package",
)
OTHER_WORKSPACES = Refusal(
    "other workspaces, or settings of its own",
    (
        "Workspace.create(another name)",
        "Workspace.create(another resource group)",
        "Workspace.update",
        "MLClient.workspaces.begin_create",
        "MLClient.workspaces.begin_update",
        "MLClient.workspaces.begin_provision_network",
    ),
    "It is no resource on Azure; SCAFFOLD_HOME names the folder of another one, and 'scaffold workspace start "
    "--rehearse config.json' gives it the names of that file.",
    r"(PUT|PATCH) …",
    r"PUT /subscriptions/[^/]+/resourceGroups/[^/]+",
    r"\w+ /subscriptions/[^/]+(/resourceGroups/[^/]+)?/providers/Microsoft\.Resources/deployments\b.*",
    r"\w+ …/(provisionManagedNetwork|outboundRules)\b.*",
)
FEATURES = Refusal(
    "feature stores and indexes",
    ("MLClient.feature_sets", "MLClient.feature_store_entities", "MLClient.indexes"),
    "Keep what they hold as data assets.",
    r"\w+ …/(featuresets|featurestoreEntities)\b.*",
    r"\w+ /genericasset….*",
)
TRACES = Refusal(
    "MLflow's traces, prompts, evaluations and webhooks",
    ("mlflow.search_traces", "mlflow.MlflowClient.create_webhook"),
    "It has experiments, runs, artifacts and the model registry.",
    r"\w+ /mlflow/[^/]+…/api/[23]\.0/mlflow/(traces|webhooks|scorers|datasets|assessments|labeling)\b.*",
)

REFUSALS = (
    WEB_SERVICES,
    IMAGES,
    DOCKERFILES,
    PIPELINES,
    HYPERDRIVE,
    AUTOML,
    KINDS_OF_COMPUTE,
    QUOTAS,
    POWER,
    STORAGE,
    NODES,
    FRAMEWORKS,
    REMOTE_FILES,
    RESOURCE,
    JOB_TYPES,
    COMPONENT_TYPES,
    ENDPOINTS,
    SCHEDULES,
    REGISTRIES,
    MODEL_PACKAGES,
    OTHER_WORKSPACES,
    FEATURES,
    TRACES,
)


def find(operation: str) -> Refusal | None:
    """The row of a request, ``METHOD /path`` with ``…`` for the workspace's scope."""
    return next((refusal for refusal in REFUSALS if refusal.matches(operation)), None)
