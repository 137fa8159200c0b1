"""What the methods of SDK v1's ``Run`` take, and what a call gives them."""

from collections.abc import Callable

import libcst as cst

SIGNATURES = {
    "log": ("name", "value", "description", "step"),
    "log_list": ("name", "value", "description"),
    "log_row": ("name", "description"),
    "log_table": ("name", "value", "description"),
    "log_image": ("name", "path", "plot", "description"),
    "log_confusion_matrix": ("name", "value", "description"),
    "log_accuracy_table": ("name", "value", "description"),
    "log_residuals": ("name", "value", "description"),
    "log_predictions": ("name", "value", "description"),
    "upload_file": ("name", "path_or_stream", "datastore_name"),
    "upload_files": ("names", "paths", "return_artifacts", "timeout_seconds", "datastore_name"),
    "upload_folder": ("name", "path", "datastore_name"),
    "tag": ("key", "value"),
    "set_tags": ("tags",),
    "get_metrics": ("name", "recursive", "run_type", "populate"),
    "get_tags": (),
    "get_id": (),
    "complete": ("_set_status",),
    "cancel": (),
    "fail": ("error_details", "error_code", "_set_status"),
    "flush": ("timeout_seconds",),
    "register_model": ("model_name", "model_path", "tags", "properties", "model_framework"),
}


def bind(
    method: str, call: cst.Call, source: Callable[[cst.CSTNode], str]
) -> tuple[dict[str, str], str | None] | None:
    """What a call gives for each parameter, and behind ``**``; None when that cannot be told."""
    names = SIGNATURES.get(method)
    if names is None:
        return None
    values: dict[str, str] = {}
    starred: str | None = None
    for position, argument in enumerate(call.args):
        text = source(argument.value)
        if argument.star == "*":
            return None
        if argument.star == "**":
            starred = text
        elif argument.keyword is not None:
            values[argument.keyword.value] = text
        elif position < len(names):
            values[names[position]] = text
        else:
            return None
    return values, starred
