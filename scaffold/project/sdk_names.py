"""Knows the modules of the SDKs, the names in them, and what their calls take, from a table of their source.

``scripts/sdk_names.py`` makes the table anew. What it does not hold is unknown, never wrong: other packages put
modules beside these, and other versions of the SDKs have other names.
"""

import difflib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_DEEPEST = 6


@dataclass(frozen=True)
class Parameters:
    """What a call takes.

    Attributes:
        names: the parameters by position, and then those by name alone.
        positions: how many may be given by position; None for any number.
        required: those that must be given.
        open: whether it takes any other name.
    """

    names: tuple[str, ...]
    positions: int | None
    required: frozenset[str]
    open: bool


@cache
def _table() -> dict[str, Any]:
    return dict(json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8")))


@cache
def _names(module: str) -> dict[str, str] | None:
    """Name → where it comes from; None when the module may have any name, or is not known."""
    line = _table()["modules"].get(module)
    if line is None:
        return None
    pairs = (word.partition("=") for word in line.split())
    return {name: source for name, _, source in pairs}


def version_of(module: str) -> str:
    """The package of a module and its version, in words."""
    name = "azure-ai-ml" if module.startswith("azure.") else "azureml-core"
    return f"{name} {_table()['versions'][name]}"


def has(module: str, name: str) -> bool:
    """Whether a module has a name; yes when that is not known."""
    names = _names(module)
    return names is None or name in names or name.startswith("_")


def is_missing(module: str) -> str | None:
    """The first part of a module's name that is sure to be none; None when it is there or may be."""
    if module == "azure.ml" or module.startswith("azure.ml."):
        return "azure.ml"
    parts = module.split(".")
    if parts[0] != "azureml" and not module.startswith("azure.ai.ml"):
        return None
    for count in range(1, len(parts)):
        above, name = ".".join(parts[:count]), parts[count]
        if name.startswith("_"):
            return None
        if above == "azureml":
            if is_missing_in_namespace(name):
                return f"azureml.{name}"
        elif above == "azureml.train" or above not in _table()["modules"]:
            return None  # other distributions have packages there
        elif f"{above}.{name}" not in _table()["modules"] and _is_package(above):
            return f"{above}.{name}"
    return None


def _is_package(module: str) -> bool:
    return any(other.startswith(f"{module}.") for other in _table()["modules"])


def is_missing_in_namespace(name: str) -> bool:
    """Whether ``azureml`` is sure to have no such name: only packages are in it, and each has its own distribution."""
    if f"azureml.{name}" in _table()["modules"] or name.startswith("_"):
        return False
    core = _names("azureml.core") or {}
    return name[:1].isupper() or name in core or f"azureml.core.{name}" in _table()["modules"]


def place_of(name: str, beside: str) -> str | None:
    """The module of the same SDK that has a name."""
    family = "azure.ai.ml" if beside.startswith("azure.") and not beside.startswith("azure.ml") else "azureml"
    having = [
        module
        for module in _table()["modules"]
        if module.startswith(family) and name in (_names(module) or {}) and module != beside
    ]
    return min(having, key=lambda module: _rank(module, name), default=None)


def _rank(module: str, name: str) -> tuple[bool, bool, int]:
    """The package that people import from first, then where a name is defined, then the shortest way."""
    defined = not (_names(module) or {})[name]
    return module not in ("azureml.core", "azure.ai.ml"), not defined, module.count(".")


def close_to(name: str, module: str) -> str | None:
    """The name in a module that another one is nearly."""
    return next(iter(difflib.get_close_matches(name, sorted(_names(module) or {}), n=1)), None)


def canonical(full: str) -> str:
    """The name under which a class, or a method of one, is written down where it is defined."""
    for _ in range(_DEEPEST):
        parts = full.split(".")
        for count in range(len(parts) - 1, 0, -1):
            names = _names(".".join(parts[:count])) or {}
            if source := names.get(parts[count]):
                full = ".".join([source, *parts[count + 1 :]])
                break
        else:
            break
    return full


def parameters(full: str) -> Parameters | None:
    """What a class or method takes; None when it is not known.

    Args:
        full: its full name as :func:`canonical` gives it; with ``!submit`` behind that of a class, what
            ``Experiment.submit`` takes for it.
    """
    line = _table()["calls"].get(full)
    if line is None:
        return None
    words = line.split()
    named = [word for word in words if not word.startswith("*")]
    star = next((count for count, word in enumerate(words) if word in ("*", "*args")), None)
    before = len(named) if star is None else sum(not word.startswith("*") for word in words[:star])
    return Parameters(
        names=tuple(word.rstrip("=") for word in named),
        positions=None if "*args" in words else before,
        required=frozenset(word for word in named if not word.endswith("=")),
        open="**" in words,
    )
