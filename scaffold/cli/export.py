"""``scaffold export``: the project as the YAML of a command job of SDK v2."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaffold import words
from scaffold.cli import completion, console
from scaffold.cli.flags import AsJson
from scaffold.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from scaffold.project.job import CommandJob
    from scaffold.project.job_file import Export


def export(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The file to write, or - for stdout; job.yml in the project's folder by default.",
            show_default=False,
        ),
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(
            help="The project's folder, or the script or notebook that submits; "
            "the current folder's project by default.",
            autocompletion=completion.projects,
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that was changed by hand.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the difference that it would make; write nothing.")
    ] = False,
    validate: Annotated[
        bool, typer.Option("--validate/--no-validate", help="Have azure-ai-ml load the file first.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Write the project as a command job of SDK v2, for 'az ml job create -f job.yml'.

    What you change in the file by hand is kept: exporting again shows the difference.
    """
    from scaffold.cli.submitting.job import read_job
    from scaffold.project import job_file, replacing
    from scaffold.project.named import SCRIPTS_AND_NOTEBOOKS, find_subject

    if file is not None and file.is_dir():
        if project is not None:
            raise UsageError(f"{file} is a folder.", "Name the file to write.")
        file, project = None, file
    _refuse_source(file)
    subject = find_subject(project, "scaffold export --project", suffixes=SCRIPTS_AND_NOTEBOOKS)
    job = read_job(subject)
    if str(file) == "-":
        target = subject.root / job_file.NAME
        _validate(job_file.render(job, target), target, wanted=validate)
        console.result(job_file.render(job, target).decode().rstrip("\n"))
        return
    target = (file or subject.root / job_file.NAME).absolute()
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent}.", "Make it, or name another file.")
    export = job_file.plan(target, job_file.render(job, target))
    holds = export.present if export.outcome == "kept" and not force else export.data
    checked = _validate(holds or b"", target, wanted=validate)
    writes = (export.writes or (force and export.outcome != "unchanged")) and not dry_run
    if writes:
        data = replacing.with_ends_of(target, export.data)
        replacing.write([replacing.New(target, data, target.name)], subject.root)
    if as_json:
        console.result_json(_document(job, export, written=writes, validated=checked))
    else:
        _show(export, written=writes, dry_run=dry_run)
    if export.outcome == "conflict" and not (writes or dry_run):
        raise ProjectError(
            f"{target.name} was changed by hand, and differs from what the project says; nothing was written.",
            "Take over what you want of it, with its line '# As exported', or replace the file with --force.",
        )


def _refuse_source(file: Path | None) -> None:
    """Refuses to write YAML to a script: whoever names one means what it submits.

    Raises:
        UsageError: it is one.
    """
    if file is not None and file.suffix in (".py", ".ipynb"):
        raise UsageError(
            f"{file} is no place for YAML: the argument is the file to write.",
            f"To export what it submits: {words.typed('scaffold', 'export', '--project', str(file))}",
        )


def _validate(data: bytes, target: Path, *, wanted: bool) -> bool:
    """Whether azure-ai-ml has taken the job; False when it was not asked.

    Raises:
        ProjectError: it does not take it.
    """
    from scaffold.submission import jobs

    if not wanted:
        return False
    if not jobs.has_sdk():
        console.warn(
            "SDK v2 (azure-ai-ml) is not installed beside scaffold, so it has not looked at the job."
        )
        console.note(f"    {jobs.INSTALL}")
        return False
    with console.working("azure-ai-ml looks at it"):
        jobs.validated(data.decode(), target)
    return True


def _show(export: "Export", *, written: bool, dry_run: bool) -> None:
    name = console.inert(export.path.name)
    if dry_run or (export.outcome in ("conflict", "kept") and not written):
        for line in export.diff():
            console.result(console.inert(line))
    if written:
        console.done(f"{name} written")
    elif export.outcome == "unchanged":
        console.done(f"{name} says what the project says")
    elif export.outcome == "kept":
        console.warn(f"{name} keeps what was changed by hand; --force replaces it")


def _document(job: "CommandJob", export: "Export", *, written: bool, validated: bool) -> dict[str, Any]:
    return {
        "path": str(export.path),
        "outcome": export.outcome,
        "written": written,
        "validated": validated,
        "job": job.document(export.path.parent),
        "sources": job.sources,
        "diff": export.diff(),
    }
