"""Answers → a project's folder. The only module that imports cookiecutter.

Our own template is rendered with the jinja2 that cookiecutter uses, and without cookiecutter, whose
start-up would double the time that ``scaffold new`` takes; a test keeps its bytes equal to what the
``cookiecutter`` command writes. A template of somebody else (``--template``) may run code: its hooks,
its Jinja extensions, and its expressions, which can reach all of Python. Unless it is trusted there are
no hooks and no extensions, expressions run in Jinja's sandbox, and no file leaves the project's folder.

Knows neither the terminal nor azureml.
"""

import contextlib
import fnmatch
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from scaffold import __version__
from scaffold.errors import ScaffoldError, UsageError
from scaffold.project import names, placement

if TYPE_CHECKING:
    from jinja2 import Environment

# How a person gives each answer, for error messages.
FLAGS = {
    "project_slug": "NAME",
    "experiment_name": "--experiment",
    "script_name": "--script",
    "compute_target": "--compute-target",
    "environment_kind": "--environment",
    "environment_name": "--environment-name",
    "python_version": "--python-version",
    "subscription_id": "--subscription-id",
    "resource_group": "--resource-group",
    "workspace_name": "--workspace-name",
    "tenant_id": "--tenant-id",
}


@dataclass(frozen=True)
class Answers:
    """What a project is made from; the defaults are those of the template's cookiecutter.json.

    Raises:
        UsageError: an answer cannot be used; the message names its flag and says why.
    """

    project_slug: str = "my-exp"
    experiment_name: str = "Experiment_1"
    script_name: str = ""
    compute_target: str = "cpu-cluster"
    environment_kind: str = "pip"
    environment_name: str = ""
    python_version: str = "3.11"
    subscription_id: str = "00000000-0000-0000-0000-000000000000"
    resource_group: str = "local"
    workspace_name: str = "local"
    tenant_id: str = ""

    def __post_init__(self) -> None:
        check_answer("project_slug", self.project_slug)
        check_answer("experiment_name", self.experiment_name)
        if not self.script_name:
            object.__setattr__(self, "script_name", f"{self.experiment_name[:100].lower()}.py")
        if not self.environment_name:
            prefix = "env-" if self.project_slug.lower().startswith(("azureml", "microsoft")) else ""
            object.__setattr__(self, "environment_name", f"{prefix}{self.project_slug}-env")
        for variable, value in asdict(self).items():
            check_answer(variable, value)


def check_answer(variable: str, value: str) -> None:
    """Checks one answer.

    Args:
        variable: its name, one of ``FLAGS``.
        value: the answer.

    Raises:
        UsageError: it cannot be used; the message names the flag and says why.
    """
    reason = names.CHECKS[variable](value)
    if reason is None:
        return
    flag = FLAGS[variable]
    if variable == "project_slug" and (Path(value).name != value or "\\" in value):
        raise UsageError(
            f"{flag} {value!r} cannot be used: it is a path.",
            "Give the name alone, and the folder to make the project in with --output-dir.",
        )
    raise UsageError(f"{flag} {value!r} cannot be used: {reason}.", f"Give another {flag}.")


@dataclass(frozen=True)
class Generated:
    """A project that was written, or with ``dry_run`` would be.

    Attributes:
        path: its folder, absolute.
        files: every file of it, relative with forward slashes, sorted.
        replaced: files that were there with other contents → where the old ones are kept.
        answers: the template's variables and their values.
        template_version: the version of our template; None for another one.
        skipped_hooks: scripts of a template that is not trusted (or of a dry run), which did not run.
    """

    path: Path
    files: tuple[str, ...]
    replaced: Mapping[str, str]
    answers: Mapping[str, Any]
    template_version: str | None
    skipped_hooks: tuple[str, ...] = ()


def template_folder() -> Path:
    """Our template: inside an installed package, or beside it in a checkout.

    Raises:
        ScaffoldError: the installation lacks it.
    """
    package = Path(__file__).resolve().parent
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
    from jinja2 import Environment, StrictUndefined

    template = template_folder()
    target = output_dir / answers.project_slug
    placement.check_target(target, force=force)
    private = {"_template_version": __version__, "_new_lines": "\n"}
    context = {"cookiecutter": {**asdict(answers), **private}}
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 (no HTML)
    with _aside(target, dry_run) as folder:
        project = folder / answers.project_slug
        project.mkdir()
        _Rendering(_project_folder(template), project, environment, context).run()
        plan = placement.plan(project, target)
        if not dry_run:
            placement.place(plan)
    return Generated(_real(target), plan.files, plan.replaced, asdict(answers), __version__)


def _real(target: Path) -> Path:
    # As the working directory is named, so that the one can be told relative to the other.
    return target.parent.resolve() / target.name


def _aside(target: Path, dry_run: bool) -> contextlib.AbstractContextManager[Path]:
    # A dry run leaves no trace where the person looks, not even for a moment.
    return _scratch() if dry_run else placement.aside(target)


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """A folder among the system's temporary ones; gone when the block is left."""
    with tempfile.TemporaryDirectory(prefix="scaffold-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _project_folder(template: Path) -> Path:
    """The folder of a template whose name is an expression: what a project is made from."""
    for folder in sorted(template.iterdir()):
        if "cookiecutter" in folder.name and "{{" in folder.name and "}}" in folder.name and folder.is_dir():
            return folder
    raise UsageError(
        f"{template} has no folder named by a variable, such as {{{{cookiecutter.project_slug}}}}.",
        "Name another template with --template.",
    )


class _Rendering:
    """Renders one template folder into a project folder, as cookiecutter does.

    Unlike it, refuses a rendered name that leads out of the project, and passes over the byte code that
    installing a package leaves beside a template's Python files.
    """

    def __init__(
        self, source: Path, project: Path, environment: "Environment", context: Mapping[str, Any]
    ) -> None:
        from jinja2 import FileSystemLoader

        self._source = source
        self._project = project
        self._environment = environment
        self._context = context
        variables = context["cookiecutter"]
        self._copied = [str(pattern) for pattern in variables.get("_copy_without_render", ())]
        self._newline = variables.get("_new_lines")
        environment.loader = FileSystemLoader([source, source.parent / "templates"])

    def run(self) -> None:
        for folder, subfolders, files in os.walk(self._source):
            relative = Path(folder).relative_to(self._source)
            for name in list(subfolders):
                if name == "__pycache__":
                    subfolders.remove(name)
                elif self._is_copied(relative / name):
                    subfolders.remove(name)
                    shutil.copytree(Path(folder, name), self._rendered(relative / name))
                else:
                    self._rendered(relative / name).mkdir(parents=True, exist_ok=True)
            for name in files:
                self._file(relative / name)

    def _is_copied(self, relative: Path) -> bool:
        return any(fnmatch.fnmatch(str(relative), pattern) for pattern in self._copied)

    def _rendered(self, relative: Path) -> Path:
        """Where a path of the template goes."""
        shown = relative.as_posix()
        with _expressions_of(f"the name {shown}"):
            name = self._environment.from_string(shown).render(self._context)
        path = PurePath(name)
        if path.anchor or ".." in path.parts or "\0" in name:
            raise UsageError(
                f"The template names a file outside the project: {name!r}.",
                "Nothing was written; tell the template's author.",
            )
        return self._project / path

    def _file(self, relative: Path) -> None:
        target = self._rendered(relative)
        if target.is_dir():
            return  # the name rendered to nothing, which is how templates leave a file out
        source = self._source / relative
        data = source.read_bytes()
        if not self._is_copied(relative) and not _is_binary(data):
            data = self._render(relative, self._newline or _first_newline(data))
        target.write_bytes(data)
        shutil.copymode(source, target)

    def _render(self, relative: Path, newline: str) -> bytes:
        name = relative.as_posix()
        with _expressions_of(name):
            text = self._environment.get_template(name).render(self._context)
            return text.replace("\n", newline).encode()


@contextlib.contextmanager
def _expressions_of(what: str) -> Iterator[None]:
    """Reports an expression that fails as a fault of the template, whatever it raises."""
    try:
        yield
    except Exception as error:
        from jinja2.exceptions import SecurityError

        line = getattr(error, "lineno", None) or _line_in_file(error)
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        hint = "Tell the template's author; nothing was written."
        if isinstance(error, SecurityError):
            hint = "The expression reaches into Python: add --trust if you trust the template's author."
        place = f"{what}:{line}" if line else what
        raise UsageError(f"The template cannot be rendered: {place}: {reason}.", hint) from error


def _line_in_file(error: Exception) -> int | None:
    """The line of the template's file that failed, which Jinja puts into the traceback; or None."""
    line = None
    for frame, number in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        if code.co_name == "top-level template code" and code.co_filename != "<template>":
            line = number
    return line


def _is_binary(data: bytes) -> bool:
    if b"\0" in data:
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _first_newline(data: bytes) -> str:
    """The line end of the first line, which the rendered file gets throughout."""
    line = data.partition(b"\n")[0]
    return "\r\n" if line.endswith(b"\r") else "\n"


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
    with _scratch() as scratch, _cookiecutter_within(scratch), _foreign_errors(template.location):
        repository = _fetch(template, scratch / "templates")
        hooks = _Hooks(repository, run=template.trust and not dry_run)
        repository = hooks.before_prompts()
        source = _project_folder(repository)
        raw = _read_variables(repository, source, target.name, variables)
        environment = _trusted(raw, repository) if template.trust else _sandboxed(raw, repository)
        context = {
            "_cookiecutter": {key: value for key, value in raw.items() if not key.startswith("_")},
            "cookiecutter": {
                **_answered(raw, environment),
                "_template": template.location,
                "_output_dir": str(_real(target).parent),
                "_repo_dir": str(repository),
                "_checkout": template.checkout,
            },
        }
        with _aside(target, dry_run) as folder:
            project = folder / target.name
            project.mkdir()
            hooks.run("pre_gen_project", project, context)
            _Rendering(source, project, environment, context).run()
            hooks.run("post_gen_project", project, context)
            plan = placement.plan(project, target)
            if not dry_run:
                placement.place(plan)
    answers = {key: value for key, value in context["cookiecutter"].items() if not key.startswith("_")}
    return Generated(_real(target), plan.files, plan.replaced, answers, None, hooks.skipped)


@contextlib.contextmanager
def _cookiecutter_within(scratch: Path) -> Iterator[None]:
    """Keeps cookiecutter's temporary files in our folder and its log to itself."""
    logger = logging.getLogger("cookiecutter")
    kept = tempfile.tempdir, logger.level, sys.path[:], os.environ.get("GIT_TERMINAL_PROMPT")
    tempfile.tempdir = str(scratch)
    logger.setLevel(logging.CRITICAL + 1)  # it logs, with a traceback, what it also raises
    if sys.stdin is None or not sys.stdin.isatty():
        os.environ.setdefault("GIT_TERMINAL_PROMPT", "0")
    try:
        yield
    finally:
        tempfile.tempdir = kept[0]
        logger.setLevel(kept[1])
        sys.path[:] = kept[2]
        if kept[3] is None:
            os.environ.pop("GIT_TERMINAL_PROMPT", None)


@contextlib.contextmanager
def _foreign_errors(template: str) -> Iterator[None]:
    """What cookiecutter, git and the network raise, as our errors."""
    from cookiecutter.exceptions import (
        CookiecutterException,
        FailedHookException,
        RepositoryNotFound,
        UnknownRepoType,
        VCSNotInstalled,
    )

    hint = "Give the folder, zip file or git URL of a cookiecutter template."
    try:
        yield
    except RepositoryNotFound as error:
        raise UsageError(f"There is no cookiecutter template at {template}.", hint) from error
    except UnknownRepoType as error:
        wrong = f"{template} may be a git repository or not: the URL does not tell."
        raise UsageError(wrong, f"Write git+{template} when it is one.") from error
    except VCSNotInstalled as error:
        raise UsageError(
            f"{template} cannot be cloned: {error}", "Install it, or give a zip file."
        ) from error
    except FailedHookException as error:
        wrong = f"A hook of the template {template} failed: {error}."
        raise UsageError(wrong, "Nothing was written; see above what the hook says.") from error
    except CookiecutterException as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
        raise UsageError(f"{template} cannot be used as a template: {reason}.", hint) from error
    except subprocess.CalledProcessError as error:
        said = (error.output or b"").decode("utf-8", "replace").split("\n")
        reason = next((line for line in said if line.startswith(("fatal:", "abort:", "error:"))), str(error))
        raise UsageError(f"{template} cannot be cloned: {reason}", "See that git can clone it.") from error
    except OSError as error:
        raise UsageError(f"{template} cannot be fetched or written: {error}.", hint) from error


def _fetch(template: ForeignTemplate, clones: Path) -> Path:
    """The folder of a template, downloaded or unpacked below ``clones`` where it must be."""
    from cookiecutter.config import BUILTIN_ABBREVIATIONS
    from cookiecutter.repository import determine_repo_dir, expand_abbreviations, is_repo_url, is_zip_file

    checkout = template.checkout
    url = expand_abbreviations(template.location, BUILTIN_ABBREVIATIONS)
    if checkout is not None:
        if not is_repo_url(url) or is_zip_file(url):
            raise UsageError("--checkout is for git repositories only.", "Leave it out, or give a git URL.")
        if checkout.startswith("-"):
            raise UsageError(f"--checkout '{checkout}' cannot be used.", "Give a branch, a tag or a commit.")
    folder, _ = determine_repo_dir(
        template=url, abbreviations={}, clone_to_dir=clones, checkout=checkout, no_input=True
    )
    return Path(folder).absolute()


class _Hooks:
    """The scripts of a template, which run only when it is trusted."""

    NAMES = ("pre_prompt", "pre_gen_project", "post_gen_project")

    def __init__(self, repository: Path, *, run: bool) -> None:
        self._repository = repository
        self._run = run
        files = sorted(repository.glob("hooks/*"))
        found = [path.name for path in files if path.stem in self.NAMES and not path.name.endswith("~")]
        self.skipped = () if run else tuple(found)

    def before_prompts(self) -> Path:
        """Runs the first hook, which may change a copy of the template; returns the folder to go on with."""
        if self._run:
            from cookiecutter.hooks import run_pre_prompt_hook

            with _stdout_on_stderr():
                self._repository = Path(run_pre_prompt_hook(self._repository)).absolute()
        return self._repository

    def run(self, name: str, project: Path, context: dict[str, Any]) -> None:
        if self._run:
            from cookiecutter.hooks import run_hook_from_repo_dir

            with _stdout_on_stderr():
                run_hook_from_repo_dir(str(self._repository), name, str(project), context, False)


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


_SETTINGS = {"_extensions": list, "_jinja2_env_vars": dict, "_copy_without_render": list, "_new_lines": str}


def _read_variables(repository: Path, source: Path, name: str, answers: Mapping[str, str]) -> dict[str, Any]:
    """A template's cookiecutter.json with our answers put in, nothing rendered yet."""
    from cookiecutter.generate import apply_overwrites_to_context

    hint = "Tell the template's author."
    try:
        raw = json.loads((repository / "cookiecutter.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"The template's cookiecutter.json is not JSON: {error}.", hint) from error
    if not isinstance(raw, dict):
        raise UsageError("The template's cookiecutter.json is not a JSON object.", hint)
    if "template" in raw or "templates" in raw:
        wrong = "The template only offers a choice of others, in folders of its own."
        raise UsageError(wrong, "Clone it, and give --template the folder of the one you want.")
    for setting, kind in _SETTINGS.items():
        if setting in raw and not isinstance(raw[setting], kind):
            raise UsageError(f"The template's cookiecutter.json has a malformed {setting}.", hint)
    raw.pop("__prompts__", None)
    known = [variable for variable in raw if not variable.startswith("_")]
    for variable in answers:
        if variable not in known:
            wrong = f"The template has no variable '{variable}'; it has: {', '.join(known)}."
            raise UsageError(wrong, "Answer one of those with --answer VARIABLE=VALUE.")
    given: dict[str, Any] = {}
    # {{cookiecutter.repo_name}} names the folder, so NAME is the answer to repo_name.
    named_by = re.fullmatch(r"\{\{\s*cookiecutter\.(\w+)\s*\}\}", source.name)
    if named_by and named_by[1] in known and isinstance(raw[named_by[1]], str):
        given[named_by[1]] = name
    try:
        for variable, value in answers.items():
            given[variable] = json.loads(value) if isinstance(raw[variable], dict) else value
        apply_overwrites_to_context(raw, given)
    except ValueError as error:
        raise UsageError(
            f"An answer does not fit the template: {str(error).rstrip('.')}.", "Mend the --answer."
        ) from error
    return raw


# Settings of Jinja that only change how a template is written, and cannot name any code.
_HARMLESS_SETTINGS = {
    *("block_start_string", "block_end_string", "variable_start_string", "variable_end_string"),
    *("comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix"),
    *("trim_blocks", "lstrip_blocks", "newline_sequence", "keep_trailing_newline"),
}


def _trusted(raw: dict[str, Any], repository: Path) -> "Environment":
    """The environment that cookiecutter itself renders in, with the template's extensions."""
    from cookiecutter.environment import StrictEnvironment

    sys.path.append(str(repository))  # for extensions that come with the template
    settings = {"keep_trailing_newline": True, **raw.get("_jinja2_env_vars", {})}
    with _expressions_of("cookiecutter.json"):
        environment: Environment = StrictEnvironment(context={"cookiecutter": raw}, **settings)
    return environment


def _sandboxed(raw: dict[str, Any], repository: Path) -> "Environment":
    """An environment in which a template can run no code but its expressions, and those in the sandbox.

    Raises:
        UsageError: the template wants more.
    """
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
    with _expressions_of("cookiecutter.json"):
        return ImmutableSandboxedEnvironment(extensions=extensions, undefined=StrictUndefined, **settings)


def _answered(raw: Mapping[str, Any], environment: "Environment") -> dict[str, Any]:
    """Every variable with its default rendered, in cookiecutter's order: dictionaries come last."""
    from cookiecutter.prompt import render_variable

    answers: dict[str, Any] = {}
    last = [key for key, value in raw.items() if isinstance(value, dict) and not key.startswith("_")]
    for key in [*(key for key in raw if key not in last), *last]:
        value = raw[key]
        if key.startswith("_") and not key.startswith("__"):
            answers[key] = value
            continue
        with _expressions_of(f"cookiecutter.json: {key}"):
            rendered = render_variable(environment, value, answers)
            # Of a list of choices, the first one is the answer.
            answers[key] = rendered[0] if isinstance(value, list) and not key.startswith("__") else rendered
    return answers
