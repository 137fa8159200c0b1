"""Which SDK a project goes through, and the command job that it is for SDK v2."""

from typing import TYPE_CHECKING

from scaffold.cli import console
from scaffold.errors import UsageError

if TYPE_CHECKING:
    from scaffold.project.job import CommandJob
    from scaffold.project.subject import Subject

_SDKS = ("v1", "v2")


def chosen_sdk(subject: "Subject", given: str | None) -> str:
    """Which SDK is wanted: the one of the command line, else that of constants.py, else v1.

    Raises:
        UsageError: there is none of that name.
    """
    constant = subject.constants.values.get("SDK")
    sdk = given or constant or "v1"
    if sdk not in _SDKS:
        where = "--sdk" if given else "SDK in constants.py"
        raise UsageError(f"{where} is {sdk!r}, and there is no such SDK.", "It takes v1 or v2.")
    return str(sdk)


def read_job(subject: "Subject") -> "CommandJob":
    """The command job that a project is; what has no place in it is told.

    Raises:
        FileError: only running the script would tell what it has to say.
    """
    from scaffold.project import job_reader, v2_path

    job = job_reader.read_job(subject)
    for left in job.left:
        console.warn(console.inert(left))
    lost = v2_path.lost_import(subject, job)
    if lost is not None:
        console.warn(console.inert(f"{lost.file.shown}:{lost.line}: {v2_path.wording(lost)}"))
        console.note(f"    {v2_path.HINT}")
    return job


def job_to_submit(subject: "Subject") -> "CommandJob":
    """The same where it is to be submitted, beside a job.yml that may say something else.

    Raises:
        FileError: only running the script would tell what it has to say.
        UsageError: azure-ai-ml is not installed.
    """
    from scaffold.project import job_file
    from scaffold.submission import jobs

    jobs.require_sdk()
    job = read_job(subject)
    path = subject.root / job_file.NAME
    if job_file.plan(path, job_file.render(job, path)).outcome in ("kept", "conflict"):
        console.warn(
            f"{path.name} differs from the project, which is what is submitted ('az ml job create' takes the file)"
        )
    return job
