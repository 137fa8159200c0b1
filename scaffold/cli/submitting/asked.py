"""What commands that submit are asked in the same words: pairs, names, and the check before all."""

from typing import TYPE_CHECKING

from scaffold.cli import console
from scaffold.errors import UsageError

if TYPE_CHECKING:
    from scaffold.project.finding import Rule
    from scaffold.project.subject import Subject
    from scaffold.submission.overrides import Overrides


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
        ("--experiment", overrides.experiment, names.experiment_name),
        ("--compute-target", overrides.compute_target, names.compute_target),
    )
    for flag, text, check in checks:
        wrong = check(text) if text is not None else None
        if wrong is not None:
            raise UsageError(
                f"{flag}: {wrong}", f"For example: {flag} {'train' if 'exp' in flag else 'cpu-cluster'}"
            )


def check_project(subject: "Subject", overrides: "Overrides") -> None:
    """Shows what is wrong with a project.

    Raises:
        ProjectError: something is sure to fail.
    """
    from scaffold.cli import findings
    from scaffold.project.check import examine, selected

    def passed_over(rule: "Rule", error: Exception) -> None:
        # What is wrong with a rule is no reason not to submit.
        console.warn(
            f"the rule {rule.id} could not look: {type(error).__name__}: {console.inert(str(error))}"
        )

    report = examine(subject, selected(ignore=_overridden(overrides)), on_fault=passed_over)
    findings.show_briefly(report)
    more = f", {findings.count(len(report.warnings), 'warning')}" if report.warnings else ""
    console.done(f"checked{more}")


def _overridden(overrides: "Overrides") -> list[str]:
    """The rules about what the command line replaces in the project."""
    about = {
        "constants-experiment": overrides.experiment,
        "constants-target": overrides.compute_target,
        "wiring-target": overrides.compute_target,
        "script-arguments": overrides.arguments,
        "script-python": overrides.environment,
        "script-numpy-alias": overrides.environment,
        "wiring-environment": overrides.environment,
        "environment": overrides.environment,
        "import-missing": overrides.environment,
        "import-standard": overrides.environment,
        "import-mlflow": overrides.environment,
    }
    return [rule for rule, override in about.items() if override]
