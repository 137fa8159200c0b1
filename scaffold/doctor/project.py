"""The project: whether one is here, what is wrong with it, and which workspace it means."""

from collections.abc import Iterator
from pathlib import Path

from scaffold.doctor.finding import Finding, ok
from scaffold.errors import ProjectError
from scaffold.project.model import WorkspaceConfig
from scaffold.project.subject import Subject


def project(root: Path) -> Iterator[Finding]:
    """What `scaffold check` finds, in numbers, and where the project goes."""
    from scaffold.project.check import examine

    report = examine(Subject(root))
    facts = {"root": str(root), "errors": len(report.errors), "warnings": len(report.warnings)}
    if report.errors:
        first = report.errors[0]
        more = f", and {len(report.errors) - 1} more errors" if len(report.errors) > 1 else ""
        yield Finding(
            "project",
            "problem",
            f"{root}: {first.message.rstrip('.')}{more}.",
            "'scaffold check' lists and explains them.",
            facts,
            ProjectError.exit_code,
        )
    elif report.warnings:
        yield Finding(
            "project",
            "warning",
            f"{root}: {report.warnings[0].message.rstrip('.')}"
            + (f", and {len(report.warnings) - 1} more warnings." if len(report.warnings) > 1 else "."),
            "'scaffold check' lists and explains them.",
            facts,
        )
    else:
        yield ok("project", f"{root}: nothing is wrong with it.", **facts)
    yield from _destination(Subject(root))


def destination_of(root: Path) -> tuple[WorkspaceConfig | None, str | None]:
    """The workspace that the project means and the compute target in it, each None when it is not known."""
    from scaffold.project.files import FileError

    subject = Subject(root)
    try:
        return subject.config, target_of(subject)
    except FileError:
        return None, None


def _destination(subject: Subject) -> Iterator[Finding]:
    from scaffold.project.files import FileError

    try:
        config = subject.config
    except FileError:  # it is the error above
        return
    shown, target = subject.file(config.path).shown, target_of(subject)
    on = f" on compute target {target}" if target else ""
    if config.is_local:
        yield ok(
            "destination", f"It goes to the local workspace{on}, where any target is this machine ({shown})."
        )
    else:
        yield ok(
            "destination",
            f"It goes to workspace {config.workspace_name} in resource group {config.resource_group} of subscription "
            f"{config.subscription_id}{on} ({shown}).",
        )


def target_of(subject: Subject) -> str | None:
    """The name of the compute target that the script submits to; None when that is not known."""
    from scaffold.project.files import FileError

    try:
        target = subject.submission.compute_target
    except FileError:
        return None
    return target.value if target is not None else None
