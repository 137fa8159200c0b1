"""The table of the SDKs' names and calls says what the SDKs themselves say."""

import importlib
import inspect
from types import ModuleType

import pytest

from scaffold.project import sdk_names

MODULES = sorted(
    module
    for module in sdk_names._table()["modules"]
    if module.startswith(("azureml.core", "azureml.data", "azureml.exceptions", "azure.ai.ml"))
)
CALLS = sorted(
    full
    for full in sdk_names._table()["calls"]
    if full.startswith(("azureml.core", "azureml.data")) and "!" not in full
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_no_name_of_a_module_is_said_to_be_missing():
    gone = [
        f"{module}.{name}"
        for module in MODULES
        for name in dir(importlib.import_module(module))
        if not sdk_names.has(module, name) or sdk_names.is_missing(module)
    ]
    assert gone == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_calls_take_what_their_signatures_say():
    different = [full for full in CALLS if described(full) != sdk_names.parameters(full)]
    assert different == []


def described(full: str) -> sdk_names.Parameters:
    owner = found(full)
    parameters = list(inspect.signature(owner).parameters.values())
    if not inspect.isclass(owner) and parameters and parameters[0].name in ("self", "cls"):
        parameters = parameters[1:]
    kinds = {one.kind for one in parameters}
    named = [one for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    positions = sum(one.kind is not one.KEYWORD_ONLY for one in named)
    return sdk_names.Parameters(
        names=tuple(one.name for one in named),
        positions=None if inspect.Parameter.VAR_POSITIONAL in kinds else positions,
        required=frozenset(one.name for one in named if one.default is one.empty),
        open=inspect.Parameter.VAR_KEYWORD in kinds,
    )


def found(full: str) -> object:
    parts = full.split(".")
    for count in range(len(parts) - 1, 0, -1):
        try:
            owner: ModuleType | object = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for part in parts[count:]:
            owner = getattr(owner, part)
        return owner
    raise AssertionError(full)
