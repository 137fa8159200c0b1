"""The person's own configuration of cookiecutter: defaults for variables, and abbreviations of addresses."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.errors import UsageError


@dataclass(frozen=True)
class UserConfig:
    """What the file says of templates.

    Attributes:
        defaults: variables → values that take the place of a template's defaults.
        abbreviations: prefixes → addresses with ``{0}`` for what follows the colon.
    """

    defaults: dict[str, Any] = field(default_factory=dict)
    abbreviations: dict[str, str] = field(default_factory=dict)


def read_user_config() -> UserConfig:
    """Reads the file that ``COOKIECUTTER_CONFIG`` names, or ``~/.cookiecutterrc`` if it is there.

    Raises:
        UsageError: it cannot be used.
    """
    named = os.environ.get("COOKIECUTTER_CONFIG")
    path = Path(named) if named else Path.home() / ".cookiecutterrc"
    if not named and not path.exists():
        return UserConfig()
    hint = f"Mend it, or name another with the variable COOKIECUTTER_CONFIG (it is {'set' if named else 'not set'})."
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark is not None else str(path)
        said = getattr(error, "problem", None) or "it cannot be parsed"
        raise UsageError(f"cookiecutter's configuration {place} is not YAML: {said}.", hint) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cookiecutter's configuration {path} cannot be read: {reason}.", hint) from error
    if not isinstance(document, dict):
        raise UsageError(f"cookiecutter's configuration {path} is not a mapping.", hint)
    defaults = document.get("default_context") or {}
    abbreviations = document.get("abbreviations") or {}
    for name, value in (("default_context", defaults), ("abbreviations", abbreviations)):
        if not isinstance(value, dict):
            raise UsageError(f"cookiecutter's configuration {path}: {name} is not a mapping.", hint)
    return UserConfig(defaults, {str(key): str(value) for key, value in abbreviations.items()})
