"""What the specification says of versions: pins, limits, and lines that do not hold.

Asks neither the resolver nor an index.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scaffold.project.conda import Package
from scaffold.project.requirements import Named, Requirements
from scaffold.project.subject import Subject

if TYPE_CHECKING:
    from packaging.version import Version

_LIMITS = {"==", "===", "~=", "<", "<="}
# `=1.4`, `<2`, and `1.4` behind a blank, as conda has it.
_CONDA_LIMIT = re.compile(r"(?:^|[=<~])\s*\d")


def excludes(one: Named, other: Named) -> bool:
    """Whether the version that a line pins is not one that another line takes."""
    version = exactly(one)
    return version is not None and not other.requirement.specifier.contains(version, prereleases=True)


def exactly(line: Named) -> "Version | None":
    """The one version that a line takes."""
    from packaging.version import InvalidVersion, Version

    for clause in line.requirement.specifier:
        if clause.operator in ("==", "===") and not clause.version.endswith(".*"):
            try:
                return Version(clause.version)
            except InvalidVersion:
                return None
    return None


def holding(subject: Subject, pip: Requirements) -> Iterator[Named]:
    """The requirements that are not left out by their markers."""
    return (line for line in pip.named if holds(subject, line))


def holds(subject: Subject, line: Named) -> bool:
    """Whether a requirement's markers let it be, for the environment's Python on Linux."""
    marker = line.requirement.marker
    if marker is None:
        return True
    environment = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "extra": ""}
    environment["platform_machine"] = "x86_64"
    if subject.python is not None:
        version = subject.python.version
        full = version if version.count(".") == 2 else f"{version}.0"
        environment |= {"python_version": subject.python.short, "python_full_version": full}
    return bool(marker.evaluate(environment))


def is_free(line: Named) -> bool:
    """Whether a requirement takes the newest version, whatever that is."""
    if line.requirement.url is not None:
        return False
    return not any(clause.operator in _LIMITS for clause in line.requirement.specifier)


def is_free_in_conda(package: Package) -> bool:
    """Whether a conda package may be the newest version; a lower limit alone pins nothing."""
    clauses = [clause for clause in package.version.split(",") if not clause.strip().startswith((">", "!"))]
    return not any(_CONDA_LIMIT.search(clause) for clause in clauses)


def pinned(subject: Subject, name: str) -> tuple[int, ...] | None:
    """The version of a distribution that the specification pins, at least its lower end; None without one."""
    pip = subject.pip
    for line in pip.named if pip else ():
        if line.name == name:
            clauses = [
                clause for clause in line.requirement.specifier if clause.operator in ("==", "~=", ">=")
            ]
            for clause in clauses:
                return tuple(int(part) for part in re.findall(r"\d+", clause.version)[:3])
    for package in subject.packages:
        match = re.match(r"(?:[=~]=?|>=)\s*(\d[\d.]*)", package.version)
        if package.pypi_name == name and match:
            return tuple(int(part) for part in match[1].split(".")[:3] if part)
    return None


def bounded(subject: Subject) -> bool:
    """Whether any requirement keeps another one from being the newest, as an upper limit may."""
    pip = subject.pip
    if pip is None:
        return True
    return not (all(map(is_free, pip.named)) and all(map(is_free_in_conda, subject.packages)))
