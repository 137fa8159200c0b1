"""A template of somebody else: fetched, chosen, answered, and rendered.

It may run code: its hooks, its Jinja extensions, and its expressions, which can reach all of Python. Only
a template that is trusted does, and then it is treated as by the ``cookiecutter`` command.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from scaffold.errors import UsageError
from scaffold.generate import choosing, environments, hooks
from scaffold.generate.answers import check_no_path
from scaffold.generate.faults import of_expressions, of_template
from scaffold.generate.fetching import cookiecutter_within, fetch
from scaffold.generate.questions import Replies, Variables
from scaffold.generate.rendering import render
from scaffold.generate.result import Generated, put, real
from scaffold.generate.userconfig import read_user_config
from scaffold.generate.variables import check_known, named_by, read, take_defaults
from scaffold.project import placement

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class ForeignTemplate:
    """A cookiecutter template of somebody else.

    Attributes:
        location: a folder, a zip file, its URL, or the URL of a git repository.
        checkout: the branch, tag or commit of a git repository.
        trust: let the template run code: hooks, extensions, and expressions outside the sandbox.
        directory: the folder in it that holds the template.
    """

    location: str
    checkout: str | None = None
    trust: bool = False
    directory: str | None = None


def generate_from(
    template: ForeignTemplate,
    output_dir: Path,
    replies: Replies,
    *,
    force: bool = False,
    dry_run: bool = False,
) -> Generated:
    """Makes a project from another cookiecutter template.

    Without hooks, nothing but the project is written. Hooks are told the project's path and write it into what they
    make (virtual environments, git hooks, links): they run in its final place, and what they write
    elsewhere is theirs.

    Args:
        template: where it is, and whether it may run code.
        output_dir: the folder to make the project's folder in.
        replies: the answers there are, and who is asked for others. The project's name answers the variable that the
            template names its folder by, or the one which that follows from; where there is no such variable, it
            names the folder.
        force: add the files to a folder that holds others; what they replace is kept beside them.
        dry_run: only say what would be written; runs no hooks.

    Raises:
        UsageError: the template cannot be had or used, wants trust, or has no such variable, or the
            project cannot be written there; nothing was changed.
    """
    if replies.name is not None:
        check_no_path(replies.name)
    run_hooks = template.trust and not dry_run
    with placement.scratch() as scratch, cookiecutter_within(scratch), of_template(template.location):
        user = read_user_config()
        root = fetch(template.location, template.checkout, user.abbreviations, scratch)
        folder, replies = _chosen(template, root, replies, scratch if run_hooks else None)
        opened = _Opened(template, root, folder)
        notes = take_defaults(opened.raw, user.defaults)

        def place_of(name: str) -> Path:
            place = output_dir / _checked_folder(name)
            placement.check_target(place, force=force)
            return place

        target = place_of(opened.answer(replies, place_of))
        context = opened.context(real(target).parent)
        skipped = () if run_hooks else hooks.names(folder)
        files: tuple[str, ...]
        replaced: Mapping[str, str] = {}
        if run_hooks and hooks.in_project(folder):
            files = _in_place(opened, target, context, scratch)
        else:
            files, replaced = _aside(opened, target, context, dry_run)
    answers = {key: value for key, value in opened.values.items() if not key.startswith("_")}
    return Generated(real(target), files, replaced, answers, None, skipped, tuple(notes))


def _chosen(
    template: ForeignTemplate, root: Path, replies: Replies, scratch: Path | None
) -> tuple[Path, Replies]:
    """The folder of the template to use, and the replies without the one that names it.

    The hook that comes first runs where there is a scratch folder for it.
    """
    given = dict(replies.given)
    wanted = [given.pop(key) for key in choosing.KEYS if key in given]
    start = choosing.inside(root, template.directory, template.location) if template.directory else root
    folder = choosing.choose(
        start,
        template.location,
        wanted[0] if wanted else None,
        replies.ask,
        lambda folder: hooks.before_prompts(folder, scratch) if scratch else folder,
    )
    return folder, replace(replies, given=given)


class _Opened:
    """A template's folder with its variables, its environment and, once answered, their values."""

    def __init__(self, template: ForeignTemplate, root: Path, folder: Path) -> None:
        from cookiecutter.find import find_template

        self.template = template
        self.folder = folder
        self.raw = read(folder)
        self.environment: Environment = (
            environments.trusted(folder, self.raw)
            if template.trust
            else environments.sandboxed(root if folder.is_relative_to(root) else folder, self.raw)
        )
        self._prompts = self.raw.pop("__prompts__", {})
        self.source: Path = find_template(folder, self.environment)
        self.values: dict[str, Any] = {}

    def answer(self, replies: Replies, place_of: Callable[[str], object]) -> str:
        """Finds the value of every variable, and returns the name of the project's folder.

        Args:
            replies: what a person says of them.
            place_of: refuses a name that no folder can be made for.
        """
        check_known(self.raw, replies.given)
        variable = named_by(self.raw, self.source.name, replies.given)
        if replies.name is not None and variable is not None:
            replies = replace(replies, given={**replies.given, variable: replies.name})
        # Where what is typed is the folder's name, one that cannot be had is refused at once.
        alone = "".join(self.source.name.split())
        checks = {key: place_of for key in self.raw if alone == f"{{{{cookiecutter.{key}}}}}"}
        self.values = Variables(self.raw, self._prompts, self.environment, replies, checks).values()
        if replies.name is not None and variable is None:
            return replies.name
        with of_expressions(f"the name {self.source.name}"):
            return self.environment.from_string(self.source.name).render(cookiecutter=self.values)

    def context(self, output_dir: Path) -> dict[str, Any]:
        """What expressions see."""
        return {
            "_cookiecutter": {key: value for key, value in self.raw.items() if not key.startswith("_")},
            "cookiecutter": {
                **self.values,
                "_template": self.template.location,
                "_output_dir": str(output_dir),
                "_repo_dir": str(self.folder),
                "_checkout": self.template.checkout,
            },
        }

    def render(self, project: Path, context: Mapping[str, Any]) -> None:
        """Renders into a folder, from where the template's own code expects to be run."""
        from cookiecutter.utils import work_in

        with work_in(self.source) if self.template.trust else contextlib.nullcontext():
            render(self.source, project, self.environment, context)


def _checked_folder(name: str) -> str:
    path = PurePath(name)
    if path.name == name and name not in ("", ".", "..") and "\\" not in name and name.isprintable():
        return name
    raise UsageError(
        f"The project's folder cannot be named {name!r}.",
        "Give another NAME, or answer the template's variable that names the folder with --answer.",
    )


def _in_place(opened: _Opened, target: Path, context: Mapping[str, Any], scratch: Path) -> tuple[str, ...]:
    """Makes the project where it is to be, its hooks before and after; returns its files."""
    with placement.in_place(target) as project:
        with (
            placement.translated(target),
            hooks.around(opened.folder, project, opened.environment, context, scratch),
        ):
            opened.render(project, context)
        if not project.is_dir():
            wrong = f"The template's hooks have moved or removed the project's folder, {target}."
            raise UsageError(
                wrong, "See what they do, or leave out --trust to make the project without them."
            )
        return placement.files_of(project)


def _aside(
    opened: _Opened, target: Path, context: Mapping[str, Any], dry_run: bool
) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Makes the project in a hidden folder and moves it into its place as a whole."""
    with placement.aside(target, dry_run=dry_run) as folder, placement.translated(target):
        project = folder / target.name
        project.mkdir()
        opened.render(project, context)
        plan = put(project, target, dry_run)
    return plan.files, plan.replaced
