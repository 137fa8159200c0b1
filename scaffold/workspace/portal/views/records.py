"""What a workspace keeps besides runs: environments, models, datasets, compute targets."""

import json
from typing import Any

from scaffold.workspace.portal.pages import Look
from scaffold.workspace.portal.views import lists
from scaffold.workspace.store.blobs import ARTIFACTS
from scaffold.workspace.store.definitions import Definition
from scaffold.workspace.store.versioned import DATA


def environments(look: Look) -> dict[str, Any]:
    """The registered environments, and those that are built on this machine."""
    return {
        "title": "Environments",
        "section": "environments",
        "registered": [
            {"name": d.name, "version": d.version, "created": d.created, "python": _python(d)}
            for d in look.store.definitions.latest()
        ],
        "built": [
            {"key": b.key, "name": b.name, "kind": b.kind, "python": b.python_version, "built": b.built,
             "used": b.used, "seconds": b.seconds}
            for b in look.store.environments.all()
        ],
    }  # fmt: skip


def _python(definition: Definition) -> str:
    python = definition.content.get("python") or {}
    if python.get("userManagedDependencies"):
        return str(python.get("interpreterPath") or "python")
    for entry in (python.get("condaDependencies") or {}).get("dependencies") or []:
        if isinstance(entry, str) and entry.startswith("python"):
            return entry.removeprefix("python").lstrip("=")
    return ""


def environment(look: Look, name: str) -> dict[str, Any] | None:
    """One registered environment: the version that is asked for, or the latest."""
    import yaml

    found = look.store.definitions.get(name, look.query.get("version"))
    if found is None:
        return None
    conda = (found.content.get("python") or {}).get("condaDependencies")
    return {
        "title": name,
        "section": "environments",
        "name": name,
        "version": found.version,
        "created": found.created,
        "specification": yaml.safe_dump(conda, sort_keys=False, allow_unicode=True) if conda else "",
        "variables": found.content.get("environmentVariables") or {},
        "definition": found.content,
        "text": json.dumps(found.content, indent=2, ensure_ascii=False),
    }


def built(look: Look, key: str) -> dict[str, Any] | None:
    """One environment that is built on this machine."""
    found = look.store.environments.get(key)
    if found is None:
        return None
    specification = json.loads(found.specification)
    log = look.context.home.environments / f"{key}.log"
    return {
        "title": found.name,
        "section": "environments",
        "name": found.name,
        "key": key,
        "kind": found.kind,
        "python": found.python_version,
        "interpreter": found.interpreter,
        "built": found.built,
        "used": found.used,
        "seconds": found.seconds,
        "requirements": [str(line) for line in specification.get("requirements") or []],
        "specification": specification,
        "log": log.read_text(encoding="utf-8", errors="replace")[-100_000:] if log.is_file() else "",
    }


def models(look: Look) -> dict[str, Any]:
    """The latest version of every registered model."""
    latest: dict[str, Any] = {}
    for model in look.store.models.find():
        present = latest.setdefault(model.name, {"name": model.name, "versions": 0, "version": 0})
        present["versions"] += 1
        if model.version > present["version"]:
            present |= {"version": model.version, "created": model.created, "run_id": model.run_id,
                        "framework": model.document.get("framework")}  # fmt: skip
    return {
        "title": "Models",
        "section": "models",
        "models": sorted(latest.values(), key=lambda model: model["created"], reverse=True),
    }


def model(look: Look, name: str) -> dict[str, Any] | None:
    """The versions of a model, with the files of each."""
    versions = look.store.models.find(name)
    if not versions:
        return None
    shown = []
    for version in sorted(versions, key=lambda found: found.version, reverse=True)[:100]:
        document = version.document
        run = look.store.runs.get(version.run_id) if version.run_id else None
        shown.append(
            {
                "version": version.version,
                "created": version.created,
                "description": document.get("description"),
                "framework": document.get("framework"),
                "tags": document.get("kvTags") or {},
                "properties": document.get("properties") or {},
                "run": lists.row_of(run) if run else None,
                "files": _files(look, str(document.get("url") or "")),
            }
        )
    return {"title": name, "section": "models", "name": name, "versions": shown}


def _files(look: Look, url: str) -> list[dict[str, Any]]:
    """The artifacts that a model's asset names, by id or by prefix."""
    asset = (
        look.store.assets.get(url.removeprefix("aml://asset/")) if url.startswith("aml://asset/") else None
    )
    files = []
    for artifact in (asset.document.get("artifacts") or [])[:20] if asset else []:
        start = str(artifact.get("id") or artifact.get("prefix") or "").removeprefix("aml://artifact/")
        blobs = look.store.blobs.under(ARTIFACTS, start, limit=200) if start else []
        for blob in blobs:
            folder, _, rest = blob.name.partition("/dcid.")
            run_id, _, path = rest.partition("/")
            files.append(
                {
                    "path": path or blob.name,
                    "size": blob.size,
                    "run_id": run_id if folder == "ExperimentRun" else None,
                }
            )
    return files


def datasets(look: Look) -> dict[str, Any]:
    """The registered datasets and data assets, and the datastores that they are in."""
    return {
        "title": "Datasets",
        "section": "datasets",
        "datasets": [
            {"name": d.name, "version": d.version, "kind": d.saved.kind, "created": d.created,
             "description": d.description}
            for d in look.store.datasets.latest()
            if d.visible
        ],
        "assets": [
            {"name": d.name, "version": d.version, "kind": d.document["dataType"], "address": d.document["dataUri"],
             "created": d.created, "description": d.document.get("description")}
            for d in look.store.versioned.latest(DATA)
            if not d.archived
        ],
        "datastores": [
            {"name": d.name, "kind": d.kind, "created": d.created} for d in look.store.datastores.all()
        ],
    }  # fmt: skip


def dataset(look: Look, name: str) -> dict[str, Any] | None:
    """One registered dataset: the version that is asked for, or the latest."""
    text = look.query.get("version", "")
    found = look.store.datasets.by_name(name, int(text) if text.isdecimal() and len(text) < 10 else None)
    if found is None:
        return None
    return {
        "title": name,
        "section": "datasets",
        "name": found.name,
        "version": found.version,
        "kind": found.saved.kind,
        "saved_id": found.saved.saved_id,
        "description": found.description,
        "tags": found.tags,
        "created": found.created,
        "modified": found.modified,
        "definition": found.saved.dataflow,
    }


def computes(look: Look) -> dict[str, Any]:
    """The compute targets that were created, and those that runs were submitted to: all of them this machine."""
    counts = look.store.run_lists.counts_by_target()
    rows = []
    for name, record in look.store.computes.known().items():
        properties = (record.document.get("properties") or {}) if record else {}
        rows.append(
            {
                "name": name,
                "kind": properties.get("computeType") or "any name is this machine",
                "size": (properties.get("properties") or {}).get("vmSize"),
                "created": record.created if record else None,
                "runs": counts.get(name.lower(), 0),
            }
        )
    return {"title": "Computes", "section": "computes", "computes": rows, "width": look.controls.width}
