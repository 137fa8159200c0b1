"""Versions, conflicts among the packages that scaffold brings, and the programs that it uses."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from scaffold import __version__
from scaffold.doctor.finding import Finding, Probe, ok, problem, warning

_OURS = "azureml-scaffold"
_SDKS = ("azureml-core", "azure-ai-ml", "mlflow", "azureml-mlflow")
_PROGRAM_SECONDS = 8.0
_MOST_CONFLICTS = 5


def probes() -> Iterable[Probe]:
    """All of this theme."""
    return (
        Probe("versions", versions),
        Probe("packages", packages, seconds=20.0),
        Probe("uv", uv),
        Probe("conda", conda),
        Probe("git", git),
    )


def versions() -> Iterator[Finding]:
    """Of scaffold, Python and the SDKs."""
    found = {name: version for name in _SDKS if (version := _version(name)) is not None}
    python = platform.python_version()
    more = "".join(f", {name} {found[name]}" if name in found else f", no {name}" for name in _SDKS[:3])
    facts = {
        "scaffold": __version__,
        "python": python,
        "executable": sys.executable,
        "platform": sys.platform,
    }
    if "azureml-core" in found:
        yield ok("versions", f"scaffold {__version__}, Python {python}{more}.", **facts, **found)
    else:
        yield problem(
            "versions",
            f"scaffold {__version__}, Python {python}{more}.",
            "Install it: pip install azureml-core",
            **facts,
            **found,
        )
    if "mlflow" in found and "azureml-mlflow" not in found:
        yield warning(
            "versions",
            "mlflow is installed without azureml-mlflow, which finds the runs of a workspace on Azure ML.",
            "Install it too, here and in the specification: pip install azureml-mlflow",
        )


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def packages() -> Iterator[Finding]:
    """Whether what scaffold and the SDKs ask for is there, in versions that go together."""
    roots = [name for name in (_OURS, *_SDKS) if _version(name) is not None]
    seen, conflicts = conflicts_below(roots)
    if not conflicts:
        yield ok("packages", f"The {seen} packages that it needs go together.", packages=seen)
    for text, missing in conflicts[:_MOST_CONFLICTS]:
        make = problem if missing else warning
        yield make(
            "packages", text, "Install scaffold in a fresh environment, or the version that is asked for."
        )
    if len(conflicts) > _MOST_CONFLICTS:
        yield warning(
            "packages", f"And {len(conflicts) - _MOST_CONFLICTS} more conflicts.", "'pip check' lists all."
        )


def conflicts_below(roots: Iterable[str]) -> tuple[int, list[tuple[str, bool]]]:
    """What does not go together among packages and all that they ask for.

    Args:
        roots: names of installed distributions.

    Returns:
        How many distributions were looked at, and each conflict in words with whether a package is missing.
    """
    waiting = [(name, frozenset[str]()) for name in roots]
    seen: set[tuple[str, frozenset[str]]] = set()
    conflicts: list[tuple[str, bool]] = []
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for requirement in _requirements(metadata.distribution(name), extras):
            version = _version(requirement.name)
            if version is None:
                conflicts.append((f"{name} needs {requirement.name}, which is not installed.", True))
                continue
            if not requirement.specifier.contains(version, prereleases=True):
                wanted = f"{requirement.name}{requirement.specifier}"
                conflicts.append((f"{name} needs {wanted}, and {version} is installed.", False))
            waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return len({name for name, _ in seen}), list(dict.fromkeys(conflicts))


def _requirements(distribution: metadata.Distribution, extras: frozenset[str]) -> Iterator[Requirement]:
    """What a distribution asks for on this machine."""
    for text in distribution.requires or ():
        requirement = Requirement(text)
        if any(_holds(requirement.marker, extra) for extra in ("", *extras)):
            yield requirement


def _holds(marker: Marker | None, extra: str) -> bool:
    try:
        return marker is None or marker.evaluate({"extra": extra})
    except InvalidVersion:  # packaging before 26 takes an extra that is named like a version for one
        return False


def uv() -> Iterator[Finding]:
    """The program that builds environments from pip specifications."""
    import uv as module

    try:
        program = str(module.find_uv_bin())
    except FileNotFoundError:
        yield problem("uv", "uv, which builds environments, is not there.", "Install it: pip install uv")
        return
    yield from _program("uv", program, "builds environments from pip specifications", "pip install uv")


def conda() -> Iterator[Finding]:
    """What builds environments from conda specifications."""
    from scaffold.workspace.engine.conda import find_tool

    program = find_tool(os.environ)
    if program is None:
        version = _version("py-rattler")
        yield ok(
            "conda", f"py-rattler {version} builds environments from conda specifications.", program=None
        )
        return
    yield from _program(
        Path(program).stem,
        program,
        "builds environments from conda specifications",
        "mend it, or set SCAFFOLD_CONDA=rattler",
        check="conda",
    )


def git() -> Iterator[Finding]:
    """Which commit a run was made of is written down by the SDK, with git."""
    program = shutil.which("git")
    if program is None:
        yield warning(
            "git",
            "git is not there: runs do not say which commit they were made of.",
            "Install git, if your projects are in repositories.",
        )
        return
    yield from _program("git", program, "tells which commit a run is made of", "install git again")


def _program(
    name: str, program: str, purpose: str, remedy: str, check: str | None = None
) -> Iterator[Finding]:
    """Whether a program starts, and which version it says it is."""
    try:
        done = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PROGRAM_SECONDS,
            check=False,
        )
        said = (done.stdout or done.stderr).strip()
        wrong = None if done.returncode == 0 else f"it ends with exit code {done.returncode}: {said[:200]}"
    except subprocess.TimeoutExpired:
        said, wrong = "", f"it does not answer within {_PROGRAM_SECONDS:.0f} s"
    except OSError as error:
        said, wrong = "", error.strerror or str(error)
    if wrong is not None:
        yield problem(
            check or name,
            f"{program} does not start: {wrong}.",
            f"{remedy[0].upper()}{remedy[1:]}.",
            program=program,
        )
        return
    found = re.search(r"\d+(\.\d+)+", said)
    version = found[0] if found else said.splitlines()[0] if said else "of an unknown version"
    yield ok(check or name, f"{name} {version} {purpose}.", program=program, version=version)
