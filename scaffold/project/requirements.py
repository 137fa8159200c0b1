"""Reads requirements.txt line by line, as pip would.

What is accepted here can still fail to resolve; what is refused can never work. Knows nothing of
building environments.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.project.files import FileError, ProjectFile
from scaffold.project.reading import is_file
from scaffold.requirements import FILES, NEED_VALUE, OPTIONS, is_local, is_url, logical_lines, option_of

if TYPE_CHECKING:
    from packaging.requirements import Requirement


@dataclass(frozen=True)
class Line:
    """A logical line of a requirements file, or an entry of a conda file's pip section.

    Attributes:
        number: the number of its first line.
        last: the number of its last line.
        text: without comments, continued lines joined.
    """

    number: int
    last: int
    text: str


@dataclass(frozen=True)
class Named(Line):
    """A line that asks for a distribution by name.

    Attributes:
        requirement: what it asks for.
    """

    requirement: "Requirement"

    @property
    def name(self) -> str:
        """The distribution's name as PyPI writes it."""
        from packaging.utils import canonicalize_name

        return canonicalize_name(self.requirement.name)

    @property
    def local(self) -> str | None:
        """The file or folder of this computer that it is to be installed from (``NAME @ file:///…``)."""
        url = self.requirement.url
        return url if url is not None and _is_of_this_computer(url) else None


@dataclass(frozen=True)
class Other(Line):
    """A line with an option, an address, or a file or folder.

    Attributes:
        option: ``-r`` and the like, or None.
        local: the file or folder of this computer that it names, or None.
    """

    option: str | None = None
    local: str | None = None

    @property
    def brings(self) -> bool:
        """Whether it installs something, which an index or an option does not."""
        return self.option is None or self.option in ("-r", "--requirement", "-e", "--editable")


@dataclass(frozen=True)
class Requirements:
    """What a pip specification says.

    Attributes:
        file: the file.
        named: the distributions that it asks for by name.
        others: its other lines.
        pythons: the lines that ask for Python itself, which is no distribution.
        faults: what pip cannot read.
    """

    file: ProjectFile
    named: tuple[Named, ...]
    others: tuple[Other, ...]
    pythons: tuple[Named, ...]
    faults: tuple[FileError, ...]

    @property
    def lines(self) -> list[Line]:
        """What pip can read and install, in its order."""
        return sorted((*self.named, *self.others), key=lambda line: line.number)


def read_requirements(file: ProjectFile) -> Requirements:
    """Reads a requirements file.

    Raises:
        FileError: it cannot be read as text.
    """
    return collect(file, logical_lines(file.text()))


def collect(file: ProjectFile, logical: Iterator[tuple[int, int, str]]) -> Requirements:
    """The requirements of logical lines, each with its first and last number."""
    named: list[Named] = []
    others: list[Other] = []
    faults: list[FileError] = []
    for number, last, text in logical:
        try:
            line = _read(file, number, last, text)
        except FileError as error:
            faults.append(error)
            continue
        if isinstance(line, Named):
            named.append(line)
        else:
            others.append(line)
    return Requirements(
        file,
        named=tuple(line for line in named if line.name != "python"),
        others=tuple(others),
        pythons=tuple(line for line in named if line.name == "python"),
        faults=tuple(faults),
    )


def _is_of_this_computer(place: str) -> bool:
    return place.lower().startswith("file:") or not (is_url(place) or _REPOSITORY.match(place))


_LONGEST, _SHOWN = 10_000, 200
_REPOSITORY = re.compile(r"(?:git|hg|svn|bzr)\+")
_PLACES = {*FILES, "-e", "--editable", "-f", "--find-links"}
_INDEXES = {"-i", "--index-url", "--extra-index-url"}


def _read(file: ProjectFile, number: int, last: int, text: str) -> Named | Other:
    if text.startswith("-"):
        option, value = _read_option(file, number, text)
        names_file = option in _PLACES or (option in _INDEXES and value.lower().startswith("file:"))
        local = value if names_file and _is_of_this_computer(value) else None
        return Other(number, last, text, option=option, local=local)
    return _read_requirement(file, number, last, text)


def _read_option(file: ProjectFile, number: int, text: str) -> tuple[str, str]:
    option, value = option_of(text) or (text, "")
    if option not in OPTIONS:
        wrong = f"{option} is not an option that a requirements file takes"
        raise file.error(number, wrong, "Remove the line, or mend the option.")
    if option in NEED_VALUE and not value:
        raise file.error(number, f"{option} lacks its value", "Write the value behind it.")
    if option in FILES and not is_url(value) and not is_file(file.path.parent / value):
        raise file.error(number, f"there is no file {value}", "Restore the file, or remove the line.")
    return option, value


def _read_requirement(file: ProjectFile, number: int, last: int, text: str) -> Named | Other:
    from packaging.requirements import InvalidRequirement, Requirement

    plain = re.split(r"\s--(?:hash|global-option|config-settings)\b", text)[0].strip()
    if is_url(plain):
        return Other(number, last, text, local=plain if _is_of_this_computer(plain) else None)
    if is_local(plain):
        return Other(number, last, text, local=plain)
    try:
        # pip fills in ${NAME} from the environment; any word will do to see the line's form.
        requirement = Requirement(re.sub(r"\$\{[A-Z0-9_]+\}", "x", plain[:_LONGEST]))
    except (InvalidRequirement, RecursionError, ValueError) as error:
        reason = (
            "it is nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        )
        shown = plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"
        wrong = f"'{shown}' is not a requirement that pip can read ({reason})"
        raise file.error(number, wrong, "Write NAME, or NAME==VERSION, one on each line.") from error
    return Named(number, last, text, requirement)
