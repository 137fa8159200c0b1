"""What is known of runs, as plain frozen records.

Knows neither where they come from (``source``) nor how they are shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TERMINAL = ("Completed", "Failed", "Canceled")
STATUSES = (
    "NotStarted", "Queued", "Preparing", "Provisioning", "Starting", "Running", "Finalizing", "CancelRequested",
    *TERMINAL,
)  # fmt: skip
SORTS = ("created", "started", "number", "name", "status", "target", "duration")
COLUMNS = ("metrics", "tags", "params")


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
        run_id: unique in its workspace.
        number: counted from 1 in its experiment.
        experiment: its name.
        display_name: the run's id, where nobody gave it another.
        status: one of :data:`STATUSES`.
        created, started, ended: in UTC.
        target: the compute target.
        parent: the run that it is a child of.
        error, error_code: why it failed.
        values: of the columns that were asked for, where it has one.
        refused_metrics: of each metric that the workspace has not taken, why.
    """

    run_id: str
    number: int
    experiment: str
    display_name: str
    status: str
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    target: str | None = None
    script: str | None = None
    parent: str | None = None
    error: str | None = None
    error_code: str | None = None
    snapshot: str | None = None
    warnings: tuple[str, ...] = ()
    refused_metrics: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def terminal(self) -> bool:
        """True when nothing follows."""
        return self.status in TERMINAL

    @property
    def seconds(self) -> float | None:
        """From its start to its end; None of one that has not begun or goes on, or whose clock was set back."""
        if self.started is None or self.ended is None or self.ended < self.started:
            return None
        return round((self.ended - self.started).total_seconds(), 3)


@dataclass(frozen=True)
class Details:
    """One run with what a list has no room for.

    Attributes:
        run: the run.
        url: the address of its page.
        logs: the names of its logs.
        arguments: of the script.
        command: what it was submitted with instead of a script.
        environment: name of its environment.
        variables: the environment variables that it was submitted with.
        children: how many runs have it as their parent.
        exit_code: of its process, where the workspace tells it.
    """

    run: Run
    url: str
    logs: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    command: str | None = None
    environment: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    children: int = 0
    exit_code: int | None = None


@dataclass(frozen=True)
class Query:
    """Which runs, in which order.

    Attributes:
        experiment: of this experiment; None for all.
        parent: the children of this run; None for those that have no parent.
        statuses: of one of these; empty for all.
        tags: with all of these tags, of this value where there is one.
        target: submitted to this compute target, whatever the case of its letters.
        since: made at this time or later.
        sort: one of :data:`SORTS`, or a column.
        descending: the greatest first.
        limit: how many.
        columns: ``metrics.NAME`` (the last value), ``tags.NAME`` or ``params.NAME``.
    """

    experiment: str | None = None
    parent: str | None = None
    statuses: tuple[str, ...] = ()
    tags: tuple[tuple[str, str | None], ...] = ()
    target: str | None = None
    since: datetime | None = None
    sort: str = "created"
    descending: bool = True
    limit: int = 20
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """The runs that a query found.

    Attributes:
        runs: in its order.
        more: whether there may be others.
        considered: how many were compared, where not all of them were; else None.
    """

    runs: tuple[Run, ...]
    more: bool = False
    considered: int | None = None


@dataclass(frozen=True)
class Point:
    """One logged value: its step, its time, and a value for each column."""

    step: int | None
    created: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Metric:
    """What was logged by one name, in order.

    Attributes:
        kind: such as ``scalar``, ``list``, ``table``, ``image`` or ``confusion_matrix``.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    points: tuple[Point, ...]

    @property
    def last(self) -> Mapping[str, Any]:
        """The value of the highest step, and of several such the last."""
        return max(enumerate(self.points), key=lambda entry: (entry[1].step or 0, entry[0]))[1].data
