"""Rules about the submitting script: that it still submits what the project says."""

from collections.abc import Iterator
from pathlib import Path

from scaffold.project.files import FileError
from scaffold.project.finding import Found, Theme
from scaffold.project.reading import is_file, is_folder
from scaffold.project.rules.script import unbound
from scaffold.project.subject import Subject

theme = Theme("wiring", "The submitting script: run_experiment.py")


@theme.rule(
    "file",
    "error",
    "now",
    "the submitting script is missing or cannot be read",
    why="It is what submits the experiment.",
)
def wiring_file(subject: Subject) -> Iterator[Found]:
    """It must be valid Python. It is read as a syntax tree and never executed; what it computes by code too
    clever to follow is taken to be right.
    """
    try:
        _ = subject.submission
    except FileError as error:
        if error.file == subject.runner:
            yield Found.of(error)


@theme.rule(
    "source",
    "error",
    "now",
    "the folder to send is not there",
    why="The SDK has nothing to make the snapshot of.",
)
def wiring_source(subject: Subject) -> Iterator[Found]:
    """`source_directory` of the ScriptRunConfig names a folder, from the folder that the submitting script is
    started in. `scaffold submit` starts run_experiment.py in the project's folder, and that is what
    `os.getcwd()`, `os.path.abspath` and `Path.resolve()` are taken to mean here, wherever the check is started.
    Nothing is said where the submitting script makes folders or copies files itself.
    """
    folder = subject.submission.source_directory
    if folder is None or folder.value is None or subject.submission.makes_files:
        return
    directory = subject.absolute(folder.value)
    if not is_folder(directory):
        shown = subject.file(directory).shown if directory.is_relative_to(subject.root) else str(directory)
        wrong = f"there is no folder {shown}"
        yield Found(folder.file, folder.line, wrong, _mend("Make it, or mend its name.", directory))


@theme.rule(
    "script",
    "error",
    "now",
    "the script is not in the folder that is sent",
    why="The run starts with a file that is not there.",
)
def wiring_script(subject: Subject) -> Iterator[Found]:
    """`script` of the ScriptRunConfig is a path from `source_directory`. On a cluster the case of letters
    counts, on Windows and macOS it does not: the name must be written as the file's is. Where a `command` stands in
    its place, the script is the one that `python` is given there. Nothing is said where the command may write the
    file before.
    """
    script = subject.submission.script
    if subject.source_directory is None or script is None or script.value is None:
        return
    path = subject.absolute(subject.source_directory / script.value)
    shown = subject.file(path).shown
    if not is_file(path):
        if not subject.submission.makes_files and not subject.submission.makes_script:
            wrong = f"there is no file {shown}"
            yield Found(script.file, script.line, wrong, _mend("Write it, or mend its name.", path))
    elif (other := _twin(path)) is not None and other != path.name:
        wrong = f"{shown} is called {other}; a cluster tells the two apart"
        yield Found(script.file, script.line, wrong, f"Write it as {other}.")


def _mend(hint: str, path: Path) -> str:
    """The hint, and what is there of that name, or of one that differs by case alone."""
    other = _twin(path)
    if other is None:
        return hint
    if other == path.name:
        return f"What is there is {'a folder' if is_folder(path) else 'a file'}: rename it, or mend the name."
    return f"{hint.removesuffix('.')}: there is {other}, and case counts."


def _twin(path: Path) -> str | None:
    """The name in the folder that is the path's but for case, as it is written there."""
    try:
        there = {entry.name for entry in path.parent.iterdir()}
    except OSError:
        return None
    if path.name in there:
        return path.name
    return next((name for name in sorted(there) if name.lower() == path.name.lower()), None)


@theme.rule(
    "unread",
    "warning",
    "now",
    "the submission is not read",
    why="What is wrong with it shows only once it is submitted.",
)
def wiring_unread(subject: Subject) -> Iterator[Found]:
    """Of scripts that submit through SDK v2 (`azure.ai.ml`), a single call of `command(…)` is read: its `code` and the
    script that its `command` starts. Found where there are several, or where the script submits components,
    pipelines, sweeps or a YAML file.
    """
    if subject.submission.unread is not None:
        wrong = "it submits through SDK v2 in a way that is not read here"
        hint = "Try it on the local workspace: 'scaffold exec -- python' and the script's name."
        yield Found(subject.runner, subject.submission.unread, wrong, hint)


@theme.rule(
    "specification",
    "error",
    "now",
    "the file that describes the environment is not there",
    why="The SDK has nothing to make the environment of.",
)
def wiring_specification(subject: Subject) -> Iterator[Found]:
    """`Environment.from_pip_requirements` and `from_conda_specification` read a file, which must be there."""
    specified = subject.specified
    if specified and not is_file(specified.file.path) and not subject.submission.makes_files:
        wrong = f"there is no file {specified.file.shown}"
        hint = _mend("Write it, or mend its name.", specified.file.path)
        yield Found(specified.argument.file, specified.argument.line, wrong, hint)


@theme.rule(
    "submit",
    "warning",
    "now",
    "nothing is submitted",
    why="The submitting script would end without a run.",
)
def wiring_submit(subject: Subject) -> Iterator[Found]:
    """The submitting script calls `Experiment(…).submit(config)` when it is run as a script. Found when there is
    no such call and the ScriptRunConfig is given to nothing else, or when the function with the call is one
    that nothing calls, in a file that is a script (run_experiment.py, or one that asks for `__name__`).
    """
    submission = subject.submission
    if submission.idle_config is not None:
        hint = "Add run = Experiment(ws, name).submit(config)."
        wrong = "the ScriptRunConfig is made but never submitted"
        yield Found(subject.runner, submission.idle_config, wrong, hint)
    for name, line in submission.uncalled.items():
        hint = f"Call {name}() at the end, below if __name__ == '__main__':."
        yield Found(subject.runner, line, f"{name}() submits the experiment, but nothing calls it", hint)


@theme.rule(
    "environment",
    "warning",
    "run",
    "the environment is made and not used",
    why="The run gets the SDK's default environment, which has none of the packages.",
)
def wiring_environment(subject: Subject) -> Iterator[Found]:
    """An Environment has an effect when it is given to the ScriptRunConfig (`environment=env`), set on its
    run configuration (`config.run_config.environment = env`) or registered. Found too when the function that
    makes it is one that nothing calls.
    """
    for name, line in subject.submission.unused.items():
        hint = f"Pass environment={name} to the ScriptRunConfig."
        yield Found(subject.runner, line, f"the environment {name} is made, but nothing uses it", hint)


@theme.rule(
    "name",
    "warning",
    "now",
    "the submitting script uses a name that nothing binds",
    why="The submitting script ends with a NameError when it comes to the line.",
)
def wiring_name(subject: Subject) -> Iterator[Found]:
    """Such as the ScriptRunConfig that was taken out, and is still submitted. As `script-name`, for the
    submitting script.
    """
    yield from unbound(subject, subject.runner, subject.runner.syntax_tree())


@theme.rule(
    "target",
    "warning",
    "now",
    "the compute target is not passed on",
    why="The SDK then runs the script on the computer that submits it.",
)
def wiring_target(subject: Subject) -> Iterator[Found]:
    """Without `compute_target` a ScriptRunConfig means "local", the submitting computer's own Docker or Python.
    Found where constants.py has a TARGET_NAME that the submitting script does not use.
    """
    submission = subject.submission
    if submission.config_line is None or submission.compute_target is not None:
        return
    if "TARGET_NAME" in subject.constants.values and "TARGET_NAME" not in submission.uses:
        wrong = "the ScriptRunConfig has no compute target, and TARGET_NAME is not used"
        hint = "Pass compute_target=constants.TARGET_NAME to it."
        yield Found(subject.runner, submission.config_line, wrong, hint)


@theme.rule(
    "ignored",
    "warning",
    "now",
    "a parameter that the SDK ignores beside run_config",
    why="The SDK takes what the run configuration says in its place, and logs one line about it.",
)
def wiring_ignored(subject: Subject) -> Iterator[Found]:
    """A ScriptRunConfig that is given `run_config` takes no notice of `compute_target`, `environment`,
    `distributed_job_config`, `docker_runtime_config` and `max_run_duration_seconds`.
    """
    ignored = subject.submission.ignored
    if ignored:
        names = list(ignored)
        listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        verb = "is" if len(names) == 1 else "are"
        wrong = f"{listed} {verb} ignored, because run_config is given too"
        hint = "Set what is meant on the run configuration, or leave run_config out."
        yield Found(subject.runner, min(ignored.values()), wrong, hint)
