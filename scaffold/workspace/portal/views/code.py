"""The commands and the Python that repeat, download or cancel a run."""

import shlex
from typing import Any

from scaffold.workspace.portal.pages import Look
from scaffold.workspace.portal.views.run import arguments_of, frame
from scaffold.workspace.store.runs import Run, is_step


def page(look: Look, run_id: str) -> dict[str, Any] | None:
    """What to type, on the command line and in Python."""
    run = look.store.runs.get(run_id)
    if run is None:
        return None
    experiment = look.store.experiments.by_id(run.experiment_id)
    name = experiment.name if experiment else ""
    return {**frame(look, run, "code"), "commands": _commands(run), "python": _python(run, name)}


def _commands(run: Run) -> list[dict[str, str]]:
    run_id = shlex.quote(run.run_id)
    wanted = {
        "Show it, its log and its metrics": ("show", "logs", "metrics"),
        "Download its files": ("download",),
    }
    if run.snapshot_id:
        wanted["Get its snapshot back"] = ("restore",)
    if not run.status.terminal:
        wanted["Cancel it"] = ("cancel",)
    return [
        {"what": what, "code": "".join(f"scaffold runs {name} {run_id}\n" for name in names)}
        for what, names in wanted.items()
    ]


def _python(run: Run, experiment: str) -> list[dict[str, str]]:
    """Python for the SDK; it runs with 'scaffold exec -- python FILE' in the project's folder."""
    return _of_second_sdk(run) if run.job else _of_first_sdk(run, experiment)


def _of_second_sdk(run: Run) -> list[dict[str, str]]:
    """For a job, whose command has inputs and outputs in it that the first SDK knows nothing of."""
    head = (
        "from azure.ai.ml import MLClient\nfrom azure.identity import DefaultAzureCredential\n\n"
        "client = MLClient.from_config(DefaultAzureCredential())\n"
    )
    got = f"{head}job = client.jobs.get({run.run_id!r})\n"
    download = (
        f"print(job.status)\nclient.jobs.download({run.run_id!r}, download_path={run.run_id!r}, all=True)\n"
    )
    blocks = [{"what": "Get this job and its files", "code": got + download}]
    if not is_step(run):
        again = f"{got}job.name = None\nprint(client.jobs.create_or_update(job).studio_url)\n"
        blocks.append({"what": "Submit the same again", "code": again})
    if not run.status.terminal:
        cancel = f"{head}client.jobs.begin_cancel({run.run_id!r}).result()\n"
        blocks.append({"what": "Cancel it", "code": cancel})
    return blocks


def _of_first_sdk(run: Run, experiment: str) -> list[dict[str, str]]:
    head = f"from azureml.core import Workspace\n\nws = Workspace.from_config()\nrun = ws.get_run({run.run_id!r})\n"
    download = (
        f"print(run.get_status(), run.get_metrics())\nrun.download_files(output_directory={run.run_id!r})\n"
    )
    blocks = [{"what": "Get this run, its metrics and its files", "code": head + download}]
    if run.definition is not None and run.snapshot_id:
        blocks.append({"what": "Submit the same again, from its snapshot", "code": _again(run, experiment)})
    if not run.status.terminal:
        blocks.append({"what": "Cancel it", "code": head + "run.cancel()\n"})
    return blocks


def _again(run: Run, experiment: str) -> str:
    definition = run.definition or {}
    command = definition.get("command")
    what = (
        [f"command={command if isinstance(command, list) else [command]!r},"]
        if command
        else [f"script={run.script_name!r},", f"arguments={arguments_of(run)!r},"]
    )
    lines = [
        "from pathlib import Path",
        "from zipfile import ZipFile",
        "",
        "from azureml.core import Experiment, ScriptRunConfig, Workspace",
        "",
        "ws = Workspace.from_config()",
        f"run = ws.get_run({run.run_id!r})",
        f"folder = Path({run.run_id + '_snapshot'!r})",
        "ZipFile(run.restore_snapshot()).extractall(folder)",
        "",
        "config = ScriptRunConfig(",
        "    source_directory=str(folder),",
        *(f"    {line}" for line in what),
        f"    compute_target={run.target!r},",
        "    environment=run.get_environment(),",
        ")",
        f"print(Experiment(ws, {experiment!r}).submit(config).get_portal_url())",
    ]
    return "\n".join(lines) + "\n"
