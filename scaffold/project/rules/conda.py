"""Rules about environment.yml, the conda specification, of the same theme as those about requirements.txt."""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from scaffold.project.conda import CondaFile, read_conda
from scaffold.project.files import FileError, ProjectFile
from scaffold.project.finding import Found
from scaffold.project.requirements import Requirements, read_requirements
from scaffold.project.rules.environment import theme
from scaffold.project.subject import Subject

T = TypeVar("T")


@theme.rule(
    "conda",
    "error",
    "now",
    "not of the form that conda and the SDK read",
    why="The SDK refuses the file, or conda does at the image build.",
)
def environment_conda(subject: Subject) -> Iterator[Found]:
    """A conda file is a mapping with `name`, `channels`, `dependencies`, `prefix` and `variables`, each at most
    once; the SDK refuses any other key, `pip:` at the top level among them. `dependencies` is a list of texts
    and at most one `pip:` list.
    """
    conda = subject.conda
    for error in conda.faults if conda else ():
        yield Found.of(error)


@theme.rule(
    "channels",
    "warning",
    "build",
    "no conda channel is named",
    why="Which packages there are then depends on the settings of whoever builds the image.",
)
def environment_channels(subject: Subject) -> Iterator[Found]:
    """`channels:` says where conda looks. Found when conda has something to install besides Python and pip."""
    conda = subject.conda
    if conda is None or conda.faults or (conda.channels and conda.channels[1]):
        return
    if [package for package in conda.packages if package.name != "pip" and "::" not in package.text]:
        line = conda.channels[0] if conda.channels else 1
        yield Found(conda.file, line, "no channel is named", "Add channels: [conda-forge].")


@theme.rule(
    "disagree",
    "warning",
    "build",
    "requirements.txt and environment.yml describe different environments",
    why="The experiment runs in another environment as soon as ENVIRONMENT_FILE names the other file.",
)
def environment_disagree(subject: Subject) -> Iterator[Found]:
    """A new project describes its environment twice, for pip and for conda, and ENVIRONMENT_FILE chooses. Found
    where a package is in one file and not in the other, or with another version, or where PYTHON_VERSION
    and environment.yml name different Pythons. Remove the file that you do not use.
    """
    pair = _pair(subject)
    if pair is None:
        return
    used, other, pip, conda = pair
    difference = _difference(pip, conda) or _other_python(subject, conda)
    if difference:
        hint = f"Make the two alike, or remove {other.shown}, which is not used."
        yield Found(other, None, f"it differs from {used.shown}: {difference}", hint)


def _pair(subject: Subject) -> tuple[ProjectFile, ProjectFile, Requirements, CondaFile] | None:
    """The specification that is used, the other one beside it, and what they say to pip and to conda."""
    specified = subject.specified
    if specified is None or not specified.either:
        return None
    name = "environment.yml" if specified.kind == "pip" else "requirements.txt"
    other = subject.file(specified.file.path.with_name(name))
    if not other.path.is_file() or other.path == specified.file.path:
        return None
    pip = subject.pip if specified.kind == "pip" else _read(read_requirements, other)
    conda = subject.conda if specified.kind == "conda" else _read(read_conda, other)
    if pip is None or conda is None or pip.faults or conda.faults:
        return None
    return specified.file, other, pip, conda


def _read(reader: Callable[[ProjectFile], T], file: ProjectFile) -> T | None:
    """What a file says that is not used and so may be anything."""
    try:
        return reader(file)
    except FileError:
        return None


def _difference(pip: Requirements, conda: CondaFile) -> str | None:
    """The first package in which the two differ, in words."""
    of_pip = {_one_name(line.name): str(line.requirement.specifier) for line in pip.named}
    of_conda = {_one_name(line.name): str(line.requirement.specifier) for line in conda.pip.named}
    by_conda = {_one_name(package.pypi_name): package.version for package in conda.packages}
    by_conda.pop("pip", None)
    for name, version in of_pip.items():
        if name not in of_conda and name not in by_conda:
            return f"{name} is in {pip.file.shown} alone"
        if name in of_conda and of_conda[name] != version:
            return f"{name}{version} and {name}{of_conda[name]}"
        exact = re.fullmatch(r"==?(\d[\d.]*)", by_conda.get(name, ""))
        if exact and version.startswith("==") and not version[2:].startswith(exact[1]):
            return f"{name}{version} and {name}{by_conda[name]}"
    alone = [name for name in (*of_conda, *by_conda) if name not in of_pip]
    return f"{alone[0]} is in {conda.file.shown} alone" if alone else None


def _one_name(name: str) -> str:
    """The name, the same one for the distributions that PyPI has of what is one package to conda."""
    return re.sub(r"^opencv-.*", "opencv", name)


def _other_python(subject: Subject, conda: CondaFile) -> str | None:
    version = subject.constants.python_version
    asked = re.search(r"\d+(\.\d+)+", conda.python.version) if conda.python else None
    if not version or not asked:
        return None
    shorter, longer = sorted((version, asked.group()), key=len)
    return None if f"{longer}.".startswith(f"{shorter}.") else f"Python {version} and Python {asked.group()}"
