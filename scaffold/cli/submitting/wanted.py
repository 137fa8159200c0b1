"""What the command line asks of a submission."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.project.job import CommandJob
    from scaffold.submission.overrides import Overrides


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for.

    Attributes:
        overrides: what is changed of the submission.
        follow: show the log to its end, and exit by the outcome.
        retry_preempted: submit again when the run was pre-empted.
        auth: how to log in to Azure.
        dry_run: show what would be sent, and send nothing.
        as_json: stdout holds one JSON document and nothing else.
        job: the project as a command job, when it is to go through SDK v2.
    """

    overrides: "Overrides"
    follow: bool = False
    retry_preempted: bool = False
    auth: str = "auto"
    dry_run: bool = False
    as_json: bool = False
    job: "CommandJob | None" = None
