"""``scaffold sweep``: a project's script with many values of its arguments, as the runs of one sweep."""

from typing import TYPE_CHECKING, Annotated

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
from scaffold.errors import UsageError, WorkspaceError

if TYPE_CHECKING:
    from scaffold.project.subject import Subject

_GOALS, _SAMPLINGS = ("maximize", "minimize"), ("grid", "random")


@console.stopping("Stopped before anything was submitted.", "Sweep again when you are ready.")
def sweep(
    project: Named = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param",
            metavar="NAME=VALUES",
            help="Vary an argument of the script: values with commas between them, or a distribution such as "
            "uniform(0,1), loguniform(-5,-1), normal(0,1), quniform(1,9,2), randint(10). May be repeated.",
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="The metric that the script logs and runs are compared by, each by its best value; needed.",
            show_default=False,
        ),
    ] = None,
    goal: Annotated[
        str, typer.Option(metavar="maximize|minimize", help="Which of its values are good.")
    ] = "minimize",
    sampling: Annotated[
        str | None,
        typer.Option(
            metavar="grid|random",
            help="Every combination, or random ones; a grid where all parameters have values.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Draw the same random samples again.", show_default=False)
    ] = None,
    max_runs: Annotated[
        int | None, typer.Option(min=1, help="How many runs at the most.", show_default=False)
    ] = None,
    width: Annotated[
        int | None, typer.Option(min=1, help="How many runs at a time; all by default.", show_default=False)
    ] = None,
    timeout: Annotated[
        int | None,
        typer.Option(
            metavar="MINUTES", min=1, help="Let the service end the sweep after so long.", show_default=False
        ),
    ] = None,
    stop: Annotated[
        str | None,
        typer.Option(
            metavar="RULE",
            help="End runs that fall behind: bandit(slack_factor=0.1), median or "
            "truncation(truncation_percentage=20), each with evaluation_interval and delay_evaluation.",
            show_default=False,
        ),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option("--follow/--no-follow", help="Show the runs to their end, and exit by the outcome."),
    ] = True,
    experiment: InExperiment = None,
    compute_target: RunOn = None,
    env: Annotated[
        list[str] | None,
        typer.Option(
            "--env", metavar="KEY=VALUE", help="Set an environment variable of the runs. May be repeated."
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY=VALUE", help="Tag the sweep. May be repeated."),
    ] = None,
    environment: InEnvironment = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The sweep's display name.", show_default=False)
    ] = None,
    sdk: ThroughSdk = None,
    auth: Auth = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be swept over, and send nothing.")
    ] = False,
    check: CheckFirst = True,
    as_json: AsJson = False,
) -> None:
    """Run a project's script with many values of its arguments, as the runs of one sweep (HyperDrive)."""
    from scaffold.cli.submitting.job import chosen_sdk, job_to_submit
    from scaffold.cli.submitting.sweep import Sweeping
    from scaffold.cli.submitting.wanted import Wanted
    from scaffold.project.named import find_subject
    from scaffold.submission import sweeps
    from scaffold.submission.overrides import Overrides

    checked_method(auth)
    space = sweeps.read_space(param or [])
    sampling = _sampling(space, sampling)
    plan = sweeps.Plan(
        space=space,
        sampling=sampling,
        seed=seed,
        metric=_metric(metric, dry_run=dry_run),
        goal=_one_of("--goal", goal, _GOALS),
        most_runs=_most_runs(space, sampling, max_runs),
        width=width,
        minutes=timeout,
        policy=sweeps.read_policy(stop),
    )
    if seed is not None and sampling == "grid":
        raise UsageError(
            "A grid draws no samples, so --seed changes nothing.", "Leave it out, or --sampling random."
        )
    overrides = Overrides(
        experiment=experiment,
        compute_target=compute_target,
        environment_variables=pairs("--env", env),
        tags=pairs("--tag", tag),
        environment=environment,
        display_name=name,
    )
    check_names(overrides)
    subject = find_subject(project, "scaffold sweep")
    check_experiment(subject, experiment)
    chosen = chosen_sdk(subject, sdk)
    if chosen == "v1":
        _check_installed(warns=dry_run)
    if check:
        check_project(subject, overrides, plan.tried(), "--param")
        _check_logged(subject, plan.metric)
    job = job_to_submit(subject) if chosen == "v2" else None
    wanted = Wanted(overrides=overrides, follow=follow, auth=auth, dry_run=dry_run, as_json=as_json, job=job)
    sweeping = Sweeping(subject.project(), wanted, plan)
    if dry_run:
        sweeping.show_plan()
        return
    sweeping.run()
    sweeping.conclude()


def _check_logged(subject: "Subject", metric: str) -> None:
    """Refuses a metric that the script is sure not to log: no run could be the best.

    Raises:
        UsageError: it logs others, and none of that name.
    """
    import difflib

    from scaffold.project.files import FileError
    from scaffold.project.logged import metrics_of

    try:
        names = metrics_of(subject) if metric else None
    except FileError:  # told by the check
        return
    if names is None or metric in names:
        return
    near = difflib.get_close_matches(metric, sorted(names), n=1, cutoff=0.0)
    raise UsageError(
        f"The script logs no metric {metric!r}: it logs {', '.join(sorted(names))}.",
        f"Name one of these, such as --metric {near[0]}; --no-check sweeps all the same.",
    )


def _check_installed(*, warns: bool) -> None:
    """Refuses to begin without HyperDrive's client; a dry run, which needs none of it, is told so."""
    from importlib import metadata

    try:
        metadata.version("azureml-train-core")
    except metadata.PackageNotFoundError:
        wrong = "A sweep needs azureml-train-core, which has HyperDrive's client."
        hint = "Install it beside scaffold: pip install 'azureml-scaffold[sweep]'"
        if not warns:
            raise WorkspaceError(wrong, hint) from None
        console.warn(wrong)
        console.note(f"    {hint}")


def _one_of(flag: str, given: str, known: tuple[str, ...]) -> str:
    if given.lower() not in known:
        raise UsageError(f"{flag} knows no {given!r}.", f"It takes {' or '.join(known)}.")
    return given.lower()


def _metric(metric: str | None, *, dry_run: bool) -> str:
    if metric is None and not dry_run:
        raise UsageError(
            "HyperDrive compares the runs of a sweep by a metric, and none is named.",
            "Name one that the script logs: --metric loss --goal minimize",
        )
    return metric or ""


def _sampling(space: dict[str, list[object]], sampling: str | None) -> str:
    """How to sample: a grid where that can be.

    Raises:
        UsageError: it is a grid, and cannot be.
    """
    without_end = [name for name, (kind, *_) in space.items() if kind != "choice"]
    if sampling is None:
        return "random" if without_end else "grid"
    if _one_of("--sampling", sampling, _SAMPLINGS) == "grid" and without_end:
        raise UsageError(
            f"A grid takes values, and {without_end[0].lstrip('-')} has a distribution.",
            "Give its values with commas between them, or take --sampling random.",
        )
    return sampling.lower()


def _most_runs(space: dict[str, list[object]], sampling: str, asked: int | None) -> int:
    """How many runs the sweep comes to.

    Raises:
        UsageError: nobody has said it, or it is more than the service takes.
    """
    from scaffold import space as spaces
    from scaffold.submission.sweeps import MOST_RUNS

    size = spaces.size(space)
    if asked is None and sampling == "random":
        raise UsageError("A random sample has no end by itself.", "Say how many runs: --max-runs 20")
    most = min(number for number in (size, asked) if number is not None) if size or asked else MOST_RUNS + 1
    if most > MOST_RUNS:
        raise UsageError(
            f"The sweep comes to {most} runs, and HyperDrive takes {MOST_RUNS} at the most.",
            "Give fewer values, or limit it: --max-runs 20",
        )
    return most
