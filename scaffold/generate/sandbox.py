"""Renders a template that is not trusted, running no code of it.

There are no hooks and no Jinja extensions but cookiecutter's own, expressions run in Jinja's sandbox, and
no file leaves the project's folder. cookiecutter's renderer takes no environment from outside and, because
it renders a file's name in the moment of writing to it, nothing could look at the name in between (a
second rendering may give another: ``random`` is a filter). Hence a renderer of our own, for this case
only; a test keeps its bytes equal to what the ``cookiecutter`` command writes.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.errors import UsageError
from scaffold.generate.faults import of_expressions
from scaffold.generate.rendering import destination, entries

if TYPE_CHECKING:
    from jinja2 import Environment

# Settings of Jinja that only change how a template is written, and cannot name any code.
_HARMLESS_SETTINGS = {
    *("block_start_string", "block_end_string", "variable_start_string", "variable_end_string"),
    *("comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix"),
    *("trim_blocks", "lstrip_blocks", "newline_sequence", "keep_trailing_newline"),
}


class Sandbox:
    """A template that is not trusted.

    Raises:
        UsageError: it wants to be.
    """

    def __init__(self, repository: Path, raw: Mapping[str, Any]) -> None:
        from cookiecutter.find import find_template

        self._environment = _environment(repository, raw)
        self._source: Path = find_template(repository, self._environment)

    @property
    def project_folder(self) -> str:
        """The name of the folder that becomes the project, an expression."""
        return self._source.name

    def answered(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Every variable with its default rendered, in cookiecutter's order: dictionaries come last."""
        from cookiecutter.prompt import render_variable

        answers: dict[str, Any] = {}
        last = [key for key, value in raw.items() if isinstance(value, dict) and not key.startswith("_")]
        for key in [*(key for key in raw if key not in last), *last]:
            value = raw[key]
            if key.startswith("_") and not key.startswith("__"):
                answers[key] = value
                continue
            with of_expressions(f"cookiecutter.json: {key}"):
                rendered = render_variable(self._environment, value, answers)
                # Of a list of choices, the first one is the answer.
                choices = isinstance(value, list) and not key.startswith("__")
                answers[key] = rendered[0] if choices else rendered
        return answers

    def render(self, folder: Path, name: str, context: dict[str, Any]) -> Path:
        """Renders the project into a folder of that name; returns it."""
        from jinja2 import FileSystemLoader

        self._environment.loader = FileSystemLoader([self._source, self._source.parent / "templates"])
        project = folder / name
        project.mkdir()
        for path, copied in entries(self._source, context):
            source = self._source / path
            target = project / destination(path, self._environment, context)
            if source.is_dir() and copied:
                shutil.copytree(source, target)
            elif source.is_dir():
                target.mkdir(parents=True, exist_ok=True)
            elif not target.is_dir():  # a name that renders to nothing is how templates leave a file out
                data = source.read_bytes()
                if not copied and _is_text(source, data):
                    data = self._rendered(path.as_posix(), data, context)
                target.write_bytes(data)
                shutil.copymode(source, target)
        return project

    def _rendered(self, file: str, data: bytes, context: Mapping[str, Any]) -> bytes:
        first_line = data.partition(b"\n")[0]
        ends = "\r\n" if first_line.endswith(b"\r") else "\n"
        newline = context["cookiecutter"].get("_new_lines") or ends
        with of_expressions(file):
            text = self._environment.get_template(file).render(context)
            return text.replace("\n", newline).encode()


def _environment(repository: Path, raw: Mapping[str, Any]) -> "Environment":
    from cookiecutter.environment import StrictEnvironment
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    settings = {"keep_trailing_newline": True, **raw.get("_jinja2_env_vars", {})}
    wanted = [str(extension) for extension in raw.get("_extensions", ())]
    wanted += sorted(set(settings) - _HARMLESS_SETTINGS)
    if wanted:
        wrong = f"The template loads code of its own into Jinja: {', '.join(wanted)}."
        raise UsageError(wrong, "Add --trust if you trust the template's author.")
    for path in repository.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(repository.resolve()):
            wrong = f"The template has a link that leads out of it: {path.relative_to(repository)}."
            raise UsageError(wrong, "Add --trust if you trust the template's author.")
    extensions = list(StrictEnvironment(context={}).extensions)  # cookiecutter's own
    with of_expressions("cookiecutter.json"):
        return ImmutableSandboxedEnvironment(extensions=extensions, undefined=StrictUndefined, **settings)


def _is_text(file: Path, data: bytes) -> bool:
    """Whether a file is one to render; cookiecutter takes some for such that it then cannot read."""
    from cookiecutter.generate import is_binary

    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not is_binary(str(file))
