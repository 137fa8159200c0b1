"""What making a project comes to: the plan for a rendered folder, carried out and reported."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.project import placement


@dataclass(frozen=True)
class Generated:
    """A project that was written, or with ``dry_run`` would be.

    Attributes:
        path: its folder, absolute.
        files: every file of it, relative with forward slashes, sorted.
        replaced: files that were there with other contents → where the old ones are kept.
        answers: the template's variables and their values.
        template_version: the version of our template; None for another one.
        skipped_hooks: scripts of a template that is not trusted (or of a dry run), which did not run.
        notes: sentences on what a person may have expected otherwise.
    """

    path: Path
    files: tuple[str, ...]
    replaced: Mapping[str, str]
    answers: Mapping[str, Any]
    template_version: str | None
    skipped_hooks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def real(target: Path) -> Path:
    """A project's folder as the working directory is named, so that the one can be told relative to the other."""
    return target.parent.resolve() / target.name


def put(project: Path, target: Path, dry_run: bool) -> placement.Plan:
    """Puts a rendered project into its place, or with ``dry_run`` only says what that would do."""
    plan = placement.plan(project, target)
    if not dry_run:
        placement.place(plan)
    return plan
