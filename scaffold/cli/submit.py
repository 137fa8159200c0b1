"""``scaffold submit``: runs a project's own submitting script and shows how far it has come."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaffold.cli import console
from scaffold.cli.login import AUTH_HELP, checked_method
from scaffold.errors import UsageError

if TYPE_CHECKING:
    from scaffold.project.finding import Rule
    from scaffold.project.subject import Subject
    from scaffold.submission.overrides import Overrides


def submit(
    project: Annotated[
        Path | None,
        typer.Argument(
            help="The project's folder, or any folder in it; the current one by default.", show_default=False
        ),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option("--follow/--no-follow", help="Show the run's log to its end, and exit by its outcome."),
    ] = False,
    experiment: Annotated[
        str | None, typer.Option(help="Submit to this experiment.", show_default=False)
    ] = None,
    compute_target: Annotated[
        str | None, typer.Option(help="Run on this compute target.", show_default=False)
    ] = None,
    arg: Annotated[
        list[str] | None,
        typer.Option(
            "--arg", help="Give the script an argument: name=value, or one word as it is. May be repeated."
        ),
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(
            "--env", metavar="KEY=VALUE", help="Set an environment variable of the run. May be repeated."
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY=VALUE", help="Tag the run. May be repeated."),
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option(metavar="NAME[:VERSION]", help="Use this registered environment.", show_default=False),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The run's display name.", show_default=False)
    ] = None,
    timeout: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS", min=1, help="Let the service end the run after so long.", show_default=False
        ),
    ] = None,
    retry_on: Annotated[
        str | None,
        typer.Option(
            metavar="preempted",
            help="Submit again when the run ends for this reason; follows it.",
            show_default=False,
        ),
    ] = None,
    auth: Annotated[
        str,
        typer.Option("--auth", metavar="METHOD", help=AUTH_HELP),
    ] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent, and send nothing.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check/--no-check", help="Check the project first ('scaffold check'); errors stop it."
        ),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Submit a project's experiment to the workspace that its config.json names."""
    from scaffold.cli.submitting.project import submit_project
    from scaffold.cli.submitting.wanted import Wanted
    from scaffold.project.reader import find_project
    from scaffold.project.subject import Subject
    from scaffold.submission.overrides import Overrides

    checked_method(auth)
    if retry_on not in (None, "preempted"):
        raise UsageError(f"--retry-on knows no {retry_on!r}.", "It takes 'preempted'.")
    overrides = Overrides(
        experiment=experiment,
        compute_target=compute_target,
        arguments=tuple(arg or ()),
        environment_variables=_pairs("--env", env),
        tags=_pairs("--tag", tag),
        environment=environment,
        display_name=name,
        max_run_duration_seconds=timeout,
    )
    _check_names(overrides)
    subject = Subject(find_project(project or Path.cwd()))
    if check:
        _check(subject, overrides)
    submit_project(
        subject.project(),
        Wanted(
            overrides=overrides,
            follow=follow or retry_on is not None,
            retry_preempted=retry_on is not None,
            auth=auth,
            dry_run=dry_run,
            as_json=as_json,
        ),
    )


def _pairs(flag: str, given: list[str] | None) -> dict[str, str]:
    """``KEY=VALUE`` texts as a dictionary.

    Raises:
        UsageError: one has no key or no equals sign.
    """
    pairs = {}
    for text in given or []:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"{flag} {text!r} is not of the form KEY=VALUE.", f"For example: {flag} seed=42")
        pairs[key] = value
    return pairs


def _check_names(overrides: "Overrides") -> None:
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


def _check(subject: "Subject", overrides: "Overrides") -> None:
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
