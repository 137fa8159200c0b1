"""Rules about constants.py, the names and values that the submitting script takes from it."""

import difflib
import re
from collections.abc import Iterator
from typing import Any

from scaffold.project import names
from scaffold.project.files import FileError, lines_of
from scaffold.project.finding import Edit, Fix, Found, Severity, Theme
from scaffold.project.subject import Subject

theme = Theme("constants", "constants.py")

_TEXTS = ("TARGET_NAME", "EXPERIMENT_NAME", "SCRIPT_NAME", "ENVIRONMENT_NAME", "ENVIRONMENT_FILE")


@theme.rule(
    "file",
    "error",
    "now",
    "constants.py cannot be read",
    why="The submitting script imports it, and ends there.",
)
def constants_file(subject: Subject) -> Iterator[Found]:
    """It must be valid Python in UTF-8. It is read, never executed."""
    try:
        _ = subject.constants
    except FileError as error:
        yield Found.of(error)


@theme.rule(
    "missing",
    "error",
    "now",
    "the submitting script uses a constant that is not there",
    why="The submitting script ends with an AttributeError or ImportError.",
)
def constants_missing(subject: Subject) -> Iterator[Found]:
    """Every `constants.NAME` of the submitting script must be bound in constants.py. Where constants.py takes
    in other modules' names with `*`, nothing is said.
    """
    constants, submission = subject.constants, subject.submission
    if constants.path is None:
        if submission.imports_constants is not None:
            wrong = "imports constants, but there is no constants.py"
            yield Found(subject.runner, submission.imports_constants, wrong, "Restore constants.py.")
        return
    there = constants.values.keys() | constants.unknown
    for name, line in submission.uses.items():
        if name in there or "*" in there or name.startswith("__"):
            continue
        # One that the script uses already is no other name for this one.
        close = difflib.get_close_matches(name, sorted(there - submission.uses.keys()), n=1)
        hint = f"Add {name} to constants.py."
        if close:
            hint = f"Add {name} to constants.py, or use {close[0]}, which is there."
        yield Found(subject.runner, line, f"{name} is not in constants.py", hint)


def _used(subject: Subject) -> dict[str, Any]:
    """The constants that the submitting script uses, where their value is known."""
    values = subject.constants.values
    return {name: values[name] for name in subject.submission.uses if name in values}


def _at(subject: Subject, name: str, what: str, hint: str, **more: Any) -> Found:
    return Found(subject.constants_file, subject.constants.lines[name], what, hint, **more)


@theme.rule(
    "type",
    "error",
    "now",
    "a constant is of the wrong type",
    why="The SDK takes a text there (a list for ARGUMENTS) and fails on anything else.",
    fixable=True,
)
def constants_type(subject: Subject) -> Iterator[Found]:
    """`TARGET_NAME`, `EXPERIMENT_NAME`, `SCRIPT_NAME`, `ENVIRONMENT_NAME`, `ENVIRONMENT_FILE` and
    `PYTHON_VERSION` are texts in quotes, and `ARGUMENTS` is a list. `PYTHON_VERSION = 3.10` is the number
    3.1: `--fix` puts it in quotes as it stands.
    """
    used = _used(subject)
    for name in (*_TEXTS, "PYTHON_VERSION"):
        # A target of None is the SDK's own way to say "this machine".
        if name not in used or (name == "TARGET_NAME" and used[name] is None):
            continue
        if not isinstance(used[name], str) or not used[name].strip():
            fix = _quoted(subject, name) if name == "PYTHON_VERSION" else None
            wrong = f"{name} must be a text in quotes"
            yield _at(subject, name, wrong, f'Write it as {name} = "…".', fix=fix)
    if "ARGUMENTS" in used and not isinstance(used["ARGUMENTS"], list | tuple):
        hint = 'Write it as ARGUMENTS = ["--name", "value"].'
        yield _at(subject, "ARGUMENTS", "ARGUMENTS must be a list", hint)


def _quoted(subject: Subject, name: str) -> Fix | None:
    """The same line with quotes around its number."""
    number = subject.constants.lines[name]
    line = lines_of(subject.constants_file.text())[number - 1]
    match = re.match(rf"(\s*{name}\s*(?::[^=]+)?=\s*)(\d+\.\d+)(\s*(?:#.*)?\r?\n?)$", line)
    if not match:
        return None
    text = f'{match[1]}"{match[2]}"{match[3]}'
    return Fix("put the version in quotes", (Edit(subject.constants_file.path, number, number, text),))


@theme.rule(
    "experiment",
    "error",
    "now",
    "Azure ML refuses the experiment's name",
    why="The SDK refuses the name before anything is sent.",
)
def constants_experiment(subject: Subject) -> Iterator[Found]:
    """An experiment's name is 1 to 255 letters, digits, `-` or `_` and starts with a letter or a digit."""
    experiment = _used(subject).get("EXPERIMENT_NAME")
    if not isinstance(experiment, str) or not experiment.strip():
        return
    if not re.fullmatch(r"[a-zA-Z0-9][\w-]{0,254}", experiment):
        wrong = f"EXPERIMENT_NAME: Azure ML refuses the name '{experiment}'"
        hint = "Use 1 to 255 letters, digits, '-' or '_', starting with a letter or a digit."
        yield _at(subject, "EXPERIMENT_NAME", wrong, hint)


@theme.rule(
    "target",
    "error",
    "now",
    "no compute target can have that name",
    why="The workspace has no compute target of that name.",
)
def constants_target(subject: Subject) -> Iterator[Found]:
    """Azure ML's compute targets have names of 2 to 24 letters, digits and `-`, starting with a letter. The
    local workspace takes any name, so it is a warning there.
    """
    argument = subject.submission.compute_target
    if argument is None or argument.value is None or argument.value == "local":
        return
    reason = names.compute_target(argument.value)
    if reason and argument.value.strip():
        wrong = f"no compute target can be called '{argument.value}': {reason}"
        severity: Severity = "error" if subject.goes == "azure" else "warning"
        yield Found(argument.file, argument.line, wrong, "Mend the name.", severity=severity)


@theme.rule(
    "environment",
    "error",
    "now",
    "Azure ML refuses the environment's name",
    why="Azure ML refuses to register an environment of that name.",
)
def constants_environment(subject: Subject) -> Iterator[Found]:
    """An environment's name is 1 to 255 letters, digits, `-`, `_` or `.`; names that start with AzureML or
    Microsoft are Azure ML's own. The local workspace takes any name, so it is a warning there.
    """
    name = _used(subject).get("ENVIRONMENT_NAME")
    if isinstance(name, str) and name.strip() and (reason := names.environment_name(name)):
        severity: Severity = "error" if subject.goes == "azure" else "warning"
        wrong = f"ENVIRONMENT_NAME: '{name}' cannot be used: {reason}"
        yield _at(subject, "ENVIRONMENT_NAME", wrong, "Choose another name.", severity=severity)


@theme.rule(
    "python-version",
    "error",
    "now",
    "PYTHON_VERSION is not a version",
    why="Neither conda nor the local workspace finds a Python of that version.",
)
def constants_python_version(subject: Subject) -> Iterator[Found]:
    """It is `X.Y` or `X.Y.Z`."""
    version = _used(subject).get("PYTHON_VERSION")
    if isinstance(version, str) and version.strip() and not re.fullmatch(r"\d+\.\d+(\.\d+)?", version):
        wrong = f"PYTHON_VERSION: '{version}' is not a version"
        yield _at(subject, "PYTHON_VERSION", wrong, 'Write it as PYTHON_VERSION = "3.11".')


@theme.rule(
    "windows",
    "warning",
    "now",
    "Windows reserves a name that the project uses",
    why="On Windows there can be no file or folder of that name, so the project cannot be checked out there.",
)
def constants_windows(subject: Subject) -> Iterator[Found]:
    """`CON`, `PRN`, `AUX`, `NUL`, `COM1` and the like are devices on Windows, with any ending."""
    used = _used(subject)
    for name in ("EXPERIMENT_NAME", "SCRIPT_NAME", "ENVIRONMENT_FILE"):
        value = used.get(name)
        if isinstance(value, str) and names.reserved(value):
            yield _at(subject, name, f"{name}: Windows reserves the name '{value}'", "Choose another name.")
