"""``scaffold submit``: runs a project's own submitting script and shows how far it has come."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaffold.cli import console
from scaffold.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from scaffold.project.model import Project
    from scaffold.submission.overrides import Overrides

_METHODS = ("auto", "interactive", "device-code", "azure-cli", "service-principal", "managed-identity")


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
        typer.Option("--auth", metavar="METHOD", help=f"How to log in to Azure: {', '.join(_METHODS)}."),
    ] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent, and send nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Submit a project's experiment to the workspace that its config.json names."""
    from scaffold.cli.submitting import Wanted, submit_project
    from scaffold.project.reader import find_project, read_project
    from scaffold.submission.overrides import Overrides

    if auth not in _METHODS:
        raise UsageError(f"There is no login method {auth!r}.", f"Choose one of {', '.join(_METHODS)}.")
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
    found = read_project(find_project(project or Path.cwd()))
    _check_tenant(found)
    console.done("checked")
    submit_project(
        found,
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


def _check_tenant(found: "Project") -> None:
    if found.config.is_local and found.config.tenant_id is not None:
        raise ProjectError(
            f"{found.config.path.relative_to(found.root)}: it names the tenant {found.config.tenant_id}, which the "
            "local workspace is not in.",
            "Remove tenant_id, or name the workspace on Azure ML that it belongs to.",
        )
