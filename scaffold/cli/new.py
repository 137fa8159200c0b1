"""``scaffold new``: asks what no flag answers, has the project made, says what to type next.

Knows neither how a project is made nor what an answer may be: ``scaffold.generate`` does.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from scaffold import words
from scaffold.cli import console, interrupts, prompt
from scaffold.cli.flags import AsJson
from scaffold.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from scaffold.generate import Answers, Generated

_WORKSPACE = ("subscription_id", "resource_group", "workspace_name", "tenant_id")
_ASKED = (
    *("project_slug", "experiment_name", "script_name", "compute_target"),
    *("environment_kind", "environment_name", "python_version", "sdk"),
)


@interrupts.on_any_end()
@console.stopping("Stopped: the project is there as a whole, or not at all.", "Run it again; it says which.")
def new(
    name: Annotated[str | None, typer.Argument(help="The project's name, and its folder's.")] = None,
    *,
    experiment: Annotated[str | None, typer.Option(help="Experiment name, and its folder's.")] = None,
    script: Annotated[str | None, typer.Option(help="File name of the script that it runs.")] = None,
    compute_target: Annotated[str | None, typer.Option(help="Compute target to run on.")] = None,
    environment: Annotated[
        Literal["pip", "conda"] | None, typer.Option(help="What describes the environment.")
    ] = None,
    environment_name: Annotated[str | None, typer.Option(help="Name of the environment.")] = None,
    python_version: Annotated[str | None, typer.Option(help="Python of the environment, as 3.11.")] = None,
    sdk: Annotated[
        Literal["v1", "v2", "both"] | None,
        typer.Option(
            help="The SDK that submits it: azureml-core (v1), azure-ai-ml (v2, for which it logs with MLflow), or both."
        ),
    ] = None,
    workspace_config: Annotated[
        Path | None, typer.Option(help="A config.json downloaded from the Azure ML studio.")
    ] = None,
    subscription_id: Annotated[str | None, typer.Option(help="Azure subscription of the workspace.")] = None,
    resource_group: Annotated[str | None, typer.Option(help="Resource group of the workspace.")] = None,
    workspace_name: Annotated[str | None, typer.Option(help="Name of the workspace.")] = None,
    tenant_id: Annotated[str | None, typer.Option(help="Tenant, when not your default one.")] = None,
    output_dir: Annotated[Path, typer.Option(help="Folder to make the project's folder in.")] = Path(),
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing; take the defaults.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the tree; write nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Add to a folder that holds files; what differs is kept as .bak.")
    ] = False,
    template: Annotated[
        str | None, typer.Option(help="Another cookiecutter template: a folder, zip or git URL.")
    ] = None,
    checkout: Annotated[str | None, typer.Option(help="Branch, tag or commit of --template.")] = None,
    directory: Annotated[
        str | None, typer.Option(help="Folder of --template that holds the one to use.")
    ] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(help="VARIABLE=VALUE for any variable of the template; repeatable."),
    ] = None,
    trust: Annotated[bool, typer.Option("--trust", help="Let --template run its hooks and code.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a new project: an experiment that runs on this machine, and on Azure ML when connected."""
    from scaffold.generate import ForeignTemplate, Replies, generate, generate_from

    flags = {
        "project_slug": name if template is None else None,
        "experiment_name": experiment,
        "script_name": script,
        "compute_target": compute_target,
        "environment_kind": environment,
        "environment_name": environment_name,
        "python_version": python_version,
        "sdk": sdk,
        "subscription_id": subscription_id,
        "resource_group": resource_group,
        "workspace_name": workspace_name,
        "tenant_id": tenant_id,
    }
    given = {variable: value for variable, value in flags.items() if value is not None}
    if workspace_config is not None:
        _refuse_both(given)
        given |= _read_workspace(workspace_config)
    _add_answers(given, answer or [])
    asking = console.interactive() and not no_input
    if name is None and "project_slug" not in given and not asking:
        raise UsageError("NAME is missing.", "Name the project, for example: scaffold new my-exp")
    if template is None:
        foreign = {"--trust": trust, "--checkout": checkout is not None, "--directory": directory is not None}
        for flag in (flag for flag, is_given in foreign.items() if is_given):
            raise UsageError(f"{flag} is for another template.", "Leave it out, or add --template.")
        answers = _own_answers(given, output_dir, force=force, asking=asking)
        made = generate(answers, output_dir, force=force, dry_run=dry_run)
    else:
        replies = Replies(given, prompt.question if asking else None, name)
        chosen = ForeignTemplate(template, checkout, trust, directory)
        made = generate_from(chosen, output_dir, replies, force=force, dry_run=dry_run)
    _show(made, dry_run=dry_run, as_json=as_json)


def _flag(variable: str) -> str:
    return "--" + variable.replace("_", "-")


def _refuse_both(given: dict[str, str]) -> None:
    flags = [_flag(variable) for variable in _WORKSPACE if variable in given]
    if flags:
        wrong = f"--workspace-config and {flags[0]} both name the workspace."
        raise UsageError(wrong, "Leave one of them out.")


def _check_workspace(given: dict[str, str]) -> None:
    """Half a workspace is none: it must not be filled up with the local one's names."""
    missing = [_flag(variable) for variable in _WORKSPACE[:3] if variable not in given]
    if missing and any(variable in given for variable in _WORKSPACE):
        raise UsageError(
            f"{missing[0]} is missing.",
            "A workspace is named by --subscription-id, --resource-group and --workspace-name together.",
        )


def _read_workspace(path: Path) -> dict[str, str]:
    """The answers that a downloaded config.json gives."""
    from scaffold.project.config import read_workspace_config

    try:
        config = read_workspace_config(path)
    except ProjectError as error:
        raise UsageError(f"--workspace-config: {error.message}", error.hint) from error
    found = {
        "subscription_id": config.subscription_id,
        "resource_group": config.resource_group,
        "workspace_name": config.workspace_name,
    }
    return found | ({"tenant_id": config.tenant_id} if config.tenant_id else {})


def _add_answers(given: dict[str, str], texts: list[str]) -> None:
    """Puts each VARIABLE=VALUE beside the answers of flags."""
    for text in texts:
        variable, equals, value = text.partition("=")
        if not equals or not variable:
            raise UsageError(f"--answer {text!r} is not VARIABLE=VALUE.", "For example: --answer license=MIT")
        if variable in given:
            raise UsageError(f"{variable} is answered twice.", "Leave one of the answers out.")
        given[variable] = value


def _own_answers(given: dict[str, str], output_dir: Path, *, force: bool, asking: bool) -> "Answers":
    from scaffold.generate import FLAGS, Answers, check_answer

    for variable, value in given.items():
        if variable not in FLAGS:
            wrong = f"The template has no variable '{variable}'; it has: {', '.join(FLAGS)}."
            raise UsageError(wrong, "Answer one of those with --answer VARIABLE=VALUE.")
        check_answer(variable, value)
    _check_workspace(given)
    return Answers(**_asked(given, output_dir, force) if asking else given)


def _asked(given: dict[str, str], output_dir: Path, force: bool) -> dict[str, str]:
    """The answers, those that no flag gave asked for one by one."""
    from scaffold.generate import check_answer, prompts

    texts = prompts()
    answers = dict(given)
    if "project_slug" not in answers:
        answers["project_slug"] = _ask_name(output_dir, force)
    for variable in _ASKED:
        if variable in answers:
            continue

        def checked(value: str, variable: str = variable) -> str:
            check_answer(variable, value)
            return value

        answers[variable] = prompt.ask(texts[variable], _default(variable, answers), checked)
    if not any(variable in answers for variable in _WORKSPACE):
        answers |= prompt.ask("Workspace: local, or the path of its config.json", "local", _workspace)
    return answers


def _default(variable: str, answers: dict[str, str]) -> str:
    """The default of an answer, given those before it; empty when they make a default unusable."""
    from scaffold.generate import Answers

    try:
        return str(getattr(Answers(**answers), variable))
    except UsageError:
        return ""


def _workspace(text: str) -> dict[str, str]:
    from scaffold.generate import check_answer

    if text == "local":
        return {}
    found = _read_workspace(Path(text).expanduser())
    for variable, value in found.items():
        check_answer(variable, value)
    return found


def _ask_name(output_dir: Path, force: bool) -> str:
    from scaffold.generate import Answers, check_answer, prompts
    from scaffold.project.placement import check_target

    def checked(value: str) -> str:
        check_answer("project_slug", value)
        check_target(output_dir / value, force=force)
        return value

    return prompt.ask(prompts()["project_slug"], Answers().project_slug, checked)


def _show(made: "Generated", *, dry_run: bool, as_json: bool) -> None:
    for name, backup in made.replaced.items():
        would = "would be" if dry_run else "is"
        kept = f"{name} differs: the file that was there {would} kept as {backup}"
        console.warn(console.inert(kept))
    for note in made.notes:
        console.warn(console.inert(note))
    if made.skipped_hooks:
        hooks = console.inert(", ".join(made.skipped_hooks))
        console.warn(f"The template's hooks did not run: {hooks} (--trust lets them)")
    if as_json:
        console.result_json(_document(made, dry_run))
    elif dry_run:
        for line in _tree(made):
            console.result(console.inert(line))
    else:
        count = "1 file" if len(made.files) == 1 else f"{len(made.files)} files"
        console.done(f"Created {made.path} with {count}. Next:")
        for command in _next_commands(made):
            console.result(f"  {command}")


def _document(made: "Generated", dry_run: bool) -> dict[str, Any]:
    named = {variable: made.answers[variable] for variable in _WORKSPACE if made.answers.get(variable)}
    return {
        "path": str(made.path),
        "files": list(made.files),
        "replaced": dict(made.replaced),
        "answers": dict(made.answers),
        "workspace": named or None,
        "template_version": made.template_version,
        "dry_run": dry_run,
    }


def _tree(made: "Generated") -> list[str]:
    """The folder as an indented list: two spaces a level, folders with a slash."""
    lines = [f"{made.path.name}/"]
    shown: set[str] = set()
    for name in made.files:
        *folders, file = name.split("/")
        for depth in range(len(folders)):
            folder = "/".join(folders[: depth + 1])
            if folder not in shown:
                shown.add(folder)
                lines.append("  " * (depth + 1) + folders[depth] + "/")
        lines.append("  " * (len(folders) + 1) + file)
    return lines


def _next_commands(made: "Generated") -> list[str]:
    """What to type next, quoted for the shell of this system."""
    try:
        path = os.path.relpath(made.path)
    except ValueError:  # another drive on Windows
        path = str(made.path)
    if path.startswith(".."):
        path = str(made.path)
    commands = [words.typed("cd", path)]
    script = f"{made.answers.get('experiment_name')}/{made.answers.get('script_name')}"
    if script in made.files:
        commands.append(f"{_editor()} {words.typed(script)}")
    if "run_experiment.py" in made.files:
        commands.append("scaffold submit --follow")
    return commands


def _editor() -> str:
    asked = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    return asked or {"win32": "notepad", "darwin": "open -t"}.get(sys.platform, "vi")
