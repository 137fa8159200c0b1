"""Packages that tests make: wheels of their own, and one whose build takes as long as a test wants."""

import zipfile
from pathlib import Path

from tests.conftest import write_tree

_BACKEND = """
import pathlib, shutil, time

def build_wheel(folder, *_, **__):
    while not pathlib.Path({gate!r}).exists():
        time.sleep(0.02)
    return pathlib.Path(shutil.copy({wheel!r}, folder)).name
"""


def wheel(folder: Path, name: str, version: str, *requires: str) -> Path:
    """A wheel with one module."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    information = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = '{version}'\n",
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + "".join(f"Requires-Dist: {other}\n" for other in requires),
        f"{information}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in files.items():
            archive.writestr(member, text)
        archive.writestr(f"{information}/RECORD", "".join(f"{member},,\n" for member in files))
    return path


class Gated:
    """A package whose build goes on until it is let end.

    Attributes:
        requirement: the line of a requirements.txt that asks for it.
    """

    def __init__(self, folder: Path) -> None:
        self._gate = folder / "gate"
        built = wheel(folder, "gated", "1")
        write_tree(
            folder,
            {
                "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
                '[project]\nname = "gated"\nversion = "1"\n',
                "backend.py": _BACKEND.format(gate=str(self._gate), wheel=str(built)),
            },
        )
        self.requirement = f"gated @ {folder.as_uri()}\n"

    def let(self) -> None:
        """Lets the build end."""
        self._gate.touch()
