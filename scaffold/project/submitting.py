"""Tells scripts that submit from all others, by what stands in them; runs none of them.

A script submits when it hands something to ``Experiment.submit`` or makes a ``ScriptRunConfig``, or when it imports a
module beside it that does. Its name says nothing.
"""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

from scaffold.project import notebook
from scaffold.project.reading import read

# Of azureml, names of what is submitted and of what submits.
_SUBMITTED = {
    *("Experiment", "ScriptRunConfig", "HyperDriveConfig", "AutoMLConfig", "Estimator", "SKLearn", "PyTorch"),
    *("TensorFlow", "Pipeline", "PublishedPipeline", "PipelineEndpoint"),
}
_CALLS_OF_V2 = {"create_or_update", "begin_create_or_update", "submit_job"}
_SYNTAX = (SyntaxError, ValueError, RecursionError, MemoryError)


def submitting_scripts(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """The scripts of a folder that submit by themselves, whatever people called them."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [file for file in files if file.suffix in suffixes and submits(file)]


def submits(path: Path) -> bool:
    """Whether a script or a notebook submits by a call that stands in it."""
    text = _text(path)
    if text is None or ("ScriptRunConfig" not in text and "submit" not in text):
        return False
    try:
        tree = ast.parse(text)
    except _SYNTAX:  # its fault is told by who reads it
        return "ScriptRunConfig(" in text or ("azureml" in text and "Experiment(" in text)
    called = _called(tree)
    if "ScriptRunConfig" in called:
        return True
    return "submit" in called and bool(_of_azureml(tree) & _SUBMITTED)


def leads_to_submitting(path: Path) -> bool:
    """Whether a script submits, by itself or through the modules of its own folder that it imports."""
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        if submits(file):
            return True
        waiting += _modules_beside(path.parent, file)
    return False


def submits_with_v2(path: Path) -> bool:
    """Whether a script submits jobs with azure-ai-ml."""
    tree = _tree(path)
    if tree is None or "azure" not in _imported(tree):
        return False
    words = _words(tree)
    return bool(_called(tree) & _CALLS_OF_V2) and bool(words & {"MLClient", "ml", "command", "load_job"})


def starts_logging(path: Path) -> bool:
    """Whether a script logs an interactive run, which is nothing that is submitted."""
    tree = _tree(path)
    return tree is not None and "start_logging" in _called(tree)


def _text(path: Path) -> str | None:
    try:
        data = read(path)
        if path.suffix == notebook.SUFFIX:
            return notebook.module(data)
    except (OSError, notebook.NotANotebookError):
        return None
    return data.decode("utf-8-sig", "replace")


def _tree(path: Path) -> ast.Module | None:
    text = _text(path)
    try:
        return None if text is None else ast.parse(text)
    except _SYNTAX:
        return None


def _called(tree: ast.Module) -> set[str]:
    """The last names of what is called, under their own names where an import renames them."""
    renamed = {
        alias.asname: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    names = {_last_name(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {renamed.get(name, name) for name in names}


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _imports(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Each module that is imported, with the names that are taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", [alias.name for alias in node.names]


def _imported(tree: ast.Module) -> set[str]:
    return {module.partition(".")[0] for module, _ in _imports(tree)}


def _words(tree: ast.Module) -> set[str]:
    words = {_last_name(node) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)}
    return words.union(*(names for _, names in _imports(tree)))


def _of_azureml(tree: ast.Module) -> set[str]:
    """The names that a script has from azureml: others have a Pipeline and a ``submit`` too."""
    found: set[str] = set()
    for module, names in _imports(tree):
        if module.partition(".")[0] == "azureml":
            found |= _words(tree) if not names or "*" in names else set(names)
    return found


def _modules_beside(folder: Path, file: Path) -> list[Path]:
    """The files of a folder that a file imports."""
    tree = _tree(file)
    found = []
    for module, names in _imports(tree) if tree else ():
        parts = [part for part in module.split(".") if part]
        for target in (parts, *([*parts, name] for name in names)):
            if target:
                place = folder.joinpath(*target)
                found += [place.with_name(f"{place.name}.py"), place / "__init__.py"]
    return [path for path in found if path.is_file()]
