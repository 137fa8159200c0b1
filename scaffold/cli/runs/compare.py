"""``scaffold runs compare``: what differs between runs."""

import string
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaffold.cli import completion, console
from scaffold.cli.flags import AsJson
from scaffold.cli.login import Auth
from scaffold.cli.runs import asked
from scaffold.cli.runs.asked import Asked, ProjectFolder
from scaffold.errors import UsageError

if TYPE_CHECKING:
    from scaffold.comparison import Row
    from scaffold.runs.comparing import Change
    from scaffold.runs.model import Details


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN...", help="Two to ten: ids, beginnings of ids, 'latest'.", autocompletion=completion.runs,
            show_default=False,
        ),
    ],
    every: Annotated[bool, typer.Option("--all", help="Show also what is equal.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show the lines of files that differ.")] = False,
    project: ProjectFolder = None,
    auth: Auth = "auto",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Compare runs: what they were submitted with, tags, metrics, and the files of their snapshots."""
    import tempfile

    from scaffold.comparison import MOST
    from scaffold.runs import comparing

    with asked.asking(project, auth) as place, tempfile.TemporaryDirectory() as folder:
        ids = list(dict.fromkeys(place.find(run) for run in runs))
        if not 2 <= len(ids) <= MOST:
            raise UsageError(
                f"These are {len(ids)} different runs." if len(ids) != 1 else "This is one run.",
                f"Name two to {MOST}.",
            )
        with console.working("reading the runs"):
            details = [place.source.details(run_id) for run_id in ids]
            sections = comparing.sections_of(details, [place.source.metrics(run_id) for run_id in ids])
            changes = _changes(place, details, Path(folder))
    if as_json:
        console.result_json(_document(details, sections, changes))
    else:
        _show(details, sections, changes, every=every, diff=diff)


def _changes(place: Asked, details: "list[Details]", folder: Path) -> "list[list[Change]]":
    """What differs of each run's snapshot from the first one's."""
    from scaffold.runs import comparing

    archives: dict[str | None, Path | None] = {None: None}
    for one in details:
        if one.run.snapshot not in archives:
            into = folder / str(len(archives))
            into.mkdir()
            archives[one.run.snapshot] = place.source.snapshot(one.run.run_id, into)
    first, *others = (archives[one.run.snapshot] for one in details)
    return [comparing.changes(first, other) if other != first else [] for other in others]


def _document(
    details: "list[Details]", sections: "list[tuple[str, list[Row]]]", changes: "list[list[Change]]"
) -> dict[str, Any]:
    from scaffold import words

    document: dict[str, Any] = words.masked_document({
        "runs": [asked.document_of(one.run) for one in details],
        "sections": [
            {
                "name": name,
                "rows": [
                    {"name": row.name, "values": asked.plain(list(row.values)), "differs": row.differs}
                    for row in rows
                ],
            }
            for name, rows in sections
        ],
        "snapshots": [
            {
                "run_id": one.run.run_id,
                "base": details[0].run.run_id,
                "files": [
                    {
                        "path": change.path,
                        "how": change.how,
                        "diff": None if change.lines is None else "\n".join(change.lines),
                    }
                    for change in found
                ],
            }
            for one, found in zip(details[1:], changes, strict=True)
        ],
    })  # fmt: skip
    return document


def _show(
    details: "list[Details]",
    sections: "list[tuple[str, list[Row]]]",
    changes: "list[list[Change]]",
    *,
    every: bool,
    diff: bool,
) -> None:
    from scaffold.cli import table

    letters = string.ascii_uppercase[: len(details)]
    for letter, one in zip(letters, details, strict=True):
        name = f"  {one.run.display_name}" if one.run.display_name != one.run.run_id else ""
        console.result(console.inert(f"{letter}  {one.run.run_id}{name}"))
    rows = [(section, row) for section, found in sections for row in found if every or row.differs]
    if rows:
        console.result("")
        themes = [section if row.name == _first_of(rows, section) else "" for section, row in rows]
        left_out = table.show([
            table.Column("", themes, rank=9),
            table.Column("", [row.name for _, row in rows], rank=0),
            *(
                table.Column(letter, [asked.shown(row.values[place]) for _, row in rows], rank=1)
                for place, letter in enumerate(letters)
            ),
        ])  # fmt: skip
        if missing := [title for title in left_out if title]:
            console.note(f"  no room for {', '.join(missing)}; --json has all")
    elif not any(changes):
        console.note("  nothing differs")
    for letter, found in zip(letters[1:], changes, strict=True):
        _show_changes(f"{letters[0]} → {letter}", found, diff=diff)


def _first_of(rows: "list[tuple[str, Row]]", section: str) -> str:
    return next(row.name for name, row in rows if name == section)


def _show_changes(pair: str, changes: "list[Change]", *, diff: bool) -> None:
    if not changes:
        return
    console.result("")
    console.result(f"snapshot {pair}")
    for change in changes:
        console.result(console.inert(f"  {change.how:<9}{change.path}"))
        if diff and change.lines is None:
            console.result("    (no text, or too much of it)")
        for line in (change.lines or ()) if diff else ():
            colours = {"+": "green", "-": "red", "@": "cyan"}
            console.result("    " + console.styled(console.inert(line), fg=colours.get(line[:1])))
