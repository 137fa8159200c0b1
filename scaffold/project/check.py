"""Checks a project before it is submitted: all rules, or some, and the fixes of what they find.

Reads files, runs none of the project's code, and asks no network.
"""

import io
import tokenize
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from scaffold.errors import UsageError
from scaffold.project import notebook, replacing
from scaffold.project.files import lines_of
from scaffold.project.finding import Edit, Finding, Fix, Rule
from scaffold.project.reading import read
from scaffold.project.replacing import New
from scaffold.project.subject import Subject


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        subject: the project.
        findings: errors first, then by file and line.
    """

    subject: Subject
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "warning")


def selected(select: Collection[str] = (), ignore: Collection[str] = ()) -> list[Rule]:
    """The rules of these names or themes; all when none is named.

    Raises:
        UsageError: there is no rule or theme of a name.
    """
    from scaffold.project.rules import RULES, THEMES

    themes = {theme.name for theme in THEMES}
    known = themes | {rule.id for rule in RULES}
    for name in (*select, *ignore):
        if name not in known:
            raise UsageError(
                f"There is no rule or theme {name!r}.",
                f"Themes are {', '.join(theme.name for theme in THEMES)}; "
                "'scaffold check --rules' lists the rules.",
            )

    def named(rule: Rule, words: Collection[str]) -> bool:
        theme = next(theme.name for theme in THEMES if rule in theme.rules)
        return rule.id in words or theme in words

    return [rule for rule in RULES if (not select or named(rule, select)) and not named(rule, ignore)]


def examine(
    subject: Subject,
    rules: Iterable[Rule] | None = None,
    on_fault: Callable[[Rule, Exception], None] | None = None,
) -> Report:
    """What rules find in a project.

    Args:
        subject: the project.
        rules: all of them by default.
        on_fault: told of a rule that fails, which is then passed over; without it the failure is raised.
    """
    found: dict[Finding, None] = {}
    for rule in selected() if rules is None else rules:
        try:
            found |= dict.fromkeys(rule.findings(subject))
        except Exception as error:
            if on_fault is None:
                raise
            on_fault(rule, error)
    order = {"error": 0, "warning": 1}
    found = dict.fromkeys(map(_mendable, found))
    ranked = sorted(found, key=lambda one: (order[one.severity], one.file, one.line or 0))
    return Report(subject, tuple(ranked))


def _mendable(finding: Finding) -> Finding:
    """A finding without its fix where that would change lines of a notebook, which are JSON and no Python."""
    edits = finding.fix.edits if finding.fix else ()
    if any(edit.path.suffix == notebook.SUFFIX for edit in edits):
        return replace(finding, fix=None)
    return finding


def mend(findings: Iterable[Finding], root: Path) -> list[Finding]:
    """Makes the fixes of findings, those that are not in one another's way, and returns what it mended.

    Args:
        findings: what to mend.
        root: the project's folder.

    Raises:
        ProjectError: a file cannot be written, or is a link out of the project; none was changed.
    """
    mended: list[Finding] = []
    taken: dict[Path, list[Edit]] = {}
    for finding in findings:
        if finding.fix is not None and not _in_the_way(finding.fix, taken):
            mended.append(finding)
            for edit in finding.fix.edits:
                taken.setdefault(edit.path, []).append(edit)
    new = [New(path, _rewritten(path, edits), path.name) for path, edits in taken.items()]
    replacing.write(new, root)
    return mended


def _in_the_way(fix: Fix, taken: dict[Path, list[Edit]]) -> bool:
    return any(
        edit.first <= other.last + 1 and other.first <= edit.last + 1
        for edit in fix.edits
        for other in taken.get(edit.path, ())
    )


def _rewritten(path: Path, edits: list[Edit]) -> bytes:
    """A file with lines replaced, the last ones first; line ends and encoding are kept as they are."""
    data = read(path)
    encoding = _encoding(data) if path.suffix == ".py" else "utf-8"
    text = data.decode(encoding)
    if any(edit.first == 1 for edit in edits):
        text = text.removeprefix("\ufeff")
    lines = lines_of(text)
    ends = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    for edit in sorted(edits, key=lambda edit: edit.first, reverse=True):
        new = edit.text if "\r" in edit.text else edit.text.replace("\n", ends)
        lines[edit.first - 1 : edit.last] = [new] if new else []
    return "".join(lines).encode(encoding)


def _encoding(data: bytes) -> str:
    """The encoding that a Python file names, with a byte order mark as part of the text."""
    try:
        found, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        return "utf-8"
    return "utf-8" if found == "utf-8-sig" else found
