"""Which Python a project's environment has, and who says so."""

from dataclasses import dataclass

from scaffold.project.files import ProjectFile

# What azureml-core puts into an environment that names no Python.
SDK_PYTHON = "3.8.13"


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
