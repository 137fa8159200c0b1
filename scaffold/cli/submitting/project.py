"""Submits a project where its config.json says, and again when its run was pre-empted and that is wanted."""

from typing import TYPE_CHECKING, Any

from scaffold.cli import console

if TYPE_CHECKING:
    from scaffold.cli.submitting.submission import Submitting
    from scaffold.cli.submitting.wanted import Wanted
    from scaffold.project.model import Project

_MOST_RESUBMISSIONS = 3


def submit_project(project: "Project", wanted: "Wanted") -> None:
    """Submits, follows if asked to, and ends with the outcome's exit code.

    Raises:
        ScaffoldError: nothing was submitted, or a followed run did not complete.
    """
    earlier: list[dict[str, Any]] = []
    for attempt in range(_MOST_RESUBMISSIONS + 1):
        submitting = _submitting(project, wanted)
        if wanted.dry_run:
            submitting.show_contents()
            return
        submitting.run()
        again = wanted.retry_preempted and attempt < _MOST_RESUBMISSIONS and submitting.was_preempted()
        if not again:
            submitting.conclude(earlier)
            return
        earlier += submitting.documents()
        console.warn("the run was pre-empted; it is submitted again")


def _submitting(project: "Project", wanted: "Wanted") -> "Submitting":
    if project.config.is_local:
        from scaffold.cli.submitting.local import OnLocal

        return OnLocal(project, wanted)
    from scaffold.cli.submitting.azure import OnAzure

    return OnAzure(project, wanted)
