"""Which files of a folder the SDK leaves behind, and by which line of which ignore file.

Says exactly what azureml-core does (``azureml/_project/ignore_file.py``): one ``.amlignore`` or, only
when there is none, one ``.gitignore``, in the folder itself; read by the same library in the same way, so
the last pattern that matches decides and a folder that matches is not looked into.
"""

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from scaffold.project.files import ProjectFile

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
        self._patterns: list[Any] = []
        if file is not None:
            # As a text file that is read line by line, each with its end: a backslash before it is no pattern.
            self._lines = list(io.StringIO(file.decoded(), newline=None))
            self._patterns = [_compiled(file, number, line) for number, line in enumerate(self._lines, 1)]

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
        return any(pattern.include is False for pattern in self._patterns)

    @cached_property
    def _effective(self) -> list[tuple[int, bool, Any]]:
        """Line, whether it leaves out, and matcher of each pattern, the deciding one (the last) first."""
        numbered = enumerate(self._patterns, 1)
        return [(number, p.include, p.regex.match) for number, p in numbered if p.include is not None][::-1]

    def excludes(self, path: str) -> Pattern | None:
        """The line that keeps a path out; None when it travels.

        Args:
            path: from the folder, with forward slashes; a folder's without one at its end, as the SDK has it.
        """
        for number, include, matches in self._effective:
            if matches(path) is not None:
                if not include or self.file is None:
                    return None
                return Pattern(self.file.path.name, number, self._lines[number - 1].strip())
        return None


def _compiled(file: ProjectFile, number: int, line: str) -> Any:
    from pathspec.patterns.gitwildmatch import GitWildMatchPattern, GitWildMatchPatternError

    try:
        return GitWildMatchPattern(line)
    except GitWildMatchPatternError as error:
        wrong = f"'{line.strip()}' is not a pattern that the SDK takes"
        raise file.error(number, wrong, "Remove the line, or mend the pattern.") from error
