"""A template's scripts: found, rendered, and run in the project's folder, as cookiecutter does.

cookiecutter starts them as well, but keeps neither what a failed one said nor ends one when it is itself ended.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.errors import UsageError
from scaffold.generate.faults import of_expressions
from scaffold.tether import tethered

if TYPE_CHECKING:
    from jinja2 import Environment

_BEFORE_PROMPTS, _BEFORE, _AFTER = "pre_prompt", "pre_gen_project", "post_gen_project"


def names(repository: Path) -> tuple[str, ...]:
    """The file names of all of a template's scripts, sorted."""
    found = [script for hook in (_BEFORE_PROMPTS, _BEFORE, _AFTER) for script in _scripts(repository, hook)]
    return tuple(sorted(script.name for script in found))


def in_project(repository: Path) -> bool:
    """Whether a script of the template runs in the project's folder."""
    return any(_scripts(repository, hook) for hook in (_BEFORE, _AFTER))


def before_prompts(repository: Path, scratch: Path) -> Path:
    """Runs the script that may change a copy of the template before anything is read of it.

    Args:
        repository: the template's folder.
        scratch: where to copy it.

    Returns:
        the folder to go on with: the copy, or the template's own without such a script.
    """
    if not _scripts(repository, _BEFORE_PROMPTS):
        return repository
    copy = Path(tempfile.mkdtemp(dir=scratch), repository.name)
    shutil.copytree(repository, copy, symlinks=True)
    for script in _scripts(copy, _BEFORE_PROMPTS):
        _run(script, copy, script.name)
    return copy


@contextlib.contextmanager
def around(
    repository: Path, project: Path, environment: "Environment", context: Mapping[str, Any], scratch: Path
) -> Iterator[None]:
    """Runs the scripts that come before and after the block, which renders the project.

    Args:
        repository: the template's folder.
        project: the project's folder, where they run; it is there already.
        environment: what renders the scripts.
        context: the values of the variables, below ``cookiecutter``.
        scratch: where to write the rendered scripts.

    Raises:
        UsageError: one cannot be rendered or started, or fails.
    """

    def run(hook: str) -> None:
        for script in _scripts(repository, hook):
            with of_expressions(f"hooks/{script.name}", lines=True):
                text = environment.from_string(script.read_text(encoding="utf-8")).render(context).encode()
            # In a folder of its own, from which Python imports what stands beside a script.
            rendered = Path(tempfile.mkdtemp(dir=scratch), script.name)
            rendered.write_bytes(text)
            _run(rendered, project, script.name)

    run(_BEFORE)
    yield
    run(_AFTER)


def _scripts(repository: Path, hook: str) -> list[Path]:
    from cookiecutter.hooks import find_hook

    return [Path(script) for script in find_hook(hook, str(repository / "hooks")) or ()]


def _run(script: Path, folder: Path, name: str) -> None:
    script.chmod(script.stat().st_mode | 0o100)
    command = [sys.executable, str(script)] if script.suffix == ".py" else [str(script)]
    try:
        code, said = _ended(command, folder)
    except OSError as error:
        wrong = f"The template's hook {name} cannot be started: {error.strerror or error}."
        raise UsageError(wrong, "A script needs a first line such as #!/bin/sh; tell its author.") from error
    if code != 0:
        reason = f": {said}" if said else "."
        how = f"failed with exit code {code}" if code > 0 else f"was ended by {_signal(-code)}"
        raise UsageError(
            f"The template's hook {name} {how}{reason}",
            "The project was removed again. Mend what the hook says, or leave out --trust to do without hooks.",
        )


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _ended(command: list[str], folder: Path) -> tuple[int, str]:
    """The exit code of a script that has run, and the last line that it said.

    What it prints goes to stderr: stdout is for results. On a terminal it has that as its own, so that it
    may ask, and what it said last is above the error anyway.
    """
    with tethered() as tether:  # nothing may go on writing into a folder that is about to be removed
        options: dict[str, Any] = {
            "cwd": folder, "env": tether.mark(os.environ), "shell": os.name == "nt",
        }  # fmt: skip
        if sys.stderr is not None and sys.stderr.isatty():
            return subprocess.Popen(command, stdout=2, **options).wait(), ""
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
        tail = bytearray()

        def pass_on() -> None:
            while process.stdout and (data := os.read(process.stdout.fileno(), 8192)):
                with contextlib.suppress(OSError):
                    os.write(2, data)
                tail[:] = (tail + data)[-4096:]

        reader = threading.Thread(target=pass_on, daemon=True)
        reader.start()
        code = process.wait()
    reader.join(2)  # something that the script left running may hold the pipe open
    lines = [line.strip() for line in tail.decode("utf-8", "replace").splitlines() if line.strip()]
    return code, lines[-1][:300] if lines else ""
