"""``scaffold migrate``: proposes the project for SDK v2."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaffold.cli import completion, console
from scaffold.cli.flags import AsJson

if TYPE_CHECKING:
    from scaffold.migration.notes import Note
    from scaffold.migration.proposal import Proposal


def migrate(
    project: Annotated[
        Path | None,
        typer.Argument(
            help="The project's folder, or the script or notebook that submits; the current folder by default. "
            "Of several runs that it submits FILE:LINE is one, by its ScriptRunConfig.",
            autocompletion=completion.projects,
            show_default=False,
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the files; what git does not have is kept beside them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Propose the project for SDK v2 as a difference, for 'git apply' or --write.

    The job and what submits it, the environment, and the run's own scripts, which log with MLflow then. What
    cannot be carried over stays as it is, and is listed.
    """
    from scaffold.migration.proposal import propose
    from scaffold.migration.proposal import write as write_files
    from scaffold.project.named import SCRIPTS_AND_NOTEBOOKS, find_subject

    with console.working("reading the project"):
        place, number = _located(project)
        proposal = propose(
            find_subject(place, "scaffold migrate", suffixes=SCRIPTS_AND_NOTEBOOKS, line=number)
        )
    copies = write_files(proposal) if write else {}
    if as_json:
        console.result_json(_document(proposal, copies, written=write))
        return
    if not write:
        for line in proposal.diff():
            console.result(console.inert(line))
    _show(proposal, copies, written=write)


def _located(project: Path | None) -> tuple[Path | None, int | None]:
    """What ``FILE:LINE`` names."""
    if project is None:
        return None, None
    name, _, line = str(project).rpartition(":")
    if line.isdigit() and not project.exists() and Path(name).is_file():
        return Path(name), int(line)
    return project, None


def _show(proposal: "Proposal", copies: dict[str, str], *, written: bool) -> None:
    if not proposal.changes:
        console.done("nothing is left to migrate")
    for change in proposal.changes:
        verb = "written" if written else "proposed"
        console.done(console.inert(f"{change.shown} {verb}"))
        if change.shown in copies:
            console.note(console.inert(f"    before: {copies[change.shown]}"))
    for kind, title in (("left", "Not carried over:"), ("changed", "Different from before:")):
        notes = [note for note in proposal.notes if note.kind == kind]
        if notes:
            console.note(title)
        for note in notes:
            _show_note(note)


def _show_note(note: "Note") -> None:
    first, *rest = console.wrapped(console.inert(f"{_place(note)}: {note.what}."), "    ", "    ")
    console.warn(first.strip())
    for line in [*rest, *console.wrapped(console.inert(note.hint), "    → ", "      ")]:
        console.note(line)


def _place(note: "Note") -> str:
    return note.file if note.line is None else f"{note.file}:{note.line}"


def _document(proposal: "Proposal", copies: dict[str, str], *, written: bool) -> dict[str, Any]:
    return {
        "project": str(proposal.root),
        "written": written,
        "files": [
            {
                "path": change.shown,
                "new": change.before is None,
                "copy": copies.get(change.shown),
                "diff": change.diff(),
            }
            for change in proposal.changes
        ],
        "left": [_note(note) for note in proposal.notes if note.kind == "left"],
        "changed": [_note(note) for note in proposal.notes if note.kind == "changed"],
    }


def _note(note: "Note") -> dict[str, Any]:
    return {"file": note.file, "line": note.line, "what": note.what, "hint": note.hint}
