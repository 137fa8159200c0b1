"""The modules of the run: which there are, and what becomes of them together. Imports libcst."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scaffold.migration import linking
from scaffold.migration.notes import Note
from scaffold.migration.submitting import SUBMITTER
from scaffold.migration.training import NotParsedError, Script
from scaffold.project.files import FileError, ProjectFile
from scaffold.project.job import CommandJob
from scaffold.project.subject import Subject

_BOM = "\ufeff"


def migrated(subject: Subject, job: CommandJob) -> tuple[list[tuple[ProjectFile, str, str]], list[Note]]:
    """The script and the modules that it imports, and every other script of the folder that a run is in.

    Returns:
        Each of them that changes, before and after; and what there is to know.
    """
    files = _python_files(subject, job)
    notes = [*_not_reached(subject, files)]
    scripts: dict[str, Script] = {}
    texts = {file.shown: text for file, text in _texts(files, notes)}
    only_run = not any(linking.has_other_runs(text) for text in texts.values())
    for shown, text in texts.items():
        try:
            scripts[shown] = Script.parse(text.removeprefix(_BOM), shown, only_run=only_run)
        except NotParsedError as error:
            what = f"not valid Python: {_first(error)}"
            notes.append(Note("left", shown, None, what, "Mend it, and migrate again."))
    linking.link(scripts)
    keeping = linking.keeping(scripts)
    changes = []
    for file in (file for file in files if file.shown in scripts):
        after, found = scripts[file.shown].rewritten(keeps_run=file.shown in keeping)
        notes += found
        notes += _other_imports(after, file.shown, but="Run" if found else "")  # told where it is used
        text = texts[file.shown]
        after = _BOM + after if text.startswith(_BOM) else after
        if after != text:
            changes.append((file, text, after))
    return changes, notes


def _texts(files: list[ProjectFile], notes: list[Note]) -> Iterator[tuple[ProjectFile, str]]:
    """The modules that may know of the run; those that cannot be read are noted."""
    texts: dict[str, str] = {}
    for file in files:
        try:
            texts[file.shown] = file.decoded()
        except FileError as error:
            notes.append(Note("left", file.shown, error.line, error.wrong, "Mend it, and migrate again."))
    azure = {shown for shown, text in texts.items() if "azureml" in text}
    for file in files:
        mine = _imported_names(texts.get(file.shown, ""))
        if file.shown in azure or any(
            _stem(other) in mine or _stem(file.shown) in _imported_names(texts[other]) for other in azure
        ):
            yield file, texts[file.shown]


def _stem(shown: str) -> str:
    path = Path(shown)
    return path.parent.name if path.stem == "__init__" else path.stem


def _imported_names(text: str) -> set[str]:
    """Every word of the lines that import."""
    lines = re.findall(r"^\s*(?:from|import)\b.*", text, re.MULTILINE)
    return {word for line in lines for word in re.findall(r"\w+", line)}


def _first(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")


def _python_files(subject: Subject, job: CommandJob) -> list[ProjectFile]:
    """The script with the modules that it imports; all that travel, but for those that submit, when it is not known."""
    if subject.modules is not None:
        return [module.file for module in subject.modules.modules]
    sent = subject.snapshot.sent if subject.snapshot else ()
    files = [subject.file(job.code / file.path) for file in sent if file.path.endswith(".py")]
    ours = (subject.runner.path, subject.constants_file.path)
    return [file for file in files if file.path not in ours and not _submits(file)]


def _submits(file: ProjectFile) -> bool:
    return file.path.name == SUBMITTER or b"ScriptRunConfig(" in file.data()


def _not_reached(subject: Subject, reached: list[ProjectFile]) -> Iterator[Note]:
    """Other files that travel and know of a run: who starts them is not known."""
    snapshot = subject.snapshot
    known = {file.path for file in reached}
    for sent in snapshot.sent if snapshot and subject.modules is not None else ():
        file = subject.file(snapshot.folder / sent.path) if snapshot else subject.runner
        if sent.path.endswith(".py") and file.path not in known and not _submits(file):
            data = file.data()
            if b"get_context(" in data and b"azureml" in data:
                what = "it has a run of SDK v1, and the script does not import it, so that it stays as it is"
                yield Note("left", file.shown, None, what, "Migrate with the script that submits it.")


def _other_imports(text: str, shown: str, but: str) -> Iterator[Note]:
    """What else of SDK v1 the run uses, but for one name."""
    hint = "It goes on working in a job whose environment has azureml-core and may read the workspace."
    for node in ast.walk(ast.parse(text)):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "azureml":
            names = [f"all of {node.module}" if one.name == "*" else one.name for one in node.names]
        elif isinstance(node, ast.Import):
            names = [one.name for one in node.names if one.name.partition(".")[0] == "azureml"]
        for name in names:
            if name != but:
                yield Note(
                    "left", shown, getattr(node, "lineno", None), f"the run uses {name} of SDK v1", hint
                )
