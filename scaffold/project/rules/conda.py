"""Rules about environment.yml, the conda specification, of the same theme as those about requirements.txt."""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from scaffold.project.conda import CondaFile, one_python, read_conda
from scaffold.project.files import FileError, ProjectFile
from scaffold.project.finding import Found, Severity
from scaffold.project.python import SDK_CONDA_PYTHON
from scaffold.project.reading import is_file
from scaffold.project.requirements import Requirements, read_requirements
from scaffold.project.rules.environment import theme
from scaffold.project.secrets import secrets_in
from scaffold.project.subject import Subject
from scaffold.project.versions import holds

T = TypeVar("T")
_NAMED_AT_ONCE = 4


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
    "python-pin",
    "warning",
    "build",
    "the SDK does not take the version of Python that environment.yml asks for",
    why="The SDK reads no version there, and writes its own choice into what it sends.",
)
def environment_python_pin(subject: Subject) -> Iterator[Found]:
    """The SDK reads `python=3.9`, `python==3.9.18` and `python>=3.9`. It reads no version in `python=3.9.18=BUILD`, as
    `conda env export` writes it, nor in `python=3.9.*` and `python=3`, and asks for Python 3.10.18 in their place. It
    does not see `python 3.9` and `conda-forge::python=3.9` at all, and asks for 3.10.18 beside them, so that conda
    finds no Python that is both. Nothing is said where 3.10.18 is one that the line takes.
    """
    conda = subject.conda
    if conda is None or conda.faults or conda.python is None or conda.python_fate == "kept":
        return
    if subject.submission.sets_python and subject.submission.python_of != {"pip"}:
        return
    text, version = conda.python.text, one_python(conda.python.version)
    if _takes(conda.python.version, SDK_CONDA_PYTHON):
        return
    hint = f"Write python={version}." if version else "Write python=X.Y, with the version that you want."
    if conda.python_fate == "replaced":
        wrong = f"'{text}' is no version to the SDK: it asks for python={SDK_CONDA_PYTHON} in its place"
        yield Found(conda.file, conda.python.line, wrong, hint)
    else:
        wrong = f"the SDK does not see '{text}', and asks for python={SDK_CONDA_PYTHON} beside it"
        yield Found(conda.file, conda.python.line, wrong, hint, why=_TWO_PYTHONS)


_TWO_PYTHONS = "conda is asked for two versions of Python, and finds no way."


def _takes(constraint: str, version: str) -> bool:
    """Whether a constraint of conda's takes a version; no when it cannot be told."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    clauses = []
    for clause in constraint.replace(" ", "").split(","):
        match = re.fullmatch(r"(==?|~=|>=|<=?|>|!=|)([\d.]+?)(\.?\*)?(=.*)?", clause)
        if match is None:
            return clause in ("", "*")
        exact = match[1] == "==" or (match[4] and not match[3])
        clauses.append(
            f"{match[1] if match[1] not in ('', '=') else '=='}{match[2]}"
            + (".*" if match[1] in ("", "=") and not exact else "")
        )
    try:
        return SpecifierSet(",".join(clauses)).contains(version)
    except InvalidSpecifier:
        return False


# Packages that conda's channels, or PyPI, have for one system alone.
_OF_WINDOWS = {
    *(
        "vc",
        "vc14-runtime",
        "vs2015-runtime",
        "vs2017-runtime",
        "vs2019-runtime",
        "ucrt",
        "pywin32",
        "pywinpty",
    ),
    *("winpty", "win-inet-pton", "console-shortcut", "powershell-shortcut", "msys2-conda-epoch"),
}
_OF_MACOS = {"python.app", "pyobjc-core", "pyobjc-framework-cocoa"}
_PIP_OF_WINDOWS = {"pywin32", "pypiwin32", "pywinpty", "windows-curses"}
_PIP_OF_MACOS = {"pyobjc", "pyobjc-core", "pyobjc-framework-cocoa"}


@theme.rule(
    "platform",
    "error",
    "build",
    "packages that exist for another system only",
    why="The image is one of Linux, for which there are no such packages.",
)
def environment_platform(subject: Subject) -> Iterator[Found]:
    """`conda env export` names every package of the environment, those of Windows and macOS too (`vc`,
    `vs2015_runtime`, `pywin32`, `python.app`), and the builds of that system, which Linux has others of.
    `conda env export --from-history` names what was asked for. The local workspace may run on that system, so that it
    is a warning there.
    """
    severity: Severity = "error" if subject.goes == "azure" else "warning"
    pip = subject.pip
    if pip is None:
        return
    places: dict[str, list[tuple[int, str]]] = {"Windows": [], "macOS": []}
    for package in subject.packages:
        for system, names in (("Windows", _OF_WINDOWS), ("macOS", _OF_MACOS)):
            if package.name in names or (system == "Windows" and package.name.startswith("m2w64-")):
                places[system].append((package.line, re.split(r"[=<>!~ ]", package.text)[0]))
    for line in pip.named:
        for system, names in (("Windows", _PIP_OF_WINDOWS), ("macOS", _PIP_OF_MACOS)):
            if line.name in names and holds(subject, line):
                places[system].append((line.number, line.name))
    hint = "Remove them; 'conda env export --from-history' names only what you asked for."
    for system, found in places.items():
        if found:
            listed = ", ".join(name for _, name in found[:_NAMED_AT_ONCE])
            more = f" and {len(found) - _NAMED_AT_ONCE} more" if len(found) > _NAMED_AT_ONCE else ""
            wrong = f"{listed}{more} exist{'s' if len(found) == 1 else ''} for {system} only"
            yield Found(pip.file, found[0][0], wrong, hint, severity=severity)
    yield from _builds(subject, severity)


def _builds(subject: Subject, severity: Severity) -> Iterator[Found]:
    """Builds of another system, where the prefix says that the file was exported there."""
    conda = subject.conda
    if conda is None or conda.prefix is None:
        return
    windows = re.match(r"[A-Za-z]:[\\/]", conda.prefix[1]) is not None
    if not windows and not conda.prefix[1].startswith("/Users/"):
        return
    built = [package for package in conda.packages if re.fullmatch(r"=[^=,]+=[^=,]+", package.version)]
    if built:
        system = "Windows" if windows else "macOS"
        wrong = (
            f"{built[0].text} and others are builds of {system}"
            if built[1:]
            else f"{built[0].text} is a build of {system}"
        )
        hint = "Leave the builds out: 'conda env export --no-builds', or better --from-history."
        why = "Linux has other builds of the same packages, so that conda finds none of these."
        yield Found(conda.file, built[0].line, wrong, hint, why=why, severity="warning")


@theme.rule(
    "secret",
    "warning",
    "now",
    "a key, token or password",
    why="The lines are sent as they stand, and whoever can read the workspace can read its environments.",
)
def environment_secret(subject: Subject) -> Iterator[Found]:
    """Passwords in the addresses of indexes and repositories, and tokens, as `snapshot-secret` finds them. A workspace
    connection (`ws.set_connection`) gives Azure ML the password of a private feed, and pip's own configuration the
    local workspace.
    """
    specified = subject.specified
    if specified is None:
        return
    hint = "Leave it out, and let the workspace hold it: ws.set_connection, or pip's configuration for the local one."
    for secret in list(secrets_in(specified.file.path, subject.today))[:_NAMED_AT_ONCE]:
        wrong = f"it holds what looks like a secret ({secret.kind})"
        yield Found(specified.file, secret.line, wrong, hint)


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
    if not is_file(other.path) or other.path == specified.file.path:
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
