"""What a template of somebody else asks, and the answers that a person gave by its own names."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scaffold.errors import UsageError

_SETTINGS = {"_extensions": list, "_jinja2_env_vars": dict, "_copy_without_render": list, "_new_lines": str}
_HINT = "Tell the template's author."


def read(repository: Path) -> dict[str, Any]:
    """A template's cookiecutter.json, nothing rendered yet.

    Raises:
        UsageError: it is none that can be used.
    """
    try:
        raw = json.loads((repository / "cookiecutter.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"The template's cookiecutter.json is not JSON: {error}.", _HINT) from error
    if not isinstance(raw, dict):
        raise UsageError("The template's cookiecutter.json is not a JSON object.", _HINT)
    if "template" in raw or "templates" in raw:
        wrong = "The template only offers a choice of others, in folders of its own."
        raise UsageError(wrong, "Clone it, and give --template the folder of the one you want.")
    for setting, kind in _SETTINGS.items():
        if setting in raw and not isinstance(raw[setting], kind):
            raise UsageError(f"The template's cookiecutter.json has a malformed {setting}.", _HINT)
    raw.pop("__prompts__", None)
    return raw


def answer(raw: dict[str, Any], answers: Mapping[str, str], project_folder: str, name: str) -> None:
    """Puts answers in the place of defaults.

    Args:
        raw: the variables, as :func:`read` gives them; changed.
        answers: by the template's own names.
        project_folder: the name of the template's folder that becomes the project, an expression.
        name: the project's name, which is the answer to the variable in that expression.

    Raises:
        UsageError: the template has no such variable, or the answer does not fit it.
    """
    from cookiecutter.generate import apply_overwrites_to_context

    known = [variable for variable in raw if not variable.startswith("_")]
    for variable in answers:
        if variable not in known:
            wrong = f"The template has no variable '{variable}'; it has: {', '.join(known)}."
            raise UsageError(wrong, "Answer one of those with --answer VARIABLE=VALUE.")
    given: dict[str, Any] = {}
    # {{cookiecutter.repo_name}} names the folder, so NAME is the answer to repo_name.
    named_by = re.fullmatch(r"\{\{\s*cookiecutter\.(\w+)\s*\}\}", project_folder)
    if named_by and named_by[1] in known and isinstance(raw[named_by[1]], str):
        given[named_by[1]] = name
    try:
        for variable, value in answers.items():
            given[variable] = json.loads(value) if isinstance(raw[variable], dict) else value
        apply_overwrites_to_context(raw, given)
    except ValueError as error:
        wrong = f"An answer does not fit the template: {str(error).rstrip('.')}."
        raise UsageError(wrong, "Mend the --answer.") from error
