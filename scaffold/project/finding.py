"""What a check finds: where, what is wrong, why and when it would fail, and what to do.

Knows neither the rules nor how findings are shown.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from scaffold.project.files import FileError, ProjectFile, lines_of
from scaffold.project.reading import read_or_nothing
from scaffold.words import on_one_line

if TYPE_CHECKING:
    from scaffold.project.subject import Subject

Severity = Literal["error", "warning"]
When = Literal["now", "build", "run"]

WHEN: dict[When, str] = {
    "now": "when it is submitted",
    "build": "at the image build",
    "run": "when the script runs",
}


@dataclass(frozen=True)
class Edit:
    """Lines of a file that are to be replaced.

    Attributes:
        path: the file.
        first: the first line, counted from 1; one past the end appends.
        last: the last line; ``first - 1`` inserts before ``first``.
        text: what comes in their place: whole lines with their ends, or nothing.
    """

    path: Path
    first: int
    last: int
    text: str


@dataclass(frozen=True)
class Fix:
    """A change that mends a finding and cannot do harm.

    Attributes:
        title: what it does, an imperative phrase.
        edits: the lines that it replaces.
    """

    title: str
    edits: tuple[Edit, ...]


def without_mark(file: ProjectFile) -> Fix | None:
    """The fix for a byte order mark of UTF-8 at a file's start; None where there is none."""
    data = read_or_nothing(file.path)
    if not data.startswith(b"\xef\xbb\xbf"):
        return None
    first = lines_of(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace"))[:1]
    return Fix("remove the byte order mark", (Edit(file.path, 1, 1, "".join(first)),))


@dataclass(frozen=True)
class Found:
    """What a rule yields; the rule's own severity and reason hold where these are None.

    Attributes:
        file: where.
        line: counted from 1; None when it is the file as a whole.
        what: what is wrong, a phrase without its full stop.
        hint: what to do, a sentence.
        why: why it would fail, a sentence.
        severity: an error is sure to fail, a warning may.
        fix: how to mend it without asking.
    """

    file: ProjectFile
    line: int | None
    what: str
    hint: str
    why: str | None = None
    severity: Severity | None = None
    fix: Fix | None = None

    @classmethod
    def of(cls, error: FileError, fix: Fix | None = None) -> "Found":
        """What a file's own error says."""
        return cls(error.file, error.line, error.wrong, error.hint, fix=fix)


@dataclass(frozen=True)
class Finding:
    """One thing that a rule found in a project.

    Attributes:
        rule: the rule's id.
        severity: an error is sure to fail, a warning may.
        when: at which stage it would.
        file: the file, from the project's folder with forward slashes.
        path: the same file, absolute.
        line: counted from 1; None when it is the file as a whole.
        what: what is wrong, a phrase without its full stop.
        why: why it would fail, a sentence.
        hint: what to do, a sentence.
        fix: how to mend it without asking; None where that takes a person.
    """

    rule: str
    severity: Severity
    when: When
    file: str
    path: Path
    line: int | None
    what: str
    why: str
    hint: str
    fix: Fix | None = None

    @property
    def place(self) -> str:
        """``FILE:LINE``, or the file alone."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    @property
    def message(self) -> str:
        """The first of the two lines that tell it as an error."""
        return f"{self.place}: {self.what}."


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong with a project.

    Attributes:
        id: theme and name, such as ``config-file``.
        severity: unless a finding says otherwise.
        when: when what it finds would fail.
        title: what it finds, a phrase.
        why: why that fails, a sentence.
        fixable: whether ``--fix`` mends it.
        find: looks at a project.
    """

    id: str
    severity: Severity
    when: When
    title: str
    why: str
    fixable: bool
    find: Callable[["Subject"], Iterable[Found]]

    @property
    def explanation(self) -> str:
        """A paragraph or two for the documentation."""
        import inspect

        return inspect.cleandoc(self.find.__doc__ or "")

    def findings(self, subject: "Subject") -> Iterator[Finding]:
        """What it finds; nothing when a file that it needs cannot be read, which is another rule's to say.

        Nor where code is nested more deeply than it can be followed: Python itself may take it.
        """
        try:
            for found in self.find(subject):
                yield self._finding(found)
        except (FileError, RecursionError):
            return

    def _finding(self, found: Found) -> Finding:
        return Finding(
            rule=self.id,
            severity=found.severity or self.severity,
            when=self.when,
            file=on_one_line(found.file.shown),
            path=found.file.path,
            line=found.line,
            what=on_one_line(found.what),
            why=found.why or self.why,
            hint=on_one_line(found.hint),
            fix=found.fix,
        )


class Theme:
    """The rules of one subject, in the order in which they are written down.

    Args:
        name: what the ids of its rules begin with.
        title: its heading in the documentation.
    """

    def __init__(self, name: str, title: str) -> None:
        self.name = name
        self.title = title
        self.rules: list[Rule] = []

    def rule(  # noqa: PLR0913
        self, name: str, severity: Severity, when: When, title: str, *, why: str, fixable: bool = False
    ) -> Callable[[Callable[["Subject"], Iterable[Found]]], Rule]:
        """Makes a rule of a function; its docstring is what the documentation says."""

        def make(find: Callable[["Subject"], Iterable[Found]]) -> Rule:
            made = Rule(f"{self.name}-{name}", severity, when, title, why, fixable, find)
            self.rules.append(made)
            return made

        return make
