"""The Python that a command is, or would find: ``scaffold exec`` has runs on this machine take the same one.

People name it in many ways: by a path, as the environment that comes first on their PATH, through pyenv's shims or
Windows' launcher. Imports as little as it can, and asks a Python itself only where its path does not tell.
"""

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_NAME = re.compile(r"python(\d[\d.]*)?(\.exe)?")
_LAUNCHER = re.compile(r"pyw?(\.exe)?")
_VERSION_FLAG = re.compile(r"-(\d[\w.-]*|V:.+)")  # of the launcher: -3.10, -3.10-32, -V:3.11
_ASKED = (
    "import sys, importlib.util as u; print(sys.executable); "
    "print(sys.prefix != sys.base_prefix or bool(u.find_spec('azureml') and u.find_spec('azureml.core')))"
)
_PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Chosen:
    """What a command is started with.

    Attributes:
        program: its full path; None when there is none of its name.
        path: its PATH.
        python: the Python that it is, or that it finds.
    """

    program: str | None
    path: str
    python: str | None


def choose(command: Sequence[str], environment: Mapping[str, str]) -> Chosen:
    """The program of a command, and the Python that goes with it.

    Args:
        command: the program and its arguments.
        environment: the person's own variables.
    """
    path = _own_path(environment)
    program = shutil.which(command[0], path=path)
    if program is None:
        return Chosen(None, path, None)
    python = _python_of(program, command[1:])
    if python is None:
        return Chosen(program, path, shutil.which("python", path=path) or shutil.which("python3", path=path))
    # What it starts by the name alone is to be the same one.
    beside = os.pathsep.join((_folder(python), path))
    if not leads_to(path, python) and leads_to(beside, python):
        path = beside
    return Chosen(program, path, python)


def leads_to(path: str, python: str) -> bool:
    """Whether ``python`` is that Python on a PATH; a link in a virtual environment is not what it leads to."""
    found = shutil.which("python", path=path)
    if found is None or not _same(_folder(found), _folder(python)):
        return False
    return _same(os.path.realpath(found), os.path.realpath(python))


def _own_path(environment: Mapping[str, str]) -> str:
    """The person's PATH, with this program's Python in front where theirs is no environment and lacks the SDK."""
    path = environment.get("PATH", os.defpath)
    if environment.get("VIRTUAL_ENV") or environment.get("CONDA_PREFIX"):
        return path
    own = _folder(sys.executable)
    first = shutil.which("python", path=path) or shutil.which("python3", path=path)
    if first is not None and (_same(_folder(first), own) or is_environment(_folder(first)) or not _has_sdk()):
        return path
    if first is not None and (_ask(first) or ("", False))[1]:
        return path
    return os.pathsep.join((own, path))


def _python_of(program: str, arguments: Sequence[str]) -> str | None:
    """The Python that a program is, or whose environment it belongs to; None for any other program."""
    name = os.path.basename(program).lower()  # noqa: PTH119  (pathlib takes longer)
    if _NAME.fullmatch(name):
        if not _is_stand_in(program):
            return os.path.abspath(program)  # noqa: PTH100
        return (_ask(program) or (None, False))[0]
    if _LAUNCHER.fullmatch(name) and os.name == "nt":
        flags = [word for word in arguments[:1] if _VERSION_FLAG.fullmatch(word)]
        return (_ask(program, *flags) or (None, False))[0]
    # The script of a package: a link to it may be anywhere.
    for path in (os.path.abspath(program), os.path.realpath(program)):  # noqa: PTH100
        if is_environment(_folder(path)):
            return shutil.which("python", path=_folder(path))
    return None


def is_environment(folder: str) -> bool:
    """Whether a folder of programs is that of a virtual environment, or of one of conda's."""
    above = os.path.dirname(folder)  # noqa: PTH120
    return any(
        os.path.exists(os.path.join(place, mark))  # noqa: PTH110, PTH118
        for place in (folder, above)
        for mark in ("pyvenv.cfg", "conda-meta")
    )


def _is_stand_in(program: str) -> bool:
    """Whether a program only starts a Python, which one depends on: a shim of pyenv's, an alias of Windows'."""
    try:
        with open(program, "rb") as file:  # noqa: PTH123
            start = file.read(2)
    except OSError:  # as Windows' aliases are
        return True
    return start in (b"#!", b"")


def _has_sdk() -> bool:
    """Whether the Python that this program runs in has the SDK."""
    from importlib import metadata

    try:
        metadata.version("azureml-core")
    except metadata.PackageNotFoundError:
        return False
    return True


def _ask(program: str, *flags: str) -> tuple[str, bool] | None:
    """A Python's own path, and whether it is an environment or has the SDK; None when it does not say."""
    import subprocess

    try:
        done = subprocess.run(
            [program, *flags, "-c", _ASKED],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    lines = done.stdout.splitlines()
    return (lines[-2], lines[-1] == "True") if len(lines) > 1 else None


def _folder(program: str) -> str:
    # Not resolved: a link in a virtual environment leads out of it.
    return os.path.dirname(os.path.abspath(program))  # noqa: PTH100, PTH120


def _same(one: str, other: str) -> bool:
    return os.path.normcase(os.path.normpath(one)) == os.path.normcase(os.path.normpath(other))
