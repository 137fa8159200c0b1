"""What commands that submit are asked in the same words: pairs, names, and the check before all."""

from typing import TYPE_CHECKING

from scaffold.cli import console
from scaffold.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from scaffold.project.finding import Rule
    from scaffold.project.subject import Subject
    from scaffold.submission.overrides import Overrides

    Rearranged = Callable[[list[str | None]], list[str | None]]


def pairs(flag: str, given: list[str] | None) -> dict[str, str]:
    """``KEY=VALUE`` texts as a dictionary.

    Raises:
        UsageError: one has no key or no equals sign.
    """
    found = {}
    for text in given or []:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"{flag} {text!r} is not of the form KEY=VALUE.", f"For example: {flag} seed=42")
        found[key] = value
    return found


def check_names(overrides: "Overrides") -> None:
    """Refuses names that no workspace takes, before anything is started."""
    from scaffold.project import names

    checks = (
        ("--experiment", overrides.experiment, _experiment_name),
        ("--compute-target", overrides.compute_target, names.compute_target),
    )
    for flag, text, check in checks:
        wrong = check(text) if text is not None else None
        if wrong is not None:
            raise UsageError(
                f"{flag}: {wrong}", f"For example: {flag} {'train' if 'exp' in flag else 'cpu-cluster'}"
            )


def check_experiment(subject: "Subject", name: str | None) -> None:
    """Refuses an experiment's name that is also a folder with other code than the experiment's.

    Raises:
        UsageError: it is one: whoever gives the name may mean that folder.
    """
    if name is None or not (folder := subject.root / name).is_dir():
        return
    script, source = _sent(subject)
    if script is not None and script.is_relative_to(folder):
        return
    sent = subject.file(source).shown if source else f"the code that {subject.runner.shown} names"
    raise UsageError(
        f"--experiment is a name in the workspace, and {name} is also a folder of the project: "
        f"{sent} would be sent under its name.",
        f"Choose another name; to submit that folder, have {subject.runner.shown} send it.",
    )


def _sent(subject: "Subject") -> "tuple[Path | None, Path | None]":
    """The script that is run and the folder that is sent, as far as they are known."""
    from scaffold.project.files import FileError

    try:
        script = subject.script
        return script.path if script else None, subject.source_directory
    except FileError:  # what is wrong with the submitting script is told by the check
        return None, None


def _experiment_name(text: str) -> str | None:
    """Checks a name alone: there is no folder of it that could be in something's way."""
    import re

    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}", text):
        return None
    return "it must be 1 to 255 letters, digits, '-' or '_', starting with a letter or a digit"


def check_project(
    subject: "Subject",
    overrides: "Overrides",
    arguments: "Sequence[Rearranged]" = (),
    flag: str = "--arg",
) -> None:
    """Shows what is wrong with a project.

    Args:
        subject: the project.
        overrides: what the command line replaces in it.
        arguments: what the command line makes of the script's arguments, in each run; none where it leaves them
            alone.
        flag: of the command line, which does that.

    Raises:
        ProjectError: something is sure to fail.
        UsageError: the script's own parser refuses what the command line makes of its arguments.
    """
    from scaffold.cli import findings
    from scaffold.project.check import examine, selected

    def passed_over(rule: "Rule", error: Exception) -> None:
        # What is wrong with a rule is no reason not to submit.
        console.warn(
            f"the rule {rule.id} could not look: {type(error).__name__}: {console.inert(str(error))}"
        )

    ignored = _overridden(overrides, changes_arguments=bool(arguments))
    report = examine(subject, selected(ignore=ignored), on_fault=passed_over)
    findings.show_briefly(report)
    warnings = len(report.warnings)
    for rearranged in arguments:
        _refuse_arguments(subject, rearranged, flag)
    more = f", {findings.count(warnings, 'warning')}" if warnings else ""
    console.done(f"checked{more}")


def _refuse_arguments(subject: "Subject", arguments: "Rearranged", flag: str) -> None:
    """Refuses what the command line makes of a script's arguments where the script's own parser does.

    Raises:
        UsageError: it does: the run would be sure to fail.
    """
    from scaffold.project.files import FileError
    from scaffold.project.rules.script import refused

    try:
        found = refused(subject, arguments, flag)
    except FileError:  # told, or not to be told, by the rules
        return
    if found is not None:
        raise UsageError(
            f"The script refuses its arguments: {found.message} (parser: {found.parser}).",
            found.advice or f"Mend {flag} or the parser; --no-check submits all the same.",
        )


def _overridden(overrides: "Overrides", *, changes_arguments: bool) -> list[str]:
    """The rules about what the command line replaces in the project."""
    about = {
        "constants-experiment": overrides.experiment,
        "constants-target": overrides.compute_target,
        "wiring-target": overrides.compute_target,
        "script-arguments": changes_arguments,
        "script-python": overrides.environment,
        "script-numpy-alias": overrides.environment,
        "wiring-environment": overrides.environment,
        "environment": overrides.environment,
        "import-missing": overrides.environment,
        "import-standard": overrides.environment,
        "import-mlflow": overrides.environment,
    }
    return [rule for rule, override in about.items() if override]
