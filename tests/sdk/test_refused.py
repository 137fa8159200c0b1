"""What the README says is refused is refused: the real calls end with 501 and the reason, and leave nothing behind."""

import json

import pytest

from scaffold.workspace.refusals import (
    COMPONENT_TYPES,
    ENDPOINTS,
    FEATURES,
    FRAMEWORKS,
    JOB_TYPES,
    MODEL_PACKAGES,
    NODES,
    OTHER_WORKSPACES,
    POWER,
    REFUSALS,
    REGISTRIES,
    SCHEDULES,
)
from tests.conftest import Machine, Project
from tests.sdk.calls import given
from tests.sdk.conftest import Interpreter
from tests.sdk.test_mlflow import lines, outside, plain_variables

_PREPARED = """
from azureml.core import Environment, Experiment, LinkedService, ScriptRunConfig
from azureml.core import SynapseWorkspaceLinkedServiceConfiguration
from azureml.core.compute import *
from azureml.core.datastore import Datastore
from azureml.core.image import ContainerImage, Image
from azureml.core.model import InferenceConfig, Model
from azureml.core.runconfig import MpiConfiguration, PyTorchConfiguration, RunConfiguration
from azureml.core.webservice import AciWebservice, Webservice
open('model.txt', 'w').write('m')
open('score.py', 'w').write('def init(): pass\\ndef run(data): return data\\n')
model = Model.register(ws, 'model.txt', 'refused')
here = Environment('here')
here.python.user_managed_dependencies = True
inference = InferenceConfig(entry_script='score.py', environment=here)
experiment = Experiment(ws, 'refused')
group = '/subscriptions/s/resourceGroups/g/providers/'
attach = lambda configuration: ComputeTarget.attach(ws, 'other', configuration)
store = dict(workspace=ws, datastore_name='other')
login = dict(tenant_id='t', client_id='c', client_secret='s')
def run(**how):
    config = ScriptRunConfig('.', script='score.py', compute_target='c1', environment=here, **how)
    experiment.submit(config)
def spark():
    configuration = RunConfiguration(framework='PySpark')
    configuration.target, configuration.environment = 'c1', here
    experiment.submit(ScriptRunConfig('.', script='score.py', run_config=configuration))
instance = ComputeTarget.create(ws, 'inst', ComputeInstance.provisioning_configuration('STANDARD_D3_V2'))
ended = experiment.submit(ScriptRunConfig('.', script='score.py', compute_target='c1', environment=here))
ended.wait_for_completion()
"""
CALLS = {
    "Model.deploy": "Model.deploy(ws, 'serv', [model], inference, AciWebservice.deploy_configuration())",
    "Model.package": "Model.package(ws, [model], inference)",
    "Webservice": "Webservice(ws, 'serv')",
    "Image.create": "Image.create(ws, 'imag', [model], ContainerImage.image_configuration('score.py', 'python'))",
    "Environment.from_dockerfile": "Environment.from_dockerfile('dock', 'FROM scratch').build(ws)",
    "AksCompute": "ComputeTarget.create(ws, 'other', AksCompute.provisioning_configuration())",
    "KubernetesCompute.attach_configuration": "attach(KubernetesCompute.attach_configuration("
    "resource_id=group + 'Microsoft.ContainerService/managedClusters/k'))",
    "RemoteCompute.attach_configuration": "attach(RemoteCompute.attach_configuration("
    "resource_id=group + 'Microsoft.Compute/virtualMachines/v', ssh_port=22, username='u', password='p'))",
    "HDInsightCompute.attach_configuration": "attach(HDInsightCompute.attach_configuration("
    "address='a', ssh_port=22, username='u', password='p'))",
    "DatabricksCompute.attach_configuration": "attach(DatabricksCompute.attach_configuration("
    "resource_id=group + 'Microsoft.Databricks/workspaces/d', access_token='t'))",
    "DataFactoryCompute.provisioning_configuration": "ComputeTarget.create("
    "ws, 'other', DataFactoryCompute.provisioning_configuration())",
    "BatchCompute.attach_configuration": "attach(BatchCompute.attach_configuration("
    "resource_id=group + 'Microsoft.Batch/batchAccounts/b'))",
    "AdlaCompute.attach_configuration": "attach(AdlaCompute.attach_configuration("
    "resource_id=group + 'Microsoft.DataLakeAnalytics/accounts/a'))",
    "ComputeInstance.stop": "instance.stop()",
    "AmlCompute.list_quotas": "AmlCompute.list_quotas(ws)",
    "AmlCompute.update_quotas": "AmlCompute.update_quotas(ws, 'StandardDSv2Family', 4)",
    "ComputeInstance.restart": "instance.restart()",
    "Datastore.register_azure_file_share": "Datastore.register_azure_file_share("
    "file_share_name='f', account_name='a', account_key='k', **store)",
    "Datastore.register_azure_data_lake": "Datastore.register_azure_data_lake(store_name='s', **login, **store)",
    "Datastore.register_azure_data_lake_gen2": "Datastore.register_azure_data_lake_gen2("
    "filesystem='f', account_name='a', **login, **store)",
    "Datastore.register_azure_sql_database": "Datastore.register_azure_sql_database("
    "server_name='s', database_name='d', **login, **store)",
    "Datastore.register_azure_postgre_sql": "Datastore.register_azure_postgre_sql("
    "server_name='s', database_name='d', user_id='u', user_password='p', **store)",
    "Datastore.register_azure_my_sql": "Datastore.register_azure_my_sql("
    "server_name='s', database_name='d', user_id='u', user_password='p', **store)",
    "Datastore.register_dbfs": "Datastore.register_dbfs(**store)",
    "Datastore.register_hdfs": "Datastore.register_hdfs(protocol='http', namenode_address='n', hdfs_server_certificate"
    "='', kerberos_realm='r', kerberos_kdc_address='k', kerberos_principal='p', kerberos_password='p', **store)",
    "MpiConfiguration(node_count=2)": "run(distributed_job_config=MpiConfiguration(node_count=2))",
    "PyTorchConfiguration(node_count=2)": "run("
    "distributed_job_config=PyTorchConfiguration(process_count=2, node_count=2))",
    "RunConfiguration(framework='PySpark')": "spark()",
    "Run.clean": "ended.clean()",
    "Workspace.update": "ws.update(description='another')",
    "Workspace.list_keys": "ws.list_keys()",
    "Workspace.sync_keys": "ws.sync_keys()",
    "Workspace.diagnose_workspace": "ws.diagnose_workspace({})",
    "Workspace.set_connection": "ws.set_connection('c', 'Git', 't', 'PAT', 'v')",
    "Workspace.list_connections": "ws.list_connections()",
    "Workspace.linked_services": "ws.linked_services",
    "Workspace.create(another name)": "Workspace.create("
    "'other', subscription_id=ws.subscription_id, resource_group='local', location='eastus')",
    "Workspace.create(another resource group)": "Workspace.create("
    "'local', subscription_id=ws.subscription_id, resource_group='other', location='eastus')",
    "LinkedService.register": "LinkedService.register(ws, 'link', "
    "SynapseWorkspaceLinkedServiceConfiguration('s', 'g', 'n'))",
}
_MLFLOW = {
    "mlflow.search_traces": "client.search_traces(experiment_ids=['0'])",
    "mlflow.MlflowClient.create_webhook": "client.create_webhook("
    "'w', 'https://localhost/w', ['model_version.created'])",
}
_OF_PACKAGES = {
    "Pipeline.submit": "Pipeline(ws, [step]).submit('refused')",
    "Pipeline.publish": "Pipeline(ws, [step]).publish('refused')",
    "PublishedPipeline.list": "PublishedPipeline.list(ws)",
    "PipelineEndpoint.list": "PipelineEndpoint.list(ws)",
    "Schedule.list": "Schedule.list(ws)",
    "BayesianParameterSampling": "experiment.submit(hyperdrive)",
    "AutoMLConfig": "experiment.submit(automl)",
}
# Tried in v2/test_pipeline.py, test_workspace.py and test_lesser_calls.py, with what they are refused for by name.
_OF_V2 = {
    call
    for row in (
        *(JOB_TYPES, COMPONENT_TYPES, ENDPOINTS, SCHEDULES, REGISTRIES, MODEL_PACKAGES, FEATURES),
        *(OTHER_WORKSPACES, POWER),
    )
    for call in row.calls
}


def test_every_call_that_the_readme_calls_refused_is_tried():
    calls = {call for refusal in REFUSALS for call in refusal.calls}
    assert calls == {*CALLS, *_MLFLOW, *_OF_PACKAGES, *_OF_V2}


# The engine says these in words of its own.
_WORDS = {
    NODES.what: "the local workspace is one machine",
    FRAMEWORKS.what: "runs Python scripts and commands",
}


def code(calls: dict[str, str]) -> str:
    return "".join(f"seen[{name!r}] = failure(lambda: {call})\n" for name, call in calls.items())


@pytest.fixture(scope="module")
def told(shared_machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """How each call failed; what is left afterwards under the name ``left``."""
    left = """
seen['left'] = [
    sorted(set(ws.compute_targets) - (before - {'c1', 'inst'})),
    [name for name in ws.datastores if name == 'other'],
    list(ws.webservices),
    list(ws.images),
    [run.id for run in experiment.get_runs()] == [ended.id],
    ws.get_details()['description'],
]
instance.delete()
"""
    folder = tmp_path_factory.mktemp("refused")
    before = "before = set(ws.compute_targets)\n"
    return given(shared_machine, before + _PREPARED + code(CALLS) + left, cwd=folder)


@pytest.mark.parametrize(
    "refusal", [row for row in REFUSALS if set(row.calls) & set(CALLS)], ids=lambda row: row.what
)
def test_the_calls_of_azureml_core_are_told_why(refusal, told: dict[str, str]):
    for call in set(refusal.calls) & set(CALLS):
        assert told[call] is not None, call
        assert "501" in told[call] or "NotImplemented" in told[call], (call, told[call])
        assert _WORDS.get(refusal.what, refusal.reason) in told[call], (call, told[call])


def test_nothing_of_what_was_refused_is_left(told: dict[str, str]):
    assert told["left"] == [
        ["c1", "inst"], [], [], [], True, "The local workspace of azureml-scaffold, on this machine.",
    ]  # fmt: skip


def test_the_calls_of_mlflow_are_told_why(shared_machine: Machine, project: Project, plain):
    script = f"""
import json, mlflow
client, seen = mlflow.MlflowClient(), {{}}
def failure(call):
    try:
        call()
    except Exception as error:
        return str(error)
{code(_MLFLOW)}
print("SEEN", json.dumps(seen))
"""
    done = outside(shared_machine, plain, script, project(), **plain_variables(shared_machine))

    seen = json.loads(lines(done, "SEEN")[0])
    assert seen.keys() == _MLFLOW.keys()
    for text in seen.values():
        assert "NOT_IMPLEMENTED" in text and "traces, prompts, evaluations and webhooks" in text


@pytest.mark.slow
def test_the_calls_of_other_packages_get_the_same_answer(
    shared_machine: Machine, project: Project, python_with: Interpreter
):
    """Most of their clients show the status alone, and not the reason, which stands in the service's log."""
    packages = (
        "azureml-train-core",
        "azureml-pipeline-core",
        "azureml-pipeline-steps",
        "azureml-train-automl-client",
    )
    python = python_with(*packages, "setuptools<80")
    script = f"""
import json, os
from azureml.core import Dataset, Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.runconfig import RunConfiguration
from azureml.pipeline.core import Pipeline, PipelineEndpoint, PublishedPipeline, Schedule
from azureml.pipeline.steps import PythonScriptStep
from azureml.train.automl import AutoMLConfig
from azureml.train.hyperdrive import *
ws, seen = Workspace.from_config(path='.azureml'), {{}}
def failure(call):
    try:
        call()
    except Exception as error:
        return repr(error)
experiment = Experiment(ws, 'refused-too')
# AutoML looks for its cluster among those that there are, before it asks for anything.
ComputeTarget.create(ws, 'c1', AmlCompute.provisioning_configuration('STANDARD_D2_V2', max_nodes=1))
step = lambda: None
here = Environment('here')
here.python.user_managed_dependencies = True
hyperdrive = HyperDriveConfig(
    run_config=ScriptRunConfig('Experiment_1', script='experiment_1.py', compute_target='c1', environment=here),
    hyperparameter_sampling=BayesianParameterSampling({{'--x': uniform(0, 1)}}), primary_metric_name='m',
    primary_metric_goal=PrimaryMetricGoal.MAXIMIZE, max_total_runs=2)
open('data.csv', 'w').write('x,y\\n1,0\\n2,1\\n' * 60)
store = ws.get_default_datastore()
store.upload_files(['data.csv'], overwrite=True, show_progress=False)
table = Dataset.Tabular.from_delimited_files((store, 'data.csv'))
automl = AutoMLConfig(task='classification', training_data=table, label_column_name='y', compute_target='c1',
                      primary_metric='accuracy')
step = PythonScriptStep('experiment_1.py', compute_target='c1', source_directory='Experiment_1',
                        runconfig=RunConfiguration())
{code(_OF_PACKAGES)}
print()
print("SEEN", json.dumps(seen))
"""
    done = outside(shared_machine, python, script, project())

    seen = json.loads(lines(done, "SEEN")[0])
    assert seen.keys() == _OF_PACKAGES.keys()
    for call, text in seen.items():
        told = ("Not Implemented", "NotImplemented", "The local workspace does not have")
        assert text and any(words in text for words in told), (call, text)
