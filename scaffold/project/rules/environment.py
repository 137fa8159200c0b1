"""Rules about the environment's specification: requirements.txt or environment.yml."""

import datetime
from collections.abc import Iterator

from scaffold.project.files import FileError
from scaffold.project.finding import Edit, Fix, Found, Severity, Theme, without_mark
from scaffold.project.requirements import Named, Other
from scaffold.project.subject import Subject
from scaffold.project.versions import excludes, holding, holds, is_free, is_free_in_conda

theme = Theme("environment", "The environment: requirements.txt and environment.yml")

# The last day of each Python's support, from its release schedule (PEP 494, 537, 569, 596, 619, 664, 693, …).
END_OF_LIFE = {
    (2, 7): datetime.date(2020, 1, 1),
    (3, 5): datetime.date(2020, 9, 30),
    (3, 6): datetime.date(2021, 12, 23),
    (3, 7): datetime.date(2023, 6, 27),
    (3, 8): datetime.date(2024, 10, 7),
    (3, 9): datetime.date(2025, 10, 31),
    (3, 10): datetime.date(2026, 10, 31),
    (3, 11): datetime.date(2027, 10, 31),
    (3, 12): datetime.date(2028, 10, 31),
    (3, 13): datetime.date(2029, 10, 31),
    (3, 14): datetime.date(2030, 10, 31),
}
_NAMED_AT_ONCE = 4
_COMPARED = 20


@theme.rule(
    "file",
    "error",
    "build",
    "the specification cannot be read",
    why="Neither the SDK nor pip or conda can read the file.",
    fixable=True,
)
def environment_file(subject: Subject) -> Iterator[Found]:
    """It is UTF-8 text without a byte order mark, and environment.yml is YAML. `--fix` removes a byte order
    mark of UTF-8.
    """
    specified = subject.specified
    try:
        _ = subject.conda, subject.pip
    except FileError as error:
        if specified is not None and error.file == specified.file:
            yield Found.of(error, without_mark(error.file))


@theme.rule(
    "requirement",
    "error",
    "build",
    "a line that pip cannot read",
    why="pip refuses the whole file because of it.",
)
def environment_requirement(subject: Subject) -> Iterator[Found]:
    """Each line is a requirement (`NAME`, `NAME==VERSION`), an address, a file or an option of a requirements
    file. `numpy=1.26` is conda's way to write it, not pip's.
    """
    pip, conda = subject.pip, subject.conda
    for error in pip.faults if pip and not conda else ():
        yield Found.of(error)


@theme.rule(
    "python-line",
    "error",
    "build",
    "pip is asked to install Python",
    why="pip finds no distribution of that name.",
    fixable=True,
)
def environment_python_line(subject: Subject) -> Iterator[Found]:
    """`python==3.8.10` in requirements.txt is what tutorials print. pip installs packages for a Python, not
    Python; the SDK hands the line on as it is. `--fix` removes the line.
    """
    pip = subject.pip
    if pip is None:
        return
    for line in pip.pythons:
        wrong = (
            f"'{line.text}': Python is not a package that pip can install, and the image build fails on it"
        )
        says = "set_python_version (PYTHON_VERSION in constants.py)"
        if subject.conda:
            says = "python= among the dependencies of conda"
        hint = f"Remove the line; {says} says which Python."
        fix = Fix("remove the line", (Edit(pip.file.path, line.number, line.last, ""),))
        # An entry of a list may share its line with others.
        alone = subject.specified is not None and subject.specified.kind == "pip"
        yield Found(pip.file, line.number, wrong, hint, fix=fix if alone else None)


@theme.rule(
    "conflict",
    "error",
    "build",
    "two requirements that no version fulfils",
    why="No version of the package fulfils both, so that the resolver gives up.",
)
def environment_conflict(subject: Subject) -> Iterator[Found]:
    """The same package twice with versions that exclude each other, where both hold for the environment's
    Python on Linux. What packages require of one another takes the resolver to tell: `--resolve`.
    """
    pip = subject.pip
    if pip is None:
        return
    seen: dict[str, dict[str, Named]] = {}
    for line in holding(subject, pip):
        others = seen.setdefault(line.name, {})
        for other in list(others.values())[:_COMPARED]:
            if excludes(line, other) or excludes(other, line):
                wrong = f"'{line.text}' and '{other.text}' (line {other.number}) exclude each other"
                yield Found(pip.file, line.number, wrong, "Keep one of the two.")
                break
        others.setdefault(str(line.requirement.specifier), line)


@theme.rule(
    "resolve",
    "error",
    "build",
    "the resolver finds no way",
    why="pip resolves the same requirements at the image build, and gives up as well.",
)
def environment_resolve(subject: Subject) -> Iterator[Found]:
    """With `--resolve` uv is asked to resolve what pip would install, for the environment's Python on Linux, with
    your own pip configuration (indexes, mirrors, constraints). Conda packages are not resolved. This is the
    only rule that asks the network; without `--resolve` it finds nothing.
    """
    resolution, pip = subject.resolution, subject.pip
    if resolution is not None and resolution.reason is not None and pip is not None:
        hint = "Change one of the versions, or ask for another Python."
        yield Found(pip.file, resolution.line, resolution.reason.rstrip("."), hint)


@theme.rule(
    "markers",
    "warning",
    "build",
    "markers leave out every requirement",
    why="The environment is built, and holds nothing of what the file lists.",
)
def environment_markers(subject: Subject) -> Iterator[Found]:
    """Markers such as `; python_version < "3.8"` are evaluated for the environment's Python on Linux. Found
    where none of at least two requirements is left.
    """
    pip = subject.pip
    if pip is None or subject.conda or subject.python is None or any(line.brings for line in pip.others):
        return
    if len(pip.named) > 1 and not any(holds(subject, line) for line in pip.named):
        wrong = f"no requirement holds for Python {subject.python.version} on Linux"
        hint = "Mend the markers, or ask for the Python that they mean."
        yield Found(pip.file, pip.named[0].number, wrong, hint)


@theme.rule(
    "unpinned",
    "warning",
    "build",
    "requirements without an upper limit",
    why="Every build takes the newest version of its day, so that an environment of today is not that of next month.",
)
def environment_unpinned(subject: Subject) -> Iterator[Found]:
    """`NAME==VERSION` is the same package whenever the image is built. `NAME`, or `NAME>=VERSION` alone, is
    the newest one. A limit (`<2`, `~=1.4`, conda's `=1.4`) is enough. One finding a file names them all.
    """
    pip = subject.pip
    if pip is None:
        return
    free = [(line.number, line.requirement.name) for line in holding(subject, pip) if is_free(line)]
    for package in subject.packages:
        if is_free_in_conda(package) and package.name not in ("pip", "setuptools"):
            free.append((package.line, package.name))
    if free:
        free.sort()
        listed = ", ".join(name for _, name in free[:_NAMED_AT_ONCE])
        more = len(free) - _NAMED_AT_ONCE
        listed += f" and {more} more" if more > 0 else ""
        verb = "has" if len(free) == 1 else "have"
        yield Found(pip.file, free[0][0], f"{listed} {verb} no upper limit", "Pin them: NAME==VERSION.")


@theme.rule(
    "local",
    "error",
    "build",
    "a file of this computer that the image build does not have",
    why="Only the lines of the specification are sent, so that the file is not there where they are installed.",
)
def environment_local(subject: Subject) -> Iterator[Found]:
    """`-r other.txt`, `-c constraints.txt`, `-e .`, `--find-links wheels`, `./wheels/x.whl`, and the lines
    `NAME @ file:///…` that `pip freeze` writes in an environment of conda: the SDK sends the lines, not the files that
    they name. The local workspace looks for them among the files that travel, so that it is a warning there.
    """
    pip = subject.pip
    severity: Severity = "error" if subject.goes == "azure" else "warning"
    for line in pip.lines if pip is not None else ():
        local = line.local if isinstance(line, Named | Other) else None
        if pip is None or local is None or "${" in local:
            continue
        if isinstance(line, Named):
            wrong = f"'{line.text}' is to be installed from a file or folder of this computer"
            hint = f"Write {line.requirement.name}==VERSION; 'pip list --format=freeze' writes such lines."
            yield Found(pip.file, line.number, wrong, hint, severity=severity)
            continue
        hint = "Put the code into the folder that is sent, or the package on an index."
        if isinstance(line, Other) and line.option in ("-r", "--requirement", "-c", "--constraint"):
            hint = "Write its lines here instead."
        wrong = f"'{line.text}' names a file of this computer"
        yield Found(pip.file, line.number, wrong, hint, severity=severity)


@theme.rule(
    "retired",
    "error",
    "build",
    "a package that can no longer be installed",
    why="What PyPI has under that name does nothing but end the installation with an error.",
)
def environment_retired(subject: Subject) -> Iterator[Found]:
    """`sklearn` and `tensorflow-gpu` without a version: their newest releases refuse to be installed and name
    the package to use instead. With a version of their day they still install.
    """
    pip = subject.pip
    for line in pip.named if pip else ():
        if line.name in RETIRED and is_free(line) and holds(subject, line) and pip is not None:
            wrong = f"'{line.text}' can no longer be installed"
            yield Found(pip.file, line.number, wrong, f"Write {RETIRED[line.name]} instead.")


RETIRED = {"sklearn": "scikit-learn", "tensorflow-gpu": "tensorflow"}


@theme.rule(
    "end-of-life",
    "warning",
    "build",
    "a Python past its end of life",
    why="It gets no security fixes, and packages of today no longer install on it.",
)
def environment_end_of_life(subject: Subject) -> Iterator[Found]:
    """Each Python is supported for five years. A project that asks for none gets the SDK's choice: 3.8.13, and 3.10.18
    for a conda file and for `CondaDependencies.create`.
    """
    python, described = subject.python, subject.described
    end = END_OF_LIFE.get(python.minor) if python else None
    if python is None or end is None or subject.today <= end:
        return
    if described is not None and described.kind == "default":
        return  # what it lacks is another rule's to say
    wrong = f"Python {python.short} reached its end of life on {end.isoformat()}"
    hint = "Ask for a newer one."
    if not python.chosen:
        unread = subject.conda is not None and subject.conda.python_fate == "replaced"
        by = "no version is read here" if unread else "nothing says which Python"
        wrong = f"{by}, so the SDK takes {python.version}: {wrong}"
        kind = described.kind if described else "conda" if subject.conda else "pip"
        hint = _ASK_FOR_PYTHON[kind]
    yield Found(python.file, python.line, wrong, hint)


_ASK_FOR_PYTHON = {
    "conda": "Add python=3.11 to dependencies.",
    "pip": "Add env.python.conda_dependencies.set_python_version('3.11') behind that line.",
    "create": "Give CondaDependencies.create python_version='3.11'.",
    "added": "Add env.python.conda_dependencies.set_python_version('3.11').",
}
