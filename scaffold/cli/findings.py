"""How findings are shown: to a person, wrapped to the terminal's width, and one a paragraph in a pipe."""

from typing import TYPE_CHECKING

from scaffold import words
from scaffold.cli import console
from scaffold.errors import ProjectError

if TYPE_CHECKING:
    from scaffold.project.check import Report
    from scaffold.project.finding import Finding
    from scaffold.project.snapshot import Snapshot
    from scaffold.project.subject import Subject

_MARKS = {"error": ("✗", "red"), "warning": ("!", "yellow")}
_MOST_PER_PATTERN = 8
_BRIEF = 5


def show(finding: "Finding") -> None:
    """One finding, on stdout: where and what, why and when, what to do."""
    from scaffold.project.finding import WHEN

    mark, colour = _MARKS[finding.severity]
    first = f"{finding.place}: {finding.what}. [{finding.rule}]"
    lines = list(console.wrapped(console.inert(first), "  ", "    "))
    place, rule = console.inert(finding.place), f"[{finding.rule}]"
    lines[0] = console.styled(mark, fg=colour) + lines[0][1:].replace(
        place, console.styled(place, bold=True), 1
    )
    lines[-1] = lines[-1].replace(rule, console.styled(rule, dim=True))
    when = WHEN[finding.when]
    lines += console.wrapped(console.inert(f"{when[0].upper()}{when[1:]}: {finding.why}"), "    ", "    ")
    lines += console.wrapped(console.inert(f"→ {finding.hint}"), "    ", "      ")
    console.result("\n".join(lines))


def show_briefly(report: "Report") -> None:
    """What a command says of a project before it goes on: a line each, on stderr.

    Raises:
        ProjectError: there is an error; its two lines are those of the first one.
    """
    for finding in report.warnings[:_BRIEF]:
        console.warn(console.inert(finding.message))
    if len(report.warnings) > _BRIEF:
        console.note(
            f"    and {len(report.warnings) - _BRIEF} more: 'scaffold check' lists and explains them"
        )
    if not report.errors:
        return
    first, *others = report.errors
    for finding in others:
        console.failed(console.inert(finding.message))
    raise ProjectError(first.message, first.hint)


def summary(report: "Report") -> str:
    """One line: how much was found, and what would go where."""
    travels = travelling(report.subject)
    if not report.findings:
        return f"Nothing found{travels}."
    counts = [count(len(report.errors), "error"), count(len(report.warnings), "warning")]
    return f"{' and '.join(part for part in counts if not part.startswith('0 '))}{travels}."


def travelling(subject: "Subject") -> str:
    """``; 2 files, 1.4 kB, would travel to …`` as far as that is known."""
    from scaffold.project.documents import snapshot_of

    snapshot = snapshot_of(subject)
    goes = destination(subject)
    if snapshot is None:
        return f"; it goes to {goes}" if goes else ""
    size = f"{count(len(snapshot.sent), 'file')}, {words.size(snapshot.bytes)}"
    return f"; {size} would travel to {goes}" if goes else f"; {size} would travel"


def destination(subject: "Subject") -> str | None:
    """The workspace that the project means, in words."""
    from scaffold.project.documents import workspace_document

    workspace = workspace_document(subject)
    if workspace is None:
        return None
    if workspace["local"]:
        return f"the local workspace ({console.inert(workspace['file'])})"
    name, group = console.inert(workspace["workspace_name"]), console.inert(workspace["resource_group"])
    return f"workspace {name} in resource group {group} ({console.inert(workspace['file'])})"


def count(number: int, noun: str) -> str:
    """``1 error``, ``2 errors``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def show_snapshot(subject: "Subject", snapshot: "Snapshot") -> None:
    """Every file that travels, and each line of the ignore file with what it keeps out, on stdout."""
    for file in snapshot.sent:
        link = " (through a link)" if file.link else ""
        console.result(f"{words.size(file.size):>10}  {words.on_one_line(file.path)}{link}")
    by_line: dict[tuple[int, str, str], list[str]] = {}
    for kept in snapshot.kept:
        by_line.setdefault((kept.by.line, kept.by.file, kept.by.text), []).append(kept.path)
    for (line, name, text), paths in sorted(by_line.items()):
        console.result("")
        console.result(f"kept here by {name}:{line}  {console.inert(text)}")
        for path in paths[:_MOST_PER_PATTERN]:
            console.result(f"{'':>10}  {words.on_one_line(path)}")
        if len(paths) > _MOST_PER_PATTERN:
            console.result(f"{'':>10}  and {len(paths) - _MOST_PER_PATTERN} more")
    ignore = snapshot.ignore.file
    rules = (
        console.inert(ignore.shown) if ignore else "no ignore file: .amlignore and .gitignore are not there"
    )
    console.result("")
    for piece in console.wrapped(
        f"{count(len(snapshot.sent), 'file')} of {console.inert(subject.file(snapshot.folder).shown)}, "
        f"{words.size(snapshot.bytes)} (of 2000 files and 300 MB; {rules}).",
        "",
        "",
    ):
        console.result(piece)
