"""Finding the Python that an environment asks for, or the nearest one there is."""

import asyncio
import json
import os
import re
from pathlib import Path

import msgspec

from scaffold.tether import Tether


class NoPythonError(Exception):
    """There is no usable Python on this machine."""


class Python(msgspec.Struct, frozen=True):
    """An interpreter.

    Attributes:
        path: the executable.
        version: three numbers.
    """

    path: str
    version: tuple[int, int, int]

    @property
    def text(self) -> str:
        return ".".join(map(str, self.version))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def nearest(wanted: str | None, available: list[Python]) -> Python:
    """The best of the available interpreters for the version wanted.

    The same version if there is one; else the newest patch of the same minor version; else the nearest
    newer minor version; else the newest of all.

    Raises:
        NoPythonError: the list is empty.
    """
    if not available:
        raise NoPythonError("no Python was found on this machine")
    ordered = sorted(available, key=lambda python: python.version)
    if wanted is None:
        return ordered[-1]
    numbers = _numbers(wanted)
    same = [python for python in ordered if python.version[: len(numbers)] == numbers]
    minor = [python for python in ordered if python.version[:2] == numbers[:2]]
    newer = [python for python in ordered if python.version[:2] > numbers[:2]]
    if same:
        return same[-1]
    if minor:
        return minor[-1]
    if newer:
        lowest = newer[0].version[:2]
        return [python for python in newer if python.version[:2] == lowest][-1]
    return ordered[-1]


def satisfies(python: Python, wanted: str | None) -> bool:
    """True when the interpreter is of the version wanted, as far as that says."""
    numbers = _numbers(wanted or "")
    return python.version[: len(numbers)] == numbers


async def installed(uv: str, environment: dict[str, str]) -> list[Python]:
    """The CPython interpreters that uv finds on this machine, and those that pyenv keeps."""
    # uv starts whatever on the path is called python; a shim takes a second or so, and is left out below.
    folders = [
        folder
        for folder in environment.get("PATH", os.defpath).split(os.pathsep)
        if Path(folder).name != "shims"
    ]
    tether = Tether()
    process = await asyncio.create_subprocess_exec(
        uv, "python", "list", "--only-installed", "--no-python-downloads", "--output-format", "json",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=tether.mark(environment | {"PATH": os.pathsep.join(folders)}),
    )  # fmt: skip
    try:
        output, _ = await process.communicate()
    except BaseException:
        await asyncio.to_thread(tether.end)
        raise
    finally:
        tether.release()
    found: dict[str, Python] = {}
    for entry in json.loads(output or b"[]"):
        if (
            entry.get("implementation") == "cpython"
            and entry.get("path")
            and entry.get("variant") == "default"
        ):
            numbers = _numbers(entry["version"])
            # A pyenv shim runs whichever version is chosen then; the versions themselves are found below.
            shim = Path(entry["path"]).parent.name == "shims"
            if len(numbers) == 3 and not shim and not re.search(r"[a-z]", entry["version"]):
                found[entry["path"]] = Python(entry["path"], (numbers[0], numbers[1], numbers[2]))
    for python in _of_pyenv():
        found.setdefault(python.path, python)
    return list(found.values())


def _of_pyenv() -> list[Python]:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    pythons = []
    for folder in sorted((root / "versions").glob("3.*")) if root.is_dir() else []:
        numbers = _numbers(folder.name)
        executable = folder / ("python.exe" if os.name == "nt" else "bin/python")
        if len(numbers) == 3 and re.fullmatch(r"[\d.]+", folder.name) and executable.exists():
            pythons.append(Python(str(executable), (numbers[0], numbers[1], numbers[2])))
    return pythons
