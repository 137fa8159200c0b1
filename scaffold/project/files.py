"""One file of a project: its text, and errors that name it and the line.

Knows nothing of what the files mean.
"""

import ast
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.errors import ProjectError
from scaffold.project import notebook
from scaffold.project.reading import MOST, MOST_BY_HAND, TooLargeError, read
from scaffold.words import on_one_line


def lines_of(text: str) -> list[str]:
    """The lines of a text with their ends, as Python, ruff and editors count them.

    ``str.splitlines`` ends lines at form feeds and other signs of Unicode's too.
    """
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text)


class FileError(ProjectError):
    """A file that is missing, unreadable or malformed.

    Args:
        file: the file.
        line: counted from 1; None when it is the file as a whole.
        wrong: what is wrong, a phrase without its full stop.
        hint: what to do, one line.
    """

    def __init__(self, file: "ProjectFile", line: int | None, wrong: str, hint: str) -> None:
        place = file.shown if line is None else f"{file.shown}:{line}"
        super().__init__(on_one_line(f"{place}: {wrong}."), on_one_line(hint))
        self.file = file
        self.line = line
        self.wrong = wrong

    @property
    def is_of_size(self) -> bool:
        """Whether nothing is wrong with the file but that it is too large to be looked at."""
        return isinstance(self.__cause__, TooLargeError)


@dataclass(frozen=True)
class ProjectFile:
    """A file to read, and the name that messages give it.

    Attributes:
        path: where it is.
        shown: its path from the project's folder with forward slashes, or whatever the person typed.
    """

    path: Path
    shown: str

    @classmethod
    def within(cls, root: Path, path: Path) -> "ProjectFile":
        """A file named from the project's folder."""
        try:
            return cls(path, Path(os.path.relpath(path, root)).as_posix())
        except ValueError:  # another drive on Windows
            return cls(path, str(path))

    def error(self, line: int | None, wrong: str, hint: str) -> FileError:
        """An error of the form ``FILE:LINE: what is wrong``.

        Args:
            line: counted from 1; None when it is the file as a whole.
            wrong: a phrase without its full stop; only its first line is kept.
            hint: what to do, one line.
        """
        phrase = wrong.strip().splitlines()[0] if wrong.strip() else "malformed"
        return FileError(self, line, phrase.rstrip("."), hint)

    def data(self, most: int = MOST) -> bytes:
        """The file's bytes.

        Args:
            most: how many bytes it may have.

        Raises:
            FileError: it is not there, is no file, has more bytes than that, or cannot be read.
        """
        try:
            return read(self.path, most)
        except FileNotFoundError as error:
            raise self.error(None, "there is no such file", "Restore the file, or mend its name.") from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise self.error(None, f"cannot be read: {reason}", "Make it a readable file.") from error

    def text(self, most: int = MOST_BY_HAND) -> str:
        """The text of a file that people write by hand.

        Args:
            most: how many bytes it may have.

        Raises:
            FileError: it is not there, cannot be read, or is not plain UTF-8. The SDK opens these
                files without naming an encoding, so that a byte order mark becomes part of the text.
        """
        data = self.data(most)
        if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
            wrong = "starts with a byte order mark, which the SDK takes for text"
            raise self.error(
                1, wrong, "Save the file as UTF-8 without BOM (Windows PowerShell's > adds one)."
            )
        return self._decoded(data)

    def decoded(self) -> str:
        """The text of such a file as the SDK has it, a byte order mark among it.

        Raises:
            FileError: it is not there, cannot be read, or is not UTF-8.
        """
        return self._decoded(self.data(MOST_BY_HAND))

    def _decoded(self, data: bytes) -> str:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise self.error(line, "not UTF-8 text", "Save the file as UTF-8.") from error

    def syntax_tree(self) -> ast.Module:
        """The file parsed as Python, which runs none of it; of a notebook its code cells.

        Raises:
            FileError: it is not there, cannot be read, or is not valid Python.
        """
        tree: ast.Module = self._compiled(ast.PyCF_ONLY_AST)
        return tree

    def check_compiles(self) -> None:
        """Compiles the file as Python and drops the result; nothing of it runs.

        Raises:
            FileError: as :meth:`syntax_tree`; its ``__cause__`` is the SyntaxError where there is one.
        """
        self._compiled(0)

    def _compiled(self, flags: int) -> Any:
        is_notebook = self.path.suffix == notebook.SUFFIX
        read_as = self.data(MOST if is_notebook else MOST_BY_HAND)
        try:
            data = notebook.module(read_as) if is_notebook else read_as
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they are about code that runs elsewhere
                return compile(data, str(self.path), "exec", flags, dont_inherit=True)
        except notebook.NotANotebookError as error:
            raise self.error(None, "is no notebook of nbformat 4", "Save it with Jupyter.") from error
        except SyntaxError as error:
            # A file that cannot be decoded is reported at line 0.
            raise self.error(error.lineno or 1, f"not valid Python: {error.msg}", "Mend the line.") from error
        except (ValueError, RecursionError, MemoryError, OverflowError, SystemError) as error:
            wrong = f"not valid Python: {error or 'nested too deeply'}"
            raise self.error(1, wrong, "Mend the file.") from error
