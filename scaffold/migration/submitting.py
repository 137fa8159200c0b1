"""What of a submitting script has no place in a job, with what SDK v2 has for it.

The script stays as it is; what submits the job is a script of its own. Read off the syntax tree.
"""

import ast
import re
from collections.abc import Collection, Iterator

from scaffold.migration.notes import Note
from scaffold.project import notebook
from scaffold.project.subject import Subject
from scaffold.project.values import Values

SUBMITTER = "run_experiment_v2.py"

_INPUT = "Give the job an input: inputs: NAME: {type: uri_folder, path: …} in job.yml, ${{inputs.NAME}} in its command."
_OUTPUT = (
    "Give the job an output: outputs: NAME: {type: uri_folder} in job.yml, ${{outputs.NAME}} in its command."
)
_DATA = "client.data.create_or_update(Data(name=…, path=…))"
_COMPUTE = "client.compute.begin_create_or_update(AmlCompute(name=…, size=…))"
_MODEL = "client.models.create_or_update(Model(name=…, path=f'azureml://jobs/{job.name}/outputs/artifacts/paths/…'))"

# The last part of what is called → what SDK v2 has for it.
_CALLS = {
    "as_named_input": _INPUT,
    "as_mount": _INPUT,
    "as_download": _INPUT,
    "DataReference": _INPUT,
    "OutputFileDatasetConfig": _OUTPUT,
    "register_on_complete": "path: azureml:NAME and a name: of the output in job.yml register it.",
    "get_by_name": "client.data.get(name, label='latest')",
    "from_files": _DATA,
    "from_delimited_files": _DATA,
    "from_parquet_files": _DATA,
    "upload_files": _DATA,
    "upload_directory": _DATA,
    "get_default_datastore": "client.datastores.get_default()",
    "provisioning_configuration": _COMPUTE,
    "register_model": _MODEL,
    "get_metrics": "mlflow.get_run(job.name).data.metrics",
    "get_file_names": "mlflow.artifacts.list_artifacts(run_id=job.name)",
    "download_file": "client.jobs.download(job.name, all=True)",
    "download_files": "client.jobs.download(job.name, all=True)",
    "get_details": "client.jobs.get(job.name)",
    "get_details_with_logs": "client.jobs.stream(job.name)",
    "get_status": "client.jobs.get(job.name).status",
    "cancel": "client.jobs.begin_cancel(job.name)",
    "get_children": "client.jobs.list(parent_job_name=job.name)",
    "HyperDriveConfig": "job.sweep(…), with the search space as the job's inputs",
    "AutoMLConfig": "azure.ai.ml.automl",
    "Pipeline": "@pipeline of azure.ai.ml.dsl, of command components",
    "PythonScriptStep": "@pipeline of azure.ai.ml.dsl, of command components",
    "DockerConfiguration": "docker_args and shm_size stand in resources: of job.yml; a job's image is always used.",
    "RunDetails": "The page that the job's studio_url names.",
    "deploy": "client.online_endpoints and client.online_deployments",
}


# What a compute target has by the same name as a run.
_OF_COMPUTES = {"get_status": "client.compute.get(name)", "cancel": "client.compute.begin_stop(name)"}


def left_in(subject: Subject, carried: Collection[tuple[int, int]] = ()) -> Iterator[Note]:
    """What the submitting script does beyond submitting one run.

    Args:
        subject: the project.
        carried: the ends (line and column) of the calls that the job has inputs and outputs for.
    """
    values = Values(subject.runner, subject.constants, subject.constants_file, subject.root)
    of_environment = {"register", "build", "build_local"}
    for node in ast.walk(values.tree):
        if not isinstance(node, ast.Call) or (node.end_lineno, node.end_col_offset) in carried:
            continue
        called = values.called(node)
        hint = _CALLS.get(called)
        if hint is None and called in of_environment:
            hint = "client.environments.create_or_update(…), client.data or client.models, as what it is of"
        if hint is None:
            continue
        if called in _OF_COMPUTES and _is_of_compute(node, values):
            hint = _OF_COMPUTES[called]
        told = ast.unparse(node.func) if values.dotted(node.func) else called
        what = f"{told}(…) is no part of a job, and stays in this script"
        yield Note("left", subject.runner.shown, node.lineno, what, hint)


def _is_of_compute(call: ast.Call, values: Values) -> bool:
    """Whether the owner of a method is made by a class of compute targets, wherever that is."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if not isinstance(owner, ast.Name):
        return False
    made = [
        node.value
        for node in ast.walk(values.tree)
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == owner.id for target in node.targets)
    ]
    return any(
        isinstance(one, ast.Call)
        and re.search(r"\b(ComputeTarget|AmlCompute|ComputeInstance)\b", ast.unparse(one.func))
        for one in made
    )


def rewrites(subject: Subject, migrated: Collection[str]) -> Iterator[Note]:
    """Cells of a notebook that write files which were migrated, as they were before.

    Args:
        subject: the project.
        migrated: the files' names.
    """
    if subject.runner.path.suffix != notebook.SUFFIX:
        return
    for path, line in notebook.writing(subject.runner.data()).items():
        name = path.replace("\\", "/").rpartition("/")[2]
        if name in migrated:
            what = f"this cell writes {name} as it was before, over the one that is migrated"
            yield Note(
                "left", subject.runner.shown, line, what, "Take the cell out, or put the new text into it."
            )


def waits(subject: Subject) -> bool:
    """Whether the script waits for its run, with its log on the screen or not."""
    values = Values(subject.runner, subject.constants, subject.constants_file, subject.root)
    return any(
        isinstance(node, ast.Call)
        and values.called(node) == "wait_for_completion"
        and _is_of_run(node, values)
        for node in ast.walk(values.tree)
    )


def _is_of_run(call: ast.Call, values: Values) -> bool:
    """Clusters are waited for too: a run is what submit gave."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else call
    bound = values.followed(owner)
    return isinstance(bound, ast.Call) and values.called(bound) == "submit"
