"""Which files of a folder the SDK leaves behind, and by which line of which ignore file.

Says exactly what azureml-core does (``azureml/_project/ignore_file.py``): one ``.amlignore`` or, only
when there is none, one ``.gitignore``, in the folder itself; read by the same library in the same way, so
the last pattern that matches decides and a folder that matches is not looked into.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scaffold.project.files import FileError, ProjectFile

NAMES = (".amlignore", ".gitignore")


@dataclass(frozen=True)
class Pattern:
    """A line of an ignore file.

    Attributes:
        file: the ignore file's name.
        line: counted from 1.
        text: what stands there.
    """

    file: str
    line: int
    text: str


class IgnoreFile:
    """The ignore file that holds for a folder.

    Args:
        file: an ignore file of it, or None where there is none.

    Raises:
        FileError: it cannot be read, or a line is no pattern; the SDK ends with a traceback then.
    """

    def __init__(self, file: ProjectFile | None) -> None:
        self.file = file
        self._lines: list[str] = []
        self._effective: list[tuple[int, bool, str]] = []
        if file is not None:
            # As a text file that is read line by line, each with its end: a backslash before it is no pattern.
            self._lines = list(io.StringIO(file.decoded(), newline=None))
            found: dict[tuple[bool, str], int] = {}
            for number, line in enumerate(self._lines, 1):
                if made := _compiled(file, number, line):
                    found.pop(made, None)  # of lines that say the same the last one decides
                    found[made] = number
            self._effective = [(number, *made) for made, number in reversed(found.items())]

    @classmethod
    def of(cls, root: Path, folder: Path) -> "IgnoreFile":
        """The ignore file that the SDK reads for a folder.

        Args:
            root: the project's folder, which messages name files from.
            folder: the folder that is sent.

        Raises:
            FileError: as for the class.
        """
        found = next((folder / name for name in NAMES if (folder / name).exists()), None)
        return cls(None if found is None else ProjectFile.within(root, found))

    @cached_property
    def has_exceptions(self) -> bool:
        """True when a line takes files back in that another one leaves out."""
        return any(include is False for _, include, _ in self._effective)

    @cached_property
    def _matchers(self) -> list[tuple[list[tuple[int, bool]], Callable[[str], re.Match[str] | None]]]:
        """Patterns side by side in one expression, the deciding one (the last) first; each is a group of it."""
        made: list[tuple[list[tuple[int, bool]], Callable[[str], re.Match[str] | None]]] = []
        for start in range(0, len(self._effective), _SIDE_BY_SIDE):
            some = self._effective[start : start + _SIDE_BY_SIDE]
            together = "|".join(f"({expression})" for _, _, expression in some)
            made.append(([(number, include) for number, include, _ in some], re.compile(together).match))
        return made

    def excludes(self, path: str) -> Pattern | None:
        """The line that keeps a path out; None when it travels.

        Args:
            path: from the folder, with forward slashes; a folder's without one at its end, as the SDK has it.
        """
        for some, matches in self._matchers:
            found = matches(path)
            if found is not None:
                number, include = some[(found.lastindex or 1) - 1]
                if not include or self.file is None:
                    return None
                return Pattern(self.file.path.name, number, self._lines[number - 1].strip())
        return None


# Python's own limit of groups is far above, and what is compiled at once stays small.
_SIDE_BY_SIDE = 200
_MOST_STARS = 6
_GROUP = "(?P<ps_d>"  # the one that pathspec names


def _compiled(file: ProjectFile, number: int, line: str) -> tuple[bool, str] | None:
    """Whether a line leaves files out, and its expression without groups; None for a line that says nothing."""
    from pathspec.patterns.gitwildmatch import GitWildMatchPattern, GitWildMatchPatternError

    try:
        expression, include = GitWildMatchPattern.pattern_to_regex(_without_runs(file, number, line))
        if expression is not None and "[" in expression:
            re.compile(expression)  # [z-a] is none
    except (GitWildMatchPatternError, re.error, OverflowError) as error:
        wrong = f"'{line.strip()}' is not a pattern that the SDK takes"
        raise file.error(number, wrong, "Remove the line, or mend the pattern.") from error
    if include is None or expression is None:
        return None
    return bool(include), expression.replace(_GROUP, "(?:")


def _without_runs(file: ProjectFile, number: int, line: str) -> str:
    """A line with one star for many in a row, which mean the same.

    Raises:
        FileError: it has so many stars that the SDK, which tries every way to share a name out among them, does not
            come to an end.
    """
    if line.startswith("#"):
        return "#"
    if len(line) > _LONGEST:
        wrong = f"'{line[:_MOST_SHOWN]}…' is longer than any path"
        raise file.error(number, wrong, "Remove the line, or mend the pattern.")
    if line.count("*") < 3:
        return line
    plain = re.sub(r"(?<![\\*])\*{3,}", "*", line)
    parts = plain.strip().split("/")
    if any(part.count("*") > _MOST_STARS for part in parts) or parts.count("**") > _MOST_STARS:
        raise _endless(file, number, line)
    if re.search(rf"\*{{{_MOST_STARS + 1},}}", line):
        raise _endless(file, number, line)
    return plain


def _endless(file: ProjectFile, number: int, line: str) -> FileError:
    shown = line.strip()
    shown = shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}…"
    wrong = f"'{shown}' has so many stars that the SDK does not come to an end with it"
    return file.error(
        number, wrong, f"Write one star where there are many, and at most {_MOST_STARS} in a name."
    )


_MOST_SHOWN = 40
_LONGEST = 4096
