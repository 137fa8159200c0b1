"""``scaffold submit``: runs a project's own submitting script and shows how far it has come."""

from typing import Annotated

import typer

from scaffold.cli import console
from scaffold.cli.flags import (
    AsJson,
    CheckFirst,
    InEnvironment,
    InExperiment,
    Named,
    RunOn,
    ThroughSdk,
)
from scaffold.cli.login import Auth, checked_method
from scaffold.cli.submitting.asked import check_experiment, check_names, check_project, pairs
from scaffold.errors import UsageError


@console.stopping("Stopped before anything was submitted.", "Submit again when you are ready.")
def submit(
    project: Named = None,
    follow: Annotated[
        bool,
        typer.Option("--follow/--no-follow", help="Show the run's log to its end, and exit by its outcome."),
    ] = False,
    experiment: InExperiment = None,
    compute_target: RunOn = None,
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
    environment: InEnvironment = None,
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
    sdk: ThroughSdk = None,
    auth: Auth = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent, and send nothing.")
    ] = False,
    check: CheckFirst = True,
    as_json: AsJson = False,
) -> None:
    """Submit the experiment of a project, or of a script, to the workspace that config.json names."""
    from functools import partial

    from scaffold.cli.submitting.job import chosen_sdk, job_to_submit
    from scaffold.cli.submitting.project import submit_project
    from scaffold.cli.submitting.wanted import Wanted
    from scaffold.project.named import find_subject
    from scaffold.submission.overrides import Overrides, merge_arguments

    checked_method(auth)
    if retry_on not in (None, "preempted"):
        raise UsageError(f"--retry-on knows no {retry_on!r}.", "It takes 'preempted'.")
    overrides = Overrides(
        experiment=experiment,
        compute_target=compute_target,
        arguments=tuple(arg or ()),
        environment_variables=pairs("--env", env),
        tags=pairs("--tag", tag),
        environment=environment,
        display_name=name,
        max_run_duration_seconds=timeout,
    )
    check_names(overrides)
    subject = find_subject(project, "scaffold submit")
    check_experiment(subject, experiment)
    chosen = chosen_sdk(subject, sdk)
    if check:
        changed = [partial(merge_arguments, changes=overrides.arguments)] if overrides.arguments else []
        check_project(subject, overrides, changed)
    job = job_to_submit(subject) if chosen == "v2" else None
    submit_project(
        subject.project(),
        Wanted(
            overrides=overrides,
            follow=follow or retry_on is not None,
            retry_preempted=retry_on is not None,
            auth=auth,
            dry_run=dry_run,
            as_json=as_json,
            job=job,
        ),
    )
