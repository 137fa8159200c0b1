"""The limits of azureml-core's snapshots, as a submitting script changes them."""

import ast

from scaffold.project.snapshot import MOST_BYTES
from scaffold.project.source import Unknown
from scaffold.project.values import Values


def most_bytes(values: Values) -> int | None:
    """How much may count; None when the script computes another limit than the SDK's."""
    found = _set(values, "SNAPSHOT_MAX_SIZE_BYTES")
    if not found:
        return MOST_BYTES
    node = found[0] if len(found) == 1 else None
    try:
        value = values.value(node) if node is not None else None
    except Unknown:
        return None
    return int(value) if isinstance(value, int | float) else None


def lifts_count(values: Values) -> bool:
    """Whether the script lifts the limit of the number of files."""
    return bool(_set(values, "SNAPSHOT_MAX_FILES") or _set(values, "AML_SNAPSHOT_NO_FILE_LIMIT"))


def _set(values: Values, name: str) -> list[ast.expr | None]:
    """What an attribute of a module, or a variable of the environment, is set to, wherever that is done."""
    found: list[ast.expr | None] = []
    for node in ast.walk(values.tree):
        if isinstance(node, ast.Assign):
            found += [node.value for target in node.targets if _is_of_name(target, name)]
        elif isinstance(node, ast.AugAssign) and _is_of_name(node.target, name):
            found.append(None)
        elif isinstance(node, ast.Call) and values.called(node) in ("setattr", "putenv", "setdefault"):
            named = any(isinstance(one, ast.Constant) and one.value == name for one in node.args)
            found += [node.args[-1]] if named else []
    return found


def _is_of_name(target: ast.expr, name: str) -> bool:
    """Whether a target of an assignment is that attribute, or the entry of that name."""
    if isinstance(target, ast.Subscript):
        return isinstance(target.slice, ast.Constant) and target.slice.value == name
    return isinstance(target, ast.Attribute) and target.attr == name
