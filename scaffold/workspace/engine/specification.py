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
    r"^(_.*|lib.*|cudatoolkit|cudnn|nccl|gcc.*|gxx.*|g\+\+|make|cmake|git|openmpi|mpich|mkl|blas|openblas|"
    r"vs20\d\d.*|vc|ca-certificates|certifi-win32|openssl|zlib|bzip2|xz|sqlite|tk|readline|ncurses|nodejs|"
    r"graphviz|ffmpeg|cpuonly|pytorch-cuda|cuda.*|nomkl|r-.*|openjdk|wheel|conda|mamba)$"
)

_CONDA_MATCH = re.compile(r"^(?:[^\s:]+::)?(?P<name>[A-Za-z0-9_.\-]+)\s*(?P<version>.*)$")


def read_environment(section: dict[str, Any]) -> Specification:
    """Reads ``Configuration["environment"]`` of a submitted run.

    Args:
        section: the decoded JSON.

    Raises:
        SpecificationError: see there.
    """
    python = section.get("python") or {}
    name = str(section.get("name") or "environment")
    variables = {str(k): str(v) for k, v in (section.get("environmentVariables") or {}).items()}
    if python.get("userManagedDependencies"):
        interpreter = str(python.get("interpreterPath") or "python")
        return Specification(name, None, (), interpreter=interpreter, variables=variables)
    conda = python.get("condaDependencies") or {}
    if not isinstance(conda, dict):
        raise SpecificationError("condaDependencies is not a mapping")
    version, requirements, translated = _read_dependencies(conda.get("dependencies") or [])
    return Specification(name, version, tuple(requirements), tuple(translated), variables=variables)


def _read_dependencies(dependencies: list[Any]) -> tuple[str | None, list[str], list[str]]:
    python: str | None = None
    requirements: list[str] = []
    translated: list[str] = []
    for entry in dependencies:
        if isinstance(entry, dict):
            requirements += [str(line) for line in entry.get("pip") or []]
            continue
        match = _CONDA_MATCH.match(str(entry).strip())
        if match is None:
            raise SpecificationError(f"the conda dependency {entry!r} has no name")
        name, version = match["name"].lower(), match["version"].strip()
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


def _python_version(version: str) -> str | None:
    """``3.8.13`` of ``=3.8.13``, ``==3.8.13=build``, ``=3.8.*`` or ``>=3.8,<3.9`` (its lower end)."""
    match = re.search(r"\d+(?:\.\d+){0,2}", version)
    return match.group() if match else None


def _pip_version(version: str) -> str:
    """A conda version constraint as pip writes it: ``=1.2`` means any 1.2, ``==1.2`` just that."""
    version = version.replace(" ", "")
    if not version or version == "*":
        return ""
    if version[0] in "<>!~" or "," in version:
        return version
    exact = version.startswith("==")
    number = version.lstrip("=").split("=")[0]
    if "*" in number:
        return "" if number == "*" else f"=={number}"
    # `name=1.2=build` names one build of exactly that version.
    if exact or version.lstrip("=").count("=") == 1:
        return f"=={number}"
    return f"=={number}.*"
