"""The environment section of a RunConfiguration, read into what has to be built.

The shape is azureml-core's (``azureml.core.environment``, serialised by ``_serialize_to_dict``):
``environment.python`` with ``userManagedDependencies``, ``interpreterPath`` and ``condaDependencies``,
a conda environment in JSON whose ``dependencies`` may hold one ``{"pip": [...]}``. A pip specification
arrives in the same shape, so the two differ only in what else the list holds.
"""

import hashlib
import re
from typing import Any

import msgspec


class SpecificationError(Exception):
    """The environment cannot be understood; the message says what is wrong with it."""


class Specification(msgspec.Struct, frozen=True):
    """What an environment has to hold.

    Attributes:
        name: the Environment's name.
        python: the version asked for (``3.8.13``, ``3.11``), or None for whichever there is.
        requirements: pip requirement lines, options among them.
        translated: for every conda package that is installed from PyPI instead, a sentence about it.
        interpreter: for an environment that the user manages, the Python to run in; else None.
        variables: environment variables that the environment sets.
    """

    name: str
    python: str | None
    requirements: tuple[str, ...]
    translated: tuple[str, ...] = ()
    interpreter: str | None = None
    variables: dict[str, str] = {}

    @property
    def kind(self) -> str:
        """``pip``, ``conda-as-pip`` or ``user-managed``."""
        if self.interpreter is not None:
            return "user-managed"
        return "conda-as-pip" if self.translated else "pip"

    def canonical(self) -> str:
        """What decides the content, as JSON: equal for equal environments whatever they are called."""
        return msgspec.json.encode({"python": self.python, "requirements": self.requirements}).decode()

    def key(self, salt: str) -> str:
        """The name of the built environment's folder: a hash of its content and of ``salt``."""
        return hashlib.sha256(f"{self.canonical()}\n{salt}".encode()).hexdigest()[:20]


# Conda packages whose PyPI distribution has another name.
PYPI_NAMES = {
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "opencv": "opencv-python-headless",
    "py-opencv": "opencv-python-headless",
    "tensorflow-base": "tensorflow",
    "tensorflow-mkl": "tensorflow",
    "pytables": "tables",
    "matplotlib-base": "matplotlib",
    "dask-core": "dask",
    "ruamel_yaml": "ruamel.yaml",
    "importlib_metadata": "importlib-metadata",
    "python-graphviz": "graphviz",
    "fbprophet": "prophet",
    "psycopg2": "psycopg2-binary",
    "umap-learn": "umap-learn",
    "prometheus_client": "prometheus-client",
    "msgpack-python": "msgpack",
    "pyarrow": "pyarrow",
}

# Conda packages that are no Python distribution: compilers, libraries, drivers.
NOT_ON_PYPI = re.compile(
    r"^(_.*|lib(gcc|gomp|gfortran|stdcxx|blas|cblas|lapack|lapacke|openblas|png|jpeg.*|tiff|webp.*|xml2|xslt|"
    r"curl|uuid|ffi|edit|iconv|zlib|nsl|sodium|spatialite|gdal|protobuf|sqlite|ssh2|nghttp2|aio|boost.*|cu.*|"
    r"nv.*|npp.*)(-.*|_.*)?|cudatoolkit|cudnn|nccl|gcc.*|gxx.*|g\+\+|make|cmake|git|openmpi|mpich|mkl|blas|"
    r"openblas|vs20\d\d.*|vc|ca-certificates|openssl|zlib|bzip2|xz|sqlite|tk|readline|ncurses|nodejs|graphviz|"
    r"ffmpeg|cpuonly|pytorch-cuda|cuda.*|nomkl|r-.*|openjdk|conda|mamba)$"
)

# What ``CondaDependencies.create`` adds by itself: PyPI by its former name. Packages come from there in any case,
# or from where the user's pip configuration says; pip passes over what it cannot read there, uv does not.
_OF_THE_SDK = re.compile(
    r"--(find-links|extra-index-url)\s+https://pypi\.python\.org/simple(/index\.html)?/?$"
)

_CONDA_MATCH = re.compile(
    r"^(?:[^\s:]+::)?(?P<name>[A-Za-z0-9_.\-]+)(?:\[(?P<brackets>[^\]]*)\])?\s*(?P<version>.*)$"
)
_VERSION_IN_BRACKETS = re.compile(r"version\s*=\s*['\"]?([^'\",\]]+(?:,[<>=!~][^'\",\]]+)*)")


class _CondaDependencies(msgspec.Struct, rename="camel"):
    dependencies: list[str | dict[str, list[str] | None]] | None = None


class _PythonSection(msgspec.Struct, rename="camel"):
    user_managed_dependencies: bool | None = None
    interpreter_path: str | None = None
    conda_dependencies: _CondaDependencies | None = None


class _EnvironmentSection(msgspec.Struct, rename="camel"):
    """``EnvironmentDefinition``, what of it decides how a run starts here."""

    name: str | None = None
    environment_variables: dict[str, str | int | float | bool | None] | None = None
    python: _PythonSection | None = None


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
    variables = {key: str(value) for key, value in (environment.environment_variables or {}).items()}
    python = environment.python or _PythonSection()
    if python.user_managed_dependencies:
        interpreter = python.interpreter_path or "python"
        return Specification(name, None, (), interpreter=interpreter, variables=variables)
    conda = python.conda_dependencies or _CondaDependencies()
    version, requirements, translated = _read_dependencies(conda.dependencies or [])
    return Specification(name, version, tuple(requirements), tuple(translated), variables=variables)


def _read_dependencies(
    dependencies: list[str | dict[str, list[str] | None]],
) -> tuple[str | None, list[str], list[str]]:
    python: str | None = None
    requirements: list[str] = []
    translated: list[str] = []
    for entry in dependencies:
        if isinstance(entry, dict):
            lines = entry.get("pip") or []
            requirements += [line for line in lines if not _OF_THE_SDK.match(line.strip())]
            continue
        name, version = _read_match(entry)
        if name == "python":
            python = _python_version(version)
        elif name == "pip":
            # `pip` stands in every conda specification; an environment has it here in any case.
            requirements += [f"pip{_pip_version(version)}"] if version else []
        elif NOT_ON_PYPI.match(name):
            translated.append(f"{entry}: left out, it is not a Python package")
        else:
            line = f"{PYPI_NAMES.get(name, name)}{_pip_version(version)}"
            requirements.append(line)
            translated.append(f"{entry}: {line} from PyPI")
    return python, requirements, translated


def _read_match(entry: str) -> tuple[str, str]:
    """Name and version of a conda match specification: ``channel::name=1.2=build``, ``name[version='>=1']``.

    Raises:
        SpecificationError: it has no name.
    """
    match = _CONDA_MATCH.match(entry.strip())
    if match is None:
        raise SpecificationError(f"the conda dependency {entry!r} has no name")
    version = match["version"].strip()
    if not version and match["brackets"]:
        found = _VERSION_IN_BRACKETS.search(match["brackets"])
        version = found[1] if found else ""
    return match["name"].lower(), version


def _python_version(version: str) -> str | None:
    """``3.8.13`` of ``=3.8.13``, ``==3.8.13=build`` or ``=3.8.*``, the lower end of ``>=3.8,<3.9``; else None."""
    for clause in version.replace(" ", "").split(","):
        if not clause.startswith(("<", "!")) and (match := re.search(r"\d+(?:\.\d+){0,2}", clause)):
            return match.group()
    return None


def _pip_version(version: str) -> str:
    """A conda version constraint as pip writes it: ``=1.2`` means any 1.2, ``==1.2`` just that.

    Raises:
        SpecificationError: pip has no way to say it.
    """
    if "|" in version:
        raise SpecificationError(f"pip cannot say the conda version {version!r} (one or another)")
    # `name 1.2 build` and `name=1.2=build` name one build of exactly that version.
    parts = version.split()
    if len(parts) == 2 and parts[0][0].isdigit():
        return f"=={parts[0]}"
    clauses = [_pip_clause(clause) for clause in "".join(parts).split(",") if clause not in ("", "*")]
    return ",".join(clause for clause in clauses if clause)


def _pip_clause(clause: str) -> str:
    if clause.startswith((">", "<")):
        return clause.removesuffix(".*").removesuffix("*")
    if clause.startswith(("!=", "~=")):
        return clause if clause.startswith("!=") else clause.removesuffix(".*")
    exact = clause.startswith("==")
    rest = clause.lstrip("=")
    number, _, build = rest.partition("=")
    if number in ("", "*"):
        return ""
    if "*" in number:
        return f"=={number.rstrip('*').rstrip('.')}.*"
    return f"=={number}" if exact or build else f"=={number}.*"
