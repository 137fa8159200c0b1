"""Rules about SDK v2, for projects that go through it: job.yml, and what of the folder its SDK sends."""

from collections.abc import Iterator

from scaffold.project import job_file
from scaffold.project.files import FileError
from scaffold.project.finding import Found, Theme
from scaffold.project.job_reader import read_job
from scaffold.project.reading import MOST_BY_HAND, read_or_nothing
from scaffold.project.snapshot_v2 import differences
from scaffold.project.subject import Subject
from scaffold.project.v2_path import HINT, finds_root, imports_from_root

theme = Theme("job", "SDK v2: the command job of the project")

_SHOWN = 3


@theme.rule(
    "file",
    "warning",
    "now",
    "job.yml says something else than the project does",
    why="'az ml job create -f job.yml' and 'scaffold submit --sdk v2' submit different jobs.",
)
def job_yml(subject: Subject) -> Iterator[Found]:
    """The project has changed since job.yml was exported. Nothing is said of what was changed in job.yml by hand
    since, which `scaffold export` keeps, nor of a job.yml that it has not written.
    """
    path = subject.root / job_file.NAME
    if not job_file.is_exported(read_or_nothing(path, MOST_BY_HAND)):
        return
    file = subject.file(path)
    try:
        exported = job_file.plan(path, job_file.render(read_job(subject), path))
    except FileError as error:
        wrong = f"it can no longer be exported: {error.wrong} ({error.file.shown})"
        yield Found(file, None, wrong, error.hint)
        return
    if exported.outcome == "updated":
        wrong = "the project has changed since it was exported"
        yield Found(file, None, wrong, "Export it again with 'scaffold export'.")
    elif exported.outcome == "conflict":
        wrong = "the project has changed since it was exported, and so has this file"
        yield Found(file, None, wrong, "See the difference with 'scaffold export --dry-run'.")


@theme.rule(
    "snapshot",
    "warning",
    "run",
    "the two SDKs send different files",
    why="A script that finds a file through one SDK does not find it through the other.",
)
def job_snapshot(subject: Subject) -> Iterator[Found]:
    """Both SDKs read the same ignore file, `.amlignore` or else `.gitignore` of the folder that is sent. azureml-core
    leaves out a folder that a line matches, whatever a later line (`!keep.txt`) takes back in from it; azure-ai-ml
    judges every file by itself, takes the path of what is behind a link as where it really is, cuts spaces off the
    ends of lines, and sends no folder without files. Looked at when `SDK` in constants.py is "v2", or the project has a
    job.yml or a run_experiment_v2.py.
    """
    if not _goes_through_v2(subject) or subject.snapshot is None:
        return
    snapshot = subject.snapshot
    file = snapshot.ignore.file or subject.file(snapshot.folder)
    more, fewer = differences(snapshot)
    hint = "Write lines on which both agree, for files and not for folders; an empty folder takes a .gitkeep."
    if more:
        yield Found(file, None, f"through SDK v2 there also travel {_listed(more)}", hint)
    if fewer:
        yield Found(file, None, f"through SDK v2 there do not travel {_listed(fewer)}", hint)


@theme.rule(
    "path",
    "error",
    "run",
    "an import that SDK v2 does not find",
    why="Python ends the run with ModuleNotFoundError.",
)
def job_path(subject: Subject) -> Iterator[Found]:
    """The script is in a folder below the one that is sent, and imports a module that is beside that folder. In a run
    of SDK v1, Azure ML puts the root of the snapshot at the end of the script's path; in a job of SDK v2 a script
    finds what is in its own folder. Looked at where the project has a job.yml (`scaffold export` writes `PYTHONPATH`
    into a new one); nothing is said where the script changes `sys.path`, or the job sets `PYTHONPATH` or a folder.
    """
    import yaml

    job = subject.file(subject.root / job_file.NAME)
    try:
        document = yaml.safe_load(job.text())
    except (FileError, yaml.YAMLError, ValueError, RecursionError):
        return
    if not isinstance(document, dict) or finds_root(document):
        return
    lost = next((one for one in imports_from_root(subject) if one.certain), None)
    if lost is not None:
        what = (
            f"it imports {lost.top} from the folder that is sent, which SDK v2 does not put on Python's path"
        )
        yield Found(lost.file, lost.line, what, HINT)


def _listed(paths: list[str]) -> str:
    rest = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + rest


def _goes_through_v2(subject: Subject) -> bool:
    if subject.constants.text("SDK") == "v2":
        return True
    return any((subject.root / name).is_file() for name in (job_file.NAME, "run_experiment_v2.py"))
