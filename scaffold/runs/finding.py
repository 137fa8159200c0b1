"""Which workspace is asked, and which run is meant: an id, the beginning of one, or ``latest``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scaffold.errors import ProjectError, UsageError, WorkspaceError
from scaffold.project.model import WorkspaceConfig
from scaffold.runs.model import Query
from scaffold.runs.source import Source

LATEST = "latest"
_NAMED = 5


@dataclass(frozen=True)
class Place:
    """Where runs are looked for.

    Attributes:
        config: of the workspace on Azure; None for the local workspace.
        experiment: of the project one stands in, where there is one and it says so.
    """

    config: WorkspaceConfig | None = None
    experiment: str | None = None


def place_of(start: Path | None) -> Place:
    """The place that the config.json of a project names, else the local workspace.

    Args:
        start: a folder of the project; None for the current folder, which need not be in one.

    Raises:
        ProjectError: there is no project in ``start``, or its config.json cannot be read.
    """
    from scaffold.project.config import find_workspace_config
    from scaffold.project.reader import find_project
    from scaffold.project.subject import Subject

    try:
        root = find_project(start or Path.cwd())
    except ProjectError:
        if start is not None:
            raise
        return Place()
    try:
        subject = Subject(root)
        config, given = subject.config, subject.submission.experiment
        experiment = (given.value if given else None) or subject.constants.experiment_name
    except ProjectError:  # what else is wrong with it matters when it is submitted
        config, experiment = find_workspace_config(root), None
    return Place(None if config.is_local else config, experiment)


def find(source: Source, wanted: str, experiment: str | None = None) -> str:
    """The id of the run that is meant.

    Args:
        source: the workspace.
        wanted: an id, the beginning of one, or :data:`LATEST`.
        experiment: of the project one stands in: whose latest run is meant, and where to look first.

    Raises:
        UsageError: it is the beginning of several.
        WorkspaceError: there is none.
    """
    if wanted == LATEST:
        return _latest(source, experiment)
    if not wanted:
        raise UsageError("A run's id is not empty.", "'scaffold runs list' shows the ids that there are.")
    if source.get(wanted) is not None:
        return wanted
    found = _beginning_with(source, wanted, experiment)
    if len(found) == 1:
        return found[0]
    if not found:
        raise WorkspaceError(
            f"There is no run {wanted!r} in {source.workspace}.",
            "'scaffold runs list --all' shows those that there are.",
        )
    more = ", …" if len(found) > _NAMED else ""
    raise UsageError(
        f"{wanted!r} is the beginning of several runs: {', '.join(found[:_NAMED])}{more}.",
        "Give more of the id.",
    )


def _beginning_with(source: Source, prefix: str, experiment: str | None) -> Sequence[str]:
    """Runs that begin so: first those without a parent, whose ids those of their children begin with."""
    for name in dict.fromkeys((experiment, None)):
        for children in (False, True):
            found = source.beginning_with(prefix, name, _NAMED + 1, children=children)
            if found:
                return found
    return ()


def _latest(source: Source, experiment: str | None) -> str:
    runs = source.query(Query(experiment=experiment, limit=1)).runs
    if runs:
        return runs[0].run_id
    if experiment is None:
        raise WorkspaceError(f"There is no run in {source.workspace} yet.", "Submit one: scaffold submit")
    raise WorkspaceError(
        f"There is no run of the project's experiment {experiment!r} in {source.workspace} yet.",
        "Submit one with 'scaffold submit', or name a run: 'scaffold runs list --all' shows them.",
    )
