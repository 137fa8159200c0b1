"""Which Python a project's environment has, and who says so."""

import re
from dataclasses import dataclass

from scaffold.project.files import ProjectFile

# What azureml-core puts into an environment that names no Python: Environment(…) and from_pip_requirements
# (base_project_files/conda_dependencies.yml), and for conda specifications (conda_dependencies.py).
SDK_PYTHON = "3.8.13"
SDK_CONDA_PYTHON = "3.10.18"
_VERSION = re.compile(r"(\d+)\.(\d+)(\.(\d+))?([ab](\d+))?$")


def is_python_to_the_sdk(text: str) -> bool:
    """Whether azureml-core takes an entry of conda's dependencies for the one that says which Python."""
    return text.startswith("python") and re.split(r"[\[=|<>~!]", text)[0] == "python"


def has_version_for_the_sdk(text: str) -> bool:
    """Whether azureml-core reads a version in such an entry; it writes its own default over any other one."""
    return _VERSION.search(text) is not None


@dataclass(frozen=True)
class Python:
    """The Python of the environment.

    Attributes:
        version: ``3.11`` or ``3.8.13``.
        file: the file that says so.
        line: its line.
        chosen: False when nobody chose it, so that the SDK does.
    """

    version: str
    file: ProjectFile
    line: int
    chosen: bool

    @property
    def minor(self) -> tuple[int, int]:
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    @property
    def short(self) -> str:
        return "{}.{}".format(*self.minor)
