"""Rules about what the script imports: whether the run will have it."""

from collections.abc import Iterator
from pathlib import Path

from scaffold.project.distributions import ALWAYS, SHARED, providers, table
from scaffold.project.finding import Found, Severity, Theme
from scaffold.project.imports import Import, Modules
from scaffold.project.rules.environment import RETIRED
from scaffold.project.snapshot import Snapshot
from scaffold.project.subject import Subject

theme = Theme("import", "What the script imports")

# The one to name where several distributions have the module.
_PREFERRED = {"azureml": "azureml-core", "cv2": "opencv-python-headless"}
# Distributions that bring the plugin by which mlflow speaks to Azure ML.
_MLFLOW = {"mlflow", "mlflow-skinny"}


@theme.rule(
    "local",
    "error",
    "run",
    "a module of the project that does not travel",
    why="Only the folder of the experiment travels, so that Python finds no such module.",
)
def import_local(subject: Subject) -> Iterator[Found]:
    """The script imports a file that stands beside it on this computer, but outside of the folder that is sent
    (constants.py is one), or that the ignore file leaves out. An import within a function or a condition is a
    warning. Nothing is said of an import that is tried (`try: … except ImportError`), nor where a package comes from
    an address, whose modules are not known.
    """
    modules, snapshot = subject.modules, subject.snapshot
    if modules is None or snapshot is None or subject.provided.unknown_modules:
        return
    for one in _first(modules):
        place = _beside(subject, snapshot, one.top)
        if place is None or one.top in _standard() or _is_provided(subject, one):
            continue
        severity: Severity = "error" if one.certain and subject.provided.complete else "warning"
        shown = subject.file(place).shown
        by = _kept_by(snapshot, place)
        wrong = f"it imports {one.top}, and {shown} does not travel"
        hint = f"Move it into {subject.file(snapshot.folder).shown}, the folder that is sent."
        if by is not None:
            wrong += f": {by} leaves it out"
            hint = "Change that line, so that it does not match."
        yield Found(one.file, one.line, wrong, hint, severity=severity)


def _first(modules: Modules) -> Iterator[Import]:
    """One import of each name a file: the surest, then the first."""
    best: dict[tuple[str, str], Import] = {}
    for one in modules.imports:
        key = (one.file.shown, _distinct(one))
        known = best.get(key)
        if known is None or (one.certain, -one.line) > (known.certain, -known.line):
            best[key] = one
    return iter(best.values())


def _distinct(one: Import) -> str:
    """The part of an import's name that says which distribution it is of."""
    return one.name if one.top in SHARED else one.top


def _beside(subject: Subject, snapshot: Snapshot, name: str) -> Path | None:
    """A module of that name on this computer where Python would look when the script is run by hand."""
    script = subject.script
    folders = [subject.root, snapshot.folder, *([script.path.parent] if script else [])]
    for folder in dict.fromkeys(folders):
        for candidate in (folder / f"{name}.py", folder / name / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def _kept_by(snapshot: Snapshot, place: Path) -> str | None:
    """The line of the ignore file that keeps a file out of the snapshot, as it is named in a message."""
    if not place.is_relative_to(snapshot.folder):
        return None
    path = place.relative_to(snapshot.folder).as_posix()
    for kept in snapshot.kept:
        if kept.path == path or (kept.path.endswith("/") and path.startswith(kept.path)):
            return f"'{kept.by.text}' ({kept.by.file}:{kept.by.line})"
    return None


def _standard(version: str | None = None) -> frozenset[str]:
    """The modules of a Python's standard library; of any Python's when no version is given."""
    import stdlibs

    known = version if version in stdlibs.KNOWN_VERSIONS else None
    return frozenset(stdlibs.stdlib_module_names(known or stdlibs.ALL))


def _is_provided(subject: Subject, one: Import) -> bool:
    found = providers(one.name) or {one.top.replace("_", "-").lower()}
    return bool(found & subject.provided.names)


@theme.rule(
    "missing",
    "warning",
    "run",
    "a package that the specification does not bring",
    why="Python finds no module of that name in the environment.",
)
def import_missing(subject: Subject) -> Iterator[Found]:
    """Found only where it can be known: the environment is described by a file or by plain calls, or by nothing at
    all; scaffold knows every distribution in it and what each brings along, and none of them has the module. Where one
    is unknown, or comes from an address, nothing is said; nor of an import that is tried
    (`try: … except ImportError`).
    """
    modules, snapshot = subject.modules, subject.snapshot
    if modules is None or snapshot is None or not subject.provided.complete:
        return
    place, hint = _brings(subject)
    for one in _first(modules):
        if one.top in ALWAYS or one.top in _standard() or _is_provided(subject, one):
            continue
        known = providers(one.name)
        if (known is None and one.top in SHARED) or _beside(subject, snapshot, one.top):
            continue
        name = _distribution(one, known)
        wrong = f"it imports {_distinct(one)}, which {place}"
        yield Found(one.file, one.line, wrong, hint.format(name))


def _brings(subject: Subject) -> tuple[str, str]:
    """What does not bring a module, and what to do about it, with a place for the distribution's name."""
    described, runner = subject.described, subject.runner.shown.replace("{", "{{").replace("}", "}}")
    if subject.specified is not None or described is None:
        shown = subject.specified.file.shown if subject.specified else runner
        plain = shown.replace("{", "{{").replace("}", "}}")
        return f"{shown} does not bring", f"Add {{}} to {plain}."
    if described.kind == "default":
        return (
            f"the environment does not bring: {subject.runner.shown} names none, and the SDK's own has "
            "azureml-defaults alone",
            "Give the ScriptRunConfig an environment with {}.",
        )
    place = f"the environment of {subject.runner.shown}:{described.line} does not bring"
    return place, f"Add {{}} to its packages ({runner}:{described.line})."


def _distribution(one: Import, known: set[str] | None) -> str:
    """What to add to the specification for a module."""
    if not known:
        return f"the package that has {one.top}"
    known = known - RETIRED.keys() or known
    plain = one.top.replace("_", "-").lower()
    return _PREFERRED.get(one.top) or (
        plain if plain in known else min(known, key=lambda name: (len(name), name))
    )


@theme.rule(
    "standard",
    "warning",
    "run",
    "a module that this Python's standard library does not have",
    why="Python finds no module of that name.",
)
def import_standard(subject: Subject) -> Iterator[Found]:
    """Python 3.12 dropped `distutils`, `imp` and `asyncore`, 3.13 nineteen more such as `imghdr` and `cgi`;
    `tomllib` came with 3.11. The environment's Python is compared with the lists of every version.
    """
    import stdlibs

    modules, python = subject.modules, subject.python
    if modules is None or python is None or python.short not in stdlibs.KNOWN_VERSIONS:
        return
    there, ever = _standard(python.short), _standard()
    for one in _first(modules):
        if one.top in there or one.top not in ever or one.top in ALWAYS or _is_provided(subject, one):
            continue
        # setuptools, which most environments have, brings its own distutils.
        if one.top == "distutils" and (
            not subject.provided.complete or "setuptools" in subject.provided.names
        ):
            continue
        later = [version for version in stdlibs.KNOWN_VERSIONS if one.top in _standard(version)]
        newer = [v for v in later if _key(v) > python.minor]
        by = (
            f"it came with {newer[0]}"
            if newer and len(newer) == len(later)
            else f"{later[-1]} was the last with it"
        )
        wrong = f"it imports {one.top}, which Python {python.short} does not have: {by}"
        hint = f"Ask for another Python ({python.file.shown}:{python.line}), or use another module."
        yield Found(one.file, one.line, wrong, hint)


def _key(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


@theme.rule(
    "mlflow",
    "warning",
    "run",
    "mlflow without azureml-mlflow",
    why="In a run on Azure ML the tracking address begins with azureml:, which mlflow alone does not know.",
)
def import_mlflow(subject: Subject) -> Iterator[Found]:
    """`azureml-mlflow` is the plugin by which mlflow logs to Azure ML. Found where the project goes to Azure ML,
    the script imports mlflow, and does not set the tracking address itself. The local workspace needs no
    plugin.
    """
    modules, provided = subject.modules, subject.provided
    if modules is None or subject.goes != "azure" or "set_tracking_uri" in modules.words:
        return
    if not _MLFLOW & provided.names or "azureml-mlflow" in provided.names:
        return
    if any(name.startswith("azureml-") and name not in table() for name in provided.names):
        return
    for one in _first(modules):
        if one.top == "mlflow":
            place, hint = _brings(subject)
            wrong = f"it uses mlflow, and {place.replace(' bring', ' bring azureml-mlflow', 1)}"
            yield Found(one.file, one.line, wrong, hint.format("azureml-mlflow"))
            return
