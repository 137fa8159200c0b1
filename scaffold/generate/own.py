"""Our own template: where it is, what it asks, and the project that cookiecutter makes from it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scaffold import __version__
from scaffold.errors import ScaffoldError
from scaffold.generate.answers import Answers
from scaffold.generate.rendering import render
from scaffold.generate.result import Generated, put, real
from scaffold.project import placement


def template_folder() -> Path:
    """Our template: inside an installed package, or beside it in a checkout.

    Raises:
        ScaffoldError: the installation lacks it.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_template", package.parent / "template"):
        if (folder / "cookiecutter.json").is_file():
            return folder
    raise ScaffoldError("The project template is missing from this installation.", "Install scaffold again.")


def prompts() -> dict[str, str]:
    """What to ask for each answer, from the template's own ``__prompts__``."""
    document = json.loads((template_folder() / "cookiecutter.json").read_text(encoding="utf-8"))
    asked = document["__prompts__"]
    return {
        variable: text if isinstance(text, str) else str(text["__prompt__"])
        for variable, text in asked.items()
    }


def generate(answers: Answers, output_dir: Path, *, force: bool = False, dry_run: bool = False) -> Generated:
    """Makes a project from our template.

    Args:
        answers: what to fill in.
        output_dir: the folder to make the project's folder in; made when it is not there.
        force: add the files to a folder that holds others; what they replace is kept beside them.
        dry_run: only say what would be written.

    Raises:
        UsageError: the project cannot be written there; nothing was changed.
    """
    target = output_dir / answers.project_slug
    placement.check_target(target, force=force)
    private = {"_template_version": __version__, "_new_lines": "\n"}
    context = {"cookiecutter": {**asdict(answers), **private}}
    with placement.aside(target, dry_run=dry_run) as folder, placement.translated(target):
        project = folder / target.name
        project.mkdir()
        # Without the hook: it checks what Answers has checked.
        _render(project, context)
        _seal(project)
        plan = put(project, target, dry_run)
    return Generated(real(target), plan.files, plan.replaced, asdict(answers), __version__)


def _render(project: Path, context: dict[str, Any]) -> None:
    from cookiecutter.environment import StrictEnvironment
    from cookiecutter.find import find_template

    environment = StrictEnvironment(keep_trailing_newline=True)
    render(find_template(template_folder(), environment), project, environment, context)


def _seal(project: Path) -> None:
    """Does what the template's other hook does."""
    from scaffold.project import job_file

    job = project / job_file.NAME
    if job.exists():
        job.write_bytes(job_file.sealed(job.read_bytes()))
