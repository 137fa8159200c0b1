"""Imports that only SDK v1's runs find: it puts the root of the snapshot on Python's path, and SDK v2 does not."""

from scaffold.project.imports import Import
from scaffold.project.job import CommandJob
from scaffold.project.subject import Subject

HINT = "Put the script into that folder, or start it as 'python -m', or set PYTHONPATH to '.' in environment_variables."


def lost_import(subject: Subject, job: CommandJob) -> Import | None:
    """The first import of the job's script that a run of SDK v2 does not find; None when it finds all.

    Says nothing of what it cannot be sure of: of a command, and where the path is set by other means.
    """
    modules = subject.modules
    if modules is None or job.command is not None or "PYTHONPATH" in job.variables or modules.sets_path:
        return None
    return next((one for one in modules.from_root if one.certain), None)


def wording(one: Import) -> str:
    """What is wrong with it."""
    return f"it imports {one.top} from the folder that is sent, which SDK v2 does not put on Python's path"
