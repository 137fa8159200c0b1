"""What a template of somebody else says of its variables, and which of them a project's name answers."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scaffold.errors import UsageError
from scaffold.generate.questions import fitted

_SETTINGS = {
    "_extensions": list,
    "_jinja2_env_vars": dict,
    "_copy_without_render": list,
    "_new_lines": str,
    "__prompts__": dict,
}
_HINT = "Tell the template's author."
_REFERENCE = re.compile(r"""\bcookiecutter\s*(?:\.\s*(\w+)|\[\s*['"](\w+)['"]\s*\])""")


def read(repository: Path) -> dict[str, Any]:
    """A template's cookiecutter.json, nothing rendered yet.

    Raises:
        UsageError: it is none that can be used.
    """
    try:
        raw = json.loads((repository / "cookiecutter.json").read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        wrong = f"The template's cookiecutter.json is not UTF-8: {error.reason} at byte {error.start}."
        raise UsageError(wrong, _HINT) from error
    except ValueError as error:
        raise UsageError(f"The template's cookiecutter.json is not JSON: {error}.", _HINT) from error
    except RecursionError as error:
        raise UsageError("The template's cookiecutter.json is nested too deeply.", _HINT) from error
    if not isinstance(raw, dict):
        raise UsageError("The template's cookiecutter.json is not a JSON object.", _HINT)
    for setting, kind in _SETTINGS.items():
        if setting in raw and not isinstance(raw[setting], kind):
            raise UsageError(f"The template's cookiecutter.json has a malformed {setting}.", _HINT)
    if not all(isinstance(pattern, str) for pattern in raw.get("_copy_without_render", ())):
        raise UsageError("The template's cookiecutter.json has a malformed _copy_without_render.", _HINT)
    if raw.get("_new_lines", "") not in ("", "\n", "\r", "\r\n"):
        raise UsageError("The template's cookiecutter.json has a malformed _new_lines.", _HINT)
    return raw


def check_known(raw: Mapping[str, Any], answers: Mapping[str, str]) -> None:
    """Checks that each answer is to a variable that the template has.

    Raises:
        UsageError: one is not; the message lists those there are.
    """
    known = [variable for variable in raw if not variable.startswith("_")]
    for variable in answers:
        if variable not in known:
            if not known:
                raise UsageError(f"The template has no variable '{variable}': it has none.", "Leave it out.")
            wrong = f"The template has no variable '{variable}'; it has: {', '.join(known)}."
            raise UsageError(wrong, "Answer one of those with --answer VARIABLE=VALUE.")


def take_defaults(raw: dict[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    """Puts the person's own defaults in the place of the template's, where they fit.

    Args:
        raw: the variables; changed.
        defaults: from cookiecutter's configuration.

    Returns:
        a sentence for each that does not fit.
    """
    left_out = []
    for variable, value in defaults.items():
        default = raw.get(variable)
        if variable not in raw:
            continue
        if isinstance(default, list):
            fits = value in default
            if fits:
                raw[variable] = [value, *(option for option in default if option != value)]
        else:
            fits = not isinstance(value, list) and isinstance(value, dict) == isinstance(default, dict)
            try:
                text = json.dumps(value) if isinstance(value, dict | bool) else str(value)
                raw[variable] = fitted(variable, default, text) if fits else default
            except (UsageError, TypeError):
                fits = False
        if not fits:
            left_out.append(f"Your default for {variable}, {value!r}, does not fit this template")
    return left_out


def named_by(raw: Mapping[str, Any], project_folder: str, answered: Mapping[str, str]) -> str | None:
    """The variable that a project's name answers.

    The template names its folder by a variable, whose default often follows from another, and that from a third
    (slug from title): the name answers the one at the start of that chain, so that all of them fit together. A
    variable that is answered already is passed over, towards the folder.

    Args:
        raw: the template's variables.
        project_folder: the name of the folder that becomes the project, an expression.
        answered: what is answered otherwise.

    Returns:
        None when the folder follows from none, or from several, or all are answered.
    """
    chain: list[str] = []
    expression = project_folder
    while True:
        names = {first or second for first, second in _REFERENCE.findall(expression)}
        if len(names) != 1 or (name := names.pop()) in chain:
            break
        default = raw.get(name)
        if not isinstance(default, str):
            break
        chain.append(name)
        expression = default
    free = [name for name in chain if not name.startswith("_") and name not in answered]
    return free[-1] if free else None
