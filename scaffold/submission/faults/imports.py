"""A module could not be imported: which one it is, and which package brings it."""

import difflib
import os
import shutil
import sys
from importlib import metadata
from pathlib import Path

from scaffold import words
from scaffold.errors import ProjectError, ScaffoldError, WorkspaceError
from scaffold.project.distributions import providers
from scaffold.project.rules.environment import RETIRED
from scaffold.submission.faults.place import Place
from scaffold.submission.faults.record import Record, first_line

# Which distribution brings a part of azureml's namespace; the longest name that fits decides.
_OF_AZUREML = {
    "azureml": "azureml-core",
    "azureml.accel": "azureml-accel-models",
    "azureml.automl": "azureml-automl-core",
    "azureml.automl.dnn.nlp": "azureml-automl-dnn-nlp",
    "azureml.automl.dnn.vision": "azureml-automl-dnn-vision",
    "azureml.automl.runtime": "azureml-automl-runtime",
    "azureml.contrib.train.rl": "azureml-contrib-reinforcementlearning",
    "azureml.core": "azureml-core",
    "azureml.data": "azureml-core",
    "azureml.datadrift": "azureml-datadrift",
    "azureml.dataprep": "azureml-dataset-runtime",
    "azureml.evaluate": "azureml-evaluate-mlflow",
    "azureml.exceptions": "azureml-core",
    "azureml.explain.model": "azureml-explain-model",
    "azureml.featurestore": "azureml-featurestore",
    "azureml.fsspec": "azureml-fsspec",
    "azureml.fuse": "azureml-dataset-runtime[fuse]",
    "azureml.history": "azureml-core",
    "azureml.interpret": "azureml-interpret",
    "azureml.metrics": "azureml-metrics",
    "azureml.mlflow": "azureml-mlflow",
    "azureml.monitoring": "azureml-monitoring",
    "azureml.opendatasets": "azureml-opendatasets",
    "azureml.pipeline": "azureml-pipeline",
    "azureml.responsibleai": "azureml-responsibleai",
    "azureml.telemetry": "azureml-telemetry",
    "azureml.tensorboard": "azureml-tensorboard",
    "azureml.train": "azureml-train-core",
    "azureml.train.automl": "azureml-train-automl-client",
    "azureml.train.automl.runtime": "azureml-train-automl-runtime",
    "azureml.train.hyperdrive": "azureml-train-core",
    "azureml.training.tabular": "azureml-training-tabular",
    "azureml.widgets": "azureml-widgets",
}
# Of other namespaces and of Python's own that is gone, where no import says it.
_OTHERS = {
    "azure.ai.ml": "azure-ai-ml",
    "azureml_inference_server_http": "azureml-inference-server-http",
    "distutils": "setuptools<81",
    "pkg_resources": "setuptools<81",
}


def missing_module(record: Record, place: Place) -> ScaffoldError | None:
    """A module that the submitting script, or what it imports, does not find."""
    module = record.get("missing")
    if not module:
        return None
    if place.script is None:
        return WorkspaceError(
            f"{_said(record, module)}: {distribution_of(module) or module} is not installed beside scaffold.",
            f"Install it: {_install(distribution_of(module) or module)}",
        )
    where = f"{place.script.name}:{record['line']}" if record["line"] else place.script.name
    return _explained(record, module, where, place.script)


def _explained(record: Record, module: str, where: str, script: Path) -> ScaffoldError:
    hiding = _hiding(module, script)
    if hiding is not None:
        return ProjectError(
            f"{where}: {module} cannot be imported, because {hiding} hides the package of that name.",
            f"Give {hiding} another name.",
        )
    distribution = distribution_of(module)
    if distribution is None:
        return _own(record, module, where, script)
    version = _version(distribution)
    if version is not None:
        return ProjectError(
            f"{where}: {_said(record, module)}; {_bare(distribution)} {version} is installed, and has no such module.",
            "Mend the name, or install the version that has it.",
        )
    return WorkspaceError(
        f"{where}: {_said(record, module)}: {distribution} is not installed beside scaffold.",
        f"Install it: {_install(distribution)}",
    )


def _own(record: Record, module: str, where: str, script: Path) -> ProjectError:
    """The error of a module that no package that is known brings."""
    top, _, rest = module.partition(".")
    folder = script.parent / top
    files = [*script.parent.glob("*.py"), *script.parent.glob("*/__init__.py")]
    names = {file.parent.name if file.name == "__init__.py" else file.stem for file in files}
    near = difflib.get_close_matches(top, sorted(names - {script.stem, top}), n=1)
    hint = f"Put {top}.py beside {script.name}, or install the package that brings it: {_install('PACKAGE')}"
    if rest and folder.is_dir():
        hint = f"Mend the name: the folder {top} has no such module."
    elif near:
        hint = f"Mend the name: there is {near[0]}."
    return ProjectError(
        f"{where}: {_said(record, module)}: it is neither beside the script nor installed beside scaffold.",
        hint,
    )


def _said(record: Record, module: str) -> str:
    """The module, in the words of whoever had to do without it where these say more."""
    if record["type"] == "ModuleNotFoundError":
        return f"there is no module {module}"
    return f"{first_line(record['message']).rstrip('.')} (there is no module {module})"


def distribution_of(module: str) -> str | None:
    """The distribution that brings a module, as pip takes it; None where that is not known."""
    parts = module.split(".")
    for count in range(len(parts), 0, -1):
        name = ".".join(parts[:count])
        if name in _OTHERS:
            return _OTHERS[name]
        if name in _OF_AZUREML and not (name == "azureml" and count < len(parts)):
            return _OF_AZUREML[name]
    if parts[:2] == ["azureml", "contrib"] and len(parts) > 2:
        return f"azureml-contrib-{parts[2]}"
    known = {RETIRED.get(name, name) for name in providers(module) or ()} if parts[0] != "azureml" else None
    return sorted(known, key=lambda name: (len(name), name))[0] if known else None


def _version(distribution: str) -> str | None:
    """The version that is installed; the submitting process has the same Python as this one."""
    try:
        return metadata.version(_bare(distribution))
    except metadata.PackageNotFoundError:
        return None


def _bare(distribution: str) -> str:
    return distribution.partition("[")[0].partition("<")[0]


def _hiding(module: str, script: Path) -> str | None:
    """A file beside the script that is found in place of a package."""
    top, _, rest = module.partition(".")
    file = script.parent / f"{top}.py"
    return file.name if rest and file.is_file() and distribution_of(module) is not None else None


def _install(distribution: str) -> str:
    """The command that installs something beside this program, whichever Python comes first on the PATH."""
    found = shutil.which("python") or shutil.which("python3")
    same = found is not None and os.path.dirname(found) == os.path.dirname(sys.executable)  # noqa: PTH120
    program = ["pip"] if same else [sys.executable, "-m", "pip"]
    return words.typed(*program, "install", distribution)
