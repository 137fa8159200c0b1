"""The environment section of a RunConfiguration, read into what has to be built.

The shape is azureml-core's (``azureml.core.environment``, serialised by ``_serialize_to_dict``):
``environment.python`` with ``userManagedDependencies``, ``interpreterPath`` and ``condaDependencies``,
a conda environment in JSON whose ``dependencies`` may hold one ``{"pip": [...]}``. A pip specification
arrives in the same shape, so the two differ only in what else the list holds.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from scaffold import requirements as pip
from scaffold.workspace.engine.matchspec import SpecificationError, pip_version, python_version, read_match

__all__ = ["Conda", "SourceFile", "Specification", "SpecificationError", "pip_itself", "read_environment"]


class Conda(msgspec.Struct, frozen=True):
    """What of an environment conda has to install.

    Attributes:
        channels: names, URLs and folders, the first one preferred, as they were written.
        packages: match specifications as they were written, Python's among them if it was asked for.
    """

    channels: tuple[str, ...]
    packages: tuple[str, ...]


class SourceFile(msgspec.Struct, frozen=True):
    """A file that pip requirements name by a path.

    Attributes:
        path: where the requirements expect it, relative with forward slashes.
        sha256: its content in the content store.
    """

    path: str
    sha256: str


class Specification(msgspec.Struct, frozen=True):
    """What an environment has to hold.

    Attributes:
        name: the Environment's name.
        python: the version asked for (``3.8.13``, ``3.11``), or None for whichever there is.
        requirements: pip requirement lines, options among them.
        conda: what conda installs before them, or None for an environment of pip packages alone.
        files: what the requirement lines name by relative paths.
        translated: for every conda package that is installed from PyPI instead, a sentence about it.
        interpreter: for an environment that the user manages, the Python to run in; else None.
        variables: environment variables that the environment sets.
        notices: what of the environment has no effect here, a sentence each.
    """

    name: str
    python: str | None
    requirements: tuple[str, ...]
    conda: Conda | None = None
    files: tuple[SourceFile, ...] = ()
    translated: tuple[str, ...] = ()
    interpreter: str | None = None
    variables: dict[str, str] = {}
    notices: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """``pip``, ``conda``, ``conda-as-pip`` or ``user-managed``."""
        if self.interpreter is not None:
            return "user-managed"
        if self.conda is not None:
            return "conda"
        return "conda-as-pip" if self.translated else "pip"

    def canonical(self) -> str:
        """What decides the content, as JSON: equal for equal environments whatever they are called.

        The first SDK sends a requirements file with its comments, the second one without.
        """
        lines = [line for _, _, line in pip.logical_lines("\n".join(self.requirements))]
        content: dict[str, Any] = {"python": self.python, "requirements": lines}
        if self.conda is not None:
            content["conda"] = self.conda
        if self.files:
            content["files"] = self.files
        return msgspec.json.encode(content).decode()

    def key(self, salt: str) -> str:
        """The name of the built environment's folder: a hash of its content and of ``salt``."""
        return hashlib.sha256(f"{self.canonical()}\n{salt}".encode()).hexdigest()[:20]


# What ``CondaDependencies.create`` adds by itself: PyPI by its former name. Packages come from there in any case,
# or from where the user's pip configuration says; pip passes over what it cannot read there, uv does not.
_OF_THE_SDK = re.compile(
    r"--(find-links|extra-index-url)\s+https://pypi\.python\.org/simple(/index\.html)?/?$"
)

# What the SDK puts into every environment by itself, and its like: an operating system, conda and MPI.
_BARE_IMAGE = re.compile(r"mcr\.microsoft\.com/azureml/(base|intelmpi|openmpi|minimal)[\w.\-]*(:.*|@.*)?")


class _CondaDependencies(msgspec.Struct, rename="camel"):
    dependencies: list[str | dict[str, list[str] | None]] | None = None
    channels: list[str] | None = None
    variables: dict[str, str | int | float | bool | None] | None = None


class _PythonSection(msgspec.Struct, rename="camel"):
    user_managed_dependencies: bool | None = None
    interpreter_path: str | None = None
    conda_dependencies: _CondaDependencies | None = None
    base_conda_environment: str | None = None


class _DockerSection(msgspec.Struct, rename="camel"):
    base_image: str | None = None
    base_dockerfile: str | None = None
    build_context: Any = None


class _EnvironmentSection(msgspec.Struct, rename="camel"):
    """``EnvironmentDefinition``, what of it decides how a run starts here."""

    name: str | None = None
    environment_variables: dict[str, str | int | float | bool | None] | None = None
    python: _PythonSection | None = None
    docker: _DockerSection | None = None
    r: Any = None


def read_environment(section: dict[str, Any]) -> Specification:
    """Reads ``Configuration["environment"]`` of a submitted run.

    Args:
        section: the decoded JSON.

    Raises:
        SpecificationError: see there.
    """
    try:
        environment = msgspec.convert(section, _EnvironmentSection)
    except msgspec.ValidationError as error:
        raise SpecificationError(str(error)) from None
    name = environment.name or "environment"
    if environment.r:
        raise SpecificationError(
            "it has an R section, and those are not built here; "
            "name r-base and the R packages among the conda dependencies"
        )
    variables = _texts(environment.environment_variables)
    python = environment.python or _PythonSection()
    notices = tuple(_without_effect(environment))
    if python.user_managed_dependencies:
        interpreter = python.interpreter_path or "python"
        return Specification(name, None, (), interpreter=interpreter, variables=variables, notices=notices)
    dependencies = python.conda_dependencies or _CondaDependencies()
    version, packages, requirements = _read_dependencies(dependencies.dependencies or [])
    conda = Conda(tuple(dependencies.channels or ()), tuple(packages))
    alone = _is_for_pip_alone(conda)
    return Specification(
        name,
        version,
        (*pip_itself(packages), *requirements) if alone else tuple(requirements),
        conda=None if alone else conda,
        variables=_texts(dependencies.variables) | variables,
        notices=notices,
    )


def _texts(variables: dict[str, str | int | float | bool | None] | None) -> dict[str, str]:
    return {key: str(value) for key, value in (variables or {}).items()}


def _read_dependencies(
    dependencies: list[str | dict[str, list[str] | None]],
) -> tuple[str | None, list[str], list[str]]:
    """The Python asked for, the conda packages and the pip requirements."""
    python: str | None = None
    packages: list[str] = []
    requirements: list[str] = []
    for entry in dependencies:
        if isinstance(entry, dict):
            lines = entry.get("pip") or []
            requirements += [line for line in lines if not _OF_THE_SDK.match(line.strip())]
            continue
        name, version = read_match(entry)
        if name == "python":
            python = python_version(version)
        packages.append(entry.strip())
    return python, packages, requirements


def _is_for_pip_alone(conda: Conda) -> bool:
    """True when nothing but Python and pip itself is asked of conda, and of no channel of the user's own.

    Every pip specification arrives like that.
    """
    names = {read_match(entry)[0] for entry in conda.packages}
    own = any("://" in channel or channel.startswith(("/", "~", ".")) for channel in conda.channels)
    return names <= {"python", "pip"} and not own


def pip_itself(packages: Iterable[str]) -> list[str]:
    """The requirement of pip's own version, if one is said; an environment has some pip in any case.

    Args:
        packages: match specifications.
    """
    versions = [version for name, version in map(read_match, packages) if name == "pip" and version]
    return [f"pip{pip_version(version)}" for version in versions]


def _without_effect(environment: _EnvironmentSection) -> list[str]:
    """Sentences about what the environment asks for and does not get here: Docker images."""
    docker, python = environment.docker or _DockerSection(), environment.python or _PythonSection()
    notices = []
    what = None
    if docker.base_dockerfile:
        what = "The Dockerfile of the environment is not built"
    elif docker.build_context:
        what = "The Docker build context of the environment is not built"
    elif docker.base_image and not _BARE_IMAGE.fullmatch(docker.base_image):
        what = f"The Docker image {docker.base_image} is not used"
    if what and python.user_managed_dependencies:
        interpreter = python.interpreter_path or "python"
        notices.append(
            f"{what}, nor are the packages in it: the run has what is installed for {interpreter!r} on this "
            "machine. Name the packages in a conda or pip specification to have them here."
        )
    elif what:
        notices.append(
            f"{what}: the run executes on this machine itself, with the packages of the specification alone."
        )
    if python.base_conda_environment:
        notices.append(f"The base conda environment {python.base_conda_environment!r} is not built upon.")
    return notices
