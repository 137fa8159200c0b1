"""Reading conda's match specifications, such as ``conda-forge::numpy=1.26=py311*``, and saying them as pip would."""

import re


class SpecificationError(Exception):
    """The environment cannot be understood; the message says what is wrong with it."""


_CONDA_MATCH = re.compile(
    r"^(?:(?P<channel>\S+)::)?(?P<name>[A-Za-z0-9_.\-]+)(?:\[(?P<brackets>[^\]]*)\])?\s*(?P<version>.*)$"
)
_VERSION_IN_BRACKETS = re.compile(r"version\s*=\s*['\"]?([^'\",\]]+(?:,[<>=!~][^'\",\]]+)*)")


def read_match(entry: str) -> tuple[str, str]:
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


def channel_of(entry: str) -> str | None:
    """The channel that a match specification names, or None."""
    match = _CONDA_MATCH.match(entry.strip())
    return match["channel"] if match else None


def python_version(version: str) -> str | None:
    """``3.8.13`` of ``=3.8.13``, ``==3.8.13=build`` or ``=3.8.*``, the lower end of ``>=3.8,<3.9``; else None."""
    for clause in version.replace(" ", "").split(","):
        if not clause.startswith(("<", "!")) and (match := re.search(r"\d+(?:\.\d+){0,2}", clause)):
            return match.group()
    return None


def pip_version(version: str) -> str:
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
