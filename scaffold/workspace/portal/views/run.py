"""The pages of one run: what they all have on top, and the details."""

import shlex
from typing import Any
from urllib.parse import quote

from scaffold import parameters
from scaffold.failure import find_reason, plain_text
from scaffold.workspace.logs import BUILD_LOG, PIPELINE_LOG, SWEEP_LOG, USER_LOGS, last_lines
from scaffold.workspace.portal.pages import Look
from scaffold.workspace.portal.views import lists
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.runs import BUILT_AS, Run

_TAIL_LINES, _TAIL_BYTES = 200, 64 * 1024
_OWN_FILES = ("default", "artifacts")
_CHILDREN = 20
_GIT = {"repository": ("azureml.git.repository_uri", "mlflow.source.git.repoURL"),
        "branch": ("azureml.git.branch", "mlflow.source.git.branch"),
        "commit": ("azureml.git.commit", "mlflow.source.git.commit"),
        "dirty": ("azureml.git.dirty",)}  # fmt: skip


def artifacts(look: Look, run_id: str) -> dict[str, int]:
    """The size (bytes) of each file that a run has left, by its path."""
    return look.store.blobs.sizes_under(ARTIFACTS, artifact_prefix(run_id))


def frame(look: Look, run: Run, tab: str) -> dict[str, Any]:
    """What every page of a run has: who it is, how it is, which pages there are."""
    store = look.store
    experiment = store.experiments.by_id(run.experiment_id)
    address = f"/runs/{quote(run.run_id)}"
    name = run.display_name or run.run_id
    count = store.database.one("SELECT COUNT(*) FROM runs WHERE parent_run_id = ?", run.run_id)
    return {
        "title": name,
        "section": "runs",
        "tab": tab,
        "run": {
            **lists.row_of(run),
            "address": address,
            "experiment": experiment.name if experiment else None,
            "experiment_address": f"/experiments/id/{run.experiment_id}"
            if experiment is None or experiment.archived
            else f"/experiments/{quote(experiment.name, safe='')}",
            "ended": run.ended,
            "executed": run.executed,
            "submitted": run.definition is not None,
            "exit_code": run.exit_code,
            "archived": run.hidden,
        },
        "child_count": count[0] if count else 0,
        "live": None if run.status.terminal else f"{address}/live",
    }


def environment_of(run: Run) -> dict[str, Any]:
    """The environment section of what was submitted."""
    section = (run.definition or run.recorded.get("runDefinition") or {}).get("environment") or {}
    return section if isinstance(section, dict) else {}


def arguments_of(run: Run) -> list[str]:
    """The script's arguments."""
    definition = run.definition or run.recorded.get("runDefinition") or {}
    return [str(argument) for argument in definition.get("arguments") or []]


def command_of(run: Run) -> str:
    """What was run, as one would type it."""
    definition = run.definition or run.recorded.get("runDefinition") or {}
    command = definition.get("command") or (run.job.get("trial") or {}).get("command")
    if command:
        return command if isinstance(command, str) else " ".join(map(str, command))
    if not run.script_name:
        return ""
    return shlex.join(["python", run.script_name, *arguments_of(run)])


def parameters_of(run: Run) -> dict[str, str]:
    """Its arguments, a job's literals with those that a sweep has given it, and MLflow's parameters, by name."""
    inputs = (run.job.get("inputs") or {}).items()
    literals = {key: str(given["value"]) for key, given in inputs if given and given.get("value") is not None}
    drawn = lists.drawn_of(run) if run.job else {}  # among the arguments, with the first SDK
    return literals | drawn | parameters.named(arguments_of(run), run.properties)


def git_of(run: Run) -> dict[str, str]:
    """The state of the checkout that it was submitted from."""
    return {
        what: value
        for what, names in _GIT.items()
        if (value := next((run.properties[name] for name in names if run.properties.get(name)), ""))
    }


def log_text(look: Look, run_id: str, path: str) -> str:
    """The end of a log without what is meant for a terminal."""
    file = artifact_file(look, run_id, path)
    return plain_text(last_lines(file, lines=_TAIL_LINES, limit=_TAIL_BYTES)) if file else ""


def details(look: Look, run_id: str) -> dict[str, Any] | None:
    """One run: what it is, how it went, what it was made of."""
    store = look.store
    run = store.runs.get(run_id)
    if run is None:
        return None
    definition = run.definition or {}
    files = artifacts(look, run_id)
    logs = [name for name in files if name.startswith(USER_LOGS)]
    # A sweep and a pipeline print nothing themselves, and have a log of what became of their children.
    logs += [name for name in files if name in (SWEEP_LOG, PIPELINE_LOG)]
    parent = store.runs.get(run.parent_run_id) if run.parent_run_id else None
    history = [{"status": status, "at": at} for status, at in store.runs.history(run_id)]
    origin = run.properties.get("resubmitted_from")
    return {
        **frame(look, run, "details"),
        **lists.row_of(run),
        "experiment": frame(look, run, "")["run"]["experiment"],
        "description": run.description,
        "script": run.script_name,
        "command": command_of(run),
        "arguments": arguments_of(run),
        "parameters": parameters_of(run),
        "environment": environment_of(run).get("name"),
        "environment_variables": definition.get("environmentVariables") or {},
        "built": BUILD_LOG in files,
        "run_type": run.run_type,
        "nodes": definition.get("nodeCount"),
        "limit_seconds": definition.get("maxRunDurationSeconds"),
        "started": run.started,
        "ended": run.ended,
        "exit_code": run.exit_code,
        "error": plain_text(run.error["message"]) if run.error else None,
        "warnings": [warning["message"] for warning in run.warnings],
        "snapshot_id": run.snapshot_id,
        "git": dict.fromkeys(_GIT, "") | git_of(run),
        # Azure ML's own, such as the whole configuration of a sweep, are for its clients.
        "tags": {name: text for name, text in run.tags.items() if not name.startswith("_aml_system_")},
        "properties": run.properties,
        "history": history,
        "parent": lists.row_of(parent) if parent else None,
        "origin": origin if origin and store.runs.get(origin) else None,
        "children": lists.children(look, run_id, _CHILDREN),
        "best": _best(look, run),
        "inputs": _datasets(look, run, "inputDatasets", "inputDetails", "inputName"),
        "outputs": _datasets(look, run, "outputDatasets", "outputDetails", "outputName"),
        "models": [{"name": m.name, "version": m.version} for m in store.models.find(run_id=run_id)],
        "reason": find_reason(run.error["message"]) if run.error else "",
        "log": logs[0] if logs else None,
        "tail": log_text(look, run_id, logs[0]) if logs else "",
    }


def _datasets(look: Look, run: Run, kind: str, details: str, key: str) -> list[dict[str, Any]]:
    """The datasets that a run read or wrote (``DatasetLineage``): as what, which, and where a job says it is."""
    entries = run.recorded.get(kind)
    places = run.job.get(kind.removesuffix("Datasets") + "s") or {}
    found = []
    for entry in entries if isinstance(entries, list) else []:
        saved_id = str((entry.get("identifier") or {}).get("savedId") or "")
        dataset = look.store.datasets.by_saved_id(saved_id)
        name = str((entry.get(details) or {}).get(key) or "")
        found.append(
            {
                "as": name,
                "address": (places.get(name) or {}).get("uri"),
                "saved_id": saved_id,
                "name": dataset.name if dataset else None,
                "version": dataset.version if dataset else None,
            }
        )
    known = {entry["as"] for entry in found}
    return found + [
        {"as": name, "address": place["uri"], "saved_id": "", "name": None, "version": None}
        for name, place in places.items()
        if place and place.get("uri") and name not in known and name not in _OWN_FILES
    ]


def _best(look: Look, run: Run) -> dict[str, Any] | None:
    """The best child of a sweep that is over, with its value of the metric that the sweep was about."""
    child = run.properties.get("best_child_run_id")
    best, sweep = look.store.runs.get(child) if child else None, look.store.sweeps.get(run.run_id)
    if best is None or sweep is None:
        return None
    return {**lists.row_of(best), "metric": sweep.metric, "score": run.properties.get("score")}


def environment(look: Look, run_id: str) -> dict[str, Any] | None:
    """The environment of a run, as it was asked for, and how it was built."""
    import yaml

    run = look.store.runs.get(run_id)
    if run is None:
        return None
    section = environment_of(run)
    python = section.get("python") or {}
    conda = python.get("condaDependencies")
    built = BUILD_LOG in artifacts(look, run_id)
    return {
        **frame(look, run, "details"),
        "name": section.get("name"),
        "version": section.get("version"),
        "user_managed": bool(python.get("userManagedDependencies")),
        "interpreter": python.get("interpreterPath"),
        "specification": yaml.safe_dump(conda, sort_keys=False, allow_unicode=True) if conda else "",
        "variables": section.get("environmentVariables") or {},
        "notices": [w["message"] for w in run.warnings if w.get("source") == "environment"],
        "build_log": BUILD_LOG if built else None,
        "build_text": log_text(look, run_id, BUILD_LOG) if built else "",
        "built_as": next(iter(run.recorded.get(BUILT_AS, [])[-1:]), None),
        "definition": section,
    }


def children(look: Look, run_id: str) -> dict[str, Any] | None:
    """The children of a run."""
    run = look.store.runs.get(run_id)
    if run is None:
        return None
    return {**frame(look, run, "children"), "children": lists.children(look, run_id)}


def artifact_file(look: Look, run_id: str, path: str) -> Any:
    """The file with an artifact's bytes, or None."""
    blob = look.store.blobs.get(ARTIFACTS, artifact_prefix(run_id) + path)
    file = look.store.blobs.file(blob) if blob else None
    return file if file is not None and file.exists() else None
