"""What the arguments of a script are called; imports next to nothing."""

from collections.abc import Mapping, Sequence

MLFLOW_PREFIX = "mlflow.param."
"""What the names of a run's properties that hold MLflow's parameters start with."""


def named(arguments: Sequence[str], properties: Mapping[str, str]) -> dict[str, str]:
    """Arguments that have names (``--lr 0.1``, ``--lr=0.1``, ``--fast``), and MLflow's parameters, by name.

    Args:
        arguments: of the script.
        properties: of the run.
    """
    found: dict[str, str] = {}
    position = 0
    while position < len(arguments):
        name, equals, value = arguments[position].partition("=")
        position += 1
        if not name.startswith("-") or _is_number(name):
            found[f"argument {position}"] = arguments[position - 1]
        elif equals:
            found[name.lstrip("-")] = value
        elif position < len(arguments) and _is_value(arguments[position]):
            found[name.lstrip("-")] = arguments[position]
            position += 1
        else:
            found[name.lstrip("-")] = "yes"
    logged = {
        key.removeprefix(MLFLOW_PREFIX): text
        for key, text in properties.items()
        if key.startswith(MLFLOW_PREFIX)
    }
    return found | logged


def _is_value(word: str) -> bool:
    return not word.startswith("-") or _is_number(word)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
