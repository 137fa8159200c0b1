"""Reads a conda environment file node by node, for the sake of the line numbers.

Knows nothing of building environments.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from scaffold.conda_names import PYPI_NAMES
from scaffold.project.files import FileError, ProjectFile
from scaffold.project.python import has_version_for_the_sdk, is_python_to_the_sdk
from scaffold.project.requirements import Requirements, collect

_HINT = "See 'conda env export' for the form, or the environment.yml of a new project."
# The keys that azureml-core takes; it refuses the file for any other one.
_KEYS = ("name", "channels", "dependencies", "prefix", "variables")
_MATCH = re.compile(r"^(?:[^\s:]+::)?(?P<name>[A-Za-z0-9_.\-]+)(?:\[[^\]]*\])?\s*(?P<version>.*)$")
_MOST_BYTES = 256 * 1024  # YAML is slow to read
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class Package:
    """An entry of dependencies that conda installs.

    Attributes:
        line: where it stands.
        text: the entry.
        name: in lower case, with hyphens.
        version: the constraint as it stands, ``=1.26`` or the like; empty without one.
    """

    line: int
    text: str
    name: str
    version: str

    @property
    def pypi_name(self) -> str:
        """What PyPI calls it."""
        return PYPI_NAMES.get(self.name, self.name)


@dataclass(frozen=True)
class CondaFile:
    """What a conda environment file says.

    Attributes:
        file: the file.
        packages: what conda installs, without Python itself.
        pip: what pip installs.
        python: the entry that says which Python.
        python_fate: what azureml-core makes of that: it is "kept" as it stands; "replaced" by the SDK's default,
            where the SDK reads no version in it; or "doubled", where the SDK adds its default beside it.
        prefix: the line and the folder of the environment that the file was exported from.
        channels: the line of the channels and how many there are; None when there is no such key.
        faults: what keeps conda, or the SDK, from reading it.
    """

    file: ProjectFile
    packages: tuple[Package, ...]
    pip: Requirements
    python: Package | None
    channels: tuple[int, int] | None
    faults: tuple[FileError, ...]
    python_fate: Literal["kept", "replaced", "doubled"] = "kept"
    prefix: tuple[int, str] | None = None


def read_conda(file: ProjectFile) -> CondaFile:
    """Reads a conda environment file.

    Raises:
        FileError: it cannot be read as text, or not as YAML.
    """
    import yaml

    text = file.text(_MOST_BYTES)
    if _depth(text) > _DEEPEST:
        raise file.error(1, "not YAML that can be read: brackets are nested too deeply", "Mend the file.")
    try:
        document = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise file.error(line, f"not YAML: {error.problem}", "Mend the line; spaces matter.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise file.error(1, f"not YAML: {error}", "Mend the file.") from error
    return _Reader(file).read(document)


_DEEPEST = 50


def _depth(text: str) -> int:
    """How many brackets are open at once: what takes the parser very long, and means nothing here."""
    deepest = depth = 0
    for sign in re.findall(r"[\[{\]}]", text):
        depth = depth + 1 if sign in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def one_python(version: str) -> str | None:
    """The version of Python that a constraint names, at least its minor; None when it takes several."""
    least: str | None = None
    most: tuple[int, ...] | None = None
    for clause in version.replace(" ", "").split(","):
        match = re.fullmatch(r"(==?|~=|>=|<=?|!=|)(\d+(?:\.\d+)+)(?:\.\*|=.*)?", clause)
        if match is None:
            return None
        if match[1] in ("=", "==", "", "~="):
            return match[2] if match[1] != "~=" or match[2].count(".") > 1 else None
        if match[1] == ">=":
            least = match[2]
        elif match[1] == "<":
            most = tuple(map(int, match[2].split(".")))
    if least is None or most is None:
        return None
    major, minor = map(int, least.split(".")[:2])
    return least if most[:2] == (major, minor + 1) and not any(most[2:]) else None


def package_of(line: int, text: str) -> Package | None:
    """What an entry of dependencies asks for; None when it has not the form of a package."""
    match = _MATCH.match(text)
    if match is None:
        return None
    return Package(line, text, match["name"].lower().replace("_", "-"), match["version"].strip())


def _python_of(packages: list[Package]) -> tuple[Package | None, Literal["kept", "replaced", "doubled"]]:
    """The entry that says which Python, and what azureml-core makes of it."""
    own = next((package for package in packages if is_python_to_the_sdk(package.text)), None)
    if own is not None:
        return own, "kept" if has_version_for_the_sdk(own.text) else "replaced"
    other = next((package for package in packages if package.name == "python"), None)
    return other, "kept" if other is None else "doubled"


class _Reader:
    """The form of one environment file."""

    def __init__(self, file: ProjectFile) -> None:
        self._file = file
        self._faults: list[FileError] = []
        self._packages: list[Package] = []
        self._pip: list[tuple[int, int, str]] = []
        self._channels: tuple[int, int] | None = None
        self._prefix: tuple[int, str] | None = None

    def read(self, document: Any) -> CondaFile:
        try:
            self._document(document)
        except FileError as error:
            self._faults.append(error)
        pip = collect(self._file, iter(self._pip))
        python, fate = _python_of(self._packages)
        return CondaFile(
            file=self._file,
            packages=tuple(package for package in self._packages if package.name != "python"),
            pip=pip,
            python=python,
            python_fate=fate,
            prefix=self._prefix,
            channels=self._channels,
            faults=(*self._faults, *pip.faults),
        )

    def _wrong(self, node: Any, wrong: str, hint: str = _HINT) -> FileError:
        return self._file.error(node.start_mark.line + 1 if node else 1, wrong, hint)

    def _document(self, document: Any) -> None:
        entries = self._mapping(document, "the file must be a mapping with dependencies")
        self._check_keys(document)
        if "dependencies" not in entries:
            raise self._wrong(document, "dependencies is missing")
        if "name" in entries:
            self._text(entries["name"], "name must be a text")
        if "channels" in entries:
            channels = self._sequence(entries["channels"], "channels must be a list")
            self._channels = entries["channels"].start_mark.line + 1, len(channels)
            for channel in channels:
                self._text(channel, "a channel must be a text")
        if "prefix" in entries and entries["prefix"].id == "scalar":
            self._prefix = entries["prefix"].start_mark.line + 1, str(entries["prefix"].value)
        if entries["dependencies"].tag == _NULL:
            raise self._wrong(entries["dependencies"], "dependencies is empty")
        self._dependencies(entries["dependencies"])

    def _check_keys(self, document: Any) -> None:
        seen: set[str] = set()
        for key, _ in document.value:
            name = str(key.value)
            if name in seen:
                hint = "Make one of the two; the SDK refuses the file."
                self._faults.append(self._wrong(key, f"{name} stands here a second time", hint))
            elif name == "pip":
                hint = "Indent it as an entry of dependencies: '  - pip:' with its list below."
                self._faults.append(self._wrong(key, "pip: must stand in dependencies", hint))
            elif name not in _KEYS:
                hint = f"Remove it; the SDK refuses every key but {', '.join(_KEYS)}."
                self._faults.append(self._wrong(key, f"{name} is not a key of a conda environment", hint))
            seen.add(name)

    def _dependencies(self, node: Any) -> None:
        pip_sections = 0
        for entry in self._sequence(node, "dependencies must be a list"):
            if entry.id == "mapping":
                pip_sections += 1
                self._pip_section(entry)
            else:
                text = self._text(entry, "a dependency must be a text such as numpy=1.26, or a pip: list")
                self._package(entry, text)
        if pip_sections > 1:
            raise self._wrong(node, "dependencies has more than one pip: list")

    def _package(self, node: Any, text: str) -> None:
        package = package_of(node.start_mark.line + 1, text)
        if package is not None:
            self._packages.append(package)

    def _pip_section(self, node: Any) -> None:
        section = self._mapping(node, "a dependency must be a text or a pip: list")
        if set(section) != {"pip"}:
            other = next((key for key in section if key != "pip"), "nothing")
            raise self._wrong(node, f"only pip: can hold a list here, not {other}:")
        for entry in self._sequence(section["pip"], "pip: must hold a list"):
            line = re.sub(r"(^|\s)#.*$", "", self._text(entry, "a pip requirement must be a text")).strip()
            if line:
                self._pip.append((entry.start_mark.line + 1, entry.end_mark.line + 1, line))

    def _mapping(self, node: Any, wrong: str) -> dict[str, Any]:
        if node is None or node.id != "mapping":
            raise self._wrong(node, wrong)
        return {str(key.value): value for key, value in node.value}

    def _sequence(self, node: Any, wrong: str) -> list[Any]:
        if node is None:
            return []
        if node.id != "sequence":
            raise self._wrong(node, wrong)
        return list(node.value)

    def _text(self, node: Any, wrong: str) -> str:
        # An unquoted 1.10 is a number to YAML, and 3.1 to whoever reads it; a text is what was meant.
        if node.id != "scalar" or node.tag == _NULL or not node.value.strip():
            raise self._wrong(node, wrong)
        return str(node.value).strip()
