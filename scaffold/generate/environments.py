"""What renders the expressions of somebody else's template: everything it asks for, or a sandbox.

A template can run code: its Jinja extensions, and expressions, which reach all of Python. In the sandbox there are
no extensions but cookiecutter's own, and expressions stay within Jinja.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.errors import UsageError
from scaffold.generate.faults import of_expressions, of_extensions

if TYPE_CHECKING:
    from jinja2 import Environment

# Settings of Jinja that only change how a template is written, and cannot name any code.
_HARMLESS_SETTINGS = {
    *("block_start_string", "block_end_string", "variable_start_string", "variable_end_string"),
    *("comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix"),
    *("trim_blocks", "lstrip_blocks", "newline_sequence", "keep_trailing_newline"),
}


def trusted(repository: Path, raw: Mapping[str, Any]) -> "Environment":
    """cookiecutter's environment, with the template's extensions.

    Args:
        repository: the template's folder, where extensions of its own are imported from.
        raw: its variables.

    Raises:
        UsageError: an extension cannot be loaded, or a setting is none of Jinja's.
    """
    from cookiecutter.environment import StrictEnvironment

    sys.path.append(str(repository))
    with of_expressions("cookiecutter.json"), of_extensions(raw.get("_extensions", ())):
        settings = {"keep_trailing_newline": True, **raw.get("_jinja2_env_vars", {})}
        environment: Environment = StrictEnvironment(context={"cookiecutter": raw}, **settings)
    return environment


def sandboxed(root: Path, raw: Mapping[str, Any]) -> "Environment":
    """An environment in which no code of the template runs.

    Args:
        root: the folder that was fetched, out of which no link may lead.
        raw: the template's variables.

    Raises:
        UsageError: the template wants to be trusted.
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
    _check_links(root)
    extensions = list(StrictEnvironment(context={}).extensions)  # cookiecutter's own
    with of_expressions("cookiecutter.json"):
        return ImmutableSandboxedEnvironment(extensions=extensions, undefined=StrictUndefined, **settings)


def _check_links(root: Path) -> None:
    within = os.path.realpath(root)
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(within):
                wrong = f"The template has a link that leads out of it: {path.relative_to(root)}."
                raise UsageError(wrong, "Add --trust if you trust the template's author.")
