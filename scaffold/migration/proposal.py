"""The whole of a migration: which files it makes of which, and what a person has to know."""

import difflib
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scaffold.errors import ProjectError, UsageError
from scaffold.migration import packages, submitting
from scaffold.migration.notes import Note
from scaffold.migration.submitting import SUBMITTER
from scaffold.project import job_file, replacing
from scaffold.project.conda import read_conda
from scaffold.project.files import FileError
from scaffold.project.job import CommandJob
from scaffold.project.job_reader import read_job
from scaffold.project.reading import read
from scaffold.project.replacing import New
from scaffold.project.requirements import read_requirements
from scaffold.project.subject import Subject

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
        names = ("/dev/null" if self.before is None else f"a/{self.shown}", f"b/{self.shown}")
        lines = difflib.unified_diff(_lines(self.before or ""), _lines(self.after), *names)
        text = "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
        )
        return text.removesuffix("\n").split("\n") if text else []


def _lines(text: str) -> list[str]:
    """As git counts them, with their ends."""
    return re.findall(r"[^\n]*\n|[^\n]+\Z", text)


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
    notes += [Note("changed", left.file, left.line, left.what, left.hint) for left in job.left]
    changes, found = _modules(subject, job)
    notes += found
    logs = any("mlflow." in change.after for change in changes) or _uses_mlflow(subject)
    if logs:
        job, specification, found = _with_mlflow(subject, job)
        changes += specification
        notes += found
    notes += submitting.left_in(subject, job.carried)
    notes += _missing(subject, job)
    notes += submitting.rewrites(subject, {change.path.name for change in changes})
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
    hint = f"Put it into {job_file.NAME} by hand." if "--sdk v1" in (fault.hint or "") else fault.hint
    return Note("left", fault.file.shown, fault.line, fault.wrong, hint or "")


def _modules(subject: Subject, job: CommandJob) -> tuple[list[Change], list[Note]]:
    from scaffold.migration.modules import migrated

    found, notes = migrated(subject, job)
    return [Change(file.path, file.shown, before, after) for file, before, after in found], notes


def _missing(subject: Subject, job: CommandJob) -> Iterator[Note]:
    """The script where it is not there yet, and so nothing of it could be read."""
    if job.script is not None and not (job.code / job.script).is_file():
        file = subject.file(job.code / job.script).shown
        hint = "Run what makes it, or mend its name, and migrate again."
        yield Note("left", subject.runner.shown, subject.submission.config_line, f"there is no {file}", hint)


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
    if not environment:
        what = f"the environment must hold {' and '.join(packages.PACKAGES)} too"
        return job, [], [Note("left", subject.runner.shown, None, what, "Name them where you describe it.")]
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
        ProjectError: a file has changed meanwhile, or cannot be written; none was.
    """
    for change in proposal.changes:
        present = _decoded(change.path) if change.path.exists() else None
        if present != change.before and (present or "").replace("\r\n", "\n") != change.before:
            raise ProjectError(
                f"{change.shown} has changed meanwhile; nothing was written.", "Migrate again."
            )
    copies: dict[str, str] = {}
    kept: list[tuple[Path, Path]] = []
    for change in proposal.changes:
        if change.before is not None and not _is_committed(change.path):
            copy = _free(change.path)
            kept.append((change.path, copy))
            copies[change.shown] = Path(change.shown).with_name(copy.name).as_posix()
    new = [New(change.path, _data(change), change.shown) for change in proposal.changes]
    replacing.write(new, proposal.root, copies=kept)
    return copies


def _data(change: Change) -> bytes:
    """The bytes of a file afterwards; one that was compared without its line ends keeps them."""
    data = change.after.encode()
    return data if "\r\n" in (change.before or "") else replacing.with_ends_of(change.path, data)


def _decoded(path: Path) -> str:
    """A file's text with its own line ends."""
    return read(path).decode("utf-8", "replace")


def _free(path: Path) -> Path:
    copy, number = path.with_name(f"{path.name}.bak"), 1
    while os.path.lexists(copy):
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
