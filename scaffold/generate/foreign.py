"""A template of somebody else: fetched, answered, and rendered by cookiecutter or in the sandbox.

It may run code: its hooks, its Jinja extensions, and its expressions, which can reach all of Python. Only
a template that is trusted does, and then it is rendered as the ``cookiecutter`` command would.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.generate.answers import check_answer
from scaffold.generate.faults import of_cookiecutter, of_foreign
from scaffold.generate.fetching import cookiecutter_within, fetch
from scaffold.generate.rendering import render
from scaffold.generate.result import Generated, put, real
from scaffold.generate.sandbox import Sandbox
from scaffold.generate.variables import answer, read
from scaffold.project import placement


@dataclass(frozen=True)
class ForeignTemplate:
    """A cookiecutter template of somebody else.

    Attributes:
        location: a folder, a zip file, its URL, or the URL of a git repository.
        checkout: the branch, tag or commit of a git repository.
        trust: let the template run code: hooks, extensions, and expressions outside the sandbox.
    """

    location: str
    checkout: str | None = None
    trust: bool = False


def generate_from(
    template: ForeignTemplate,
    target: Path,
    variables: Mapping[str, str],
    *,
    force: bool = False,
    dry_run: bool = False,
) -> Generated:
    """Makes a project from another cookiecutter template; nothing outside the project is written.

    Args:
        template: where it is, and whether it may run code.
        target: the project's folder; its name answers the variable that the template names folders by.
        variables: answers by the template's own names; the others take the template's defaults.
        force: add the files to a folder that holds others; what they replace is kept beside them.
        dry_run: only say what would be written; runs no hooks.

    Raises:
        UsageError: the template cannot be had or used, wants trust, or has no such variable, or the
            project cannot be written there; nothing was changed.
    """
    check_answer("project_slug", target.name)
    placement.check_target(target, force=force)
    hooks = template.trust and not dry_run
    with placement.scratch() as scratch, cookiecutter_within(scratch), of_foreign(template.location):
        repository = fetch(template.location, template.checkout, scratch / "templates")
        skipped = () if hooks else _hooks(repository)
        if hooks:
            repository = _before_prompts(repository)
        raw = read(repository)
        renderer = _Trusted(repository, raw, hooks) if template.trust else Sandbox(repository, raw)
        answer(raw, variables, renderer.project_folder, target.name)
        context = {
            "_cookiecutter": {key: value for key, value in raw.items() if not key.startswith("_")},
            "cookiecutter": {
                **renderer.answered(raw),
                "_template": template.location,
                "_output_dir": str(real(target).parent),
                "_repo_dir": str(repository),
                "_checkout": template.checkout,
            },
        }
        with placement.aside(target, dry_run=dry_run) as folder:
            plan = put(renderer.render(folder, target.name, context), target, dry_run)
    answers = {key: value for key, value in context["cookiecutter"].items() if not key.startswith("_")}
    return Generated(real(target), plan.files, plan.replaced, answers, None, skipped)


def _hooks(repository: Path) -> tuple[str, ...]:
    """The names of a template's scripts."""
    from cookiecutter.hooks import find_hook

    found = [
        Path(script).name
        for name in ("pre_prompt", "pre_gen_project", "post_gen_project")
        for script in find_hook(name, str(repository / "hooks")) or ()
    ]
    return tuple(sorted(found))


def _before_prompts(repository: Path) -> Path:
    """Runs the first hook, which may change a copy of the template; returns the folder to go on with."""
    from cookiecutter.hooks import run_pre_prompt_hook

    with _stdout_on_stderr():
        return Path(run_pre_prompt_hook(repository)).absolute()


class _Trusted:
    """A template that is trusted: cookiecutter does everything, with the same methods as the sandbox."""

    def __init__(self, repository: Path, raw: dict[str, Any], hooks: bool) -> None:
        from cookiecutter.find import find_template
        from cookiecutter.utils import create_env_with_context

        self._repository = repository
        self._hooks = hooks
        sys.path.append(str(repository))  # for extensions that come with the template
        with of_cookiecutter():
            self.project_folder = find_template(
                repository, create_env_with_context({"cookiecutter": raw})
            ).name

    def answered(self, raw: dict[str, Any]) -> dict[str, Any]:
        from cookiecutter.prompt import prompt_for_config

        with of_cookiecutter():
            return dict(prompt_for_config({"cookiecutter": raw}, no_input=True))

    def render(self, folder: Path, _name: str, context: dict[str, Any]) -> Path:
        with _stdout_on_stderr():
            return render(self._repository, folder, context, hooks=self._hooks)


@contextlib.contextmanager
def _stdout_on_stderr() -> Iterator[None]:
    """Sends what child processes print to stderr: stdout is for results."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
