"""The whole of a migration: which files it makes of which, and what a person has to know."""

import difflib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scaffold.errors import ProjectError, UsageError
from scaffold.migration import packages, submitting
from scaffold.migration.notes import Note
from scaffold.project import job_file
from scaffold.project.conda import read_conda
from scaffold.project.files import FileError, ProjectFile
from scaffold.project.job import CommandJob
from scaffold.project.job_reader import read_job
from scaffold.project.requirements import read_requirements
from scaffold.project.subject import Subject

SUBMITTER = "run_experiment_v2.py"

_SUBMITTER = '''\
"""Submits job.yml to the workspace that config.json names, and prints its page."""

from pathlib import Path

from azure.ai.ml import MLClient, load_job
from azure.identity import DefaultAzureCredential

HERE = Path(__file__).resolve().parent


def run_experiment():
    client = MLClient.from_config(DefaultAzureCredential(), path=str(HERE))
    job = client.jobs.create_or_update(load_job(HERE / "job.yml"))
    print(job.studio_url)
{waits}    return job


if __name__ == "__main__":
    run_experiment()
'''


@dataclass(frozen=True)
class Change:
    """A file that is new or another one afterwards.

    Attributes:
        path: the file.
        shown: its path from the project.
        before: its text; None when it is not there.
        after: its text afterwards.
    """

    path: Path
    shown: str
    before: str | None
    after: str

    def diff(self) -> list[str]:
        """As a unified diff that patch and ``git apply`` take, lines without their ends."""
        before = (self.before or "").splitlines()
        names = ("/dev/null" if self.before is None else f"a/{self.shown}", f"b/{self.shown}")
        return list(difflib.unified_diff(before, self.after.splitlines(), *names, lineterm=""))


@dataclass(frozen=True)
class Proposal:
    """What a migration comes to.

    Attributes:
        root: the project's folder.
        changes: the files.
        notes: what is different or stays.
        calls: how many files of the run were rewritten.
    """

    root: Path
    changes: tuple[Change, ...]
    notes: tuple[Note, ...]

    def diff(self) -> list[str]:
        return [line for change in self.changes for line in change.diff()]


def propose(subject: Subject) -> Proposal:
    """The project for SDK v2, beside what it has for SDK v1.

    Raises:
        ProjectError: its submitting script cannot be understood far enough for a job.
        UsageError: libcst is not installed.
    """
    _require_libcst()
    faults: list[FileError] = []
    job = read_job(subject, faults)
    notes = [_fault(fault) for fault in faults]
    modules, found = _modules(subject, job)
    notes += found
    changes = [*modules]
    logs = any("mlflow." in change.after for change in modules) or _uses_mlflow(subject)
    if logs:
        job, specification, found = _with_mlflow(subject, job)
        changes += specification
        notes += found
    notes += submitting.left_in(subject)
    changes += _job_and_submitter(subject, job, notes)
    kept = tuple(change for change in changes if change.before != change.after)
    ordered = sorted(dict.fromkeys(notes), key=lambda note: (note.kind != "left", note.file, note.line or 0))
    return Proposal(subject.root, kept, tuple(ordered))


def _require_libcst() -> None:
    import importlib.util

    if importlib.util.find_spec("libcst") is None:
        raise UsageError(
            "libcst, which rewrites the scripts, is not installed beside scaffold.",
            "Install it: pip install 'azureml-scaffold[sdk-v2]'",
        )


def _fault(fault: FileError) -> Note:
    return Note("left", fault.file.shown, fault.line, fault.wrong, f"Put it into {job_file.NAME} by hand.")


def _modules(subject: Subject, job: CommandJob) -> tuple[list[Change], list[Note]]:
    """The script and the modules that it imports, and every other script of the folder that a run is in."""
    from scaffold.migration.training import NotParsedError, rewritten

    changes: list[Change] = []
    notes: list[Note] = []
    files = _python_files(subject, job)
    notes += _not_reached(subject, files)
    for file in files:
        try:
            text = file.text()
        except FileError as error:
            notes.append(Note("left", file.shown, error.line, error.wrong, "Mend it, and migrate again."))
            continue
        if "azureml" not in text:
            continue
        try:
            after, found = rewritten(text, file.shown)
        except NotParsedError as error:
            notes.append(
                Note(
                    "left",
                    file.shown,
                    None,
                    f"not valid Python: {_first(error)}",
                    "Mend it, and migrate again.",
                )
            )
            continue
        notes += found
        notes += _other_imports(after, file.shown)
        if after != text:
            changes.append(Change(file.path, file.shown, text, after))
    return changes, notes


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


_OTHERS = re.compile(
    r"^\s*(?:from\s+(azureml[\w.]*)\s+import\s+([\w, ]+)|import\s+(azureml[\w.]*))", re.MULTILINE
)


def _other_imports(text: str, shown: str) -> Iterator[Note]:
    """What else of SDK v1 the run uses."""
    for match in _OTHERS.finditer(text):
        line = text.count("\n", 0, match.start(1) if match[1] else match.start(3)) + 1
        names = [name.strip().split(" ")[0] for name in (match[2] or "").split(",")]
        for name in names if match[1] else [match[3]]:
            if name and name != "Run":
                what = f"the run uses {name} of SDK v1"
                hint = "It goes on working in a job whose environment has azureml-core and may read the workspace."
                yield Note("left", shown, line, what, hint)


def _uses_mlflow(subject: Subject) -> bool:
    modules = subject.modules
    return modules is not None and any("import mlflow" in module.file.text() for module in modules.modules)


def _with_mlflow(subject: Subject, job: CommandJob) -> tuple[CommandJob, list[Change], list[Note]]:
    """The job whose environment has MLflow, in the file that describes it where there is one."""
    environment = job.environment
    if isinstance(environment, str):
        what = f"{environment} must hold {' and '.join(packages.PACKAGES)}, which a registered environment may not"
        return (
            job,
            [],
            [Note("left", subject.runner.shown, None, what, "Describe an environment in job.yml.")],
        )
    if "conda_file" not in environment:
        what = f"the image {environment['image']} must hold {' and '.join(packages.PACKAGES)}"
        return job, [], [Note("left", subject.runner.shown, None, what, "Install them in the image.")]
    conda = environment["conda_file"]
    if isinstance(conda, Path):
        return job, *_specifications(subject)
    listed: list[str] = next((one["pip"] for one in conda["dependencies"] if isinstance(one, dict)), [])
    names = packages.missing(listed)
    if names:
        job = replace(job, environment={**environment, "conda_file": _with_pip(conda, names)})
    return job, *_specifications(subject)


def _specifications(subject: Subject) -> tuple[list[Change], list[Note]]:
    """The files that describe the environment: the one that is used, and its twin of a new project."""
    if subject.specified is None:
        return [], []
    used = subject.specified.file
    twin = used.path.with_name("environment.yml" if subject.specified.kind == "pip" else "requirements.txt")
    files = [used, *([subject.file(twin)] if twin.is_file() and subject.specified.either else [])]
    changes: list[Change] = []
    notes: list[Note] = []
    for file in files:
        text = file.text()
        if file.path.suffix in (".yml", ".yaml"):
            names = packages.missing([line.text for line in read_conda(file).pip.lines])
            after, note = packages.in_conda(file, names) if names else (text, None)
            notes += [note] if note else []
        else:
            names = packages.missing([line.text for line in read_requirements(file).lines])
            after = packages.in_requirements(text, names)
        changes.append(Change(file.path, file.shown, text, after))
    return changes, notes


def _with_pip(conda: dict[str, Any], names: list[str]) -> dict[str, Any]:
    plain = [one for one in conda["dependencies"] if not isinstance(one, dict)]
    listed: list[str] = next((one["pip"] for one in conda["dependencies"] if isinstance(one, dict)), [])
    plain += [] if "pip" in plain else ["pip"]
    return {**conda, "dependencies": [*plain, {"pip": [*listed, *names]}]}


def _job_and_submitter(subject: Subject, job: CommandJob, notes: list[Note]) -> Iterator[Change]:
    path = subject.root / job_file.NAME
    export = job_file.plan(path, job_file.render(job, path))
    if export.writes:
        before = None if export.present is None else export.present.decode()
        yield Change(path, job_file.NAME, before, export.data.decode())
    elif export.outcome in ("kept", "conflict"):
        notes.append(
            Note("left", job_file.NAME, None, "it was changed by hand, and is kept", "See 'scaffold export'.")
        )
    script = subject.root / SUBMITTER
    waits = "    client.jobs.stream(job.name)\n" if submitting.waits(subject) else ""
    if script.exists():
        return
    yield Change(script, SUBMITTER, None, _SUBMITTER.format(waits=waits))


def write(proposal: Proposal) -> dict[str, str]:
    """Writes the files.

    Returns:
        What was replaced, and is not safe in git as it was → the file that it is kept in.

    Raises:
        ProjectError: a file has changed meanwhile.
    """
    for change in proposal.changes:
        present = change.path.read_text(encoding="utf-8") if change.path.exists() else None
        if present != change.before:
            raise ProjectError(
                f"{change.shown} has changed meanwhile; nothing was written.", "Migrate again."
            )
    copies: dict[str, str] = {}
    for change in proposal.changes:
        if change.before is not None and not _is_committed(change.path):
            copy = _free(change.path)
            copy.write_bytes(change.path.read_bytes())
            copies[change.shown] = Path(change.shown).with_name(copy.name).as_posix()
    for change in proposal.changes:
        ends = "\r\n" if change.before is not None and b"\r\n" in change.path.read_bytes() else "\n"
        change.path.write_text(change.after, encoding="utf-8", newline=ends)
    return copies


def _free(path: Path) -> Path:
    copy, number = path.with_name(f"{path.name}.bak"), 1
    while copy.exists():
        copy, number = path.with_name(f"{path.name}.bak{number}"), number + 1
    return copy


def _is_committed(path: Path) -> bool:
    """True when git has the file exactly as it is."""
    git = ["git", "-C", str(path.parent)]
    try:
        known = subprocess.run(
            [*git, "ls-files", "--error-unmatch", path.name], capture_output=True, check=False
        )
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--", path.name], capture_output=True, check=False
        )
    except OSError:
        return False
    return known.returncode == 0 and changed.returncode == 0 and not changed.stdout.strip()
